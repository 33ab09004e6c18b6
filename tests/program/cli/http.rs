//! A server of the program as a process, and as much of an HTTP client as its tests need: what a client
//! library hides, like a connection that stands still, is what they are about.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{Run, World};

/// A running server; it is killed when a test ends without stopping it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let read = serde_json::from_str(&self.body);
        read.unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.body))
    }

    /// Expects an answer.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.json()
    }

    /// Expects a refusal with this status, kind and part of a message.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, kind: &str, message: &str) {
        let error = self.json();
        let said = error["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(self.status, status, "{error}");
        assert_eq!(error["error"]["kind"], kind, "{error}");
        assert!(said.contains(message), "{message:?} is not in: {said}");
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|l| l.split_once(": "));
        let mut found = lines.filter(|(n, _)| n.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }
}

impl Server {
    /// Starts a server of a world's database at a free port.
    pub(crate) fn start(world: &World, options: &[&str]) -> Self {
        Self::start_in(world, options, &[])
    }

    /// The same, with variables of the environment.
    pub(crate) fn start_in(world: &World, options: &[&str], variables: &[(&str, &str)]) -> Self {
        let args = ["serve", "-q", "--listen", "127.0.0.1:0", "--format", "json"];
        let mut command = world.command(&[&args[..], options].concat());
        command.envs(variables.iter().copied());
        let mut child = command.stderr(Stdio::inherit()).spawn().unwrap();
        let mut line = String::new();
        let out = child.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let address = told["address"].as_str().unwrap();
        let address = address.strip_prefix("http://").unwrap().parse().unwrap();
        Self { child, address }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        let patience = Some(Duration::from_secs(60));
        stream.set_read_timeout(patience).unwrap();
        stream
    }

    /// The text of a request; `headers` are lines.
    pub(crate) fn request(&self, line: &str, headers: &[&str], body: &str) -> String {
        let mut text = format!("{line} HTTP/1.1\r\n");
        if !headers.iter().any(|h| h.starts_with("Host:")) {
            text.push_str(&format!("Host: {}\r\n", self.address));
        }
        for header in headers {
            text.push_str(&format!("{header}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        format!("{text}Connection: close\r\n\r\n{body}")
    }

    pub(crate) fn send(&self, line: &str, headers: &[&str], body: &str) -> Reply {
        let mut stream = self.connect();
        let request = self.request(line, headers, body);
        stream.write_all(request.as_bytes()).unwrap();
        reply(&mut stream)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send(&format!("GET {path}"), &[], "")
    }

    /// The head and the body of a reply that is no text.
    pub(crate) fn get_bytes(&self, path: &str) -> (String, Vec<u8>) {
        let mut stream = self.connect();
        let request = self.request(&format!("GET {path}"), &[], "");
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let body = bytes.split_off(end + 4);
        (String::from_utf8(bytes).unwrap(), body)
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        let json = ["Content-Type: application/json"];
        self.send(&format!("POST {path}"), &json, body)
    }

    /// The value of a line of `/metrics`, 0 if there is no such line.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").body;
        let line = text.lines().find_map(|l| l.strip_prefix(name));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn wait_until(&self, so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !so(self) {
            let text = || self.get("/metrics").body;
            assert!(start.elapsed() < Duration::from_secs(60), "{}", text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let mut kill = std::process::Command::new("kill");
        assert!(kill.args([name, &pid]).status().unwrap().success());
    }

    /// Waits for the end of the process.
    pub(crate) fn finish(mut self) -> Run {
        let code = self.child.wait().unwrap().code();
        let mut out = String::new();
        let stdout = self.child.stdout.as_mut().unwrap();
        stdout.read_to_string(&mut out).unwrap();
        let err = String::new();
        Run { code, out, err }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a reply to its end.
#[track_caller]
pub(crate) fn reply(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
    Reply {
        status: status.unwrap_or_else(|| panic!("no reply: {text:?}")),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
