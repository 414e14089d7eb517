//! The descriptions of the functions: parameters, columns, examples. The parameters of a call's
//! strategy become columns of its result besides those listed here.

use crate::summary::{self, FIGURES};
use quantlake_backtest::functions::params as backtest_params;
use quantlake_core::{
    Causality, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    ParamValue, Stability,
};

/// The family of functions.
const SEARCH: &str = "search";

/// The name of the argument that holds the strategy.
pub const STRATEGY: &str = "strategy";

/// The name of the argument that says whose trials are counted together.
pub const FAMILY: &str = "family";

/// Bars of the examples: a price that goes up and down.
const EXAMPLE_BARS: &str = "(SELECT to_timestamp(t * 86400) AS ts, 100.0 + abs(t % 14 - 7) AS close, \
    100.0 + abs(t % 14 - 7) AS open FROM generate_series(1, 60) AS g(t))";

/// The strategy of the examples.
const EXAMPLE_STRATEGY: &str =
    "strategy => CASE WHEN mom(close, lag) > 0 THEN 1 ELSE 0 END, lag => [1, 2, 5]";

/// The description of `backtest_grid`.
pub fn backtest_grid() -> FunctionSpec {
    let number = "number of the combination, from 1; the last parameter changes fastest";
    let mut columns = vec![integer("variant", number)];
    columns.extend(summary::columns());
    spec(
        "backtest_grid",
        "Runs a strategy for every combination of its parameters, each with an account of its own, and gives one row per combination: its parameters and its figures.",
        Vec::new(),
        columns,
        "Each row is what backtest_metrics gives for the strategy with these values",
        [
            "lag, round(total_return, 6) AS total_return, n_orders",
            "",
            "1,0.12294,8.0\n2,0.079962,8.0\n5,-0.03791,8.0",
        ],
    )
}

/// The description of `backtest_summary`.
pub fn backtest_summary() -> FunctionSpec {
    let price = |name: &str| ParamSpec::series(name, "price of the bar, NULL where it is unknown");
    let time =
        "end of the bar; bars count in the order of these times, whatever order they come in";
    let mut params = vec![ParamSpec::required("ts", ParamKind::Times, time)];
    params.extend(["open", "high", "low", "close"].map(price));
    params.push(ParamSpec::series(
        "target",
        "position wanted, known at the close of the bar; NULL for no opinion",
    ));
    params.extend(backtest_params());
    FunctionSpec::new(
        "backtest_summary",
        SEARCH,
        Kind::Aggregate,
        "Runs a backtest over each group, an account of its own with one symbol, and gives its figures: GROUP BY symbol and whatever varies.",
    )
    .with_params(params)
    .with_output(Output::Struct(summary::columns().collect()))
    .with_causality(Causality::Causal)
    .with_stability(Stability::PathDependent)
    .with_lookback("the rows of the group or window frame")
    .with_source("The figures that backtest_metrics gives for the group's rows")
    .with_example(
        "SELECT side, round(s.total_return, 6) AS total_return, s.n_orders FROM (SELECT side, \
         backtest_summary(ts, open, NULL, NULL, close, target) AS s FROM (SELECT side, ts, open, close, \
         CASE WHEN close > lag(close) OVER (PARTITION BY side ORDER BY ts) THEN side ELSE 0 END AS target \
         FROM (SELECT to_timestamp(t * 86400) AS ts, 100.0 + abs(t % 14 - 7) AS close, \
         100.0 + abs(t % 14 - 7) AS open FROM generate_series(1, 60) AS g(t)) AS bars \
         CROSS JOIN (VALUES (1), (-1)) AS v(side)) AS signals GROUP BY side) AS groups ORDER BY side",
        "-1,-0.112558,8.0\n1,0.12294,8.0",
    )
}

