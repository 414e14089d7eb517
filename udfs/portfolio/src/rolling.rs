//! `rolling_weights`: portfolios over time, each from the returns up to its own time.
//!
//! A portfolio is made at the first time of every month (week, ...): that a time was the last of
//! its month is only known afterwards. What it says can trade at the next bar.

use crate::FAMILY;
use crate::construct::Construction;
use crate::options::{self, choice, method_params, number};
use crate::panel::{Facts, Panel, show_time};
use crate::settings::Settings;
use crate::views::{self, Opinion};
use crate::weights::{SOURCE, float, floats, over_returns};
use chrono::{DateTime, Datelike};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use quantlake_core::relation::{RelationKernel, Rows, time_column};
use quantlake_core::{
    Args, Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind,
    ParamSpec, ParamValue, QlError, Stability,
};
use std::sync::Arc;

const NAME: &str = "rolling_weights";

/// Times at which portfolios are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Calendar {
    Week,
    Month,
    Quarter,
    Year,
    Bars,
}

impl Calendar {
    /// A number that changes when a new period begins.
    fn period(self, ns: i64) -> i64 {
        let date = DateTime::from_timestamp_nanos(ns);
        let year = i64::from(date.year());
        match self {
            Self::Week => i64::from(date.num_days_from_ce() - 1).div_euclid(7),
            Self::Month => year * 12 + i64::from(date.month0()),
            Self::Quarter => year * 4 + i64::from(date.month0() / 3),
            Self::Year => year,
            Self::Bars => ns,
        }
    }
}

pub(crate) fn function() -> Function {
    let spec = FunctionSpec::new(
        NAME,
        FAMILY,
        Kind::Relation,
        "Weights of portfolios over time, each from the lookback returns up to its own time: join them to the bars as target of a backtest.",
    )
    .with_params(params())
    .with_output(Output::Rows(vec![
        OutputField::new("ts", OutputType::Time, "time at whose close the weights are known"),
        OutputField::new("symbol", OutputType::Text, "symbol; those that do not take part have weight 0"),
        float("weight", "share of the portfolio's value; NULL (keep the position) for all symbols where the method has no answer at this time"),
    ]))
    .with_causality(Causality::Causal)
    .with_lookback("lookback")
    .with_stability(Stability::PathDependent)
    .with_source(SOURCE)
    .with_example(
        "SELECT CAST(ts AS DATE) AS day, symbol, round(weight, 6) AS weight FROM rolling_weights((SELECT \
         to_timestamp(1704067200 + 86400 * t) AS ts, symbol, CASE symbol WHEN 'A' THEN 0.01 * sin(t) \
         ELSE 0.02 * cos(t) END AS ret FROM generate_series(1, 60) AS g(t) \
         CROSS JOIN (VALUES ('A'), ('B')) AS s(symbol)), \
         method => 'inverse_volatility', lookback => 20, rebalance => 'month') ORDER BY day, symbol",
        "2024-02-01,A,0.672953\n2024-02-01,B,0.327047\n2024-03-01,A,0.676743\n2024-03-01,B,0.323257",
    );
    over_returns(spec, Arc::new(|args| Ok(Box::new(Rolling::new(args)?))))
}

fn params() -> Vec<ParamSpec> {
    let integer = |name: &str, min: i64, default: i64, doc: &str| {
        let kind = ParamKind::Integer {
            min,
            max: 1_000_000,
        };
        ParamSpec::optional(name, kind, ParamValue::Integer(default), doc)
    };
    let mut own = method_params();
    own.extend([
        integer("lookback", 2, 252, "times from which the returns come"),
        choice(
            "rebalance",
            &["month", "week", "quarter", "year", "bars"],
            "when a portfolio is made: at the first time of a period, or after a number of bars",
        ),
        integer(
            "every",
            1,
            1,
            "portfolios are made every so many periods, or bars",
        ),
        number(
            "coverage",
            0.0,
            1.0,
            0.5,
            "share of the times of the lookback at which a symbol needs a value to take part",
        ),
        integer(
            "max_gap",
            0,
            5,
            "times since its last value after which a symbol no longer takes part",
        ),
    ]);
    options::params(own)
}

struct Rolling {
    settings: Settings,
    lookback: usize,
    calendar: Calendar,
    every: usize,
    coverage: f64,
    max_gap: usize,
}

/// The last portfolio that was made.
struct Held {
    date: usize,
    weights: Vec<f64>,
}

/// What the portfolios say, row by row.
#[derive(Default)]
struct Targets<'a> {
    times: Vec<Option<i64>>,
    symbols: Vec<&'a str>,
    weights: Vec<f64>,
}

impl Rolling {
    fn new(args: &Args) -> Result<Self, QlError> {
        Ok(Self {
            settings: Settings::with_method(NAME, args)?,
            lookback: args.count("lookback")?,
            calendar: match args.integer("rebalance")? {
                0 => Calendar::Month,
                1 => Calendar::Week,
                2 => Calendar::Quarter,
                3 => Calendar::Year,
                _ => Calendar::Bars,
            },
            every: args.count("every")?,
            coverage: args.number("coverage")?,
            max_gap: args.count("max_gap")?,
        })
    }

