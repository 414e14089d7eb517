//! Hashes of results, to the last bit of every value, and what differs where two do not agree.

use crate::lake::ledger::{ResultTable, Values};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The SHA-256 of every column of every table: a JSON object of objects. By column, so that a
/// later version which gives a further column can still be held to the others.
pub fn digests(tables: &[ResultTable]) -> Value {
    let of_table = |table: &ResultTable| {
        let columns = table.columns.iter();
        let hashes = columns.map(|(name, values)| (name.clone(), column_hash(values).into()));
        Value::Object(hashes.collect())
    };
    let tables: Map<String, Value> = tables
        .iter()
        .map(|t| (t.name.clone(), of_table(t)))
        .collect();
    Value::Object(tables)
}

/// One hash for all of them.
pub fn overall(digests: &str) -> String {
    hex(&Sha256::digest(digests))
}

/// The hash of a text.
pub fn text_hash(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// The columns that a replay has to give again and did not, as `table.column`.
pub fn differing(stored: &Value, found: &Value) -> Vec<(String, String)> {
    let tables = stored.as_object().into_iter().flatten();
    tables
        .flat_map(|(table, columns)| {
            let columns = columns.as_object().into_iter().flatten();
            columns.map(move |(column, hash)| (table, column, hash))
        })
        .filter(|(table, column, hash)| found.get(table).and_then(|t| t.get(column)) != Some(hash))
        .map(|(table, column, _)| (table.clone(), column.clone()))
        .collect()
}

/// The first row in which two columns differ.
pub fn first_difference(stored: &Values, found: &Values) -> Option<usize> {
    let n = stored.len().max(found.len());
    (0..n).find(|row| stored.show(*row) != found.show(*row))
}

/// A value is its presence and its bytes; a text also its length.
fn column_hash(values: &Values) -> String {
    let mut hash = Sha256::new();
    match values {
        Values::Integers(v) => v
            .iter()
            .for_each(|v| fixed(&mut hash, v.map(i64::to_le_bytes))),
        Values::Times(v) => v
            .iter()
            .for_each(|v| fixed(&mut hash, v.map(i64::to_le_bytes))),
        Values::Numbers(v) => v
            .iter()
            .for_each(|v| fixed(&mut hash, v.map(f64::to_le_bytes))),
        Values::Flags(v) => v
            .iter()
            .for_each(|v| fixed(&mut hash, v.map(|v| [u8::from(v)]))),
        Values::Texts(v) => v.iter().for_each(|v| {
            let length = v.as_ref().map(|v| (v.len() as u64).to_le_bytes());
            fixed(&mut hash, length);
            hash.update(v.as_deref().unwrap_or_default());
        }),
    }
    hex(&hash.finalize())
}

fn fixed<const N: usize>(hash: &mut Sha256, bytes: Option<[u8; N]>) {
    hash.update([u8::from(bytes.is_some())]);
    hash.update(bytes.unwrap_or([0; N]));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(values: Vec<Option<f64>>) -> ResultTable {
        ResultTable {
            name: "equity".into(),
            columns: vec![("equity".into(), Values::Numbers(values))],
        }
    }

    #[test]
    fn one_bit_changes_the_hash_and_is_found() {
        let stored = table(vec![Some(1.0), None, Some(0.1 + 0.2)]);
        let found = table(vec![Some(1.0), None, Some(0.3)]);
        let (a, b) = (
            digests(std::slice::from_ref(&stored)),
            digests(std::slice::from_ref(&found)),
        );
        assert_eq!(
            differing(&a, &b),
            [("equity".to_string(), "equity".to_string())]
        );
        assert_eq!(differing(&a, &a), []);
        assert_eq!(
            first_difference(&stored.columns[0].1, &found.columns[0].1),
            Some(2)
        );
    }

    #[test]
    fn null_is_not_zero_and_texts_do_not_run_together() {
        let hash = |v: Values| column_hash(&v);
        assert_ne!(
            hash(Values::Numbers(vec![None])),
            hash(Values::Numbers(vec![Some(0.0)]))
        );
        let texts = |v: &[&str]| Values::Texts(v.iter().map(|t| Some(t.to_string())).collect());
        assert_ne!(hash(texts(&["ab", "c"])), hash(texts(&["a", "bc"])));
    }
}
