//! `covariance_matrix`, `correlation_matrix`, `component_risk`, `portfolio_beta` and
//! `factor_exposures` in SQL.

use super::contribution::{ContributionMethod, contributions, portfolio_returns};
use super::covariance::{Matrix, Shrunk, Target, ewma, sample, shrink};

use super::positions::{
    FAMILY, ORDER, POSITIONS, Positions, and_sum, columns, example, names_and_total,
};
use super::regression::{Regression, regress};
use super::series_functions::lambda;
use super::stress::beta;
use super::tail_risk::TailRisk;
use crate::honest::binding::{batch, choice, float, floats, text, texts};
use crate::honest::description::{Description, join};
use crate::honest::panel::{Panel, Source};
use crate::params::{ddof, level, tail_share};
use datafusion::arrow::array::{Array, StringArray};
use quantlake_core::relation::{InputColumn, InputType, Rows};
use quantlake_core::{Args, Function, OutputField, ParamSpec, QlError};
use std::collections::HashSet;

const RETURNS: &str =
    "returns with ts, symbol and ret; times at which a symbol has no return are left out";

fn estimators() -> Vec<ParamSpec> {
    vec![
        choice(
            "method",
            &[
                "sample",
                "ewma",
                "ledoit_wolf",
                "constant_correlation",
                "oas",
            ],
            "sample covariance; exponentially weighted around 0; shrunk to equal variances (Ledoit and Wolf), to the mean correlation (Ledoit and Wolf), to equal variances by oracle approximation",
        ),
        lambda(),
        ddof(),
    ]
}

/// The covariance matrix of a call, with its shrinkage.
fn estimate(args: &Args) -> Result<impl Fn(&[&[f64]]) -> Shrunk + Send + use<>, QlError> {
    let (method, lambda, ddof) = (
        args.integer("method")?,
        args.number("lambda")?,
        args.count("ddof")?,
    );
    let plain = |covariance: Matrix| Shrunk {
        covariance,
        intensity: 0.0,
    };
    Ok(move |returns: &[&[f64]]| match method {
        0 => plain(sample(returns, ddof)),
        1 => plain(ewma(returns, lambda)),
        2 => shrink(returns, Target::ConstantVariance),
        3 => shrink(returns, Target::ConstantCorrelation),
        _ => shrink(returns, Target::OracleApproximating),
    })
}

fn matrix(
    name: &'static str,
    summary: &'static str,
    (sql, result): (&'static str, &'static str),
    of: fn(Matrix) -> Matrix,
) -> Function {
    let description = Description {
        name,
        family: FAMILY,
        summary,
        input: RETURNS,
        params: estimators(),
        columns: vec![
            InputColumn::required("ts", InputType::Time),
            InputColumn::required("symbol", InputType::Text),
            InputColumn::required("ret", InputType::Number),
        ],
        order: ORDER,
        output: vec![
            text("symbol_a", "row of the matrix"),
            text("symbol_b", "column of the matrix"),
            float("value", "the entry, per period"),
            float("intensity", "share of the shrinkage target, 0 to 1"),
        ],
        source: "numpy's cov; RiskMetrics 1996; Ledoit and Wolf 2004 (both); Chen et al. 2010 as in scikit-learn",
        example: example(sql),
        result,
    };
    join(description, move |args| {
        let estimate = estimate(args)?;
        Ok(move |rows: &Rows| {
            let source = Source {
                function: name,
                name: "symbol",
                value: "ret",
            };
            let panel = Panel::read(rows, source, |_| true)?;
            let found = estimate(&panel.slices());
            let (entries, n) = (of(found.covariance), panel.names.len());
            let cells = || (0..n * n).map(|k| (k / n, k % n));
            let columns = vec![
                texts(cells().map(|(i, _)| panel.names.get(i))),
                texts(cells().map(|(_, j)| panel.names.get(j))),
                floats(entries.data),
                floats(cells().map(|_| found.intensity)),
            ];
            batch(rows, columns)
        })
    })
}

/// The columns of a measure of risk, by name.
fn risk_columns(measure: &str, words: &str) -> Vec<OutputField> {
    vec![
        float(
            &format!("standalone_{measure}"),
            &format!(
                "{words} of the position by itself; of the portfolio: their sum, without diversification"
            ),
        ),
        float(
            &format!("marginal_{measure}"),
            &format!(
                "change of the portfolio's {words} per unit of weight; NULL for the portfolio"
            ),
        ),
        float(
            &format!("component_{measure}"),
            &format!("weight times the marginal one; adds up to the portfolio's {words}"),
        ),
        float(
            &format!("share_{measure}"),
            "the component as a share of the portfolio's; adds up to 1",
        ),
    ]
}

