//! The files of an import: finding them, their formats, and how DuckDB reads them.

use super::{Format, refusal};
use crate::lake::error::{self, Result};
use duckdb::{Connection, params};
use quantlake_core::{QlError, SqlState};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) format: Format,
    pub(super) bytes: u64,
}

/// A column as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceColumn {
    pub(super) name: String,
    /// The type that DuckDB detected.
    pub(super) detected: String,
    /// Whether the reader hands it over unconverted, under a name of ours.
    pub(super) is_csv: bool,
}

impl SourceColumn {
    /// Whether its values have to be parsed.
    pub(super) fn is_text(&self) -> bool {
        self.is_csv || self.detected == "VARCHAR"
    }
}

/// How to read a file: a table function call, and what it yields.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pub(super) call: String,
    pub(super) columns: Vec<SourceColumn>,
    /// The format of the file's dates in DuckDB's letters, when it is not ISO 8601.
    pub(super) date_format: Option<String>,
    /// The format of the file's timestamps, likewise.
    pub(super) timestamp_format: Option<String>,
}

impl Source {
    /// The file's name without folder, for messages.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The name up to its first dot: `AAPL` of `data/AAPL.csv.gz`.
    pub(super) fn stem(&self) -> &str {
        self.name().split('.').next().unwrap_or_default()
    }

    /// Finds the columns and types.
    ///
    /// # Errors
    /// 22P04 when the file is not of its format.
    pub(super) fn reader(&self, connection: &Connection) -> Result<Reader> {
        match self.format {
            Format::Csv => self.csv_reader(connection),
            Format::Parquet => self.typed_reader(connection, "read_parquet", ""),
            Format::Json => self.typed_reader(connection, "read_json", ", sample_size=-1"),
        }
    }

    fn typed_reader(
        &self,
        connection: &Connection,
        function: &str,
        options: &str,
    ) -> Result<Reader> {
        let call = format!("{function}({}{options})", quoted(&self.path));
        let columns = describe(connection, &call).map_err(|e| refusal(self.name(), reason(&e)))?;
        Ok(Reader {
            call,
            columns,
            date_format: None,
            timestamp_format: None,
        })
    }

