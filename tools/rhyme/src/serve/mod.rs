//! `rhyme serve`: every question over HTTP, for programs on the same machine and for a browser.
//!
//! An adapter over [`rhymedb::ask::Question`]: a body of JSON goes in, and what comes out is what
//! `--format json` prints. One thread reads and writes connections; each question runs on a thread of its
//! own, of which there are as many as processors. Nothing can be changed through it, unless the owner lets
//! those write who have a token: then a request becomes a command that writes, one at a time.

mod asking;
mod body;
mod callers;
mod client;
mod connections;
mod counted;
mod export;
mod gate;
mod listen;
mod listing;
mod metrics;
mod openapi;
mod openapi_writes;
pub(crate) mod options;
mod page;
mod patient;
mod refusal;
mod routes;
mod server;
mod token;
mod upload;
mod writer;
mod writes;
mod writing;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use rhymedb::Error;
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::format::Format;
use crate::global::Global;
use crate::opening::{db_path, open, open_or_create};
use crate::{output, progress};
use callers::Callers;
use gate::Gate;
use metrics::Metrics;
use options::Args;
use server::{Limits, Server};
use token::Token;
use writer::Writer;

const DEADLINE: Duration = Duration::from_secs(10);

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    if global.session.is_some() {
        return Err(Error::Invalid(
            "the shell cannot serve: run `rhyme serve` in a terminal of its own".to_owned(),
        )
        .into());
    }
    listen::check(args.listen, args.allow_remote)?;
    let writer = allowed(global, args)?;
    let db = open(global)?;
    // Refused now rather than in each answer.
    db.now().series()?;
    let listener = listen::bind(args.listen)?;
    let address = listener.local_addr()?;
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = args.threads.map_or(cores, NonZeroUsize::get);
    let server = Arc::new(Server {
        db,
        limits: Limits {
            deadline: global.timeout.unwrap_or(DEADLINE),
            idle: args.idle,
        },
        gate: Gate::new(threads, args.queue, args.per_client.map(NonZeroUsize::get)),
        metrics: Metrics::default(),
        callers: Callers::new(args.allow_remote, &args.host),
        writer,
    });
    // Before the address is told: whoever reads it may stop the server at once.
    let stop = connections::stop_at_signals()?;
    tell(global, address, args)?;
    connections::run(&server, listener, threads, stop).map_err(Failure::from)
}

/// What writing needs, if clients may write. Then a database that is not there is made.
fn allowed(global: &Global, args: &Args) -> Outcome<Option<Writer>> {
    let Some(token) = Token::of(&args.writes)? else {
        return Ok(None);
    };
    if global.read_only {
        return Err(Error::Invalid(
            "expected --allow-writes or --read-only, found both".to_owned(),
        )
        .into());
    }
    if !db_path(global).exists() {
        open_or_create(global)?;
    }
    Writer::new(token, global).map(Some)
}

/// Says where the server is: in one line on standard error, for programs as JSON on standard output.
fn tell(global: &Global, address: SocketAddr, args: &Args) -> Outcome {
    let database = db_path(global).display().to_string();
    let url = format!("http://{address}");
    let writes = args.writes.allow_writes;
    if global.format == Format::Json {
        let told = json!({ "address": url, "database": database, "read_only": !writes });
        output::lines(&told.to_string())?;
    }
    let reached = match (args.allow_remote && !address.ip().is_loopback(), writes) {
        (false, false) => "",
        (false, true) => "; whoever has the token may write",
        (true, false) => "; whoever reaches that address may ask",
        (true, true) => {
            "; whoever reaches that address may ask, and whoever has the token may write, which travels unencrypted"
        }
    };
    let text = format!("serving {database} at {url}{reached}; Ctrl-C ends it");
    progress::notice(global, &text);
    Ok(())
}
