//! The settings of a session that PostgreSQL clients read and write.
//!
//! One table holds every setting with its default and whether it may be changed. DataFusion's own
//! settings (`datafusion.*`) stay DataFusion's; those that would change other sessions are refused.

use super::latest::StateMemory;
use quantlake_core::{QlError, SqlState};
use std::collections::BTreeMap;
use std::time::Duration;

/// The PostgreSQL release whose behaviour clients may expect.
pub const SERVER_VERSION: &str = "16.6";

struct Known {
    name: &'static str,
    default: &'static str,
    changeable: bool,
}

const fn fixed(name: &'static str, default: &'static str) -> Known {
    Known {
        name,
        default,
        changeable: false,
    }
}

const fn free(name: &'static str, default: &'static str) -> Known {
    Known {
        name,
        default,
        changeable: true,
    }
}

const KNOWN: &[Known] = &[
    free("application_name", ""),
    free("bytea_output", "hex"),
    free("client_encoding", "UTF8"),
    free("client_min_messages", "notice"),
    free("datestyle", "ISO, MDY"),
    free("default_transaction_isolation", "read committed"),
    free("default_transaction_read_only", "off"),
    free("extra_float_digits", "1"),
    free("idle_in_transaction_session_timeout", "0"),
    fixed("integer_datetimes", "on"),
    free("intervalstyle", "postgres"),
    fixed("is_superuser", "on"),
    free("lock_timeout", "0"),
    fixed("max_identifier_length", "63"),
    free("newest_rows_memory", "256MB"),
    free("row_security", "on"),
    free("search_path", "\"$user\", public"),
    fixed("server_encoding", "UTF8"),
    fixed("server_version", SERVER_VERSION),
    fixed("server_version_num", "160006"),
    free("session_authorization", ""),
    fixed("standard_conforming_strings", "on"),
    free("statement_timeout", "0"),
    free("synchronous_commit", "on"),
    free("timezone", "UTC"),
    free("transaction_isolation", "read committed"),
    free("transaction_read_only", "off"),
    free("xmloption", "content"),
];

/// DataFusion settings that reach beyond the session or beyond the allowed folders.
const REFUSED_PREFIXES: &[&str] = &["datafusion.runtime.", "datafusion.catalog."];

/// The values of one session.
#[derive(Debug, Default)]
pub struct Settings {
    changed: BTreeMap<&'static str, String>,
}

impl Settings {
    /// The value of a setting, or `None` for an unknown name.
    pub fn get(&self, name: &str) -> Option<String> {
        let known = find(name)?;
        Some(
            self.changed
                .get(known.name)
                .cloned()
                .unwrap_or_else(|| known.default.into()),
        )
    }

    /// Changes a setting; `None` brings its default back.
    ///
    /// # Errors
    /// 42704 for an unknown name, 55000 for a fixed one, 22023 for a value out of range.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), QlError> {
        let known = find(name).ok_or_else(|| unknown(name))?;
        let Some(value) = value else {
            self.changed.remove(known.name);
            return Ok(());
        };
        if !known.changeable {
            return Err(QlError::new(
                SqlState::ObjectNotInState,
                format!("setting `{}` cannot be changed", known.name),
            ));
        }
        let value = match known.name {
            "statement_timeout" | "lock_timeout" | "idle_in_transaction_session_timeout" => {
                let timeout = parse_duration(known.name, value)?;
                if timeout.is_zero() {
                    "0".into()
                } else {
                    format!("{}ms", timeout.as_millis())
                }
            }
            "newest_rows_memory" => {
                parse_bytes(known.name, value)?;
                value.to_string()
            }
            "client_encoding" => check_encoding(value)?,
            "search_path" => check_search_path(value)?,
            _ => value.to_string(),
        };
        self.changed.insert(known.name, value);
        Ok(())
    }

    /// Brings every default back.
    pub fn reset_all(&mut self) {
        self.changed.clear();
    }

    /// All names with their values.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, String)> {
        KNOWN
            .iter()
            .filter_map(|known| Some((known.name, self.get(known.name)?)))
    }

    /// Bytes that may be kept for later queries for the newest rows.
    pub fn newest_rows_memory(&self) -> StateMemory {
        let text = self.get("newest_rows_memory").unwrap_or_default();
        let bytes = parse_bytes("newest_rows_memory", &text);
        bytes.map(StateMemory).unwrap_or_default()
    }

    /// How long a statement may run; `None` for ever.
    pub fn statement_timeout(&self) -> Option<Duration> {
        let text = self.get("statement_timeout")?;
        parse_duration("statement_timeout", &text)
            .ok()
            .filter(|d| !d.is_zero())
    }
}

/// Refuses DataFusion settings that a session must not change.
///
/// # Errors
/// 42501, naming the setting.
pub fn check_datafusion_setting(name: &str) -> Result<(), QlError> {
    if REFUSED_PREFIXES.iter().any(|p| name.starts_with(p)) {
        return Err(QlError::new(
            SqlState::InsufficientPrivilege,
            format!(
                "setting `{name}` belongs to the whole server and cannot be changed in a session"
            ),
        ));
    }
    Ok(())
}

