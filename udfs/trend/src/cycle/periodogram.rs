//! The dominant cycle by Ehlers' autocorrelation periodogram, and oscillators whose length is it.

use super::FAMILY;
use super::filters::Roof;
use crate::describe::{Describe, spec, whole};
use crate::steps::{Step, Window, increasing, over_steps, wickra_core};
use quantlake_core::{Args, Function, FunctionSpec, Stability};
use quantlake_indicators::machine::Made;
use std::f64::consts::TAU;
use std::sync::Arc;
use wickra_core::{Indicator, SuperSmoother};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        autocorrelation_periodogram(),
        adaptive_rsi(),
        adaptive_stochastic(),
        adaptive_cci(),
    ]
}

/// Values in each of the two series that a correlation compares.
const N_CORRELATED: usize = 3;

/// The longest cycle: a row costs its square.
const MAX_CYCLE: i64 = 256;

fn described(name: &str, summary: &str, source: &str) -> FunctionSpec {
    let constants = vec![
        whole("min_period", 4, MAX_CYCLE, 10, "shortest cycle, in rows"),
        whole(
            "max_period",
            5,
            MAX_CYCLE,
            48,
            "longest cycle, in rows, more than min_period",
        ),
    ];
    spec(name, FAMILY, summary, &["x"], constants).known(
        "max_period + 4",
        Stability::Converging,
        source,
    )
}

fn autocorrelation_periodogram() -> Function {
    let spec = described(
        "autocorrelation_periodogram",
        "Length of the dominant cycle, in rows",
        "John F. Ehlers, Cycle Analytics for Traders (2013), chapter 8: correlations of the last 3 \
         values of the roofing filter (two poles, cutoffs min_period and max_period) with those n \
         rows before; their Fourier power, squared, smoothed by 0.2, over a peak that decays by \
         0.995; the centre of gravity of the periods with at least half of it, or \
         the value before where there is none",
    );
    over_steps(spec, |args| {
        let name = "autocorrelation_periodogram";
        let cycles = Periodogram::new(increasing(name, args, ["min_period", "max_period"])?);
        Ok(cycles.map(|mut cycles| move |[x]: [f64; 1]| Some([cycles.update(x)?])))
    })
}

fn adaptive_rsi() -> Function {
    let spec = described(
        "adaptive_rsi",
        "Ehlers' adaptive RSI: the share of rises in half a dominant cycle of the roofing-filtered \
         price, about 0 to 1",
        "John F. Ehlers, Cycle Analytics for Traders (2013), chapter 11: rises / (rises + falls) of \
         the filter over int(cycle / 2) changes, smoothed by a super smoother with cutoff min_period",
    );
    over_steps(spec, |args| {
        adaptive("adaptive_rsi", args, |filtered, cycle| {
            let n_changes = (cycle / 2.0) as usize;
            let changes = filtered
                .newest_first()
                .zip(filtered.newest_first().skip(1))
                .take(n_changes);
            let (rises, falls) = changes.fold((0.0, 0.0), |(rises, falls), (now, before)| {
                (
                    rises + (now - before).max(0.0),
                    falls + (before - now).max(0.0),
                )
            });
            rises / (rises + falls)
        })
    })
}

fn adaptive_stochastic() -> Function {
    let spec = described(
        "adaptive_stochastic",
        "Ehlers' adaptive stochastic: where the roofing-filtered price stands in the range of a \
         dominant cycle, about 0 to 1",
        "John F. Ehlers, Cycle Analytics for Traders (2013), chapter 11: (filter - lowest) / \
         (highest - lowest) over int(cycle) rows, smoothed by a super smoother with cutoff min_period",
    );
    over_steps(spec, |args| {
        adaptive("adaptive_stochastic", args, |filtered, cycle| {
            let values = filtered.newest_first().take(cycle as usize);
            let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                (low.min(v), high.max(v))
            });
            filtered
                .ago(0)
                .map_or(f64::NAN, |now| (now - low) / (high - low))
        })
    })
}

