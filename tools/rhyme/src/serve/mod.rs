//! `rhyme serve`: every question over HTTP, for programs on the same machine and for a browser.
//!
//! An adapter over [`rhymedb::ask::Question`]: a body of JSON goes in, and what comes out is what
//! `--format json` prints. One thread reads and writes connections; each question runs on a thread of its
//! own, of which there are as many as processors. Nothing can be changed through it.

mod asking;
mod body;
mod callers;
mod connections;
mod export;
mod gate;
mod listen;
mod listing;
mod metrics;
mod openapi;
mod page;
mod patient;
mod refusal;
mod routes;
mod server;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;
use rhymedb::Error;
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::format::Format;
use crate::global::{Global, time_limit};
use crate::opening::{db_path, open};
use crate::{output, progress};
use callers::Callers;
use gate::Gate;
use metrics::Metrics;
use server::{Limits, Server};

pub(crate) const HELP: &str = "\
POST /v1/similar takes the options of `rhyme similar` as a JSON object and answers with what --format json
prints; so does every other question. GET /openapi.json describes all of them, GET / is a page for people.
Nothing can be changed. Questions end at --timeout [default: 10s]. Ctrl-C ends the server.

Example: rhyme serve --listen 127.0.0.1:7878";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:7878", value_name = "ADDRESS", value_parser = listen::address)]
    listen: SocketAddr,
    /// Allow an address that other machines reach: whoever reaches it may ask
    #[arg(long)]
    allow_remote: bool,
    /// Names by which clients may call this machine, besides localhost
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    host: Vec<String>,
    /// Questions that are answered at the same time [default: one a processor]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Questions that may wait for that; more are refused
    #[arg(long, default_value_t = 256, value_name = "N")]
    queue: usize,
    /// Close a connection that stands still for so long
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = time_limit)]
    idle: Duration,
}

const DEADLINE: Duration = Duration::from_secs(10);

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    if global.session.is_some() {
        return Err(Error::Invalid(
            "the shell cannot serve: run `rhyme serve` in a terminal of its own".to_owned(),
        )
        .into());
    }
    listen::check(args.listen, args.allow_remote)?;
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
        gate: Gate::new(threads, args.queue),
        metrics: Metrics::default(),
        callers: Callers::new(args.allow_remote, &args.host),
    });
    // Before the address is told: whoever reads it may stop the server at once.
    let stop = connections::stop_at_signals()?;
    tell(global, address, args.allow_remote)?;
    connections::run(&server, listener, threads, stop).map_err(Failure::from)
}

/// Says where the server is: in one line on standard error, for programs as JSON on standard output.
fn tell(global: &Global, address: SocketAddr, remote: bool) -> Outcome {
    let database = db_path(global).display().to_string();
    let url = format!("http://{address}");
    if global.format == Format::Json {
        let told = json!({ "address": url, "database": database, "read_only": true });
        output::lines(&told.to_string())?;
    }
    let reached = if remote && !address.ip().is_loopback() {
        "; whoever reaches that address may ask"
    } else {
        ""
    };
    let text = format!("serving {database} at {url}{reached}; Ctrl-C ends it");
    progress::notice(global, &text);
    Ok(())
}
