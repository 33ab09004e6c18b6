//! Vectors of headlines by an encoder of texts that takes milliseconds for each: a text is encoded once, and work can be
//! stopped between any few texts.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use crate::db::control::Control;
use crate::db::stored_headline::StoredHeadline;
use crate::encode::TextEncoder;
use crate::error::{Error, Result, excerpt};
use crate::index::RowsBuilder;
use crate::model::{Headline, Passage};
use crate::store::{CatalogUse, HeadlineRowReads, SpaceId, text_hash};

/// Headlines that are embedded in one transaction.
pub(super) const BATCH: usize = 256;
/// Texts that one thread encodes between two looks at whether to stop.
const CHUNK: usize = 4;
/// The most texts that are remembered: 64 MiB or so.
const MOST_KNOWN: usize = 1 << 20;

/// Texts that were encoded before, by their hash, each with the number of a headline that has it.
#[derive(Default)]
pub(super) struct KnownTexts(HashMap<u128, u64>);

/// A headline as the vectors of its texts.
struct Parts<'a> {
    id: u64,
    texts: Vec<(Option<Passage>, &'a str)>,
}

impl KnownTexts {
    /// The values of headlines with a vector, each beside its number. `told` gets how many of them are done.
    ///
    /// # Errors
    /// Those of the encoder, with the text; [`Error::Interrupted`].
    pub(super) fn rows(
        &mut self,
        headlines: &[(u64, Headline)],
        encoder: &dyn TextEncoder,
        (txn, space): (&impl CatalogUse, SpaceId),
        control: &Control,
    ) -> Result<Vec<(u64, Vec<u8>)>> {
        let mut values = Vec::with_capacity(headlines.len());
        let mut new = Vec::new();
        for (id, headline) in headlines {
            match self.known(headline, txn, space)? {
                Some(value) => values.push((*id, value)),
                None => new.push(parts(*id, headline)),
            }
        }
        let rows = encoded(&new, encoder, control)?;
        for headline in &new {
            let rows = headline.texts.iter().filter_map(|(passage, text)| {
                let row = rows.get(&(text.len(), *text))?.clone()?;
                Some((*passage, row))
            });
            if let Some(value) = StoredHeadline::value(rows) {
                values.push((headline.id, value));
                self.remember(headline);
            }
        }
        values.sort_unstable_by_key(|(id, _)| *id);
        Ok(values)
    }

    /// The value of a headline whose text another one has.
    fn known(
        &self,
        headline: &Headline,
        txn: &impl CatalogUse,
        space: SpaceId,
    ) -> Result<Option<Vec<u8>>> {
        match self.0.get(&text_hash(&headline.text)) {
            // That one may have been deleted meanwhile.
            Some(id) => txn.headline_row(space, *id),
            None => Ok(None),
        }
    }

    fn remember(&mut self, headline: &Parts<'_>) {
        if let [(None, text)] = headline.texts.as_slice()
            && self.0.len() < MOST_KNOWN
        {
            self.0.insert(text_hash(text), headline.id);
        }
    }
}

fn parts(id: u64, headline: &Headline) -> Parts<'_> {
    let passages = headline.split().into_iter();
    let part = |passage| (passage, headline.part(passage).unwrap_or_default());
    Parts {
        id,
        texts: passages.map(part).collect(),
    }
}

/// The row of each text, of those that say anything; by their length first.
type TextRows<'a> = BTreeMap<(usize, &'a str), Option<Vec<u8>>>;

/// The rows of all texts of headlines, each once. Texts of one length go together: they take the same plan.
fn encoded<'a>(
    headlines: &[Parts<'a>],
    encoder: &dyn TextEncoder,
    control: &Control,
) -> Result<TextRows<'a>> {
    let texts = headlines.iter().flat_map(|h| &h.texts);
    let mut rows: TextRows<'a> = texts.map(|(_, text)| ((text.len(), *text), None)).collect();
    let texts: Vec<&str> = rows.keys().map(|(_, text)| *text).collect();
    let vectors: Vec<_> = texts
        .par_chunks(CHUNK)
        .map(|chunk| {
            control.check()?;
            encoder.encode_texts(chunk).map_err(|e| {
                let first = chunk.first().copied().unwrap_or_default();
                e.at(|| format!("the texts from {} on", excerpt(first)))
            })
        })
        .collect::<Result<_>>()?;
    let mut builder = RowsBuilder::new(encoder.spec().dim as usize)?;
    let all = vectors
        .iter()
        .flat_map(|rows| (0..rows.len()).map(|i| rows.row(i)));
    for (vector, row) in all.zip(rows.values_mut()) {
        if let Some(vector) = vector {
            builder.push(vector)?;
            let at = builder.len() as u32 - 1;
            *row = Some(StoredHeadline::encode(&builder.view(), at, None)?);
        }
    }
    Ok(rows)
}

