//! Numbers as PostgreSQL writes them.

use bytes::{BufMut, BytesMut};
use std::io::Write;

/// Appends a whole number in decimal.
pub fn put_integer(value: i64, out: &mut BytesMut) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.put_u8(b'-');
    }
    out.put_slice(&digits[at..]);
}

/// Appends at least `width` digits.
pub fn put_padded(value: u32, width: usize, out: &mut BytesMut) {
    let mut digits = [b'0'; 10];
    let mut at = digits.len();
    let mut rest = value;
    while rest > 0 {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let start = at.min(digits.len().saturating_sub(width));
    out.put_slice(&digits[start..]);
}

/// Appends a double: the shortest digits that read back as the same value.
pub fn put_f64(value: f64, out: &mut BytesMut) {
    put_float(
        value,
        value.is_finite().then_some(value).map(Shortest::of_f64),
        15,
        out,
    );
}

/// Appends a single; fewer digits are needed, and the exponent starts earlier.
pub fn put_f32(value: f32, out: &mut BytesMut) {
    let wide = f64::from(value);
    put_float(
        wide,
        value.is_finite().then_some(value).map(Shortest::of_f32),
        6,
        out,
    );
}

fn put_float(value: f64, shortest: Option<Shortest>, fixed_below: i32, out: &mut BytesMut) {
    match shortest {
        Some(shortest) => shortest.put(fixed_below, out),
        None if value.is_nan() => out.put_slice(b"NaN"),
        None if value > 0.0 => out.put_slice(b"Infinity"),
        None => out.put_slice(b"-Infinity"),
    }
}

/// A float's shortest digits `d.ddd` times ten to `exponent`.
struct Shortest {
    negative: bool,
    digits: [u8; 24],
    n_digits: usize,
    exponent: i32,
}

impl Shortest {
    fn of_f64(value: f64) -> Self {
        let mut text = [0u8; 32];
        let mut cursor = &mut text[..];
        // 32 bytes hold every double in this notation; a short write would only cut digits off.
        let _ = write!(cursor, "{value:e}");
        let left = cursor.len();
        Self::parse(&text[..32 - left])
    }

    fn of_f32(value: f32) -> Self {
        let mut text = [0u8; 32];
        let mut cursor = &mut text[..];
        let _ = write!(cursor, "{value:e}");
        let left = cursor.len();
        Self::parse(&text[..32 - left])
    }

    /// Reads `-1.25e-7`.
    fn parse(text: &[u8]) -> Self {
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            text => (false, text),
        };
        let e = text.iter().position(|&b| b == b'e').unwrap_or(text.len());
        let mut shortest = Self {
            negative,
            digits: [0; 24],
            n_digits: 0,
            exponent: 0,
        };
        for &digit in text[..e].iter().filter(|b| b.is_ascii_digit()) {
            shortest.digits[shortest.n_digits] = digit;
            shortest.n_digits += 1;
        }
        let exponent = text.get(e + 1..).unwrap_or_default();
        let magnitude = exponent
            .iter()
            .filter(|b| b.is_ascii_digit())
            .fold(0, |acc, b| acc * 10 + i32::from(b - b'0'));
        shortest.exponent = if exponent.first() == Some(&b'-') {
            -magnitude
        } else {
            magnitude
        };
        shortest
    }

    fn put(&self, fixed_below: i32, out: &mut BytesMut) {
        if self.negative {
            out.put_u8(b'-');
        }
        if self.exponent < -4 || self.exponent >= fixed_below {
            self.put_scientific(out);
        } else {
            self.put_fixed(out);
        }
    }

    fn put_scientific(&self, out: &mut BytesMut) {
        out.put_u8(self.digits[0]);
        if self.n_digits > 1 {
            out.put_u8(b'.');
            out.put_slice(&self.digits[1..self.n_digits]);
        }
        out.put_slice(if self.exponent < 0 { b"e-" } else { b"e+" });
        put_padded(self.exponent.unsigned_abs(), 2, out);
    }

    fn put_fixed(&self, out: &mut BytesMut) {
        let digits = &self.digits[..self.n_digits];
        // The number of digits before the point; at most 15, at least -3.
        let before = self.exponent + 1;
        if before <= 0 {
            out.put_slice(b"0.");
            out.put_bytes(b'0', before.unsigned_abs() as usize);
            out.put_slice(digits);
            return;
        }
        let before = before.unsigned_abs() as usize;
        if digits.len() <= before {
            out.put_slice(digits);
            out.put_bytes(b'0', before - digits.len());
        } else {
            out.put_slice(&digits[..before]);
            out.put_u8(b'.');
            out.put_slice(&digits[before..]);
        }
    }
}

