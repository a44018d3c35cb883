//! Bounded pull parsing on quick-xml, and canonicalisation.
