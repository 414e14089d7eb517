//! Schedules written as text: `from:value` steps with commas between them.

/// Reads `0:0.001,1000000:0.0005` as pairs; `None` where a step is not two finite numbers.
/// An empty text has no steps.
pub fn parse_steps(text: &str) -> Option<Vec<(f64, f64)>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(parse_step).collect()
}

fn parse_step(step: &str) -> Option<(f64, f64)> {
    let (from, value) = step.split_once(':')?;
    Some((parse_number(from)?, parse_number(value)?))
}

fn parse_number(text: &str) -> Option<f64> {
    let number: f64 = text.trim().parse().ok()?;
    number.is_finite().then_some(number)
}
