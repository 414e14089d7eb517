//! Messages from the client, read without trusting a single length in them.

use super::fault::Fault;
use bytes::{Buf, Bytes};

/// A message cut out of the byte stream, its body not yet looked at.
#[derive(Debug)]
pub struct Frame {
    /// The type byte.
    pub tag: u8,
    /// What follows the length.
    pub body: Bytes,
}

/// Statement or portal, as Describe and Close name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A prepared statement.
    Statement,
    /// A bound portal.
    Portal,
}

/// Bind's contents.
#[derive(Debug, PartialEq, Eq)]
pub struct Bind {
    /// The portal to make.
    pub portal: String,
    /// The statement it runs.
    pub statement: String,
    /// Formats of the values: none, one for all, or one each.
    pub formats: Vec<i16>,
    /// The values; `None` is NULL.
    pub values: Vec<Option<Bytes>>,
    /// Formats wanted for the result's columns: none, one for all, or one each.
    pub result_formats: Vec<i16>,
}

/// A message after login.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// Statements to run now.
    Query(String),
    /// A statement to prepare.
    Parse {
        /// Its name; empty for the unnamed one.
        name: String,
        /// Its text.
        sql: String,
        /// Parameter types that the client fixes; 0 where the server shall infer.
        types: Vec<u32>,
    },
    /// Parameter values for a prepared statement.
    Bind(Bind),
    /// A question for parameter and column types.
    Describe(Target, String),
    /// Rows wanted from a portal; 0 for all.
    Execute {
        /// The portal.
        portal: String,
        /// At most so many rows.
        max_rows: usize,
    },
    /// Something to forget.
    Close(Target, String),
    /// Replies wanted now.
    Flush,
    /// The end of a unit of extended messages.
    Sync,
    /// Goodbye.
    Terminate,
    /// A function call by OID, long obsolete.
    FunctionCall,
    /// Leftovers of a COPY that has failed; PostgreSQL ignores them too.
    CopyLeftover,
}

impl Message {
    /// Reads a frame's body.
    ///
    /// # Errors
    /// 08P01 for a body that is too short or too long (fatal for an unknown type, after which the
    /// framing cannot be trusted), 22021 for text that is not UTF-8.
    pub fn read(frame: Frame) -> Result<Self, Fault> {
        let mut body = Body(frame.body);
        let message = match frame.tag {
            b'Q' => Self::Query(body.text()?),
            b'P' => body.parse()?,
            b'B' => Self::Bind(body.bind()?),
            b'D' => Self::Describe(body.target()?, body.text()?),
            b'E' => Self::Execute {
                portal: body.text()?,
                // A negative limit means no limit, as in PostgreSQL.
                max_rows: usize::try_from(body.i32()?).unwrap_or(0),
            },
            b'C' => Self::Close(body.target()?, body.text()?),
            b'H' => Self::Flush,
            b'S' => Self::Sync,
            b'X' => Self::Terminate,
            b'F' => return Ok(Self::FunctionCall),
            b'd' | b'c' | b'f' => return Ok(Self::CopyLeftover),
            tag => {
                let message = format!("invalid frontend message type {tag}");
                return Err(Fault::fatal("08P01", message));
            }
        };
        body.end()?;
        Ok(message)
    }

    /// Whether an error makes the server skip messages up to the next Sync.
    pub fn tag_is_extended(tag: u8) -> bool {
        matches!(tag, b'P' | b'B' | b'D' | b'E' | b'C' | b'H')
    }
}

/// The password message that carries a SASL mechanism and its first data.
///
/// # Errors
/// 08P01 when it is malformed.
pub fn sasl_initial(body: Bytes) -> Result<(String, Bytes), Fault> {
    let mut body = Body(body);
    let mechanism = body.text()?;
    let data = body.value()?.unwrap_or_default();
    body.end()?;
    Ok((mechanism, data))
}

/// The key and value pairs of a startup message, after its version.
///
/// # Errors
/// 08P01 when the terminator is missing.
pub fn startup_parameters(body: Bytes) -> Result<Vec<(String, String)>, Fault> {
    let mut body = Body(body);
    let mut parameters = Vec::new();
    loop {
        let key = body.text()?;
        if key.is_empty() {
            body.end()?;
            return Ok(parameters);
        }
        parameters.push((key, body.text()?));
    }
}

