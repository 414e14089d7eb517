//! The operator behind `OVER (PARTITION BY symbol ORDER BY ts)`.
//!
//! DataFusion's `WindowAggExec` collects its whole input, emits one batch and accounts for no
//! memory. [`rule::SeriesWindows`] replaces it, where series functions are called, by
//! [`exec::SeriesWindowExec`], which holds one partition at a time:
//!
//! * The arguments of all calls are gathered once per partition ([`columns`]); calls with equal
//!   arguments, or with gaps in the same rows, share them ([`view`]).
//! * A partition's rows leave in the batches they came in, as soon as its last row is known.
//! * What is held is reserved in the memory pool first.
//! * A long partition is cut into chunks for all calls that promise a finite
//!   [`history`](crate::series::SeriesKernel::history); where all calls do, it is not even held
//!   in memory as a whole. Calls and chunks of a long partition run on all cores that the plan
//!   leaves idle.
//! * Between calls the operator yields, so a query can be cancelled.
//!
//! | module | holds |
//! |---|---|
//! | [`call`] | the calls of one window, bound to kernels |
//! | [`columns`] | the numbers of the arguments over the rows held |
//! | [`view`] | the rows of a partition that are there, per set of inputs |
//! | [`evaluate`] | one call over a partition, or over a range of its rows |
//! | [`work`] | all calls over one partition, in turns |
//! | [`results`] | results of the rows that have not left, by column |
//! | [`boundary`] | where one partition ends and the next begins |
//! | [`stream`] | input batches in, input batches with results out |
//! | [`state`] | what is known after the rows of a partition, so that one more costs one step |
//! | [`record`], [`resume`] | keeping states, and going on from them |
//! | [`key_rows`] | rows of keys as bytes that compare like the keys |
//! | [`tail`] | whether the ends of partitions are enough for the last rows |
//! | [`exec`], [`rule`] | the physical node and the rule that places it |

pub mod boundary;
pub mod call;
pub mod columns;
pub mod evaluate;
pub mod exec;
pub mod key_rows;
pub mod record;
pub mod results;
pub mod resume;
pub mod rule;
pub mod state;
pub mod stream;
pub mod tail;
pub mod view;
pub mod work;
