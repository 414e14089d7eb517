//! The spec of a TA-Lib function, out of the library's metadata.

use crate::conventions;
use crate::example::example;
use crate::joint_rules::joint_rule;
use crate::kernel::lookback;
use crate::names::{self, BuiltinNames};
use crate::stability::{is_position, stability};
use quantlake_core::{
    FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec, ParamValue,
};
use ta_lib::Core;
use ta_lib::abstract_api::{
    FuncFlags, FuncInfo, OptInputInfo, OptInputType, OutputFlags, OutputInfo,
    OutputType as LibraryType,
};

/// The version that the numbers come from, as the `source` of each spec names it.
pub const LIBRARY: &str = "TA-Lib 0.8.3";

/// Describes a function; `builtins` are the names it must not take.
///
/// All functions are causal: the library computes the value at a row from that row and earlier
/// ones, also where a chart would draw it elsewhere (Ichimoku's spans, fractals).
pub fn describe(function: &FuncInfo, builtins: &BuiltinNames) -> FunctionSpec {
    let (name, aliases) = names::function_names(function, builtins);
    FunctionSpec::new(&name, &family(function), Kind::Window, &summary(function))
        .with_aliases(aliases)
        .with_params(params(function))
        .with_output(output(function))
        .with_lookback(&lookback_text(function))
        .with_stability(stability(function))
        .with_source(&format!("{LIBRARY} {}", function.name))
        .with_example(&example(function, &name), "")
}

/// The first word of the library's group: `momentum` for "Momentum Indicators".
fn family(function: &FuncInfo) -> String {
    let word = function.group.as_str().split(' ').next();
    word.unwrap_or_default().to_ascii_lowercase()
}

/// The library's line about the function, then what a caller has to know besides.
fn summary(function: &FuncInfo) -> String {
    let mut sentences = vec![function.hint.to_string()];
    if function.flags.contains(FuncFlags::CANDLESTICK) {
        sentences.push(candle_values(function));
    }
    if let [_] = function.outputs
        && is_position(function, "")
    {
        sentences.push("the position among the rows that are not missing, from 0".into());
    }
    if let [_] = function.outputs
        && let Some(shift) = display_shift(function, 0)
    {
        sentences.push(shift);
    }
    if function.flags.contains(FuncFlags::NAN_INF_OUTPUT) {
        sentences.push("NULL where the result is not finite".into());
    }
    if function.flags.contains(FuncFlags::POSITIVE_INPUT) {
        sentences.push("meant for positive input".into());
    }
    sentences.extend(joint_rule(function).map(str::to_string));
    sentences.extend(conventions::rule(function).map(str::to_string));
    sentences.join("; ")
}

/// What the numbers of a candle pattern mean, from the flags of its output.
fn candle_values(function: &FuncInfo) -> String {
    let flags = |flag| function.outputs.iter().any(|o| o.flags.contains(flag));
    let has_side = flags(OutputFlags::PATTERN_BULL_BEAR);
    let mut values = vec!["0 without the pattern"];
    if flags(OutputFlags::POSITIVE) {
        values.push(if has_side {
            "100 bullish"
        } else {
            "100 with it"
        });
    }
    if flags(OutputFlags::NEGATIVE) {
        values.push(if has_side {
            "-100 bearish"
        } else {
            "-100 with it"
        });
    }
    if flags(OutputFlags::PATTERN_WEAK) {
        values.push("80 in place of 100 for a weaker form");
    }
    if flags(OutputFlags::PATTERN_CONFIRM) {
        values.push("200 in place of 100 on the row that confirms it");
    }
    values.join(", ")
}

fn lookback_text(function: &FuncInfo) -> String {
    let rows = lookback(function, &Core::new(), &[]).unwrap_or_default();
    if function.opt_inputs.is_empty() {
        rows.to_string()
    } else {
        format!("{rows} (with the defaults)")
    }
}

fn params(function: &FuncInfo) -> Vec<ParamSpec> {
    let inputs = function
        .inputs
        .iter()
        .flat_map(names::input_names)
        .map(|name| ParamSpec::series(name, input_doc(name)));
    inputs
        .chain(function.opt_inputs.iter().map(|o| option(function, o)))
        .chain(conventions::params(function))
        .collect()
}

