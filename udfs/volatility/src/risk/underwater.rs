//! How deep and how long a curve of wealth lies below its peak.

/// Sums over the points of a curve after its start.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Underwater {
    /// Deepest fall from a peak, as a fraction.
    pub deepest: f64,
    /// Sum over the points of the distance to the peak, as a fraction.
    pub pain: f64,
    /// Sum of the squares of these distances.
    pub squares: f64,
    /// Number of episodes, each from a peak until it is reached again or the curve ends.
    pub episodes: f64,
    /// Sum of the episodes' greatest depths.
    pub depths: f64,
    /// Sum of the squares of the episodes' greatest depths.
    pub squared_depths: f64,
    /// Number of points.
    pub points: f64,
    /// Wealth at the end over wealth at the start.
    pub growth: f64,
}

impl Underwater {
    /// Follows a curve from its start; `None` unless the start is positive.
    pub(super) fn of(start: f64, curve: impl Iterator<Item = f64>) -> Option<Self> {
        if start.is_nan() || start <= 0.0 {
            return None;
        }
        let mut sums = Self {
            growth: 1.0,
            ..Self::default()
        };
        let (mut peak, mut depth) = (start, 0.0);
        for wealth in curve {
            if wealth >= peak {
                sums.close_episode(depth);
                (peak, depth) = (wealth, 0.0);
            }
            let fall = (peak - wealth) / peak;
            depth = fall.max(depth);
            sums.points += 1.0;
            sums.pain += fall;
            sums.squares += fall * fall;
            sums.growth = wealth / start;
        }
        sums.close_episode(depth);
        Some(sums)
    }

    fn close_episode(&mut self, depth: f64) {
        if depth > 0.0 {
            self.episodes += 1.0;
            self.depths += depth;
            self.squared_depths += depth * depth;
            self.deepest = self.deepest.max(depth);
        }
    }

    /// Compounded return of a year.
    pub(super) fn annual_return(&self, year: f64) -> f64 {
        self.growth.powf(year / self.points) - 1.0
    }
}

/// The wealth that returns compound to, from 1 before the first of them.
pub(super) fn compounded(returns: &[f64]) -> Option<Underwater> {
    let mut wealth = 1.0;
    let curve = returns.iter().map(|r| {
        wealth *= 1.0 + r;
        wealth
    });
    Underwater::of(1.0, curve)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_lasts_until_the_peak_is_reached_again() {
        let curve = [0.9, 0.8, 1.0, 1.25, 1.0];
        let sums = Underwater::of(1.0, curve.into_iter()).expect("a positive start");
        assert_eq!((sums.episodes, sums.points, sums.growth), (2.0, 5.0, 1.0));
        assert!((sums.deepest - 0.2).abs() < 1e-15);
        assert!((sums.depths - 0.4).abs() < 1e-15);
        assert!((sums.pain - 0.5).abs() < 1e-15);
    }

    #[test]
    fn nothing_is_known_of_a_curve_that_starts_at_nothing() {
        assert_eq!(Underwater::of(0.0, [1.0].into_iter()), None);
    }
}
