//! SQL names out of TA-Lib's: `optInFastPeriod` is `fast`, `outRealUpperBand` is `upper`.
//!
//! This is the one place that meets the library's spelling. The names follow from rules; the two
//! tables below hold what no rule gives.

use datafusion::execution::SessionStateDefaults;
use std::collections::HashSet;
use ta_lib::abstract_api::{FuncInfo, InputInfo, InputType};

/// The functions that SQL has already, lower case.
pub type BuiltinNames = HashSet<String>;

/// The columns of a bar in the order of the library's flag bits.
pub const BAR_COLUMNS: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Functions of PostgreSQL that DataFusion lacks: a person who types them means PostgreSQL's.
const POSTGRES_ONLY: [&str; 1] = ["div"];

/// Words that the field writes otherwise than the rule would.
const WRITTEN_AS_ONE: [(&str, &str); 4] = [
    ("fast_k", "fastk"),
    ("fast_d", "fastd"),
    ("slow_k", "slowk"),
    ("slow_d", "slowd"),
];

/// The names and aliases of every function that DataFusion registers by itself, of any kind.
pub fn builtin_names() -> BuiltinNames {
    let mut names: BuiltinNames = POSTGRES_ONLY.iter().map(ToString::to_string).collect();
    let mut add = |name: &str, aliases: &[String]| {
        names.insert(name.to_ascii_lowercase());
        names.extend(aliases.iter().map(|a| a.to_ascii_lowercase()));
    };
    for f in SessionStateDefaults::default_scalar_functions() {
        add(f.name(), f.aliases());
    }
    for f in SessionStateDefaults::default_higher_order_functions() {
        add(f.name(), f.aliases());
    }
    for f in SessionStateDefaults::default_aggregate_functions() {
        add(f.name(), f.aliases());
    }
    for f in SessionStateDefaults::default_window_functions() {
        add(f.name(), f.aliases());
    }
    for f in SessionStateDefaults::default_table_functions() {
        add(f.name(), &[]);
    }
    names
}

/// The name and the aliases of a function: `rsi` with `ta_rsi`, but only `ta_max`.
pub fn function_names(function: &FuncInfo, builtins: &BuiltinNames) -> (String, Vec<String>) {
    let plain = function.name.to_ascii_lowercase();
    let prefixed = format!("ta_{plain}");
    if builtins.contains(&plain) {
        (prefixed, Vec::new())
    } else {
        (plain, vec![prefixed])
    }
}

/// The columns that one input of the library stands for: a bar has up to five.
pub fn input_names(input: &InputInfo) -> Vec<&'static str> {
    match input.kind {
        InputType::Price => BAR_COLUMNS
            .iter()
            .enumerate()
            .filter(|(bit, _)| input.flags.bits() & (1 << bit) != 0)
            .map(|(_, name)| *name)
            .collect(),
        InputType::Real | InputType::Integer => vec![match input.param_name {
            "inReal1" => "y",
            "inPeriods" => "periods",
            _ => "x",
        }],
    }
}

/// The name of a constant: `optInTimePeriod` is `period`, `optInSlowK_MAType` is `slowk_ma`.
pub fn option_name(library_name: &str) -> String {
    let bare = library_name.trim_start_matches("optIn");
    if let Some(what) = bare.strip_suffix("MAType") {
        return snake_case(format!("{what}_MA").trim_start_matches('_'));
    }
    let bare = bare
        .strip_prefix("Time")
        .or_else(|| bare.strip_prefix("Nb"))
        .unwrap_or(bare);
    // A fast, slow or signal period is what these words mean by themselves in this field.
    let word = bare.trim_end_matches("Period").trim_end_matches('_');
    let is_known_period = ["Fast", "Slow", "Signal"].contains(&word) || word.ends_with(['K', 'D']);
    snake_case(if is_known_period { word } else { bare })
}

/// The field names of a function's outputs, in its order: `macd, signal, hist`.
pub fn output_names(function: &FuncInfo) -> Vec<String> {
    let bare: Vec<&str> = function
        .outputs
        .iter()
        .map(|output| bare_output(output.param_name))
        .collect();
    let first = bare.first().copied().unwrap_or_default();
    bare.iter()
        .map(|name| field_name(name, function.name, first))
        .collect()
}

