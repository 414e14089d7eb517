//! The SQL functions `sentiment` and `sentiment_score`.

use crate::vader::{self, MAX_TEXT_BYTES, Scores};
use datafusion::arrow::array::{
    ArrayRef, AsArray, Float64Array, StringArray, StringViewArray, StructArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::logical_expr::Volatility;
use quantlake_core::scalar::scalar_function;
use quantlake_core::spec::{arrow_fields, default_time_type};
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    QlError,
};
use std::sync::Arc;

const SOURCE: &str = "Hutto and Gilbert, VADER, ICWSM 2014; numbers of vaderSentiment 3.3.2";

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    vec![sentiment(), sentiment_score()]
}

fn text_param() -> ParamSpec {
    ParamSpec::required(
        "text",
        ParamKind::Texts,
        &format!(
            "English text of up to {MAX_TEXT_BYTES} bytes; a blank text scores 0, NULL gives NULL"
        ),
    )
}

fn fields() -> Vec<OutputField> {
    let float = OutputType::Float;
    vec![
        OutputField::new("compound", float, "the text as a whole, -1 to 1"),
        OutputField::new("positive", float, "share of positive words, 0 to 1"),
        OutputField::new("neutral", float, "share of words without valence, 0 to 1"),
        OutputField::new("negative", float, "share of negative words, 0 to 1"),
        OutputField::new(
            "label",
            OutputType::Text,
            "positive from a compound score of 0.05 on, negative from -0.05 on, else neutral",
        ),
    ]
}

fn sentiment() -> Function {
    let spec = FunctionSpec::new(
        "sentiment",
        "sentiment",
        Kind::Scalar,
        "VADER sentiment of an English text: compound score, shares of positive, neutral and negative words, label",
    )
    .with_params(vec![text_param()])
    .with_output(Output::Struct(fields()))
    .with_source(SOURCE)
    .with_example(
        "SELECT s['compound'] AS compound, s['label'] AS label \
         FROM (SELECT sentiment('Profit beats forecasts, outlook is GREAT!') AS s) AS t",
        "0.8412,positive",
    );
    scalar_function(
        spec,
        Volatility::Immutable,
        Arc::new(|_, columns, _| Ok(to_struct(&score_all("sentiment", columns)?))),
    )
}

fn sentiment_score() -> Function {
    let spec = FunctionSpec::new(
        "sentiment_score",
        "sentiment",
        Kind::Scalar,
        "VADER compound score of an English text, from -1 (negative) to 1 (positive)",
    )
    .with_params(vec![text_param()])
    .with_source(SOURCE)
    .with_example(
        "SELECT sentiment_score('Downgrade to SELL: weak demand, high debt, poor cash flow.') AS score",
        "-0.8402",
    );
    scalar_function(
        spec,
        Volatility::Immutable,
        Arc::new(|_: &Args, columns, _| {
            let scores = score_all("sentiment_score", columns)?;
            Ok(column(&scores, |s| s.compound))
        }),
    )
}

/// Scores every text of a batch; `None` for NULL.
fn score_all(function: &str, columns: &[ArrayRef]) -> Result<Vec<Option<Scores>>, QlError> {
    let texts: &StringViewArray = columns
        .first()
        .and_then(|c| c.as_string_view_opt())
        .ok_or_else(|| QlError::internal(format!("{function}: `text` was not cast to text")))?;
    texts
        .iter()
        .map(|text| text.map(|t| score_one(function, t)).transpose())
        .collect()
}

fn score_one(function: &str, text: &str) -> Result<Scores, QlError> {
    vader::score(text).map_err(|too_long| {
        QlError::bad_argument(
            function,
            "text",
            format!("at most {MAX_TEXT_BYTES} bytes long"),
            format!("{} bytes", too_long.n_bytes),
        )
        .with_hint("Score parts of the text, such as left(text, 100000) or its sentences")
    })
}

fn column(scores: &[Option<Scores>], part: impl Fn(&Scores) -> f64) -> ArrayRef {
    let values: Float64Array = scores.iter().map(|s| s.as_ref().map(&part)).collect();
    Arc::new(values)
}

fn to_struct(scores: &[Option<Scores>]) -> ArrayRef {
    let labels: StringArray = scores
        .iter()
        .map(|s| s.as_ref().map(|s| s.label().name()))
        .collect();
    let known: NullBuffer = scores.iter().map(Option::is_some).collect();
    let arrays = vec![
        column(scores, |s| s.compound),
        column(scores, |s| s.positive),
        column(scores, |s| s.neutral),
        column(scores, |s| s.negative),
        Arc::new(labels) as ArrayRef,
    ];
    let fields = arrow_fields(&fields(), &default_time_type());
    Arc::new(StructArray::new(fields, arrays, Some(known)))
}