/// Appends a decimal number given as text (`-12.340`) in PostgreSQL's binary form: base 10000
/// digits around the decimal point, the weight of the first, the sign, the digits after the point.
pub fn put_numeric(text: &str, out: &mut BytesMut) {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (0x4000u16, rest),
        None => (0, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let padding = whole.len().next_multiple_of(4) - whole.len();
    let mut digits = vec![b'0'; padding];
    digits.extend_from_slice(whole.as_bytes());
    digits.extend_from_slice(fraction.as_bytes());
    digits.resize(digits.len().next_multiple_of(4), b'0');
    let groups: Vec<i16> = digits
        .chunks(4)
        .map(|group| {
            group
                .iter()
                .fold(0, |acc, b| acc * 10 + i16::from(b - b'0'))
        })
        .collect();
    let leading = groups.iter().take_while(|g| **g == 0).count();
    let end = groups
        .iter()
        .rposition(|g| *g != 0)
        .map_or(leading, |i| i + 1);
    let used = groups.get(leading..end).unwrap_or_default();
    let n_whole_groups = (padding + whole.len()) / 4;
    let weight = if used.is_empty() {
        0
    } else {
        n_whole_groups as i16 - 1 - leading as i16
    };
    out.put_i16(used.len() as i16);
    out.put_i16(weight);
    out.put_u16(if used.is_empty() { 0 } else { sign });
    out.put_i16(fraction.len() as i16);
    used.iter().for_each(|group| out.put_i16(*group));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(put: impl Fn(&mut BytesMut)) -> String {
        let mut out = BytesMut::new();
        put(&mut out);
        String::from_utf8(out.to_vec()).expect("ASCII")
    }

    /// What `SELECT x::float8` prints in PostgreSQL 15.
    #[test]
    fn doubles_look_as_in_postgresql() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (-1234.5, "-1234.5"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e15, "1e+15"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(|out| put_f64(value, out)), expected);
        }
    }

    #[test]
    fn singles_look_as_in_postgresql() {
        for (value, expected) in [(0.1, "0.1"), (123_456.0, "123456"), (1e6, "1e+06")] {
            assert_eq!(text(|out| put_f32(value, out)), expected);
        }
    }

    #[test]
    fn numerics_have_their_groups_of_four_digits() {
        let mut out = BytesMut::new();
        put_numeric("-12345.60", &mut out);
        // 3 groups (1, 2345, 6000), first one times 10000, negative, 2 digits after the point.
        let expected: Vec<u8> = [3i16, 1, 0x4000, 2, 1, 2345, 6000]
            .iter()
            .flat_map(|n| n.to_be_bytes())
            .collect();
        assert_eq!(out.to_vec(), expected);
        out.clear();
        put_numeric("0.00", &mut out);
        assert_eq!(out.to_vec(), [0, 0, 0, 0, 0, 0, 0, 2]);
    }

    proptest! {
        #[test]
        fn doubles_read_back_as_themselves(value in any::<f64>()) {
            let read: f64 = text(|out| put_f64(value, out)).parse().expect("a number");
            prop_assert!(read == value || read.is_nan() && value.is_nan());
        }

        #[test]
        fn integers_print_as_rust_prints_them(value in any::<i64>()) {
            prop_assert_eq!(text(|out| put_integer(value, out)), value.to_string());
        }
    }
}
