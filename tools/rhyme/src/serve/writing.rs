//! Writing: one command at a time, by who has the token.

use std::path::Path;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use rhymedb::Error;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use super::asking;
use super::body;
use super::counted::Counted;
use super::refusal::Refusal;
use super::server::Server;
use super::upload;
use super::writer::{MOST, Writer};
use super::writes::{self, Body, Words, Write};
use crate::args::{Ingest, Plain};
use crate::dispatch;
use crate::failure::Failure;
use crate::global::Global;
use crate::sink;

/// Does what a request says. Once a command runs it is finished, also if its client has gone.
pub(super) async fn answer(
    server: &Server,
    what: &str,
    request: Request,
) -> Result<Response, Refusal> {
    let writer = server.writer.as_ref().ok_or_else(|| {
        Refusal::read_only(
            "this server changes nothing; `rhyme serve --allow-writes --token-env NAME` lets those write who have the token in the environment variable NAME",
        )
    })?;
    writer.token.check(request.headers())?;
    let write = Write::find(request.method().as_str(), what)?;
    let mut counted = Counted::new(server, write.name);
    let done = run(server, writer, write, request).await;
    counted.outcome = done.as_ref().map_or_else(|r| r.kind, |_| "ok");
    done.map(asking::json)
}

async fn run(
    server: &Server,
    writer: &Writer,
    write: &'static Write,
    request: Request,
) -> Result<String, Refusal> {
    let words = write.words(request.uri().query().unwrap_or_default())?;
    let place = Arc::clone(&writer.places).try_acquire_owned();
    let place = place.map_err(|_| {
        let message = format!("{MOST} changes wait already; send this one again in a second");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
    })?;
    let (words, file) = match write.body {
        Body::None => (words, None),
        Body::Prototype => {
            let body = body::read(server.limits, request).await?;
            (writes::prototype(words, &body)?, None)
        }
        Body::File => {
            let folder = writer.folder.path();
            let file =
                upload::into_file(request, folder, (server.limits.idle, upload::MOST)).await?;
            let words = words.and(file.path().to_string_lossy());
            (words, Some(file))
        }
    };
    let turn = Arc::clone(&writer.turn).acquire_owned().await;
    let command = Command {
        write,
        words,
        file,
        global: writer.global.clone(),
        _place: place,
        _turn: turn.map_err(|_| Refusal::busy())?,
    };
    let broken = |_| Error::Internal("a command that writes panicked".to_owned());
    spawn_blocking(move || command.run())
        .await
        .map_err(broken)?
}

/// A command whose turn it is.
struct Command {
    write: &'static Write,
    words: Words,
    /// Removed when the command is done.
    file: Option<NamedTempFile>,
    global: Global,
    _place: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
}

impl Command {
    fn run(self) -> Result<String, Refusal> {
        let words = self.words.all();
        let (done, text, said) = sink::heard(|| {
            let (global, mut command) = dispatch::parse(&words, &self.global)?;
            if let Plain::Ingest(Ingest::Bars(args)) = &mut command {
                args.nameless = true;
            }
            dispatch::run(&global, command)
        });
        let path = self.file.as_ref().map(NamedTempFile::path);
        let plain = |text: &str| self.write.as_in_the_url(&without_path(text, path));
        let notes: Vec<String> = said.iter().map(|text| plain(text)).collect();
        match done {
            Ok(()) => report(&text, &notes),
            Err(failure) => Err(refusal(failure, &notes, plain)),
        }
    }
}

/// What the command printed, with what it said beside it.
fn report(text: &[u8], notes: &[String]) -> Result<String, Refusal> {
    let report: serde_json::Result<Value> = serde_json::from_slice(text);
    let mut report =
        report.map_err(|e| Error::Internal(format!("the report of a command as JSON: {e}")))?;
    if let Some(report) = report.as_object_mut() {
        report.insert("notes".to_owned(), json!(notes));
    }
    Ok(report.to_string())
}

fn refusal(failure: Failure, notes: &[String], plain: impl Fn(&str) -> String) -> Refusal {
    let mut refusal = match failure {
        Failure::Library(error) => Refusal::from(error),
        Failure::Usage(text) => {
            // Usage and tips are of the command line.
            let first = text.split("\n\n").next().unwrap_or_default();
            Refusal::bad_request(first.trim_start_matches("error: "))
        }
        // What was refused is in the notes, and they say why.
        Failure::Partly(_) => {
            let told = notes.join("; ");
            let told = told.trim_start_matches("refused: ");
            Refusal::bad_request(format!("nothing was stored: {told}"))
        }
        other => {
            let (_, message) = other.report();
            Refusal::from(Error::Internal(message.unwrap_or_default()))
        }
    };
    refusal.message = plain(&refusal.message);
    refusal
}

/// Where a body was kept meanwhile is nobody's matter.
fn without_path(text: &str, path: Option<&Path>) -> String {
    match path.and_then(Path::to_str) {
        Some(path) => text.replace(path, "the body"),
        None => text.to_owned(),
    }
}
