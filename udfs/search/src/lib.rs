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
//! A stored strategy is a whole query instead: [`library`] runs it for each combination.
//!
//! [`planner`] brings a call to a [`node`] of its own, and [`exec`] runs it: bars, parameters' columns
//! and results are reserved in the memory pool ([`work`]), and a search that nobody waits for ends at
//! its next simulation. Whatever was tried is counted before the first row is given: [`book`] is the
//! ledger as searches see it.

pub mod aggregate;
pub mod arguments;
pub mod book;
pub mod columns;
pub mod cross_validation;
pub mod evaluate;
pub mod exec;
pub mod functions;
pub mod grid;
pub mod identity;
pub mod joined;
pub mod library;
pub mod node;
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
pub mod work;

pub use functions::functions;
