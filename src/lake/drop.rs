//! DROP of tables, views and external tables.

use super::ddl::{DdlOutcome, Name};
use super::error::{self, Result};
use super::schema::RelationKind;
use super::{Lake, LakeCore, surgery};
use datafusion::common::{Result as DfResult, TableReference};
use datafusion::prelude::SessionContext;
use quantlake_core::{QlError, SqlState};

impl Lake {
    /// Carries DROP TABLE and DROP VIEW (`what`) out.
    pub(super) async fn drop_relation(
        &self,
        ctx: &SessionContext,
        reference: &TableReference,
        if_exists: bool,
        what: &str,
    ) -> DfResult<DdlOutcome> {
        let done = DdlOutcome::tag(&format!("DROP {what}"));
        let name = self.name(ctx, reference)?;
        let gate = self.core.gate(&name.full());
        let _alone = gate.write().await;
        let _names = self.core.names.lock().await;
        let Some(kind) = self.core.relation_kind(&name.schema, &name.table)? else {
            return match if_exists {
                true => Ok(done),
                false => Err(error::missing_table(&name.table).into()),
            };
        };
        if (what == "VIEW") != (kind == RelationKind::View) {
            let right = if kind == RelationKind::View {
                "VIEW"
            } else {
                "TABLE"
            };
            return Err(QlError::new(
                SqlState::ObjectNotInState,
                format!("\"{}\" is a {}", name.table, kind.name()),
            )
            .with_hint(format!("Use DROP {right}"))
            .into());
        }
        self.core.refuse_if_needed(kind, &name)?;
        match kind {
            RelationKind::Table => self
                .core
                .store
                .exclusively(|tx| surgery::drop_table(tx, &name.schema, &name.table))?,
            _ => self.core.ledger.remove_object(&name.schema, &name.table)?,
        };
        Ok(done)
    }
}

impl LakeCore {
    fn refuse_if_needed(&self, kind: RelationKind, name: &Name) -> Result<()> {
        let views = self.views_over(&name.full())?;
        if views.is_empty() {
            return Ok(());
        }
        Err(QlError::new(
            SqlState::ObjectNotInState,
            format!(
                "cannot drop {} {}: needed by view {}",
                kind.name(),
                name.full(),
                views.join(", ")
            ),
        )
        .with_hint("Drop the view first"))
    }
}
