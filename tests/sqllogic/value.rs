//! One text for a value, whichever way it came.
//!
//! Numbers are rounded to 10 significant digits: text and binary formats differ after the 15th.

/// Numbers in one form, times with a space, NULL and empty text visible.
pub fn canonical(text: Option<&str>) -> String {
    let Some(text) = text else {
        return "NULL".into();
    };
    if text.is_empty() {
        return "(empty)".into();
    }
    match text.parse::<f64>() {
        Ok(number) if looks_numeric(text) => canonical_number(number),
        _ => text.replace('\n', "\\n"),
    }
}

fn looks_numeric(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') && text.len() < 40
}

/// At most 10 significant digits, without trailing zeros.
pub fn canonical_number(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    let magnitude = number.abs().log10().floor() as i32;
    let decimals = usize::try_from((9 - magnitude).clamp(0, 300)).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}
