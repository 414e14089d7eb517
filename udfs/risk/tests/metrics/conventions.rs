//! Every metric under every convention against the programs that have it.
//!
//! Tolerance: 1e-12 relative. A growth rate raises sums of n roundings to a power, so figures that
//! compound to a year have `ROUNDINGS` of them, as `annual_return` and `calmar` in `golden`.

use datafusion::common::ScalarValue;
use quantlake_core::{Args, FunctionSpec, Kind};
use quantlake_risk::metrics::arguments::{Convention, conventions};
use quantlake_risk::metrics::gpd::pareto_tail;
use quantlake_risk::metrics::{Conventions, Observations, ReturnMetric, find, trades};
use serde_json::Value;
use std::collections::HashMap;

const RELATIVE: f64 = 1e-12;

pub fn read(name: &str) -> String {
    let path = format!(
        "{}/../../tests/golden/metrics/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The columns of a file of numbers, by name.
pub fn columns(name: &str) -> HashMap<String, Vec<f64>> {
    let text = read(name);
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut columns: HashMap<String, Vec<f64>> = HashMap::new();
    for line in lines {
        for (name, cell) in names.iter().zip(line.split(',')) {
            columns
                .entry((*name).into())
                .or_default()
                .push(cell.parse().unwrap());
        }
    }
    columns
}

/// Times are whole nanoseconds, which a double does not hold.
pub fn times(name: &str, column: usize) -> Vec<i64> {
    let text = read(name);
    let cells = text
        .lines()
        .skip(1)
        .map(|l| l.split(',').nth(column).unwrap());
    cells.map(|c| c.parse().unwrap()).collect()
}

fn constant(value: &Value) -> ScalarValue {
    match value {
        Value::String(text) => ScalarValue::from(text.as_str()),
        Value::Bool(flag) => ScalarValue::from(*flag),
        Value::Number(number) if number.is_i64() => ScalarValue::Int64(number.as_i64()),
        other => ScalarValue::Float64(other.as_f64()),
    }
}

/// The conventions of named arguments, read as SQL reads them.
fn conventions_of(metric: &ReturnMetric, case: &Value) -> Conventions {
    let mut choices = metric.conventions.to_vec();
    let given = case["args"].as_object().unwrap();
    let counts_itself = choices.contains(&Convention::CalendarYears);
    if given.contains_key("years") && !counts_itself {
        choices.push(Convention::Years);
    }
    let params = choices.iter().map(|c| c.param()).collect();
    let spec = FunctionSpec::new(metric.name, "risk", Kind::Aggregate, "").with_params(params);
    let given: Vec<_> = given
        .iter()
        .map(|(n, v)| (n.clone(), constant(v)))
        .collect();
    let args = Args::bind_named(&spec, &given).unwrap_or_else(|e| panic!("{case}: {e}"));
    conventions(&args, &choices).unwrap()
}

/// The returns of a case; its first row is the start.
fn observations(case: &Value, columns: &HashMap<String, Vec<f64>>, times: &[i64]) -> Observations {
    let bound = |name: &str| usize::try_from(case[name].as_u64().unwrap()).unwrap();
    let rows = bound("from")..bound("to");
    let mut returns = columns[case["series"].as_str().unwrap()][rows.clone()].to_vec();
    returns[0] = f64::NAN;
    Observations::new(&returns, &columns["BENCH"][rows.clone()], &times[rows])
}

/// How far a correct answer may be from the other program's.
fn tolerance(metric: &ReturnMetric, c: &Conventions, n_rows: usize, expected: f64) -> f64 {
    let relative = RELATIVE * expected.abs();
    let compounds = metric.name.contains("capture")
        || metric.name == "capm_alpha"
        || metric
            .conventions
            .contains(&Convention::GrowthAnnualization)
        || ["annual_return", "calendar_cagr", "risk_adjusted_return"].contains(&metric.name)
        || metric.name.ends_with("_year_return")
        || c.annualization != Conventions::default().annualization;
    if compounds {
        relative + (c.periods + n_rows as f64) * f64::EPSILON * (1.0 + expected.abs())
    } else {
        relative
    }
}

#[test]
fn metrics_agree_with_independent_programs_under_each_convention() {
    let columns = columns("returns.csv");
    let times = times("returns.csv", 0);
    let golden: Value = serde_json::from_str(&read("expected.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() > 4000, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let name = case["metric"].as_str().unwrap();
        let metric = find(name).unwrap_or_else(|| panic!("{name}"));
        let conventions = conventions_of(metric, case);
        let rows = observations(case, &columns, &times);
        let found = (metric.compute)(&rows.series(), &conventions);
        let agrees = match case["value"].as_f64() {
            Some(expected) => {
                let tolerance =
                    tolerance(metric, &conventions, rows.series().returns.len(), expected);
                (found - expected).abs() <= tolerance
            }
            None => !found.is_finite(),
        };
        if !agrees {
            wrong.push(format!("{case}\n    found {found:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn pareto_tails_agree_with_empyrical() {
    let columns = columns("returns.csv");
    let golden: Value = serde_json::from_str(&read("expected.json")).unwrap();
    for case in golden["gpd"].as_array().unwrap() {
        let returns = &columns[case["series"].as_str().unwrap()][1..];
        let found = pareto_tail(returns, case["probability"].as_f64().unwrap(), 1e-4).unwrap();
        let found = [
            found.threshold,
            found.scale,
            found.shape,
            found.value_at_risk,
            found.expected_shortfall,
        ];
        for (found, expected) in found.iter().zip(case["value"].as_array().unwrap()) {
            let expected = expected.as_f64().unwrap();
            assert!(
                (found - expected).abs() <= 1e-9 * expected.abs(),
                "{case}: {found}"
            );
        }
    }
}

#[test]
fn trades_agree_with_the_definitions_of_lean() {
    let columns = columns("trades.csv");
    let (entry, exit) = (times("trades.csv", 0), times("trades.csv", 1));
    let golden: Value = serde_json::from_str(&read("trades.json")).unwrap();
    let rows = trades::Trades {
        pnl: &columns["pnl"],
        ret: &columns["ret"],
        entry: &entry,
        exit: &exit,
        costs: &columns["costs"],
        bars: &columns["bars"],
        mae: &columns["mae"],
        mfe: &columns["mfe"],
        capital: golden["capital"].as_f64().unwrap(),
    };
    let found: HashMap<_, _> = trades::all(&rows, &Conventions::LEAN).into_iter().collect();
    for (name, expected) in golden["value"].as_object().unwrap() {
        let (found, expected) = (found[name.as_str()], expected.as_f64().unwrap());
        let tolerance = RELATIVE * expected.abs();
        assert!(
            (found - expected).abs() <= tolerance,
            "{name}: {found} {expected}"
        );
    }
}
