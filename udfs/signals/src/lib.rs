//! datafusion
