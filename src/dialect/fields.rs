//! Fields of results: `(macd(close) OVER w).hist`, `m['hist']`.
//!
//! DataFusion finds a wrong field when it types the expression and no longer knows whose it is.
//! This planner stands before DataFusion's, looks at the field and leaves the planning to it.

use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawFieldAccessExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess};
use quantlake_core::{QlError, SqlState};

/// Refuses fields that a result does not have, by the name of whose result it is.
#[derive(Debug)]
pub struct CheckFields;

impl ExprPlanner for CheckFields {
    fn plan_field_access(
        &self,
        access: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        // A parameter of a prepared statement may have no type yet.
        if let Ok(ty) = access.expr.get_type(schema) {
            check(&access, &ty)?;
        }
        Ok(PlannerResult::Original(access))
    }
}

fn check(access: &RawFieldAccessExpr, ty: &DataType) -> Result<(), QlError> {
    let owner = || owner_of(&access.expr);
    match (&access.field_access, ty) {
        (GetFieldAccess::NamedStructField { name }, DataType::Struct(fields)) => {
            let name = text_of(name);
            if fields.iter().any(|field| *field.name() == name) {
                return Ok(());
            }
            let message = format!("{}: the result has no field `{name}`", owner());
            Err(which(SqlState::UndefinedColumn, message, fields))
        }
        (GetFieldAccess::NamedStructField { name }, ty) if is_number(ty) => {
            let message = format!(
                "{}: the result is one number without fields, so there is no `{}`",
                owner(),
                text_of(name)
            );
            Err(QlError::new(SqlState::DatatypeMismatch, message))
        }
        (GetFieldAccess::ListIndex { key }, DataType::Struct(fields)) => {
            let found = match key.as_ref() {
                Expr::Literal(value, _) => value.to_string(),
                other => other.schema_name().to_string(),
            };
            let message = format!(
                "{}: a field is asked for by its name, found {found}",
                owner()
            );
            Err(which(SqlState::DatatypeMismatch, message, fields))
        }
        _ => Ok(()),
    }
}

fn which(state: SqlState, message: String, fields: &Fields) -> QlError {
    let names: Vec<&str> = fields.iter().map(|f| f.name().as_str()).collect();
    QlError::new(state, format!("{message}; it has {}", names.join(", ")))
}

fn is_number(ty: &DataType) -> bool {
    ty.is_numeric() || *ty == DataType::Boolean
}

fn text_of(name: &ScalarValue) -> String {
    let text = name.try_as_str().flatten().map(str::to_string);
    text.unwrap_or_else(|| name.to_string())
}

/// The function or column that an expression is the result of.
fn owner_of(expr: &Expr) -> String {
    match expr {
        Expr::WindowFunction(call) => call.fun.name().to_string(),
        Expr::AggregateFunction(call) => call.func.name().to_string(),
        Expr::ScalarFunction(call) => call.name().to_string(),
        Expr::Column(column) => column.name.clone(),
        Expr::Alias(alias) => owner_of(&alias.expr),
        other => other.schema_name().to_string(),
    }
}
