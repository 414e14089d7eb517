//! Types for `$n` whose type the query does not tell.
//!
//! `SELECT $1` can be planned only once the type is known, and its column has that type. The type
//! that the client gave, or text, is written into the statement as a cast, so that what Describe
//! tells and what Execute sends agree.

use super::encode::types::array_of;
use crate::dialect::Statement;
use datafusion::sql::parser::Statement as SqlStatement;
use datafusion::sql::sqlparser::ast::{
    self, ArrayElemTypeDef, CastKind, DataType, Expr, LimitClause, Query, TimezoneInfo, Value,
    ValueWithSpan, Visit, VisitMut, Visitor, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use postgres_types::{Kind, Type};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// The types that casts (`$1::int`) and row limits give to parameters, by position from 1; where
/// there are several, the first counts.
pub fn types_in(statement: &Statement) -> HashMap<usize, Type> {
    let mut found = Found::default();
    if let Some(sql) = sql_of(statement) {
        let _ = Visit::visit(sql, &mut found);
    }
    found.types
}

/// The statement with these parameters cast, `types` being by position from 1; `None` when there
/// is nothing to cast.
pub fn cast(statement: &Statement, types: &HashMap<usize, Type>) -> Option<Statement> {
    let types: HashMap<usize, DataType> = types
        .iter()
        .filter_map(|(position, ty)| Some((*position, sql_type(ty)?)))
        .collect();
    let mut sql = sql_of(statement)?.clone();
    let mut casts = Casts {
        types: &types,
        n_done: 0,
    };
    let _ = VisitMut::visit(&mut sql, &mut casts);
    let wrap = |sql| Statement::Sql(Box::new(SqlStatement::Statement(Box::new(sql))));
    (casts.n_done > 0).then(|| wrap(sql))
}

fn sql_of(statement: &Statement) -> Option<&ast::Statement> {
    match statement {
        Statement::Sql(sql) => match sql.as_ref() {
            SqlStatement::Statement(sql) => Some(sql),
            _ => None,
        },
        _ => None,
    }
}

/// The position of `$n`.
fn position_of(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(ValueWithSpan {
            value: Value::Placeholder(name),
            ..
        }) => name.strip_prefix('$')?.parse().ok(),
        _ => None,
    }
}

#[derive(Default)]
struct Found {
    types: HashMap<usize, Type>,
}

impl Found {
    fn add(&mut self, expr: &Expr, ty: Option<Type>) {
        if let (Some(position), Some(ty)) = (position_of(expr), ty) {
            self.types.entry(position).or_insert(ty);
        }
    }
}

impl Visitor for Found {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let (limit, offset) = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                (limit.as_ref(), offset.as_ref().map(|o| &o.value))
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
            None => (None, None),
        };
        for count in [limit, offset].into_iter().flatten() {
            self.add(count, Some(Type::INT8));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Cast {
            expr, data_type, ..
        } = expr
        {
            self.add(expr, wire_type(data_type));
        }
        ControlFlow::Continue(())
    }
}

fn wire_type(data_type: &DataType) -> Option<Type> {
    use DataType as D;
    Some(match data_type {
        D::Bool | D::Boolean => Type::BOOL,
        D::Int2(_) | D::SmallInt(_) => Type::INT2,
        D::Int4(_) | D::Int(_) | D::Integer(_) => Type::INT4,
        D::Int8(_) | D::BigInt(_) => Type::INT8,
        D::Float4 | D::Real => Type::FLOAT4,
        D::Float8 | D::Double(_) | D::DoublePrecision | D::Float(_) => Type::FLOAT8,
        D::Numeric(_) | D::Decimal(_) | D::Dec(_) => Type::NUMERIC,
        D::Text | D::Varchar(_) | D::CharacterVarying(_) | D::Char(_) | D::Character(_) => {
            Type::TEXT
        }
        D::Date => Type::DATE,
        D::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => Type::TIME,
        D::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => Type::TIMESTAMP,
        D::Timestamp(..) => Type::TIMESTAMPTZ,
        D::Interval { .. } => Type::INTERVAL,
        D::Bytea => Type::BYTEA,
        D::Custom(name, _) if name.to_string().eq_ignore_ascii_case("oid") => Type::OID,
        D::Array(ArrayElemTypeDef::SquareBracket(element, _)) => array_of(&wire_type(element)?)?,
        _ => return None,
    })
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
    types: &'a HashMap<usize, DataType>,
    n_done: usize,
}

impl VisitorMut for Casts<'_> {
    type Break = ();

    // After the children, so that the cast's own placeholder is not visited again.
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some(data_type) = position_of(expr).and_then(|at| self.types.get(&at)) {
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
    fn casts_and_limits_tell_types() {
        let sql = "SELECT $1::int, CAST($2 AS timestamp) FROM t WHERE a = $3 LIMIT $4 OFFSET $5";
        let statement = crate::dialect::parse(sql, &Registry::default())
            .expect("parses")
            .remove(0);
        let expected = [
            (1, Type::INT4),
            (2, Type::TIMESTAMP),
            (4, Type::INT8),
            (5, Type::INT8),
        ];
        assert_eq!(types_in(&statement), HashMap::from(expected));
    }

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
