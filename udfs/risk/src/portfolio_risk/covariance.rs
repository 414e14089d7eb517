//! Covariance matrices of returns: plain, exponentially weighted, and shrunk.
//!
//! With few rows for many assets the sample covariance is mostly noise, and an optimiser trades
//! on the noise. Shrinkage mixes it with a target that has few parameters; the mixing weight
//! follows from the data.
//!
//! Every function takes one slice per asset, all of the same length and without missing values
//! (complete rows); what hangs over the shortest slice is ignored. Without assets the matrix is
//! empty, below two rows its entries are NaN.

/// A square matrix in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Rows and columns.
    pub n: usize,
    /// `n * n` entries, row after row.
    pub data: Vec<f64>,
}

impl Matrix {
    /// The matrix with `entry(i, j)` in row i and column j.
    pub fn from_fn(n: usize, mut entry: impl FnMut(usize, usize) -> f64) -> Self {
        let data = (0..n * n).map(|k| entry(k / n, k % n)).collect();
        Self { n, data }
    }

    /// The symmetric matrix whose lower triangle is `entry(i, j)`, `j <= i`.
    pub fn symmetric(n: usize, mut entry: impl FnMut(usize, usize) -> f64) -> Self {
        let mut matrix = Self::from_fn(n, |_, _| 0.0);
        for i in 0..n {
            for j in 0..=i {
                let value = entry(i, j);
                matrix.data[i * n + j] = value;
                matrix.data[j * n + i] = value;
            }
        }
        matrix
    }

    /// The entry in row i and column j, both below `n`.
    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.data[i * self.n + j]
    }

    /// The i-th row, i below `n`.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.data[i * self.n..(i + 1) * self.n]
    }

    /// The diagonal: variances, where this is a covariance matrix.
    pub fn diagonal(&self) -> Vec<f64> {
        (0..self.n).map(|i| self.get(i, i)).collect()
    }

    /// The product with a vector of `n` entries.
    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        (0..self.n).map(|i| dot(self.row(i), vector)).collect()
    }

    /// The quadratic form `v' M v`: the variance of a portfolio with weights v.
    pub fn quadratic(&self, vector: &[f64]) -> f64 {
        dot(&self.times(vector), vector)
    }

    /// The correlation matrix of a covariance matrix; NaN beside a variance of 0.
    pub fn correlation(&self) -> Self {
        let deviations: Vec<f64> = self.diagonal().iter().map(|v| v.sqrt()).collect();
        Self::symmetric(self.n, |i, j| match (i == j, deviations[i] > 0.0) {
            (true, true) => 1.0,
            _ => ratio(self.get(i, j), deviations[i] * deviations[j]),
        })
    }
}

fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator > 0.0 {
        numerator / denominator
    } else {
        f64::NAN
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// What a sample covariance is shrunk towards, and how strongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Every variance is the mean variance and nothing is correlated; intensity by Ledoit and
    /// Wolf, Journal of Multivariate Analysis 88 (2004), pp. 365-411.
    ConstantVariance,
    /// The sample variances with the mean correlation between all pairs; intensity by Ledoit and
    /// Wolf, "Honey, I Shrunk the Sample Covariance Matrix", Journal of Portfolio Management 30
    /// (2004), pp. 110-119.
    ConstantCorrelation,
    /// As `ConstantVariance`, with the intensity that is best for normal data: Chen, Wiesel, Eldar
    /// and Hero, IEEE Transactions on Signal Processing 58 (2010), pp. 5016-5029, as in
    /// scikit-learn.
    OracleApproximating,
}

/// A shrunk covariance matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// `intensity * target + (1 - intensity) * sample`.
    pub covariance: Matrix,
    /// Share of the target, 0 to 1.
    pub intensity: f64,
}

/// The sample covariance with divisor `n_rows - ddof`.
pub fn sample(returns: &[&[f64]], ddof: usize) -> Matrix {
    let centred = centre(returns);
    let divisor = n_rows(returns).saturating_sub(ddof) as f64;
    moments(&centred, divisor)
}

