//! The description of a function: the only place where its name, parameters and meaning stand.

use crate::arguments::ParamValue;
use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use std::fmt;

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Row-wise.
    Scalar,
    /// Over one partition in time order, with `OVER`.
    Window,
    /// Over a group; also usable over a window frame.
    Aggregate,
    /// Over a query, in FROM.
    Relation,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scalar => "scalar",
            Self::Window => "window",
            Self::Aggregate => "aggregate",
            Self::Relation => "relation",
        })
    }
}

/// Which rows the value at row t may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Causality {
    /// Rows up to and including t.
    Causal,
    /// Rows up to t plus the number of rows that the named parameter gives: a label.
    Forward(String),
    /// Every row of the partition.
    WholePartition,
}

impl fmt::Display for Causality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Causal => f.write_str("causal"),
            Self::Forward(rows) => write!(f, "forward({rows})"),
            Self::WholePartition => f.write_str("whole partition"),
        }
    }
}

/// How the value at a row depends on where the input starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stability {
    /// A finite look-back: the same wherever the input starts.
    Exact,
    /// A recursion that forgets its seed: differences fade.
    Converging,
    /// Built up from the first row, never forgets (OBV, SAR).
    PathDependent,
}

impl fmt::Display for Stability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "exact",
            Self::Converging => "converging",
            Self::PathDependent => "path dependent",
        })
    }
}

/// The type of a result or of one field of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputType {
    /// Double precision.
    Float,
    /// 64-bit integer.
    Integer,
    /// Boolean.
    Flag,
    /// Text.
    Text,
    /// A time, of the type that the input's time column has.
    Time,
    /// A list of doubles.
    FloatList,
}

impl OutputType {
    /// The Arrow type; `time` is what times have in this query.
    pub fn data_type(self, time: &DataType) -> DataType {
        match self {
            Self::Float => DataType::Float64,
            Self::Integer => DataType::Int64,
            Self::Flag => DataType::Boolean,
            Self::Text => DataType::Utf8,
            Self::Time => time.clone(),
            Self::FloatList => DataType::new_list(DataType::Float64, true),
        }
    }

    /// The name PostgreSQL has for it.
    pub fn sql_name(self) -> &'static str {
        match self {
            Self::Float => "double precision",
            Self::Integer => "bigint",
            Self::Flag => "boolean",
            Self::Text => "text",
            Self::Time => "timestamp",
            Self::FloatList => "double precision[]",
        }
    }
}

/// A named part of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputField {
    /// Field or column name.
    pub name: String,
    /// Its type.
    pub ty: OutputType,
    /// What it holds, with its unit.
    pub doc: String,
}

impl OutputField {
    /// A field of this name, type and meaning.
    pub fn new(name: &str, ty: OutputType, doc: &str) -> Self {
        Self {
            name: name.into(),
            ty,
            doc: doc.into(),
        }
    }
}

/// What a function returns.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// One value.
    Value(OutputType),
    /// A struct with named fields.
    Struct(Vec<OutputField>),
    /// Rows with these columns (relation functions).
    Rows(Vec<OutputField>),
}

impl Output {
    /// The Arrow type of a value or struct; rows are a struct too.
    pub fn data_type(&self) -> DataType {
        let time = default_time_type();
        match self {
            Self::Value(ty) => ty.data_type(&time),
            Self::Struct(fields) | Self::Rows(fields) => {
                DataType::Struct(arrow_fields(fields, &time))
            }
        }
    }

    /// The fields of a struct or the columns of rows; empty for a single value.
    pub fn fields(&self) -> &[OutputField] {
        match self {
            Self::Value(_) => &[],
            Self::Struct(fields) | Self::Rows(fields) => fields,
        }
    }

