//! The parameters that the functions over returns share.

use crate::views;
use quantlake_core::{ParamKind, ParamSpec, ParamValue};

/// Names of the methods, in the order of their codes.
pub(crate) const METHODS: [&str; 16] = [
    "equal",
    "inverse_volatility",
    "inverse_variance",
    "risk_parity",
    "hrp",
    "herc",
    "min_variance",
    "mean_variance",
    "max_sharpe",
    "max_return",
    "efficient_risk",
    "efficient_return",
    "max_diversification",
    "cvar",
    "cdar",
    "black_litterman",
];

/// The parameters of a function over returns: the queries, its own, estimates and limits.
pub fn params(own: impl IntoIterator<Item = ParamSpec>) -> Vec<ParamSpec> {
    let mut params = vec![query_param(), views::param()];
    params.extend(own);
    params.extend(estimate_params());
    params.extend(limit_params());
    params
}

/// What the query has to give.
fn query_param() -> ParamSpec {
    ParamSpec::required(
        "returns",
        ParamKind::Query,
        "rows with ts, symbol and ret (simple returns), or price or close; where used market_cap, sector, min_weight, \
         max_weight, previous_weight, expected_return, risk_budget, of which the last value of a symbol \
         counts; rows in which a symbol is missing are left out for all",
    )
}

/// The parameter `method` with what only some methods read.
pub fn method_params() -> Vec<ParamSpec> {
    vec![
        ParamSpec::required(
            "method",
            choices(&METHODS),
            "how weights are found; risk_parity is equal risk contribution, cvar and cdar are the smallest ones, black_litterman is mean_variance with expected => 'black_litterman'",
        ),
        optional_number(
            "target_risk",
            0.0,
            "largest volatility per year, for efficient_risk",
        ),
        optional_number(
            "target_return",
            -1e6,
            "smallest return per year, for efficient_return",
        ),
        number(
            "level",
            0.5,
            0.9999,
            0.95,
            "confidence level of cvar and cdar",
        ),
        choice(
            "linkage",
            &["single", "complete", "average", "ward"],
            "distance between clusters, for hrp and herc",
        ),
        ParamSpec::optional(
            "clusters",
            ParamKind::Integer {
                min: 1,
                max: 100_000,
            },
            ParamValue::Null,
            "number of clusters of herc; NULL takes the largest second difference of their dispersion",
        ),
    ]
}

/// The parameters of estimates and limits.
fn estimate_params() -> Vec<ParamSpec> {
    vec![
        choice(
            "covariance",
            &[
                "sample",
                "ewma",
                "ledoit_wolf",
                "oas",
                "constant_correlation",
            ],
            "estimator of the covariances",
        ),
        number(
            "lambda",
            0.01,
            0.9999,
            0.94,
            "decay per row of the ewma covariance",
        ),
        choice(
            "expected",
            &["mean", "ewma", "capm", "column", "black_litterman"],
            "estimator of the expected returns; column reads `expected_return`, black_litterman reads `market_cap` and the views",
        ),
        number(
            "mean_lambda",
            0.01,
            0.9999,
            0.996,
            "decay per row of the ewma mean",
        ),
        number(
            "periods",
            0.01,
            1e12,
            252.0,
            "rows in a year: 252 for daily bars of stocks, 365 of crypto",
        ),
        number(
            "risk_free",
            -1.0,
            1.0,
            0.0,
            "risk-free return per year, for max_sharpe, capm and black_litterman",
        ),
        number(
            "risk_aversion",
            1e-6,
            1e6,
            2.5,
            "aversion to variance, of mean_variance and of the market in black_litterman",
        ),
        number(
            "tau",
            1e-6,
            10.0,
            0.05,
            "uncertainty of the market's expectations as a fraction of the covariances, for black_litterman",
        ),
    ]
}

/// The parameters of what weights may be.
fn limit_params() -> Vec<ParamSpec> {
    vec![
        number(
            "min_weight",
            -100.0,
            100.0,
            0.0,
            "smallest weight of a symbol; below 0 allows short positions; a column of this name goes first",
        ),
        number(
            "max_weight",
            -100.0,
            100.0,
            1.0,
            "largest weight of a symbol; a column of this name goes first",
        ),
        number("net", 0.0, 100.0, 1.0, "sum of the weights"),
        optional_number("max_gross", 0.0, "largest sum of absolute weights"),
        optional_number(
            "max_turnover",
            0.0,
            "largest sum of absolute changes from the weights that are held (column `previous_weight`; in rolling_weights the portfolio before, with what returns did to it since)",
        ),
        optional_number(
            "max_sector",
            -100.0,
            "largest weight of any sector (column `sector`)",
        ),
        text(
            "sector_limits",
            "limits of single sectors: 'Energy <= 0.2; Technology >= 0.1'",
        ),
    ]
}

/// A number with a default.
pub fn number(name: &str, min: f64, max: f64, default: f64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Number { min, max };
    ParamSpec::optional(name, kind, ParamValue::Number(default), doc)
}

/// A choice whose first name is the default; codes count from 0.
pub fn choice(name: &str, names: &[&str], doc: &str) -> ParamSpec {
    let default = names.first().map_or(String::new(), ToString::to_string);
    ParamSpec::optional(name, choices(names), ParamValue::Text(default), doc)
}

/// A number that may be left out.
fn optional_number(name: &str, min: f64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Number { min, max: 1e6 };
    ParamSpec::optional(name, kind, ParamValue::Null, doc)
}

fn text(name: &str, doc: &str) -> ParamSpec {
    ParamSpec::optional(name, ParamKind::Name, ParamValue::Text(String::new()), doc)
}

fn choices(names: &[&str]) -> ParamKind {
    let numbered = names.iter().zip(0_i64..);
    ParamKind::Choice(numbered.map(|(n, code)| (n.to_string(), code)).collect())
}
