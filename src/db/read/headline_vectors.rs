//! The stored vectors of headlines, for whoever wants to work with them elsewhere.

use crate::db::headline_part::{HeadlinePart, HeadlineScope};
use crate::db::view::View;
use crate::error::Result;
use crate::model::{Headline, Space, Timestamp};
use crate::store::{HeadlineReads, ReadTxn};

/// Headlines that are given at a time.
const BATCH: usize = 8192;
/// Bytes of texts after which no more are given at that time.
const MOST_BYTES: usize = 16 << 20;

/// Headlines with the vectors that a space has of them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HeadlineVectors {
    /// The headlines, ascending by when they were known.
    pub headlines: Vec<Headline>,
    /// D values a headline, of unit length, in the order of `headlines`.
    pub values: Vec<f32>,
}

impl View {
    /// Gives the headlines of a space with their vectors to `each`, some thousands at a time, and
    /// returns the space. `None` is the space that questions in words go to. They are those that
    /// name `symbol`, or all, that were published in `from..=to` and were known at the view's time;
    /// one that says nothing to the encoder has no vector and is left out. Vectors are as they are
    /// stored: of unit length, in 16-bit fixed point relative to their largest component. That of a text that is
    /// split in passages is the mean direction of theirs.
    ///
    /// ```
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// use rhymedb::OpenOptions;
    /// use rhymedb::encode::{ChartConfig, TextConfig, Weights, WeightsConfig};
    /// # let dir = tempfile::tempdir()?;
    /// # let config = WeightsConfig::clip(ChartConfig::multiscale(32, 16), TextConfig::new(16), 0.1);
    /// # let weights = Weights::random(&config, 7)?;
    /// let db = OpenOptions::new().clip_weights(weights).open(dir.path().join("market.rhyme"))?;
    /// # let small = SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) };
    /// # let market = SyntheticMarket::new(small)?;
    /// # db.ingest_bars(&market.series())?;
    /// # db.ingest_headlines(&market.headlines())?;
    /// let mut found = 0;
    /// let space = db.now().headline_vectors(None, None, None, None, |batch| {
    ///     found += batch.headlines.len();
    ///     assert_eq!(batch.values.len(), batch.headlines.len() * 16);
    ///     Ok(())
    /// })?;
    /// assert_eq!(space.name, "clip");
    /// assert!(found > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if there is no such space, [`crate::Error::Invalid`] if it holds no
    /// headlines, and those of `each`.
    pub fn headline_vectors(
        &self,
        space: Option<&str>,
        symbol: Option<&str>,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        mut each: impl FnMut(HeadlineVectors) -> Result<()>,
    ) -> Result<Space> {
        let published =
            from.map_or(i64::MIN, Timestamp::millis)..=to.map_or(i64::MAX, Timestamp::millis);
        let (space, part, rows) = self.look(|snapshot| {
            let state = snapshot.headline_space(space)?;
            let part = snapshot.headline_part(state)?;
            let of_symbol = |symbol| snapshot.txn.headline_ids_of(symbol, published.clone());
            let scope = HeadlineScope {
                known_to: self.clamp(None).millis(),
                published: published.clone(),
                among: symbol.map(of_symbol).transpose()?,
            };
            let rows = part.allowed(&scope);
            Ok((state.space().clone(), part, rows))
        })?;
        let rows = rows.ranges().iter().cloned().flatten();
        let firsts: Vec<u32> = rows.filter(|row| part.is_first(*row)).collect();
        let mut left = firsts.as_slice();
        while !left.is_empty() {
            // Damage is looked for here; an error of the caller's own is none.
            let (found, taken) = self.look(|snapshot| batch(&snapshot.txn, &part, left))?;
            left = left.get(taken..).unwrap_or_default();
            each(found)?;
        }
        Ok(space)
    }
}

/// The next headlines, by their first rows, and how many rows were taken.
fn batch(txn: &ReadTxn, part: &HeadlinePart, firsts: &[u32]) -> Result<(HeadlineVectors, usize)> {
    let mut found = HeadlineVectors {
        headlines: Vec::new(),
        values: Vec::new(),
    };
    let (mut taken, mut bytes) = (0, 0);
    for &row in firsts.iter().take(BATCH) {
        taken += 1;
        let id = part.entry(row)?.id;
        let Some(vector) = part.whole_vector(part.rows_of(id))? else {
            continue;
        };
        let headline = txn.headline(id)?;
        bytes += headline.text.len();
        found.headlines.push(headline);
        found.values.extend(vector);
        if bytes >= MOST_BYTES {
            break;
        }
    }
    Ok((found, taken))
}
