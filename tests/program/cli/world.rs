//! A folder of its own for each test, candles to put into it, and the program to run there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rhymedb::Timestamp;
use serde_json::Value;

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;
/// 2021-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_609_459_200_000;

/// What a run of the program left behind.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Expects success and gives the standard output.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "out: {}\nerr: {}", self.out, self.err);
        self.out
    }

    /// Expects an exit code and a text on standard error.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, message: &str) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "out: {}\nerr: {}",
            self.out,
            self.err
        );
        assert!(
            self.err.contains(message),
            "{message:?} is not in: {}",
            self.err
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// The rows of a listing, which is the list of that name in an answer.
    #[track_caller]
    pub(crate) fn rows(self, list: &str) -> Value {
        let mut answer = self.json();
        assert!(
            answer[list].is_array() && answer["notes"].is_array(),
            "{answer}"
        );
        answer[list].take()
    }
}

pub(crate) struct World {
    dir: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// Three series, ingested into `shape` alone: AAAUSDT and BBBUSDT by the hour, ACME by the day. The shape of
    /// AAAUSDT's last window is also in BBBUSDT, as [`planted`] says.
    pub(crate) fn with_market() -> Self {
        let world = Self::new();
        world.write_market();
        world
            .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
            .ok();
        world
    }

    pub(crate) fn write_market(&self) {
        let (a, b) = pair();
        self.file("in/crypto/binance/AAAUSDT-1h.csv", csv(START, HOUR, &a));
        self.file("in/crypto/binance/BBBUSDT-1h.csv", csv(START, HOUR, &b));
        let daily = csv(START, DAY, &closes(200, 3));
        self.file("in/equity/nyse/ACME-1d.csv", daily);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// The program, in this folder and with nothing of the caller's settings.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rhyme"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_remove("RHYME_DB")
            .env_remove("RHYME_EMBEDDINGS_URL")
            .env_remove("RHYME_EMBEDDINGS_KEY")
            .env_remove("NO_COLOR")
            .env_remove("LC_ALL")
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn rhyme(&self, args: &[&str]) -> Run {
        run(&mut self.command(args))
    }

    /// The names in a folder of this world, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        names(&self.path(folder))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(crate) fn run(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A walk of prices from 100 on, by a small generator of its own.
pub(crate) fn closes(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut price: f64 = 100.0;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64 - 0.5
    };
    (0..n)
        .map(|_| {
            price *= 1.0 + 0.04 * next();
            (price * 1e4).round() / 1e4
        })
        .collect()
}

/// Two walks of 300 prices; the second repeats the last 64 of the first at half the price.
fn pair() -> (Vec<f64>, Vec<f64>) {
    let a = closes(300, 1);
    let mut b = closes(300, 2);
    for i in 0..64 {
        b[PLANTED + i] = a[236 + i] / 2.0;
    }
    (a, b)
}

const PLANTED: usize = 100;

/// When the window of BBBUSDT closed that repeats AAAUSDT's last one.
pub(crate) fn planted() -> String {
    time(START + (PLANTED as i64 + 64) * HOUR)
}

pub(crate) fn time(millis: i64) -> String {
    Timestamp::from_millis(millis).to_string()
}

/// Candles with these closes; each opens at the close before it.
pub(crate) fn csv(start: i64, step: i64, closes: &[f64]) -> String {
    let mut text = "time,open,high,low,close,volume\n".to_owned();
    let mut open = closes.first().copied().unwrap_or_default();
    for (i, &close) in closes.iter().enumerate() {
        let (high, low) = (open.max(close), open.min(close));
        let time = time(start + i as i64 * step);
        writeln!(
            text,
            "{time},{open:?},{high:?},{low:?},{close:?},{}.0",
            i + 1
        )
        .unwrap();
        open = close;
    }
    text
}

/// The line of a record that begins with this title, without its title.
#[track_caller]
pub(crate) fn field(record: &str, title: &str) -> String {
    let line = record.lines().find(|l| l.starts_with(title));
    let line = line.unwrap_or_else(|| panic!("no {title:?} in {record}"));
    line[title.len()..].trim().to_owned()
}
