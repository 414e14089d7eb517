//! Our functions as rows of `pg_proc` and `pg_description`, and as `\df` prints them.

use super::oids;
use super::relations::Rows;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::Int32Type;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use postgres_types::Type;
use quantlake_core::{FunctionSpec, Kind, Output, ParamKind, ParamValue, Registry};
use std::collections::HashMap;

/// `pg_proc` in `pg_class`, the class of what descriptions of functions describe.
const PG_PROC: i32 = 1255;

/// The language of built-in functions.
const INTERNAL: i32 = 12;

/// One name of a function.
struct Named<'a> {
    name: &'a str,
    spec: &'a FunctionSpec,
}

fn all_names(registry: &Registry) -> Vec<Named<'_>> {
    registry
        .iter()
        .flat_map(|f| {
            f.spec.names().map(|name| Named {
                name,
                spec: &f.spec,
            })
        })
        .collect()
}

/// PostgreSQL's functions and ours.
///
/// # Errors
/// None that the arguments can cause.
pub fn pg_proc(postgres: &RecordBatch, registry: &Registry) -> Result<RecordBatch> {
    let schema = postgres.schema();
    let all = all_names(registry);
    let required = |f: &Named<'_>| f.spec.params.iter().filter(|p| p.default.is_none()).count();
    let n_defaults = |f: &Named<'_>| (f.spec.params.len() - required(f)) as i16;
    let returns_rows = |f: &Named<'_>| matches!(f.spec.output, Output::Rows(_));
    let ours = Rows::new(&schema, all.len())
        .with("oid", all.iter().map(|f| oids::function(f.name).into()))?
        .with("proname", all.iter().map(|f| f.name.into()))?
        .with("prokind", all.iter().map(|f| kind(f.spec.kind).into()))?
        .with(
            "pronargs",
            all.iter().map(|f| (f.spec.params.len() as i16).into()),
        )?
        .with("pronargdefaults", all.iter().map(|f| n_defaults(f).into()))?
        .with("prorettype", all.iter().map(|f| result_type(f.spec).into()))?
        .with(
            "proargtypes",
            all.iter()
                .map(|f| ScalarValue::from(argument_types(f.spec))),
        )?
        .with("proargnames", all.iter().map(|f| argument_names(f.spec)))?
        .with("proretset", all.iter().map(|f| returns_rows(f).into()))?
        .with("prosrc", all.iter().map(|f| f.spec.name.as_str().into()))?
        .all("pronamespace", oids::PUBLIC)?
        .all("proowner", oids::OWNER)?
        .all("prolang", INTERNAL)?
        .all("procost", 1.0f32)?
        .all("provolatile", "i")?
        .all("proparallel", "s")?
        .finish()?;
    Ok(concat_batches(&schema, [postgres, &ours])?)
}

/// Descriptions of PostgreSQL's objects and of our functions.
///
/// # Errors
/// None that the arguments can cause.
pub fn pg_description(postgres: &RecordBatch, registry: &Registry) -> Result<RecordBatch> {
    let schema = postgres.schema();
    let all = all_names(registry);
    let ours = Rows::new(&schema, all.len())
        .with("objoid", all.iter().map(|f| oids::function(f.name).into()))?
        .with(
            "description",
            all.iter().map(|f| f.spec.summary.as_str().into()),
        )?
        .all("classoid", PG_PROC)?
        .all("objsubid", 0)?
        .finish()?;
    Ok(concat_batches(&schema, [postgres, &ours])?)
}

/// What `\df` prints about a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// `real double precision, period integer DEFAULT 14`.
    pub arguments: String,
    /// `double precision`.
    pub result: String,
    /// One sentence.
    pub description: String,
}

/// Our functions by object id.
pub fn printed(registry: &Registry) -> HashMap<i32, Printed> {
    all_names(registry)
        .into_iter()
        .map(|f| {
            let printed = Printed {
                arguments: arguments(f.spec),
                result: f.spec.output.sql_name(),
                description: f.spec.summary.clone(),
            };
            (oids::function(f.name), printed)
        })
        .collect()
}