fn input_doc(name: &str) -> &'static str {
    match name {
        "open" => "First price of the bar",
        "high" => "Highest price of the bar",
        "low" => "Lowest price of the bar",
        "close" => "Last price of the bar",
        "volume" => "Traded quantity of the bar",
        "periods" => "Rows to average over at each row, kept between min_period and max_period",
        "y" => "Second series",
        _ => "Series, a price for most uses",
    }
}

fn option(function: &FuncInfo, option: &OptInputInfo) -> ParamSpec {
    let (kind, default) = range(&option.kind);
    let counts_rows = ["Period", "Bars", "Length"]
        .iter()
        .any(|word| option.param_name.contains(word));
    let unit = match option.kind {
        OptInputType::IntegerList { .. } => "; 'disabled' averages nothing",
        _ if counts_rows => ", in rows",
        _ => "",
    };
    ParamSpec::optional(
        &names::option_name(option.param_name),
        kind,
        default,
        &format!("{}{unit}", hint(function, option)),
    )
}

/// The library's line about a constant, with the SQL names of the constants it mentions.
fn hint(function: &FuncInfo, option: &OptInputInfo) -> String {
    function
        .opt_inputs
        .iter()
        .fold(option.hint.to_string(), |text, other| {
            let name = other.param_name;
            text.replace(name, &format!("`{}`", names::option_name(name)))
        })
}

fn range(kind: &OptInputType) -> (ParamKind, ParamValue) {
    match *kind {
        OptInputType::IntegerRange {
            min, max, default, ..
        } => (
            ParamKind::Integer {
                min: min.into(),
                max: max.into(),
            },
            ParamValue::Integer(default.into()),
        ),
        OptInputType::RealRange {
            min, max, default, ..
        } => (ParamKind::Number { min, max }, ParamValue::Number(default)),
        OptInputType::RealList { values, default } => {
            let all = values.iter().map(|(value, _)| *value);
            let (min, max) = all.fold((default, default), |(low, high), v| {
                (low.min(v), high.max(v))
            });
            (ParamKind::Number { min, max }, ParamValue::Number(default))
        }
        OptInputType::IntegerList { values, default } => choice(values, default),
    }
}

fn choice(values: &[(i64, &str)], default: i64) -> (ParamKind, ParamValue) {
    let choices: Vec<(String, i64)> = values
        .iter()
        .map(|(code, name)| (name.to_ascii_lowercase(), *code))
        .collect();
    let name = choices.iter().find(|(_, code)| *code == default);
    let default = name.map_or(ParamValue::Integer(default), |(n, _)| {
        ParamValue::Text(n.clone())
    });
    (ParamKind::Choice(choices), default)
}

fn output(function: &FuncInfo) -> Output {
    match function.outputs {
        [single] => Output::Value(value_type(single)),
        several => Output::Struct(
            several
                .iter()
                .zip(names::output_names(function))
                .enumerate()
                .map(|(i, (info, name))| {
                    let doc = output_doc(function, i, info, &name);
                    OutputField::new(&name, value_type(info), &doc)
                })
                .collect(),
        ),
    }
}

fn value_type(output: &OutputInfo) -> OutputType {
    match output.kind {
        LibraryType::Real => OutputType::Float,
        LibraryType::Integer => OutputType::Integer,
    }
}

fn output_doc(function: &FuncInfo, index: usize, output: &OutputInfo, name: &str) -> String {
    let mut doc = vec![format!(
        "{} of {} (TA-Lib: {})",
        names::words(output.param_name),
        function.hint,
        output.param_name
    )];
    if output.kind == LibraryType::Integer && is_position(function, name) {
        doc.push("a position among the rows that are not missing, from 0".into());
    }
    if output.flags.contains(OutputFlags::UPPER_LIMIT) {
        doc.push("an upper limit".into());
    }
    if output.flags.contains(OutputFlags::LOWER_LIMIT) {
        doc.push("a lower limit".into());
    }
    doc.extend(display_shift(function, index));
    doc.join("; ")
}

/// Where a chart draws the output, if not at the row that computed it.
fn display_shift(function: &FuncInfo, index: usize) -> Option<String> {
    let rows = function
        .id
        .new_call(&Core::new())
        .display_shift(index)
        .ok()?;
    let side = match rows {
        0 => return None,
        1.. => "later",
        _ => "earlier",
    };
    Some(format!(
        "charts draw it {} rows {side} (with the defaults), the value stays where it was known",
        rows.abs()
    ))
}
