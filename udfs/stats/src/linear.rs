//! The linear algebra that the statistics need, over columns of doubles.

pub(crate) mod cholesky;
pub(crate) mod eigen;
pub(crate) mod least_squares;