/// A message's body, read from the front.
struct Body(Bytes);

impl Body {
    fn need(&self, n: usize) -> Result<(), Fault> {
        if self.0.len() < n {
            return Err(Fault::protocol("insufficient data left in message"));
        }
        Ok(())
    }

    fn end(&self) -> Result<(), Fault> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Fault::protocol("invalid message format"))
    }

    fn u8(&mut self) -> Result<u8, Fault> {
        self.need(1)?;
        Ok(self.0.get_u8())
    }

    fn i16(&mut self) -> Result<i16, Fault> {
        self.need(2)?;
        Ok(self.0.get_i16())
    }

    fn i32(&mut self) -> Result<i32, Fault> {
        self.need(4)?;
        Ok(self.0.get_i32())
    }

    fn text(&mut self) -> Result<String, Fault> {
        let end = self
            .0
            .iter()
            .position(|&b| b == 0)
            .ok_or_else(|| Fault::protocol("invalid string in message"))?;
        let bytes = self.0.split_to(end);
        self.0.advance(1);
        String::from_utf8(bytes.into())
            .map_err(|_| Fault::error("22021", "invalid byte sequence for encoding \"UTF8\""))
    }

    /// A length and so many bytes; -1 is NULL.
    fn value(&mut self) -> Result<Option<Bytes>, Fault> {
        let length = self.i32()?;
        let Ok(length) = usize::try_from(length) else {
            return Ok(None);
        };
        self.need(length)?;
        Ok(Some(self.0.split_to(length)))
    }

    fn count(&mut self) -> Result<u16, Fault> {
        Ok(self.i16()?.cast_unsigned())
    }

    fn formats(&mut self) -> Result<Vec<i16>, Fault> {
        (0..self.count()?).map(|_| self.i16()).collect()
    }

    fn target(&mut self) -> Result<Target, Fault> {
        match self.u8()? {
            b'S' => Ok(Target::Statement),
            b'P' => Ok(Target::Portal),
            other => {
                let message = format!("invalid target {other}: must be statement or portal");
                Err(Fault::protocol(message))
            }
        }
    }

    fn parse(&mut self) -> Result<Message, Fault> {
        let name = self.text()?;
        let sql = self.text()?;
        let types = (0..self.count()?)
            .map(|_| self.i32().map(i32::cast_unsigned))
            .collect::<Result<_, _>>()?;
        Ok(Message::Parse { name, sql, types })
    }

    fn bind(&mut self) -> Result<Bind, Fault> {
        Ok(Bind {
            portal: self.text()?,
            statement: self.text()?,
            formats: self.formats()?,
            values: (0..self.count()?)
                .map(|_| self.value())
                .collect::<Result<_, _>>()?,
            result_formats: self.formats()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(tag: u8, body: &[u8]) -> Result<Message, Fault> {
        Message::read(Frame {
            tag,
            body: Bytes::copy_from_slice(body),
        })
    }

    #[test]
    fn bind_reads_values_nulls_and_formats() {
        let body = b"p\0s\0\0\x01\0\x01\0\x02\0\0\0\x02hi\xff\xff\xff\xff\0\x00";
        let Ok(Message::Bind(bind)) = read(b'B', body) else {
            panic!("not a bind")
        };
        assert_eq!(
            bind,
            Bind {
                portal: "p".into(),
                statement: "s".into(),
                formats: vec![1],
                values: vec![Some(Bytes::from_static(b"hi")), None],
                result_formats: vec![],
            }
        );
    }

    #[test]
    fn a_length_beyond_the_message_is_an_error() {
        let body = b"p\0s\0\0\0\0\x01\x7f\xff\xff\xffhi\0\0";
        assert_eq!(read(b'B', body).map_err(|f| f.code), Err("08P01"));
    }

    #[test]
    fn an_unknown_type_is_fatal() {
        let fault = read(b'!', b"").expect_err("unknown");
        assert!(fault.fatal);
        assert_eq!(fault.code, "08P01");
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        assert_eq!(read(b'Q', b"\xff\0").map_err(|f| f.code), Err("22021"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(tag in any::<u8>(), body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = read(tag, &body);
            let _ = sasl_initial(Bytes::copy_from_slice(&body));
            let _ = startup_parameters(Bytes::from(body));
        }
    }
}
