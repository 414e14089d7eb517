//! The one mechanism by which every QuantLake function reaches SQL.
//!
//! A family crate describes a function once, as a [`FunctionSpec`], writes a kernel over plain
//! slices, and hands both to one of four adapters:
//!
//! * [`series`]: window functions over one partition in time order (indicators, labels); those that
//!   are a [`recurrence`] need no kernel of their own,
//! * [`metric`]: aggregates that also work over window frames (Sharpe ratio, drawdown),
//! * [`scalar`]: row-wise functions (`sentiment`, `predict`),
//! * [`relation`]: functions over a query, `f((SELECT ...), key => value)`.
//!
//! Argument checking, NULL handling, warm-up, structs, errors, documentation and the rules about
//! time order live here and nowhere else. This crate computes nothing itself but [`normal`].

pub mod arguments;
pub mod check;
pub mod error;
mod memory;
pub mod metric;
pub mod normal;
pub mod recurrence;
pub mod registry;
pub mod relation;
pub mod scalar;
pub mod series;
pub mod spec;
pub mod window;

pub use arguments::{Args, ParamValue};
pub use error::{QlError, SqlState};
pub use registry::{Function, Implementation, Registry};
pub use spec::{
    Causality, Example, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    Stability,
};
