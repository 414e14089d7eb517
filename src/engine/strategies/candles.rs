//! Candles for the report: a sample of the bars that is small enough for the ledger, however many
//! bars the run had. The symbols with most trades come first.

use super::simulate::{BARS, Desk};
use super::surfaces::TRADES;
use crate::lake::ledger::{ResultTable, Values};
use datafusion::error::Result;
use std::collections::HashMap;

/// The name of the table.
pub const CANDLES: &str = "candles";
/// Symbols kept.
const MAX_SYMBOLS: usize = 25;
/// Candles kept of each symbol; bars beyond are joined.
const MAX_CANDLES: usize = 600;

/// Joined bars of the symbols with most trades.
///
/// # Errors
/// Those of execution.
pub async fn candles(desk: &Desk, tables: &[ResultTable]) -> Result<ResultTable> {
    let mut selected = Vec::new();
    for name in ["symbol", "open", "high", "low", "close"] {
        let ty = if name == "symbol" {
            "VARCHAR"
        } else {
            "DOUBLE"
        };
        let column = desk.column(BARS, name).await?;
        let column = column.unwrap_or_else(|| "NULL".to_string());
        selected.push(format!("CAST({column} AS {ty}) AS {name}"));
    }
    let sql = format!(
        "SELECT ts, {} FROM {BARS} ORDER BY symbol, ts",
        selected.join(", ")
    );
    let bars = desk.read(CANDLES, &sql).await?;
    let trades = tables.iter().find(|t| t.name == TRADES);
    Ok(join(&bars, &most_traded(&bars, trades)))
}

/// Symbols by falling number of trades, then by name.
fn most_traded(bars: &ResultTable, trades: Option<&ResultTable>) -> Vec<Option<String>> {
    let mut counts: HashMap<&Option<String>, usize> = HashMap::new();
    for symbol in bars.texts("symbol") {
        counts.entry(symbol).or_default();
    }
    for symbol in trades.map_or(&[][..], |t| t.texts("symbol")) {
        if let Some(count) = counts.get_mut(symbol) {
            *count += 1;
        }
    }
    let mut symbols: Vec<(&Option<String>, usize)> = counts.into_iter().collect();
    symbols.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    let first = symbols.into_iter().take(MAX_SYMBOLS);
    first.map(|(symbol, _)| symbol.clone()).collect()
}

/// One candle for every so many bars of a symbol, stamped at the last of them.
fn join(bars: &ResultTable, symbols: &[Option<String>]) -> ResultTable {
    let times = bars.times("ts");
    let [open, high, low, close] = ["open", "high", "low", "close"].map(|name| bars.numbers(name));
    let mut rows: HashMap<&Option<String>, Vec<usize>> = HashMap::new();
    for (row, symbol) in bars.texts("symbol").iter().enumerate() {
        rows.entry(symbol).or_default().push(row);
    }
    let mut candles = Candles::default();
    for symbol in symbols {
        let rows = rows.get(symbol).map_or(&[][..], Vec::as_slice);
        let per_candle = rows.len().div_ceil(MAX_CANDLES).max(1);
        for part in rows.chunks(per_candle) {
            let of = |values: &[f64]| -> Vec<f64> {
                let values = part.iter().filter_map(|row| values.get(*row));
                values.copied().filter(|v| v.is_finite()).collect()
            };
            candles.symbol.push(symbol.clone());
            candles.ts.push(
                part.last()
                    .and_then(|row| times.get(*row).copied().flatten()),
            );
            candles.open.push(of(&open).first().copied());
            candles.high.push(of(&high).into_iter().reduce(f64::max));
            candles.low.push(of(&low).into_iter().reduce(f64::min));
            candles.close.push(of(&close).last().copied());
        }
    }
    candles.table()
}

#[derive(Default)]
struct Candles {
    symbol: Vec<Option<String>>,
    ts: Vec<Option<i64>>,
    open: Vec<Option<f64>>,
    high: Vec<Option<f64>>,
    low: Vec<Option<f64>>,
    close: Vec<Option<f64>>,
}

impl Candles {
    fn table(self) -> ResultTable {
        let number = |name: &str, values| (name.to_string(), Values::Numbers(values));
        ResultTable {
            name: CANDLES.to_string(),
            columns: vec![
                ("symbol".to_string(), Values::Texts(self.symbol)),
                ("ts".to_string(), Values::Times(self.ts)),
                number("open", self.open),
                number("high", self.high),
                number("low", self.low),
                number("close", self.close),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bars_become_few_candles_that_keep_the_extremes() {
        let n = 1000;
        let series = |f: fn(usize) -> f64| Values::Numbers((0..n).map(|i| Some(f(i))).collect());
        let bars = ResultTable {
            name: "bars".into(),
            columns: vec![
                (
                    "ts".into(),
                    Values::Times((0..n as i64).map(Some).collect()),
                ),
                ("symbol".into(), Values::Texts(vec![Some("a".into()); n])),
                ("open".into(), series(|i| i as f64)),
                (
                    "high".into(),
                    series(|i| if i == 501 { 9999.0 } else { i as f64 }),
                ),
                ("low".into(), series(|i| i as f64 - 1.0)),
                ("close".into(), series(|i| i as f64 + 0.5)),
            ],
        };
        let table = join(&bars, &most_traded(&bars, None));
        assert_eq!(table.n_rows(), 500);
        assert_eq!(table.numbers("open")[250], 500.0);
        assert_eq!(table.numbers("close")[250], 501.5);
        assert_eq!(table.numbers("low")[250], 499.0);
        assert_eq!(table.numbers("high")[250], 9999.0);
        assert_eq!(table.times("ts")[250], Some(501));
    }
}