/// The description of `optimise`.
pub fn optimise() -> FunctionSpec {
    spec(
        "optimise",
        "Searches the best combination of a strategy's parameters on the first part of the bars, and judges it by the rest; one row per trial.",
        vec![
            objective(),
            choice(
                "method",
                &["tpe", "genetic", "random", "grid"],
                "how combinations are proposed: by the tree-structured Parzen estimator, by selection and crossover, by chance, or all in order",
            ),
            count(
                "max_trials",
                1,
                1_000_000,
                200,
                "combinations tried at most",
            ),
            number(
                "train_share",
                0.01,
                0.99,
                0.7,
                "the first part of the bars, which is searched on",
            ),
            count("purge", 0, 1_000_000, 0, "bars left out behind it"),
            count(
                "seed",
                0,
                i64::MAX,
                42,
                "start of the random numbers; the same seed gives the same trials",
            ),
        ],
        vec![
            integer("trial", "number of the trial, from 1"),
            float("in_sample", "the objective on the bars searched on"),
            OutputField::new(
                "is_best",
                OutputType::Flag,
                "whether no other trial was better",
            ),
            float(
                "out_of_sample",
                "of the best trial: the objective on the bars behind",
            ),
            float(
                "deflated_sharpe",
                "of the best trial: the probability that its Sharpe ratio is no luck, given all trials of its family in the ledger",
            ),
        ],
        "Bergstra et al., Algorithms for Hyper-Parameter Optimization, 2011; Bailey and Lopez de Prado, The Deflated Sharpe Ratio, 2014",
        [
            "trial, lag, round(in_sample, 6) AS in_sample, is_best, round(out_of_sample, 6) AS out_of_sample",
            ", method => 'grid'",
            "1,1,6.736799,true,4.382838\n2,2,5.168387,false,\n3,5,0.610767,false,",
        ],
    )
}

/// The description of `walk_forward`.
pub fn walk_forward() -> FunctionSpec {
    let mut columns = vec![
        integer("fold", "number of the fold, from 1"),
        time("train_start", "first bar fitted on"),
        time("train_end", "last bar fitted on"),
        time("test_start", "first bar judged by"),
        time("test_end", "last bar judged by"),
        float(
            "in_sample",
            "the objective of the chosen combination on the fitted bars",
        ),
        float("out_of_sample", "the objective on the judged bars"),
    ];
    columns.extend(summary::return_columns());
    spec(
        "walk_forward",
        "Fits a strategy's parameters on one range of bars, trades the next range with the best combination, and moves on; one row per fold. All judged ranges are one account, so changing the combination costs what it costs.",
        walk_params(),
        columns,
        "Pardo, The Evaluation and Optimization of Trading Strategies, 2008, chapter 11",
        [
            "fold, lag, round(in_sample, 6) AS in_sample, round(out_of_sample, 6) AS out_of_sample, round(total_return, 6) AS total_return",
            ", train => 20, test => 10",
            "1,1,4.153409,5.934975,0.029412\n2,1,3.307041,9.858563,0.029412\n3,1,7.377316,0.044929,0.0\n4,1,4.153409,5.934975,0.029412",
        ],
    )
}

/// The description of `walk_forward_equity`.
pub fn walk_forward_equity() -> FunctionSpec {
    spec(
        "walk_forward_equity",
        "The account of walk_forward at each judged timestamp.",
        walk_params(),
        vec![
            time("ts", "time of the bars"),
            integer("fold", "the fold that trades, from 1"),
            float("equity", "cash plus positions at their last prices"),
            float("ret", "simple return of equity since the timestamp before"),
            float("drawdown", "equity over its highest value so far, minus 1"),
        ],
        "As walk_forward",
        [
            "fold, count(*) AS bars, round(last_value(equity ORDER BY ts), 2) AS equity",
            ", train => 20, test => 10",
            "1,10,102941.18\n2,10,105968.86\n3,10,105968.86\n4,10,109085.59",
        ],
    )
}

/// The description of `cpcv`.
pub fn cpcv() -> FunctionSpec {
    let mut columns = vec![
        integer("path", "number of the path, from 1"),
        float(
            "in_sample",
            "mean objective of the chosen combinations on the bars they were chosen by",
        ),
    ];
    columns.extend(summary::return_columns());
    spec(
        "cpcv",
        "Combinatorial purged cross-validation of a strategy's parameters: cuts the bars into groups, judges the best combination by every choice of groups, and joins the results to complete out-of-sample paths; one row per path.",
        vec![
            objective(),
            count("groups", 2, 24, 6, "groups of consecutive timestamps"),
            count(
                "test_groups",
                1,
                12,
                2,
                "groups judged by at a time, fewer than `groups`",
            ),
            count(
                "purge",
                0,
                1_000_000,
                0,
                "bars left out on both sides of a judged group",
            ),
            count(
                "embargo",
                0,
                1_000_000,
                0,
                "bars left out behind a judged group besides",
            ),
        ],
        columns,
        "Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 12",
        [
            "path, round(in_sample, 6) AS in_sample, round(total_return, 6) AS total_return",
            ", groups => 4",
            "1,4.402282,0.12294\n2,5.498522,0.12294\n3,4.932601,0.12294",
        ],
    )
}

