//! What the startup message asks for besides a user: a database and settings.

use crate::engine::CATALOG;
use crate::engine::session::Session;
use crate::server::fault::Fault;

/// Databases that a client may name besides its own user name, which is what psql asks for when
/// it is told nothing. There is one database, and all of them mean it.
const DATABASES: &[&str] = &[CATALOG, "postgres", "template1"];

/// The value of a parameter.
pub fn named<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = parameters.iter().find(|(key, _)| key == name)?;
    Some(value)
}

/// Refuses databases that do not exist.
///
/// # Errors
/// 3D000.
pub fn check_database(parameters: &[(String, String)], user: &str) -> Result<(), Fault> {
    let database = named(parameters, "database").unwrap_or(user);
    if database == user || DATABASES.contains(&database) {
        return Ok(());
    }
    let message = format!("database \"{database}\" does not exist");
    Err(Fault::fatal("3D000", message).with_hint(format!("The database is {CATALOG}")))
}

/// Settings in the startup message: by name, or as `-c name=value` in `options`.
///
/// # Errors
/// 42704, 55000 and 22023 as SET has them, 0A000 for replication.
pub fn apply_settings(session: &Session, parameters: &[(String, String)]) -> Result<(), Fault> {
    for (name, value) in parameters {
        match name.as_str() {
            "user" | "database" => {}
            "replication" if matches!(value.as_str(), "false" | "off" | "no" | "0") => {}
            "replication" => {
                return Err(Fault::fatal("0A000", "replication is not supported"));
            }
            "options" => {
                for (name, value) in command_line_settings(value)? {
                    session.set(&name, &value)?;
                }
            }
            name if name.starts_with("_pq_.") => {}
            // asyncpg writes 'utf-8' with the quotes.
            "client_encoding" => session.set(name, value.trim_matches('\''))?,
            name => session.set(name, value)?,
        }
    }
    Ok(())
}

/// `-c name=value`, `-cname=value` and `--name=value`; a backslash keeps a space in a value.
fn command_line_settings(text: &str) -> Result<Vec<(String, String)>, Fault> {
    let bad = |word: &str| {
        let message = format!("options: must be made of -c name=value, found {word}");
        Fault::fatal("22023", message)
    };
    let mut settings = Vec::new();
    let mut words = split_words(text).into_iter();
    while let Some(word) = words.next() {
        let setting = match word.as_str() {
            "-c" => words.next().ok_or_else(|| bad(&word))?,
            _ => word
                .strip_prefix("-c")
                .or_else(|| word.strip_prefix("--"))
                .ok_or_else(|| bad(&word))?
                .to_string(),
        };
        let (name, value) = setting.split_once('=').ok_or_else(|| bad(&setting))?;
        settings.push((name.replace('-', "_"), value.to_string()));
    }
    Ok(settings)
}

fn split_words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let word = match words.last_mut() {
            Some(word) => word,
            None => return words,
        };
        match c {
            '\\' => word.extend(chars.next()),
            c if c.is_whitespace() => words.push(String::new()),
            c => word.push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_hold_settings_as_libpq_writes_them() {
        let settings = command_line_settings(r"-c statement_timeout=5s --search-path=a,\ b -cx=1");
        let expected = [
            ("statement_timeout", "5s"),
            ("search_path", "a, b"),
            ("x", "1"),
        ];
        let expected = expected
            .map(|(n, v)| (n.to_string(), v.to_string()))
            .to_vec();
        assert_eq!(settings, Ok(expected));
        assert_eq!(
            command_line_settings("-d 5").map_err(|f| f.code),
            Err("22023")
        );
    }

    #[test]
    fn a_strange_database_is_refused_and_the_user_s_own_is_not() {
        let wanting = |db: &str| vec![("database".to_string(), db.to_string())];
        assert_eq!(
            check_database(&wanting("shop"), "ann").map_err(|f| f.code),
            Err("3D000")
        );
        for fine in ["quantlake", "ann", "postgres"] {
            assert_eq!(check_database(&wanting(fine), "ann"), Ok(()));
        }
        assert_eq!(check_database(&[], "ann"), Ok(()));
    }
}
