//! Numbers for people.

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Money: thousands separated.
    Money,
    /// A fraction shown in percent.
    Percent,
    /// Two to four digits that matter.
    Plain,
}

/// A number in its unit; a dash where it is unknown.
pub fn show(value: f64, unit: Unit) -> String {
    if !value.is_finite() {
        return "–".to_string();
    }
    match unit {
        Unit::Money => grouped(value, if value.abs() < 1000.0 { 2 } else { 0 }),
        Unit::Percent => format!("{} %", percent(value * 100.0)),
        Unit::Plain => plain(value),
    }
}

/// A fraction in percent without its sign.
pub fn percent_number(value: f64, decimals: usize) -> String {
    grouped(value * 100.0, decimals)
}

/// A number on an axis: as short as its ticks allow.
pub fn tick(value: f64, step: f64, unit: Unit) -> String {
    let (value, step) = match unit {
        Unit::Percent => (value * 100.0, step * 100.0),
        _ => (value, step),
    };
    let decimals = |step: f64| (-step.abs().log10()).ceil().clamp(0.0, 6.0) as usize;
    let text = match unit {
        _ if value == 0.0 => "0".to_string(),
        Unit::Money if step.abs() >= 1e6 => {
            format!("{} m", grouped(value / 1e6, decimals(step / 1e6)))
        }
        Unit::Money if step.abs() >= 1e3 => {
            format!("{} k", grouped(value / 1e3, decimals(step / 1e3)))
        }
        _ => grouped(value, decimals(step)),
    };
    match unit {
        Unit::Percent => format!("{text} %"),
        _ => text,
    }
}

/// A percentage: of thousands of percent the hundredths do not matter, and millions of them are no
/// more than an order of magnitude.
fn percent(value: f64) -> String {
    match value.abs() {
        v if v >= 1e7 => format!("{value:.1e}"),
        v if v >= 1e3 => grouped(value, 0),
        _ => grouped(value, 2),
    }
}

/// A text in lines of so many characters; words are not cut.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let room = width.saturating_sub(word.chars().count() + 1);
        match lines.last_mut() {
            Some(line) if line.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

fn plain(value: f64) -> String {
    let decimals = match value.abs() {
        v if v == v.trunc() && v < 1e15 => 0,
        v if v >= 1000.0 => 1,
        v if v >= 0.01 => 3,
        v if v >= 1e-4 => 6,
        _ => return format!("{value:.3e}"),
    };
    grouped(value, decimals)
}

/// Digits in groups of three, a true minus sign, never "-0".
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut shown = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    if !rest.is_empty() {
        shown.push('.');
        shown.push_str(rest);
    }
    let is_zero = text.chars().all(|c| matches!(c, '0' | '.'));
    if value < 0.0 && !is_zero {
        shown.insert(0, '−');
    }
    shown
}

/// The unit that the name of a metric tells.
pub fn unit_of(metric: &str) -> Unit {
    const PERCENT: [&str; 18] = [
        "return",
        "cagr",
        "volatility",
        "drawdown",
        "var_",
        "cvar",
        "rate",
        "exposure",
        "alpha",
        "best_",
        "worst_",
        "turnover",
        "avg_win",
        "avg_loss",
        "probabilistic_sharpe",
        "deflated_sharpe",
        "mae",
        "mfe",
    ];
    const PLAIN: [&str; 7] = [
        "_bars",
        "return_skewness",
        "return_kurtosis",
        "variance",
        "_length",
        "ratio",
        "duration",
    ];
    const MONEY: [&str; 7] = [
        "equity",
        "costs",
        "pnl",
        "expectancy",
        "fees",
        "slippage",
        "commission",
    ];
    let is = |names: &[&str]| names.iter().any(|n| metric.contains(n));
    match () {
        () if metric.starts_with("n_") || is(&PLAIN) => Unit::Plain,
        () if is(&MONEY) || matches!(metric, "avg_win" | "avg_loss") => Unit::Money,
        () if is(&PERCENT) => Unit::Percent,
        () => Unit::Plain,
    }
}

/// Names that are written in one way only.
const SHORT_NAMES: [(&str, &str); 8] = [
    ("cagr", "CAGR"),
    ("var", "VaR"),
    ("cvar", "CVaR"),
    ("cdar", "CDaR"),
    ("mae", "MAE"),
    ("mfe", "MFE"),
    ("sqn", "SQN"),
    ("pnl", "P&L"),
];

/// A metric's name for people.
pub fn label_of(metric: &str) -> String {
    let mut words: Vec<String> = metric.split('_').map(str::to_string).collect();
    for word in &mut words {
        if let Some((_, shown)) = SHORT_NAMES
            .iter()
            .find(|(short, _)| *short == word.as_str())
        {
            *word = (*shown).to_string();
        }
    }
    let text = words
        .join(" ")
        .replacen("n ", "number of ", usize::from(metric.starts_with("n_")));
    let mut chars = text.chars();
    chars
        .next()
        .map(|c| c.to_uppercase().collect::<String>() + chars.as_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(show(1_234_567.8, Unit::Money), "1,234,568");
        assert_eq!(show(-0.1234, Unit::Percent), "−12.34 %");
        assert_eq!(show(-0.000_01, Unit::Percent), "0.00 %");
        assert_eq!(show(-12.345, Unit::Percent), "−1,234 %");
        assert_eq!(show(9.3e15, Unit::Percent), "9.3e17 %");
        assert_eq!(show(f64::NAN, Unit::Plain), "–");
        assert_eq!(show(1.5, Unit::Plain), "1.500");
        assert_eq!(show(42.0, Unit::Plain), "42");
        assert_eq!(tick(110_000.0, 10_000.0, Unit::Money), "110 k");
        assert_eq!(tick(-0.05, 0.05, Unit::Percent), "−5 %");
    }

    #[test]
    fn lines_are_as_full_as_they_can_be() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two three", 6), ["one", "two", "three"]);
        assert_eq!(wrap("unbreakable", 3), ["unbreakable"]);
        assert_eq!(wrap("", 3), [""]);
    }

    #[test]
    fn names_become_words() {
        assert_eq!(label_of("n_trades"), "Number of trades");
        assert_eq!(label_of("cvar_95"), "CVaR 95");
        assert_eq!(label_of("pnl_net"), "P&L net");
        assert_eq!(unit_of("max_drawdown"), Unit::Percent);
        assert_eq!(unit_of("max_drawdown_bars"), Unit::Plain);
        assert_eq!(unit_of("end_equity"), Unit::Money);
        assert_eq!(unit_of("win_rate"), Unit::Percent);
        assert_eq!(unit_of("n_trades"), Unit::Plain);
    }
}
