//! Portfolios against PyPortfolioOpt, skfolio, riskfolio-lib, scikit-learn, scipy and numpy.
//!
//! Closed forms: 1e-9 relative (of the largest weight, for weights near 0). Where the other program
//! iterates, its weights have the error that its own stopping rule leaves (they are the second
//! number in each case), so there ours also have to have an objective that is not worse.

use crate::support::{
    Table, Universe, arguments, dot, golden, numbers, quadratic, session, universes,
};
use serde_json::Value;

/// How much worse an objective may be, relative to its size: rounding of a few hundred terms.
const OBJECTIVE: f64 = 1e-12;

fn with_columns(universe: &Universe, columns: &Value) -> Universe {
    let mut universe = universe.clone();
    for (name, values) in columns.as_object().unwrap() {
        if values[0].is_string() {
            let texts = values.as_array().unwrap().iter();
            let texts = texts.map(|v| v.as_str().unwrap().to_string()).collect();
            universe.texts.insert(name.clone(), texts);
        } else {
            universe.numbers.insert(name.clone(), numbers(values));
        }
    }
    universe
}

/// The argument `views` with the rows of a case.
fn views(case: &Value) -> String {
    let cell = |value: &Value| match value {
        Value::String(text) => format!("'{text}'"),
        Value::Null => "CAST(NULL AS DOUBLE)".into(),
        other => other.to_string(),
    };
    let Some(rows) = case["views"].as_array() else {
        return String::new();
    };
    let row = |row: &Value| {
        let cells: Vec<_> = row.as_array().unwrap().iter().map(cell).collect();
        format!("({})", cells.join(", "))
    };
    format!(
        ", views => (SELECT * FROM (VALUES {}) AS v(view, symbol, weight, expected_return, confidence))",
        rows.iter().map(row).collect::<Vec<_>>().join(", ")
    )
}

/// The mean of the largest `1 - level` of the losses, with the part of one at the edge.
fn expected_shortfall(mut losses: Vec<f64>, level: f64) -> f64 {
    losses.sort_by(|a, b| b.total_cmp(a));
    let count = (1.0 - level) * losses.len() as f64;
    let weight = |i: usize| (count - i as f64).clamp(0.0, 1.0);
    let total: f64 = losses.iter().enumerate().map(|(i, l)| weight(i) * l).sum();
    total / count
}

/// What the method minimises.
fn objective(universe: &Universe, args: &Value, w: &[f64]) -> f64 {
    let number = |name: &str| args[name].as_f64().unwrap_or(0.0);
    let variance = quadratic(&universe.covariance(), w);
    let earned = dot(&universe.mean(), w);
    let returns = || {
        (0..universe.n_rows()).map(|t| {
            universe
                .returns
                .iter()
                .zip(w)
                .map(|(r, w)| r[t] * w)
                .sum::<f64>()
        })
    };
    match args["method"].as_str().unwrap() {
        "min_variance" | "efficient_return" => variance,
        "mean_variance" => number("risk_aversion") / 2.0 * variance - earned,
        "max_sharpe" => -(earned - number("risk_free")) / variance.sqrt(),
        "efficient_risk" => -earned,
        "max_diversification" => {
            let covariance = universe.covariance();
            let weighted: f64 = (0..w.len()).map(|i| covariance[i][i].sqrt() * w[i]).sum();
            -weighted / variance.sqrt()
        }
        "cvar" => expected_shortfall(returns().map(|r| -r).collect(), number("level")),
        "cdar" => {
            let (mut sum, mut peak) = (0.0_f64, 0.0_f64);
            let drawdowns = returns().map(|r| {
                sum += r;
                peak = peak.max(sum);
                peak - sum
            });
            expected_shortfall(drawdowns.collect(), number("level"))
        }
        other => panic!("{other} has no objective"),
    }
}

/// What is wrong with the values found, in words.
fn faults(case: &Value, universe: &Universe, table: &Table) -> Vec<String> {
    let mut faults = Vec::new();
    let tolerance = &case["tolerance"];
    for (column, expected) in case["found"].as_object().unwrap() {
        let (found, expected) = (table.numbers(column), numbers(expected));
        let scale = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let allowed = match tolerance["relative"].as_f64() {
            Some(relative) => relative * scale,
            None => tolerance["absolute"].as_f64().unwrap(),
        };
        let distances = found.iter().zip(&expected).map(|(f, e)| (f - e).abs());
        let worst = distances.fold(
            0.0_f64,
            |m, d| if d.is_nan() { f64::INFINITY } else { m.max(d) },
        );
        if found.len() != expected.len() || worst > allowed {
            faults.push(format!(
                "{column} is off by {worst:e}: {found:?}, not {expected:?}"
            ));
        }
    }
    if let Some(theirs) = case["objective"].as_f64() {
        let ours = objective(universe, &case["args"], &table.numbers("weight"));
        if ours > theirs + OBJECTIVE * theirs.abs().max(1.0) {
            faults.push(format!(
                "the objective {ours} is worse than {theirs} by {:e}",
                ours - theirs
            ));
        }
    }
    faults
}

#[tokio::test]
async fn portfolios_agree_with_independent_programs() {
    let universes = universes();
    let cases = golden("weights.json");
    assert!(cases.len() > 200);
    let session = session();
    let mut wrong = Vec::new();
    for case in &cases {
        let universe = with_columns(
            &universes[case["universe"].as_str().unwrap()],
            &case["columns"],
        );
        universe.register(&session);
        let args = arguments(&case["args"]) + &views(case);
        let sql =
            format!("SELECT * FROM portfolio_weights((SELECT * FROM t){args}) ORDER BY symbol");
        let table = Table::of(&session, &sql).await;
        for fault in faults(case, &universe, &table) {
            wrong.push(format!(
                "{} {} {args}\n    {fault}",
                case["program"], case["universe"]
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