    /// The type as PostgreSQL's catalog would print it.
    pub fn sql_name(&self) -> String {
        let columns = |fields: &[OutputField]| {
            fields
                .iter()
                .map(|f| format!("{} {}", f.name, f.ty.sql_name()))
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self {
            Self::Value(ty) => ty.sql_name().to_string(),
            Self::Struct(fields) => format!("record({})", columns(fields)),
            Self::Rows(fields) => format!("TABLE({})", columns(fields)),
        }
    }
}

/// The type of times when no input says otherwise.
pub fn default_time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

/// Arrow fields, all nullable, for these outputs.
pub fn arrow_fields(fields: &[OutputField], time: &DataType) -> Fields {
    fields
        .iter()
        .map(|f| Field::new(&f.name, f.ty.data_type(time), true))
        .collect()
}

/// Bounds beyond this are no bounds: TA-Lib writes 3e37 for "any number".
const NO_LIMIT: f64 = 1e30;

/// What a parameter takes.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamKind {
    /// A numeric expression, one value a row.
    Series,
    /// A text expression, one value a row.
    Texts,
    /// A timestamp or date expression; a kernel sees microseconds since 1970 UTC.
    Times,
    /// An expression whose equal values form a group; a kernel sees a number for each group.
    Groups,
    /// A whole number known while planning.
    Integer {
        /// Smallest allowed value.
        min: i64,
        /// Largest allowed value.
        max: i64,
    },
    /// A number known while planning.
    Number {
        /// Smallest allowed value.
        min: f64,
        /// Largest allowed value.
        max: f64,
    },
    /// `true` or `false`, known while planning.
    Flag,
    /// One of some names, known while planning; the position's number is accepted too.
    Choice(Vec<(String, i64)>),
    /// A text known while planning, such as a model's name.
    Name,
    /// A query in parentheses, a table or a view.
    Query,
}

impl ParamKind {
    /// Whether the value has to be a constant.
    pub fn is_option(&self) -> bool {
        !matches!(
            self,
            Self::Series | Self::Texts | Self::Times | Self::Groups | Self::Query
        )
    }

    /// What is allowed, for messages and documentation: "a whole number between 2 and 100000".
    pub fn allowed(&self) -> String {
        match self {
            Self::Series => "a numeric expression".into(),
            Self::Texts => "a text expression".into(),
            Self::Times => "a timestamp or date expression".into(),
            Self::Groups => "a text or numeric expression".into(),
            Self::Integer { min, max } => format!("a whole number between {min} and {max}"),
            Self::Number { min, max } => match (min.abs() < NO_LIMIT, max.abs() < NO_LIMIT) {
                (true, true) => format!("a number between {min} and {max}"),
                (true, false) => format!("a number of at least {min}"),
                (false, true) => format!("a number of at most {max}"),
                (false, false) => "a number".into(),
            },
            Self::Flag => "true or false".into(),
            Self::Choice(choices) => {
                let names: Vec<_> = choices
                    .iter()
                    .map(|(name, _)| format!("'{name}'"))
                    .collect();
                format!("one of {}", names.join(", "))
            }
            Self::Name => "a text constant".into(),
            Self::Query => "a query in parentheses, a table or a view".into(),
        }
    }

    /// The PostgreSQL type that the catalog shows.
    pub fn sql_name(&self) -> &'static str {
        match self {
            Self::Series | Self::Number { .. } => "double precision",
            Self::Texts | Self::Groups | Self::Choice(_) | Self::Name => "text",
            Self::Times => "timestamp",
            Self::Integer { .. } => "integer",
            Self::Flag => "boolean",
            Self::Query => "anytable",
        }
    }
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    /// The name used with `=>`.
    pub name: String,
    /// What it takes.
    pub kind: ParamKind,
    /// The value when it is left out; `None` means that it has to be given.
    pub default: Option<ParamValue>,
    /// What it means, with its unit.
    pub doc: String,
}

impl ParamSpec {
    /// A parameter without default.
    pub fn required(name: &str, kind: ParamKind, doc: &str) -> Self {
        Self {
            name: name.into(),
            kind,
            default: None,
            doc: doc.into(),
        }
    }

    /// A parameter with a default.
    pub fn optional(name: &str, kind: ParamKind, default: ParamValue, doc: &str) -> Self {
        Self {
            name: name.into(),
            kind,
            default: Some(default),
            doc: doc.into(),
        }
    }

    /// A required numeric series.
    pub fn series(name: &str, doc: &str) -> Self {
        Self::required(name, ParamKind::Series, doc)
    }
}

