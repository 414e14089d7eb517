//! SCRAM-SHA-256 (RFC 5802, RFC 7677) as PostgreSQL speaks it, from stored verifiers.
//!
//! The ledger holds a [`Verifier`]: with it the server can check a login, and nobody can log in
//! from it. Channel binding is not offered. Checking costs the same for users that do not exist,
//! whose salt is made up from a secret and the name, so that a stranger cannot list the users.

use super::base64;
use super::fault::Fault;
use bytes::Bytes;
use pgwire::api::auth::sasl::scram::gen_salted_password;
use quantlake_core::{QlError, SqlState};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The mechanism's name on the wire.
pub const MECHANISM: &str = "SCRAM-SHA-256";

/// PostgreSQL's iteration count. One value for all users: made-up users must not stand out.
const ITERATIONS: u32 = 4096;

type Key = [u8; 32];

/// What is stored instead of a password.
///
/// Written and read as `SCRAM-SHA-256$iterations:salt$stored key:server key`, PostgreSQL's own
/// format, so that verifiers can be taken over from there.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: Key,
    server_key: Key,
}

/// The verifier of a password, with a fresh salt.
///
/// # Errors
/// 22023 for an empty password, which no client could send.
pub fn scram_verifier(password: &str) -> Result<Verifier, QlError> {
    if password.is_empty() {
        let message = "password: must not be empty";
        return Err(QlError::new(SqlState::InvalidParameter, message));
    }
    let salt = Uuid::new_v4().into_bytes().to_vec();
    Ok(Verifier::derive(password, salt, ITERATIONS))
}

impl Verifier {
    fn derive(password: &str, salt: Vec<u8>, iterations: u32) -> Self {
        let salted = gen_salted_password(password, &salt, iterations as usize);
        Self {
            iterations,
            stored_key: Sha256::digest(hmac(&salted, b"Client Key")).into(),
            server_key: hmac(&salted, b"Server Key"),
            salt,
        }
    }

    /// A verifier that no password fits, the same for the same name and secret.
    pub fn made_up(name: &str, secret: &[u8]) -> Self {
        let salt: Key = hmac(secret, name.as_bytes());
        Self {
            iterations: ITERATIONS,
            salt: salt[..16].to_vec(),
            // The pre-image of a hash made here is unknown, so that no proof can match.
            stored_key: hmac(secret, &salt),
            server_key: hmac(secret, b"server"),
        }
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{MECHANISM}${}:{}${}:{}",
            self.iterations,
            base64::encode(&self.salt),
            base64::encode(&self.stored_key),
            base64::encode(&self.server_key)
        )
    }
}

// Verifiers in logs would invite guessing offline.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

impl FromStr for Verifier {
    type Err = QlError;

    fn from_str(text: &str) -> Result<Self, QlError> {
        parse_verifier(text).ok_or_else(|| {
            let message = "password verifier: must look like SCRAM-SHA-256$4096:salt$key:key";
            QlError::new(SqlState::InvalidParameter, message)
        })
    }
}

fn parse_verifier(text: &str) -> Option<Verifier> {
    let (head, keys) = text
        .strip_prefix(MECHANISM)?
        .strip_prefix('$')?
        .split_once('$')?;
    let (iterations, salt) = head.split_once(':')?;
    let (stored_key, server_key) = keys.split_once(':')?;
    Some(Verifier {
        iterations: iterations.parse().ok().filter(|&n| n > 0)?,
        salt: base64::decode(salt)?,
        stored_key: base64::decode(stored_key)?.try_into().ok()?,
        server_key: base64::decode(server_key)?.try_into().ok()?,
    })
}

/// A login between the server's first message and the client's last.
pub struct Exchange {
    verifier: Verifier,
    /// base64 of the header that the client's last message has to repeat.
    channel: String,
    nonce: String,
    client_first: String,
    server_first: String,
}

impl Exchange {
    /// Answers the client's first message.
    ///
    /// # Errors
    /// 08P01 for a malformed message, 0A000 for channel binding, which was not offered.
    pub fn begin(verifier: Verifier, client_first: &Bytes) -> Result<Self, Fault> {
        let nonce = base64::encode(Uuid::new_v4().as_bytes());
        Self::begin_with(verifier, client_first, &nonce)
    }

    fn begin_with(verifier: Verifier, client_first: &[u8], own: &str) -> Result<Self, Fault> {
        let text = utf8(client_first)?;
        let (header, bare) = split_header(text)?;
        let client_nonce = bare
            .split(',')
            .find_map(|part| part.strip_prefix("r="))
            .filter(|nonce| !nonce.is_empty())
            .ok_or_else(|| malformed("the nonce is missing"))?;
        let nonce = format!("{client_nonce}{own}");
        let salt = base64::encode(&verifier.salt);
        Ok(Self {
            server_first: format!("r={nonce},s={salt},i={}", verifier.iterations),
            channel: base64::encode(header.as_bytes()),
            client_first: bare.to_string(),
            nonce,
            verifier,
        })
    }

    /// The server's first message.
    pub fn challenge(&self) -> Bytes {
        Bytes::from(self.server_first.clone())
    }

