//! `CREATE USER`, `ALTER USER` and `DROP USER`. The ledger keeps SCRAM verifiers, never passwords.

use super::session::{Role, Session};
use crate::dialect::user::{CreateUser, DropUser};
use crate::server::scram::scram_verifier;
use datafusion::error::Result;
use quantlake_core::{QlError, SqlState};

/// Runs `CREATE USER` and `ALTER USER`.
///
/// # Errors
/// 42501 for changing somebody else over the wire, 42710 for a taken name, 42704 when ALTER finds
/// no user, 22023 for an empty password.
pub fn create(session: &Session, statement: &CreateUser) -> Result<String> {
    let own_password = statement.alter && statement.name == session.user();
    if !own_password {
        require_operator(session)?;
    }
    let ledger = session.engine().lake().ledger();
    let exists = ledger.user(&statement.name)?.is_some();
    let tag = if statement.alter {
        "ALTER ROLE"
    } else {
        "CREATE ROLE"
    };
    match (exists, statement.alter) {
        (true, false) if statement.if_not_exists => return Ok(tag.into()),
        (true, false) => return Err(taken(&statement.name).into()),
        (false, true) => return Err(unknown(&statement.name).into()),
        _ => {}
    }
    let verifier = scram_verifier(&statement.password)?;
    ledger.save_user(&statement.name, &verifier.to_string())?;
    ledger.audit(session.user(), tag, &statement.name)?;
    Ok(tag.into())
}

/// Runs `DROP USER`.
///
/// # Errors
/// 42501 over the wire, 42704 when there is no such user.
pub fn drop(session: &Session, statement: &DropUser) -> Result<String> {
    require_operator(session)?;
    let ledger = session.engine().lake().ledger();
    if ledger.delete_user(&statement.name)? {
        ledger.audit(session.user(), "DROP ROLE", &statement.name)?;
    } else if !statement.if_exists {
        return Err(unknown(&statement.name).into());
    }
    Ok("DROP ROLE".into())
}

fn require_operator(session: &Session) -> Result<(), QlError> {
    match session.role() {
        Role::Operator => Ok(()),
        Role::User => Err(QlError::new(
            SqlState::InsufficientPrivilege,
            "only the operator may manage users",
        )
        .with_hint("Run it with `quantlake sql` on the data directory")),
    }
}

fn taken(name: &str) -> QlError {
    QlError::new(
        SqlState::DuplicateObject,
        format!("user \"{name}\" exists already"),
    )
}

fn unknown(name: &str) -> QlError {
    QlError::new(
        SqlState::UndefinedObject,
        format!("user \"{name}\" does not exist"),
    )
}
