//! `pg_roles` and `pg_authid`: the users of the ledger, and the owner of everything.

use super::oids;
use super::relations::Rows;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::CatalogProvider;
use datafusion::error::Result;
use datafusion::prelude::SessionContext;
use std::sync::Arc;

/// The role that owns tables, views and functions.
pub const OWNER_NAME: &str = "quantlake";

/// The rows of `pg_roles`, or of `pg_authid`, which has the same columns that matter.
///
/// # Errors
/// Those of the ledger.
pub async fn roles(catalog: Arc<dyn CatalogProvider>, schema: SchemaRef) -> Result<RecordBatch> {
    let users = user_names(catalog.as_ref()).await?;
    let names: Vec<&str> = std::iter::once(OWNER_NAME)
        .chain(users.iter().map(String::as_str))
        .collect();
    let oid = |name: &&str| match *name {
        OWNER_NAME => oids::OWNER.into(),
        name => oids::role(name).into(),
    };
    let can_login = |name: &&str| users.iter().any(|user| user == name).into();
    Rows::new(&schema, names.len())
        .with("oid", names.iter().map(oid))?
        .with("rolname", names.iter().map(|n| (*n).into()))?
        .with("rolcanlogin", names.iter().map(can_login))?
        .all("rolsuper", true)?
        .all("rolinherit", true)?
        .all("rolcreaterole", true)?
        .all("rolcreatedb", false)?
        .all("rolreplication", false)?
        .all("rolbypassrls", true)?
        .all("rolconnlimit", -1)?
        .finish()
}

/// The users, from the system table that lists them.
async fn user_names(catalog: &dyn CatalogProvider) -> Result<Vec<String>> {
    let Some(schema) = catalog.schema(crate::engine::system_tables::SCHEMA) else {
        return Ok(Vec::new());
    };
    let Some(users) = schema.table("users").await? else {
        return Ok(Vec::new());
    };
    let columns = users.schema();
    let batches = SessionContext::new().read_table(users)?.collect().await?;
    let batch = concat_batches(&columns, &batches)?;
    let Some(names) = batch
        .column_by_name("name")
        .and_then(|c| c.as_string_opt::<i32>())
    else {
        return Ok(Vec::new());
    };
    let mut names: Vec<String> = names.iter().flatten().map(String::from).collect();
    names.retain(|name| name != OWNER_NAME);
    names.sort();
    Ok(names)
}
