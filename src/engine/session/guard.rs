//! Cancel and time-out around a running statement.

use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use parking_lot::Mutex;
use quantlake_core::{QlError, SqlState};
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What can end a statement early.
#[derive(Clone)]
pub struct Guard {
    token: CancellationToken,
    deadline: Option<Instant>,
}

impl Guard {
    /// Starts a statement: gives it a fresh token, so that a late cancel of the last one is void.
    pub fn start(running: &Mutex<CancellationToken>, timeout: Option<Duration>) -> Self {
        let token = CancellationToken::new();
        *running.lock() = token.clone();
        Self {
            token,
            deadline: timeout.map(|t| Instant::now() + t),
        }
    }

    /// Waits for work, or for its end by cancel or time-out.
    pub async fn watch<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            stopped = self.stopped() => Err(stopped),
            result = work => result,
        }
    }

    /// Rows that end with an error on cancel or time-out. Dropping the inner stream stops the query.
    pub fn watch_rows(self, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let schema = rows.schema();
        let stream = futures::stream::unfold(Some((self, rows)), |state| async {
            let (guard, mut rows) = state?;
            let next = tokio::select! {
                biased;
                stopped = guard.stopped() => Some(Err(stopped)),
                batch = rows.next() => batch,
            };
            match next {
                None => None,
                Some(Ok(batch)) => Some((Ok(batch), Some((guard, rows)))),
                Some(Err(error)) => Some((Err(error), None)),
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, stream))
    }

    async fn stopped(&self) -> DataFusionError {
        let timed_out = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let reason = tokio::select! {
            () = self.token.cancelled() => "canceling statement due to user request",
            () = timed_out => "canceling statement due to statement timeout",
        };
        QlError::new(SqlState::QueryCanceled, reason).into()
    }
}
