//! Synchronisation: what is stored stays one block, wherever it breaks off.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rhymedb::bybit::{SyncReport, SyncRequest, sync_klines};
use rhymedb::{Bar, Bars, Error, Result, Timestamp};

use crate::market::Market;
use crate::server::{Act, Habits, Server};
use crate::{builder, client, hours, request};

/// A store that checks after each commit that it holds one block of the truth.
struct Store {
    bars: BTreeMap<i64, Bar>,
    delivered: usize,
}

impl Store {
    fn new(bars: impl IntoIterator<Item = Bar>) -> Self {
        Self {
            bars: bars.into_iter().map(|b| (b.time.millis(), b)).collect(),
            delivered: 0,
        }
    }

    fn range(&self) -> Option<(Timestamp, Timestamp)> {
        let (first, _) = self.bars.first_key_value()?;
        let (last, _) = self.bars.last_key_value()?;
        Some((
            Timestamp::from_millis(*first),
            Timestamp::from_millis(*last),
        ))
    }

    fn all(&self) -> Bars {
        self.bars.values().copied().collect()
    }

    fn commit(&mut self, market: &Market, bars: &Bars) {
        assert!(!bars.is_empty());
        assert!(bars.time.is_sorted_by(|a, b| a < b));
        let known_last = self.range().map(|(_, last)| last);
        for bar in bars.iter() {
            let known = self.bars.insert(bar.time.millis(), bar).is_some();
            assert!(!known || Some(bar.time) == known_last, "{} twice", bar.time);
        }
        self.delivered += bars.len();
        let (first, last) = self.range().unwrap();
        let block = market.truth(Some(first.millis()), last.millis());
        assert_eq!(self.all().time, block.time, "a hole");
    }

    /// One run, which breaks off after `commits` of them: instead of the next commit, or right
    /// after the last.
    fn sync(
        &mut self,
        server: &Server,
        request: &SyncRequest,
        mut commits: usize,
        after_the_last: bool,
    ) -> Result<SyncReport> {
        let market = server.market();
        let request = SyncRequest {
            stored: self.range(),
            ..request.clone()
        };
        sync_klines(&client(server), &request, market.now(), &mut |bars| {
            if commits == 0 {
                return Err(Error::Interrupted);
            }
            commits -= 1;
            self.commit(market, &bars);
            if after_the_last && commits == 0 {
                return Err(Error::Interrupted);
            }
            Ok(())
        })
    }
}

fn position_range(market: &Market, from: usize, to: usize) -> Bars {
    market.truth(Some(market.opens[from]), market.opens[to])
}

#[test]
fn a_download_that_breaks_off_at_any_page_goes_on_without_a_hole() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    let truth = market.truth(None, market.time);
    let stored = [
        None,
        Some((0, 0)),
        Some((1400, 1400)),
        Some((1499, 1500)),
        Some((900, 1900)),
        Some((2000, 3098)),
        Some((0, 3098)),
    ];
    for block in stored {
        let bars = block.map(|(from, to)| position_range(market, from, to));
        for after_the_last in [false, true] {
            let mut commits = 0;
            loop {
                let mut store = Store::new(bars.iter().flat_map(Bars::iter));
                let broken = store.sync(&server, &request(market), commits, after_the_last);
                store
                    .sync(&server, &request(market), usize::MAX, false)
                    .unwrap();
                assert_eq!(store.all(), truth, "{block:?}, broken after {commits}");
                match broken {
                    Ok(_) => break,
                    Err(error) => assert!(matches!(error, Error::Interrupted), "{error}"),
                }
                commits += 1;
            }
            assert!(commits >= 1, "{block:?} was never broken");
        }
    }
}

#[test]
fn a_download_that_breaks_off_again_and_again_comes_to_its_end() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    for (from, to) in [(0, 0), (1499, 1500), (3098, 3098)] {
        let mut store = Store::new(position_range(market, from, to).iter());
        let mut runs = 0;
        // The first commit of a run can be the last stored bar alone, so 2 are progress.
        while store.sync(&server, &request(market), 2, false).is_err() {
            runs += 1;
            assert!(runs < 10, "no progress from {from}..={to}");
        }
        assert_eq!(store.all(), market.truth(None, market.time));
    }
}

