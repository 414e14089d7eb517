//! Object ids that are the same after a restart and on every server of the same data.

/// `pg_catalog`, as the fixed tables refer to it.
pub const PG_CATALOG: i32 = 11;

/// `public`, as in every PostgreSQL database.
pub const PUBLIC: i32 = 2200;

/// `information_schema`, as in a fresh PostgreSQL 16.
pub const INFORMATION_SCHEMA: i32 = 13_222;

/// The owner of everything.
pub const OWNER: i32 = 10;

/// PostgreSQL's own objects have smaller ids.
const FIRST: u32 = 16_384;

/// The id of a schema.
pub fn schema(name: &str) -> i32 {
    match name {
        "pg_catalog" => PG_CATALOG,
        "public" => PUBLIC,
        "information_schema" => INFORMATION_SCHEMA,
        name => hashed(&["schema", name]),
    }
}

/// The id of a table or view.
pub fn relation(schema: &str, name: &str) -> i32 {
    match (schema, name) {
        // Fixed rows name these as the class of what they describe.
        ("pg_catalog", "pg_class") => 1259,
        ("pg_catalog", "pg_proc") => 1255,
        ("pg_catalog", "pg_type") => 1247,
        ("pg_catalog", "pg_attribute") => 1249,
        ("pg_catalog", "pg_database") => 1262,
        ("pg_catalog", "pg_namespace") => 2615,
        ("pg_catalog", "pg_authid") => 1260,
        ("pg_catalog", "pg_description") => 2609,
        (schema, name) => hashed(&["relation", schema, name]),
    }
}

/// The id of one of our functions.
pub fn function(name: &str) -> i32 {
    hashed(&["function", name])
}

/// The id of a user.
pub fn role(name: &str) -> i32 {
    hashed(&["role", name])
}

/// FNV-1a over the parts, folded into the ids that users' objects have. Two names of one kind
/// share an id once in a thousand million pairs; clients then see one under the other's name in
/// some listings, and queries are not affected.
fn hashed(parts: &[&str]) -> i32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let range = i32::MAX.cast_unsigned() - FIRST;
    let within = (hash ^ hash >> 32) as u32 % range;
    (FIRST + within).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_never_change() {
        // Clients keep ids; a change of these numbers breaks them.
        assert_eq!(relation("public", "bars"), relation("public", "bars"));
        assert_ne!(relation("public", "bars"), relation("other", "bars"));
        assert_ne!(function("rsi"), relation("public", "rsi"));
        assert!(function("rsi") >= 16_384);
    }
}
