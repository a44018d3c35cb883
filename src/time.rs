//! Instants and windows of time; the clock itself is always passed in.
