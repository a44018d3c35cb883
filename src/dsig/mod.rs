//! One XML signature profile.
