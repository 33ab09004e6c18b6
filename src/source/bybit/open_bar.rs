use super::client::{BybitClient, PageRequest};
use super::instrument::{BybitCategory, Instrument};
use crate::error::{Error, Result};
use crate::model::{Bar, Interval, Timestamp};

/// Further than any clock is wrong that still finds its server.
const DAY_MS: i64 = 86_400_000;

impl BybitClient {
    /// The candle that has not closed yet, as it stands at the moment; `None` if the newest one has closed.
    /// `now` tells which it is if the server does not say its time.
    ///
    /// # Errors
    /// As [`BybitClient::klines_before`]; [`Error::Remote`] if the candle cannot be one.
    pub fn open_kline(
        &self,
        category: BybitCategory,
        symbol: &str,
        interval: Interval,
        now: Timestamp,
    ) -> Result<Option<Bar>> {
        let instrument = Instrument::new(category, symbol, interval)?;
        let request = PageRequest {
            instrument: &instrument,
            start: None,
            end: now.plus_millis(DAY_MS),
            now,
        };
        let page = self.fetch_page(request, &mut 0)?;
        let newest = page.rows.into_iter().max_by_key(|row| row.time);
        let open = newest.filter(|row| {
            row.time <= page.server_time && page.server_time < interval.close_of(row.time)
        });
        if let Some(bar) = open {
            bar.check().map_err(|defect| {
                Error::Remote(format!(
                    "expected the open candle of {instrument} from Bybit, found one that cannot be: {defect}"
                ))
            })?;
        }
        Ok(open)
    }
}
