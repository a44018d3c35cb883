//! Bounds on input, checked before any cryptography.
