//! Tests over all indicators at once; nothing here is about a single one.

mod constants;
mod golden;
mod properties;
mod support;
mod surface;