/// PostgreSQL's functions by object id, as far as its fixed tables tell.
pub fn printed_of_postgres(pg_proc: &RecordBatch, pg_type: &RecordBatch) -> HashMap<i32, Printed> {
    let names = type_names(pg_type);
    let (Some(oids), Some(arguments), Some(results)) = (
        pg_proc
            .column_by_name("oid")
            .and_then(|c| c.as_primitive_opt::<Int32Type>()),
        pg_proc
            .column_by_name("proargtypes")
            .and_then(|c| c.as_string_opt::<i32>()),
        pg_proc
            .column_by_name("prorettype")
            .and_then(|c| c.as_primitive_opt::<Int32Type>()),
    ) else {
        return HashMap::new();
    };
    let name = |oid: i32| names.get(&oid).cloned().unwrap_or_else(|| oid.to_string());
    let list = |text: &str| -> String {
        let each = text
            .split_whitespace()
            .filter_map(|oid| oid.parse().ok())
            .map(name);
        each.collect::<Vec<_>>().join(", ")
    };
    (0..pg_proc.num_rows())
        .map(|row| {
            let printed = Printed {
                arguments: list(arguments.value(row)),
                result: name(results.value(row)),
                description: String::new(),
            };
            (oids.value(row), printed)
        })
        .collect()
}

fn type_names(pg_type: &RecordBatch) -> HashMap<i32, String> {
    let (Some(oids), Some(names)) = (
        pg_type
            .column_by_name("oid")
            .and_then(|c| c.as_primitive_opt::<Int32Type>()),
        pg_type
            .column_by_name("typname")
            .and_then(|c| c.as_string_opt::<i32>()),
    ) else {
        return HashMap::new();
    };
    let sql_name = |name: &str| match name {
        "bool" => "boolean".to_string(),
        "int2" => "smallint".into(),
        "int4" => "integer".into(),
        "int8" => "bigint".into(),
        "float4" => "real".into(),
        "float8" => "double precision".into(),
        "timestamptz" => "timestamp with time zone".into(),
        "timestamp" => "timestamp without time zone".into(),
        name => match name.strip_prefix('_') {
            Some(element) => format!("{element}[]"),
            None => name.into(),
        },
    };
    let each = oids.iter().zip(names);
    each.filter_map(|(oid, name)| Some((oid?, sql_name(name?))))
        .collect()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Aggregate => "a",
        Kind::Window => "w",
        Kind::Scalar | Kind::Relation => "f",
    }
}

fn arguments(spec: &FunctionSpec) -> String {
    let last = spec.params.len().saturating_sub(1);
    let each = spec.params.iter().enumerate().map(|(i, p)| {
        let variadic = if spec.variadic && i == last {
            "VARIADIC "
        } else {
            ""
        };
        let array = if variadic.is_empty() { "" } else { "[]" };
        let default = p.default.as_ref().map(literal).unwrap_or_default();
        format!("{variadic}{} {}{array}{default}", p.name, p.kind.sql_name())
    });
    each.collect::<Vec<_>>().join(", ")
}

fn literal(value: &ParamValue) -> String {
    match value {
        ParamValue::Null => " DEFAULT NULL".into(),
        ParamValue::Text(text) => format!(" DEFAULT '{}'", text.replace('\'', "''")),
        other => format!(" DEFAULT {other}"),
    }
}

fn result_type(spec: &FunctionSpec) -> i32 {
    let ty = match &spec.output {
        Output::Value(ty) => {
            crate::server::wire_type_of(&ty.data_type(&quantlake_core::spec::default_time_type()))
        }
        Output::Struct(_) | Output::Rows(_) => Type::RECORD,
    };
    ty.oid().cast_signed()
}

fn argument_types(spec: &FunctionSpec) -> String {
    let oid = |kind: &ParamKind| match kind {
        ParamKind::Series | ParamKind::Number { .. } => Type::FLOAT8,
        ParamKind::Texts | ParamKind::Groups | ParamKind::Choice(_) | ParamKind::Name => Type::TEXT,
        ParamKind::Times => Type::TIMESTAMP,
        ParamKind::Integer { .. } => Type::INT4,
        ParamKind::Flag => Type::BOOL,
        ParamKind::Query => Type::RECORD,
    };
    let each = spec.params.iter().map(|p| oid(&p.kind).oid().to_string());
    each.collect::<Vec<_>>().join(" ")
}

fn argument_names(spec: &FunctionSpec) -> ScalarValue {
    let names: Vec<_> = spec.params.iter().map(|p| p.name.as_str()).collect();
    match names.is_empty() {
        true => ScalarValue::Utf8(None),
        false => ScalarValue::from(format!("{{{}}}", names.join(","))),
    }
}
