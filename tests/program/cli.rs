//! The program `rhyme`, run as users run it: what it prints, what it says when something is wrong,
//! and how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "cli/analysis.rs"]
mod analysis;
#[path = "cli/ask.rs"]
mod ask;
#[path = "cli/attributes.rs"]
mod attributes;
#[path = "cli/decide.rs"]
mod decide;
#[path = "cli/default_spaces.rs"]
mod default_spaces;
#[path = "cli/demo.rs"]
mod demo;
#[path = "cli/embed.rs"]
mod embed;
#[path = "cli/embed_by_service.rs"]
mod embed_by_service;
#[path = "../embeddings/server.rs"]
mod embedding_server;
#[path = "cli/eval.rs"]
mod eval;
#[path = "cli/folders.rs"]
mod folders;
#[path = "cli/foreign.rs"]
mod foreign;
#[path = "cli/guard.rs"]
mod guard;
#[path = "cli/hostile.rs"]
mod hostile;
#[cfg(feature = "serve")]
#[path = "cli/http.rs"]
mod http;
#[path = "cli/imports.rs"]
mod imports;
#[path = "cli/ingest.rs"]
mod ingest;
#[path = "cli/labels.rs"]
mod labels;
#[path = "cli/listings.rs"]
mod listings;
#[path = "cli/market.rs"]
mod market;
#[path = "cli/mcp.rs"]
mod mcp;
#[path = "cli/merge.rs"]
mod merge;
#[path = "cli/onnx.rs"]
mod onnx;
#[path = "cli/open_bar.rs"]
mod open_bar;
#[path = "cli/outcomes.rs"]
mod outcomes;
#[path = "cli/own_model.rs"]
mod own_model;
#[path = "cli/own_spaces.rs"]
mod own_spaces;
#[path = "cli/plot.rs"]
mod plot;
#[cfg(unix)]
#[path = "cli/processes.rs"]
mod processes;
#[path = "cli/read_before.rs"]
mod read_before;
#[path = "cli/reports.rs"]
mod reports;
#[path = "cli/resample.rs"]
mod resample;
#[path = "cli/save.rs"]
mod save;
#[cfg(feature = "serve")]
#[path = "cli/serve.rs"]
mod serve;
#[cfg(feature = "serve")]
#[path = "cli/serve_limits.rs"]
mod serve_limits;
#[cfg(feature = "serve")]
#[path = "cli/serve_writes.rs"]
mod serve_writes;
#[path = "cli/similar.rs"]
mod similar;
#[path = "cli/splits.rs"]
mod splits;
#[path = "cli/spread.rs"]
mod spread;
#[path = "cli/tags.rs"]
mod tags;
#[path = "cli/times.rs"]
mod times;
#[path = "cli/today.rs"]
mod today;
#[path = "cli/told.rs"]
mod told;
#[path = "cli/towers.rs"]
mod towers;
#[path = "cli/trained.rs"]
mod trained;
#[path = "cli/typed.rs"]
mod typed;
#[path = "cli/usage.rs"]
mod usage;
#[path = "cli/words.rs"]
mod words;
#[path = "cli/world.rs"]
mod world;
