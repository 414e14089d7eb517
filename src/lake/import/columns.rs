//! From the columns of a file to those of a table: the usual names, and their order.
//!
//! A file with a time and a closing price holds bars. Its columns get the names `symbol`, `ts`,
//! `open`, `high`, `low`, `close`, `adj_close`, `volume` in this order, others follow under
//! their own names in lower case with underscores. `convert.rs` makes the values.

use super::ImportOptions;
use super::convert::{EpochUnit, Target, text_time};
use super::source::{Reader, SourceColumn, raw_name};
use crate::lake::error::Result;
use quantlake_core::{QlError, SqlState};

/// The names of each usual column, lower-case letters and digits only, best first.
const ALIASES: [(&str, &[&str]); 8] = [
    ("symbol", &["symbol", "ticker", "sym", "instrument"]),
    (
        "ts",
        &[
            "ts",
            "timestamp",
            "datetime",
            "date",
            "time",
            "dt",
            "opentime",
            "unix",
            "epoch",
        ],
    ),
    ("open", &["open", "o", "openprice"]),
    ("high", &["high", "h", "highprice"]),
    ("low", &["low", "l", "lowprice"]),
    ("close", &["close", "c", "closeprice", "closelast"]),
    (
        "adj_close",
        &["adjclose", "adjustedclose", "closeadj", "closeadjusted"],
    ),
    ("volume", &["volume", "vol", "v"]),
];

/// All columns of a table to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) targets: Vec<Target>,
    pub(super) is_bars: bool,
}

impl Plan {
    pub(super) fn has(&self, name: &str) -> bool {
        self.targets.iter().any(|t| t.name == name)
    }

    /// Symbol and time, as far as they are there.
    pub(super) fn sort_columns(&self) -> Vec<String> {
        match self.has("ts") {
            true => ["symbol", "ts"]
                .iter()
                .filter(|c| self.has(c))
                .map(ToString::to_string)
                .collect(),
            false => Vec::new(),
        }
    }
}

/// A source column with the name that it gets.
struct Named<'a> {
    index: usize,
    column: &'a SourceColumn,
    name: String,
}

impl Named<'_> {
    /// The column in the reader's output.
    fn raw(&self) -> String {
        match self.column.is_csv {
            true => raw_name(self.index),
            false => identifier(&self.column.name),
        }
    }
}

/// Plans the columns of a file; `stem` is the symbol of a file of bars without any.
///
/// # Errors
/// 42703 for a mapped column that the file lacks, 42710 for two columns of one name.
pub(super) fn plan(
    reader: &Reader,
    options: &ImportOptions,
    stem: &str,
    epoch: &dyn Fn(&str) -> EpochUnit,
) -> Result<Plan> {
    let (named, is_bars) = name_columns(&reader.columns, &options.mapping)?;
    let mut targets = Vec::new();
    for column in &named {
        targets.push(Target::new(
            &column.name,
            column.raw(),
            column.column,
            reader,
            is_bars,
            epoch,
        ));
    }
    join_date_and_time(&mut targets, &named, reader);
    if !targets.iter().any(|t| t.name == "symbol") {
        let stem = is_bars.then(|| stem.to_string());
        if let Some(symbol) = options.symbol.clone().or(stem) {
            targets.insert(0, Target::constant_symbol(&symbol));
        }
    }
    if is_bars {
        let rank = |name: &str| {
            ALIASES
                .iter()
                .position(|(usual, _)| *usual == name)
                .unwrap_or(ALIASES.len())
        };
        targets.sort_by_key(|t| rank(&t.name));
    }
    refuse_repeated_names(&targets)?;
    Ok(Plan { targets, is_bars })
}

fn name_columns<'a>(
    columns: &'a [SourceColumn],
    mapping: &[(String, String)],
) -> Result<(Vec<Named<'a>>, bool)> {
    let mut names: Vec<Option<String>> = vec![None; columns.len()];
    for (from, to) in mapping {
        let index = columns
            .iter()
            .position(|c| c.name.eq_ignore_ascii_case(from))
            .ok_or_else(|| {
                let found: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
                QlError::new(
                    SqlState::UndefinedColumn,
                    format!(
                        "import: there is no column `{from}`, found {}",
                        found.join(", ")
                    ),
                )
            })?;
        names[index] = Some(to.clone());
    }
    let usual = |name: &str| find_usual(name, columns, &names);
    let (ts, close) = (usual("ts"), usual("close"));
    let is_single_letter = close.is_some_and(|i| key(&columns[i].name) == "c");
    let has_ohl = ["open", "high", "low"].iter().all(|n| usual(n).is_some());
    let is_bars = ts.is_some() && close.is_some() && (!is_single_letter || has_ohl);
    for (name, _) in ALIASES {
        let applies = is_bars || matches!(name, "symbol" | "ts");
        if let Some(index) = find_usual(name, columns, &names).filter(|_| applies) {
            names[index] = Some(name.to_string());
        }
    }
    let named = columns
        .iter()
        .enumerate()
        .zip(names)
        .map(|((index, column), name)| Named {
            index,
            column,
            name: name.unwrap_or_else(|| snake_case(&column.name)),
        })
        .collect();
    Ok((named, is_bars))
}