    /// Checks the client's last message: the server's last one, or `None` for a wrong password.
    ///
    /// # Errors
    /// 08P01 for a malformed message, another nonce or another channel.
    pub fn finish(&self, client_final: &[u8]) -> Result<Option<Bytes>, Fault> {
        let (without_proof, proof) = utf8(client_final)?
            .rsplit_once(",p=")
            .ok_or_else(|| malformed("the proof is missing"))?;
        let mut parts = without_proof.split(',');
        if parts.next().and_then(|p| p.strip_prefix("c=")) != Some(&self.channel) {
            return Err(malformed("the channel binding does not match"));
        }
        if parts.next().and_then(|p| p.strip_prefix("r=")) != Some(&self.nonce) {
            return Err(malformed("the nonce does not match"));
        }
        let proof: Key = base64::decode(proof)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| malformed("the proof has the wrong length"))?;
        let message = format!(
            "{},{},{without_proof}",
            self.client_first, self.server_first
        );
        Ok(self.accepts(&proof, &message).then(|| {
            let signature = hmac(&self.verifier.server_key, message.as_bytes());
            Bytes::from(format!("v={}", base64::encode(&signature)))
        }))
    }

    fn accepts(&self, proof: &Key, message: &str) -> bool {
        let signature = hmac(&self.verifier.stored_key, message.as_bytes());
        let mut client_key = *proof;
        client_key
            .iter_mut()
            .zip(signature)
            .for_each(|(a, b)| *a ^= b);
        let stored: Key = Sha256::digest(client_key).into();
        same(&stored, &self.verifier.stored_key)
    }
}

/// The GS2 header (`n,,` or `y,,`) and what follows it.
fn split_header(text: &str) -> Result<(&str, &str), Fault> {
    if text.starts_with('p') {
        let message = "SCRAM channel binding is not offered by this server";
        return Err(Fault::fatal("0A000", message));
    }
    let bare_at = ["n,,", "y,,"]
        .iter()
        .find(|header| text.starts_with(**header))
        .map(|header| header.len())
        .ok_or_else(|| malformed("the header must be n,, or y,,"))?;
    Ok(text.split_at(bare_at))
}

fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))
}

fn malformed(what: &str) -> Fault {
    Fault::fatal("08P01", format!("malformed SCRAM message: {what}"))
}

/// Compares without stopping at the first difference, whose place would leak through time.
fn same(a: &Key, b: &Key) -> bool {
    a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Key {
    const BLOCK: usize = 64;
    let mut padded = [0u8; BLOCK];
    if key.len() > BLOCK {
        padded[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new()
        .chain_update(padded.map(|b| b ^ 0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(padded.map(|b| b ^ 0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange printed in RFC 7677, section 3.
    fn rfc_7677() -> Exchange {
        let salt = base64::decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("salt");
        let verifier = Verifier::derive("pencil", salt, 4096);
        let own = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        Exchange::begin_with(verifier, b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", own).expect("begins")
    }

    const FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    #[test]
    fn the_exchange_of_rfc_7677_succeeds() {
        let exchange = rfc_7677();
        assert_eq!(
            exchange.challenge(),
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let reply = exchange.finish(FINAL.as_bytes()).expect("well formed");
        let expected = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert_eq!(reply.as_deref(), Some(expected.as_bytes()));
    }

    #[test]
    fn a_changed_proof_fails() {
        let wrong = FINAL.replace("p=d", "p=e");
        assert_eq!(rfc_7677().finish(wrong.as_bytes()), Ok(None));
    }

    #[test]
    fn another_nonce_or_channel_is_refused() {
        for wrong in [
            FINAL.replace("r=rO", "r=RO"),
            FINAL.replace("c=biws", "c=eSws"),
        ] {
            let fault = rfc_7677().finish(wrong.as_bytes()).expect_err("refused");
            assert_eq!(fault.code, "08P01", "{wrong}");
        }
    }

    #[test]
    fn channel_binding_cannot_be_smuggled_in() {
        let verifier = scram_verifier("x").expect("verifier");
        let first = Bytes::from_static(b"p=tls-unique,,n=,r=abc");
        let code = Exchange::begin(verifier, &first).err().map(|f| f.code);
        assert_eq!(code, Some("0A000"));
    }

    #[test]
    fn a_verifier_survives_its_text() {
        let verifier = scram_verifier("correct horse").expect("verifier");
        let text = verifier.to_string();
        assert_eq!(text.parse(), Ok(verifier));
        assert!(!text.contains("horse"));
        for broken in ["", "md5abc", "SCRAM-SHA-256$0:YQ==$YQ==:YQ==", &text[..60]] {
            assert!(broken.parse::<Verifier>().is_err(), "{broken}");
        }
    }

    #[test]
    fn a_made_up_user_keeps_its_salt() {
        let one = Verifier::made_up("ghost", b"secret");
        assert_eq!(one, Verifier::made_up("ghost", b"secret"));
        assert_ne!(one.salt, Verifier::made_up("ghoul", b"secret").salt);
        assert_ne!(one.salt, Verifier::made_up("ghost", b"other").salt);
    }

    #[test]
    fn an_empty_password_is_refused() {
        assert_eq!(
            scram_verifier("").map_err(|e| e.state.code()).err(),
            Some("22023")
        );
    }
}
