//! Asks one question, as long as somebody waits for the answer.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use rhymedb::ask::Question;
use rhymedb::{Control, Error, View};
use tokio::task::spawn_blocking;

use super::refusal::Refusal;
use super::server::Server;

/// A question from when it came until it has an answer, or until nobody waits for it any more: then what
/// holds this is dropped.
struct Asked<'a> {
    server: &'a Server,
    name: &'static str,
    came: Instant,
    control: Control,
    outcome: &'static str,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        // It may still run on its thread.
        self.control.stop();
        let took = self.came.elapsed();
        self.server.metrics.answered(self.name, self.outcome, took);
    }
}

/// The answer as JSON.
pub(super) async fn answer(server: &Server, question: Question) -> Result<Response, Refusal> {
    let name = question.name();
    let work = move |view: &View| {
        let answer = question.ask(view)?;
        serde_json::to_vec(&answer).map_err(|e| Error::Internal(format!("an answer as JSON: {e}")))
    };
    work_of(server, name, work).await.map(json)
}

/// What a piece of work gives, which is counted under a name.
pub(super) async fn work_of(
    server: &Server,
    name: &'static str,
    work: impl FnOnce(&View) -> rhymedb::Result<Vec<u8>> + Send + 'static,
) -> Result<Vec<u8>, Refusal> {
    let mut asked = Asked {
        server,
        name,
        came: Instant::now(),
        control: Control::new().time_limit(server.limits.deadline),
        outcome: "client-gone",
    };
    let done = run(server, &asked.control, work).await;
    asked.outcome = done.as_ref().map_or_else(|r| r.kind, |_| "ok");
    done
}

async fn run(
    server: &Server,
    control: &Control,
    work: impl FnOnce(&View) -> rhymedb::Result<Vec<u8>> + Send + 'static,
) -> Result<Vec<u8>, Refusal> {
    let turn = server.gate.enter(server.limits.deadline).await;
    let turn = turn.ok_or_else(Refusal::busy)?;
    let (db, control) = (server.db.clone(), control.clone());
    let working = spawn_blocking(move || {
        // Until the work is done, and not only until nobody waits for it.
        let _turn = turn;
        control.check()?;
        work(&db.now().controlled(&control))
    });
    let broken = |_| Error::Internal("a question panicked".to_owned());
    Ok(working.await.map_err(broken)??)
}

pub(super) fn json(body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::OK;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Keeps what is read last fresh: a reader that holds an old commit keeps a writer from using that room
/// again, and the first question after a commit would wait for it to be read.
pub(super) async fn stay_fresh(server: Arc<Server>) {
    const PAUSE: std::time::Duration = std::time::Duration::from_secs(5);
    loop {
        tokio::time::sleep(PAUSE).await;
        let db = server.db.clone();
        // Why it cannot be read, the next question says.
        let _ = spawn_blocking(move || drop(db.now())).await;
    }
}
