//! Errors as HTTP tells them: a status for programs, and a kind and a sentence as JSON.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rhymedb::Error;
use serde_json::json;

/// Why a request has no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The kind of error, for programs.
    pub(super) kind: &'static str,
    /// What was expected, what came and what to do.
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            status,
            kind,
            message,
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(super) fn read_only(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "read-only", message)
    }

    pub(super) fn too_slow(patience: Duration) -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "too-slow",
            format!("the body did not arrive within {patience:?}"),
        )
    }

    /// One client asks more at once than it may.
    pub(super) fn too_many(most: usize) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many",
            format!(
                "this client has {most} questions that are not answered yet, as many as one may have; wait for one of them"
            ),
        )
    }

    pub(super) fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many questions wait already; ask again in a second",
        )
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, kind) = kind_of(&error);
        Self::new(status, kind, error.to_string())
    }
}

/// What the caller can mend is 4xx, what the server's owner can is 5xx.
fn kind_of(error: &Error) -> (StatusCode, &'static str) {
    const OWN: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
    match error {
        Error::Invalid(_) | Error::Input { .. } => (StatusCode::BAD_REQUEST, "invalid"),
        Error::Ambiguous { .. } => (StatusCode::BAD_REQUEST, "ambiguous"),
        Error::NotFound { .. } => (StatusCode::NOT_FOUND, "not-found"),
        Error::TimedOut { .. } => (StatusCode::GATEWAY_TIMEOUT, "timed-out"),
        Error::Interrupted => (StatusCode::SERVICE_UNAVAILABLE, "interrupted"),
        Error::Locked { .. } | Error::StillOpen { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, "locked")
        }
        Error::ReadOnly { .. } => (StatusCode::FORBIDDEN, "read-only"),
        Error::Corrupt { .. } | Error::Version { .. } | Error::NotADatabase { .. } => {
            (OWN, "damaged")
        }
        Error::Io { .. } | Error::Catalog(_) => (OWN, "storage"),
        Error::Encoder { .. } => (OWN, "encoder"),
        _ => (OWN, "internal"),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "kind": self.kind, "message": self.message } });
        let json = HeaderValue::from_static("application/json");
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, json);
        if self.status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer realm=\"rhyme serve\"");
            headers.insert(header::WWW_AUTHENTICATE, bearer);
        }
        let later = [
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        if later.contains(&self.status) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
