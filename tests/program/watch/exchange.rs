//! An exchange on this machine with many symbols, whose clock a test turns, and which fails as it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::world::{START, World, closes};

/// What it answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mood {
    Well,
    /// HTTP 500.
    Down,
    /// HTTP 403, as to an address that is banned.
    Refuses,
    /// About every other request is one too many: retCode 10006.
    Busy,
}

struct State {
    step: i64,
    code: &'static str,
    symbols: BTreeMap<String, Vec<f64>>,
    /// The server's time in milliseconds, and since when it runs by itself, if it does.
    time: i64,
    running: Option<Instant>,
    mood: Mood,
    /// Candles by symbol and number that are not served yet.
    late: BTreeSet<(String, usize)>,
    /// Factors of closes that were corrected.
    corrected: BTreeMap<(String, usize), f64>,
    requests: usize,
}

#[derive(Clone)]
pub(crate) struct Exchange {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Exchange {
    /// Candles of this length from 2021 on; so many have closed.
    pub(crate) fn start(
        symbols: &[String],
        (step, code): (i64, &'static str),
        closed: i64,
    ) -> Self {
        let prices = |i: usize| closes(2000, 100 + i as u64);
        let symbols = symbols
            .iter()
            .enumerate()
            .map(|(i, name)| (name.clone(), prices(i)));
        let state = State {
            step,
            code,
            symbols: symbols.collect(),
            time: START + closed * step + 1000,
            running: None,
            mood: Mood::Well,
            late: BTreeSet::new(),
            corrected: BTreeMap::new(),
            requests: 0,
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let exchange = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::new(Mutex::new(state)),
        };
        let shared = exchange.clone();
        // It ends with the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let exchange = shared.clone();
                std::thread::spawn(move || exchange.serve(stream));
            }
        });
        exchange
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Turns the clock to a second after so many candles have closed.
    pub(crate) fn turn_to(&self, closed: i64) {
        let mut state = self.state.lock().unwrap();
        state.time = START + closed * state.step + 1000;
    }

    /// Lets the clock run, from so many milliseconds before a close on.
    pub(crate) fn run_from(&self, closed: i64, before: i64) {
        let mut state = self.state.lock().unwrap();
        state.time = START + closed * state.step - before;
        state.running = Some(Instant::now());
    }

    pub(crate) fn feel(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// Holds a candle back, or gives it.
    pub(crate) fn hold_back(&self, symbol: &str, number: usize, back: bool) {
        let mut state = self.state.lock().unwrap();
        let candle = (symbol.to_owned(), number);
        match back {
            true => state.late.insert(candle),
            false => state.late.remove(&candle),
        };
    }

    /// Multiplies closes of candles by factors, of all of them at once.
    pub(crate) fn correct(&self, symbol: &str, candles: &[(usize, f64)]) {
        let mut state = self.state.lock().unwrap();
        for &(number, factor) in candles {
            state.corrected.insert((symbol.to_owned(), number), factor);
        }
    }

    pub(crate) fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        while !request.ends_with(b"\r\n\r\n") {
            match stream.read(&mut chunk) {
                Ok(n) if n > 0 => request.extend_from_slice(&chunk[..n]),
                _ => return,
            }
        }
        let text = String::from_utf8(request).unwrap();
        let target = text.split(' ').nth(1).unwrap();
        let query = target.strip_prefix("/v5/market/kline?").unwrap();
        let (status, body) = self.state.lock().unwrap().answer(query);
        let head = format!(
            "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        // A client that was killed has left.
        drop(stream.write_all((head + &body).as_bytes()));
    }
}

impl State {
    fn answer(&mut self, query: &str) -> (u16, String) {
        self.requests += 1;
        let ran = self
            .running
            .map_or(0, |since| since.elapsed().as_millis() as i64);
        let now = self.time + ran;
        match self.mood {
            Mood::Down => return (500, String::new()),
            Mood::Refuses => return (403, "access too frequent".to_owned()),
            Mood::Busy if self.requests.wrapping_mul(2_654_435_761) >> 20 & 1 == 0 => {
                return (200, envelope(10006, "Too many visits!", "{}", now));
            }
            Mood::Busy | Mood::Well => {}
        }
        let value = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .clone()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let number = |name: &str| value(name).map(|text| text.parse::<i64>().unwrap());
        let symbol = value("symbol").unwrap();
        let Some(prices) = self
            .symbols
            .get(symbol)
            .filter(|_| value("interval") == Some(self.code))
        else {
            return (
                200,
                envelope(10001, "params error: symbol invalid", "{}", now),
            );
        };
        let (from, to) = (
            number("start").unwrap_or(0),
            number("end").unwrap().min(now),
        );
        let mut rows = Vec::new();
        for n in (0..prices.len()).rev() {
            let open = START + n as i64 * self.step;
            let candle = (symbol.to_owned(), n);
            // A start matches the candle that is open at that time.
            let wanted = open <= to && open + self.step > from && !self.late.contains(&candle);
            if wanted && rows.len() < 1000 {
                rows.push(self.row(prices, &candle, open, now));
            }
        }
        let list = rows.join(",");
        let result = format!(r#"{{"category":"linear","symbol":"{symbol}","list":[{list}]}}"#);
        (200, envelope(0, "OK", &result, now))
    }

    fn row(&self, prices: &[f64], candle: &(String, usize), open: i64, now: i64) -> String {
        let n = candle.1;
        let (first, mut last) = (prices[n.saturating_sub(1)], prices[n]);
        if open + self.step > now {
            last = first; // It is open.
        }
        last *= self.corrected.get(candle).unwrap_or(&1.0);
        let (high, low) = (first.max(last), first.min(last));
        let mut row = String::new();
        write!(
            row,
            r#"["{open}","{first}","{high}","{low}","{last}","{n}","1"]"#
        )
        .unwrap();
        row
    }
}

fn envelope(code: i64, message: &str, result: &str, time: i64) -> String {
    format!(
        r#"{{"retCode":{code},"retMsg":"{message}","result":{result},"retExtInfo":{{}},"time":{time}}}"#
    )
}

/// Names of symbols.
pub(crate) fn symbols(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("S{i:02}USDT")).collect()
}

/// A database with what the exchange has of its symbols.
pub(crate) fn world(exchange: &Exchange, symbols: &[String], interval: &str) -> World {
    let world = World::new();
    let (names, url) = (symbols.join(","), exchange.url());
    let args = [
        "ingest",
        "bybit",
        &names,
        "--interval",
        interval,
        "--base-url",
        &url,
        "--spaces",
        "shape",
    ];
    world.rhyme(&args).ok();
    world
}
