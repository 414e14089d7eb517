//! `ts_rank`, `ts_median`, `ts_quantile`: a window in the order of its values.

use crate::arguments::{Window, flag};
use crate::describe::Rolling;
use crate::kernel::over_window;
use crate::sorted::SortedWindow;
use quantlake_core::{Function, ParamKind, ParamSpec};

/// Up to this many rows, comparing all of them is faster than keeping them sorted.
const SHORT: usize = 64;

/// Ranks of the newest rows among their windows, 1 for the smallest; ties share the mean of the
/// ranks that they take. With `as_fraction` the rank is divided by the number of rows.
pub fn rolling_rank(x: &[f64], window: Window, as_fraction: bool, out: &mut [f64]) {
    let rank = |below: usize, up_to: usize, n: usize| {
        let rank = (below + up_to + 1) as f64 / 2.0;
        if as_fraction { rank / n as f64 } else { rank }
    };
    if window.period <= SHORT {
        for (t, slot) in out.iter_mut().enumerate().skip(window.min_periods - 1) {
            let rows = &x[(t + 1).saturating_sub(window.period)..=t];
            let count = |n: usize, is_true: bool| n + usize::from(is_true);
            let below = rows.iter().fold(0, |n, v| count(n, *v < x[t]));
            let up_to = rows.iter().fold(0, |n, v| count(n, *v <= x[t]));
            *slot = rank(below, up_to, rows.len());
        }
        return;
    }
    over_sorted(x, window, out, |rows, newest| {
        rank(rows.n_below(newest), rows.n_up_to(newest), rows.len())
    });
}

/// Quantiles of windows, in the unit of `x`: `q` of 0 is the minimum, 1 the maximum; between two
/// rows it is interpolated linearly.
pub fn rolling_quantile(x: &[f64], window: Window, q: f64, out: &mut [f64]) {
    over_sorted(x, window, out, |rows, _| {
        let place = q * (rows.len() - 1) as f64;
        let below = place.floor() as usize;
        match (rows.get(below), rows.get(below + 1)) {
            (Some(low), Some(high)) => low + (high - low) * place.fract(),
            (Some(only), None) => only,
            (None, _) => f64::NAN,
        }
    });
}

/// Writes `value(rows in order, newest row)` for each window.
fn over_sorted(
    x: &[f64],
    window: Window,
    out: &mut [f64],
    value: impl Fn(&SortedWindow, f64) -> f64,
) {
    let mut rows = SortedWindow::default();
    for (t, (newest, slot)) in x.iter().zip(out).enumerate() {
        // Adding 0 makes one zero of the two, whichever of them came first.
        let entered = *newest + 0.0;
        match t.checked_sub(window.period) {
            Some(left) => rows.replace(x[left], entered),
            None => rows.insert(entered),
        }
        if t + 1 >= window.min_periods {
            *slot = value(&rows, *newest);
        }
    }
}

pub(crate) fn functions() -> Vec<Function> {
    vec![rank(), median(), quantile()]
}

fn rank() -> Function {
    let description = Rolling {
        more: vec![flag(
            "pct",
            true,
            "Whether the rank is a fraction in (0, 1]; otherwise it is between 1 and the number of rows.",
        )],
        ..Rolling::of_x(
            "ts_rank",
            "Rank of this row among the rows of a window, by default as a fraction in (0, 1]; ties share their mean rank.",
            "average rank of x[t] in the window over its number of rows; pandas rolling.rank(pct=True); ts_rank of Kakushadze, 101 Formulaic Alphas (2016)",
        )
    };
    over_window(description.spec(), |args, window| {
        let as_fraction = args.flag("pct")?;
        Ok(move |x: &[f64], out: &mut [f64]| rolling_rank(x, window, as_fraction, out))
    })
}

fn median() -> Function {
    let description = Rolling::of_x(
        "ts_median",
        "Median of a window, in the unit of `x`.",
        "middle row of the sorted window, or the mean of the middle two; pandas rolling.median",
    );
    over_window(description.spec(), |_, window| {
        Ok(move |x: &[f64], out: &mut [f64]| rolling_quantile(x, window, 0.5, out))
    })
}

fn quantile() -> Function {
    let q = ParamSpec::required(
        "q",
        ParamKind::Number { min: 0.0, max: 1.0 },
        "Which quantile: 0 is the minimum, 0.5 the median, 1 the maximum.",
    );
    let description = Rolling {
        more: vec![q],
        example: "4, 0.25",
        ..Rolling::of_x(
            "ts_quantile",
            "Quantile of a window, in the unit of `x`, interpolated linearly between two rows.",
            "value at position q (n - 1) of the sorted window; pandas rolling.quantile(interpolation='linear'); type 7 of Hyndman and Fan (1996)",
        )
    };
    over_window(description.spec(), |args, window| {
        let q = args.number("q")?;
        Ok(move |x: &[f64], out: &mut [f64]| rolling_quantile(x, window, q, out))
    })
}