    /// Reads every field as text, so that each value that cannot be converted is named; types
    /// and date formats are those that DuckDB's sniffer sees.
    fn csv_reader(&self, connection: &Connection) -> Result<Reader> {
        let header = self.first_line(connection)?;
        let separator = separator(&header);
        let names = split_header(&header, separator);
        if names.iter().any(String::is_empty) {
            return Err(refusal(
                self.name(),
                "row 1: the header line has an empty column name",
            ));
        }
        let sniffed = self.sniff(connection, separator);
        let types = match sniffed.types.len() == names.len() {
            true => sniffed.types,
            false => vec!["VARCHAR".to_string(); names.len()],
        };
        if sniffed.lacks_header
            && types.iter().any(|t| t != "VARCHAR")
            && names.iter().any(|n| n.parse::<f64>().is_ok())
        {
            return Err(refusal(
                self.name(),
                "row 1: there is no header line with column names",
            ));
        }
        let as_text: Vec<String> = (0..names.len())
            .map(|i| format!("'{}': 'VARCHAR'", raw_name(i)))
            .collect();
        let call = format!(
            "read_csv({}, auto_detect=false, header=true, delim={}, quote='\"', escape='\"',
             nullstr='', null_padding=false, strict_mode=true, columns={{{}}})",
            quoted(&self.path),
            quoted(&separator.to_string()),
            as_text.join(", ")
        );
        let columns = names
            .into_iter()
            .zip(types)
            .map(|(name, detected)| SourceColumn {
                name,
                detected,
                is_csv: true,
            })
            .collect();
        Ok(Reader {
            call,
            columns,
            date_format: sniffed.date_format,
            timestamp_format: sniffed.timestamp_format,
        })
    }

    fn first_line(&self, connection: &Connection) -> Result<String> {
        // A separator that no file has leaves the line whole, also in compressed files.
        let sql = format!(
            "SELECT line FROM read_csv({}, auto_detect=false, header=false, delim='\u{1}', quote='',
             escape='', columns={{'line': 'VARCHAR'}}) LIMIT 1",
            quoted(&self.path)
        );
        let line = connection.query_row(&sql, [], |row| row.get::<_, Option<String>>(0));
        match line {
            Ok(Some(line)) if !line.trim().is_empty() => {
                Ok(line.trim_start_matches('\u{feff}').trim_end().to_string())
            }
            Ok(_) | Err(duckdb::Error::QueryReturnedNoRows) => {
                Err(refusal(self.name(), "the file is empty"))
            }
            Err(e) => Err(refusal(self.name(), reason(&e))),
        }
    }

    fn sniff(&self, connection: &Connection, separator: char) -> Sniffed {
        let sql = format!(
            "SELECT to_json(list_transform(columns, x -> x.type))::VARCHAR, dateformat, timestampformat, hasheader
             FROM sniff_csv({}, delim={}, sample_size=500000)",
            quoted(&self.path),
            quoted(&separator.to_string())
        );
        // A file that the sniffer cannot make sense of is read as text, and the reader then
        // names the line that is wrong.
        connection
            .query_row(&sql, [], |row| {
                let types: String = row.get(0)?;
                Ok(Sniffed {
                    types: serde_json::from_str(&types).unwrap_or_default(),
                    date_format: row.get(1)?,
                    timestamp_format: row.get(2)?,
                    lacks_header: !row.get::<_, bool>(3)?,
                })
            })
            .unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Sniffed {
    types: Vec<String>,
    date_format: Option<String>,
    timestamp_format: Option<String>,
    lacks_header: bool,
}

/// The name that the reader gives to a text column; the file's own may not be unique.
pub(super) fn raw_name(index: usize) -> String {
    format!("c{index}")
}

/// The files behind paths and globs.
///
/// # Errors
/// 58P01 when a path matches nothing.
pub(super) fn find(
    connection: &Connection,
    sources: &[String],
    format: Option<Format>,
) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for pattern in sources {
        let paths: Vec<String> = connection
            .prepare("SELECT file FROM glob(?) ORDER BY file")
            .and_then(|mut s| s.query_map(params![pattern], |row| row.get(0))?.collect())
            .map_err(|e| error::duckdb(&e))?;
        if paths.is_empty() {
            return Err(QlError::new(
                SqlState::UndefinedFile,
                format!("{pattern}: no such file"),
            ));
        }
        for path in paths {
            found.push(open(path, format)?);
        }
    }
    if found.is_empty() {
        return Err(QlError::new(
            SqlState::InvalidParameter,
            "import: no files are given",
        ));
    }
    Ok(found)
}

fn open(path: String, format: Option<Format>) -> Result<Source> {
    let at = |e: &std::io::Error| error::at_path(Path::new(&path), e);
    let bytes = std::fs::metadata(&path).map_err(|e| at(&e))?.len();
    let format = match format.or_else(|| by_extension(&path)) {
        Some(format) => format,
        None => by_content(&path).map_err(|e| at(&e))?,
    };
    Ok(Source {
        path,
        format,
        bytes,
    })
}

fn by_extension(path: &str) -> Option<Format> {
    let lower = path.to_ascii_lowercase();
    let name = lower.trim_end_matches(".gz").trim_end_matches(".zst");
    match name.rsplit_once('.')?.1 {
        "csv" | "tsv" | "txt" => Some(Format::Csv),
        "parquet" | "pq" => Some(Format::Parquet),
        "json" | "jsonl" | "ndjson" => Some(Format::Json),
        _ => None,
    }
}

