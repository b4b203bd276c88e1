//! Whole answers, as people and scripts see them.
