//! The rows of the `orders` and `rates` queries.

use super::bars::text;
use super::names::Names;
use crate::costs::{RateFault, Rates};
use crate::request::{OrderType, Request, TimeInForce};
use datafusion::arrow::array::{
    Array, AsArray, Float64Array, StringArray, TimestampNanosecondArray,
};
use datafusion::arrow::datatypes::TimestampNanosecondType;
use quantlake_core::relation::Rows;
use quantlake_core::{QlError, SqlState};

/// The orders of all accounts, before they are shared out.
#[derive(Debug)]
pub struct Orders<'a> {
    ts: Vec<i64>,
    texts: Texts<'a>,
    numbers: Numbers<'a>,
    expires: &'a TimestampNanosecondArray,
    cancel_at: &'a TimestampNanosecondArray,
}

#[derive(Debug)]
struct Texts<'a> {
    symbol: &'a StringArray,
    id: &'a StringArray,
    side: &'a StringArray,
    order_type: &'a StringArray,
    tif: &'a StringArray,
    parent: &'a StringArray,
    oco: &'a StringArray,
    source: &'a StringArray,
    account: &'a StringArray,
}

#[derive(Debug)]
struct Numbers<'a> {
    quantity: &'a Float64Array,
    limit_price: &'a Float64Array,
    stop_price: &'a Float64Array,
    trail: &'a Float64Array,
    trail_percent: &'a Float64Array,
    reduce_only: &'a Float64Array,
}

impl<'a> Orders<'a> {
    /// Reads the rows of the `orders` query.
    ///
    /// # Errors
    /// 22000 for a NULL time.
    pub fn try_new(rows: &'a Rows) -> Result<Self, QlError> {
        Ok(Self {
            ts: rows.times("ts")?,
            texts: Texts {
                symbol: rows.texts("symbol")?,
                id: rows.texts("id")?,
                side: rows.texts("side")?,
                order_type: rows.texts("type")?,
                tif: rows.texts("tif")?,
                parent: rows.texts("parent")?,
                oco: rows.texts("oco")?,
                source: rows.texts("source")?,
                account: rows.texts("account")?,
            },
            numbers: Numbers {
                quantity: rows.numbers("quantity")?,
                limit_price: rows.numbers("limit_price")?,
                stop_price: rows.numbers("stop_price")?,
                trail: rows.numbers("trail")?,
                trail_percent: rows.numbers("trail_percent")?,
                reduce_only: rows.numbers("reduce_only")?,
            },
            expires: times(rows, "expires")?,
            cancel_at: times(rows, "cancel_at")?,
        })
    }

    /// The requests of one account, with the texts of their ids by row.
    pub fn of_account(
        &self,
        account: Option<&str>,
        number_of: &mut dyn FnMut(Option<&str>) -> Option<u32>,
        sources: &mut Names,
    ) -> (Vec<Request>, Vec<Option<String>>) {
        let rows = 0..self.ts.len();
        let of_account = |row: &usize| text(self.texts.account, *row) == account;
        let mut places: Vec<usize> = rows.filter(of_account).collect();
        // As the engine sorts them: stable, so that ids stay with their rows.
        places.sort_by_key(|row| self.ts[*row]);
        let (mut ids, mut groups) = (Names::default(), Names::default());
        let requests = places.iter().map(|row| {
            let symbol = number_of(text(self.texts.symbol, *row));
            self.request(*row, symbol, &mut ids, &mut groups, sources)
        });
        let requests = requests.collect();
        let names = places
            .iter()
            .map(|row| text(self.texts.id, *row).map(String::from));
        (requests, names.collect())
    }

    fn request(
        &self,
        row: usize,
        symbol: Option<u32>,
        ids: &mut Names,
        groups: &mut Names,
        sources: &mut Names,
    ) -> Request {
        let (texts, numbers) = (&self.texts, &self.numbers);
        let number = |column: &Float64Array| match column.is_valid(row) {
            true => column.value(row),
            false => f64::NAN,
        };
        let time =
            |column: &TimestampNanosecondArray| column.is_valid(row).then(|| column.value(row));
        let reduce_only = number(numbers.reduce_only);
        Request {
            ts: self.ts[row],
            symbol,
            id: text(texts.id, row).map(|id| ids.number(id)),
            side: text(texts.side, row).and_then(|side| side_of(&side.to_ascii_lowercase())),
            quantity: number(numbers.quantity),
            order_type: named(text(texts.order_type, row), &OrderType::NAMES),
            limit_price: number(numbers.limit_price),
            stop_price: number(numbers.stop_price),
            trail: number(numbers.trail),
            trail_percent: number(numbers.trail_percent),
            tif: match text(texts.tif, row) {
                None => Some(TimeInForce::default()),
                tif => named(tif, &TimeInForce::NAMES),
            },
            expires: time(self.expires),
            parent: text(texts.parent, row).map(|id| ids.number(id)),
            oco: text(texts.oco, row).map(|group| groups.number(group)),
            cancel_at: time(self.cancel_at),
            reduce_only: reduce_only != 0.0 && reduce_only.is_finite(),
            source: text(texts.source, row).map_or(0, |s| sources.number(s) + 1),
        }
    }
}

fn times<'a>(rows: &'a Rows, name: &str) -> Result<&'a TimestampNanosecondArray, QlError> {
    let column = rows.column(name)?;
    column
        .as_primitive_opt::<TimestampNanosecondType>()
        .ok_or_else(|| QlError::internal(format!("column `{name}` of the orders is no time")))
}

fn side_of(name: &str) -> Option<f64> {
    match name {
        "buy" => Some(1.0),
        "sell" => Some(-1.0),
        _ => None,
    }
}

fn named<T: Copy>(name: Option<&str>, names: &[(&str, T)]) -> Option<T> {
    let name = name?;
    let found = names.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
    Some(found.1)
}

/// The currency rates of a call; numbers their currencies.
///
/// # Errors
/// 22000 for a NULL time, a rate that is not above 0, and a second rate of one time.
pub fn rates(
    function: &str,
    rows: Option<&Rows>,
    currencies: &mut Names,
) -> Result<Rates, QlError> {
    let Some(rows) = rows else {
        return Ok(Rates::default());
    };
    let ts = rows.times("ts")?;
    let names = rows.texts("currency")?.iter();
    let numbers: Vec<u32> = names
        .map(|name| currencies.number(name.unwrap_or("")))
        .collect();
    Rates::try_new(&ts, &numbers, &rows.values("rate")?).map_err(|fault| {
        let what = match fault {
            RateFault::NotPositive { rate, .. } => {
                format!("a rate must be above 0 and finite, found {rate}")
            }
            RateFault::Duplicate { .. } => "two rates have the same time and currency".into(),
        };
        QlError::new(
            SqlState::DataException,
            format!("{function}: `rates`: {what}"),
        )
    })
}
