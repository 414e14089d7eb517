//! `adjust_p_values` and `monte_carlo` in SQL.

use super::binding::{
    batch, block, choice, float, floats, number, optional_number, paths, periods, query, seed,
    seed_of, text, texts,
};
use super::inference::FourMoments;
use super::multiple_testing::{Adjustment, adjust_p_values};
use super::simulation::{Outcome, Simulation, Source, quantile};
use datafusion::arrow::array::RecordBatch;
use quantlake_core::relation::{
    Grouping, InputColumn, InputType, RelationKernel, Rows, relation_function,
};
use quantlake_core::{
    Args, Causality, Function, FunctionSpec, Kind, Output, ParamKind, ParamSpec, ParamValue,
    QlError,
};
use std::sync::Arc;

struct Adjust;

impl RelationKernel for Adjust {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let p_values = rows.values("p_value")?;
        let is_probability = |p: f64| (0.0..=1.0).contains(&p);
        let known: Vec<f64> = p_values
            .iter()
            .map(|p| if is_probability(*p) { *p } else { f64::NAN })
            .collect();
        let adjusted = [
            Adjustment::Bonferroni,
            Adjustment::Holm,
            Adjustment::Hochberg,
            Adjustment::Bh,
            Adjustment::Bhy,
        ]
        .map(|a| floats(adjust_p_values(&known, a)));
        let given = vec![texts(rows.texts("trial")?.iter()), floats(known)];
        batch(rows, given.into_iter().chain(adjusted).collect())
    }
}

fn adjust() -> Function {
    let spec = FunctionSpec::new(
        "adjust_p_values",
        "significance",
        Kind::Relation,
        "p-values of many tests, adjusted for how many there are; a value outside 0 to 1 is missing and does not count",
    )
    .with_params(vec![query("tests", "rows with trial and p_value")])
    .with_output(Output::Rows(vec![
        text("trial", "the test"),
        float("p_value", "as given"),
        float("bonferroni", "times the number of tests"),
        float("holm", "Holm's step-down procedure"),
        float("hochberg", "Hochberg's step-up procedure, for independent tests"),
        float("bh", "false discovery rate of Benjamini and Hochberg, for independent tests"),
        float("bhy", "false discovery rate of Benjamini and Yekutieli, under any dependence"),
    ]))
    .with_causality(Causality::WholePartition)
    .with_source("Holm 1979; Hochberg 1988; Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001")
    .with_example(
        "SELECT trial, holm, round(bhy, 6) AS bhy FROM adjust_p_values((SELECT * FROM (VALUES ('a', 0.01), ('b', 0.04), ('c', 0.3)) AS v(trial, p_value))) ORDER BY trial", "a,0.03,0.055\nb,0.08,0.11\nc,0.3,0.55",
    );
    relation_function(
        spec,
        vec![
            InputColumn::required("trial", InputType::Text),
            InputColumn::required("p_value", InputType::Number),
        ],
        Grouping::Whole,
        &["trial"],
        Arc::new(|_| Ok(Box::new(Adjust))),
    )
}

struct MonteCarlo(Simulation);

/// One measure of an outcome, by name.
type Measure = (&'static str, fn(&Outcome) -> f64);

/// The rows of the result. The last two are 1 where the event happens and 0 elsewhere, so that
/// their mean is its probability.
const MEASURES: [Measure; 5] = [
    ("final_wealth", |o| o.final_wealth),
    ("max_drawdown", |o| o.max_drawdown),
    ("sharpe", |o| o.sharpe),
    ("ruin", |o| f64::from(u8::from(o.is_ruined))),
    ("goal", |o| f64::from(u8::from(o.has_goal))),
];

/// The quantiles of the result, with the names of their columns.
const QUANTILES: [(&str, f64); 7] = [
    ("p01", 0.01),
    ("p05", 0.05),
    ("p25", 0.25),
    ("p50", 0.5),
    ("p75", 0.75),
    ("p95", 0.95),
    ("p99", 0.99),
];

impl RelationKernel for MonteCarlo {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        rows.times("ts")?;
        let returns = rows.values("ret")?;
        let observed: Vec<f64> = returns.into_iter().filter(|r| r.is_finite()).collect();
        let outcomes = self.0.run(&observed);
        let actual = (!observed.is_empty()).then(|| self.0.outcome(&observed));
        let sorted: Vec<Vec<f64>> = MEASURES.iter().map(|m| sorted(&outcomes, m.1)).collect();
        let of_actual = |measure: &Measure| actual.as_ref().map_or(f64::NAN, measure.1);
        let moments: Vec<FourMoments> = sorted.iter().map(|s| FourMoments::of(s)).collect();
        let mut columns = vec![
            texts(MEASURES.iter().map(|m| Some(m.0))),
            floats(MEASURES.iter().map(of_actual)),
            floats(moments.iter().map(|m| match m.count() {
                0 => f64::NAN,
                _ => m.mean(),
            })),
            floats(moments.iter().map(|m| m.deviation(1))),
        ];
        let quantiles = QUANTILES
            .iter()
            .map(|(_, share)| floats(sorted.iter().map(|s| quantile(s, *share))));
        columns.extend(quantiles);
        batch(rows, columns)
    }
}

