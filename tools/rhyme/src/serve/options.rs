//! The options of `rhyme serve`.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::listen;
use super::token::Allowed;
use crate::global::time_limit;

pub(crate) const HELP: &str = "\
POST /v1/similar takes the options of `rhyme similar` as a JSON object and answers with what --format json
prints; so does every other question. GET /openapi.json describes all of them, GET / is a page for people.
Nothing can be changed, unless --allow-writes lets those who have a token: POST /v1/write/bars takes a file.
Questions end at --timeout [default: 10s]. Ctrl-C ends the server.

Example: rhyme serve --listen 127.0.0.1:7878";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:7878", value_name = "ADDRESS", value_parser = listen::address)]
    pub(super) listen: SocketAddr,
    /// Allow an address that other machines reach: whoever reaches it may ask
    #[arg(long)]
    pub(super) allow_remote: bool,
    /// Names by which clients may call this machine, besides localhost
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(super) host: Vec<String>,
    #[command(flatten)]
    pub(super) writes: Allowed,
    /// Questions that are answered at the same time [default: one a processor]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
    /// Questions that may wait for that; more are refused
    #[arg(long, default_value_t = 256, value_name = "N")]
    pub(super) queue: usize,
    /// Questions that one client, which is one address, may have at the same time [default: half of all; on
    /// this machine, where all have the same address, all]
    #[arg(long, value_name = "N")]
    pub(super) per_client: Option<NonZeroUsize>,
    /// Close a connection that stands still for so long
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = time_limit)]
    pub(super) idle: Duration,
}
