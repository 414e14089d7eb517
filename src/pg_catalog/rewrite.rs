//! Statements about the catalog, made to fit what DataFusion can plan.
//!
//! Clients write them for PostgreSQL: with qualified functions, casts to `regclass`, `COLLATE`,
//! `OPERATOR(...)`. The catalog crate's rules rewrite these; the rules change the meaning of other
//! statements, so that only those that name the catalog get here.

use datafusion::sql::sqlparser::ast::{
    Array, ArrayElemTypeDef, CastKind, DataType, Expr, FunctionArguments, Query, Statement,
    VisitMut, VisitorMut, visit_relations,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use datafusion_pg_catalog::pg_catalog::PG_CATALOG_TABLES;
use datafusion_pg_catalog::sql::PostgresCompatibilityParser;
use std::ops::ControlFlow;
use std::sync::LazyLock;

static PARSER: LazyLock<PostgresCompatibilityParser> =
    LazyLock::new(PostgresCompatibilityParser::new);

/// What asyncpg asks for when it meets a type that it does not know, as it does for each kind of
/// array. Its own query walks through elements, domains, composites and ranges with recursion
/// inside of correlated subqueries, which DataFusion cannot plan; this database has only arrays.
const TYPE_TREE: &str = "SELECT t.oid, n.nspname AS ns, t.typname AS name, t.typtype AS kind,
    CAST(NULL AS oid) AS basetype, t.typelem AS elemtype, e.typdelim AS elemdelim,
    CAST(NULL AS oid) AS range_subtype, CAST(NULL AS text[]) AS attrtypoids,
    CAST(NULL AS text[]) AS attrnames, CAST(0 AS int) AS depth,
    CAST(NULL AS text) AS basetype_name, e.typname AS elemtype_name,
    CAST(NULL AS text) AS range_subtype_name
    FROM pg_catalog.pg_type t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
    WHERE t.oid = ANY($1::oid[])";

/// Longer texts are data, not questions about the catalog.
const LONGEST: usize = 64 << 10;

/// The rewritten statements of a text that is about the catalog; `None` for every other text, and
/// for one that does not parse, whose error is the ordinary parser's to tell.
pub fn rewrite(sql: &str) -> Option<Vec<Statement>> {
    if sql.len() > LONGEST || !names_the_catalog(sql) {
        return None;
    }
    let sql = if sql.contains("typeinfo_tree") {
        TYPE_TREE
    } else {
        sql
    };
    let mut statements = PARSER.parse(sql).ok()?;
    let are_queries = statements
        .iter()
        .all(|s| matches!(s, Statement::Query(_) | Statement::Explain { .. }));
    if statements.is_empty() || !are_queries {
        return None;
    }
    for statement in &mut statements {
        let _ = statement.visit(&mut EmptyArrays);
    }
    Some(statements)
}

/// Whether a word outside of strings and comments belongs to the catalog.
fn names_the_catalog(sql: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    let hints = [
        "pg_",
        "information_schema",
        "reg",
        "current_schema",
        "current_database",
    ];
    if !hints.iter().any(|hint| lower.contains(hint)) {
        return false;
    }
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize() else {
        return false;
    };
    tokens.iter().any(|token| match token {
        Token::Word(word) => is_of_the_catalog(&word.value.to_ascii_lowercase()),
        _ => false,
    })
}

fn is_of_the_catalog(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "pg_catalog",
        "information_schema",
        "regclass",
        "regtype",
        "regproc",
        "regnamespace",
        "regrole",
        "current_schema",
        "current_schemas",
        "current_database",
    ];
    WORDS.contains(&word) || PG_CATALOG_TABLES.contains(&word) || is_function(word)
}

/// Functions of the catalog start with `pg_`; users' tables may too, and are none of ours.
fn is_function(word: &str) -> bool {
    [
        "pg_get_",
        "pg_is_",
        "pg_table_",
        "pg_relation_",
        "pg_total_",
    ]
    .iter()
    .any(|prefix| word.starts_with(prefix))
}

/// `ARRAY(SELECT ...)`, which DataFusion cannot plan, becomes an empty array where it is one: over
/// memberships of roles and storage options, which this database does not have.
struct EmptyArrays;

impl VisitorMut for EmptyArrays {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(call) = expr
            && call.name.to_string().eq_ignore_ascii_case("array")
            && let FunctionArguments::Subquery(query) = &call.args
            && is_empty(query)
        {
            *expr = empty_text_array();
        }
        ControlFlow::Continue(())
    }
}

fn is_empty(query: &Query) -> bool {
    let text = query.to_string();
    let reads_memberships = visit_relations(query, |name| {
        match name.to_string().ends_with("pg_auth_members") {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    reads_memberships.is_break() || text.contains("unnest(tc.reloptions)")
}

/// `CAST(make_array() AS TEXT[])`.
fn empty_text_array() -> Expr {
    let none = Expr::Array(Array {
        elem: Vec::new(),
        named: true,
    });
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(none),
        data_type: DataType::Array(ArrayElemTypeDef::SquareBracket(
            Box::new(DataType::Text),
            None,
        )),
        array: false,
        format: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_statements_about_the_catalog_are_rewritten() {
        for ordinary in [
            "SELECT 'pg_class' AS name",
            "SELECT * FROM pg_prices -- pg_class",
            "SELECT regr_slope(a, b) FROM t",
            "CREATE TABLE pg_class_copy AS SELECT 1",
            "",
        ] {
            assert_eq!(rewrite(ordinary), None, "{ordinary}");
        }
        for catalog in [
            "SELECT * FROM pg_class",
            "SELECT pg_catalog.version()",
            "SELECT 'bars'::regclass",
            "SELECT table_name FROM information_schema.tables",
        ] {
            assert!(rewrite(catalog).is_some(), "{catalog}");
        }
    }

    #[test]
    fn a_text_that_does_not_parse_is_left_to_the_ordinary_parser() {
        assert_eq!(rewrite("SELECT (a FROM pg_class"), None);
    }

    #[test]
    fn memberships_of_roles_are_empty() {
        let sql = "SELECT ARRAY(SELECT b.rolname FROM pg_catalog.pg_auth_members m \
                   JOIN pg_catalog.pg_roles b ON m.roleid = b.oid WHERE m.member = r.oid) \
                   FROM pg_catalog.pg_roles r";
        let text = rewrite(sql).expect("catalog")[0].to_string();
        assert!(!text.contains("pg_auth_members"), "{text}");
    }
}
