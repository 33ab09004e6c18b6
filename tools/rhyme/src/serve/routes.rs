//! The paths, and what is found there.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rhymedb::ask::{self, Question};
use serde_json::Deserializer;
use tokio::task::spawn_blocking;

use super::client::Client;
use super::refusal::Refusal;
use super::server::Server;
use super::{asking, body, export, listing, openapi, page, writing};

type Shared = State<Arc<Server>>;
/// Who asks: the connection says it.
type Asker = Extension<Client>;
type Answered = Result<Response, Refusal>;

pub(super) fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(described))
        .route("/v1/schemas", get(schemas))
        .route("/v1/ask", post(any_question))
        .route("/v1/{question}", post(question).get(listed))
        .route("/v1/export/{table}", get(exported))
        .route("/v1/write/{what}", post(written).delete(written))
        .fallback(nothing_there)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(Arc::clone(&server), checked))
        .with_state(server)
}

/// What holds for every request: who may ask, and that nobody keeps or guesses at an answer.
async fn checked(State(server): Shared, request: Request, next: Next) -> Response {
    let mut response = match server.callers.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(HeaderName::from_static("x-content-type-options"), nosniff);
    server.metrics.responded(response.status().as_u16());
    response
}

async fn any_question(
    State(server): Shared,
    Extension(client): Asker,
    request: Request,
) -> Answered {
    let body = body::read(server.limits, request).await?;
    let question = serde_json::from_slice(&body).map_err(|e| {
        Refusal::bad_request(format!(
            "expected a question as JSON, like {{\"question\": \"similar\", \"target\": \"BTCUSDT:1h\"}}, found: {e}; GET /openapi.json describes all of them"
        ))
    })?;
    asking::answer(&server, client, question).await
}

async fn question(
    State(server): Shared,
    Extension(client): Asker,
    Path(name): Path<String>,
    request: Request,
) -> Answered {
    known(&name)?;
    let body = body::read(server.limits, request).await?;
    let question = read(&name, &body)?;
    asking::answer(&server, client, question).await
}

async fn listed(
    State(server): Shared,
    Extension(client): Asker,
    Path(name): Path<String>,
    uri: Uri,
) -> Answered {
    known(&name)?;
    if !listing::LISTINGS.contains(&name.as_str()) {
        let message = format!("expected POST with a JSON object for {name}");
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let mut refused = Refusal::new(status, "method", message).into_response();
        let allow = HeaderValue::from_static("POST");
        refused.headers_mut().insert(header::ALLOW, allow);
        return Ok(refused);
    }
    let question = listing::question(&name, uri.query().unwrap_or_default())?;
    asking::answer(&server, client, question).await
}

async fn exported(
    State(server): Shared,
    Extension(client): Asker,
    Path(table): Path<String>,
    uri: Uri,
) -> Answered {
    export::export(&server, client, &table, uri.query().unwrap_or_default()).await
}

async fn written(State(server): Shared, Path(what): Path<String>, request: Request) -> Answered {
    writing::answer(&server, &what, request).await
}

fn known(name: &str) -> Result<(), Refusal> {
    if Question::NAMES.contains(&name) {
        return Ok(());
    }
    Err(Refusal::not_found(format!(
        "no question {name:?}; there are: {}",
        Question::NAMES.join(", ")
    )))
}

fn read(name: &str, body: &Bytes) -> Result<Question, Refusal> {
    let mut from = Deserializer::from_slice(body);
    let read = Question::read(name, &mut from).map(|read| {
        let read = read?;
        from.end()?;
        Ok(read)
    });
    let read: Option<serde_json::Result<Question>> = read;
    read.unwrap_or_else(|| Err(serde::de::Error::custom("no such question")))
        .map_err(|e| {
            Refusal::bad_request(format!(
                "expected the options of {name} as a JSON object, found: {e}; GET /openapi.json describes them"
            ))
        })
}

async fn health(State(server): Shared) -> Answered {
    let db = server.db.clone();
    let read = spawn_blocking(move || db.now().spaces().map(drop));
    match read.await {
        Ok(Ok(())) => Ok(asking::json("{\"status\":\"ok\"}")),
        Ok(Err(error)) => {
            let mut refusal = Refusal::from(error);
            refusal.status = StatusCode::SERVICE_UNAVAILABLE;
            Err(refusal)
        }
        Err(_) => Err(Refusal::busy()),
    }
}

async fn metrics(State(server): Shared) -> Response {
    let (running, waiting) = (server.gate.running(), server.gate.waiting());
    let text = server.metrics.text(running, waiting);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn described() -> Response {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| openapi::document().to_string().into());
    asking::json(Body::from(DOCUMENT.clone()))
}

async fn schemas() -> Answered {
    static SCHEMAS: LazyLock<Result<Bytes, String>> = LazyLock::new(|| {
        let text = serde_json::to_vec(&ask::schemas());
        text.map(Bytes::from).map_err(|e| e.to_string())
    });
    match &*SCHEMAS {
        Ok(text) => Ok(asking::json(Body::from(text.clone()))),
        Err(e) => Err(rhymedb::Error::Internal(e.clone()).into()),
    }
}

async fn nothing_there(uri: Uri) -> Refusal {
    Refusal::not_found(format!(
        "nothing is at {}; GET /openapi.json lists what there is",
        uri.path()
    ))
}

async fn other_method(method: Method, uri: Uri) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        format!("{} takes no {method}", uri.path()),
    )
}
