//! How volatility moves: recursions, the volatility of volatility, regimes, jumps.
//!
//! A price that is not positive has no return: its row is NULL and later rows are computed as if
//! it were not there.

use super::FAMILY;
use crate::params::{bar, equity, period, positive, price, record, rows, spec, told, value, whole};
use quantlake_core::{Args, Function, FunctionSpec, ParamSpec, QlError, Stability};
use quantlake_indicators::machine::wickra_core::{
    Candle, EwmaVolatility, Garch11, JumpIndicator, RegimeLabel, UlcerIndex, VolatilityCone,
    VolatilityOfVolatility, VolatilityRatio,
};
use quantlake_indicators::machine::{fields, number, one, over_bars, over_rows, over_values};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        ewma_volatility(),
        garch_volatility(),
        volatility_of_volatility(),
        volatility_cone(),
        volatility_regime(),
        jump_indicator(),
        volatility_ratio(),
        ulcer_index(),
    ]
}

fn of_prices(
    name: &str,
    summary: &str,
    options: Vec<ParamSpec>,
    output: quantlake_core::Output,
) -> FunctionSpec {
    let params = [vec![price()], options].concat();
    spec(name, FAMILY, summary, params, output)
}

fn ewma_volatility() -> Function {
    let lambda = number(
        "lambda",
        0.94,
        0.0001,
        0.9999,
        "weight of yesterday's variance: 0.94 for daily returns, 0.97 for monthly ones",
    );
    let summary = "Volatility of the next period by RiskMetrics: root of the exponentially weighted mean of squared logarithmic returns, as a fraction per period; the first squared return is the seed";
    let spec = told(
        of_prices("ewma_volatility", summary, vec![lambda], value()),
        "1",
        Stability::Converging,
        "v[t] = lambda * v[t-1] + (1 - lambda) * r[t]^2, v[1] = r[1]^2, value sqrt(v); RiskMetrics Technical Document, J.P. Morgan and Reuters, 1996",
    );
    over_values(spec, |a| Ok(EwmaVolatility::new(a.number("lambda")?)), one)
}

/// Each weight is below 1 by its range; that their sum is too can only be seen together.
fn garch(args: &Args) -> Result<[f64; 3], QlError> {
    let [omega, alpha, beta] = [
        args.number("omega")?,
        args.number("alpha")?,
        args.number("beta")?,
    ];
    if alpha + beta >= 1.0 {
        return Err(QlError::bad_argument(
            "garch_volatility",
            "beta",
            "less than 1 - alpha",
            beta,
        ));
    }
    Ok([omega, alpha, beta])
}

fn garch_volatility() -> Function {
    let options = vec![
        number(
            "omega",
            2e-6,
            1e-18,
            1e6,
            "constant of the variance, in squared returns",
        ),
        number(
            "alpha",
            0.1,
            0.0,
            0.9999,
            "weight of the last squared return",
        ),
        number(
            "beta",
            0.88,
            0.0,
            0.9999,
            "weight of the last variance; must be less than 1 - alpha",
        ),
    ];
    let summary = "Volatility that a GARCH(1,1) model with given coefficients expected for the period, before its return was known, as a fraction per period; the long-run variance omega / (1 - alpha - beta) is the seed";
    let spec = told(
        of_prices("garch_volatility", summary, options, value()),
        "1",
        Stability::Converging,
        "v[t] = omega + alpha * r[t-1]^2 + beta * v[t-1] with logarithmic returns and mean 0, value sqrt(v); Bollerslev, Journal of Econometrics 31, 1986",
    );
    let make =
        |args: &Args| garch(args).map(|[omega, alpha, beta]| Garch11::new(omega, alpha, beta));
    over_values(spec, make, one)
}

fn volatility_of_volatility() -> Function {
    let options = vec![
        period(2, 20),
        rows(
            "window",
            2,
            20,
            "how many volatilities are compared, in rows",
        ),
    ];
    let summary = "Volatility of volatility: sample standard deviation of the last `window` volatilities, each the sample standard deviation of `period` logarithmic returns, as a fraction per period";
    let spec = told(
        of_prices("volatility_of_volatility", summary, options, value()),
        "period + window - 1",
        Stability::Exact,
        "std(std(ln(x[t] / x[t-1]), period), window), both with n - 1",
    );
    let make = |a: &Args| {
        Ok(VolatilityOfVolatility::new(
            a.count("period")?,
            a.count("window")?,
        ))
    };
    over_values(spec, make, one)
}

