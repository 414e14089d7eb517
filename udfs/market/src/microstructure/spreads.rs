//! What trading costs: from trades and quotes, or estimated from prices alone.

use super::{BASIS_POINTS, MID, SIDE, scalar, sign, window};
use crate::binding::{rolling, rowwise};
use crate::describe::{series, with_example};
use quantlake_core::{Function, ParamSpec};
use quantlake_indicators::machine::{period, period_from};

const TRADE_PRICE: (&str, &str) = ("price", "Price of the trade");

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    vec![
        effective_spread(),
        realized_spread(),
        price_impact(),
        roll_spread(),
        corwin_schultz_spread(),
        abdi_ranaldo_spread(),
    ]
}

/// Twice the signed distance of two prices, in basis points of a mid.
fn doubled(side: f64, from: f64, to: f64, mid: f64) -> f64 {
    match mid > 0.0 {
        true => 2.0 * BASIS_POINTS * sign(side) * (to - from) / mid,
        false => f64::NAN,
    }
}

fn effective_spread() -> Function {
    let spec = scalar(
        "effective_spread",
        "Twice what a trade paid over the mid, in basis points of the mid",
    )
    .with_params(series(&[TRADE_PRICE, MID, SIDE]))
    .with_source(
        "20000 sign(side) (price - mid) / mid, Foucault, Pagano and Roell (2013), Market \
         Liquidity, ch. 2; negative where a buyer paid less than the mid or a seller got \
         more; NULL where the side is unknown",
    );
    rowwise(with_example(spec, 5, &[]), 3, |_| {
        Ok(|row: &[f64], out: &mut [f64]| {
            if let ([price, mid, side, ..], [slot, ..]) = (row, out) {
                *slot = doubled(*side, *mid, *price, *mid);
            }
        })
    })
}

fn horizon() -> ParamSpec {
    period("horizon", 5, "Trades until the later mid")
}

fn realized_spread() -> Function {
    let mut params = series(&[TRADE_PRICE, MID, SIDE]);
    params.push(horizon());
    let spec = window(
        "realized_spread",
        "Of the effective spread `horizon` trades ago, what the maker kept after the mid moved to \
         where it is now, in basis points",
    )
    .with_params(params)
    .with_lookback("horizon")
    .with_source(
        "20000 sign(side) (price - later mid) / mid of the trade `horizon` rows before, Huang and \
         Stoll (1996), Dealer versus auction markets; known at the later mid, so the value \
         stands there",
    );
    rolling(with_example(spec, 8, &[("horizon", "2")]), |args| {
        let formula = |columns: &[&[f64]]| match columns {
            [[price, ..], [mid, .., later], [side, ..]] => doubled(*side, *later, *price, *mid),
            _ => f64::NAN,
        };
        Ok((args.count("horizon")? + 1, formula))
    })
}

fn price_impact() -> Function {
    let mut params = series(&[MID, SIDE]);
    params.push(horizon());
    let spec = window(
        "price_impact",
        "Twice how far the mid went in the direction of the trade `horizon` rows ago, in basis \
         points",
    )
    .with_params(params)
    .with_lookback("horizon")
    .with_source(
        "20000 sign(side) (later mid - mid) / mid: effective spread less realized spread, Huang \
         and Stoll (1996), Dealer versus auction markets",
    );
    rolling(with_example(spec, 8, &[("horizon", "2")]), |args| {
        let formula = |columns: &[&[f64]]| match columns {
            [[mid, .., later], [side, ..]] => doubled(*side, *mid, *later, *mid),
            _ => f64::NAN,
        };
        Ok((args.count("horizon")? + 1, formula))
    })
}

fn roll_spread() -> Function {
    let mut params = series(&[("price", "Price of the trade, or close")]);
    params.push(period_from(
        "period",
        2,
        20,
        "Pairs of neighbouring changes in the covariance",
    ));
    let spec = window(
        "roll_spread",
        "Spread that the bounce of prices between bid and ask implies, in units of price",
    )
    .with_aliases(vec!["roll_measure".into()])
    .with_params(params)
    .with_lookback("period + 1")
    .with_source(
        "2 sqrt(-cov(dp(t), dp(t - 1))), Roll (1984), A simple implicit measure of the effective \
         bid-ask spread, with the sample covariance (ddof 1); 0 where the covariance is positive",
    );
    rolling(with_example(spec, 8, &[("period", "4")]), |args| {
        let formula = |columns: &[&[f64]]| {
            let prices = columns.first().copied().unwrap_or_default();
            2.0 * (-serial_covariance(prices)).max(0.0).sqrt()
        };
        Ok((args.count("period")? + 2, formula))
    })
}

