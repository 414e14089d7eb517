//! Futures, perpetual swaps and their positions.
//!
//! Rates and premiums are fractions (0.001 is 10 basis points). A ratio whose denominator is not
//! above 0 is NULL, where `wickra-core` gives 0.
//!
//! Of that library's family these are TA-Lib's or plain SQL: `FundingRate` (the column itself),
//! `FundingRateMean` (`sma`), `OpenInterestDelta` (`mom` with period 1), `OpenInterestMomentum`
//! (`roc`). `FundingBasis` and `PerpetualPremiumIndex` are one formula and one function here.

use crate::binding::{rolling, rowwise, running};
use crate::describe::{floats, series, with_example};
use quantlake_core::{Function, FunctionSpec, Kind, Stability};
use quantlake_indicators::machine::{number, period, period_from};

/// The functions of derivatives.
pub fn functions() -> Vec<Function> {
    let mut functions = premiums();
    functions.extend(ratios());
    functions.extend([
        annualized_basis(),
        funding_implied_apr(),
        funding_rate_zscore(),
        oi_price_divergence(),
        oi_weighted_price(),
        liquidation_features(),
    ]);
    functions
}

fn scalar(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, "derivatives", Kind::Scalar, summary)
}

fn window(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, "derivatives", Kind::Window, summary)
}

const MARK: (&str, &str) = ("mark_price", "Mark price of the perpetual swap");
const INDEX: (&str, &str) = ("index_price", "Price of the spot index");
const FUTURES: (&str, &str) = ("futures_price", "Price of the dated future");
const OPEN_INTEREST: (&str, &str) = ("open_interest", "Outstanding contracts");

/// A function of two columns.
fn of_two(
    spec: FunctionSpec,
    params: [(&str, &str); 2],
    formula: impl Fn(f64, f64) -> f64 + Copy + Send + Sync + 'static,
) -> Function {
    let spec = spec.with_params(series(&params));
    rowwise(with_example(spec, 5, &[]), 2, move |_| {
        Ok(move |row: &[f64], out: &mut [f64]| {
            if let ([a, b, ..], [slot, ..]) = (row, out) {
                *slot = formula(*a, *b);
            }
        })
    })
}

/// a / b; NaN where b is not above 0.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { f64::NAN }
}

fn premiums() -> Vec<Function> {
    let premium = |a, b| ratio(a - b, b);
    vec![
        of_two(
            scalar(
                "perpetual_premium_index",
                "Premium of a perpetual swap over its spot index, as a fraction of the index",
            )
            .with_aliases(vec!["funding_basis".into()])
            .with_source(
                "(mark_price - index_price) / index_price, the premium that the funding of \
                 perpetual swaps pulls to 0",
            ),
            [MARK, INDEX],
            premium,
        ),
        of_two(
            scalar(
                "term_structure_basis",
                "Premium of a dated future over the spot index, as a fraction of the index",
            )
            .with_source("(futures_price - index_price) / index_price: above 0 is contango"),
            [FUTURES, INDEX],
            premium,
        ),
        of_two(
            scalar(
                "calendar_spread",
                "Premium of a far contract over a near one, as a fraction of the near price",
            )
            .with_source(
                "(far_price - near_price) / near_price; the near leg may be a perpetual swap",
            ),
            [
                ("far_price", "Price of the contract that expires later"),
                ("near_price", "Price of the contract that expires earlier"),
            ],
            premium,
        ),
    ]
}

fn ratios() -> Vec<Function> {
    vec![
        of_two(
            scalar(
                "long_short_ratio",
                "Size of long positions over size of short positions",
            )
            .with_source("long_size / short_size, as derivative exchanges publish it"),
            [
                ("long_size", "Long accounts or positions"),
                ("short_size", "Short accounts or positions"),
            ],
            ratio,
        ),
        of_two(
            scalar(
                "taker_buy_sell_ratio",
                "Volume of market orders to buy over volume of market orders to sell",
            )
            .with_source(
                "taker_buy_volume / taker_sell_volume, as derivative exchanges publish it",
            ),
            [
                ("taker_buy_volume", "Volume that buyers began"),
                ("taker_sell_volume", "Volume that sellers began"),
            ],
            ratio,
        ),
        of_two(
            scalar(
                "oi_to_volume_ratio",
                "Open interest over traded volume: how much is held against what changes hands",
            )
            .with_source(
                "open_interest / volume, the inverse of the ratio of Garcia, Leuthold and Zapata \
                 (1986), Lead-lag relationships between trading volume and price variability",
            ),
            [OPEN_INTEREST, ("volume", "Traded contracts")],
            ratio,
        ),
        of_two(
            scalar(
                "estimated_leverage_ratio",
                "Open interest of an exchange over its reserve of the coin",
            )
            .with_source("open_interest / reserve, CryptoQuant's estimated leverage ratio"),
            [
                ("open_interest", "Open interest, in coins"),
                ("reserve", "Coins that the exchange holds"),
            ],
            ratio,
        ),
    ]
}