fn by_content(path: &str) -> std::io::Result<Format> {
    let mut start = Vec::new();
    File::open(path)?.take(64).read_to_end(&mut start)?;
    let first = start.iter().find(|b| !b.is_ascii_whitespace());
    Ok(match first {
        _ if start.starts_with(b"PAR1") => Format::Parquet,
        Some(b'{' | b'[') => Format::Json,
        _ => Format::Csv,
    })
}

fn describe(connection: &Connection, call: &str) -> duckdb::Result<Vec<SourceColumn>> {
    connection
        .prepare(&format!(
            "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {call})"
        ))?
        .query_map([], |row| {
            Ok(SourceColumn {
                name: row.get(0)?,
                detected: row.get(1)?,
                is_csv: false,
            })
        })?
        .collect()
}

/// The separator that a header line has most of; a comma when it has none.
fn separator(header: &str) -> char {
    let outside_quotes: String = header.split('"').step_by(2).collect();
    let count = |c: &char| outside_quotes.matches(*c).count();
    [',', ';', '\t', '|']
        .into_iter()
        .rev()
        .max_by_key(count)
        .filter(|c| count(c) > 0)
        .unwrap_or(',')
}

fn split_header(header: &str, separator: char) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut is_quoted = false;
    for c in header.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if c == separator && !is_quoted => names.push(String::new()),
            c => {
                if let Some(name) = names.last_mut() {
                    name.push(c);
                }
            }
        }
    }
    names.iter().map(|n| n.trim().to_string()).collect()
}

/// What DuckDB says is wrong with a file, without its advice: `line 11: expected 7 columns,
/// found 4`.
pub(super) fn reason(error: &duckdb::Error) -> String {
    let text = error.to_string();
    let line = text
        .split_once("CSV Error on Line: ")
        .and_then(|(_, rest)| rest.lines().next())
        .map(str::trim);
    let Some(line) = line else {
        let first = error::first_sentence(&text);
        return match first.split_once("Error: ") {
            Some((_, what)) => what.to_string(),
            None => first,
        };
    };
    let after = |marker: &str| {
        text.lines()
            .find_map(|l| l.trim().strip_prefix(marker).map(str::to_string))
    };
    let what = match after("Expected Number of Columns: ") {
        Some(counts) => match counts.split_once(" Found: ") {
            Some((expected, found)) => format!("expected {expected} columns, found {found}"),
            None => format!("expected {counts} columns"),
        },
        None if text.contains("unterminated quote") => "a quoted value is not closed".to_string(),
        None if text.to_lowercase().contains("unicode") || text.contains("utf-8") => {
            "the text is not UTF-8".to_string()
        }
        None => "the line cannot be read".to_string(),
    };
    format!("line {line}: {what}")
}

/// A text as a SQL literal.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    #[test]
    fn separator_is_the_one_the_header_has_most_of() {
        assert_eq!(separator("ts;open;close"), ';');
        assert_eq!(separator("ts\tclose"), '\t');
        assert_eq!(separator("\"a;b;c\",d"), ',');
        assert_eq!(separator("close"), ',');
    }

    #[test]
    fn quoted_header_names_keep_separators() {
        assert_eq!(
            split_header("\"Date\",\"Adj, Close\" ,v", ','),
            ["Date", "Adj, Close", "v"]
        );
    }

    #[test]
    fn stem_is_the_name_up_to_its_first_dot() {
        let source = Source {
            path: "a.b/AAPL.csv.gz".into(),
            format: Format::Csv,
            bytes: 0,
        };
        assert_eq!(source.stem(), "AAPL");
    }

    #[test]
    fn format_follows_the_name() {
        assert_eq!(by_extension("x/AAPL.CSV.gz"), Some(Format::Csv));
        assert_eq!(by_extension("x.parquet"), Some(Format::Parquet));
        assert_eq!(by_extension("x.ndjson"), Some(Format::Json));
        assert_eq!(by_extension("x.bin"), None);
    }
}
