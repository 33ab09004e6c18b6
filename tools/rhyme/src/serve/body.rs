//! The body of a request: JSON of a bounded size that arrives in time.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::refusal::Refusal;
use super::server::Limits;

/// The longest body in bytes: a chart of some ten thousand bars.
pub(super) const MOST: usize = 1 << 20;
/// Of a body that is too long so much is still read: a client that is cut off while it sends sees no answer.
const DISCARDED: usize = 64 << 20;

pub(super) async fn read(limits: Limits, request: Request) -> Result<Bytes, Refusal> {
    check_type(&request)?;
    let announced = announced(&request);
    let mut body = Limited::new(request.into_body(), DISCARDED);
    let read = async {
        let (mut bytes, mut much) = (Vec::new(), announced.is_some_and(|n| n > MOST as u64));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(broken)?;
            if let Some(data) = frame.data_ref() {
                much |= bytes.len() + data.len() > MOST;
                if !much {
                    bytes.extend_from_slice(data);
                }
            }
        }
        if much {
            return Err(too_large());
        }
        Ok(Bytes::from(bytes))
    };
    let read = timeout(limits.idle, read).await;
    read.unwrap_or_else(|_| Err(Refusal::too_slow(limits.idle)))
}

/// The bytes that a request says its body has.
pub(super) fn announced(request: &Request) -> Option<u64> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Forms of other sites can send text here, but no JSON without asking first.
fn check_type(request: &Request<Body>) -> Result<(), Refusal> {
    let typed = request.headers().get(header::CONTENT_TYPE);
    let typed = typed.map(|t| t.to_str().unwrap_or_default());
    let essence = typed.map(|t| t.split(';').next().unwrap_or_default().trim());
    match essence {
        Some(text) if text.eq_ignore_ascii_case("application/json") => Ok(()),
        other => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not-json",
            format!(
                "expected the header `Content-Type: application/json`, found {}; with curl: --json '{{...}}'",
                other.map_or_else(|| "none".to_owned(), |t| format!("{t:?}"))
            ),
        )),
    }
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Refusal {
    let error = error.into();
    if error.is::<LengthLimitError>() {
        return too_large();
    }
    Refusal::bad_request(format!("the body broke off: {error}"))
}

fn too_large() -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        format!("expected a body of at most {MOST} bytes"),
    )
}