fn annualized_basis() -> Function {
    let mut params = series(&[
        FUTURES,
        ("spot_price", "Price for delivery now"),
        ("days", "Days until the future expires, above 0"),
    ]);
    params.push(number("year", 365.0, 1.0, 366.0, "Days in a year"));
    let spec = scalar(
        "annualized_basis",
        "Simple yearly yield of buying spot and selling the future, as a fraction",
    )
    .with_params(params)
    .with_source(
        "(futures_price / spot_price - 1) year / days: the implied repo rate without coupons, \
         Hull, Options, Futures, and Other Derivatives, ch. 5",
    );
    rowwise(with_example(spec, 5, &[]), 3, |args| {
        let year = args.number("year")?;
        Ok(move |row: &[f64], out: &mut [f64]| {
            if let ([future, spot, days, ..], [slot, ..]) = (row, out) {
                *slot = ratio(future - spot, *spot) * ratio(year, *days);
            }
        })
    })
}

fn funding_implied_apr() -> Function {
    let mut params = series(&[("funding_rate", "Rate of one funding interval, a fraction")]);
    params.push(number(
        "intervals",
        1095.0,
        1.0,
        1e6,
        "Funding intervals in a year; 1095 for every 8 hours",
    ));
    let spec = scalar(
        "funding_implied_apr",
        "Funding rate of a perpetual swap as a simple yearly rate, a fraction",
    )
    .with_params(params)
    .with_source("funding_rate intervals; positive where longs pay shorts");
    rowwise(with_example(spec, 5, &[]), 1, |args| {
        let intervals = args.number("intervals")?;
        Ok(move |row: &[f64], out: &mut [f64]| {
            if let ([rate, ..], [slot, ..]) = (row, out) {
                *slot = rate * intervals;
            }
        })
    })
}

fn funding_rate_zscore() -> Function {
    let mut params = series(&[("funding_rate", "Rate of one funding interval, a fraction")]);
    params.push(period_from(
        "period",
        2,
        90,
        "Rows of mean and deviation, this one included",
    ));
    let spec = window(
        "funding_rate_zscore",
        "Funding rate less its mean over its standard deviation, both over the last rows",
    )
    .with_params(params)
    .with_lookback("period - 1")
    .with_source(
        "(x - mean) / stddev with the population deviation (ddof 0); NULL where all rows are equal",
    );
    rolling(with_example(spec, 8, &[("period", "4")]), |args| {
        let formula = |columns: &[&[f64]]| zscore(columns.first().copied().unwrap_or_default());
        Ok((args.count("period")?, formula))
    })
}

/// Deviations are taken from the newest value, so that equal values have exactly none.
fn zscore(values: &[f64]) -> f64 {
    let Some(newest) = values.last() else {
        return f64::NAN;
    };
    let n = values.len() as f64;
    let mean = values.iter().map(|v| v - newest).sum::<f64>() / n;
    let squares = values.iter().map(|v| (v - newest - mean).powi(2));
    ratio(-mean, (squares.sum::<f64>() / n).sqrt())
}

fn oi_price_divergence() -> Function {
    let mut params = series(&[OPEN_INTEREST, ("price", "Price of the contract")]);
    params.push(period(
        "period",
        14,
        "Distance of the two rows that are compared",
    ));
    let spec = window(
        "oi_price_divergence",
        "Relative change of open interest less relative change of price, as a fraction",
    )
    .with_params(params)
    .with_lookback("period")
    .with_source(
        "(oi(t) / oi(t - n) - 1) - (p(t) / p(t - n) - 1): above 0 positions grow faster than the \
         price; NULL where open interest or price was not above 0",
    );
    rolling(with_example(spec, 8, &[("period", "3")]), |args| {
        let growth = |column: &[f64]| match column {
            [before, .., now] => ratio(now - before, *before),
            _ => f64::NAN,
        };
        let formula = move |columns: &[&[f64]]| match columns {
            [interest, prices] => growth(interest) - growth(prices),
            _ => f64::NAN,
        };
        Ok((args.count("period")? + 1, formula))
    })
}

fn oi_weighted_price() -> Function {
    let spec = window(
        "oi_weighted_price",
        "Mean price since the first row, weighted by open interest",
    )
    .with_params(series(&[("price", "Price of the contract"), OPEN_INTEREST]))
    .with_stability(Stability::PathDependent)
    .with_source(
        "sum(price open_interest) / sum(open_interest); a row with negative open interest is \
         missing; NULL before any open interest",
    );
    running(
        with_example(spec, 5, &[]),
        |_| Ok((0.0, 0.0)),
        |(weighted, weight): &mut (f64, f64), row, out| {
            if let ([price, interest, ..], [slot, ..]) = (row, out)
                && *interest >= 0.0
            {
                *weighted += price * interest;
                *weight += interest;
                *slot = ratio(*weighted, *weight);
            }
        },
    )
}

fn liquidation_features() -> Function {
    let spec = scalar(
        "liquidation_features",
        "Net, total and one-sidedness of what was liquidated, in the units of the inputs",
    )
    .with_params(series(&[
        (
            "long_liquidation",
            "Long positions closed by force, not negative",
        ),
        (
            "short_liquidation",
            "Short positions closed by force, not negative",
        ),
    ]))
    .with_output(floats(&[
        ("net", "Longs less shorts"),
        ("total", "Longs and shorts"),
        (
            "imbalance",
            "net / total, from -1 to 1; NULL where nothing was liquidated",
        ),
    ]))
    .with_source("long - short, long + short, and their ratio");
    rowwise(with_example(spec, 5, &[]), 2, |_| {
        Ok(|row: &[f64], out: &mut [f64]| {
            if let ([long, short, ..], [net, total, imbalance, ..]) = (row, out) {
                *net = long - short;
                *total = long + short;
                *imbalance = ratio(*net, *total);
            }
        })
    })
}
