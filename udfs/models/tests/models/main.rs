//! Tests of models with the ONNX Runtime library: one program, because the library is loaded once.

mod bad_models;
mod causality;
mod common;
mod golden;
mod sharing;
mod sql;
