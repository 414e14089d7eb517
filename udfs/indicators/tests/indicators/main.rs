//! Tests over all indicators at once; nothing here is about a single one.

mod constants;
mod conventions;
mod golden;
mod properties;
mod support;
mod surface;
