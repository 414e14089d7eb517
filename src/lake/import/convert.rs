//! SQL that turns a value of a file into one of a table, and tells what cannot be turned.
//!
//! Times are UTC, prices finite numbers; "NA", "NaN" and the like mean missing.

use super::source::{Reader, SourceColumn, quoted};

/// A column of the table, and how its values are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    /// The type in DuckDB.
    pub(super) sql_type: String,
    /// The value as the file has it.
    pub(super) raw: String,
    /// The value as stored; NULL when it cannot be converted.
    pub(super) converted: String,
    /// What a value must be, for the message about one that is not.
    pub(super) must_be: &'static str,
    /// Which values that came out as NULL had been something else.
    pub(super) check: Check,
}

/// When a value that cannot be converted is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Unless it was NULL.
    Values,
    /// Unless it was NULL or a word for "missing".
    Words,
    /// Never: the conversion cannot fail, or its failure means missing.
    Nothing,
}

impl Check {
    /// SQL that tells of a raw value whether it should have been converted.
    pub(super) fn condition(self, raw: &str) -> String {
        match self {
            Self::Values => format!("{raw} IS NOT NULL"),
            Self::Words => format!("lower(trim({raw})) NOT IN ({MISSING})"),
            Self::Nothing => "false".to_string(),
        }
    }
}

/// What people write where a number is missing.
const MISSING: &str = "'', 'na', 'n/a', '#n/a', 'nan', 'null', 'none', '-', 'inf', '-inf', '+inf', 'infinity', '-infinity'";

impl Target {
    /// The column `name`, out of the column `raw` of the reader's output.
    pub(super) fn new(
        name: &str,
        raw: String,
        column: &SourceColumn,
        reader: &Reader,
        is_bars: bool,
        epoch: &dyn Fn(&str) -> EpochUnit,
    ) -> Self {
        let is_text = column.is_text();
        let (sql_type, converted, must_be) = match name {
            "ts" => (
                "TIMESTAMP".to_string(),
                time(column, reader, &raw, epoch),
                "a time",
            ),
            "symbol" => (
                "VARCHAR".to_string(),
                format!("nullif(trim({raw}::VARCHAR), '')"),
                "a text",
            ),
            "open" | "high" | "low" | "close" | "adj_close" | "volume" if is_bars => {
                ("DOUBLE".to_string(), number(&raw, is_text), "a number")
            }
            _ if is_text => from_text(&raw, &column.detected, reader),
            _ => from_typed(&raw, &column.detected),
        };
        let check = match (must_be, is_text) {
            ("a number", true) => Check::Words,
            ("a number", false) => Check::Nothing,
            // An empty symbol is a missing one.
            _ if name == "symbol" => Check::Nothing,
            _ => Check::Values,
        };
        Self {
            name: name.to_string(),
            sql_type,
            raw,
            converted,
            must_be,
            check,
        }
    }

    /// The same symbol in all rows.
    pub(super) fn constant_symbol(symbol: &str) -> Self {
        Self {
            name: "symbol".to_string(),
            sql_type: "VARCHAR".to_string(),
            raw: "NULL".to_string(),
            converted: quoted(symbol),
            must_be: "a text",
            check: Check::Nothing,
        }
    }
}

/// The unit of numbers that stand for times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EpochUnit {
    /// 20240131.
    CalendarDay,
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl EpochUnit {
    /// The unit in which the largest number of a column is a date of this age.
    pub(super) fn of(smallest: f64, largest: f64) -> Self {
        match largest {
            _ if smallest >= 19_000_101.0 && largest <= 21_001_231.0 => Self::CalendarDay,
            x if x < 1e11 => Self::Seconds,
            x if x < 1e14 => Self::Millis,
            x if x < 1e17 => Self::Micros,
            _ => Self::Nanos,
        }
    }
}

fn time(
    column: &SourceColumn,
    reader: &Reader,
    raw: &str,
    epoch: &dyn Fn(&str) -> EpochUnit,
) -> String {
    match column.detected.as_str() {
        t if is_number(t) => epoch_time(raw, epoch(raw)),
        _ if column.is_text() => text_time(raw, reader),
        "TIMESTAMP WITH TIME ZONE" => format!("make_timestamp(epoch_us({raw}))"),
        _ => format!("TRY_CAST({raw} AS TIMESTAMP)"),
    }
}

pub(super) fn text_time(raw: &str, reader: &Reader) -> String {
    let formats = [&reader.timestamp_format, &reader.date_format];
    let mut tries: Vec<String> = formats
        .into_iter()
        .flatten()
        .map(|f| format!("try_strptime({raw}, {})", quoted(f)))
        .collect();
    // ISO 8601. A cast to TIMESTAMP would drop an offset in the text; the session's zone is UTC.
    tries.push(format!(
        "make_timestamp(epoch_us(TRY_CAST({raw} AS TIMESTAMPTZ)))"
    ));
    format!("coalesce({})", tries.join(", "))
}

