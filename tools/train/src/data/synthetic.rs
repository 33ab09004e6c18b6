use rhymedb::{
    Error, PairOptions, Pairs, Result, SeriesBars, SyntheticConfig, SyntheticMarket, Wordings,
};
use serde::{Deserialize, Serialize};

use super::Gathered;
use crate::config::SplitConfig;

/// Made-up markets with planted events and their headlines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyntheticSource {
    /// One market a seed.
    pub seeds: Vec<u64>,
    /// `crypto` or `equity` alone.
    pub market: Option<String>,
    /// Bars that close between the moment when a headline was known and the window's end.
    pub reaction: u32,
    /// Headlines that name more symbols are left out. Default 1,000: those of a whole market stay.
    pub most_symbols: usize,
    /// Symbols of each crypto market.
    pub crypto_symbols: usize,
    /// Symbols of each equity market.
    pub equity_symbols: usize,
    /// Bars of a crypto symbol.
    pub crypto_bars: usize,
    /// Bars of an equity symbol.
    pub equity_days: usize,
    /// Whether the wordings that tests keep for themselves are left out.
    pub train_wordings: bool,
    /// Without headlines: one window every so many bars.
    pub hop: usize,
    /// What is kept apart. Default: nothing.
    pub split: Option<SplitConfig>,
}

impl Default for SyntheticSource {
    fn default() -> Self {
        let market = SyntheticConfig::default();
        Self {
            seeds: vec![1],
            market: None,
            reaction: 4,
            most_symbols: 1_000,
            crypto_symbols: market.crypto_symbols,
            equity_symbols: market.equity_symbols,
            crypto_bars: market.crypto_bars,
            equity_days: market.equity_days,
            train_wordings: true,
            hop: 8,
            split: None,
        }
    }
}

impl SyntheticSource {
    pub(super) fn gather(&self, gathered: &mut Gathered) -> Result<()> {
        for &seed in &self.seeds {
            let market = SyntheticMarket::new(SyntheticConfig {
                seed,
                crypto_symbols: self.crypto_symbols,
                equity_symbols: self.equity_symbols,
                crypto_bars: self.crypto_bars,
                equity_days: self.equity_days,
                wordings: if self.train_wordings {
                    Wordings::Train
                } else {
                    Wordings::All
                },
                ..SyntheticConfig::default()
            })?;
            let wanted = |m: &str| self.market.as_ref().is_none_or(|wanted| wanted == m);
            let series: Vec<SeriesBars> = market
                .series()
                .into_iter()
                .filter(|(key, ..)| wanted(&key.market))
                .map(|(key, calendar, bars)| SeriesBars {
                    key,
                    calendar,
                    bars,
                })
                .collect();
            if series.is_empty() {
                return Err(Error::Invalid(format!(
                    "expected the market crypto or equity of a synthetic source, found {:?}",
                    self.market
                )));
            }
            if gathered.texts {
                let options: PairOptions = gathered.pairs(self.reaction);
                let options = options.most_symbols(self.most_symbols);
                let pairs = Pairs::of(&series, market.headlines(), &options)?;
                gathered.add(series, pairs)?;
            } else {
                gathered.add_windows(series, self.hop)?;
            }
        }
        Ok(())
    }
}
