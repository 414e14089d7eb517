//! Correlations of close returns over the last bars.

/// The last returns of each symbol with their times, in rings of one length.
#[derive(Debug, Clone)]
pub struct Correlations {
    n_bars: usize,
    rings: Vec<Ring>,
}

#[derive(Debug, Clone)]
struct Ring {
    last_close: f64,
    /// Place of the next return; wraps.
    next: usize,
    n: usize,
    times: Vec<i64>,
    returns: Vec<f64>,
}

impl Ring {
    fn new(n_bars: usize) -> Self {
        Self {
            last_close: f64::NAN,
            next: 0,
            n: 0,
            times: vec![0; n_bars],
            returns: vec![0.0; n_bars],
        }
    }

    fn push(&mut self, ts: i64, value: f64) {
        if let (Some(time), Some(slot)) = (
            self.times.get_mut(self.next),
            self.returns.get_mut(self.next),
        ) {
            (*time, *slot) = (ts, value);
            self.next = (self.next + 1) % self.times.len();
            self.n = (self.n + 1).min(self.times.len());
        }
    }

    /// Times and returns, oldest first.
    fn iter(&self) -> impl Iterator<Item = (i64, f64)> + '_ {
        let start = if self.n < self.times.len() {
            0
        } else {
            self.next
        };
        let (head, tail) = (start..self.n, 0..start);
        head.chain(tail)
            .filter_map(|i| Some((*self.times.get(i)?, *self.returns.get(i)?)))
    }
}

impl Correlations {
    /// For this many symbols over the last `n_bars` returns, at least 2.
    pub fn new(n_symbols: usize, n_bars: usize) -> Self {
        let n_bars = n_bars.max(2);
        Self {
            n_bars,
            rings: vec![Ring::new(n_bars); n_symbols],
        }
    }

    /// The close of a symbol's bar. An unknown close is no bar: the next return spans it.
    pub fn push(&mut self, symbol: usize, ts: i64, close: f64) {
        let Some(ring) = self.rings.get_mut(symbol).filter(|_| close.is_finite()) else {
            return;
        };
        let before = std::mem::replace(&mut ring.last_close, close);
        if before.is_finite() {
            ring.push(ts, close / before - 1.0);
        }
    }

    /// The last close on the scale after a split or a roll, so that the next return is one.
    pub fn rescale(&mut self, symbol: usize, close: f64) {
        if let Some(ring) = self
            .rings
            .get_mut(symbol)
            .filter(|r| r.last_close.is_finite())
        {
            ring.last_close = close;
        }
    }

    /// Pearson's correlation of two symbols over the times that both have among their last
    /// `n_bars` returns. NaN until both have that many, with fewer than 2 common times, and when
    /// one of them does not move.
    pub fn between(&self, a: usize, b: usize) -> f64 {
        let (Some(a), Some(b)) = (self.rings.get(a), self.rings.get(b)) else {
            return f64::NAN;
        };
        if a.n < self.n_bars || b.n < self.n_bars {
            return f64::NAN;
        }
        let means = common(a, b).fold((0.0, 0.0, 0.0), |(n, x, y), (u, v)| (n + 1.0, x + u, y + v));
        let (n, mean_a, mean_b) = (means.0, means.1 / means.0, means.2 / means.0);
        let mut sums = (0.0, 0.0, 0.0);
        for (x, y) in common(a, b) {
            let (x, y) = (x - mean_a, y - mean_b);
            sums = (sums.0 + x * x, sums.1 + y * y, sums.2 + x * y);
        }
        let scale = (sums.0 * sums.1).sqrt();
        if n < 2.0 || scale == 0.0 {
            f64::NAN
        } else {
            sums.2 / scale
        }
    }

    /// The largest correlation of a symbol with the others held; NaN for none known.
    pub fn largest(&self, symbol: usize, held: impl Iterator<Item = usize>) -> f64 {
        let others = held.filter(|other| *other != symbol);
        others
            .map(|other| self.between(symbol, other))
            .fold(f64::NAN, f64::max)
    }
}

/// Pairs of returns at the times that both rings have.
fn common<'a>(a: &'a Ring, b: &'a Ring) -> impl Iterator<Item = (f64, f64)> + 'a {
    let mut others = b.iter().peekable();
    a.iter().filter_map(move |(ts, x)| {
        while others.next_if(|(other, _)| *other < ts).is_some() {}
        others
            .next_if(|(other, _)| *other == ts)
            .map(|(_, y)| (x, y))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Closes of two symbols whose returns are these.
    fn fed(n_bars: usize, returns: &[(f64, f64)]) -> Correlations {
        let mut found = Correlations::new(2, n_bars);
        let (mut a, mut b) = (100.0, 50.0);
        found.push(0, 0, a);
        found.push(1, 0, b);
        for (ts, (x, y)) in (1..).zip(returns) {
            (a, b) = (a * (1.0 + x), b * (1.0 + y));
            found.push(0, ts, a);
            found.push(1, ts, b);
        }
        found
    }

    #[test]
    fn returns_that_move_together_correlate_by_one() {
        let together = [(0.01, 0.02), (-0.02, -0.04), (0.03, 0.06)];
        let found = fed(3, &together).between(0, 1);
        assert!((found - 1.0).abs() < 1e-9, "{found}");
    }

    #[test]
    fn only_the_last_bars_count() {
        let turned = [
            (0.01, -0.01),
            (0.05, -0.5),
            (0.01, 0.02),
            (-0.02, -0.04),
            (0.03, 0.06),
        ];
        assert!((fed(3, &turned).between(0, 1) - 1.0).abs() < 1e-9);
        assert!(fed(5, &turned).between(0, 1) < 0.0);
    }

    #[test]
    fn it_is_unknown_before_there_are_enough_bars_and_without_movement() {
        assert!(fed(3, &[(0.01, 0.02), (0.02, 0.01)]).between(0, 1).is_nan());
        assert!(fed(2, &[(0.01, 0.0), (0.02, 0.0)]).between(0, 1).is_nan());
        assert!(fed(2, &[(0.01, 0.0)]).between(0, 9).is_nan());
    }

    #[test]
    fn only_common_times_are_compared() {
        let mut found = fed(3, &[(0.01, 0.02), (-0.02, -0.04), (0.03, 0.06)]);
        // A bar that the other symbol does not have: two common times are left, on a line.
        found.push(0, 9, 500.0);
        assert!((found.between(0, 1) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_largest_leaves_the_symbol_itself_out() {
        let found = fed(2, &[(0.01, 0.02), (0.02, -0.04)]);
        assert!(found.largest(0, [0].into_iter()).is_nan());
        assert!((found.largest(0, [0, 1].into_iter()) + 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_split_makes_no_return() {
        let mut found = Correlations::new(1, 2);
        found.push(0, 1, 100.0);
        found.rescale(0, 50.0);
        found.push(0, 2, 50.0);
        let returns: Vec<_> = found.rings[0].iter().collect();
        assert_eq!(returns, [(2, 0.0)]);
    }
}