fn walk_params() -> Vec<ParamSpec> {
    let bars = 10_000_000;
    vec![
        required_count("train", 1, bars, "timestamps to fit on"),
        required_count("test", 1, bars, "timestamps to judge by"),
        count(
            "step",
            0,
            bars,
            0,
            "timestamps from one fold to the next; 0 for `test`",
        ),
        ParamSpec::optional(
            "anchored",
            ParamKind::Flag,
            ParamValue::Flag(false),
            "whether fitting always begins at the first bar",
        ),
        objective(),
        count(
            "purge",
            0,
            bars,
            0,
            "timestamps left out between fitting and judging",
        ),
    ]
}

/// A description whose example selects `shown` with further arguments, and gives `printed`.
fn spec(
    name: &str,
    summary: &str,
    own: Vec<ParamSpec>,
    columns: Vec<OutputField>,
    source: &str,
    [shown, arguments, printed]: [&str; 3],
) -> FunctionSpec {
    let group = if shown.contains("count(*)") {
        " GROUP BY fold ORDER BY fold"
    } else {
        ""
    };
    let example =
        format!("SELECT {shown} FROM {name}({EXAMPLE_BARS}, {EXAMPLE_STRATEGY}{arguments}){group}");
    FunctionSpec::new(name, SEARCH, Kind::Relation, summary)
        .with_params(params(own))
        .with_output(Output::Rows(columns))
        .with_causality(Causality::WholePartition)
        .with_stability(Stability::PathDependent)
        .with_source(source)
        .with_example(&example, printed)
}

fn params(own: Vec<ParamSpec>) -> Vec<ParamSpec> {
    let mut params = vec![
        ParamSpec::required(
            "bars",
            ParamKind::Query,
            "bars with ts, close and, where used, symbol, open, high, low and what the strategy reads; one row per (ts, symbol). Left out for a stored strategy, whose query gives them",
        ),
        ParamSpec::required(
            STRATEGY,
            ParamKind::Name,
            "an expression that gives the target position of each bar, as it is or as text; window functions run over each symbol in the order of time unless they say OVER. Or, without `bars`, the name of a strategy made by CREATE STRATEGY. Further named arguments are its parameters: a value, or a list, [10, 20] or range(10, 50, 5)",
        ),
        ParamSpec::optional(
            FAMILY,
            ParamKind::Name,
            ParamValue::Null,
            "the strategies whose trials the ledger counts together; by default the stored strategy's name or the expression itself",
        ),
    ];
    params.extend(own);
    params.extend(backtest_params());
    params
}

fn objective() -> ParamSpec {
    let names: Vec<&str> = FIGURES.iter().map(|f| f.name).collect();
    choice_of(
        "optimise",
        &names,
        "sharpe",
        "the figure that the best combination has the best value of",
    )
}

fn choice(name: &str, names: &[&str], doc: &str) -> ParamSpec {
    choice_of(name, names, names.first().copied().unwrap_or_default(), doc)
}

fn choice_of(name: &str, names: &[&str], default: &str, doc: &str) -> ParamSpec {
    let choices = names
        .iter()
        .zip(0_i64..)
        .map(|(n, code)| (n.to_string(), code));
    let kind = ParamKind::Choice(choices.collect());
    ParamSpec::optional(name, kind, ParamValue::Text(default.into()), doc)
}

fn count(name: &str, min: i64, max: i64, default: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer { min, max };
    ParamSpec::optional(name, kind, ParamValue::Integer(default), doc)
}

fn required_count(name: &str, min: i64, max: i64, doc: &str) -> ParamSpec {
    ParamSpec::required(name, ParamKind::Integer { min, max }, doc)
}

fn number(name: &str, min: f64, max: f64, default: f64, doc: &str) -> ParamSpec {
    ParamSpec::optional(
        name,
        ParamKind::Number { min, max },
        ParamValue::Number(default),
        doc,
    )
}

fn integer(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Integer, doc)
}

fn float(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Float, doc)
}

fn time(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Time, doc)
}