fn component_risk() -> Function {
    let output = [
        vec![
            text("symbol", "the position; NULL for the portfolio"),
            float(
                "weight",
                "share of the portfolio; for the portfolio their sum",
            ),
        ],
        risk_columns("var", "value at risk"),
        risk_columns("cvar", "expected shortfall"),
    ];
    let description = Description {
        name: "component_risk",
        family: FAMILY,
        summary: "Marginal and component value at risk and expected shortfall of each position, as returns of the portfolio over one period (a loss is negative); components add up to the portfolio's risk exactly",
        input: POSITIONS,
        params: vec![
            level(),
            choice(
                "method",
                &["historical", "gaussian", "cornish_fisher"],
                "observed scenarios; covariances; covariances with coskewness and cokurtosis",
            ),
        ],
        columns: columns(&[]),
        order: ORDER,
        output: output.concat(),
        source: "Tasche 1999; Boudt, Peterson and Croux 2008",
        example: example(
            "SELECT symbol, round(component_var, 6) AS var, round(component_cvar, 6) AS cvar FROM component_risk(QUERY, level => 0.9) ORDER BY symbol",
        ),
        result: "A,-0.007886,-0.010096\nB,-0.006784,-0.007547\nC,-0.005891,-0.006024\n,-0.020561,-0.023667",
    };
    join(description, |args| {
        let share = tail_share(args)?;
        let method = match args.integer("method")? {
            0 => ContributionMethod::Historical,
            1 => ContributionMethod::Gaussian,
            _ => ContributionMethod::CornishFisher,
        };
        Ok(move |rows: &Rows| {
            let Positions { panel, weights } = Positions::read(rows, "component_risk", |_| true)?;
            let found = contributions(&panel.slices(), &weights, share, method);
            let measure = |of: fn(&TailRisk) -> f64| {
                let total = of(&found.total);
                let marginal: Vec<f64> = found.marginal.iter().map(of).collect();
                let component: Vec<f64> =
                    marginal.iter().zip(&weights).map(|(m, w)| m * w).collect();
                let standalone: Vec<f64> = found.standalone.iter().map(of).collect();
                let shares: Vec<f64> = component.iter().map(|c| c / total).collect();
                [
                    floats(and_sum(&standalone)),
                    floats(marginal.into_iter().chain([f64::NAN])),
                    floats(component.iter().copied().chain([total])),
                    floats(and_sum(&shares)),
                ]
            };
            let columns = [
                vec![texts(names_and_total(&panel)), floats(and_sum(&weights))],
                measure(|r| r.value_at_risk).to_vec(),
                measure(|r| r.shortfall).to_vec(),
            ];
            batch(rows, columns.concat())
        })
    })
}

fn portfolio_beta() -> Function {
    let description = Description {
        name: "portfolio_beta",
        family: FAMILY,
        summary: "Beta of each position and of the portfolio to the benchmark, and what each position adds to the portfolio's; NULL where the benchmark does not vary",
        input: "returns with ts, symbol, ret, weight (equal without the column) and benchmark (the benchmark's return at ts)",
        params: vec![],
        columns: columns(&["benchmark"]),
        order: ORDER,
        output: vec![
            text("symbol", "the position; NULL for the portfolio"),
            float("weight", "share of the portfolio"),
            float(
                "beta",
                "covariance with the benchmark by the benchmark's variance",
            ),
            float(
                "contribution",
                "weight times beta; adds up to the portfolio's beta",
            ),
            float("correlation", "correlation with the benchmark"),
        ],
        source: "Sharpe 1964; slope of numpy's polyfit",
        example: example(
            "SELECT symbol, round(beta, 6) AS beta, round(contribution, 6) AS contribution FROM portfolio_beta(QUERY) ORDER BY symbol",
        ),
        result: "A,1.210624,0.605312\nB,1.253121,0.375936\nC,1.295619,0.259124\n,1.240372,1.240372",
    };
    join(description, |_| {
        Ok(|rows: &Rows| {
            let positions = Positions::read(rows, "portfolio_beta", |_| true)?;
            let benchmark = positions.benchmark(rows, "portfolio_beta")?;
            let Positions { panel, weights } = positions;
            let total = portfolio_returns(&panel.slices(), &weights);
            let series = || panel.slices().into_iter().chain([total.as_slice()]);
            let betas: Vec<f64> = series().map(|s| beta(s, &benchmark)).collect();
            let parts = betas.iter().zip(&weights).map(|(b, w)| b * w);
            let correlation = |s: &[f64]| sample(&[s, &benchmark], 1).correlation().get(0, 1);
            let columns = vec![
                texts(names_and_total(&panel)),
                floats(and_sum(&weights)),
                floats(betas.iter().copied()),
                floats(parts.chain(betas.last().copied())),
                floats(series().map(correlation)),
            ];
            batch(rows, columns)
        })
    })
}

/// Positions at the times at which all factors have a return, and the factors.
fn positions_and_factors(rows: &Rows) -> Result<(Positions, Panel), QlError> {
    const NAME: &str = "factor_exposures";
    let is_factor = |row: usize, names: &StringArray| names.is_valid(row);
    let names = rows.texts("factor")?;
    let source = Source {
        function: NAME,
        name: "factor",
        value: "ret",
    };
    let factors = Panel::read(rows, source, |row| is_factor(row, names))?;
    let mut positions = Positions::read(rows, NAME, |row| !is_factor(row, names))?;
    let common: HashSet<i64> = positions
        .panel
        .times
        .iter()
        .copied()
        .filter(|t| factors.times.binary_search(t).is_ok())
        .collect();
    positions.panel = at_times(positions.panel, &common);
    Ok((positions, at_times(factors, &common)))
}

