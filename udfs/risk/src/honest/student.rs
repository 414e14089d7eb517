//! Student's t distribution: density, probabilities and quantiles.

use std::f64::consts::PI;

/// Density of Student's t distribution.
pub fn density(t: f64, degrees: f64) -> f64 {
    let constant = libm::lgamma((degrees + 1.0) / 2.0)
        - libm::lgamma(degrees / 2.0)
        - 0.5 * (degrees * PI).ln();
    (constant - (degrees + 1.0) / 2.0 * (t * t / degrees).ln_1p()).exp()
}

/// Probability that a t variable is at most `t`.
pub fn probability(t: f64, degrees: f64) -> f64 {
    let tail = 0.5 * two_sided(t, degrees);
    if t < 0.0 { tail } else { 1.0 - tail }
}

/// Probability that a t variable is farther from 0 than `t`: the p-value of a two-sided test.
pub fn two_sided(t: f64, degrees: f64) -> f64 {
    let square = t * t;
    let (inside, outside) = (square / (degrees + square), degrees / (degrees + square));
    incomplete_beta(outside, inside, degrees / 2.0, 0.5)
}

/// The value that a t variable stays below with probability `p`.
pub fn quantile(p: f64, degrees: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.5 {
        return 0.0;
    }
    let tail = p.min(1.0 - p);
    if tail == 0.0 {
        return f64::INFINITY.copysign(p - 0.5);
    }
    distance(tail, degrees).copysign(p - 0.5)
}

/// The distance from 0 beyond which lies `tail` on one side: Newton's steps on logarithms, kept
/// inside a bracket.
fn distance(tail: f64, degrees: f64) -> f64 {
    const MAX_STEPS: usize = 200;
    let excess = |t: f64| (0.5 * two_sided(t, degrees)).ln() - tail.ln();
    let (mut low, mut high) = (0.0, 1.0);
    while excess(high) > 0.0 && high < f64::MAX / 4.0 {
        (low, high) = (high, high * 2.0);
    }
    let mut t = 0.5 * (low + high);
    for _ in 0..MAX_STEPS {
        let value = excess(t);
        if value > 0.0 {
            low = t
        } else {
            high = t
        }
        let slope = -density(t, degrees) / (0.5 * two_sided(t, degrees));
        let newton = t - value / slope;
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - t).abs() <= f64::EPSILON * t {
            return next;
        }
        t = next;
    }
    t
}

/// The regularised incomplete beta function `I_x(a, b)` by its continued fraction (Abramowitz and
/// Stegun 26.5.8), evaluated with Lentz's method. `rest` is 1 - x, with the digits that a
/// difference would lose.
fn incomplete_beta(x: f64, rest: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if rest <= 0.0 {
        return 1.0;
    }
    // The fraction converges quickly below this point only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(rest, x, b, a);
    }
    let log_beta = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    let front = (log_beta + a * x.ln() + b * rest.ln()).exp() / a;
    front * beta_fraction(x, a, b)
}

fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const MAX_TERMS: i32 = 10_000;
    const TINY: f64 = 1e-300;
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut sum = d;
    for m in (1..MAX_TERMS).map(f64::from) {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        sum *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        sum *= d * c;
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    sum
}
