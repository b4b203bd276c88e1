//! The start-up gate: may this binary run on this data?
