//! Windows over past values: what a forecaster sees at a bar.

/// What a model's input holds at each bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// The value itself.
    Value,
    /// ln(p_t / p_{t-1}) of the price series; unknown where a price is not above 0.
    LogReturn,
    /// p_t / p_{t-1} - 1 of the price series; unknown where a price is not above 0.
    Return,
}

impl Feature {
    /// The feature at each row of `x`, NaN where it is unknown.
    pub fn series(self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Value => x.to_vec(),
            Self::LogReturn => changes(x, |previous, price| price.ln() - previous.ln()),
            Self::Return => changes(x, |previous, price| price / previous - 1.0),
        }
    }

    /// Rows before the first feature.
    pub fn lookback(self) -> usize {
        match self {
            Self::Value => 0,
            Self::LogReturn | Self::Return => 1,
        }
    }
}

fn changes(prices: &[f64], change: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let steps = prices.iter().zip(prices.iter().skip(1));
    let changes = steps.map(|(&previous, &price)| match previous > 0.0 && price > 0.0 {
        true => change(previous, price),
        false => f64::NAN,
    });
    std::iter::once(f64::NAN)
        .chain(changes)
        .take(prices.len())
        .collect()
}

/// The windows of `length` values without an unknown one among them: the row of the last value and
/// the values, oldest first.
pub fn complete_windows(
    values: &[f64],
    length: usize,
) -> impl Iterator<Item = (usize, &[f64])> + '_ {
    let mut known = 0;
    values
        .iter()
        .enumerate()
        .filter_map(move |(row, value)| {
            known = if value.is_finite() { known + 1 } else { 0 };
            (known >= length && length > 0).then_some(row)
        })
        .filter_map(move |row| Some((row, values.get(row + 1 - length..=row)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_returns_start_at_the_second_price() {
        let r = Feature::LogReturn.series(&[1.0, std::f64::consts::E, 1.0]);
        assert!(r[0].is_nan());
        assert_eq!(r[1..], [1.0, -1.0]);
        assert!(Feature::LogReturn.series(&[]).is_empty());
    }

    #[test]
    fn a_price_that_is_not_positive_spoils_both_of_its_returns() {
        let r = Feature::Return.series(&[1.0, 2.0, 0.0, 4.0, 5.0]);
        assert_eq!(r[1], 1.0);
        assert!(r[2].is_nan() && r[3].is_nan());
        assert_eq!(r[4], 0.25);
    }

    #[test]
    fn windows_skip_what_is_unknown() {
        let values = [1.0, 2.0, f64::NAN, 3.0, 4.0, 5.0];
        let found: Vec<(usize, &[f64])> = complete_windows(&values, 2).collect();
        assert_eq!(
            found,
            [(1, &values[0..2]), (4, &values[3..5]), (5, &values[4..6])]
        );
        assert_eq!(complete_windows(&values, 7).count(), 0);
        assert_eq!(complete_windows(&values, 0).count(), 0);
    }
}
