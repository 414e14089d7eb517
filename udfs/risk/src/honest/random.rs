//! Reproducible random numbers: one stream for each path, so that the number of threads and the
//! order in which paths are computed change nothing.
//!
//! ChaCha with 8 rounds gives the same numbers on every platform and in every version of its
//! crate; normal variables are quantiles of its uniform ones.

use quantlake_core::normal;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The seed where none is given.
pub const DEFAULT_SEED: i64 = 42;

/// The random numbers of one path.
#[derive(Debug)]
pub struct Draws(ChaCha8Rng);

impl Draws {
    /// The numbers of the path with this number.
    pub fn new(seed: u64, path: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(path as u64);
        Self(rng)
    }

    /// A number between 0 and 1, neither of which it reaches: quantiles of it are finite.
    pub fn uniform(&mut self) -> f64 {
        const STEPS: f64 = (1_u64 << 53) as f64;
        ((self.0.next_u64() >> 11) as f64 + 0.5) / STEPS
    }

    /// A whole number below `n`, or 0 where n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        // The high half of the product: for n below 2^32 the bias is less than 2^-32.
        let product = u128::from(self.0.next_u64()) * n as u128;
        (product >> 64) as usize
    }

    /// A standard normal number.
    pub fn normal(&mut self) -> f64 {
        normal::quantile(self.uniform())
    }

    /// A t variable scaled to a variance of 1; `degrees` above 2.
    pub fn student(&mut self, degrees: f64) -> f64 {
        let normal = self.normal();
        // t = z / sqrt(2 g / d) with g of the gamma distribution with shape d / 2.
        normal * ((degrees - 2.0) / (2.0 * self.gamma(degrees / 2.0))).sqrt()
    }

    /// A variable of the gamma distribution with this shape, at least 1, and scale 1.
    ///
    /// Marsaglia and Tsang, ACM Transactions on Mathematical Software 26 (2000), pp. 363-372: a
    /// normal variable, cubed, is accepted or drawn again.
    fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
                return d * v;
            }
        }
    }

    /// Puts the values in a random order (Fisher and Yates).
    pub fn shuffle(&mut self, values: &mut [f64]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }

    /// Row numbers of a stationary bootstrap: blocks of geometric length with mean `block`, that
    /// wrap around the end (Politis and Romano, Journal of the American Statistical Association 89,
    /// 1994, pp. 1303-1313).
    pub fn stationary_rows(&mut self, n_rows: usize, block: f64, rows: &mut [usize]) {
        let mut row = 0;
        for (i, slot) in rows.iter_mut().enumerate() {
            let starts = i == 0 || self.uniform() * block < 1.0;
            row = if starts {
                self.below(n_rows)
            } else {
                (row + 1) % n_rows.max(1)
            };
            *slot = row;
        }
    }
}