/// SQL that shows the function at work, with the result it prints.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Example {
    /// A complete query.
    pub sql: String,
    /// Its result as comma-separated values, rows on lines; empty where the result is shown elsewhere.
    pub result: String,
}

/// Everything there is to know about a function apart from its code.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionSpec {
    /// SQL name, lower case.
    pub name: String,
    /// Other names for the same function.
    pub aliases: Vec<String>,
    /// The family: `momentum`, `labels`, `risk`, ...
    pub family: String,
    /// How it is called.
    pub kind: Kind,
    /// Its parameters in positional order.
    pub params: Vec<ParamSpec>,
    /// Whether the last parameter may be repeated.
    pub variadic: bool,
    /// What it returns.
    pub output: Output,
    /// Which rows it may use.
    pub causality: Causality,
    /// Whether its window needs ORDER BY: false for functions of the whole cross-section.
    pub is_ordered: bool,
    /// Rows before the first value, in words or as a formula of the parameters.
    pub lookback: String,
    /// How values depend on where the input starts.
    pub stability: Stability,
    /// One sentence.
    pub summary: String,
    /// Formula or source: book, paper or library.
    pub source: String,
    /// A query that runs.
    pub example: Example,
}

impl FunctionSpec {
    /// A spec with the common values: causal, exact, no look-back, one double as output.
    pub fn new(name: &str, family: &str, kind: Kind, summary: &str) -> Self {
        Self {
            name: name.into(),
            aliases: Vec::new(),
            family: family.into(),
            kind,
            params: Vec::new(),
            variadic: false,
            output: Output::Value(OutputType::Float),
            causality: Causality::Causal,
            is_ordered: true,
            lookback: "0".into(),
            stability: Stability::Exact,
            summary: summary.into(),
            source: String::new(),
            example: Example::default(),
        }
    }

    /// Sets the parameters.
    #[must_use]
    pub fn with_params(mut self, params: Vec<ParamSpec>) -> Self {
        self.params = params;
        self
    }

    /// Lets the last parameter repeat.
    #[must_use]
    pub fn with_variadic(mut self) -> Self {
        self.variadic = true;
        self
    }

    /// Sets the result.
    #[must_use]
    pub fn with_output(mut self, output: Output) -> Self {
        self.output = output;
        self
    }

    /// Sets the other names.
    #[must_use]
    pub fn with_aliases(mut self, aliases: Vec<String>) -> Self {
        self.aliases = aliases;
        self
    }

    /// Sets which rows the function may use.
    #[must_use]
    pub fn with_causality(mut self, causality: Causality) -> Self {
        self.causality = causality;
        self
    }

    /// A function of all rows of its partition, in whatever order they come: a rank across symbols.
    #[must_use]
    pub fn across_partition(mut self) -> Self {
        self.causality = Causality::WholePartition;
        self.is_ordered = false;
        self
    }

    /// Sets the rows before the first value.
    #[must_use]
    pub fn with_lookback(mut self, lookback: &str) -> Self {
        self.lookback = lookback.into();
        self
    }

    /// Sets the stability class.
    #[must_use]
    pub fn with_stability(mut self, stability: Stability) -> Self {
        self.stability = stability;
        self
    }

    /// Sets formula or source.
    #[must_use]
    pub fn with_source(mut self, source: &str) -> Self {
        self.source = source.into();
        self
    }

    /// Sets the example and the result it prints.
    #[must_use]
    pub fn with_example(mut self, sql: &str, result: &str) -> Self {
        self.example = Example {
            sql: sql.into(),
            result: result.into(),
        };
        self
    }

    /// All names, the main one first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    /// The call with parameter names and defaults: `rsi(real, period => 14)`.
    pub fn signature(&self) -> String {
        let last = self.params.len().saturating_sub(1);
        let params: Vec<String> = self
            .params
            .iter()
            .enumerate()
            .map(|(i, p)| match &p.default {
                _ if self.variadic && i == last => format!("{}, ...", p.name),
                Some(default) => format!("{} => {default}", p.name),
                None => p.name.clone(),
            })
            .collect();
        format!("{}({})", self.name, params.join(", "))
    }
}
