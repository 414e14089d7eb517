//! What a model's metadata has to say before it can forecast.
//!
//! A forecaster takes one window of past values per row, `[B, context]` or `[B, context, 1]`, oldest
//! first, and gives `[B, horizon, quantiles]`, or `[B, horizon]` when it forecasts points. These
//! keys, in the file's metadata or in `WITH (...)`, say the rest:
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `context_length` | values in a window | has to be given |
//! | `features` | `log_return`, `return` or `value`: what the values are | has to be given |
//! | `horizon` | steps ahead | the second dimension of the output |
//! | `quantiles` | rising levels between 0 and 1, `0.1,0.5,0.9` | none: points |
//! | `target` | `cum_log_return`, `log_return`, `cum_return`, `return`, `value` or `price` | as `features` |
//! | `scaling` | `none`: scaling belongs into the graph | `none` |

use crate::model::Model;
use crate::window::Feature;
use quantlake_core::QlError;

/// The longest window; one row's worth of memory, far beyond any model of bars.
const MAX_CONTEXT: usize = 100_000;
const MAX_HORIZON: usize = 100_000;

/// What the forecast values are, as far as it matters for "up".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A change since the bar of the forecast: up means above 0.
    Change,
    /// A level like the input: up means above the bar's own value.
    Level,
}

/// How a model forecasts.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastContract {
    /// Values in a window.
    pub context: usize,
    /// The farthest step ahead.
    pub horizon: usize,
    /// Rising levels of the quantiles; empty for point forecasts.
    pub quantiles: Vec<f64>,
    /// What the values of a window are.
    pub feature: Feature,
    /// What the forecast values are.
    pub target: Target,
}

impl ForecastContract {
    /// The contract of a model.
    ///
    /// # Errors
    /// 22023, naming the key of the metadata that is missing or wrong.
    pub fn of(model: &Model) -> Result<Self, QlError> {
        let keys = Keys { model };
        let feature = keys.feature()?;
        let contract = Self {
            context: keys.count("context_length", MAX_CONTEXT)?,
            horizon: keys.horizon()?,
            quantiles: keys.quantiles()?,
            feature,
            target: keys.target(feature)?,
        };
        keys.check_scaling()?;
        model.check_features("forecast_at", contract.context)?;
        contract.check_output(model)?;
        Ok(contract)
    }

    /// Bars before the first forecast.
    pub fn lookback(&self) -> usize {
        self.context - 1 + self.feature.lookback()
    }

    /// Values that the model gives for a window.
    pub(crate) fn n_values(&self) -> usize {
        self.horizon * self.quantiles.len().max(1)
    }

    /// Refuses an output of another size, as far as the model declares it.
    fn check_output(&self, model: &Model) -> Result<(), QlError> {
        let Some(output) = model.output().1 else {
            return Ok(());
        };
        let per_row = output.dims.get(1..).unwrap_or_default();
        let Some(sizes) = per_row.iter().copied().collect::<Option<Vec<usize>>>() else {
            return Ok(());
        };
        let declared = sizes
            .iter()
            .try_fold(1usize, |n, size| n.checked_mul(*size));
        match declared == Some(self.n_values()) {
            true => Ok(()),
            false => Err(bad_output(model, self, &output.to_string())),
        }
    }
}

/// The error for an output that does not fit the metadata.
pub(crate) fn bad_output(model: &Model, contract: &ForecastContract, found: &str) -> QlError {
    QlError::bad_argument(
        &subject(model),
        "output",
        format!(
            "{} steps with {} values each, as `horizon` and `quantiles` say",
            contract.horizon,
            contract.quantiles.len().max(1)
        ),
        found,
    )
}

fn subject(model: &Model) -> String {
    format!("forecast_at: model `{}`", model.name())
}

/// Reads the metadata of a model.
struct Keys<'m> {
    model: &'m Model,
}

impl Keys<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.model.metadata().get(key).map(String::as_str)
    }

    fn bad(&self, key: &str, allowed: &str) -> QlError {
        let found = self
            .text(key)
            .map_or("nothing".into(), |t| format!("'{t}'"));
        QlError::bad_argument(&subject(self.model), key, allowed, found).with_hint(format!(
            "CREATE MODEL ... WITH ({key} = ...) gives what the file lacks"
        ))
    }

    fn count(&self, key: &str, max: usize) -> Result<usize, QlError> {
        self.text(key)
            .and_then(|text| text.trim().parse().ok())
            .filter(|n| (1..=max).contains(n))
            .ok_or_else(|| self.bad(key, &format!("a whole number between 1 and {max}")))
    }

    fn horizon(&self) -> Result<usize, QlError> {
        let output = self.model.output().1;
        let declared = output.and_then(|output| output.dims.get(1).copied().flatten());
        match (self.text("horizon"), declared) {
            (None, Some(steps)) if (1..=MAX_HORIZON).contains(&steps) => Ok(steps),
            _ => self.count("horizon", MAX_HORIZON),
        }
    }

    fn quantiles(&self) -> Result<Vec<f64>, QlError> {
        let Some(text) = self.text("quantiles") else {
            return Ok(Vec::new());
        };
        let bad = || {
            self.bad(
                "quantiles",
                "rising numbers between 0 and 1, separated by commas",
            )
        };
        let levels: Vec<f64> = text
            .split(',')
            .map(|part| part.trim().parse().map_err(|_| bad()))
            .collect::<Result<_, _>>()?;
        let inside = levels.iter().all(|p| *p > 0.0 && *p < 1.0);
        let rising = levels.iter().zip(levels.iter().skip(1)).all(|(a, b)| a < b);
        if inside && rising {
            Ok(levels)
        } else {
            Err(bad())
        }
    }

    fn feature(&self) -> Result<Feature, QlError> {
        match self.text("features") {
            Some("log_return") => Ok(Feature::LogReturn),
            Some("return") => Ok(Feature::Return),
            Some("value") => Ok(Feature::Value),
            _ => Err(self.bad("features", "one of 'log_return', 'return', 'value'")),
        }
    }

    fn target(&self, feature: Feature) -> Result<Target, QlError> {
        match self.text("target") {
            None if feature == Feature::Value => Ok(Target::Level),
            None | Some("cum_log_return" | "log_return" | "cum_return" | "return") => {
                Ok(Target::Change)
            }
            Some("value" | "price") => Ok(Target::Level),
            Some(_) => Err(self.bad(
                "target",
                "one of 'cum_log_return', 'log_return', 'cum_return', 'return', 'value', 'price'",
            )),
        }
    }

    fn check_scaling(&self) -> Result<(), QlError> {
        match self.text("scaling") {
            None | Some("none") => Ok(()),
            Some(_) => Err(self.bad("scaling", "'none': scaling belongs into the graph")),
        }
    }
}
