//! Who trades, and how much.

use super::{SIDE, SIZE, scalar, sign, window};
use crate::binding::{Memory, rolling, rowwise, running};
use crate::describe::{series, whole, with_example};
use quantlake_core::{Function, Output, OutputType, ParamKind, ParamSpec, Stability};
use quantlake_indicators::machine::wickra_core::{Side, Trade, Vpin};
use quantlake_indicators::machine::{one, over_rows, period};

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    vec![
        trade_sign(),
        lee_ready(),
        signed_volume(),
        cumulative_volume_delta(),
        trade_imbalance(),
        trade_sign_autocorrelation(),
        vpin(),
    ]
}

/// What a guess of the side needs to remember.
#[derive(Debug, Clone, Copy)]
struct TickRule {
    price: f64,
    sign: f64,
}

impl Memory for TickRule {}

impl TickRule {
    const START: Self = Self {
        price: f64::NAN,
        sign: f64::NAN,
    };

    /// The direction of the last change of price.
    fn next(&mut self, price: f64) -> f64 {
        if price > self.price {
            self.sign = 1.0;
        } else if price < self.price {
            self.sign = -1.0;
        }
        self.price = price;
        self.sign
    }
}

fn trade_sign() -> Function {
    let spec = window(
        "trade_sign",
        "Who began a trade by the tick rule: 1 a buyer after a rise, -1 a seller after a fall, of \
         an unchanged price as before",
    )
    .with_params(series(&[("price", "Price of the trade")]))
    .with_output(Output::Value(OutputType::Integer))
    .with_lookback("rows since the last change of price")
    .with_stability(Stability::PathDependent)
    .with_source(
        "Lee and Ready (1991), Inferring trade direction from intraday data, tick test; NULL up \
         to the first change of price",
    );
    running(
        with_example(spec, 8, &[]),
        |_| Ok(TickRule::START),
        |rule, row, out| {
            if let ([price, ..], [slot, ..]) = (row, out) {
                *slot = rule.next(*price);
            }
        },
    )
}

fn lee_ready() -> Function {
    let spec = window(
        "lee_ready",
        "Who began a trade by its price against the mid: 1 above, -1 below, at the mid the tick \
         rule decides",
    )
    .with_params(series(&[
        ("price", "Price of the trade"),
        ("mid", "Middle between bid and ask just before the trade"),
    ]))
    .with_output(Output::Value(OutputType::Integer))
    .with_lookback("rows since the last change of price")
    .with_stability(Stability::PathDependent)
    .with_source(
        "Lee and Ready (1991), Inferring trade direction from intraday data; at the mid NULL up \
         to the first change of price",
    );
    running(
        with_example(spec, 8, &[]),
        |_| Ok(TickRule::START),
        |rule, row, out| {
            if let ([price, mid, ..], [slot, ..]) = (row, out) {
                let tick = rule.next(*price);
                let quote = sign(price - mid);
                *slot = if quote.is_nan() { tick } else { quote };
            }
        },
    )
}

fn signed_volume() -> Function {
    let spec = scalar(
        "signed_volume",
        "Traded units, positive for a buyer and negative for a seller",
    )
    .with_params(series(&[SIZE, SIDE]))
    .with_source("size times the sign of side; NULL where the side is unknown");
    rowwise(with_example(spec, 5, &[]), 2, |_| {
        Ok(|row: &[f64], out: &mut [f64]| {
            if let ([size, side, ..], [slot, ..]) = (row, out) {
                *slot = size * sign(*side);
            }
        })
    })
}

fn cumulative_volume_delta() -> Function {
    let spec = window(
        "cumulative_volume_delta",
        "Units bought less units sold since the first row, by who began the trade",
    )
    .with_params(series(&[SIZE, SIDE]))
    .with_stability(Stability::PathDependent)
    .with_source(
        "sum(size sign(side)); a row of unknown side is NULL and adds nothing. \
         `session_volume_delta` starts again with each session",
    );
    running(
        with_example(spec, 5, &[]),
        |_| Ok(0.0),
        |sum: &mut f64, row, out| {
            if let ([size, side, ..], [slot, ..]) = (row, out)
                && *side != 0.0
            {
                *sum += size * sign(*side);
                *slot = *sum;
            }
        },
    )
}

