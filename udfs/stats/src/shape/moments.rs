//! `skewness`, `excess_kurtosis` and `jarque_bera`: the third and fourth moments.
//!
//! With the central moments m_k of a sample, `g1 = m3 / m2^1.5` and `g2 = m4 / m2^2 - 3`. The
//! defaults are the adjusted G1 and G2 of Joanes and Gill (The Statistician 47 (1998),
//! pp. 183-189), which pandas, DuckDB and spreadsheets print; `biased => true` gives g1 and g2.

use crate::center::{deviations, is_constant};
use crate::distribution::chi_squared_sf;
use crate::params::{flag, float};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::{Function, Output, ParamSpec};

/// Central moments of a sample that varies.
struct Moments {
    n: f64,
    g1: f64,
    g2: f64,
}

impl Moments {
    /// `None` where the values do not vary.
    fn of(values: &[f64]) -> Option<Self> {
        if is_constant(values) {
            return None;
        }
        let n = values.len() as f64;
        let (mut m2, mut m3, mut m4) = (0.0, 0.0, 0.0);
        for d in deviations(values) {
            m2 += d * d / n;
            m3 += d * d * d / n;
            m4 += d * d * d * d / n;
        }
        Some(Self {
            n,
            g1: m3 / m2.powf(1.5),
            g2: m4 / (m2 * m2) - 3.0,
        })
    }

    /// G1; NaN below three values.
    fn adjusted_skewness(&self) -> f64 {
        let n = self.n;
        if n < 3.0 {
            return f64::NAN;
        }
        self.g1 * (n * (n - 1.0)).sqrt() / (n - 2.0)
    }

    /// G2; NaN below four values.
    fn adjusted_kurtosis(&self) -> f64 {
        let n = self.n;
        if n < 4.0 {
            return f64::NAN;
        }
        (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * self.g2 + 6.0)
    }
}

struct Skewness {
    biased: bool,
}

impl Statistic for Skewness {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        if let Some(moments) = columns.first().and_then(|x| Moments::of(x)) {
            let adjusted = moments.adjusted_skewness();
            fill(out, [if self.biased { moments.g1 } else { adjusted }]);
        }
    }
}

struct ExcessKurtosis {
    biased: bool,
}

impl Statistic for ExcessKurtosis {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        if let Some(moments) = columns.first().and_then(|x| Moments::of(x)) {
            let adjusted = moments.adjusted_kurtosis();
            fill(out, [if self.biased { moments.g2 } else { adjusted }]);
        }
    }
}

struct JarqueBera;

impl Statistic for JarqueBera {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        if let Some(Moments { n, g1, g2 }) = columns.first().and_then(|x| Moments::of(x)) {
            let statistic = n / 6.0 * (g1 * g1 + g2 * g2 / 4.0);
            fill(out, [statistic, chi_squared_sf(statistic, 2), g1, g2]);
        }
    }
}

fn biased() -> ParamSpec {
    flag(
        "biased",
        false,
        "true for the plain moment ratio of the sample, false for the estimate adjusted for its size",
    )
}

pub(crate) fn skewness() -> Vec<Function> {
    Sample {
        options: vec![biased()],
        source: "Joanes and Gill 1998; scipy.stats.skew, pandas skew",
        ..Sample::of_one(
            "skewness",
            "Skewness: third moment over the cube of the standard deviation, 0 for a symmetric sample; NULL without dispersion",
            |args| Ok(Box::new(Skewness { biased: args.flag("biased")? })),
        )
    }
    .functions()
}

pub(crate) fn excess_kurtosis() -> Vec<Function> {
    Sample {
        rolling_aliases: &["rolling_kurtosis"],
        options: vec![biased()],
        source: "Joanes and Gill 1998; scipy.stats.kurtosis, pandas kurt",
        ..Sample::of_one(
            "excess_kurtosis",
            "Kurtosis less 3: fourth moment over the squared variance, 0 for a normal distribution; NULL without dispersion",
            |args| Ok(Box::new(ExcessKurtosis { biased: args.flag("biased")? })),
        )
    }
    .functions()
}

pub(crate) fn jarque_bera() -> Vec<Function> {
    Sample {
        output: Output::Struct(vec![
            float("statistic", "n / 6 * (skewness^2 + kurtosis^2 / 4)"),
            float("p_value", "probability of a statistic at least as large from normal values"),
            float("skewness", "plain moment ratio"),
            float("kurtosis", "plain moment ratio less 3"),
        ]),
        source: "Jarque and Bera 1987; statsmodels jarque_bera",
        ..Sample::of_one(
            "jarque_bera",
            "Test for normal values from skewness and kurtosis; a small p_value speaks against them",
            |_| Ok(Box::new(JarqueBera)),
        )
    }
    .functions()
}
