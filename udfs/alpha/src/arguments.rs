//! Parameters that many functions share, and what they become.

use quantlake_core::{Args, ParamKind, ParamSpec, ParamValue, QlError};

/// The longest window, in rows: the limit of the indicators.
pub const MAX_PERIOD: i64 = 100_000;

/// How many rows a window covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Rows of a full window, the newest one included; at least 1.
    pub period: usize,
    /// Rows from which on a window that is not full yet has a value; between 1 and `period`.
    pub min_periods: usize,
}

impl Window {
    /// Reads `period` and `min_periods`.
    ///
    /// # Errors
    /// 22023 when `min_periods` is greater than `period`.
    pub fn of(function: &str, args: &Args) -> Result<Self, QlError> {
        let period = args.count("period")?;
        let min_periods = match args.get("min_periods")? {
            ParamValue::Null => period,
            _ => args.count("min_periods")?,
        };
        if min_periods > period {
            return Err(QlError::bad_argument(
                function,
                "min_periods",
                format!("a whole number between 1 and `period`, which is {period}"),
                min_periods,
            ));
        }
        Ok(Self {
            period,
            min_periods,
        })
    }
}

/// `period`, without a default: no length is usual for all alphas.
pub fn period(smallest: i64) -> ParamSpec {
    let kind = ParamKind::Integer {
        min: smallest,
        max: MAX_PERIOD,
    };
    ParamSpec::required(
        "period",
        kind,
        "Rows of a window, this row included; rows with a missing input do not count.",
    )
}

/// `min_periods => NULL`, which stands for `period`.
pub fn min_periods() -> ParamSpec {
    let kind = ParamKind::Integer {
        min: 1,
        max: MAX_PERIOD,
    };
    ParamSpec::optional(
        "min_periods",
        kind,
        ParamValue::Null,
        "Rows from which on there is a value, over the rows so far while they are fewer than `period`; NULL asks for full windows.",
    )
}

/// `ddof => 1`: what is taken off the number of rows in the divisor of a variance.
pub fn ddof() -> ParamSpec {
    ParamSpec::optional(
        "ddof",
        ParamKind::Integer { min: 0, max: 1 },
        ParamValue::Integer(1),
        "Taken off the number of rows in the divisor: 1 estimates from a sample, 0 describes a population.",
    )
}

/// A parameter that is true or false.
pub fn flag(name: &str, default: bool, doc: &str) -> ParamSpec {
    ParamSpec::optional(name, ParamKind::Flag, ParamValue::Flag(default), doc)
}

/// `periods => 1` of shifts.
pub fn periods() -> ParamSpec {
    ParamSpec::optional(
        "periods",
        ParamKind::Integer {
            min: 1,
            max: 1_000_000,
        },
        ParamValue::Integer(1),
        "Rows back; rows with a missing input do not count.",
    )
}