fn sorted(outcomes: &[Outcome], of: fn(&Outcome) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = outcomes.iter().map(of).filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn simulation(args: &Args) -> Result<Simulation, QlError> {
    let source = match args.integer("method")? {
        0 => Source::Shuffle,
        1 => Source::Bootstrap,
        2 => Source::Block(args.optional_number("block")?),
        3 => Source::Gaussian,
        _ => Source::Student(args.optional_number("degrees")?),
    };
    let length = match args.get("length")? {
        ParamValue::Null => None,
        _ => Some(args.count("length")?),
    };
    Ok(Simulation {
        source,
        n_paths: args.count("paths")?,
        length,
        seed: seed_of(args)?,
        periods: args.number("periods")?,
        ruin: args.number("ruin")?,
        goal: args.number("goal")?,
    })
}

fn monte_carlo_params() -> Vec<ParamSpec> {
    let length = ParamSpec::optional(
        "length",
        ParamKind::Integer {
            min: 1,
            max: 1_000_000,
        },
        ParamValue::Null,
        "returns in a path; NULL for as many as there are, and never more with shuffle",
    );
    vec![
        query(
            "returns",
            "returns with ts and ret: one row a period, or one a trade",
        ),
        paths("paths", 1000, "simulated paths"),
        choice(
            "method",
            &["shuffle", "bootstrap", "block", "gaussian", "t"],
            "the observed returns in another order; independent draws from them; draws in blocks; a normal or a t distribution with their mean and deviation",
        ),
        length,
        block(),
        optional_number(
            "degrees",
            (2.01, 1e6),
            "degrees of freedom of the t distribution; NULL for those that have the kurtosis of the returns",
        ),
        number(
            "ruin",
            (0.0, 1.0),
            0.5,
            "share of the initial wealth at or below which a path is ruined",
        ),
        number(
            "goal",
            (1.0, 1e12),
            2.0,
            "multiple of the initial wealth at or above which a path has reached its goal",
        ),
        periods(),
        seed(),
    ]
}

fn monte_carlo() -> Function {
    let mut output = vec![
        text(
            "measure",
            "final_wealth (start is 1), max_drawdown (0 or negative), sharpe (annualised), ruin and goal (1 where it happens, so that the mean is the probability)",
        ),
        float("observed", "value of the returns as they are"),
        float("mean", "mean over the paths"),
        float("deviation", "standard deviation over the paths"),
    ];
    let quantiles = QUANTILES
        .iter()
        .map(|(name, share)| float(name, &format!("quantile at {share} over the paths")));
    output.extend(quantiles);
    let spec = FunctionSpec::new(
        "monte_carlo",
        "significance",
        Kind::Relation,
        "Distribution of final wealth, drawdown, Sharpe ratio, ruin and goal over random sequences of the returns or trades; missing returns are left out",
    )
    .with_params(monte_carlo_params())
    .with_output(Output::Rows(output))
    .with_causality(Causality::WholePartition)
    .with_source("Politis and Romano 1994 for blocks; quantiles linear between neighbours as in numpy; one ChaCha stream a path")
    .with_example(
        "SELECT measure, round(observed, 6) AS observed, round(p50, 6) AS p50 FROM monte_carlo((SELECT CAST(DATE '2024-01-01' + CAST(t AS INT) AS TIMESTAMP) AS ts, sin(t * t) / 20 + 0.01 AS ret FROM generate_series(1, 100) AS g(t)), paths => 200)", "final_wealth,2.754028,2.754028\nmax_drawdown,-0.096276,-0.14364\nsharpe,4.854571,4.854571\nruin,0.0,0.0\ngoal,1.0,1.0",
    );
    relation_function(
        spec,
        vec![
            InputColumn::required("ts", InputType::Time),
            InputColumn::required("ret", InputType::Number),
        ],
        Grouping::Whole,
        &["ts"],
        Arc::new(|args| Ok(Box::new(MonteCarlo(simulation(args)?)))),
    )
}

/// The functions of this file.
pub(super) fn functions() -> Vec<Function> {
    vec![adjust(), monte_carlo()]
}
