//! The functions that a lambda may call.

use super::program::Op;

/// How many numbers a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// One.
    One,
    /// Two.
    Two,
    /// One or more, which are joined two by two from the left.
    Any,
}

/// Name, number of arguments and operation.
const FUNCTIONS: [(&str, Takes, Op); 18] = [
    ("abs", Takes::One, Op::Abs),
    ("sign", Takes::One, Op::Sign),
    ("signum", Takes::One, Op::Sign),
    ("sqrt", Takes::One, Op::Sqrt),
    ("exp", Takes::One, Op::Exp),
    ("ln", Takes::One, Op::Ln),
    ("log10", Takes::One, Op::Log10),
    ("floor", Takes::One, Op::Floor),
    ("ceil", Takes::One, Op::Ceil),
    ("ceiling", Takes::One, Op::Ceil),
    ("round", Takes::One, Op::Round),
    ("tanh", Takes::One, Op::Tanh),
    ("power", Takes::Two, Op::Power),
    ("pow", Takes::Two, Op::Power),
    ("nullif", Takes::Two, Op::NullIf),
    ("least", Takes::Any, Op::Least),
    ("greatest", Takes::Any, Op::Greatest),
    ("coalesce", Takes::Any, Op::Coalesce),
];

/// The function of this lower-case name.
pub(crate) fn find(name: &str) -> Option<(Takes, Op)> {
    FUNCTIONS
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|(_, takes, op)| (*takes, *op))
}

/// All names, for messages and documentation.
pub(crate) fn names() -> String {
    FUNCTIONS.map(|(name, ..)| name).join(", ")
}
