//! Scans that are cut by key, so that work by symbol needs no exchange of rows.
//!
//! A window `PARTITION BY symbol ORDER BY ts` needs all rows of a symbol in one partition, in the
//! order of time. DataFusion gets there by hashing every row's symbol and merging. Over a table
//! that is sorted by symbol and time the scan itself can do it: each partition reads a range of
//! symbols. Which rows of which file these are is found from row-group statistics and from the key
//! column of the row groups that the cuts fall into, exactly and without a guess.
//!
//! [`RangeScan`] replaces the exchange in finished plans; [`tail_scan`] reads only the end of
//! each symbol. Both leave the plan as it is when a file cannot be looked into (another machine's
//! store, deleted rows, rows that the catalog holds, a key of a type whose order is disputed).

mod cuts;
mod file;
mod files;
mod keys;
mod layout;
mod merge;
mod pick;
mod rule;
mod runs;
mod tail;
#[cfg(test)]
mod tests;

pub(super) use layout::whole_files;
pub use merge::RangeMergeExec;
pub use rule::RangeScan;
pub(crate) use rule::register;
pub use tail::tail_scan;
