//! The session so far: its bar, its weighted mean price, its flow.

use super::{Bar, CLOSE, HIGH, LOW, OPEN, PerSession, VOLUME, anchored_params, is_bar, window};
use crate::binding::by_session;
use crate::describe::{floats, with_example};
use quantlake_core::{Function, FunctionSpec};
use quantlake_indicators::machine::number;

const SINCE_OPEN: &str = "rows since the first of the session, or of the anchor's period";

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    vec![
        session_vwap(),
        session_vwap_bands(),
        session_twap(),
        session_bar(),
        session_high_low(),
        session_range(),
        session_volume_delta(),
    ]
}

fn shown(spec: FunctionSpec) -> FunctionSpec {
    with_example(spec.with_lookback(SINCE_OPEN), 8, &[])
}

/// Mean and spread of prices with weights, one price at a time (West 1979).
#[derive(Debug, Clone, Copy, Default)]
struct Weighted {
    weight: f64,
    mean: f64,
    squares: f64,
}

impl Weighted {
    fn add(&mut self, value: f64, weight: f64) {
        if weight > 0.0 {
            self.weight += weight;
            let delta = value - self.mean;
            self.mean += delta * weight / self.weight;
            self.squares += weight * delta * (value - self.mean);
        }
    }

    fn mean(&self) -> f64 {
        if self.weight > 0.0 {
            self.mean
        } else {
            f64::NAN
        }
    }

    fn deviation(&self) -> f64 {
        (self.squares.max(0.0) / self.weight).sqrt()
    }
}

/// Adds the typical price of a row of high, low, close, volume; `None` where there is no such bar.
fn add_typical(state: &mut Weighted, row: &[f64]) -> Option<()> {
    let [high, low, close, volume, ..] = row else {
        return None;
    };
    if !is_bar(*close, *high, *low, *close) || *volume < 0.0 {
        return None;
    }
    state.add((high + low + close) / 3.0, *volume);
    Some(())
}

fn session_vwap() -> Function {
    let spec = window(
        "session_vwap",
        "Mean price of the session so far weighted by volume, begun anew at each anchor",
    )
    .with_params(anchored_params(&[HIGH, LOW, CLOSE, VOLUME], &[], "utc"))
    .with_source(
        "sum(typical volume) / sum(volume) with typical = (high + low + close) / 3; NULL before \
         the session's first volume",
    );
    by_session(
        shown(spec),
        |_| Ok(PerSession::<Weighted>::default()),
        |session, place, row, out| {
            if let [slot, ..] = out {
                let state = session.at(place);
                *slot = add_typical(state, row).map_or(f64::NAN, |()| state.mean());
            }
        },
    )
}

fn session_vwap_bands() -> Function {
    let multiplier = number(
        "multiplier",
        2.0,
        0.0,
        100.0,
        "Deviations between VWAP and a band",
    );
    let spec = window(
        "session_vwap_bands",
        "VWAP of the session with bands at a multiple of the volume-weighted deviation of price",
    )
    .with_params(anchored_params(
        &[HIGH, LOW, CLOSE, VOLUME],
        &[multiplier],
        "utc",
    ))
    .with_output(floats(&[
        ("vwap", "As `session_vwap`, a price"),
        ("upper", "vwap + multiplier deviation"),
        ("lower", "vwap - multiplier deviation"),
    ]))
    .with_source(
        "Deviation sqrt(sum(v (typical - vwap)^2) / sum(v)) over the session so far, the bands of \
         common charting programs",
    );
    by_session(
        shown(spec),
        |args| {
            Ok((
                args.number("multiplier")?,
                PerSession::<Weighted>::default(),
            ))
        },
        |(multiplier, session), place, row, out| {
            let state = session.at(place);
            if let ([vwap, upper, lower, ..], Some(())) = (out, add_typical(state, row)) {
                let width = *multiplier * state.deviation();
                *vwap = state.mean();
                *upper = *vwap + width;
                *lower = *vwap - width;
            }
        },
    )
}

