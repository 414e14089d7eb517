//! What the resting orders say.

use super::{BASIS_POINTS, scalar, window};
use crate::binding::{rolling, rowwise};
use crate::describe::{series, with_example};
use quantlake_core::{Function, ParamKind, ParamSpec, ParamValue};
use quantlake_indicators::machine::{number, period};

/// The deepest level of a book that functions take.
const N_LEVELS: usize = 5;

const BEST: [(&str, &str); 4] = [
    ("bid_price", "Best bid"),
    ("bid_size", "Size at the best bid"),
    ("ask_price", "Best ask"),
    ("ask_size", "Size at the best ask"),
];

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    vec![
        mid_quote(),
        quoted_spread(),
        microprice(),
        imbalance(),
        imbalance_depth(),
        depth_slope(),
        order_flow_imbalance(),
    ]
}

fn mid_quote() -> Function {
    let spec = scalar("mid_quote", "Middle between best bid and best ask, a price")
        .with_params(series(&[BEST[0], BEST[2]]))
        .with_source("(bid_price + ask_price) / 2");
    rowwise(with_example(spec, 5, &[]), 2, |_| {
        Ok(|row: &[f64], out: &mut [f64]| {
            if let ([bid, ask, ..], [slot, ..]) = (row, out) {
                *slot = f64::midpoint(*bid, *ask);
            }
        })
    })
}

fn quoted_spread() -> Function {
    let spec = scalar(
        "quoted_spread",
        "Distance between best bid and best ask, in basis points of their middle",
    )
    .with_params(series(&[BEST[0], BEST[2]]))
    .with_source("10000 (ask_price - bid_price) / mid; NULL where the mid is not above 0");
    rowwise(with_example(spec, 5, &[]), 2, |_| {
        Ok(|row: &[f64], out: &mut [f64]| {
            if let ([bid, ask, ..], [slot, ..]) = (row, out) {
                let mid = f64::midpoint(*bid, *ask);
                *slot = positive(mid).map_or(f64::NAN, |mid| BASIS_POINTS * (ask - bid) / mid);
            }
        })
    })
}

fn positive(value: f64) -> Option<f64> {
    (value > 0.0).then_some(value)
}

fn microprice() -> Function {
    let spec = scalar(
        "microprice",
        "Best bid and ask weighted by the size on the other side, a price that leans to the \
         thinner side",
    )
    .with_params(series(&BEST))
    .with_source(
        "(bid_price ask_size + ask_price bid_size) / (bid_size + ask_size): the weighted mid of \
         Gatheral and Oomen (2010), Zero-intelligence realized variance estimation; NULL without \
         size",
    );
    rowwise(with_example(spec, 5, &[]), 4, |_| {
        Ok(|row: &[f64], out: &mut [f64]| {
            if let ([bid, bid_size, ask, ask_size, ..], [slot, ..]) = (row, out)
                && let Some(total) = positive(bid_size + ask_size)
            {
                *slot = (bid * ask_size + ask * bid_size) / total;
            }
        })
    })
}

fn imbalance() -> Function {
    let spec = scalar(
        "order_book_imbalance",
        "Bid size less ask size over their sum, from -1 to 1; of the best level, or of sums over \
         levels",
    )
    .with_params(series(&[
        ("bid_size", "Size on the bid side"),
        ("ask_size", "Size on the ask side"),
    ]))
    .with_source(
        "(bid_size - ask_size) / (bid_size + ask_size), Cartea, Jaimungal and Penalva (2015), \
         Algorithmic and High-Frequency Trading, ch. 12; NULL without size",
    );
    rowwise(with_example(spec, 5, &[]), 2, |_| {
        Ok(|row: &[f64], out: &mut [f64]| {
            if let ([bid, ask, ..], [slot, ..]) = (row, out)
                && let Some(total) = positive(bid + ask)
            {
                *slot = (bid - ask) / total;
            }
        })
    })
}

/// The columns of a book, level by level; levels after the first `n_required` may be left out.
fn levels(n_required: usize, columns: &[(&str, &str)]) -> Vec<ParamSpec> {
    let mut params = Vec::new();
    for level in 1..=N_LEVELS {
        for (column, what) in columns {
            let (name, doc) = (
                format!("{column}_{level}"),
                format!("{what} at level {level}"),
            );
            params.push(match level <= n_required {
                true => ParamSpec::series(&name, &doc),
                false => ParamSpec::optional(&name, ParamKind::Series, ParamValue::Null, &doc),
            });
        }
    }
    params
}

