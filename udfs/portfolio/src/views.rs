//! Views: the rows of the query `views`, for Black and Litterman's model.

use datafusion::arrow::array::{Array, StringArray};
use quantlake_core::relation::{InputColumn, InputQuery, InputType, Rows};
use quantlake_core::{ParamKind, ParamSpec, ParamValue, QlError, SqlState};

const PARAM: &str = "views";

/// The parameter.
pub fn param() -> ParamSpec {
    ParamSpec::optional(
        PARAM,
        ParamKind::Query,
        ParamValue::Null,
        "views for black_litterman, rows with symbol and expected_return (per year); where used `against` (the symbol that it \
         beats by that much), `confidence` (0 to 1; NULL for the uncertainty tau times the variance of the view), `view` and \
         `weight` (rows with one name in `view` are one portfolio), ts (the views of the last time not after the weights' own count)",
    )
}

/// The columns of the query.
pub fn query() -> InputQuery {
    InputQuery {
        param: PARAM.into(),
        columns: vec![
            InputColumn::required("symbol", InputType::Text),
            InputColumn::required("expected_return", InputType::Number),
            InputColumn::optional("against", InputType::Text),
            InputColumn::optional("confidence", InputType::Number),
            InputColumn::optional("view", InputType::Text),
            InputColumn::optional("weight", InputType::Number),
            InputColumn::optional("ts", InputType::Time),
        ],
    }
}

/// A view on symbols by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// When it came up, in nanoseconds; none for always.
    pub since: Option<i64>,
    /// Symbols with their weights.
    pub terms: Vec<(String, f64)>,
    /// Return of that portfolio per year.
    pub earns: f64,
    /// Between 0 and 1, where known.
    pub confidence: Option<f64>,
    name: Option<String>,
}

/// The views of a call, in the order of the rows; none where the query was left out.
///
/// # Errors
/// 22000 for a row without symbol or return, a confidence outside 0 to 1, and rows of one view
/// that differ in what they say of it.
pub fn read(function: &str, rows: &Rows) -> Result<Vec<Opinion>, QlError> {
    let Some(rows) = rows.other(PARAM) else {
        return Ok(Vec::new());
    };
    let refuse = |row: usize, message: &str| {
        let message = format!("{function}: row {} of `{PARAM}`: {message}", row + 1);
        QlError::new(SqlState::DataException, message)
    };
    let times = match rows.has_values("ts")? {
        true => Some(rows.times("ts")?),
        false => None,
    };
    let (symbols, rivals, names) = (
        rows.texts("symbol")?,
        rows.texts("against")?,
        rows.texts("view")?,
    );
    let (earns, weights) = (rows.values("expected_return")?, rows.values("weight")?);
    let confidences = rows.values("confidence")?;
    let mut opinions: Vec<Opinion> = Vec::new();
    for row in 0..rows.len() {
        let symbol = text(symbols, row).ok_or_else(|| refuse(row, "`symbol` is NULL"))?;
        if !earns[row].is_finite() {
            return Err(refuse(row, "`expected_return` is missing"));
        }
        let confidence = Some(confidences[row]).filter(|c| c.is_finite());
        if confidence.is_some_and(|c| !(0.0..=1.0).contains(&c)) {
            return Err(refuse(row, "`confidence` must be between 0 and 1"));
        }
        let weight = if weights[row].is_finite() {
            weights[row]
        } else {
            1.0
        };
        let mut opinion = Opinion {
            since: times.as_ref().and_then(|t| t.get(row).copied()),
            terms: vec![(symbol, weight)],
            earns: earns[row],
            confidence,
            name: text(names, row),
        };
        opinion
            .terms
            .extend(text(rivals, row).map(|rival| (rival, -weight)));
        join(&mut opinions, opinion).map_err(|message| refuse(row, message))?;
    }
    Ok(opinions)
}

fn text(column: &StringArray, row: usize) -> Option<String> {
    column.is_valid(row).then(|| column.value(row).to_string())
}

/// Adds a view, or its symbols to the view of the same name and time.
fn join(opinions: &mut Vec<Opinion>, new: Opinion) -> Result<(), &'static str> {
    let is_same = |o: &&mut Opinion| o.name.is_some() && o.name == new.name && o.since == new.since;
    let Some(known) = opinions.iter_mut().find(is_same) else {
        opinions.push(new);
        return Ok(());
    };
    if known.earns != new.earns || known.confidence != new.confidence {
        return Err("rows of one `view` must have one `expected_return` and one `confidence`");
    }
    known.terms.extend(new.terms);
    Ok(())
}

/// The views that count at a time: those of the last time not after it, and those without time.
pub fn current(opinions: &[Opinion], now: i64) -> Vec<&Opinion> {
    let latest = opinions
        .iter()
        .filter_map(|o| o.since)
        .filter(|t| *t <= now)
        .max();
    let counts = |o: &&Opinion| o.since.is_none() || o.since == latest;
    opinions.iter().filter(counts).collect()
}
