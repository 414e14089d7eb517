//! Types for `$n` whose type the query does not tell.
//!
//! `SELECT $1` can be planned only once the type is known, and its column has that type. The type
//! that the client gave, or text, is written into the statement as a cast, so that what Describe
//! tells and what Execute sends agree.

use crate::dialect::Statement;
use datafusion::sql::parser::Statement as SqlStatement;
use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use postgres_types::{Kind, Type};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// The statement with these parameters cast, `types` being by position from 1; `None` when there
/// is nothing to cast.
pub fn cast(statement: &Statement, types: &HashMap<usize, Type>) -> Option<Statement> {
    let types: HashMap<String, DataType> = types
        .iter()
        .filter_map(|(position, ty)| Some((format!("${position}"), sql_type(ty)?)))
        .collect();
    let mut statement = statement.clone();
    let Statement::Sql(sql) = &mut statement else {
        return None;
    };
    let SqlStatement::Statement(sql) = sql.as_mut() else {
        return None;
    };
    let mut casts = Casts {
        types: &types,
        n_done: 0,
    };
    let _ = sql.visit(&mut casts);
    (casts.n_done > 0).then_some(statement)
}

fn sql_type(ty: &Type) -> Option<DataType> {
    let name = match ty.kind() {
        Kind::Array(element) => format!("{}[]", element.name()),
        _ => ty.name().to_string(),
    };
    let parser = Parser::new(&PostgreSqlDialect {});
    parser.try_with_sql(&name).ok()?.parse_data_type().ok()
}

struct Casts<'a> {
    types: &'a HashMap<String, DataType>,
    n_done: usize,
}

impl VisitorMut for Casts<'_> {
    type Break = ();

    // After the children, so that the cast's own placeholder is not visited again.
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Value(ValueWithSpan {
            value: Value::Placeholder(name),
            ..
        }) = expr
        else {
            return ControlFlow::Continue(());
        };
        if let Some(data_type) = self.types.get(name) {
            self.n_done += 1;
            *expr = Expr::Cast {
                kind: CastKind::Cast,
                expr: Box::new(expr.clone()),
                data_type: data_type.clone(),
                array: false,
                format: None,
            };
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantlake_core::Registry;

    #[test]
    fn only_the_named_parameters_are_cast() {
        let sql = "SELECT $1, $2 FROM t WHERE a = $1";
        let statement = crate::dialect::parse(sql, &Registry::default())
            .expect("parses")
            .remove(0);
        let types = HashMap::from([(1, Type::INT4_ARRAY)]);
        let done = cast(&statement, &types).expect("casts").to_string();
        assert_eq!(
            done,
            "SELECT CAST($1 AS INT4[]), $2 FROM t WHERE a = CAST($1 AS INT4[])"
        );
        assert_eq!(cast(&statement, &HashMap::new()), None);
    }
}
