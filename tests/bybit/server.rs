//! A server on this machine that answers like Bybit's kline endpoint, and fails as it is told.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::market::{Market, Row};

/// What to do with one request instead of answering it well.
#[derive(Clone)]
pub(crate) enum Act {
    /// The right answer after all.
    Answer,
    /// A response of this status, with these headers and this body.
    Raw(u16, Vec<(&'static str, String)>, String),
    /// The right answer, with its rows changed.
    Rows(fn(&mut Vec<Row>)),
    /// The right rows, in an envelope without `time`.
    NoTime,
    /// The connection ends in the middle of the body.
    CutOff,
    /// A body that comes byte by byte and never ends.
    Drip,
    /// Nothing comes at all.
    Silence,
    /// A body that is far too long.
    Flood,
    /// The newest page, whatever was asked for.
    NewestPage,
    /// This beginning, and then this block again and again, a pause after each.
    Endless(&'static str, Vec<u8>, Duration),
}

impl Act {
    pub(crate) fn json(body: &str) -> Self {
        Self::Raw(200, Vec::new(), body.to_owned())
    }

    /// An error in the envelope, as Bybit sends it: with HTTP 200.
    pub(crate) fn code(code: i64, message: &str, time: i64) -> Self {
        Self::json(&envelope(code, message, "{}", Some(time)))
    }

    pub(crate) fn with_header(self, name: &'static str, value: impl ToString) -> Self {
        match self {
            Self::Raw(status, mut headers, body) => {
                headers.push((name, value.to_string()));
                Self::Raw(status, headers, body)
            }
            other => other,
        }
    }
}

/// How the server behaves where the API leaves a choice.
#[derive(Clone, Copy)]
pub(crate) struct Habits {
    /// Answers hold at most this many candles, whatever limit is asked for.
    pub(crate) page_cap: usize,
    /// A range with both ends that holds more than a page gives its oldest candles.
    pub(crate) overfull_gives_oldest: bool,
    /// The candle that opens right after the end comes too.
    pub(crate) end_reaches_next: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            page_cap: 1000,
            overfull_gives_oldest: false,
            end_reaches_next: false,
        }
    }
}

struct State {
    market: Market,
    habits: Habits,
    script: Mutex<VecDeque<Act>>,
    forever: Mutex<Option<Act>>,
    asked: Mutex<Vec<Vec<(String, String)>>>,
    stop: AtomicBool,
    connections: Mutex<Vec<JoinHandle<()>>>,
}

pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<State>,
    acceptor: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(market: Market, habits: Habits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            market,
            habits,
            script: Mutex::default(),
            forever: Mutex::default(),
            asked: Mutex::default(),
            stop: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let state = Arc::clone(&shared);
                let connection = std::thread::spawn(move || state.serve(stream));
                shared.connections.lock().unwrap().push(connection);
            }
        });
        Self {
            address,
            state,
            acceptor: Some(acceptor),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Does these, one for each of the next requests, and answers well afterwards.
    pub(crate) fn next(&self, acts: impl IntoIterator<Item = Act>) {
        self.state.script.lock().unwrap().extend(acts);
    }

    /// Does this with every request that no [`Self::next`] is left for.
    pub(crate) fn always(&self, act: Act) {
        *self.state.forever.lock().unwrap() = Some(act);
    }

    pub(crate) fn market(&self) -> &Market {
        &self.state.market
    }

    /// How many requests came since the last call.
    pub(crate) fn take_count(&self) -> usize {
        std::mem::take(&mut *self.state.asked.lock().unwrap()).len()
    }

    /// The parameter `name` of each request so far.
    pub(crate) fn asked(&self, name: &str) -> Vec<Option<String>> {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().map(|query| value(query, name)).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        // Wakes the acceptor.
        drop(TcpStream::connect(self.address));
        self.acceptor.take().unwrap().join().unwrap();
        let connections = std::mem::take(&mut *self.state.connections.lock().unwrap());
        for connection in connections {
            // A client that leaves breaks its connection, which is no fault of the server.
            let outcome = connection.join();
            assert!(outcome.is_ok() || std::thread::panicking());
        }
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream) {
        let Some(query) = read_query(&mut stream) else {
            return;
        };
        self.asked.lock().unwrap().push(query.clone());
        let scripted = self.script.lock().unwrap().pop_front();
        let act = scripted
            .or_else(|| self.forever.lock().unwrap().clone())
            .unwrap_or(Act::Answer);
        let time = Some(self.market.time);
        match act {
            Act::Answer => respond(&mut stream, 200, &[], &self.answer(&query, time, |_| ())),
            Act::Raw(status, headers, body) => respond(&mut stream, status, &headers, &body),
            Act::Rows(change) => respond(&mut stream, 200, &[], &self.answer(&query, time, change)),
            Act::NoTime => respond(&mut stream, 200, &[], &self.answer(&query, None, |_| ())),
            Act::NewestPage => {
                let mut query = query;
                query.retain(|(name, _)| name != "start" && name != "end");
                respond(&mut stream, 200, &[], &self.answer(&query, time, |_| ()));
            }
            Act::CutOff => {
                let body = self.answer(&query, time, |_| ());
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                let half = &body[..body.len() / 2];
                drop(stream.write_all((head + half).as_bytes()));
            }
            Act::Silence => self.until_stop(|| true),
            Act::Drip => {
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"));
                self.until_stop(|| stream.write_all(b" ").is_ok());
            }
            Act::Flood => {
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n"));
                let block = vec![b' '; 1 << 20];
                self.until_stop(|| stream.write_all(&block).is_ok());
            }
            Act::Endless(start, block, pause) => {
                drop(stream.write_all(start.as_bytes()));
                self.until_stop(|| {
                    std::thread::sleep(pause);
                    stream.write_all(&block).is_ok()
                });
            }
        }
    }

    fn until_stop(&self, mut go_on: impl FnMut() -> bool) {
        while !self.stop.load(Ordering::SeqCst) && go_on() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn answer(
        &self,
        query: &[(String, String)],
        time: Option<i64>,
        change: impl Fn(&mut Vec<Row>),
    ) -> String {
        let now = self.market.time;
        let category = value(query, "category").unwrap_or_else(|| "linear".to_owned());
        let symbol = value(query, "symbol").unwrap_or_default();
        if value(query, "interval").as_deref() != Some(self.market.code) {
            return envelope(10001, "Invalid period!", "{}", time);
        }
        if symbol != self.market.symbol || category != self.market.category {
            return if category == "spot" {
                envelope(0, "OK", r#"{"category":"spot","list":[]}"#, time)
            } else {
                envelope(10001, "params error: symbol invalid", "{}", time)
            };
        }
        let number = |name: &str| value(query, name).map(|text| text.parse::<i64>().unwrap());
        let (start, end) = (number("start"), number("end"));
        let limit = number("limit").map_or(200, |limit| usize::try_from(limit).unwrap());
        assert!((1..=1000).contains(&limit), "limit {limit}");
        let reach = i64::from(self.habits.end_reaches_next);
        let mut opens: Vec<i64> = self.market.opens.clone();
        opens.retain(|&open| {
            open <= now
                && start.is_none_or(|start| self.market.close(open) > start)
                && end.is_none_or(|end| open <= end + reach)
        });
        let kept = limit.min(self.habits.page_cap).min(opens.len());
        let oldest = start.is_some() && (end.is_none() || self.habits.overfull_gives_oldest);
        let kept = if oldest {
            &opens[..kept]
        } else {
            &opens[opens.len() - kept..]
        };
        let mut rows: Vec<Row> = kept.iter().rev().map(|&o| self.market.row(o)).collect();
        change(&mut rows);
        envelope(0, "OK", &result(&category, &symbol, &rows), time)
    }
}

fn value(query: &[(String, String)], name: &str) -> Option<String> {
    let (_, value) = query.iter().find(|(key, _)| key == name)?;
    Some(value.clone())
}

pub(crate) fn envelope(code: i64, message: &str, result: &str, time: Option<i64>) -> String {
    let time = time.map_or_else(String::new, |time| format!(r#","time":{time}"#));
    format!(
        r#"{{"retCode":{code},"retMsg":"{message}","result":{result},"retExtInfo":{{}}{time}}}"#
    )
}

fn result(category: &str, symbol: &str, rows: &[Row]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|row| format!("[\"{}\"]", row.join("\",\"")))
        .collect();
    let list = rows.join(",");
    format!(r#"{{"category":"{category}","symbol":"{symbol}","list":[{list}]}}"#)
}

/// The query of a GET for candles; `None` if the client left before it was whole.
fn read_query(stream: &mut TcpStream) -> Option<Vec<(String, String)>> {
    let timeout = Some(Duration::from_secs(5));
    stream.set_read_timeout(timeout).unwrap();
    stream.set_write_timeout(timeout).unwrap();
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut chunk) {
            Ok(n) if n > 0 => request.extend_from_slice(&chunk[..n]),
            _ => return None,
        }
    }
    let text = String::from_utf8(request).unwrap();
    assert!(
        text.to_lowercase().contains("user-agent: rhymedb/"),
        "{text}"
    );
    let target = text.split(' ').nth(1).unwrap();
    let query = target.strip_prefix("/v5/market/kline?").unwrap();
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    Some(
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    )
}

fn respond(stream: &mut TcpStream, status: u16, headers: &[(&'static str, String)], body: &str) {
    let mut text = format!(
        "HTTP/1.1 {status} Status\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    text += body;
    // The client may have left.
    drop(stream.write_all(text.as_bytes()));
}
