//! Searching the parameters of a strategy.
//!
//! A strategy is an expression over bars that gives a target position: `CASE WHEN sma(close, fast) >
//! sma(close, slow) THEN 1 ELSE 0 END`. Its parameters (`fast`, `slow`) are the named arguments of the
//! call that are lists. [`strategy`] finds the window functions in it, so that each is computed once
//! for each of its own values, whatever the number of combinations; [`evaluate`] turns one combination
//! into targets, and [`variants`] simulates many of them. The functions: [`grid`] runs all
//! combinations, [`optimise`] searches among them, [`walk_forward`] and [`cross_validation`] fit on
//! some bars and judge by others.
//!
//! [`planner`] brings a call to the operator of relation functions (`quantlake_core::relation`), whose
//! columns, order and memory it shares. A search that has begun runs to its end: it is not cancelled
//! between combinations.

pub mod columns;
pub mod cross_validation;
pub mod evaluate;
pub mod functions;
pub mod grid;
pub mod optimise;
pub mod planner;
pub mod samplers;
pub mod space;
pub mod specs;
pub mod splits;
pub mod strategy;
pub mod summary;
pub mod variants;
pub mod walk_forward;

pub use functions::functions;