#[test]
fn start_and_end_bound_what_is_fetched() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    let bounded = |from: usize, to: usize, stored: Option<(usize, usize)>| {
        let mut store = Store::new(
            stored
                .map(|(from, to)| position_range(market, from, to))
                .iter()
                .flat_map(Bars::iter),
        );
        let request = SyncRequest {
            start: Some(market.open(from)),
            end: Some(market.open(to)),
            ..request(market)
        };
        let report = store.sync(&server, &request, usize::MAX, false).unwrap();
        assert_eq!(report.bars, store.delivered as u64);
        let (first, last) = store.range().unwrap();
        let position = |t: Timestamp| market.opens.binary_search(&t.millis()).unwrap();
        assert_eq!(
            store.all(),
            position_range(market, position(first), position(last))
        );
        (position(first), position(last))
    };
    assert_eq!(bounded(100, 2500, None), (100, 2500));
    assert_eq!(bounded(100, 100, None), (100, 100));
    assert_eq!(bounded(100, 2500, Some((1000, 1200))), (100, 2500));
    // What is stored lies before the range, or after it: what is between them comes too.
    assert_eq!(bounded(2000, 2500, Some((1000, 1200))), (1000, 2500));
    assert_eq!(bounded(100, 200, Some((1000, 1200))), (100, 1200));
    assert_eq!(bounded(1050, 1150, Some((1000, 1200))), (1000, 1200));
}

#[test]
fn an_update_asks_for_little_and_reports_it() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    let mut store = Store::new(market.truth(None, market.opens[3090]).iter());
    server.next([Act::Raw(500, Vec::new(), String::new())]);
    let report = store
        .sync(&server, &request(market), usize::MAX, false)
        .unwrap();
    let expected = SyncReport {
        // The bars since, and an empty page that says that nothing is older than the first.
        pages: 2,
        bars: 8,
        retries: 1,
        first: Some(market.open(3090)),
        last: Some(market.open(3097)),
        server_time: Some(market.now()),
        ..SyncReport::default()
    };
    assert_eq!(report, expected);
    assert_eq!(store.all(), market.truth(None, market.time));
}

#[test]
fn an_end_in_the_far_future_is_now() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    let mut store = Store::new(market.truth(None, market.opens[3090]).iter());
    let request = SyncRequest {
        end: Some("9999-01-01".parse().unwrap()),
        ..request(market)
    };
    store.sync(&server, &request, usize::MAX, false).unwrap();
    assert_eq!(store.all(), market.truth(None, market.time));
    assert_eq!(server.take_count(), 2);
}

#[test]
fn a_last_bar_that_was_corrected_is_replaced() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    let mut store = Store::new(market.truth(None, market.opens[3090]).iter());
    store.bars.get_mut(&market.opens[3090]).unwrap().volume += 1.0;
    store
        .sync(&server, &request(market), usize::MAX, false)
        .unwrap();
    assert_eq!(store.all(), market.truth(None, market.time));
}

#[test]
fn windows_that_come_in_several_pages_leave_no_hole() {
    let habits = Habits {
        page_cap: 150,
        overfull_gives_oldest: false,
        end_reaches_next: false,
    };
    let market = Market::new("5m", "5", "2024-01-01", 2600).without(1000..1100);
    let server = Server::start(market, habits);
    let market = server.market();
    let mut store = Store::new(position_range(market, 200, 210).iter());
    store
        .sync(&server, &request(market), usize::MAX, false)
        .unwrap();
    assert_eq!(store.all(), market.truth(None, market.time));
}

#[test]
fn weeks_and_months_are_brought_up_to_date() {
    for (interval, code, first) in [("1w", "W", "2019-01-07"), ("1M", "M", "2019-01-01")] {
        let server = Server::start(Market::new(interval, code, first, 60), Habits::default());
        let market = server.market();
        let mut store = Store::new(position_range(market, 20, 30).iter());
        store
            .sync(&server, &request(market), usize::MAX, false)
            .unwrap();
        assert_eq!(store.all(), market.truth(None, market.time));
    }
}

#[test]
fn weeks_that_open_on_another_weekday_than_the_stored_ones_are_told() {
    let server = Server::start(Market::new("1w", "W", "2019-01-07", 60), Habits::default());
    let market = server.market();
    let tuesday = market.open(30).plus_millis(86_400_000);
    let request = SyncRequest {
        stored: Some((tuesday, tuesday)),
        ..request(market)
    };
    let outcome = sync_klines(&client(&server), &request, market.now(), &mut |_| Ok(()));
    let error = outcome.unwrap_err().to_string();
    assert!(
        error.contains("no candle of this interval opens at that time"),
        "{error}"
    );
}

#[test]
fn nothing_at_all_is_an_error_but_an_open_candle_alone_is_not() {
    let server = Server::start(Market::new("1h", "60", "2024-01-01", 1), Habits::default());
    let market = server.market();
    let mut store = Store::new([]);
    let report = store.sync(&server, &request(market), 0, false).unwrap();
    assert_eq!((report.bars, report.first), (0, None));

    let before = SyncRequest {
        end: Some(market.open(0).plus_millis(-1)),
        ..request(market)
    };
    let error = store.sync(&server, &before, 0, false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no candles at Bybit of BTCUSDT:1h in category linear up to 2023-12-31T23:59:59.999Z; \
         check the spelling of the symbol, its category and the dates"
    );
}

