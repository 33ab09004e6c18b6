//! The token that those who write have to show.

use std::path::PathBuf;

use axum::http::{HeaderMap, StatusCode, header};
use clap::Args;
use rhymedb::Error;
use subtle::ConstantTimeEq;

use super::callers::one;
use super::refusal::Refusal;
use crate::failure::Outcome;

/// A token that could be guessed is none.
const SHORTEST: usize = 16;

/// Whether clients may write, and where the token is. It is no option itself: everybody on this machine sees
/// the options of a process.
#[derive(Debug, Args)]
pub(super) struct Allowed {
    /// Let those who have the token write: POST and DELETE /v1/write/...
    #[arg(long, requires = "token")]
    pub(super) allow_writes: bool,
    /// The environment variable that holds the token
    #[arg(long, value_name = "NAME", group = "token", requires = "allow_writes")]
    token_env: Option<String>,
    /// The file that holds the token
    #[arg(long, value_name = "FILE", group = "token", requires = "allow_writes")]
    token_file: Option<PathBuf>,
}

pub(super) struct Token(String);

impl Token {
    /// Reads the token, if clients may write.
    pub(super) fn of(allowed: &Allowed) -> Outcome<Option<Self>> {
        let (text, place) = match (&allowed.token_env, &allowed.token_file) {
            (Some(name), _) => {
                let text = std::env::var(name).map_err(|e| {
                    Error::Invalid(format!(
                        "expected a token in the environment variable {name}: {e}; make one with `export {name}=$(openssl rand -hex 32)`"
                    ))
                })?;
                (text, name.clone())
            }
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file).map_err(|e| Error::Io {
                    action: "read",
                    path: file.clone(),
                    source: std::sync::Arc::new(e),
                })?;
                (text, file.display().to_string())
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(Self::read(&text, &place)?))
    }

    fn read(text: &str, place: &str) -> Outcome<Self> {
        let text = text.trim();
        if text.len() < SHORTEST || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::Invalid(format!(
                "expected a token of {SHORTEST} or more letters, digits and signs without blanks in {place}, found {} bytes; `openssl rand -hex 32` makes one",
                text.len()
            ))
            .into());
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether a request shows the token. How long this takes does not tell how much of it was right.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let shown = one(headers, &header::AUTHORIZATION)?;
        let (scheme, shown) = shown.and_then(|s| s.split_once(' ')).unwrap_or_default();
        let same: bool = shown.trim().as_bytes().ct_eq(self.0.as_bytes()).into();
        if scheme.eq_ignore_ascii_case("bearer") && same {
            return Ok(());
        }
        let found = match (headers.contains_key(header::AUTHORIZATION), scheme) {
            (false, _) => "none",
            (true, scheme) if scheme.eq_ignore_ascii_case("bearer") => "another token",
            _ => "another scheme",
        };
        Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            format!(
                "expected the header `Authorization: Bearer TOKEN` with the token of this server, found {found}"
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_token_is_let_in() {
        let token = Token::read("  0123456789abcdef\n", "TOKEN").unwrap();
        let checked = |shown: &[&str]| {
            let mut headers = HeaderMap::new();
            for one in shown {
                headers.append(header::AUTHORIZATION, HeaderValue::from_str(one).unwrap());
            }
            token.check(&headers).err().map(|r| r.status.as_u16())
        };
        assert_eq!(checked(&["Bearer 0123456789abcdef"]), None);
        assert_eq!(checked(&["bearer  0123456789abcdef "]), None);
        for wrong in [
            &[][..],
            &["Bearer"],
            &["Bearer "],
            &["0123456789abcdef"],
            &["Basic 0123456789abcdef"],
            &["Bearer 0123456789abcdeF"],
            &["Bearer 0123456789abcde"],
            &["Bearer 0123456789abcdef0"],
        ] {
            assert_eq!(checked(wrong), Some(401), "{wrong:?}");
        }
        let two = ["Bearer 0123456789abcdef", "Bearer 0123456789abcdef"];
        assert_eq!(checked(&two), Some(400));
    }

    #[test]
    fn a_token_that_could_be_guessed_is_refused() {
        for text in [
            "",
            "secret",
            "0123456789abcde",
            "0123456789 abcdef",
            "0123456789abcdeé",
        ] {
            assert!(Token::read(text, "TOKEN").is_err(), "{text:?}");
        }
    }
}
