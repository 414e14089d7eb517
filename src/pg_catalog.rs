//! What PostgreSQL clients read to find their way: the schema `pg_catalog` and its functions.
//!
//! The crate `datafusion-pg-catalog` brings PostgreSQL's fixed tables, a parser front for the SQL
//! that clients send, and most functions. On top of it stand here: relations, columns and schemas
//! with object ids that survive a restart ([`relations`]), our functions in `pg_proc`
//! ([`functions`]), users ([`roles`]), settings, and functions that the crate lacks ([`compat`]).

mod arrays;
mod compat;
mod functions;
mod live;
mod oids;
mod relations;
mod rewrite;
mod roles;
mod schema;
mod session;
mod views;

pub use rewrite::rewrite;
pub use session::{bind_session, bind_user};

use crate::engine::CATALOG;
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionContext;
use datafusion_pg_catalog::pg_catalog::context::EmptyContextProvider;
use datafusion_pg_catalog::setup_pg_catalog;
use quantlake_core::{QlError, Registry};
use std::sync::Arc;

/// The schema's name.
pub const SCHEMA: &str = "pg_catalog";

/// Registers the schema and its functions on the context that sessions are copied from.
///
/// # Errors
/// XX000 when the catalog is missing.
pub fn install(template: &SessionContext, registry: &Arc<Registry>) -> Result<()> {
    setup_pg_catalog(template, CATALOG, EmptyContextProvider)
        .map_err(|e: Box<DataFusionError>| *e)?;
    let catalog = template
        .catalog(CATALOG)
        .ok_or_else(|| QlError::internal("the catalog is not registered"))?;
    let ours = schema::PgCatalog::try_new(&catalog, registry)?;
    catalog.register_schema(SCHEMA, Arc::new(ours))?;
    template.register_udf(views::pg_get_viewdef(&catalog));
    compat::register(template, registry)
}
