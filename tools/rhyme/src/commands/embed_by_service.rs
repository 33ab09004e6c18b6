//! Headlines embedded by the model of a service.

use rhymedb::Error;
use rhymedb::embeddings::HttpEmbeddings;
use rhymedb::encode::TextModel;

use super::embed::Embed;
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::open_to_write;
use crate::output::{self, column};
use crate::progress::{self, notice};

pub(super) fn run(global: &Global, args: &Embed) -> Outcome {
    let Some(name) = &args.model else {
        return Err(Error::Invalid(format!(
            "expected the name of the model that {} is to run, found none; add --model NAME, like `--model text-embedding-3-small`",
            args.encoder
        ))
        .into());
    };
    if args.window.is_some() || args.hop != 1 {
        return Err(Error::Invalid(
            "expected no --window and no --hop: a service reads headlines, not charts; leave them out".to_owned(),
        )
        .into());
    }
    let model = TextModel {
        name: name.clone(),
        dim: args.dim,
    };
    let control = progress::control_of_long_work(global);
    let service = HttpEmbeddings::builder(args.encoder.as_str())
        .requests_per_second(args.requests_per_second)
        .interrupt(control.stop_flag())
        .build()?;
    let db = open_to_write(global)?;
    let report = db.embed_headlines(&args.space, &service, &model, &control)?;
    let mut row = output::value(&report)?;
    if let Some(row) = row.as_object_mut() {
        row.insert("space".to_owned(), args.space.as_str().into());
        row.insert("model".to_owned(), name.as_str().into());
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
            args.encoder, args.space
        ),
    );
    Ok(())
}
