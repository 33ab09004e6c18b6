//! Asks one question, as long as somebody waits for the answer.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use rhymedb::ask::Question;
use rhymedb::{Control, Error, View};
use tokio::task::spawn_blocking;

use super::client::Client;
use super::counted::Counted;
use super::refusal::Refusal;
use super::server::Server;

/// Stops a question for which nobody waits any more: it may still run on its thread.
struct Stopping(Control);

impl Drop for Stopping {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The answer as JSON.
pub(super) async fn answer(
    server: &Server,
    client: Client,
    question: Question,
) -> Result<Response, Refusal> {
    let name = question.name();
    let work = move |view: &View| {
        let answer = question.ask(view)?;
        serde_json::to_vec(&answer).map_err(|e| Error::Internal(format!("an answer as JSON: {e}")))
    };
    work_of(server, client, name, work).await.map(json)
}

/// What a piece of work gives, which is counted under a name.
pub(super) async fn work_of(
    server: &Server,
    client: Client,
    name: &'static str,
    work: impl FnOnce(&View) -> rhymedb::Result<Vec<u8>> + Send + 'static,
) -> Result<Vec<u8>, Refusal> {
    let mut counted = Counted::new(server, name);
    let asked = Stopping(Control::new().time_limit(server.limits.deadline));
    let done = run(server, client, &asked.0, work).await;
    counted.outcome = done.as_ref().map_or_else(|r| r.kind, |_| "ok");
    done
}

async fn run(
    server: &Server,
    client: Client,
    control: &Control,
    work: impl FnOnce(&View) -> rhymedb::Result<Vec<u8>> + Send + 'static,
) -> Result<Vec<u8>, Refusal> {
    let turn = server.gate.enter(client, server.limits.deadline).await?;
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
