//! Functions that clients call and neither DataFusion nor the catalog crate has.

use super::functions::{self, Printed};
use super::{oids, roles, schema};
use crate::engine::CATALOG;
use crate::engine::settings::SERVER_VERSION;
use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};
use datafusion::prelude::SessionContext;
use datafusion_pg_catalog::pg_catalog::PgCatalogStaticTables;
use quantlake_core::Registry;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What a function does with its arguments, all made as long as the batch.
type Body = Arc<dyn Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync>;

/// A function for clients, with any argument types.
struct Compat {
    name: &'static str,
    signature: Signature,
    returns: DataType,
    body: Body,
}

/// Registers the functions that are the same in every session.
///
/// # Errors
/// Fixed tables that cannot be read.
pub fn register(ctx: &SessionContext, registry: &Registry) -> Result<()> {
    for udf in about_the_server() {
        ctx.register_udf(udf);
    }
    for udf in about_functions(registry)? {
        ctx.register_udf(udf);
    }
    for udf in about_objects() {
        ctx.register_udf(udf);
    }
    Ok(())
}

/// A function of this name, arity and result.
pub fn function(
    name: &'static str,
    arity: RangeInclusive<usize>,
    returns: DataType,
    body: impl Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    let one = |n| match n {
        0 => TypeSignature::Nullary,
        n => TypeSignature::Any(n),
    };
    let signature = Signature::one_of(arity.map(one).collect(), Volatility::Stable);
    ScalarUDF::from(Compat {
        name,
        signature,
        returns,
        body: Arc::new(body),
    })
}

/// A function that gives the same value whatever its arguments are.
pub fn constant(
    name: &'static str,
    arity: RangeInclusive<usize>,
    value: impl Into<ScalarValue>,
) -> ScalarUDF {
    let value = value.into();
    let returns = value.data_type();
    function(name, arity, returns, move |_, n_rows| {
        value.to_array_of_size(n_rows)
    })
}

fn about_the_server() -> Vec<ScalarUDF> {
    let version = format!(
        "PostgreSQL {SERVER_VERSION} (QuantLake {}, DataFusion {})",
        env!("CARGO_PKG_VERSION"),
        datafusion::DATAFUSION_VERSION
    );
    vec![
        constant("version", 0..=0, version),
        constant("pg_is_in_recovery", 0..=0, false),
        constant("pg_client_encoding", 0..=0, "UTF8"),
        constant("pg_my_temp_schema", 0..=0, 0),
        constant("pg_is_other_temp_schema", 1..=1, false),
        constant("pg_advisory_unlock_all", 0..=0, ScalarValue::Utf8(None)),
        constant("inet_server_addr", 0..=0, ScalarValue::Utf8(None)),
        constant("inet_server_port", 0..=0, ScalarValue::Int32(None)),
        constant("inet_client_addr", 0..=0, ScalarValue::Utf8(None)),
        constant("inet_client_port", 0..=0, ScalarValue::Int32(None)),
        constant("current_catalog", 0..=0, CATALOG),
    ]
}

/// What `\df` and `\df+` ask for.
fn about_functions(registry: &Registry) -> Result<Vec<ScalarUDF>> {
    let tables = PgCatalogStaticTables::try_new()?;
    let pg_proc = schema::batch_of(&tables.pg_proc)?;
    let pg_type = schema::batch_of(&tables.pg_type)?;
    let mut printed = functions::printed_of_postgres(&pg_proc, &pg_type);
    printed.extend(functions::printed(registry));
    let printed = Arc::new(printed);
    let by_oid = |name, pick: fn(&Printed) -> &str| {
        let printed: Arc<HashMap<i32, Printed>> = Arc::clone(&printed);
        text_of_oid(name, 1..=2, move |oid| {
            printed.get(&oid).map(|p| pick(p).to_string())
        })
    };
    Ok(vec![
        by_oid("pg_get_function_result", |p| &p.result),
        by_oid("pg_get_function_arguments", |p| &p.arguments),
        by_oid("pg_get_function_identity_arguments", |p| &p.arguments),
        by_oid("obj_description", |p| &p.description),
        constant("pg_get_function_sqlbody", 1..=1, ScalarValue::Utf8(None)),
        constant("pg_get_functiondef", 1..=1, ScalarValue::Utf8(None)),
    ])
}

