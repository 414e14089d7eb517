//! Rows from a running query to the client, batch by batch.

use super::connection::Connection;
use super::encode::{RowEncoder, Rows};
use super::fault::{Fault, Stop};
use super::transport::{Inbound, Outbound, SEND_SIZE};
use crate::engine::session::Session;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt;
use pgwire::messages::PgWireBackendMessage as Reply;
use postgres_types::Type;
use std::ops::Range;

/// A query whose rows are being fetched, perhaps in several portions.
pub struct RowSource {
    stream: SendableRecordBatchStream,
    encoder: RowEncoder,
    /// The batch that the last portion stopped in, and its first row that is not sent yet.
    rest: Option<(Rows, usize)>,
}

/// What a portion ended with.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Rows in this portion.
    pub n_rows: usize,
    /// Whether the query has ended.
    pub is_last: bool,
}

impl RowSource {
    /// The rows of a stream in the wanted formats (none: text, one for all, or one a column).
    ///
    /// # Errors
    /// 08P01 when the number of formats fits no column count.
    pub fn new(
        stream: SendableRecordBatchStream,
        formats: &[i16],
        session: &Session,
    ) -> Result<Self, Fault> {
        let zone = session.setting("timezone").unwrap_or_default();
        Ok(Self {
            encoder: RowEncoder::new(&stream.schema(), formats, &zone)?,
            stream,
            rest: None,
        })
    }

    /// The columns as RowDescription tells them.
    pub fn description(&self) -> Reply {
        self.encoder.description()
    }

    /// The columns' types.
    pub fn types(&self) -> impl Iterator<Item = &Type> {
        self.encoder.types()
    }

    /// Sends at most `max_rows` rows, 0 meaning all, as fast as the client takes them.
    ///
    /// # Errors
    /// Those of the query, 57014 among them.
    pub async fn send(
        &mut self,
        inbound: &mut Inbound,
        outbound: &mut Outbound,
        max_rows: usize,
    ) -> Result<Sent, Stop> {
        let mut n_rows = 0;
        loop {
            let wanted = match max_rows {
                0 => usize::MAX,
                limit => limit - n_rows,
            };
            if wanted == 0 {
                let is_last = false;
                return Ok(Sent { n_rows, is_last });
            }
            let Some((rows, first)) = self.next_rows(inbound).await? else {
                let is_last = true;
                return Ok(Sent { n_rows, is_last });
            };
            let end = rows.len().min(first.saturating_add(wanted));
            send_rows(&rows, first..end, inbound, outbound).await?;
            n_rows += end - first;
            if end < rows.len() {
                self.rest = Some((rows, end));
            }
        }
    }

    async fn next_rows(&mut self, inbound: &mut Inbound) -> Result<Option<(Rows, usize)>, Stop> {
        if let Some(rest) = self.rest.take() {
            return Ok(Some(rest));
        }
        match Connection::while_connected(inbound, self.stream.next()).await? {
            Some(batch) => Ok(Some((self.encoder.rows(&batch?)?, 0))),
            None => Ok(None),
        }
    }
}

async fn send_rows(
    rows: &Rows,
    range: Range<usize>,
    inbound: &mut Inbound,
    outbound: &mut Outbound,
) -> Result<(), Stop> {
    let mut next = range.start;
    while next < range.end {
        next = rows.write(next..range.end, SEND_SIZE, outbound.buffer())?;
        if outbound.is_full() {
            // A client that only sends would wait for us as we wait for it.
            Connection::while_connected(inbound, outbound.flush()).await??;
        }
    }
    Ok(())
}
