//! Exponentially falling weights: how fast they fall, and their sums.

use quantlake_core::{Args, ParamKind, ParamSpec, ParamValue, QlError, SqlState};

/// The ways to say how fast weights fall: name, smallest and largest value, meaning.
const WAYS: [(&str, f64, f64, &str); 4] = [
    (
        "span",
        1.0,
        1e9,
        "Rows of a simple mean with the same centre of mass: alpha = 2 / (span + 1).",
    ),
    (
        "halflife",
        1e-6,
        1e9,
        "Rows after which a weight has halved: alpha = 1 - exp(-ln 2 / halflife).",
    ),
    ("alpha", 1e-9, 1.0, "Weight of the newest row among all."),
    (
        "com",
        0.0,
        1e9,
        "Centre of mass, in rows: alpha = 1 / (1 + com).",
    ),
];

/// How the rows before t weigh at row t.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decay {
    /// Share of the newest row once there are many rows; above 0, at most 1.
    pub alpha: f64,
    /// Whether the weights (1 - alpha)^age are divided by their sum; otherwise the first row
    /// takes the place of all that came before it.
    pub adjust: bool,
}

impl Decay {
    /// Reads `span`, `halflife`, `alpha`, `com` and `adjust`.
    ///
    /// # Errors
    /// 22023 unless exactly one of the four is given.
    pub fn of(function: &str, args: &Args) -> Result<Self, QlError> {
        let mut given = Vec::new();
        for (name, ..) in WAYS {
            if let Some(value) = args.optional_number(name)? {
                given.push((name, value));
            }
        }
        let [(name, value)] = given.as_slice() else {
            return Err(not_one(function, &given));
        };
        Ok(Self {
            alpha: alpha_of(name, *value),
            adjust: args.flag("adjust")?,
        })
    }

    /// The weights before the first row.
    pub fn weights(self) -> Weights {
        Weights {
            decay: self,
            sum: 0.0,
            squares: 0.0,
        }
    }
}

fn alpha_of(way: &str, value: f64) -> f64 {
    match way {
        "span" => 2.0 / (value + 1.0),
        "halflife" => -(-std::f64::consts::LN_2 / value).exp_m1(),
        "com" => 1.0 / (1.0 + value),
        _ => value,
    }
}

fn not_one(function: &str, given: &[(&str, f64)]) -> QlError {
    let found = match given {
        [] => "none".to_string(),
        _ => given
            .iter()
            .map(|(name, value)| format!("{name} => {value}"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    QlError::new(
        SqlState::InvalidParameter,
        format!("{function}: exactly one of `span`, `halflife`, `alpha`, `com` must be given, found {found}"),
    )
    .with_hint(format!("Write {function}(x, span => 20)"))
}

/// The parameters that [`Decay::of`] reads.
pub(crate) fn decay_params() -> Vec<ParamSpec> {
    WAYS.iter()
        .map(|(name, min, max, doc)| {
            let kind = ParamKind::Number {
                min: *min,
                max: *max,
            };
            let doc =
                format!("{doc} Exactly one of span, halflife, alpha and com has to be given.");
            ParamSpec::optional(name, kind, ParamValue::Null, &doc)
        })
        .collect()
}

/// The weights of the rows so far, as multiples of the newest row's.
#[derive(Debug, Clone, Copy)]
pub struct Weights {
    decay: Decay,
    sum: f64,
    squares: f64,
}

impl Weights {
    /// Adds a row and gives its share of the sum.
    pub fn add(&mut self) -> f64 {
        let (alpha, kept) = (self.decay.alpha, 1.0 - self.decay.alpha);
        if self.sum == 0.0 {
            (self.sum, self.squares) = (1.0, 1.0);
            return 1.0;
        }
        if self.decay.adjust {
            self.sum = self.sum * kept + 1.0;
            self.squares = self.squares * kept * kept + 1.0;
            return 1.0 / self.sum;
        }
        self.squares = self.squares * kept * kept + alpha * alpha;
        alpha
    }

    /// What makes a weighted variance the estimate of a sample's; NaN for a single row.
    pub fn correction(&self) -> f64 {
        let whole = self.sum * self.sum;
        let left = whole - self.squares;
        if left > 0.0 { whole / left } else { f64::NAN }
    }
}
