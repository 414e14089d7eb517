//! QuantLake: a SQL engine for quantitative research.