/// A bar of one price; the cone looks at closes only, and repeats itself on prices below 0.
fn flat_bar(row: &[f64]) -> Option<Candle> {
    let price = *row.first().filter(|p| **p > 0.0)?;
    Candle::new(price, price, price, price, 0.0, 0).ok()
}

fn volatility_cone() -> Function {
    let options = vec![
        period(2, 20),
        rows(
            "window",
            2,
            120,
            "how many volatilities make the cone, in rows",
        ),
    ];
    let output = record(&[
        (
            "current",
            "volatility of the last `period` returns, as a fraction per period",
        ),
        (
            "lowest",
            "lowest volatility of the window, as a fraction per period",
        ),
        (
            "median",
            "median volatility of the window, as a fraction per period",
        ),
        (
            "highest",
            "highest volatility of the window, as a fraction per period",
        ),
        (
            "percentile",
            "share of the window's volatilities that are not above the current one, in percent",
        ),
    ]);
    let summary = "One horizon of a volatility cone: where the standard deviation of the last `period` logarithmic returns stands among its last `window` values";
    let spec = told(
        of_prices("volatility_cone", summary, options, output),
        "period + window - 1",
        Stability::Exact,
        "Burghardt and Lane, Journal of Portfolio Management 16, 1990; standard deviations with n - 1",
    );
    let make = |a: &Args| Ok(VolatilityCone::new(a.count("period")?, a.count("window")?));
    over_rows(spec, flat_bar, make, |o, out| {
        fields([o.current, o.min, o.median, o.max, o.percentile], out);
    })
}

fn volatility_regime() -> Function {
    let options = vec![
        period(2, 20),
        rows(
            "window",
            2,
            120,
            "how many volatilities are ranked, in rows",
        ),
    ];
    let summary = "Regime of volatility: -1 (calm) while the standard deviation of the last `period` logarithmic returns is below the first quartile of its last `window` values, 1 (stressed) above the third, else 0";
    let spec = told(
        of_prices("volatility_regime", summary, options, whole()),
        "period + window - 1",
        Stability::Exact,
        "quartiles linear between neighbours (R's type 7), the current value among them; standard deviations with n - 1; `RegimeLabel` of wickra-core",
    );
    let make = |a: &Args| Ok(RegimeLabel::new(a.count("period")?, a.count("window")?));
    over_values(spec, make, one)
}

fn jump_indicator() -> Function {
    let options = vec![
        period(2, 20),
        positive(
            "threshold",
            3.0,
            "standard deviations beyond which a return is a jump",
        ),
    ];
    let summary = "Jump of the price: 1 or -1 where a logarithmic return is more than `threshold` sample standard deviations above or below the mean of the `period` returns before it, else 0";
    let spec = told(
        of_prices("jump_indicator", summary, options, whole()),
        "period + 1",
        Stability::Exact,
        "sign(r - m) where |r - m| > threshold * s, m and s of the returns before r; 0 where s is 0; `JumpIndicator` of wickra-core",
    );
    let make = |a: &Args| {
        Ok(JumpIndicator::new(
            a.count("period")?,
            a.number("threshold")?,
        ))
    };
    over_values(spec, make, one)
}

fn volatility_ratio() -> Function {
    let params = [bar(&["high", "low", "close"]), vec![period(1, 14)]].concat();
    let summary = "Schwager's volatility ratio: true range of the bar divided by the exponential average of the true ranges before it; above 2 is a wide-ranging day, 0 where the average is 0";
    let spec = told(
        spec("volatility_ratio", FAMILY, summary, params, value()),
        "period + 1",
        Stability::Converging,
        "TR[t] / EMA(TR)[t-1], the average with 2 / (period + 1) and seeded with the mean of the first `period` true ranges, the first of which is the second bar's; Schwager, Technical Analysis, 1996",
    );
    over_bars(spec, |a| Ok(VolatilityRatio::new(a.count("period")?)), one)
}

fn ulcer_index() -> Function {
    let params = vec![equity(), period(1, 14)];
    let summary = "Ulcer index: root of the mean square of the last `period` drawdowns, each from the highest of the `period` values up to it, in percent";
    let spec = told(
        spec("ulcer_index", FAMILY, summary, params, value()),
        "2 * period - 2",
        Stability::Exact,
        "sqrt(mean((100 * (x / max(x, period) - 1))^2, period)); Martin and McCann, The Investor's Guide to Fidelity Funds, 1989",
    );
    over_values(spec, |a| Ok(UlcerIndex::new(a.count("period")?)), one)
}