/// The covariance with weights that fall by the factor `lambda` with every row into the past,
/// around a mean of 0: RiskMetrics' estimator (J.P. Morgan 1996; 0.94 for days, 0.97 for months).
/// The weights are scaled to add up to 1.
pub fn ewma(returns: &[&[f64]], lambda: f64) -> Matrix {
    let n = n_rows(returns);
    if n < 2 {
        return Matrix::from_fn(returns.len(), |_, _| f64::NAN);
    }
    let weights = ewma_weights(n, lambda);
    Matrix::symmetric(returns.len(), |i, j| {
        let pairs = returns[i].iter().zip(returns[j]);
        pairs.zip(&weights).map(|((x, y), w)| w * x * y).sum()
    })
}

/// Weights of n rows, oldest first, each `lambda` times the next one, that add up to 1.
pub fn ewma_weights(n: usize, lambda: f64) -> Vec<f64> {
    let mut weights = vec![0.0; n];
    let mut weight = 1.0;
    for slot in weights.iter_mut().rev() {
        *slot = weight;
        weight *= lambda;
    }
    let total: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= total);
    weights
}

/// [`shrink`] towards equal variances without correlation. Divisor n, as in scikit-learn.
pub fn ledoit_wolf(returns: &[&[f64]]) -> Matrix {
    shrink(returns, Target::ConstantVariance).covariance
}

/// [`shrink`] by oracle approximation. Divisor n, as in scikit-learn.
pub fn oas(returns: &[&[f64]]) -> Matrix {
    shrink(returns, Target::OracleApproximating).covariance
}

/// [`shrink`] towards the mean correlation. Divisor n, as in the paper.
pub fn constant_correlation(returns: &[&[f64]]) -> Matrix {
    shrink(returns, Target::ConstantCorrelation).covariance
}

/// The sample covariance (divisor n) mixed with a target.
pub fn shrink(returns: &[&[f64]], target: Target) -> Shrunk {
    let centred = centre(returns);
    let covariance = moments(&centred, n_rows(returns) as f64);
    if covariance.n < 2 || n_rows(returns) < 2 {
        // One asset has no other variance to be drawn to.
        return Shrunk {
            covariance,
            intensity: 0.0,
        };
    }
    let towards = match target {
        Target::ConstantCorrelation => equal_correlation(&covariance),
        Target::ConstantVariance | Target::OracleApproximating => equal_variance(&covariance),
    };
    let intensity = match target {
        Target::ConstantVariance => linear_intensity(&centred, &covariance, &towards),
        Target::ConstantCorrelation => honey_intensity(&centred, &covariance, &towards),
        Target::OracleApproximating => oracle_intensity(&covariance, n_rows(returns)),
    };
    let mixed = towards.data.iter().zip(&covariance.data);
    Shrunk {
        covariance: Matrix {
            n: covariance.n,
            data: mixed
                .map(|(t, s)| intensity * t + (1.0 - intensity) * s)
                .collect(),
        },
        intensity,
    }
}

fn n_rows(returns: &[&[f64]]) -> usize {
    returns.iter().map(|r| r.len()).min().unwrap_or(0)
}

/// Each series less its mean.
fn centre(returns: &[&[f64]]) -> Vec<Vec<f64>> {
    let n = n_rows(returns);
    let centred = returns.iter().map(|series| {
        let series = &series[..n];
        let mean = series.iter().sum::<f64>() / n as f64;
        series.iter().map(|r| r - mean).collect()
    });
    centred.collect()
}

fn moments(centred: &[Vec<f64>], divisor: f64) -> Matrix {
    let is_enough = divisor > 0.0 && centred.iter().all(|c| c.len() > 1);
    Matrix::symmetric(centred.len(), |i, j| match is_enough {
        true => dot(&centred[i], &centred[j]) / divisor,
        false => f64::NAN,
    })
}

fn equal_variance(covariance: &Matrix) -> Matrix {
    let mean = covariance.diagonal().iter().sum::<f64>() / covariance.n as f64;
    Matrix::from_fn(covariance.n, |i, j| if i == j { mean } else { 0.0 })
}