fn at_times(panel: Panel, wanted: &HashSet<i64>) -> Panel {
    let keep = |column: &Vec<f64>| {
        let cells = column.iter().zip(&panel.times);
        let kept = cells.filter(|(_, t)| wanted.contains(t));
        kept.map(|(v, _)| *v).collect()
    };
    Panel {
        columns: panel.columns.iter().map(keep).collect(),
        times: panel
            .times
            .iter()
            .copied()
            .filter(|t| wanted.contains(t))
            .collect(),
        names: panel.names,
    }
}

fn factor_exposures() -> Function {
    let mut input_columns = columns(&[]);
    input_columns.push(InputColumn::optional("factor", InputType::Text));
    let description = Description {
        name: "factor_exposures",
        family: FAMILY,
        summary: "Exposures of each position and of the portfolio to factors by least squares, with the share of variance that each factor explains; NULL where factors are collinear or rows too few",
        input: "returns with ts, symbol, ret, weight and factor: rows that name a factor hold the factor's return, the others a position's (join them with UNION ALL)",
        params: vec![],
        columns: input_columns,
        order: ORDER,
        output: vec![
            text("symbol", "the position; NULL for the portfolio"),
            text("factor", "the factor"),
            float("exposure", "coefficient of the factor's return"),
            float(
                "standard_error",
                "standard error under equal, uncorrelated residuals",
            ),
            float("t_statistic", "exposure by standard error"),
            float(
                "variance_share",
                "share of the variance that the factor explains; adds up to r_squared",
            ),
            float("alpha", "intercept: return per period without the factors"),
            float(
                "r_squared",
                "share of the variance that all factors explain",
            ),
        ],
        source: "ordinary least squares as in statsmodels; variance shares by exposure times covariance",
        example: example(
            "SELECT symbol, factor, round(exposure, 6) AS exposure FROM factor_exposures((SELECT ts, symbol, ret, weight, factor FROM QUERY AS p UNION ALL SELECT ts, NULL, benchmark, NULL, 'market' FROM QUERY AS f WHERE symbol = 'A')) ORDER BY symbol",
        ),
        result: "A,market,1.210624\nB,market,1.253121\nC,market,1.295619\n,market,1.240372",
    };
    join(description, |_| {
        Ok(|rows: &Rows| {
            let (positions, factors) = positions_and_factors(rows)?;
            let Positions { panel, weights } = positions;
            let total = portfolio_returns(&panel.slices(), &weights);
            let series = panel.slices().into_iter().chain([total.as_slice()]);
            let found: Vec<Option<Regression>> =
                series.map(|s| regress(s, &factors.slices())).collect();
            let cells = || {
                let named = names_and_total(&panel).zip(&found);
                named.flat_map(|(name, r)| (0..factors.names.len()).map(move |k| (name, r, k)))
            };
            let column = |of: fn(&Regression, usize) -> f64| {
                floats(cells().map(|(_, r, k)| r.as_ref().map_or(f64::NAN, |r| of(r, k))))
            };
            let columns = vec![
                texts(cells().map(|(name, _, _)| name)),
                texts(cells().map(|(_, _, k)| factors.names.get(k))),
                column(|r, k| r.exposures[k]),
                column(|r, k| r.standard_errors[k]),
                column(|r, k| r.exposures[k] / r.standard_errors[k]),
                column(|r, k| r.variance_shares[k]),
                column(|r, _| r.alpha),
                column(|r, _| r.r_squared),
            ];
            batch(rows, columns)
        })
    })
}

/// The functions of this file.
pub(super) fn functions() -> Vec<Function> {
    vec![
        matrix(
            "covariance_matrix",
            "Covariance matrix of returns in long form, plain, exponentially weighted or shrunk; NULL below two complete rows",
            (
                "SELECT symbol_a, symbol_b, round(value, 9) AS value FROM covariance_matrix(QUERY, method => 'ledoit_wolf') ORDER BY symbol_a, symbol_b",
                "A,A,0.000198708\nA,B,0.000206877\nA,C,0.000221203\nB,A,0.000206877\nB,B,0.000258127\nB,C,0.000297064\nC,A,0.000221203\nC,B,0.000297064\nC,C,0.000379081",
            ),
            |m| m,
        ),
        matrix(
            "correlation_matrix",
            "Correlation matrix of returns in long form, plain, exponentially weighted or from a shrunk covariance; NULL without dispersion",
            (
                "SELECT symbol_a, symbol_b, round(value, 6) AS value FROM correlation_matrix(QUERY, method => 'oas') ORDER BY symbol_a, symbol_b",
                "A,A,1.0\nA,B,0.875464\nA,C,0.776967\nB,A,0.875464\nB,B,1.0\nB,C,0.920457\nC,A,0.776967\nC,B,0.920457\nC,C,1.0",
            ),
            |m| m.correlation(),
        ),
        component_risk(),
        portfolio_beta(),
        factor_exposures(),
    ]
}