fn imbalance_depth() -> Function {
    let mut params = levels(1, &[("bid_size", "Bid size"), ("ask_size", "Ask size")]);
    params.push(number(
        "decay",
        1.0,
        0.0,
        1.0,
        "Weight of a level relative to the one before it",
    ));
    let spec = scalar(
        "order_book_imbalance_depth",
        "Bid size less ask size over their sum across up to five levels, from -1 to 1",
    )
    .with_params(params)
    .with_source(
        "sum(decay^(k-1) (bid_k - ask_k)) / sum(decay^(k-1) (bid_k + ask_k)) over the levels k \
         that are known on both sides; NULL without size",
    );
    let spec = with_example(spec, 5, &[("decay", "0.5")]);
    rowwise(spec, 2, |args| {
        let decay = args.number("decay")?;
        Ok(move |row: &[f64], out: &mut [f64]| {
            if let [slot, ..] = out {
                *slot = weighted_imbalance(row, decay);
            }
        })
    })
}

fn weighted_imbalance(row: &[f64], decay: f64) -> f64 {
    let (mut net, mut total, mut weight) = (0.0, 0.0, 1.0);
    for level in row.chunks_exact(2) {
        if let [bid, ask] = level
            && bid.is_finite()
            && ask.is_finite()
        {
            net += weight * (bid - ask);
            total += weight * (bid + ask);
        }
        weight *= decay;
    }
    positive(total).map_or(f64::NAN, |total| net / total)
}

fn depth_slope() -> Function {
    let spec = scalar(
        "depth_slope",
        "Size that the book gains per unit of price away from the mid, mean of both sides; from \
         two to five levels",
    )
    .with_params(levels(
        2,
        &[
            ("bid_price", "Bid"),
            ("bid_size", "Bid size"),
            ("ask_price", "Ask"),
            ("ask_size", "Ask size"),
        ],
    ))
    .with_source(
        "Least-squares slope of cumulative size on the distance from the mid, per side, after \
         Naes and Skjeltorp (2006), Order book characteristics and the volume-volatility relation; \
         NULL where all levels of a side have one price",
    );
    rowwise(with_example(spec, 5, &[]), 8, |_| {
        Ok(|row: &[f64], out: &mut [f64]| {
            if let ([bid, _, ask, ..], [slot, ..]) = (row, out) {
                let mid = f64::midpoint(*bid, *ask);
                let side = |first: usize| {
                    let known = row.chunks_exact(4).filter_map(move |level| {
                        let (price, size) = (*level.get(first)?, *level.get(first + 1)?);
                        (price.is_finite() && size.is_finite()).then_some((price - mid, size))
                    });
                    cumulative_slope(known)
                };
                *slot = f64::midpoint(side(0), side(2));
            }
        })
    })
}

/// The slope of the running sum of sizes over the distances; NaN where the distances are all one.
fn cumulative_slope(levels: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let n = levels.clone().count() as f64;
    let mean = levels.clone().map(|(x, _)| x.abs()).sum::<f64>() / n;
    let (mut cumulative, mut sxy, mut sxx) = (0.0, 0.0, 0.0);
    for (x, size) in levels {
        cumulative += size;
        let deviation = x.abs() - mean;
        sxy += deviation * cumulative;
        sxx += deviation * deviation;
    }
    if sxx > 0.0 { sxy / sxx } else { f64::NAN }
}

fn order_flow_imbalance() -> Function {
    let mut params = series(&BEST);
    params.push(period(
        "period",
        10,
        "Changes of the quote in the sum, in rows",
    ));
    let spec = window(
        "order_flow_imbalance",
        "Size added at the best bid and taken from the best ask, less the opposite, summed over \
         the last rows",
    )
    .with_params(params)
    .with_lookback("period")
    .with_source(
        "Cont, Kukanov and Stoikov (2014), The price impact of order book events: each row adds \
         b 1{B >= B'} - b' 1{B <= B'} - a 1{A <= A'} + a' 1{A >= A'} with prices A, B, sizes a, \
         b, and ' for the row before",
    );
    rolling(with_example(spec, 8, &[("period", "3")]), |args| {
        let formula = |columns: &[&[f64]]| match columns {
            [bid, bid_size, ask, ask_size] => {
                side_flow(bid, bid_size, f64::ge) - side_flow(ask, ask_size, f64::le)
            }
            _ => f64::NAN,
        };
        Ok((args.count("period")? + 1, formula))
    })
}

/// Size that came to one side of the book: `holds` is what a price does that stays or improves.
fn side_flow(prices: &[f64], sizes: &[f64], holds: impl Fn(&f64, &f64) -> bool) -> f64 {
    let rows = prices.windows(2).zip(sizes.windows(2));
    rows.map(|(price, size)| match (price, size) {
        ([before, now], [size_before, size_now]) => {
            let came = if holds(now, before) { *size_now } else { 0.0 };
            let left = if holds(before, now) {
                *size_before
            } else {
                0.0
            };
            came - left
        }
        _ => f64::NAN,
    })
    .sum()
}