/// The column that is named `usual`, or goes by its best alias.
fn find_usual(usual: &str, columns: &[SourceColumn], names: &[Option<String>]) -> Option<usize> {
    if let Some(index) = names.iter().position(|n| n.as_deref() == Some(usual)) {
        return Some(index);
    }
    let (_, aliases) = ALIASES.iter().find(|(name, _)| *name == usual)?;
    aliases.iter().find_map(|alias| {
        let mut free = columns
            .iter()
            .enumerate()
            .filter(|(i, _)| names[*i].is_none());
        free.find(|(_, c)| key(&c.name) == *alias).map(|(i, _)| i)
    })
}

/// A file with a date in one column and the time of day in another has one time.
fn join_date_and_time(targets: &mut Vec<Target>, named: &[Named<'_>], reader: &Reader) {
    let by_key = |wanted: &str| named.iter().find(|n| key(&n.column.name) == wanted);
    let (Some(date), Some(time)) = (by_key("date"), by_key("time")) else {
        return;
    };
    if date.name != "ts" || time.name == "ts" {
        return;
    }
    let joined = match date.column.is_text() {
        true => {
            let day = text_time(&date.raw(), reader);
            format!(
                "(TRY_CAST({day} AS DATE) + TRY_CAST({} AS TIME))",
                time.raw()
            )
        }
        false => format!(
            "(TRY_CAST({} AS DATE) + TRY_CAST({} AS TIME))",
            date.raw(),
            time.raw()
        ),
    };
    targets.retain(|t| t.name != time.name);
    if let Some(ts) = targets.iter_mut().find(|t| t.name == "ts") {
        ts.raw = format!("concat_ws(' ', {}, {})", date.raw(), time.raw());
        ts.converted = joined;
    }
}

fn refuse_repeated_names(targets: &[Target]) -> Result<()> {
    for (position, target) in targets.iter().enumerate() {
        if targets.iter().take(position).any(|t| t.name == target.name) {
            return Err(QlError::new(
                SqlState::DuplicateObject,
                format!("import: two columns would be named `{}`", target.name),
            )
            .with_hint("Give one of them another name with a column mapping"));
        }
    }
    Ok(())
}

/// Letters and digits in lower case: what two spellings of a name have in common.
fn key(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase()
}

/// `Trade Count` as `trade_count`, so that SQL needs no quotes.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.trim().chars() {
        if c.is_alphanumeric() {
            snake.extend(c.to_lowercase());
        } else if !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
    }
    let snake = snake.trim_end_matches('_');
    match snake.chars().next() {
        None => "column".to_string(),
        Some(c) if c.is_numeric() => format!("c_{snake}"),
        Some(_) => snake.to_string(),
    }
}

/// A name as a SQL identifier.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    fn names_of(header: &[(&str, &str)], mapping: &[(&str, &str)]) -> (Vec<String>, bool) {
        let columns = header
            .iter()
            .map(|(name, detected)| SourceColumn {
                name: name.to_string(),
                detected: detected.to_string(),
                is_csv: true,
            })
            .collect();
        let reader = Reader {
            call: String::new(),
            columns,
            date_format: None,
            timestamp_format: None,
        };
        let options = ImportOptions {
            mapping: mapping
                .iter()
                .map(|(a, b)| (a.to_string(), b.to_string()))
                .collect(),
            ..ImportOptions::default()
        };
        let plan = plan(&reader, &options, "AAPL", &|_| EpochUnit::Seconds).unwrap();
        (
            plan.targets.iter().map(|t| t.name.clone()).collect(),
            plan.is_bars,
        )
    }

    fn text(names: &[&'static str]) -> Vec<(&'static str, &'static str)> {
        names.iter().map(|n| (*n, "VARCHAR")).collect()
    }

    #[test]
    fn bars_get_the_usual_names_in_the_usual_order() {
        let yahoo = text(&[
            "Date",
            "Open",
            "High",
            "Low",
            "Close",
            "Adj Close",
            "Volume",
        ]);
        let expected = [
            "symbol",
            "ts",
            "open",
            "high",
            "low",
            "close",
            "adj_close",
            "volume",
        ];
        assert_eq!(
            names_of(&yahoo, &[]),
            (expected.map(String::from).to_vec(), true)
        );
        let letters = text(&["t_id", "T", "o", "h", "l", "c", "v", "datetime", "Ticker"]);
        let (names, is_bars) = names_of(&letters, &[]);
        assert!(is_bars);
        assert_eq!(
            names,
            [
                "symbol", "ts", "open", "high", "low", "close", "volume", "t_id", "t"
            ]
        );
    }

    #[test]
    fn column_named_c_alone_does_not_make_bars() {
        let (names, is_bars) = names_of(&text(&["ts", "a", "b", "c"]), &[]);
        assert!(!is_bars);
        assert_eq!(names, ["ts", "a", "b", "c"]);
    }

    #[test]
    fn mapping_wins_over_the_usual_names() {
        let (names, is_bars) = names_of(
            &text(&["when", "px", "Close"]),
            &[("When", "ts"), ("px", "close"), ("close", "raw_close")],
        );
        assert!(is_bars);
        assert_eq!(names, ["symbol", "ts", "close", "raw_close"]);
    }

    #[test]
    fn date_and_time_of_day_become_one_time() {
        let (names, _) = names_of(
            &text(&[
                "<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>",
            ]),
            &[],
        );
        assert_eq!(
            names,
            ["symbol", "ts", "open", "high", "low", "close", "volume"]
        );
    }

    #[test]
    fn other_names_need_no_quotes_in_sql() {
        assert_eq!(snake_case("Trade Count (total)"), "trade_count_total");
        assert_eq!(snake_case("52w high"), "c_52w_high");
        assert_eq!(snake_case("%"), "column");
    }
}