/// Ownership, privileges, and what this database has none of: indexes, triggers, rules, comments.
fn about_objects() -> Vec<ScalarUDF> {
    let always_true = [
        "pg_function_is_visible",
        "pg_type_is_visible",
        "pg_operator_is_visible",
        "pg_opclass_is_visible",
        "pg_opfamily_is_visible",
        "pg_collation_is_visible",
        "pg_conversion_is_visible",
        "pg_statistics_obj_is_visible",
        "pg_ts_config_is_visible",
        "has_function_privilege",
        "has_column_privilege",
        "has_sequence_privilege",
        "has_language_privilege",
        "has_tablespace_privilege",
        "has_type_privilege",
        "pg_has_role",
    ];
    let none = [
        "col_description",
        "shobj_description",
        "pg_get_indexdef",
        "pg_get_triggerdef",
        "pg_get_ruledef",
        "pg_get_serial_sequence",
        "pg_get_statisticsobjdef",
        "pg_get_partition_constraintdef",
        "pg_tablespace_location",
    ];
    let sizes = [
        "pg_table_size",
        "pg_indexes_size",
        "pg_database_size",
        "pg_tablespace_size",
    ];
    let mut all = vec![
        text_of_oid("pg_get_userbyid", 1..=1, |oid| {
            Some(match oid {
                oids::OWNER => roles::OWNER_NAME.into(),
                other => format!("unknown (OID={other})"),
            })
        }),
        function("pg_size_pretty", 1..=1, DataType::Utf8, pretty_sizes),
        constant("pg_relation_is_updatable", 2..=2, 0),
        constant("pg_column_is_updatable", 3..=3, false),
    ];
    all.extend(always_true.map(|name| constant(name, 1..=3, true)));
    all.extend(none.map(|name| constant(name, 1..=3, ScalarValue::Utf8(None))));
    all.extend(sizes.map(|name| constant(name, 1..=1, ScalarValue::Int64(None))));
    all
}

/// A function of an object id, whose other arguments do not matter.
fn text_of_oid(
    name: &'static str,
    arity: RangeInclusive<usize>,
    text: impl Fn(i32) -> Option<String> + Send + Sync + 'static,
) -> ScalarUDF {
    function(name, arity, DataType::Utf8, move |args, n_rows| {
        let Some(oids) = args.first() else {
            return Ok(Arc::new(StringArray::new_null(n_rows)));
        };
        let oids = integers(oids)?;
        let texts = oids.iter().map(|oid| text(i32::try_from(oid?).ok()?));
        Ok(Arc::new(texts.collect::<StringArray>()))
    })
}

fn integers(array: &ArrayRef) -> Result<Int64Array> {
    Ok(cast(array, &DataType::Int64)?
        .as_primitive::<Int64Type>()
        .clone())
}

/// `8192 bytes`, `16 kB`, `3 MB`: a unit is used from ten of it on.
fn pretty_sizes(args: &[ArrayRef], n_rows: usize) -> Result<ArrayRef> {
    let Some(sizes) = args.first() else {
        return Ok(Arc::new(StringArray::new_null(n_rows)));
    };
    let pretty = |bytes: i64| {
        let units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
        let (mut size, mut unit) = (bytes as f64, 0);
        while size.abs() >= 10_240.0 && unit + 1 < units.len() {
            size /= 1024.0;
            unit += 1;
        }
        format!("{size:.0} {}", units[unit])
    };
    let texts = integers(sizes)?;
    let texts: StringArray = texts.iter().map(|size| size.map(pretty)).collect();
    Ok(Arc::new(texts))
}

impl ScalarUDFImpl for Compat {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let n_rows = args.number_rows;
        let all_scalar = args
            .args
            .iter()
            .all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let length = if all_scalar { 1 } else { n_rows };
        let arrays = args
            .args
            .iter()
            .map(|arg| arg.to_array(length))
            .collect::<Result<Vec<_>>>()?;
        let result = (self.body)(&arrays, length)?;
        match all_scalar {
            true => ScalarValue::try_from_array(&result, 0).map(ColumnarValue::Scalar),
            false => Ok(ColumnarValue::Array(result)),
        }
    }
}

// A function's name tells it from all others of the context.
impl PartialEq for Compat {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Compat {}

impl Hash for Compat {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Compat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn one(ctx: &SessionContext, sql: &str) -> String {
        let rows = ctx.sql(sql).await.expect(sql).collect().await.expect(sql);
        let column = cast(rows[0].column(0), &DataType::Utf8).expect(sql);
        column.as_string::<i32>().value(0).to_string()
    }

    #[tokio::test]
    async fn the_server_says_that_it_is_postgresql() {
        let ctx = SessionContext::new();
        register(&ctx, &Registry::default()).expect("registers");
        let version = one(&ctx, "SELECT version()").await;
        assert!(
            version.starts_with("PostgreSQL 16.6 (QuantLake "),
            "{version}"
        );
        assert_eq!(one(&ctx, "SELECT pg_get_userbyid(10)").await, "quantlake");
        assert_eq!(one(&ctx, "SELECT pg_size_pretty(20480)").await, "20 kB");
        assert_eq!(
            one(&ctx, "SELECT pg_get_function_arguments(1242)").await,
            "cstring"
        );
    }
}
