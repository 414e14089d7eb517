//! Placeholder, see the helper.