fn adaptive_cci() -> Function {
    let spec = described(
        "adaptive_cci",
        "Ehlers' adaptive CCI: distance of the roofing-filtered price from its mean over a dominant \
         cycle, in units of 0.015 standard deviations",
        "John F. Ehlers, Cycle Analytics for Traders (2013), chapter 11: (filter - mean) / (0.015 \
         rms) over int(cycle) rows, smoothed by a super smoother with cutoff min_period",
    );
    over_steps(spec, |args| {
        adaptive("adaptive_cci", args, |filtered, cycle| {
            let n = (cycle as usize) as f64;
            let values = || filtered.newest_first().take(cycle as usize);
            let mean = values().sum::<f64>() / n;
            let rms = (values().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
            filtered
                .ago(0)
                .map_or(f64::NAN, |now| (now - mean) / (0.015 * rms))
        })
    })
}

/// A reading of the filtered series, newest value at 0 rows ago, over a cycle of this many rows.
type Reading = fn(&Window, f64) -> f64;

fn adaptive(function: &str, args: &Args, reading: Reading) -> Made<impl Step<1, 1> + use<>> {
    let limits = increasing(function, args, ["min_period", "max_period"])?;
    Ok(adaptive_step(limits, reading))
}

fn adaptive_step(
    [shortest, longest]: [usize; 2],
    reading: Reading,
) -> wickra_core::Result<impl Step<1, 1>> {
    let mut cycles = Periodogram::new([shortest, longest])?;
    let mut smoother = SuperSmoother::new(shortest)?;
    Ok(move |[x]: [f64; 1]| {
        let cycle = cycles.update(x)?;
        // The smoother skips a reading that is not known: a cycle without any move.
        Some([smoother.update(reading(&cycles.filtered, cycle))?])
    })
}

/// The spectrum of the correlations between a filtered series and its past.
#[derive(Debug, Clone)]
struct Periodogram {
    shortest: usize,
    roof: Roof,
    filtered: Window,
    /// Cosine and sine of each lag (inner) at each period (outer).
    waves: Arc<[(f64, f64)]>,
    correlations: Vec<f64>,
    /// Smoothed power of each period.
    powers: Vec<f64>,
    peak: f64,
    /// The last estimate: it stands while no period is strong.
    cycle: Option<f64>,
}

impl Periodogram {
    fn new([shortest, longest]: [usize; 2]) -> wickra_core::Result<Self> {
        let lags = || N_CORRELATED..=longest;
        let waves = (shortest..=longest).flat_map(|period| {
            lags().map(move |lag| {
                let (sine, cosine) = (TAU * lag as f64 / period as f64).sin_cos();
                (cosine, sine)
            })
        });
        Ok(Self {
            shortest,
            roof: Roof::new(shortest, longest, 2)?,
            filtered: Window::new(longest + N_CORRELATED),
            waves: waves.collect(),
            correlations: vec![0.0; lags().count()],
            powers: vec![0.0; longest - shortest + 1],
            peak: 0.0,
            cycle: None,
        })
    }

    fn update(&mut self, x: f64) -> Option<f64> {
        self.filtered.push(self.roof.update(x)?);
        if !self.filtered.is_full() {
            return None;
        }
        self.correlate();
        self.measure();
        self.cycle = self.centre().or(self.cycle);
        self.cycle
    }

    fn correlate(&mut self) {
        let values: Vec<f64> = self.filtered.newest_first().collect();
        let (now, past) = values.split_at(N_CORRELATED);
        // Lags start at N_CORRELATED: nearer ones would compare the newest values with themselves.
        for (slot, before) in self.correlations.iter_mut().zip(past.windows(N_CORRELATED)) {
            *slot = correlation(now, before);
        }
    }

    fn measure(&mut self) {
        self.peak *= 0.995;
        let waves = self.waves.chunks(self.correlations.len());
        for (power, waves) in self.powers.iter_mut().zip(waves) {
            let (mut real, mut imaginary) = (0.0, 0.0);
            for (c, (cosine, sine)) in self.correlations.iter().zip(waves) {
                real += c * cosine;
                imaginary += c * sine;
            }
            let squared: f64 = real * real + imaginary * imaginary;
            *power = 0.2 * squared * squared + 0.8 * *power;
            self.peak = self.peak.max(*power);
        }
    }

    /// The centre of gravity of the strong periods, if there are any.
    fn centre(&self) -> Option<f64> {
        let (mut moment, mut mass) = (0.0, 0.0);
        for (period, power) in (self.shortest..).zip(&self.powers) {
            let share = power / self.peak;
            if share >= 0.5 {
                moment += period as f64 * share;
                mass += share;
            }
        }
        (mass > 0.0).then(|| moment / mass)
    }
}

/// Pearson's correlation; 0 where one of the two does not move.
fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xy += dx * dy;
        xx += dx * dx;
        yy += dy * dy;
    }
    let scale = (xx * yy).sqrt();
    if scale > 0.0 { xy / scale } else { 0.0 }
}