/// Whether an error is one of the encoder alone, so that other spaces go on.
pub(super) fn is_of_encoder(error: &Error) -> bool {
    matches!(error, Error::Invalid(_) | Error::Encoder { .. })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use super::*;
    use crate::encode::{EncoderSpec, TextConfig, Weights, WeightsConfig};
    use crate::model::{Space, TimePrecision, Timestamp};
    use crate::store::Catalog;

    /// Two numbers of a text; nothing of an empty one. Remembers what it was asked.
    struct Counting(EncoderSpec, Mutex<Vec<String>>);

    impl TextEncoder for Counting {
        fn spec(&self) -> &EncoderSpec {
            &self.0
        }

        fn encode_text(&self, text: &str) -> Result<Option<Vec<f32>>> {
            self.1.lock().unwrap().push(text.to_owned());
            let dots = text.chars().all(|c| c == '.');
            Ok((!dots).then(|| vec![1.0, text.len() as f32]))
        }
    }

    fn headline(minute: i64, text: &str) -> Headline {
        Headline {
            time: Timestamp::from_millis(minute * 60_000),
            precision: TimePrecision::Second,
            text: text.to_owned(),
            source: "test".to_owned(),
            symbols: Vec::new(),
        }
    }

    #[test]
    fn a_text_is_encoded_once() {
        let config = WeightsConfig::text(TextConfig::new(2));
        let spec = Weights::random(&config, 1).unwrap().text_encoder().unwrap();
        let encoder = Counting(spec.spec().clone(), Mutex::default());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.redb");
        let catalog = Catalog::open_or_create(&crate::disk::FileSystem, &path).unwrap();
        let txn = catalog.write().unwrap();
        let space = Space::new("words", encoder.0.clone(), 1).unwrap();
        let space = txn.add_space(&space).unwrap();
        let report = "Prices rise in New York. ".repeat(500);
        let batch = |from: u64, texts: &[&str]| -> Vec<(u64, Headline)> {
            let numbered = (from..).zip(texts);
            let headline = |(id, text): (u64, &&str)| (id, headline(id as i64, text));
            numbered.map(headline).collect()
        };
        let mut known = KnownTexts::default();
        let control = Control::new();
        let mut rows = |headlines: &[(u64, Headline)]| {
            let rows = known.rows(headlines, &encoder, (&txn, space), &control);
            let rows = rows.unwrap();
            txn.put_headline_rows(space, &rows, headlines.last().unwrap().0)
                .unwrap();
            let asked = std::mem::take(&mut *encoder.1.lock().unwrap());
            (rows, asked)
        };
        let (first, asked) = rows(&batch(1, &["oil falls", "gas rises", "oil falls", "..."]));
        assert_eq!(asked.len(), 3, "{asked:?}");
        let ids: Vec<u64> = first.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, [1, 2, 3], "the last one says nothing");
        assert_eq!(first[0].1, first[2].1);
        let (second, asked) = rows(&batch(5, &["gas rises", &report, &report, "new"]));
        let whole = headline(0, &report);
        let passages: BTreeSet<&str> = whole.passages().into_iter().collect();
        assert!(passages.len() > 1);
        assert_eq!(asked.len(), passages.len() + 1, "two reports, and one more");
        assert!(!asked.contains(&"gas rises".to_owned()));
        assert_eq!(second[0].1, first[1].1);
        assert_eq!(second[1].1, second[2].1);
        let stopped = Control::new();
        stopped.stop();
        let stopped = known.rows(&batch(9, &["late"]), &encoder, (&txn, space), &stopped);
        assert!(matches!(stopped, Err(Error::Interrupted)));
    }
}