/// An output's library name as words: `upper band` for `outRealUpperBand`.
pub fn words(library_name: &str) -> String {
    let bare = library_name.trim_start_matches("out");
    let bare = bare
        .strip_prefix("Real")
        .filter(|r| !r.is_empty())
        .unwrap_or(bare);
    snake_case(bare).replace('_', " ")
}

fn bare_output(library_name: &str) -> &str {
    let bare = library_name.trim_start_matches("out");
    match bare.strip_prefix("Real") {
        Some(rest) if !rest.is_empty() => rest.trim_end_matches("Band"),
        _ => bare,
    }
}

/// `MACDHist` of `MACDEXT` is `hist`: the name of the whole, or of the first part, is not repeated.
fn field_name(name: &str, function: &str, first: &str) -> String {
    if name.eq_ignore_ascii_case(function) {
        return name.to_ascii_lowercase();
    }
    let rest = [function, first].into_iter().find_map(|stem| {
        let (head, rest) = name.split_at_checked(stem.len())?;
        (head.eq_ignore_ascii_case(stem) && !rest.is_empty()).then_some(rest)
    });
    snake_case(rest.unwrap_or(name))
}

/// `WMAPeriod` is `wma_period`: a word begins at a capital after a small letter or digit, and at
/// the last capital of a run when a small letter follows.
fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (i, letter) in letters.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| letters.get(j));
        let after = letters.get(i + 1);
        let starts_word = letter.is_uppercase()
            && before.is_some_and(|b| {
                b.is_lowercase()
                    || b.is_numeric()
                    || (b.is_uppercase() && after.is_some_and(|a| a.is_lowercase()))
            });
        if starts_word {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    WRITTEN_AS_ONE
        .iter()
        .fold(snake.replace("__", "_"), |name, (split, joined)| {
            name.replace(split, joined)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_lose_their_prefix_and_the_word_that_says_nothing() {
        for (library, sql) in [
            ("optInTimePeriod", "period"),
            ("optInTimePeriod2", "period2"),
            ("optInFastPeriod", "fast"),
            ("optInSignalPeriod", "signal"),
            ("optInFastK_Period", "fastk"),
            ("optInSlowD_Period", "slowd"),
            ("optInMAType", "ma"),
            ("optInFastMAType", "fast_ma"),
            ("optInSlowK_MAType", "slowk_ma"),
            ("optInROCMAType", "roc_ma"),
            ("optInNbDevUp", "dev_up"),
            ("optInNbDev", "dev"),
            ("optInWMAPeriod", "wma_period"),
            ("optInROC1Period", "roc1_period"),
            ("optInSenkouBPeriod", "senkou_b_period"),
            ("optInAccelerationInitLong", "acceleration_init_long"),
        ] {
            assert_eq!(option_name(library), sql);
        }
    }

    #[test]
    fn fields_do_not_repeat_the_name_of_the_function() {
        let names = |name: &str| {
            let function = ta_lib::abstract_api::FUNCS
                .iter()
                .find(|f| f.name == name)
                .expect("a function of the library");
            output_names(function).join(" ")
        };
        for (function, fields) in [
            ("MACD", "macd signal hist"),
            ("MACDEXT", "macd signal hist"),
            ("BBANDS", "upper middle lower"),
            ("STOCH", "slowk slowd"),
            ("AROON", "down up"),
            ("MINMAX", "min max"),
            ("MINMAXINDEX", "min_idx max_idx"),
            ("HA", "open high low close"),
            ("KST", "kst signal"),
            ("ZIGZAG", "zigzag trend pivot_idx"),
            ("SUPERTREND", "supertrend trend"),
            ("MAMA", "mama fama"),
            ("HT_SINE", "sine lead_sine"),
            (
                "ICHIMOKU",
                "tenkan_sen kijun_sen senkou_span_a senkou_span_b",
            ),
        ] {
            assert_eq!(names(function), fields, "{function}");
        }
    }

    #[test]
    fn a_name_that_sql_has_already_is_prefixed() {
        let builtins = builtin_names();
        for taken in ["max", "sum", "stddev", "floor", "median", "var", "div"] {
            assert!(builtins.contains(taken), "{taken}");
        }
        for free in ["rsi", "macd", "correl", "beta", "obv", "ma"] {
            assert!(!builtins.contains(free), "{free}");
        }
    }
}
