//! Trades on candles, one chart a symbol.

use super::super::Report;
use super::super::format::{Unit, show};
use super::super::plot::{Chart, Plot, Series, Size};
use super::super::scale::{is_intraday, show_time};
use crate::lake::ledger::ResultTable;
use std::fmt::Write;

/// Candles of one symbol, joined to what the width has room for.
#[derive(Default)]
struct Candles {
    times: Vec<i64>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
}

/// The symbols that the run has candles of, in the ledger's order.
pub fn symbols(report: &Report) -> Vec<String> {
    let mut symbols: Vec<String> = Vec::new();
    for symbol in report
        .candles
        .as_ref()
        .map_or(&[][..], |c| c.texts("symbol"))
    {
        let symbol = symbol.clone().unwrap_or_default();
        if symbols.last() != Some(&symbol) {
            symbols.push(symbol);
        }
    }
    symbols
}

/// What stands above the candles of a symbol; bars without symbols have no name.
pub fn title(symbol: &str) -> String {
    match symbol {
        "" => "Trades".to_string(),
        symbol => format!("Trades of {symbol}"),
    }
}

/// The candles of a symbol with the entries and exits of its trades.
pub fn candles(report: &Report, symbol: &str, size: Size) -> Option<Chart> {
    let per_candle = 4.0;
    let candles = Candles::of(
        report.candles.as_ref()?,
        symbol,
        (size.width / per_candle) as usize,
    );
    let (high, low) = (series(&candles.high), series(&candles.low));
    let close = Series {
        name: "close",
        class: "series c",
        values: &candles.close,
    };
    let shown: &[Series<'_>] = if candles.has_range() {
        &[high, low, close]
    } else {
        &[close]
    };
    let mut plot = Plot::new(size, &candles.times, shown, Unit::Plain, &[])?;
    if candles.has_range() {
        draw(&mut plot, &candles, size);
    } else {
        plot.line(&close);
    }
    plot.hits(&[close], is_intraday(&candles.times));
    if let Some(trades) = &report.trades {
        mark(&mut plot, trades, symbol, is_intraday(&candles.times));
    }
    Some(plot.finish())
}

fn series(values: &[f64]) -> Series<'_> {
    Series {
        name: "",
        class: "",
        values,
    }
}

impl Candles {
    fn of(table: &ResultTable, symbol: &str, room: usize) -> Self {
        let times = table.times("ts");
        let rows: Vec<usize> = (table.texts("symbol").iter().enumerate())
            .filter(|(_, s)| s.as_deref().unwrap_or_default() == symbol)
            .map(|(row, _)| row)
            .collect();
        let [open, high, low, close] =
            ["open", "high", "low", "close"].map(|name| table.numbers(name));
        let at = |values: &[f64], row: &usize| values.get(*row).copied().unwrap_or(f64::NAN);
        let mut candles = Self::default();
        for part in rows.chunks(rows.len().div_ceil(room.max(1)).max(1)) {
            let (Some(first), Some(last)) = (part.first(), part.last()) else {
                continue;
            };
            candles
                .times
                .push(times.get(*last).copied().flatten().unwrap_or_default());
            candles.open.push(at(&open, first));
            candles
                .high
                .push(part.iter().map(|r| at(&high, r)).fold(f64::NAN, f64::max));
            candles
                .low
                .push(part.iter().map(|r| at(&low, r)).fold(f64::NAN, f64::min));
            candles.close.push(at(&close, last));
        }
        candles
    }

    fn has_range(&self) -> bool {
        let known = |values: &[f64]| values.iter().any(|v| v.is_finite());
        known(&self.open) && known(&self.high) && known(&self.low)
    }
}

/// Wicks and bodies, rising and falling ones each as one path.
fn draw(plot: &mut Plot<'_>, candles: &Candles, size: Size) {
    let half = (size.width / candles.times.len().max(1) as f64 * 0.32).clamp(0.4, 4.0);
    let [mut rising, mut falling] = [String::new(), String::new()];
    for (row, time) in candles.times.iter().enumerate() {
        let (open, close) = (candles.open[row], candles.close[row]);
        let (high, low) = (candles.high[row], candles.low[row]);
        if ![open, close, high, low].iter().all(|v| v.is_finite()) {
            continue;
        }
        let x = plot.x(*time);
        let (top, bottom) = (plot.y(open.max(close)), plot.y(open.min(close)));
        let d = if close >= open {
            &mut rising
        } else {
            &mut falling
        };
        let _ = write!(d, "M{x:.1} {:.1}V{top:.1}", plot.y(high));
        let _ = write!(d, "M{x:.1} {bottom:.1}V{:.1}", plot.y(low));
        let height = (bottom - top).max(0.6);
        let _ = write!(
            d,
            "M{:.1} {top:.1}h{:.1}v{height:.1}h-{:.1}Z",
            x - half,
            2.0 * half,
            2.0 * half
        );
    }
    plot.svg().path("candle up", &rising);
    plot.svg().path("candle down", &falling);
}

/// A triangle below each entry and above each exit of long trades, the other way round for shorts.
fn mark(plot: &mut Plot<'_>, trades: &ResultTable, symbol: &str, is_intraday: bool) {
    let symbols = trades.texts("symbol");
    let sides = trades.texts("side");
    let pnl = trades.numbers("pnl");
    let ends = [
        (
            "entry",
            trades.times("entry_ts"),
            trades.numbers("entry_price"),
        ),
        (
            "exit",
            trades.times("exit_ts"),
            trades.numbers("exit_price"),
        ),
    ];
    for (row, of) in symbols.iter().enumerate() {
        if of.as_deref().unwrap_or_default() != symbol {
            continue;
        }
        let side = sides
            .get(row)
            .and_then(Option::as_deref)
            .unwrap_or_default();
        for (end, times, prices) in &ends {
            let (Some(Some(time)), Some(price)) = (times.get(row), prices.get(row)) else {
                continue;
            };
            if !price.is_finite() {
                continue;
            }
            let is_buy = (side == "long") == (*end == "entry");
            let (x, y) = (plot.x(*time), plot.y(*price));
            let (class, d) = triangle(x, y, is_buy);
            plot.svg().path(class, &d);
            let profit = match *end {
                "exit" => format!(
                    "  pnl {}",
                    show(pnl.get(row).copied().unwrap_or(f64::NAN), Unit::Money)
                ),
                _ => String::new(),
            };
            let when = show_time(*time, is_intraday);
            let text = format!(
                "{when}  {end} {side} at {}{profit}",
                show(*price, Unit::Plain)
            );
            plot.svg().hit(x - 6.0, y - 12.0, 12.0, 24.0, &text);
        }
    }
}

/// Points up from below for a buy, down from above for a sale.
fn triangle(x: f64, y: f64, is_buy: bool) -> (&'static str, String) {
    let (class, way) = if is_buy {
        ("mark buy", 1.0)
    } else {
        ("mark sell", -1.0)
    };
    let (tip, base) = (y + way * 4.0, y + way * 12.0);
    (
        class,
        format!("M{x:.1} {tip:.1}L{:.1} {base:.1}H{:.1}Z", x - 5.0, x + 5.0),
    )
}
