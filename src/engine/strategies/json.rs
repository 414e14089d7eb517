//! Constants as JSON, the form in which the ledger keeps parameters and arguments.

use crate::dialect::strategy::Constant;
use quantlake_core::QlError;
use serde_json::{Map, Value, json};

/// The key that marks an argument which is a query.
const QUERY: &str = "query";

/// Constants, and queries as `{"query": "SELECT ..."}`, as an object.
pub fn to_json(constants: &[(String, Constant)], queries: &[(String, String)]) -> Value {
    let constants = constants
        .iter()
        .map(|(key, value)| (key.clone(), value_of(value)));
    let queries = queries
        .iter()
        .map(|(key, sql)| (key.clone(), json!({ QUERY: sql })));
    Value::Object(constants.chain(queries).collect())
}

/// Constants by name.
pub type Constants = Vec<(String, Constant)>;
/// Texts of queries by name.
pub type Queries = Vec<(String, String)>;

/// What [`to_json`] was given.
///
/// # Errors
/// XX000 for anything else.
pub fn from_json(text: &str) -> Result<(Constants, Queries), QlError> {
    let object: Map<String, Value> = serde_json::from_str(text).map_err(|e| {
        QlError::internal(format!("the ledger's arguments {text} are damaged: {e}"))
    })?;
    let (mut constants, mut queries) = (Vec::new(), Vec::new());
    for (key, value) in object {
        match value {
            Value::Object(inner) => {
                let sql = inner.get(QUERY).and_then(Value::as_str).unwrap_or_default();
                queries.push((key, sql.to_string()));
            }
            Value::String(text) => constants.push((key, Constant::Text(text))),
            Value::Bool(flag) => constants.push((key, Constant::Flag(flag))),
            Value::Number(number) => constants.push((key, Constant::Number(number.to_string()))),
            Value::Null | Value::Array(_) => constants.push((key, Constant::Null)),
        }
    }
    Ok((constants, queries))
}

fn value_of(constant: &Constant) -> Value {
    match constant {
        // What JSON cannot hold as a number, such as 1e400, is refused before it comes here.
        Constant::Number(digits) => serde_json::from_str(digits)
            .or_else(|_| digits.parse::<f64>().map(|n| json!(n)))
            .unwrap_or_else(|_| json!(digits)),
        Constant::Text(text) => json!(text),
        Constant::Flag(flag) => json!(flag),
        Constant::Null => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_survive_with_their_digits() {
        let constants = vec![
            ("a".to_string(), Constant::Number("0.001".into())),
            ("b".to_string(), Constant::Number("-5".into())),
            ("c".to_string(), Constant::Text("it's".into())),
            ("d".to_string(), Constant::Flag(true)),
            ("e".to_string(), Constant::Null),
        ];
        let queries = vec![("orders".to_string(), "SELECT 1".to_string())];
        let text = to_json(&constants, &queries).to_string();
        assert_eq!(from_json(&text).expect(&text), (constants, queries));
    }
}
