//! Headlines embedded by the model of a service.

use rhymedb::Error;
use rhymedb::embeddings::HttpEmbeddings;
use rhymedb::encode::TextModel;

use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::open_to_write;
use crate::output::{self, column};
use crate::progress::{self, notice};

/// What is asked of which service.
pub(super) struct ByService<'a> {
    pub(super) space: &'a str,
    pub(super) url: &'a str,
    pub(super) model: Option<&'a str>,
    pub(super) dim: Option<u32>,
    pub(super) requests_per_second: u32,
    /// Whether options of charts were given.
    pub(super) of_charts: bool,
}

pub(super) fn run(global: &Global, args: &ByService<'_>) -> Outcome {
    let Some(name) = args.model else {
        return Err(Error::Invalid(format!(
            "expected the name of the model that {} is to run, found none; add --model NAME, like `--model text-embedding-3-small`",
            args.url
        ))
        .into());
    };
    if args.of_charts {
        return Err(Error::Invalid(
            "expected no --window and no --hop: a service reads headlines, not charts; leave them out"
                .to_owned(),
        )
        .into());
    }
    let model = TextModel {
        name: name.to_owned(),
        dim: args.dim,
    };
    let control = progress::control_of_long_work(global);
    let service = HttpEmbeddings::builder(args.url)
        .requests_per_second(args.requests_per_second)
        .interrupt(control.stop_flag())
        .build()?;
    let db = open_to_write(global)?;
    let report = db.embed_headlines(args.space, &service, &model, &control)?;
    let mut row = output::value(&report)?;
    if let Some(row) = row.as_object_mut() {
        row.insert("space".to_owned(), args.space.into());
        row.insert("model".to_owned(), name.into());
    }
    let columns = [
        column("space", "space"),
        column("model", "model"),
        column("dim", "D"),
        column("embedded", "headlines embedded"),
        column("asked", "texts asked for"),
        column("kept", "vectors known before"),
    ];
    output::record(global.format, &columns, &row)?;
    notice(
        global,
        &format!(
            "to ask in words: RHYME_EMBEDDINGS_URL={} rhyme search \"shares surge\" --space {}",
            args.url, args.space
        ),
    );
    Ok(())
}