#[test]
fn a_request_that_makes_no_sense_is_refused() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    let refusal = |change: fn(&Market, &mut SyncRequest)| {
        let mut request = request(market);
        change(market, &mut request);
        let outcome = sync_klines(&client(&server), &request, market.now(), &mut |_| Ok(()));
        outcome.unwrap_err().to_string()
    };
    let error = refusal(|m, r| (r.start, r.end) = (Some(m.open(5)), Some(m.open(4))));
    assert!(error.contains("a start before the end"), "{error}");
    let error = refusal(|m, r| r.stored = Some((m.open(5), m.open(4))));
    assert!(
        error.contains("a first stored bar before the last"),
        "{error}"
    );
    let error = refusal(|m, r| r.stored = Some((m.open(5), m.open(6).plus_millis(60_000))));
    assert!(error.contains("stored bars of 1h"), "{error}");
    assert_eq!(server.take_count(), 0);
}

#[test]
fn a_flag_set_between_pages_ends_the_download() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    let flag = Arc::new(AtomicBool::new(false));
    let client = builder(&server)
        .interrupt(Arc::clone(&flag))
        .build()
        .unwrap();
    let mut store = Store::new([]);
    let outcome = sync_klines(&client, &request(market), market.now(), &mut |bars| {
        store.commit(market, &bars);
        flag.store(true, Ordering::Relaxed);
        Ok(())
    });
    assert!(matches!(outcome, Err(Error::Interrupted)));
    assert_eq!(server.take_count(), 1);
    store
        .sync(&server, &request(market), usize::MAX, false)
        .unwrap();
    assert_eq!(store.all(), market.truth(None, market.time));
}

/// The open time of the candle of [`hours`] that the next test makes impossible.
const BAD: i64 = 1_692_752_400_000;

#[test]
fn one_bad_candle_does_not_stop_the_rest() {
    let server = Server::start(hours(), Habits::default());
    server.always(Act::Rows(|rows| {
        for row in rows.iter_mut() {
            if row[0] == BAD.to_string() {
                row[3] = "0".to_owned();
            }
        }
    }));
    let market = server.market();
    let mut expected = market.truth(None, market.time).time;
    expected.retain(|time| *time != BAD);
    assert_eq!(expected.len(), market.opens.len() - 2);
    let client = client(&server);
    let mut times = BTreeSet::new();
    let mut sync = |request: SyncRequest| {
        let report = sync_klines(&client, &request, market.now(), &mut |bars| {
            times.extend(bars.time);
            Ok(())
        });
        (report.unwrap(), times.iter().copied().collect::<Vec<i64>>())
    };
    let (report, stored) = sync(request(market));
    assert_eq!(stored, expected);
    assert_eq!(report.left_out, 1);
    let (time, defect) = report.first_left_out.unwrap();
    assert_eq!(time.millis(), BAD);
    assert_eq!(defect.to_string(), "a price is not above 0");
    // The same again goes on where it was.
    let ends = (market.open(0), Timestamp::from_millis(BAD - 3_600_000));
    let (report, stored) = sync(SyncRequest {
        stored: Some(ends),
        ..request(market)
    });
    assert_eq!((report.left_out, stored), (1, expected));
}

#[test]
fn a_clock_that_is_behind_loses_no_candle() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    let truth = market.truth(None, market.time);
    let client = client(&server);
    for behind in [3_600_000, 40 * 86_400_000_i64] {
        for stored in [None, Some((market.open(100), market.open(3090)))] {
            let request = SyncRequest {
                stored,
                ..request(market)
            };
            let mut newest = i64::MIN;
            let now = market.now().plus_millis(-behind);
            let report = sync_klines(&client, &request, now, &mut |bars| {
                newest = newest.max(*bars.time.last().unwrap());
                Ok(())
            })
            .unwrap();
            assert_eq!(Some(&newest), truth.time.last(), "{behind} {stored:?}");
            assert_eq!(report.server_time, Some(market.now()));
        }
    }
}

#[test]
fn a_clock_that_is_ahead_asks_for_nothing_more() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    let request = SyncRequest {
        stored: Some((market.open(0), market.open(3090))),
        ..request(market)
    };
    let now = market.now().plus_millis(400 * 86_400_000);
    sync_klines(&client(&server), &request, now, &mut |_| Ok(())).unwrap();
    // The bars since, and what is before the first.
    assert_eq!(server.take_count(), 2);
}
