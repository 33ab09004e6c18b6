//! Writing: one command at a time, by who has the token.

use std::path::Path;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use rhymedb::Error;
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::asking;
use super::body;
use super::counted::Counted;
use super::refusal::Refusal;
use super::server::Server;
use super::token::Token;
use super::upload;
use super::writes::{self, Body, Words, Write};
use crate::args::{Ingest, Plain};
use crate::dispatch;
use crate::failure::{Failure, Outcome};
use crate::format::Format;
use crate::global::Global;
use crate::sink;

/// Files that are received or wait at the same time; more are refused.
const MOST: usize = 8;

/// What writing needs.
pub(super) struct Writing {
    token: Token,
    /// The options of the commands: they print JSON, and never ask.
    global: Global,
    /// Where bodies are kept until they are stored.
    folder: TempDir,
    places: Arc<Semaphore>,
    /// The one that writes.
    turn: Arc<Semaphore>,
}

impl Writing {
    pub(super) fn new(token: Token, global: &Global) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("rhyme-serve-").tempdir();
        let folder = folder.map_err(|e| Error::Io {
            action: "make a folder in",
            path: std::env::temp_dir(),
            source: Arc::new(e),
        })?;
        Ok(Self {
            token,
            global: Global {
                format: Format::Json,
                quiet: false,
                timeout: None,
                ..global.clone()
            },
            folder,
            places: Arc::new(Semaphore::new(MOST)),
            turn: Arc::new(Semaphore::new(1)),
        })
    }
}

/// Does what a request says. Once a command runs it is finished, also if its client has gone.
pub(super) async fn answer(
    server: &Server,
    what: &str,
    request: Request,
) -> Result<Response, Refusal> {
    let writing = server.writing.as_ref().ok_or_else(|| {
        Refusal::read_only(
            "this server changes nothing; `rhyme serve --allow-writes --token-env NAME` lets those write who have the token in the environment variable NAME",
        )
    })?;
    writing.token.check(request.headers())?;
    let write = Write::find(request.method().as_str(), what)?;
    let mut counted = Counted::new(server, write.name);
    let done = run(server, writing, write, request).await;
    counted.outcome = done.as_ref().map_or_else(|r| r.kind, |_| "ok");
    done.map(asking::json)
}

async fn run(
    server: &Server,
    writing: &Writing,
    write: &'static Write,
    request: Request,
) -> Result<String, Refusal> {
    let words = write.words(request.uri().query().unwrap_or_default())?;
    let place = Arc::clone(&writing.places).try_acquire_owned();
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
            let folder = writing.folder.path();
            let file =
                upload::into_file(request, folder, (server.limits.idle, upload::MOST)).await?;
            let words = words.and(file.path().to_string_lossy());
            (words, Some(file))
        }
    };
    let turn = Arc::clone(&writing.turn).acquire_owned().await;
    let command = Command {
        write,
        words,
        file,
        global: writing.global.clone(),
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
