//! The two directions of a connection: frames in, replies out.

use super::fault::{Fault, Stop};
use super::frames::Frame;
use bytes::{Buf, BytesMut};
use pgwire::messages::PgWireBackendMessage;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

/// Bytes read ahead while a statement runs, so that a client's disappearance is noticed without
/// letting it fill our memory.
const READ_AHEAD: usize = 1 << 20;

/// The longest message after login.
pub const MESSAGE_LIMIT: usize = 256 << 20;

/// The longest message before login, as in PostgreSQL.
pub const LOGIN_LIMIT: usize = 10_000;

/// Replies are sent when they reach this size, or when the client waits for them.
pub const SEND_SIZE: usize = 64 << 10;

/// A byte stream in both directions: TCP, with or without TLS.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Both halves of a transport.
pub fn split(transport: Box<dyn Transport>, already_read: BytesMut) -> (Inbound, Outbound) {
    let (reader, writer) = tokio::io::split(transport);
    let inbound = Inbound {
        reader,
        buffer: already_read,
    };
    let outbound = Outbound {
        writer,
        buffer: BytesMut::with_capacity(SEND_SIZE),
    };
    (inbound, outbound)
}

/// What the client sends.
pub struct Inbound {
    reader: ReadHalf<Box<dyn Transport>>,
    buffer: BytesMut,
}

impl Inbound {
    /// The next message; `None` when the client closed the connection between two messages.
    ///
    /// # Errors
    /// 08P01 (fatal) for an impossible length, 54000 (fatal) for one over `limit`; input/output.
    pub async fn frame(&mut self, limit: usize) -> Result<Option<Frame>, Stop> {
        loop {
            if let Some(frame) = self.cut(limit)? {
                return Ok(Some(frame));
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(Stop::Gone(io::ErrorKind::UnexpectedEof.into())),
                };
            }
        }
    }

    /// Waits until the client hangs up, reading ahead what it sends meanwhile. Never returns
    /// while the read-ahead is full. May be dropped at any await without losing bytes.
    pub async fn hung_up(&mut self) {
        while self.buffer.len() < READ_AHEAD {
            match self.reader.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        std::future::pending().await
    }

    fn cut(&mut self, limit: usize) -> Result<Option<Frame>, Fault> {
        let Some((&tag, rest)) = self.buffer.split_first() else {
            return Ok(None);
        };
        let Some(length) = rest.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = i32::from_be_bytes(*length);
        let Some(length) = usize::try_from(length).ok().filter(|&n| n >= 4) else {
            return Err(Fault::fatal("08P01", "invalid message length"));
        };
        if length > limit {
            let message = format!("a message must be at most {limit} bytes long, found {length}");
            return Err(Fault::fatal("54000", message));
        }
        if self.buffer.len() <= length {
            return Ok(None);
        }
        let mut frame = self.buffer.split_to(length + 1);
        frame.advance(5);
        Ok(Some(Frame {
            tag,
            body: frame.freeze(),
        }))
    }
}

/// What the server sends.
pub struct Outbound {
    writer: WriteHalf<Box<dyn Transport>>,
    buffer: BytesMut,
}

impl Outbound {
    /// Queues a reply.
    ///
    /// # Errors
    /// A reply that the protocol cannot carry.
    pub fn push(&mut self, message: PgWireBackendMessage) -> io::Result<()> {
        message.encode(&mut self.buffer).map_err(io::Error::other)
    }

    /// Where encoded rows are appended.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Whether enough is queued to be worth sending.
    pub fn is_full(&self) -> bool {
        self.buffer.len() >= SEND_SIZE
    }

    /// Sends what is queued; waits for as long as the client does not take it.
    ///
    /// # Errors
    /// Input/output.
    pub async fn flush(&mut self) -> io::Result<()> {
        self.writer.write_all(&self.buffer).await?;
        self.buffer.clear();
        self.writer.flush().await
    }

    /// Sends what is queued and closes the connection in order.
    pub async fn close(&mut self) {
        // The peer may be gone already; there is nobody left to tell.
        let _ = self.flush().await;
        let _ = self.writer.shutdown().await;
    }
}
