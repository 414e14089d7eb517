//! The SQL side: `pattern_events((query), pattern => 'double_top', ...)`.

mod spec;

use crate::bars::{BadBar, Bars};
use crate::double::{DoubleRules, DoubleShape, double_shapes};
use crate::outcome::{Status, outcome};
use crate::profile::{Profile, Side};
use datafusion::arrow::array::{
    Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::temporal_conversions::timestamp_ns_to_datetime;
use quantlake_core::relation::{
    Grouping, InputColumn, InputType, RelationKernel, Rows, relation_function, time_column,
};
use quantlake_core::{Args, Function, ParamValue, QlError, SqlState};
use std::sync::Arc;

const NAME: &str = "pattern_events";

/// The patterns by name, in the order in which events of one moment are listed.
const PATTERNS: [(&str, Side); 2] = [("double_top", Side::Top), ("double_bottom", Side::Bottom)];

struct PatternEvents {
    patterns: Vec<(&'static str, Side)>,
    rules: DoubleRules,
    with_forming: bool,
}

/// One pattern and what became of it. Prices of the shape are the profile's.
struct Event {
    pattern: &'static str,
    side: Side,
    prices: [f64; 2],
    shape: DoubleShape,
    status: Status,
    resolved: Option<usize>,
}

impl RelationKernel for PatternEvents {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let symbol = symbol_of(rows)?;
        let bars = Bars::try_new(
            &rows.times("ts")?,
            &rows.values("high")?,
            &rows.values("low")?,
            &rows.values("close")?,
            &rows.values("volume")?,
        )
        .map_err(|bad| refusal(symbol.as_deref(), bad))?;
        to_batch(rows, symbol.as_deref(), &bars.ts, &self.events(&bars))
    }
}

impl PatternEvents {
    /// The events of one symbol by the time at which they were decided, open ones last.
    fn events(&self, bars: &Bars) -> Vec<Event> {
        let mut events: Vec<Event> = self
            .patterns
            .iter()
            .flat_map(|(pattern, side)| self.events_of(bars, pattern, *side))
            .collect();
        events.sort_by_key(|e| (e.resolved.unwrap_or(usize::MAX), e.shape.known));
        events
    }

    fn events_of(&self, bars: &Bars, pattern: &'static str, side: Side) -> Vec<Event> {
        let profile = Profile::new(bars, side);
        double_shapes(bars, &profile, &self.rules)
            .into_iter()
            .map(|shape| {
                let (status, resolved) = outcome(&profile, &shape, self.rules.confirm_within);
                Event {
                    pattern,
                    side,
                    prices: [profile.outer[shape.first], profile.outer[shape.second]],
                    shape,
                    status,
                    resolved,
                }
            })
            .filter(|event| self.with_forming || event.resolved.is_some())
            .collect()
    }
}

impl Event {
    /// Neckline less the height on the pattern's far side; none where that is no price.
    fn target(&self) -> Option<f64> {
        let target = self.side.price(self.shape.neckline - self.shape.height);
        (target > 0.0).then_some(target)
    }
}

fn symbol_of(rows: &Rows) -> Result<Option<String>, QlError> {
    let symbols = rows.texts("symbol")?;
    let has_one = !symbols.is_empty() && symbols.is_valid(0);
    Ok(has_one.then(|| symbols.value(0).to_string()))
}

fn refusal(symbol: Option<&str>, bad: BadBar) -> QlError {
    let time = timestamp_ns_to_datetime(bad.ts())
        .map_or_else(|| bad.ts().to_string(), |time| time.to_string());
    let symbol = symbol.map_or_else(|| "NULL".to_string(), |s| format!("'{s}'"));
    let error = QlError::new(
        SqlState::DataException,
        format!("{NAME}: symbol {symbol} at {time}: {bad}"),
    );
    match bad {
        BadBar::Duplicate { .. } => error.with_hint(
            "Keep one bar per symbol and time, for example with SELECT DISTINCT ON (symbol, ts)",
        ),
        BadBar::NotPositive { .. } | BadBar::Inverted { .. } => {
            error.with_hint("Leave such bars out with WHERE, or set their prices to NULL")
        }
    }
}

fn to_batch(
    rows: &Rows,
    symbol: Option<&str>,
    ts: &[i64],
    events: &[Event],
) -> Result<RecordBatch, QlError> {
    let columns = vec![
        texts(events, |_| symbol),
        texts(events, |e| Some(e.pattern)),
        Arc::new(Int64Array::from_iter_values(
            events.iter().map(|e| e.side.direction() as i64),
        )),
        times(events, ts, |e| Some(e.shape.first)),
        prices(events, |e| Some(e.side.price(e.prices[0]))),
        times(events, ts, |e| Some(e.shape.middle)),
        prices(events, |e| Some(e.side.price(e.shape.neckline))),
        times(events, ts, |e| Some(e.shape.second)),
        prices(events, |e| Some(e.side.price(e.prices[1]))),
        times(events, ts, |e| Some(e.shape.known)),
        times(events, ts, |e| e.resolved),
        texts(events, |e| Some(e.status.name())),
        prices(events, |e| Some(e.side.price(e.shape.neckline))),
        prices(events, Event::target),
        prices(events, |e| Some(e.side.price(e.shape.stop))),
        prices(events, |e| Some(e.shape.height)),
        prices(events, |e| Some(e.shape.score)),
    ];
    RecordBatch::try_new(rows.output_schema(), columns)
        .map_err(|e| QlError::internal(format!("{NAME}: {e}")))
}

fn texts<'a>(events: &'a [Event], of: impl Fn(&'a Event) -> Option<&'a str>) -> ArrayRef {
    Arc::new(events.iter().map(of).collect::<StringArray>())
}

fn times(events: &[Event], ts: &[i64], bar: impl Fn(&Event) -> Option<usize>) -> ArrayRef {
    let of = |e| bar(e).and_then(|bar| ts.get(bar).copied());
    time_column(events.iter().map(of).collect())
}

/// Prices beyond the range of a double are not known.
fn prices(events: &[Event], of: impl Fn(&Event) -> Option<f64>) -> ArrayRef {
    let finite = |e| of(e).filter(|price| price.is_finite());
    Arc::new(events.iter().map(finite).collect::<Float64Array>())
}

fn kernel(args: &Args) -> Result<Box<dyn RelationKernel>, QlError> {
    let rules = DoubleRules {
        pivot_bars: args.count("pivot_bars")?,
        tolerance: args.number("tolerance")?,
        min_depth: args.number("min_depth")?,
        min_bars: args.count("min_bars")?,
        max_bars: args.count("max_bars")?,
        min_trend: args.number("min_trend")?,
        trend_bars: args.count("trend_bars")?,
        confirm_within: args.count("confirm_within")?,
        stop_margin: args.number("stop_margin")?,
    };
    if rules.min_bars > rules.max_bars {
        let allowed = format!("at most `max_bars` ({})", rules.max_bars);
        return Err(QlError::bad_argument(
            NAME,
            "min_bars",
            allowed,
            rules.min_bars,
        ));
    }
    Ok(Box::new(PatternEvents {
        patterns: patterns(args.get("pattern")?)?,
        rules,
        with_forming: args.flag("forming")?,
    }))
}

/// The patterns of a list like `double_top, double_bottom`; all for NULL.
fn patterns(given: &ParamValue) -> Result<Vec<(&'static str, Side)>, QlError> {
    let ParamValue::Text(list) = given else {
        return Ok(PATTERNS.to_vec());
    };
    let named: Vec<&str> = list.split(',').map(str::trim).collect();
    let is_known = |name: &&str| PATTERNS.iter().any(|(p, _)| p.eq_ignore_ascii_case(name));
    if let Some(unknown) = named.iter().find(|name| !is_known(name)) {
        let known: Vec<_> = PATTERNS.iter().map(|(p, _)| format!("'{p}'")).collect();
        let allowed = format!("NULL or a list of {}", known.join(", "));
        return Err(QlError::bad_argument(
            NAME,
            "pattern",
            allowed,
            format!("'{unknown}'"),
        ));
    }
    let is_named = |p: &str| named.iter().any(|name| p.eq_ignore_ascii_case(name));
    Ok(PATTERNS.into_iter().filter(|(p, _)| is_named(p)).collect())
}

/// `pattern_events((query), pattern => NULL, pivot_bars => 5, ...)`.
pub fn function() -> Function {
    let columns = vec![
        InputColumn::required("symbol", InputType::Text),
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("high", InputType::Number),
        InputColumn::required("low", InputType::Number),
        InputColumn::required("close", InputType::Number),
        InputColumn::optional("volume", InputType::Number),
    ];
    relation_function(
        spec::spec(),
        columns,
        Grouping::PerKey("symbol".into()),
        &["symbol", "ts"],
        Arc::new(kernel),
    )
}
