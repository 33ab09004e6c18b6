//! Asks one question, as long as somebody waits for the answer.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use rhymedb::ask::Question;
use rhymedb::{Control, Database, Error};
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
    let deadline = server.limits.deadline;
    let mut asked = Asked {
        server,
        name: question.name(),
        came: Instant::now(),
        control: Control::new().time_limit(deadline),
        outcome: "client-gone",
    };
    let answered = run(server, question, &asked.control).await;
    asked.outcome = answered.as_ref().map_or_else(|r| r.kind, |_| "ok");
    answered.map(json)
}

async fn run(server: &Server, question: Question, control: &Control) -> Result<Vec<u8>, Refusal> {
    let turn = server.gate.enter(server.limits.deadline).await;
    let turn = turn.ok_or_else(Refusal::busy)?;
    let (db, control) = (server.db.clone(), control.clone());
    let work = spawn_blocking(move || {
        // Until the work is done, and not only until nobody waits for it.
        let _turn = turn;
        ask(&db, &question, &control)
    });
    let broken = |_| Error::Internal("a question panicked".to_owned());
    Ok(work.await.map_err(broken)??)
}

fn ask(db: &Database, question: &Question, control: &Control) -> rhymedb::Result<Vec<u8>> {
    control.check()?;
    let answer = question.ask(&db.now().controlled(control))?;
    serde_json::to_vec(&answer).map_err(|e| Error::Internal(format!("an answer as JSON: {e}")))
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