/// The sample variances with one correlation between all pairs. A constant series is correlated
/// with nothing and does not count in the mean.
fn equal_correlation(covariance: &Matrix) -> Matrix {
    let correlation = covariance.correlation();
    let pairs = (0..covariance.n).flat_map(|i| (0..i).map(move |j| (i, j)));
    let known: Vec<f64> = pairs
        .map(|(i, j)| correlation.get(i, j))
        .filter(|c| c.is_finite())
        .collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    Matrix::symmetric(covariance.n, |i, j| match i == j {
        true => covariance.get(i, i),
        false => mean * (covariance.get(i, i) * covariance.get(j, j)).sqrt(),
    })
}

/// The asymptotic variance of one entry of the sample covariance, times the number of rows:
/// `mean((x y - s)^2)`.
fn entry_variance(x: &[f64], y: &[f64], s: f64) -> f64 {
    let squares = x.iter().zip(y).map(|(a, b)| (a * b - s).powi(2));
    squares.sum::<f64>() / x.len() as f64
}

fn squared_distance(a: &Matrix, b: &Matrix) -> f64 {
    a.data
        .iter()
        .zip(&b.data)
        .map(|(x, y)| (x - y).powi(2))
        .sum()
}

/// Noise of the sample covariance per distance to the target, at most 1; nothing to mix where
/// there is no distance.
fn share(noise: f64, distance: f64) -> f64 {
    if distance > 0.0 && noise > 0.0 {
        (noise / distance).min(1.0)
    } else {
        0.0
    }
}

fn total_entry_variance(centred: &[Vec<f64>], covariance: &Matrix) -> f64 {
    let entries = Matrix::symmetric(covariance.n, |i, j| {
        entry_variance(&centred[i], &centred[j], covariance.get(i, j))
    });
    entries.data.iter().sum()
}

fn rows_of(centred: &[Vec<f64>]) -> f64 {
    centred.first().map_or(0, Vec::len) as f64
}

fn linear_intensity(centred: &[Vec<f64>], covariance: &Matrix, target: &Matrix) -> f64 {
    let noise = total_entry_variance(centred, covariance) / rows_of(centred);
    share(noise, squared_distance(covariance, target))
}

/// `(pi - rho) / gamma / n` in the letters of the paper: rho takes out what noise the target
/// shares with the sample, its variances and their covariance with the entries.
fn honey_intensity(centred: &[Vec<f64>], covariance: &Matrix, target: &Matrix) -> f64 {
    let n = covariance.n;
    let pi = total_entry_variance(centred, covariance);
    let own = (0..n).map(|i| entry_variance(&centred[i], &centred[i], covariance.get(i, i)));
    let shared = (0..n)
        .flat_map(|i| (0..n).map(move |j| (i, j)))
        .filter(|(i, j)| i != j && covariance.get(*i, *i) > 0.0)
        .map(|(i, j)| {
            // target = mean correlation * sd_i * sd_j, so this is mean correlation * sd_j / sd_i.
            target.get(i, j) / covariance.get(i, i) * co_noise(centred, covariance, i, j)
        });
    let rho = own.sum::<f64>() + shared.sum::<f64>();
    let noise = (pi - rho) / rows_of(centred);
    share(noise, squared_distance(covariance, target))
}

/// The asymptotic covariance of the i-th variance with the entry (i, j), times the number of rows.
fn co_noise(centred: &[Vec<f64>], covariance: &Matrix, i: usize, j: usize) -> f64 {
    let (variance, entry) = (covariance.get(i, i), covariance.get(i, j));
    let pairs = centred[i].iter().zip(&centred[j]);
    let sum: f64 = pairs
        .map(|(x, y)| (x * x - variance) * (x * y - entry))
        .sum();
    sum / rows_of(centred)
}

fn oracle_intensity(covariance: &Matrix, n_rows: usize) -> f64 {
    let n = covariance.n as f64;
    let mean_square = covariance.data.iter().map(|v| v * v).sum::<f64>() / (n * n);
    let mean_variance = covariance.diagonal().iter().sum::<f64>() / n;
    let squared = mean_variance * mean_variance;
    let denominator = (n_rows as f64 + 1.0) * (mean_square - squared / n);
    if denominator > 0.0 {
        ((mean_square + squared) / denominator).min(1.0)
    } else {
        1.0
    }
}
