//! Messages written and read by hand, where a driver would hide what matters.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Nothing in these tests takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A message from the server.
#[derive(Debug, Clone)]
pub struct Reply {
    pub tag: char,
    pub body: Bytes,
}

impl Reply {
    /// A field of an error: `C` is the code, `M` the sentence.
    pub fn field(&self, wanted: char) -> String {
        let field = self
            .body
            .split(|b| *b == 0)
            .find(|f| f.first() == Some(&(wanted as u8)));
        String::from_utf8_lossy(field.map_or(&[][..], |f| &f[1..])).into_owned()
    }

    /// The text of a command's tag.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body)
            .trim_end_matches('\0')
            .to_string()
    }
}

/// A connection.
pub struct Raw<S = TcpStream> {
    pub stream: S,
    buffer: BytesMut,
}

impl Raw {
    pub async fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.expect("connects"))
    }

    /// Logged in at a server that trusts, ready for the first query.
    pub async fn trusted(address: SocketAddr) -> Self {
        let mut raw = Self::open(address).await;
        raw.start("ann").await;
        raw.until('Z').await;
        raw
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub fn over(stream: S) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
        }
    }

    /// Sends a startup message.
    pub async fn start(&mut self, user: &str) {
        let mut body = BytesMut::new();
        body.put_i32(196_608);
        body.put_slice(format!("user\0{user}\0\0").as_bytes());
        let mut message = BytesMut::new();
        message.put_i32(body.len() as i32 + 4);
        message.put_slice(&body);
        self.send(&message).await;
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("sends");
    }

    /// Sends a message with a type byte.
    pub async fn message(&mut self, tag: u8, body: &[u8]) {
        self.send(&message(tag, body)).await;
    }

    /// The next reply; `None` when the server closed the connection.
    pub async fn reply(&mut self) -> Option<Reply> {
        loop {
            if self.buffer.len() >= 5 {
                let length = (&self.buffer[1..5]).get_u32() as usize;
                if self.buffer.len() > length {
                    let mut whole = self.buffer.split_to(length + 1);
                    let tag = char::from(whole.get_u8());
                    whole.advance(4);
                    return Some(Reply {
                        tag,
                        body: whole.freeze(),
                    });
                }
            }
            let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.buffer));
            if read.await.expect("the server answers in time").unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Replies up to and including one of this type.
    pub async fn until(&mut self, tag: char) -> Vec<Reply> {
        let mut replies = Vec::new();
        loop {
            let reply = self
                .reply()
                .await
                .unwrap_or_else(|| panic!("no {tag} after {replies:?}"));
            let is_last = reply.tag == tag;
            replies.push(reply);
            if is_last {
                return replies;
            }
        }
    }

    /// The types of the replies up to ReadyForQuery, as one word.
    pub async fn tags(&mut self) -> String {
        self.until('Z')
            .await
            .iter()
            .map(|reply| reply.tag)
            .collect()
    }
}

/// A message with a type byte.
pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![tag];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body);
    message
}

/// Parse of an unnamed statement.
pub fn parse(sql: &str) -> Vec<u8> {
    message(b'P', format!("\0{sql}\0\0\0").as_bytes())
}

/// Bind of the unnamed statement without values to a portal, results as text.
pub fn bind(portal: &str) -> Vec<u8> {
    message(b'B', format!("{portal}\0\0\0\0\0\0\0\0").as_bytes())
}

/// Execute of a portal for at most so many rows.
pub fn execute(portal: &str, max_rows: i32) -> Vec<u8> {
    let mut body = format!("{portal}\0").into_bytes();
    body.extend(max_rows.to_be_bytes());
    message(b'E', &body)
}

/// Sync.
pub fn sync() -> Vec<u8> {
    message(b'S', &[])
}
