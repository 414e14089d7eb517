//! One text for an expression, however it is written.

use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, Ident, ObjectName, ObjectNamePart, visit_expressions_mut,
};
use std::ops::ControlFlow;

/// The text of an expression with single spaces, keywords in capitals and names in lower case unless
/// they are quoted: the family of a strategy that has no name.
pub fn normal_text(expr: &SqlExpr) -> String {
    let mut expr = expr.clone();
    let _: ControlFlow<()> = visit_expressions_mut(&mut expr, |expr| {
        match expr {
            SqlExpr::Identifier(ident) => lower(ident),
            SqlExpr::CompoundIdentifier(parts) => parts.iter_mut().for_each(lower),
            SqlExpr::Function(call) => lower_name(&mut call.name),
            SqlExpr::Nested(inner) if is_plain(inner) => *expr = inner.as_ref().clone(),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    while let SqlExpr::Nested(inner) = expr {
        expr = *inner;
    }
    expr.to_string()
}

/// Whether parentheses around it change nothing.
fn is_plain(expr: &SqlExpr) -> bool {
    matches!(
        expr,
        SqlExpr::Identifier(_) | SqlExpr::Value(_) | SqlExpr::Function(_) | SqlExpr::Nested(_)
    )
}

fn lower_name(name: &mut ObjectName) {
    for part in &mut name.0 {
        if let ObjectNamePart::Identifier(ident) = part {
            lower(ident);
        }
    }
}

fn lower(ident: &mut Ident) {
    if ident.quote_style.is_none() {
        ident.value.make_ascii_lowercase();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    fn text(sql: &str) -> String {
        let parser = Parser::new(&PostgreSqlDialect {}).try_with_sql(sql);
        let expr = parser.and_then(|mut parser| parser.parse_expr());
        normal_text(&expr.expect(sql))
    }

    #[test]
    fn ways_to_write_one_strategy_have_one_text() {
        let wanted = "CASE WHEN sma(close, fast) > 0 THEN 1 ELSE 0 END";
        for sql in [
            "case when SMA( Close,fast )>0 then 1 else 0 end",
            "(CASE WHEN (sma(close, (FAST))) > 0 THEN 1\n ELSE 0 END)",
            wanted,
        ] {
            assert_eq!(text(sql), wanted);
        }
    }

    #[test]
    fn what_means_something_else_has_another_text() {
        assert_ne!(text("\"Close\" > 0"), text("close > 0"));
        assert_ne!(text("(a + b) * c"), text("a + b * c"));
        assert_ne!(text("x = 'A'"), text("x = 'a'"));
    }
}
