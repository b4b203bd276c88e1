//! Looks at the machine; changes nothing.