fn epoch_time(raw: &str, unit: EpochUnit) -> String {
    let scaled = |factor: &str| {
        format!(
            "make_timestamp(TRY_CAST(round(TRY_CAST({raw} AS DECIMAL(38, 6)) {factor}) AS BIGINT))"
        )
    };
    match unit {
        EpochUnit::CalendarDay => {
            format!("try_strptime(TRY_CAST(TRY_CAST({raw} AS BIGINT) AS VARCHAR), '%Y%m%d')")
        }
        EpochUnit::Seconds => scaled("* 1000000"),
        EpochUnit::Millis => scaled("* 1000"),
        EpochUnit::Micros => scaled("* 1"),
        EpochUnit::Nanos => scaled("/ 1000"),
    }
}

/// A finite number, or NULL; figures may have thousands separators.
fn number(raw: &str, is_text: bool) -> String {
    let plain = format!("TRY_CAST({raw} AS DOUBLE)");
    let value = match is_text {
        // The pattern is slow, and is tried only where the plain reading fails.
        true => format!(
            "coalesce({plain}, CASE WHEN regexp_full_match(trim({raw}), '[+-]?[0-9]{{1,3}}(,[0-9]{{3}})+([.][0-9]*)?')
             THEN TRY_CAST(replace({raw}, ',', '') AS DOUBLE) END)"
        ),
        false => plain,
    };
    format!("CASE WHEN isfinite({value}) THEN {value} END")
}

fn from_text(raw: &str, detected: &str, reader: &Reader) -> (String, String, &'static str) {
    let must_be = |what| {
        (
            detected.to_string(),
            format!("TRY_CAST({raw} AS {detected})"),
            what,
        )
    };
    match detected {
        "BIGINT" | "DOUBLE" => (
            detected.to_string(),
            format!("TRY_CAST({raw} AS {detected})"),
            "a number",
        ),
        "BOOLEAN" => must_be("true or false"),
        "TIME" => must_be("a time of day"),
        "DATE" | "TIMESTAMP" => {
            let time = text_time(raw, reader);
            (
                detected.to_string(),
                format!("TRY_CAST({time} AS {detected})"),
                "a date",
            )
        }
        "TIMESTAMP WITH TIME ZONE" => ("TIMESTAMP".to_string(), text_time(raw, reader), "a time"),
        _ => ("VARCHAR".to_string(), raw.to_string(), "a text"),
    }
}

/// Types that the lake has are kept; the others become what is nearest.
fn from_typed(raw: &str, detected: &str) -> (String, String, &'static str) {
    let kept = |sql_type: &str| {
        (
            sql_type.to_string(),
            format!("TRY_CAST({raw} AS {sql_type})"),
            "a value of its type",
        )
    };
    match detected {
        "HUGEINT" | "UHUGEINT" => kept("DOUBLE"),
        "TIMESTAMP_S" | "TIMESTAMP_MS" => kept("TIMESTAMP"),
        t if t.ends_with(']') || t.starts_with("STRUCT") || t.starts_with("MAP") => (
            "VARCHAR".to_string(),
            format!("to_json({raw})::VARCHAR"),
            "a text",
        ),
        "BOOLEAN"
        | "DATE"
        | "TIME"
        | "TIMESTAMP"
        | "TIMESTAMP_NS"
        | "TIMESTAMP WITH TIME ZONE"
        | "BLOB"
        | "FLOAT" => kept(detected),
        t if is_number(t) => kept(detected),
        _ => kept("VARCHAR"),
    }
}

fn is_number(sql_type: &str) -> bool {
    let name = sql_type.trim_start_matches('U');
    matches!(
        name,
        "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "FLOAT" | "DOUBLE"
    ) || sql_type.starts_with("DECIMAL")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    #[test]
    fn unit_of_a_number_follows_from_its_size() {
        assert_eq!(EpochUnit::of(1.5e9, 1.7e9), EpochUnit::Seconds);
        assert_eq!(EpochUnit::of(1.5e12, 1.7e12), EpochUnit::Millis);
        assert_eq!(EpochUnit::of(1.5e15, 1.7e15), EpochUnit::Micros);
        assert_eq!(EpochUnit::of(1.5e18, 1.7e18), EpochUnit::Nanos);
        assert_eq!(
            EpochUnit::of(20_200_101.0, 20_241_231.0),
            EpochUnit::CalendarDay
        );
    }
}
