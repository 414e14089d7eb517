//! What a report says in words: how honest the numbers are, which conventions were used, which
//! data was read.

use super::Report;
use super::format::{Unit, label_of, show, unit_of};
use super::scale::show_time;
use serde_json::Value;

/// A line of a list: what it is, and what it says.
pub type Fact = (String, String);

/// How much of the Sharpe ratio may be luck.
pub fn honesty(report: &Report) -> Vec<Fact> {
    let plain = |name| show(report.metric(name).unwrap_or(f64::NAN), Unit::Plain);
    let percent = |name| show(report.metric(name).unwrap_or(f64::NAN), Unit::Percent);
    let family = &report.run.header.family;
    let n_returns = report.metric("n_returns").unwrap_or(f64::NAN);
    let needed = report.metric("min_track_record_length");
    let enough = match needed {
        Some(needed) if needed <= n_returns => "there are as many",
        Some(_) => "there are fewer: the record is too short",
        None => "no record is long enough for a ratio that is not above 0",
    };
    vec![
        (
            "Variants tried".into(),
            format!(
                "{} in the family {family}, this one included",
                plain("trials")
            ),
        ),
        (
            "Variance of their Sharpe ratios".into(),
            format!("{} per period", plain("trials_variance")),
        ),
        (
            "Best ratio to expect from luck alone".into(),
            format!("{} per period", plain("expected_max_sharpe")),
        ),
        (
            "Sharpe ratio of this run".into(),
            format!(
                "{} per period, from {} returns",
                plain("sharpe_per_period"),
                show(n_returns, Unit::Plain)
            ),
        ),
        (
            "Shape of the returns".into(),
            format!(
                "skewness {}, kurtosis {} (normal: 0 and 3)",
                plain("return_skewness"),
                plain("return_kurtosis")
            ),
        ),
        (
            "Probabilistic Sharpe ratio".into(),
            format!(
                "{}: the chance that the true ratio is above 0, had this been the only trial",
                percent("probabilistic_sharpe")
            ),
        ),
        (
            "Deflated Sharpe ratio".into(),
            format!(
                "{}: the chance that it is above what luck gives the best of so many trials",
                percent("deflated_sharpe")
            ),
        ),
        (
            "Minimum track record".into(),
            format!(
                "{} returns for 95 % confidence; {enough}",
                show(needed.map_or(f64::NAN, f64::ceil), Unit::Plain)
            ),
        ),
    ]
}

/// One sentence that sums the honesty up, and whether it is good news.
pub fn verdict(report: &Report) -> (bool, String) {
    let trials = report.metric("trials").unwrap_or(1.0);
    let tried = match trials {
        n if n > 1.0 => format!("{} variants tried", show(n, Unit::Plain)),
        _ => "one variant tried".to_string(),
    };
    match report.metric("deflated_sharpe") {
        Some(p) if p >= 0.95 => (
            true,
            format!(
                "With {tried}, luck is an unlikely explanation ({}).",
                show(p, Unit::Percent)
            ),
        ),
        Some(p) => (
            false,
            format!(
                "With {tried}, luck cannot be ruled out ({}, 95 % would be needed).",
                show(p, Unit::Percent)
            ),
        ),
        None => (
            false,
            format!("With {tried}, the Sharpe ratio is not defined."),
        ),
    }
}

/// The arguments that decide most about a result, by which readers know its kind.
const MAIN: [&str; 18] = [
    "cash",
    "commission",
    "commission_fixed",
    "commission_per_unit",
    "slippage_bps",
    "slippage_ticks",
    "impact",
    "fill",
    "limit_fill",
    "intrabar",
    "participation",
    "sizing",
    "rebalance",
    "allow_short",
    "max_leverage",
    "borrow",
    "periods",
    "benchmark",
];

/// The arguments that the run was made with: the main ones, and the others.
pub fn conventions(report: &Report) -> (Vec<Fact>, Vec<Fact>) {
    let all: Value = serde_json::from_str(&report.run.header.arguments).unwrap_or_default();
    let all = all.as_object().into_iter().flatten();
    all.map(|(name, value)| (name.clone(), show_value(value)))
        .partition(|(name, _)| MAIN.contains(&name.as_str()))
}

/// The parameters of the strategy.
pub fn parameters(report: &Report) -> Vec<Fact> {
    let all: Value = serde_json::from_str(&report.run.header.parameters).unwrap_or_default();
    let all = all.as_object().into_iter().flatten();
    all.map(|(name, value)| (name.clone(), show_value(value)))
        .collect()
}

fn show_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(query) => query.values().filter_map(Value::as_str).collect(),
        other => other.to_string(),
    }
}

/// What was read and with what it was run.
pub fn data(report: &Report) -> Vec<Fact> {
    let header = &report.run.header;
    let time = |t: Option<i64>| t.map_or_else(|| "–".to_string(), |t| show_time(t, false));
    let versions: Value = serde_json::from_str(&header.versions).unwrap_or_default();
    let version = |name: &str| {
        versions
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let mut facts = vec![
        ("Snapshot".into(), header.snapshot_id.to_string()),
        (
            "Rows".into(),
            format!(
                "{} of {} symbols",
                show(header.n_rows as f64, Unit::Plain),
                header.n_symbols
            ),
        ),
        ("From".into(), time(header.first_ts)),
        ("To".into(), time(header.last_ts)),
        ("Benchmark".into(), header.benchmark.clone()),
        (
            "Run by".into(),
            format!(
                "{} at {} UTC",
                header.user,
                show_time(report.run.finished_at, true)
            ),
        ),
        (
            "Program".into(),
            format!(
                "quantlake {}, datafusion {}",
                version("quantlake"),
                version("datafusion")
            ),
        ),
    ];
    let models = versions
        .get("models")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for model in models {
        let name = model
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let number = model
            .get("version")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        facts.push(("Model".into(), format!("{name}, version {number}")));
    }
    if let Some(seed) = header.seed {
        facts.push(("Seed".into(), seed.to_string()));
    }
    if let Some(note) = &header.note {
        facts.push(("Note".into(), note.clone()));
    }
    facts
}

/// The large numbers on top: name, value, the benchmark's value where it has one.
pub fn headline(report: &Report) -> Vec<(String, String, Option<String>)> {
    let names = [
        "total_return",
        "cagr",
        "sharpe",
        "max_drawdown",
        "volatility",
        "n_trades",
    ];
    let found = names
        .iter()
        .filter_map(|n| report.metrics.iter().find(|m| m.metric == *n));
    let shown = |m: &crate::lake::ledger::MetricEntry| {
        let unit = unit_of(&m.metric);
        let value = show(m.value.unwrap_or(f64::NAN), unit);
        let beside = m
            .benchmark
            .filter(|_| m.metric != "n_trades")
            .map(|b| show(b, unit));
        (label_of(&m.metric), value, beside)
    };
    found.map(shown).collect()
}

/// Every metric with the benchmark's.
pub fn metrics(report: &Report) -> Vec<(String, String, String)> {
    let shown = |m: &crate::lake::ledger::MetricEntry| {
        let unit = unit_of(&m.metric);
        let value = |v: Option<f64>| show(v.unwrap_or(f64::NAN), unit);
        (label_of(&m.metric), value(m.value), value(m.benchmark))
    };
    report.metrics.iter().map(shown).collect()
}
