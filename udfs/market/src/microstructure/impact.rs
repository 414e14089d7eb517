//! How far prices move for what is traded.

use super::{MID, SIDE, SIZE, sign, window};
use crate::binding::rolling;
use crate::describe::{series, with_example};
use quantlake_core::Function;
use quantlake_indicators::machine::{number, period, period_from};

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    vec![kyle_lambda(), amihud_illiquidity(), amivest_liquidity()]
}

fn kyle_lambda() -> Function {
    let mut params = series(&[MID, SIZE, SIDE]);
    params.push(period_from("period", 2, 50, "Trades in the regression"));
    let spec = window(
        "kyle_lambda",
        "Change of the mid per unit of signed volume, by regression over the last trades",
    )
    .with_params(params)
    .with_lookback("period")
    .with_source(
        "Least-squares slope, with intercept, of mid(t) - mid(t - 1) on size sign(side), after \
         Kyle (1985), Continuous auctions and insider trading; an unknown side counts as no \
         volume; NULL where the signed volume does not vary",
    );
    rolling(with_example(spec, 8, &[("period", "4")]), |args| {
        let formula = |columns: &[&[f64]]| match columns {
            [mids, sizes, sides] => {
                let volumes = sizes.iter().zip(*sides).skip(1);
                let signed = volumes.map(|(size, side)| match sign(*side) {
                    s if s.is_nan() => 0.0,
                    s => size * s,
                });
                let changes = mids.windows(2).filter_map(|pair| match pair {
                    [before, now] => Some(now - before),
                    _ => None,
                });
                slope(signed.zip(changes))
            }
            _ => f64::NAN,
        };
        Ok((args.count("period")? + 1, formula))
    })
}

/// The least-squares slope of y on x; NaN where x does not vary.
///
/// Deviations are taken from the first point, so that equal x give exactly no variance.
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let Some((x0, y0)) = points.clone().next() else {
        return f64::NAN;
    };
    let shifted = points.map(|(x, y)| (x - x0, y - y0));
    let n = shifted.clone().count() as f64;
    let (sx, sy) = shifted
        .clone()
        .fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x, sy + y));
    let (mx, my) = (sx / n, sy / n);
    let (sxy, sxx) = shifted.fold((0.0, 0.0), |(sxy, sxx), (x, y)| {
        (sxy + (x - mx) * (y - my), sxx + (x - mx) * (x - mx))
    });
    if sxx > 0.0 { sxy / sxx } else { f64::NAN }
}

const CLOSE: (&str, &str) = ("close", "Last price of the bar, or price of the trade");
const VOLUME: (&str, &str) = ("volume", "Traded units");

/// Absolute simple returns with the value traded at their end.
fn returns<'a>(
    closes: &'a [f64],
    volumes: &'a [f64],
) -> impl Iterator<Item = (f64, f64)> + Clone + 'a {
    let bars = closes.windows(2).zip(volumes.iter().skip(1));
    bars.filter_map(|(pair, volume)| match pair {
        [before, now] if *before > 0.0 && *now > 0.0 => {
            Some(((now / before - 1.0).abs(), now * volume))
        }
        _ => None,
    })
}

/// The mean of what is known.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0u32), |(sum, n), v| (sum + v, n + 1));
    match n {
        0 => f64::NAN,
        n => sum / f64::from(n),
    }
}

fn amihud_illiquidity() -> Function {
    let mut params = series(&[CLOSE, VOLUME]);
    params.push(period("period", 21, "Returns in the mean"));
    params.push(number(
        "multiplier",
        1.0,
        f64::MIN_POSITIVE,
        f64::MAX,
        "Factor on the result; 1000000 is usual for stocks",
    ));
    let spec = window(
        "amihud_illiquidity",
        "Mean absolute return per unit of traded value, over the last rows",
    )
    .with_params(params)
    .with_lookback("period")
    .with_source(
        "mean(|r(t)| / (close(t) volume(t))) with simple returns r, Amihud (2002), Illiquidity and \
         stock returns; rows without volume are left out of the mean; NULL where no row has any",
    );
    rolling(with_example(spec, 8, &[("period", "3")]), |args| {
        let multiplier = args.number("multiplier")?;
        let formula = move |columns: &[&[f64]]| match columns {
            [closes, volumes] => {
                let traded = returns(closes, volumes).filter(|(_, value)| *value > 0.0);
                multiplier * mean(traded.map(|(r, value)| r / value))
            }
            _ => f64::NAN,
        };
        Ok((args.count("period")? + 1, formula))
    })
}

fn amivest_liquidity() -> Function {
    let mut params = series(&[CLOSE, VOLUME]);
    params.push(period("period", 21, "Returns in the mean"));
    let spec = window(
        "amivest_liquidity",
        "Mean traded value per unit of absolute return, over the last rows",
    )
    .with_params(params)
    .with_lookback("period")
    .with_source(
        "mean(close(t) volume(t) / |r(t)|) with simple returns r, rows without a change left out, \
         Goyenko, Holden and Trzcinka (2009), Do liquidity measures measure liquidity?; NULL where \
         nothing changed",
    );
    rolling(with_example(spec, 8, &[("period", "3")]), |args| {
        let formula = |columns: &[&[f64]]| match columns {
            [closes, volumes] => {
                let moved = returns(closes, volumes).filter(|(r, _)| *r > 0.0);
                mean(moved.map(|(r, value)| value / r))
            }
            _ => f64::NAN,
        };
        Ok((args.count("period")? + 1, formula))
    })
}