fn session_twap() -> Function {
    let spec = window(
        "session_twap",
        "Mean price of the session so far, each row alike",
    )
    .with_params(anchored_params(&[CLOSE], &[], "utc"))
    .with_source("Mean of the rows' prices since the session's first row");
    by_session(
        shown(spec),
        |_| Ok(PerSession::<Weighted>::default()),
        |session, place, row, out| {
            if let ([price, ..], [slot, ..]) = (row, out) {
                let state = session.at(place);
                state.add(*price, 1.0);
                *slot = state.mean();
            }
        },
    )
}

fn session_bar() -> Function {
    let spec = window(
        "session_bar",
        "Open, high, low, close and volume of the session so far",
    )
    .with_params(anchored_params(
        &[OPEN, HIGH, LOW, CLOSE, VOLUME],
        &[],
        "utc",
    ))
    .with_output(floats(&[
        ("open", "First price of the session"),
        ("high", "Highest price so far"),
        ("low", "Lowest price so far"),
        ("close", "Last price so far"),
        ("volume", "Traded units so far"),
    ]))
    .with_source("The session's bar as it forms");
    by_session(
        shown(spec),
        |_| Ok(PerSession::<(Option<Bar>, f64)>::default()),
        |session, place, row, out| {
            let [open, high, low, close, volume, ..] = row else {
                return;
            };
            let next = Bar::of(*open, *high, *low, *close).filter(|_| *volume >= 0.0);
            let (bar, traded) = session.at(place);
            if let (Some(next), [o, h, l, c, v, ..]) = (next, out) {
                let so_far = Bar::extend(*bar, next);
                *traded += volume;
                *bar = Some(so_far);
                (*o, *h, *l) = (so_far.open, so_far.high, so_far.low);
                (*c, *v) = (so_far.close, *traded);
            }
        },
    )
}

/// A function of the range of the session so far.
fn of_range(spec: FunctionSpec, emit: fn(Bar, &mut [f64])) -> Function {
    let spec = spec.with_params(anchored_params(&[HIGH, LOW], &[], "utc"));
    by_session(
        shown(spec),
        |_| Ok(PerSession::<Option<Bar>>::default()),
        move |session, place, row, out| {
            if let [high, low, ..] = row
                && let Some(next) = Bar::of_range(*high, *low)
            {
                let bar = session.at(place);
                let so_far = Bar::extend(*bar, next);
                *bar = Some(so_far);
                emit(so_far, out);
            }
        },
    )
}

fn session_high_low() -> Function {
    let spec = window(
        "session_high_low",
        "Highest and lowest price of the session so far",
    )
    .with_output(floats(&[
        ("high", "Highest price so far"),
        ("low", "Lowest price so far"),
    ]))
    .with_source("Running maximum and minimum, begun anew at each anchor");
    of_range(spec, |bar, out| {
        if let [high, low, ..] = out {
            (*high, *low) = (bar.high, bar.low);
        }
    })
}

fn session_range() -> Function {
    let spec = window(
        "session_range",
        "Highest less lowest price of the session so far, in units of price",
    )
    .with_source("Running maximum less running minimum, begun anew at each anchor");
    of_range(spec, |bar, out| {
        if let [slot, ..] = out {
            *slot = bar.high - bar.low;
        }
    })
}

fn session_volume_delta() -> Function {
    let rows = [
        ("size", "Traded units, not negative"),
        (
            "side",
            "Who began the trade: above 0 a buyer, below 0 a seller",
        ),
    ];
    let spec = window(
        "session_volume_delta",
        "Units bought less units sold in the session so far, by who began the trade",
    )
    .with_params(anchored_params(&rows, &[], "utc"))
    .with_source(
        "sum(size sign(side)), begun anew at each anchor; a row of side 0 is NULL and adds \
         nothing",
    );
    by_session(
        shown(spec),
        |_| Ok(PerSession::<f64>::default()),
        |session, place, row, out| {
            if let ([size, side, ..], [slot, ..]) = (row, out)
                && *side != 0.0
            {
                let sum = session.at(place);
                *sum += size * side.signum();
                *slot = *sum;
            }
        },
    )
}