fn find(name: &str) -> Option<&'static Known> {
    KNOWN
        .iter()
        .find(|known| known.name.eq_ignore_ascii_case(name))
}

fn unknown(name: &str) -> QlError {
    QlError::new(
        SqlState::UndefinedObject,
        format!("unrecognized configuration parameter \"{name}\""),
    )
}

fn check_encoding(value: &str) -> Result<String, QlError> {
    match value.to_ascii_uppercase().replace('-', "").as_str() {
        "UTF8" | "UNICODE" => Ok("UTF8".into()),
        _ => Err(QlError::new(
            SqlState::InvalidParameter,
            format!("client_encoding: must be UTF8, found {value}"),
        )),
    }
}

fn check_search_path(value: &str) -> Result<String, QlError> {
    let names_public = value.split(',').any(|s| {
        s.trim()
            .trim_matches(['"', '\''])
            .eq_ignore_ascii_case("public")
    });
    if names_public || value.trim().is_empty() {
        return Ok(value.to_string());
    }
    Err(QlError::new(
        SqlState::FeatureNotSupported,
        format!("search_path: must contain public, found {value}"),
    )
    .with_hint("Write schema.table for tables of other schemas"))
}

/// `5000`, `500ms`, `5s`, `2min`, `1h`; a bare number is milliseconds.
fn parse_duration(name: &str, text: &str) -> Result<Duration, QlError> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit = text.get(digits.len()..).unwrap_or_default().trim();
    let factor = match unit {
        "" | "ms" => 1.0,
        "us" => 0.001,
        "s" => 1e3,
        "min" => 6e4,
        "h" => 3.6e6,
        "d" => 8.64e7,
        _ => f64::NAN,
    };
    let ms = digits.parse::<f64>().unwrap_or(f64::NAN) * factor;
    if (0.0..=f64::from(i32::MAX)).contains(&ms) {
        Ok(Duration::from_micros((ms * 1e3) as u64))
    } else {
        Err(QlError::new(
            SqlState::InvalidParameter,
            format!("{name}: must be a time such as 500ms, 5s or 2min, found {text}"),
        ))
    }
}

/// `64MB`, `1GB`, `0`; as in PostgreSQL units are powers of 1024, and a bare number is kilobytes.
fn parse_bytes(name: &str, text: &str) -> Result<usize, QlError> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let shift = match text.get(digits.len()..).unwrap_or_default().trim() {
        "B" => Some(0),
        "" | "kB" => Some(10),
        "MB" => Some(20),
        "GB" => Some(30),
        "TB" => Some(40),
        _ => None,
    };
    let bytes = digits.parse::<usize>().ok().zip(shift);
    bytes
        .and_then(|(n, shift)| n.checked_mul(1 << shift))
        .ok_or_else(|| {
            QlError::new(
                SqlState::InvalidParameter,
                format!("{name}: must be a size such as 64MB, 1GB or 0, found {text}"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_takes_postgresql_units() {
        let mut settings = Settings::default();
        for (text, ms) in [("250", 250), ("5s", 5000), ("2min", 120_000), ("0.5s", 500)] {
            settings.set("statement_timeout", Some(text)).expect(text);
            assert_eq!(
                settings.statement_timeout(),
                Some(Duration::from_millis(ms)),
                "{text}"
            );
        }
        settings.set("STATEMENT_TIMEOUT", Some("0")).expect("zero");
        assert_eq!(settings.statement_timeout(), None);
    }

    #[test]
    fn a_size_takes_postgresql_units() {
        let mut settings = Settings::default();
        assert_eq!(settings.newest_rows_memory(), StateMemory::default());
        for (text, bytes) in [
            ("0", 0),
            ("64", 64 << 10),
            ("3MB", 3 << 20),
            ("1 GB", 1 << 30),
        ] {
            settings.set("newest_rows_memory", Some(text)).expect(text);
            assert_eq!(settings.newest_rows_memory(), StateMemory(bytes), "{text}");
        }
        for text in ["much", "-1MB", "1.5GB", "99999999999TB", "MB"] {
            let error = settings.set("newest_rows_memory", Some(text));
            let error = error.expect_err(text).message;
            let expected = "newest_rows_memory: must be a size such as 64MB, 1GB or 0, found ";
            assert_eq!(error, format!("{expected}{text}"));
        }
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        let mut settings = Settings::default();
        let error = settings
            .set("statement_timeout", Some("soon"))
            .expect_err("no time");
        assert_eq!(
            error.message,
            "statement_timeout: must be a time such as 500ms, 5s or 2min, found soon"
        );
        assert_eq!(
            settings
                .set("server_version", Some("1"))
                .expect_err("fixed")
                .state
                .code(),
            "55000"
        );
        assert_eq!(
            settings
                .set("colour", Some("red"))
                .expect_err("unknown")
                .state
                .code(),
            "42704"
        );
        assert_eq!(
            settings
                .set("client_encoding", Some("latin1"))
                .expect_err("encoding")
                .state
                .code(),
            "22023"
        );
    }

    #[test]
    fn shared_settings_cannot_be_changed_in_a_session() {
        assert!(check_datafusion_setting("datafusion.runtime.memory_limit").is_err());
        assert!(check_datafusion_setting("datafusion.execution.batch_size").is_ok());
    }
}
