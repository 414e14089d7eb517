//! 10,000 random markets, settings, signals and orders against the slow reference in Python, which
//! was written from docs/backtest.md and not from the engine (`tests/golden/backtest_random.py`).
//!
//! A failure names the case. `python tests/golden/backtest_random.py --case N` prints what the
//! reference does in it, `BACKTEST_CASE=N cargo test -p quantlake-backtest --test differential --
//! --nocapture` what the engine does.

#[path = "../common/mod.rs"]
mod common;
mod market;
mod options;
mod sql;
mod summary;

use flate2::read::GzDecoder;
use market::{Bars, Features};
use quantlake_backtest::engine::{Run, simulate_with_orders};
use quantlake_backtest::settings::Settings;
use std::io::Read;
use std::path::PathBuf;
use summary::{History, Summary};

/// One line of the file.
struct Case<'a> {
    number: u64,
    n_symbols: usize,
    n_bars: usize,
    has: Features,
    arguments: &'a str,
    expected: Summary,
}

impl<'a> Case<'a> {
    fn read(line: &'a str) -> Self {
        let fields: Vec<&str> = line.split('|').collect();
        Self {
            number: fields[0].parse().expect("a number"),
            n_symbols: fields[1].parse().expect("a count"),
            n_bars: fields[2].parse().expect("a count"),
            has: fields[3].split(',').map(str::to_owned).collect(),
            arguments: fields[4],
            expected: Summary::read(&fields[5..]),
        }
    }

    fn settings(&self) -> Settings {
        options::settings(self.arguments, self.has.contains("spread"))
    }

    fn bars(&self) -> Bars {
        Bars::of(self.number, self.n_symbols, self.n_bars, &self.has)
    }

    fn run(&self, bars: &Bars, settings: &Settings) -> Run {
        let orders = market::orders(self.number, self.n_symbols, self.n_bars, &self.has);
        let rates = market::rates(self.number, self.n_bars, &self.has);
        simulate_with_orders(&bars.market(), settings, orders, rates)
    }

    /// Sub-accounts are a matter of the functions, so that their cases go through SQL.
    fn history(&self, settings: &Settings) -> History {
        if self.has.contains("accounts") {
            return sql::history(self);
        }
        let bars = self.bars();
        History::of_run(&bars.market(), &self.run(&bars, settings))
    }

    /// What differs, if anything does.
    fn difference(&self) -> Option<String> {
        let settings = self.settings();
        let found = Summary::of(&self.history(&settings), &self.has);
        let difference = found.difference(&self.expected, settings.cash)?;
        let has: Vec<&str> = self.has.iter().map(String::as_str).collect();
        let (n, features) = (self.number, has.join(" "));
        Some(format!(
            "case {n}: {difference}\n    {features}\n    {}",
            self.arguments
        ))
    }

    fn show(&self) {
        let (bars, settings) = (self.bars(), self.settings());
        let run = self.run(&bars, &settings);
        let at = |ts: i64| (ts - bars.market().times[0]) as f64 / market::step(&self.has) as f64;
        for t in &run.transitions {
            let (symbol, cause, state) = (t.symbol, t.cause.name(), t.state.name());
            println!(
                "order {} at {} {symbol} {cause} {state} {} {}",
                t.order,
                at(t.ts),
                t.units,
                t.reason
            );
        }
        for f in &run.fills {
            let (cause, fee) = (f.cause.name(), f.commission);
            println!(
                "fill {} {} {} @ {} fee {fee} {cause} order {}",
                at(f.ts),
                f.symbol,
                f.units,
                f.price,
                f.order
            );
        }
        for e in &run.events {
            println!(
                "event {} {} {:?} {} {}",
                at(e.ts),
                e.rule,
                e.symbol,
                e.value,
                e.limit
            );
        }
        for (i, (cash, equity)) in run.curve.cash.iter().zip(run.curve.equity()).enumerate() {
            println!("curve {} {cash} {equity}", at(bars.market().times[i]));
        }
    }
}

fn file() -> String {
    let path = "../../tests/golden/backtest/random/cases.txt.gz";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    let packed = std::fs::read(path).expect("the golden file ships");
    let mut text = String::new();
    let read = GzDecoder::new(packed.as_slice()).read_to_string(&mut text);
    read.expect("the golden file is text");
    text
}

#[test]
fn ten_thousand_random_cases_end_as_in_the_reference() {
    let text = file();
    let cases: Vec<Case<'_>> = text.lines().skip(1).map(Case::read).collect();
    assert_eq!(cases.len(), 10_000);
    let wanted = std::env::var("BACKTEST_CASE").ok();
    if let Some(number) = wanted.and_then(|text| text.parse::<usize>().ok()) {
        cases[number].show();
    }
    let differences: Vec<String> = cases.iter().filter_map(Case::difference).collect();
    let shown = differences.iter().take(10).cloned().collect::<Vec<_>>();
    let n = differences.len();
    assert!(
        n == 0,
        "{n} of 10,000 cases differ, the first are\n{}",
        shown.join("\n")
    );
}
