//! Rolling kernels against windows that are computed one by one, in the plainest way.

use proptest::prelude::*;
use quantlake_alpha::arguments::Window;
use quantlake_alpha::{decay, deviation, extremes, moments, pairs, ranks, sums, trend};

type Run<'a> = dyn Fn(&[f64], Window, &mut [f64]) + 'a;

/// A kernel with the plain formula for one window, NaN where the window has no value.
type Case<'a> = (&'a str, Box<Run<'a>>, Box<dyn Fn(&[f64]) -> f64 + 'a>);

fn mean(w: &[f64]) -> f64 {
    w.iter().sum::<f64>() / w.len() as f64
}

/// Mean of the deviations to a power.
fn moment(w: &[f64], power: i32) -> f64 {
    let center = mean(w);
    w.iter().map(|v| (v - center).powi(power)).sum::<f64>() / w.len() as f64
}

fn variance(w: &[f64]) -> f64 {
    if w.len() < 2 {
        return f64::NAN;
    }
    moment(w, 2) * w.len() as f64 / (w.len() as f64 - 1.0)
}

fn is_flat(w: &[f64]) -> bool {
    w.iter().all(|v| *v == w[0])
}

fn unless_flat(w: &[f64], least: usize, value: impl Fn() -> f64) -> f64 {
    if w.len() < least || is_flat(w) {
        f64::NAN
    } else {
        value()
    }
}

fn newest(w: &[f64]) -> f64 {
    w[w.len() - 1]
}

/// Slope over the times 0, 1, ....
fn slope(w: &[f64]) -> f64 {
    let times: Vec<f64> = (0..w.len()).map(|t| t as f64).collect();
    let (center, middle) = (mean(w), mean(&times));
    let both = w
        .iter()
        .zip(&times)
        .map(|(v, t)| (v - center) * (t - middle));
    both.sum::<f64>() / times.iter().map(|t| (t - middle).powi(2)).sum::<f64>()
}

fn rank(w: &[f64]) -> f64 {
    let below = w.iter().filter(|v| **v < newest(w)).count() as f64;
    let equal = w.iter().filter(|v| **v == newest(w)).count() as f64;
    (below + (equal + 1.0) / 2.0) / w.len() as f64
}

fn quantile(w: &[f64], q: f64) -> f64 {
    let mut sorted = w.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = q * (w.len() - 1) as f64;
    let low = sorted[place.floor() as usize];
    low + (sorted[place.ceil() as usize] - low) * place.fract()
}

fn weighted(w: &[f64], weight: impl Fn(usize) -> f64) -> f64 {
    let total: f64 = (0..w.len()).map(&weight).sum();
    w.iter()
        .enumerate()
        .map(|(i, v)| weight(i) * v)
        .sum::<f64>()
        / total
}

fn position(w: &[f64], is_better: fn(f64, f64) -> bool) -> f64 {
    let mut best = 0;
    for (i, v) in w.iter().enumerate() {
        if is_better(*v, w[best]) {
            best = i;
        }
    }
    (best + 1) as f64
}