    /// The dates at which a portfolio is made, given that the first one has a full lookback.
    fn due(&self, panel: &Panel<'_>) -> Vec<usize> {
        let first = panel.n_dates_of(self.lookback).saturating_sub(1);
        let starts = (first..panel.n_dates()).filter(|d| {
            self.calendar == Calendar::Bars || *d == 0 || {
                let period = |date: usize| self.calendar.period(panel.times[date]);
                period(*d) != period(*d - 1)
            }
        });
        starts.step_by(self.every).collect()
    }

    /// The symbols that take part at a date.
    fn universe(&self, panel: &Panel<'_>, date: usize) -> Vec<usize> {
        let window = self.window(panel, date);
        let needed = self.coverage * window.len() as f64;
        let recent = (date + 1)
            .saturating_sub(self.max_gap + 1)
            .max(window.start);
        (0..panel.symbols.len())
            .filter(|s| panel.count(*s, recent..date + 1) > 0)
            .filter(|s| panel.count(*s, window.clone()) as f64 >= needed)
            .collect()
    }

    fn window(&self, panel: &Panel<'_>, date: usize) -> std::ops::Range<usize> {
        (date + 1).saturating_sub(panel.n_dates_of(self.lookback))..date + 1
    }

    /// The weights of all symbols at a date.
    fn weights_at(
        &self,
        panel: &Panel<'_>,
        date: usize,
        facts: &[Facts<'_>],
        opinions: &[&Opinion],
        previous: Option<&[f64]>,
    ) -> Result<Vec<f64>, QlError> {
        let members = self.universe(panel, date);
        let sample = panel.sample(members, self.window(panel, date));
        let construction = Construction {
            settings: &self.settings,
            panel,
            facts,
            sample: &sample,
            opinions,
            previous,
        };
        let portfolio = construction.build()?;
        let mut weights = vec![0.0; panel.symbols.len()];
        for (member, weight) in sample.members.iter().zip(&portfolio.weights) {
            weights[*member] = *weight;
        }
        Ok(weights)
    }

    fn all<'a>(&self, panel: &Panel<'a>, opinions: &[Opinion]) -> Result<Targets<'a>, QlError> {
        let mut facts = vec![Facts::default(); panel.symbols.len()];
        let mut held: Option<Held> = None;
        let mut last_error = None;
        let mut targets = Targets::default();
        let mut due = self.due(panel).into_iter().peekable();
        for date in 0..panel.n_dates() {
            panel.learn(date, &mut facts);
            if due.next_if_eq(&date).is_none() {
                continue;
            }
            let opinions = views::current(opinions, panel.times[date]);
            let target = held.as_ref().map(|h| h.weights.as_slice());
            // One trades from what returns made of the portfolio, not from what it was.
            let drifted = held
                .as_ref()
                .and_then(|h| panel.drifted(&h.weights, h.date, date));
            match self.weights_at(panel, date, &facts, &opinions, drifted.as_deref()) {
                Ok(weights) => {
                    targets.add(panel, date, Some(&weights), target);
                    held = Some(Held { date, weights });
                }
                Err(error) => {
                    targets.add(panel, date, None, target);
                    last_error = Some((date, error));
                }
            }
        }
        match (held, last_error) {
            // One bad month keeps its positions; a query in which no month works is a mistake.
            (None, Some((date, error))) => Err(error.with_hint(format!(
                "No portfolio could be made; the last one tried was that of {}",
                show_time(panel.times[date])
            ))),
            _ => Ok(targets),
        }
    }
}

impl<'a> Targets<'a> {
    /// Rows for the symbols that trade at this date and for those that are to be held or sold.
    fn add(
        &mut self,
        panel: &Panel<'a>,
        date: usize,
        weights: Option<&[f64]>,
        previous: Option<&[f64]>,
    ) {
        let is_held = |weights: Option<&[f64]>, s: usize| weights.is_some_and(|w| w[s] != 0.0);
        let mut is_listed: Vec<bool> = (0..panel.symbols.len())
            .map(|s| is_held(weights, s) || is_held(previous, s))
            .collect();
        panel.present(date).for_each(|s| is_listed[s] = true);
        for (s, symbol) in panel
            .symbols
            .iter()
            .enumerate()
            .filter(|(s, _)| is_listed[*s])
        {
            self.times.push(Some(panel.times[date]));
            self.symbols.push(symbol);
            self.weights.push(weights.map_or(f64::NAN, |w| w[s]));
        }
    }
}

impl RelationKernel for Rolling {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        if rows.is_empty() {
            return Ok(RecordBatch::new_empty(rows.output_schema()));
        }
        let panel = Panel::try_new(NAME, rows)?;
        let targets = self.all(&panel, &views::read(NAME, rows)?)?;
        let symbols: StringArray = targets.symbols.iter().copied().map(Some).collect();
        let columns: Vec<ArrayRef> = vec![
            time_column(targets.times),
            Arc::new(symbols),
            floats(targets.weights),
        ];
        RecordBatch::try_new(rows.output_schema(), columns)
            .map_err(|e| QlError::internal(format!("{NAME}: {e}")))
    }
}
