//! The options of a model, checked.

use quantlake_core::QlError;
use std::collections::BTreeMap;
use std::time::Duration;

/// Options that say how a model runs.
const RUN_KEYS: [&str; 3] = ["device", "timeout_ms", "output"];

/// Options that stand in for metadata of the file.
const METADATA_KEYS: [&str; 9] = [
    "context_length",
    "horizon",
    "quantiles",
    "features",
    "target",
    "scaling",
    "freq",
    "train_start",
    "train_end",
];

const DEFAULT_TIMEOUT_MS: u64 = 60_000;
/// One day; beyond that a bound is no bound.
const MAX_TIMEOUT_MS: u64 = 86_400_000;

/// Where a model should run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    /// On a GPU where there is one, else on the CPU.
    Auto,
    /// On the CPU.
    Cpu,
    /// On a CUDA GPU or not at all.
    Cuda,
}

/// The options that say how a model runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelOptions {
    pub device: Device,
    /// Bound of one run of the model over one batch, and of the wait for a free session.
    pub timeout: Duration,
    /// Which output `predict` reads; the first when absent.
    pub output: Option<String>,
}

impl ModelOptions {
    /// Checks all options.
    ///
    /// # Errors
    /// 22023 for an unknown name or a value outside its range.
    pub(crate) fn parse(model: &str, options: &BTreeMap<String, String>) -> Result<Self, QlError> {
        let subject = format!("model `{model}`");
        if let Some(unknown) = options.keys().find(|key| !is_known(key)) {
            let known: Vec<&str> = RUN_KEYS.into_iter().chain(METADATA_KEYS).collect();
            return Err(QlError::bad_argument(
                &subject,
                "WITH",
                format!("among {}", known.join(", ")),
                format!("`{unknown}`"),
            ));
        }
        Ok(Self {
            device: device(&subject, options)?,
            timeout: timeout(&subject, options)?,
            output: options.get("output").cloned(),
        })
    }
}

fn is_known(key: &str) -> bool {
    RUN_KEYS.contains(&key) || METADATA_KEYS.contains(&key)
}

fn device(subject: &str, options: &BTreeMap<String, String>) -> Result<Device, QlError> {
    match options.get("device").map(String::as_str) {
        None | Some("auto") => Ok(Device::Auto),
        Some("cpu") => Ok(Device::Cpu),
        Some("cuda") => Ok(Device::Cuda),
        Some(other) => Err(QlError::bad_argument(
            subject,
            "device",
            "one of 'auto', 'cpu', 'cuda'",
            format!("'{other}'"),
        )),
    }
}

fn timeout(subject: &str, options: &BTreeMap<String, String>) -> Result<Duration, QlError> {
    let Some(text) = options.get("timeout_ms") else {
        return Ok(Duration::from_millis(DEFAULT_TIMEOUT_MS));
    };
    match text.parse::<u64>() {
        Ok(ms) if (1..=MAX_TIMEOUT_MS).contains(&ms) => Ok(Duration::from_millis(ms)),
        _ => Err(QlError::bad_argument(
            subject,
            "timeout_ms",
            format!("a whole number between 1 and {MAX_TIMEOUT_MS}"),
            text,
        )),
    }
}

/// The file's metadata with the options that stand in for it.
///
/// # Errors
/// 22023 when `train_end` is no date or an option moves it back: a model that has seen a day
/// cannot be declared not to have seen it.
pub(crate) fn merge_metadata(
    model: &str,
    mut metadata: BTreeMap<String, String>,
    options: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, QlError> {
    let subject = format!("model `{model}`");
    let own_end = metadata.get("train_end").cloned();
    for (key, value) in options {
        if METADATA_KEYS.contains(&key.as_str()) {
            metadata.insert(key.clone(), value.clone());
        }
    }
    let Some(end) = metadata.get("train_end") else {
        return Ok(metadata);
    };
    if !is_date(end) {
        return Err(QlError::bad_argument(
            &subject,
            "train_end",
            "a date such as 2006-12-31",
            format!("'{end}'"),
        ));
    }
    match own_end {
        Some(own) if end.get(..10) < own.get(..10) => Err(QlError::bad_argument(
            &subject,
            "train_end",
            format!("the file's own {own} or later"),
            end,
        )),
        _ => Ok(metadata),
    }
}

/// Whether a text starts with a calendar date, `2006-12-31`; a time of day may follow.
fn is_date(text: &str) -> bool {
    let Some(date) = text.get(..10) else {
        return false;
    };
    let shape = date.bytes().enumerate().all(|(i, byte)| match i {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let part = |range| date.get(range).and_then(|t: &str| t.parse::<u32>().ok());
    let month = part(5..7).is_some_and(|m| (1..=12).contains(&m));
    let day = part(8..10).is_some_and(|d| (1..=31).contains(&d));
    let rest = text.get(10..).unwrap_or_default();
    shape && month && day && (rest.is_empty() || rest.starts_with([' ', 'T']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect()
    }

    fn message(pairs: &[(&str, &str)]) -> String {
        match ModelOptions::parse("m", &options(pairs)) {
            Ok(parsed) => panic!("accepted: {parsed:?}"),
            Err(e) => format!("{} {e}", e.state.code()),
        }
    }

    #[test]
    fn without_options_a_model_runs_where_it_can_for_a_minute() {
        assert_eq!(
            ModelOptions::parse("m", &options(&[])),
            Ok(ModelOptions {
                device: Device::Auto,
                timeout: Duration::from_secs(60),
                output: None
            })
        );
    }

    #[test]
    fn a_wrong_option_says_what_is_allowed() {
        assert_eq!(
            message(&[("device", "gpu")]),
            "22023 model `m`: `device` must be one of 'auto', 'cpu', 'cuda', found 'gpu'"
        );
        assert_eq!(
            message(&[("timeout_ms", "0")]),
            "22023 model `m`: `timeout_ms` must be a whole number between 1 and 86400000, found 0"
        );
        assert_eq!(
            message(&[("horizn", "3")]),
            "22023 model `m`: `WITH` must be among device, timeout_ms, output, context_length, \
             horizon, quantiles, features, target, scaling, freq, train_start, train_end, found `horizn`"
        );
    }

    #[test]
    fn the_end_of_training_can_be_moved_forward_only() {
        let file = || options(&[("train_end", "2006-12-31")]);
        let later = merge_metadata("m", file(), &options(&[("train_end", "2007-06-30")]));
        assert_eq!(
            later.map(|m| m.get("train_end").cloned()),
            Ok(Some("2007-06-30".into()))
        );
        let earlier = merge_metadata("m", file(), &options(&[("train_end", "2000-01-01")]));
        assert_eq!(
            earlier.map_err(|e| e.message),
            Err("model `m`: `train_end` must be the file's own 2006-12-31 or later, found 2000-01-01".into())
        );
        let text = merge_metadata("m", file(), &options(&[("train_end", "next year")]));
        assert!(text.is_err());
    }
}
