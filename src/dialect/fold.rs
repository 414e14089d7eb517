//! The lambda of `fold(init, (state, x) -> expression, x)` as a text constant.
//!
//! PostgreSQL's grammar reads the arrow as its JSON operator, and DataFusion would plan it as
//! one. As text the lambda passes through planning, view definitions and the extended protocol
//! unchanged, until the function compiles it.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArgumentList, Value,
};

/// The function that takes a lambda.
pub const FOLD: &str = "fold";
/// The name of its lambda's parameter, which is the second one.
const STEP: &str = "step";

/// Turns the lambda of a call into text; what is a constant or a parameter already stays.
pub fn lambda_to_text(list: &mut FunctionArgumentList) {
    for (position, arg) in list.args.iter_mut().enumerate() {
        let expr = match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) if position == 1 => expr,
            FunctionArg::Named {
                name,
                arg: FunctionArgExpr::Expr(expr),
                ..
            } if name.value.eq_ignore_ascii_case(STEP) => expr,
            FunctionArg::ExprNamed {
                name,
                arg: FunctionArgExpr::Expr(expr),
                ..
            } if name.to_string().eq_ignore_ascii_case(STEP) => expr,
            _ => continue,
        };
        if !matches!(expr, Expr::Value(_)) {
            let text = Value::SingleQuotedString(expr.to_string());
            *expr = Expr::Value(text.with_empty_span());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::sqlparser::ast::FunctionArguments;
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    /// The call as it is planned.
    fn rewritten(call: &str) -> String {
        let dialect = PostgreSqlDialect {};
        let mut expr = Parser::new(&dialect)
            .try_with_sql(call)
            .and_then(|mut p| p.parse_expr())
            .expect("a call");
        if let Expr::Function(function) = &mut expr
            && let FunctionArguments::List(list) = &mut function.args
        {
            lambda_to_text(list);
        }
        expr.to_string()
    }

    #[test]
    fn a_lambda_becomes_text() {
        assert_eq!(
            rewritten("fold(0, (s, x) -> 0.9 * s + 0.1 * x, close)"),
            "fold(0, '(s, x) -> 0.9 * s + 0.1 * x', close)"
        );
        assert_eq!(
            rewritten("fold(0, (s, x) -> CASE WHEN x > s THEN x ELSE s END, close)"),
            "fold(0, '(s, x) -> CASE WHEN x > s THEN x ELSE s END', close)"
        );
        assert_eq!(
            rewritten("fold(init => 0, step => (s, x) -> s + x, x => close)"),
            "fold(init => 0, step => '(s, x) -> s + x', x => close)"
        );
    }

    #[test]
    fn text_and_parameters_stay() {
        for call in ["fold(0, '(s, x) -> s + x', close)", "fold($1, $2, close)"] {
            assert_eq!(rewritten(call), call);
        }
    }

    #[test]
    fn a_rewritten_call_is_rewritten_to_itself() {
        let once = rewritten("fold(0, (s, x) -> s + x, close)");
        assert_eq!(rewritten(&once), once);
    }
}
