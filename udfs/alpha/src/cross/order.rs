//! What a set of numbers says when it is sorted: mean, deviation, quantiles.

/// The numbers in ascending order.
pub fn sorted(x: &[f64]) -> Vec<f64> {
    let mut rows = x.to_vec();
    rows.sort_unstable_by(f64::total_cmp);
    rows
}

/// Mean of sorted rows; NaN for none.
pub fn mean(rows: &[f64]) -> f64 {
    let Some(first) = rows.first() else {
        return f64::NAN;
    };
    // Distances from one of the rows keep the digits that a high level would take.
    let distances: f64 = rows.iter().map(|v| v - first).sum();
    first + distances / rows.len() as f64
}

/// Standard deviation of sorted rows; NaN where the divisor `n - ddof` is not positive.
pub fn deviation(rows: &[f64], ddof: usize) -> f64 {
    let Some(first) = rows.first() else {
        return f64::NAN;
    };
    let n = rows.len() as f64;
    let center = rows.iter().map(|v| v - first).sum::<f64>() / n;
    let square = |v: &f64| (v - first - center) * (v - first - center);
    let squares: f64 = rows.iter().map(square).sum();
    crate::moments::variance(squares, rows.len(), ddof).sqrt()
}

/// Quantile of sorted rows, interpolated linearly (type 7 of Hyndman and Fan 1996); NaN for none.
pub fn quantile(rows: &[f64], q: f64) -> f64 {
    let place = q * rows.len().saturating_sub(1) as f64;
    between(rows, place.floor() as usize, place.fract())
}

/// The value `part` of the way from the row at a position to the next one.
pub fn between(rows: &[f64], below: usize, part: f64) -> f64 {
    match (rows.get(below), rows.get(below + 1)) {
        (Some(low), Some(high)) => low + (high - low) * part,
        (Some(only), None) => *only,
        (None, _) => f64::NAN,
    }
}