fn cases() -> Vec<Case<'static>> {
    vec![
        (
            "sum",
            Box::new(sums::rolling_sum),
            Box::new(|w| w.iter().sum()),
        ),
        ("mean", Box::new(sums::rolling_mean), Box::new(mean)),
        (
            "count",
            Box::new(sums::rolling_count),
            Box::new(|w| w.iter().filter(|v| **v != 0.0).count() as f64),
        ),
        (
            "min",
            Box::new(extremes::rolling_min),
            Box::new(|w| w.iter().copied().fold(f64::INFINITY, f64::min)),
        ),
        (
            "max",
            Box::new(extremes::rolling_max),
            Box::new(|w| w.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        ),
        (
            "argmax",
            Box::new(|x, w, out: &mut [f64]| {
                extremes::rolling_position(x, w, |a, b| a > b, false, out);
            }),
            Box::new(|w| position(w, |a, b| a > b)),
        ),
        (
            "argmin from the newest row",
            Box::new(|x, w, out: &mut [f64]| {
                extremes::rolling_position(x, w, |a, b| a < b, true, out);
            }),
            Box::new(|w| w.len() as f64 - position(w, |a, b| a <= b)),
        ),
        (
            "variance",
            Box::new(|x, w, out: &mut [f64]| moments::rolling_variance(x, w, 1, out)),
            Box::new(variance),
        ),
        (
            "stddev",
            Box::new(|x, w, out: &mut [f64]| moments::rolling_stddev(x, w, 0, out)),
            Box::new(|w| moment(w, 2).sqrt()),
        ),
        (
            "zscore",
            Box::new(|x, w, out: &mut [f64]| moments::rolling_zscore(x, w, 1, out)),
            Box::new(|w| unless_flat(w, 2, || (newest(w) - mean(w)) / variance(w).sqrt())),
        ),
        (
            "skewness",
            Box::new(moments::rolling_skewness),
            Box::new(|w| {
                let n = w.len() as f64;
                let bias = (n * (n - 1.0)).sqrt() / (n - 2.0);
                unless_flat(w, 3, || bias * moment(w, 3) / moment(w, 2).powf(1.5))
            }),
        ),
        (
            "kurtosis",
            Box::new(moments::rolling_kurtosis),
            Box::new(|w| {
                let n = w.len() as f64;
                let ratio = || moment(w, 4) / moment(w, 2).powi(2);
                let corrected = || (n + 1.0) * ratio() - 3.0 * (n - 1.0);
                unless_flat(w, 4, || (n - 1.0) / ((n - 2.0) * (n - 3.0)) * corrected())
            }),
        ),
        (
            "mad",
            Box::new(deviation::rolling_mad),
            Box::new(|w| mean(&w.iter().map(|v| (v - mean(w)).abs()).collect::<Vec<_>>())),
        ),
        (
            "slope",
            Box::new(trend::rolling_slope),
            Box::new(|w| if w.len() < 2 { f64::NAN } else { slope(w) }),
        ),
        (
            "residual",
            Box::new(trend::rolling_residual),
            Box::new(|w| {
                let reach = (w.len() as f64 - 1.0) / 2.0;
                if w.len() < 2 {
                    f64::NAN
                } else {
                    newest(w) - mean(w) - slope(w) * reach
                }
            }),
        ),
        (
            "rank",
            Box::new(|x, w, out: &mut [f64]| ranks::rolling_rank(x, w, true, out)),
            Box::new(rank),
        ),
        (
            "quantile",
            Box::new(|x, w, out: &mut [f64]| ranks::rolling_quantile(x, w, 0.3, out)),
            Box::new(|w| quantile(w, 0.3)),
        ),
        (
            "linear decay",
            Box::new(decay::rolling_linear),
            Box::new(|w| weighted(w, |i| (i + 1) as f64)),
        ),
        (
            "exponential decay",
            Box::new(|x, w, out: &mut [f64]| decay::rolling_exponential(x, w, 0.9, out)),
            Box::new(|w| weighted(w, |i| 0.9_f64.powi((w.len() - 1 - i) as i32))),
        ),
    ]
}

fn run(kernel: &Run, x: &[f64], window: Window) -> Vec<f64> {
    let mut out = vec![f64::NAN; x.len()];
    kernel(x, window, &mut out);
    out
}

fn is_close(got: f64, expected: f64, tolerance: f64) -> bool {
    (got.is_nan() && expected.is_nan())
        || (got - expected).abs() <= tolerance * expected.abs().max(1.0)
}