/// The sample covariance of the changes of a series with the changes one row before.
fn serial_covariance(prices: &[f64]) -> f64 {
    let changes = |rows: &[f64]| match rows {
        [a, b, c] => Some((b - a, c - b)),
        _ => None,
    };
    let pairs = prices.windows(3).filter_map(changes);
    let n = pairs.clone().count() as f64;
    let (before, now) = pairs
        .clone()
        .fold((0.0, 0.0), |(x, y), (dx, dy)| (x + dx / n, y + dy / n));
    pairs.map(|(x, y)| (x - before) * (y - now)).sum::<f64>() / (n - 1.0)
}

const HIGH: (&str, &str) = ("high", "Highest price of the bar");
const LOW: (&str, &str) = ("low", "Lowest price of the bar");

fn corwin_schultz_spread() -> Function {
    let mut params = series(&[HIGH, LOW]);
    params.push(period("period", 20, "Two-bar estimates in the mean"));
    let spec = window(
        "corwin_schultz_spread",
        "Relative spread estimated from highs and lows of two bars, mean over the last rows, as a \
         fraction of the price",
    )
    .with_params(params)
    .with_lookback("period")
    .with_source(
        "Corwin and Schultz (2012), A simple way to estimate bid-ask spreads from daily high and \
         low prices, eq. 14 and 18; negative two-bar estimates count as 0, no correction for \
         overnight gaps; NULL where a price is not above 0",
    );
    rolling(with_example(spec, 8, &[("period", "3")]), |args| {
        let formula = |columns: &[&[f64]]| match columns {
            [highs, lows] => {
                let bars = highs.windows(2).zip(lows.windows(2));
                let n = bars.len() as f64;
                bars.map(|(h, l)| two_bar_spread(h, l)).sum::<f64>() / n
            }
            _ => f64::NAN,
        };
        Ok((args.count("period")? + 1, formula))
    })
}

fn two_bar_spread(highs: &[f64], lows: &[f64]) -> f64 {
    let ([h0, h1], [l0, l1]) = (highs, lows) else {
        return f64::NAN;
    };
    if *l0 <= 0.0 || *l1 <= 0.0 || h0 < l0 || h1 < l1 {
        return f64::NAN;
    }
    let beta = (h0 / l0).ln().powi(2) + (h1 / l1).ln().powi(2);
    let gamma = (h0.max(*h1) / l0.min(*l1)).ln().powi(2);
    let k = 3.0 - 2.0 * std::f64::consts::SQRT_2;
    let alpha = ((2.0 * beta).sqrt() - beta.sqrt()) / k - (gamma / k).sqrt();
    // 2 (exp(a) - 1) / (1 + exp(a))
    (2.0 * (alpha / 2.0).tanh()).max(0.0)
}

fn abdi_ranaldo_spread() -> Function {
    let mut params = series(&[HIGH, LOW, ("close", "Last price of the bar")]);
    params.push(period(
        "period",
        20,
        "Pairs of neighbouring bars in the mean",
    ));
    let spec = window(
        "abdi_ranaldo_spread",
        "Relative spread estimated from closes and the middles of the ranges around them, as a \
         fraction of the price",
    )
    .with_params(params)
    .with_lookback("period")
    .with_source(
        "2 sqrt(max(0, mean((c(t) - m(t)) (c(t) - m(t + 1))))) with logarithms of close c and \
         range middle m = (ln high + ln low) / 2, Abdi and Ranaldo (2017), A simple estimation of \
         bid-ask spreads from daily close, high, and low prices; NULL where a price is not above 0",
    );
    rolling(with_example(spec, 8, &[("period", "3")]), |args| {
        let formula = |columns: &[&[f64]]| match columns {
            [highs, lows, closes] => {
                let middle = |i: usize| {
                    let (high, low) = (highs.get(i)?, lows.get(i)?);
                    (*high > 0.0 && *low > 0.0).then(|| f64::midpoint(high.ln(), low.ln()))
                };
                let product = |i: usize| {
                    let close = closes.get(i).filter(|c| **c > 0.0)?.ln();
                    Some((close - middle(i)?) * (close - middle(i + 1)?))
                };
                let n = closes.len().saturating_sub(1);
                let sum: f64 = (0..n).map(|i| product(i).unwrap_or(f64::NAN)).sum();
                match sum.is_nan() {
                    true => f64::NAN,
                    false => 2.0 * (sum / n as f64).max(0.0).sqrt(),
                }
            }
            _ => f64::NAN,
        };
        Ok((args.count("period")? + 1, formula))
    })
}
