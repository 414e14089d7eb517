//! Sentiment of texts: how positive or negative a headline reads.
//!
//! The scorer is VADER, a word list with rules for negation, emphasis, contrast and emoji. It
//! needs no model file, gives the same answer on every machine and scores a headline in
//! microseconds. It was made for short English texts; words that only finance uses with a
//! meaning of its own are weighed as everyday English.
//!
//! * [`vader`] holds the scorer,
//! * `binding` describes the SQL functions `sentiment` and `sentiment_score`.

mod binding;
pub mod vader;

pub use binding::functions;