/// Values with ties, as whole multiples of 1/64, and a window.
fn series() -> impl Strategy<Value = (Vec<f64>, Window)> {
    let values = prop::collection::vec(-300i32..300, 1..260);
    (values, 1usize..90, 0.0..1.0).prop_map(|(values, period, least)| {
        let min_periods = 1 + (least * period as f64) as usize;
        let x = values.iter().map(|v| f64::from(*v) / 64.0).collect();
        (
            x,
            Window {
                period,
                min_periods: min_periods.min(period),
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn each_row_is_what_its_window_gives_alone((x, window) in series()) {
        for (name, kernel, plain) in cases() {
            let got = run(&kernel, &x, window);
            for (t, value) in got.iter().enumerate() {
                let rows = &x[(t + 1).saturating_sub(window.period)..=t];
                let expected = if t + 1 < window.min_periods { f64::NAN } else { plain(rows) };
                prop_assert!(is_close(*value, expected, 1e-9), "{name}, {window:?}, row {t}: {value} for {expected}");
            }
        }
    }

    #[test]
    fn rows_before_the_window_do_not_change_a_bit((x, window) in series()) {
        let full_windows = Window { min_periods: window.period, ..window };
        for (name, kernel, _) in cases() {
            let whole = run(&kernel, &x, full_windows);
            for t in (window.period - 1..x.len()).step_by(7) {
                let alone = run(&kernel, &x[t + 1 - window.period..=t], full_windows);
                let last = alone[window.period - 1];
                prop_assert!(
                    whole[t].to_bits() == last.to_bits() || (whole[t].is_nan() && last.is_nan()),
                    "{name}, {window:?}, row {t}: {} and {last}", whole[t]
                );
            }
        }
    }

    #[test]
    fn a_level_of_a_million_costs_no_digits(steps in prop::collection::vec(-9i32..9, 40..200), period in 4usize..40) {
        // Multiples of 1/4096 are exact beside a million, so the shifted series is the same series.
        let small: Vec<f64> = steps.iter().map(|s| f64::from(*s) / 4096.0).collect();
        let level: Vec<f64> = small.iter().map(|v| 1e6 + v).collect();
        let window = Window { period, min_periods: period };
        let with_level = ["variance", "stddev", "zscore", "skewness", "kurtosis", "mad", "slope", "residual"];
        for (name, kernel, plain) in cases().into_iter().filter(|c| with_level.contains(&c.0)) {
            let got = run(&kernel, &level, window);
            for t in period - 1..small.len() {
                let expected = plain(&small[t + 1 - period..=t]);
                let scale = expected.abs().max(1e-12);
                prop_assert!(
                    (got[t].is_nan() && expected.is_nan()) || (got[t] - expected).abs() <= 1e-9 * scale
                        || (expected.abs() < 1e-12 && got[t].abs() < 1e-12),
                    "{name}, row {t}: {} for {expected}", got[t]
                );
            }
        }
    }

    #[test]
    fn pairs_are_what_their_windows_give_alone((x, window) in series(), seed in 1u32..1000) {
        let y: Vec<f64> = (0..x.len()).map(|t| f64::from((t as u32 * 37 + seed) % 101)).collect();
        let n = x.len();
        let (mut corr, mut cov, mut beta) = (vec![f64::NAN; n], vec![f64::NAN; n], vec![f64::NAN; n]);
        pairs::rolling_corr(&x, &y, window, &mut corr);
        pairs::rolling_cov(&x, &y, window, 1, &mut cov);
        pairs::rolling_beta(&x, &y, window, &mut beta);
        for t in window.min_periods - 1..n {
            let rows = (t + 1).saturating_sub(window.period)..=t;
            let (a, b) = (&x[rows.clone()], &y[rows]);
            if a.len() < 2 {
                continue;
            }
            let products = a.iter().zip(b).map(|(p, q)| (p - mean(a)) * (q - mean(b)));
            let expected = products.sum::<f64>() / (a.len() as f64 - 1.0);
            prop_assert!(is_close(cov[t], expected, 1e-9));
            if !is_flat(a) {
                let deviations = (variance(a) * variance(b)).sqrt();
                prop_assert!(is_close(corr[t], expected / deviations, 1e-9));
            } else {
                prop_assert!(corr[t].is_nan());
            }
            prop_assert!(is_close(beta[t], expected / variance(b), 1e-9));
        }
    }
}