fn trade_imbalance() -> Function {
    let mut params = series(&[SIZE, SIDE]);
    params.push(period("period", 20, "Trades in the window"));
    let spec = window(
        "trade_imbalance",
        "Units bought less units sold over all units of the last trades, from -1 to 1",
    )
    .with_params(params)
    .with_lookback("period - 1")
    .with_source(
        "(B - S) / (B + S) with the volumes B and S that buyers and sellers began; a trade of \
         unknown side counts as volume of neither; NULL without volume",
    );
    rolling(with_example(spec, 8, &[("period", "4")]), |args| {
        let formula = |columns: &[&[f64]]| match columns {
            [sizes, sides] => {
                let signed = sizes.iter().zip(*sides).filter(|(_, side)| **side != 0.0);
                let (net, total) = signed.fold((0.0, 0.0), |(net, total), (size, side)| {
                    (net + size * sign(*side), total + size)
                });
                if total > 0.0 { net / total } else { f64::NAN }
            }
            _ => f64::NAN,
        };
        Ok((args.count("period")?, formula))
    })
}

fn trade_sign_autocorrelation() -> Function {
    let mut params = series(&[SIDE]);
    params.push(period(
        "period",
        20,
        "Trades in the window, more than `lag`",
    ));
    params.push(whole(
        "lag",
        1,
        1,
        1000,
        "Distance of the two trades, in rows",
    ));
    let spec = window(
        "trade_sign_autocorrelation",
        "Mean product of the sides of two trades, from -1 (they alternate) to 1 (they repeat)",
    )
    .with_params(params)
    .with_lookback("period - 1")
    .with_source(
        "Mean of s(t) s(t - lag) over the last `period` trades, the sign persistence of Lillo and \
         Farmer (2004), The long memory of the efficient market; an unknown side counts as 0; \
         NULL where the window is not longer than the lag",
    );
    let spec = with_example(spec, 8, &[("period", "5")]);
    rolling(spec, |args| {
        let lag = args.count("lag")?;
        let formula = move |columns: &[&[f64]]| {
            let sides = columns.first().copied().unwrap_or_default();
            let later = sides.get(lag..).unwrap_or_default();
            let sum: f64 = later
                .iter()
                .zip(sides)
                .filter(|(now, before)| **now != 0.0 && **before != 0.0)
                .map(|(now, before)| sign(*now) * sign(*before))
                .sum();
            match later.len() {
                0 => f64::NAN,
                n => sum / n as f64,
            }
        };
        Ok((args.count("period")?, formula))
    })
}

fn vpin() -> Function {
    let mut params = series(&[SIZE, SIDE]);
    let volume = ParamKind::Number {
        min: 1e-9,
        max: 1e15,
    };
    params.push(ParamSpec::required(
        "bucket_volume",
        volume,
        "Units in a bucket; a fiftieth of a day's volume is usual",
    ));
    params.push(period("buckets", 50, "Buckets in the mean"));
    let spec = window(
        "vpin",
        "Share of one-sided volume in the last buckets of equal volume, from 0 to 1: how toxic \
         the flow is",
    )
    .with_params(params)
    .with_lookback("rows of the last `buckets` full buckets of volume")
    .with_stability(Stability::PathDependent)
    .with_source(
        "sum(|B - S|) / (buckets bucket_volume), Easley, Lopez de Prado and O'Hara (2012), Flow \
         toxicity and liquidity in a high-frequency world, with the sides given instead of \
         guessed in bulk; a trade that overflows a bucket is split; crate wickra-core",
    );
    let given = [("bucket_volume", "10"), ("buckets", "2")];
    over_rows(
        with_example(spec, 10, &given),
        |row| match row {
            // The machine reads no price, only checks that there is one.
            [size, side, .., n] => match sign(*side) {
                s if s > 0.0 => Trade::new(1.0, *size, Side::Buy, *n as i64).ok(),
                s if s < 0.0 => Trade::new(1.0, *size, Side::Sell, *n as i64).ok(),
                _ => None,
            },
            _ => None,
        },
        |args| {
            Ok(Vpin::new(
                args.number("bucket_volume")?,
                args.count("buckets")?,
            ))
        },
        one,
    )
}
