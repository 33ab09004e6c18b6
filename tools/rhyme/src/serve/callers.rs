//! Who may ask: programs, and pages of this server.
//!
//! A page of another site can make a browser send requests here, and a site can make its own name lead to
//! this machine. The first tells its origin, and the second calls the server by its own name.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, header};

use super::refusal::Refusal;

/// Where a request of a browser comes from, as the browser says.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) struct Callers {
    /// Whether other machines may ask, by any address.
    remote: bool,
    /// Names of this machine.
    names: Vec<String>,
}

impl Callers {
    pub(super) fn new(remote: bool, names: &[String]) -> Self {
        let names = names.iter().map(|name| name.trim().to_lowercase());
        Self {
            remote,
            names: names.chain(["localhost".to_owned()]).collect(),
        }
    }

    pub(super) fn check(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        let called = match request.uri().authority() {
            Some(authority) => authority.clone(),
            None => host(headers)?,
        };
        if !self.is_ours(called.host()) {
            return Err(Refusal::forbidden(format!(
                "expected to be called localhost or by an address of this machine, found the name {:?}; `rhyme serve --host NAME` allows a name",
                called.host()
            )));
        }
        match one(headers, &header::ORIGIN)? {
            Some(origin) if !is_origin_of(origin, &called) => Err(Refusal::forbidden(format!(
                "pages of other sites may not ask; found the origin {origin:?}"
            ))),
            // A link from elsewhere may lead to the page.
            _ if request.method() == Method::GET && request.uri().path() == "/" => Ok(()),
            _ => match one(headers, &SITE)? {
                None | Some("same-origin" | "none") => Ok(()),
                Some(_) => Err(Refusal::forbidden("pages of other sites may not ask")),
            },
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        // An address is no name that a site could make lead here.
        match bare.unwrap_or(&host).parse::<IpAddr>() {
            Ok(ip) => self.remote || ip.is_loopback(),
            Err(_) => self.names.contains(&host),
        }
    }
}

/// The only value of a header, if it has one.
pub(super) fn one<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Refusal::bad_request(format!("expected one header {name}")));
    }
    let text = value.map(|value| value.to_str().ok());
    text.map_or(Ok(None), |text| match text {
        Some(text) => Ok(Some(text)),
        None => Err(Refusal::bad_request(format!("cannot read {name}"))),
    })
}

fn host(headers: &HeaderMap) -> Result<Authority, Refusal> {
    let host = one(headers, &header::HOST)?;
    let host = host.and_then(|host| host.parse().ok());
    host.ok_or_else(|| Refusal::bad_request("expected a header Host, like localhost:7878"))
}

/// Whether an origin is that of pages of this server.
fn is_origin_of(origin: &str, called: &Authority) -> bool {
    let after = |scheme| origin.strip_prefix(scheme);
    let named = after("http://").or_else(|| after("https://"));
    named.is_some_and(|named| named.eq_ignore_ascii_case(called.as_str()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use axum::body::Body;
    use axum::http::StatusCode;

    use super::*;

    fn status(callers: &Callers, path: &str, headers: &[(&str, &str)]) -> Option<StatusCode> {
        let mut request = Request::builder().method("POST").uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let checked = callers.check(&request.body(Body::empty()).unwrap());
        checked.err().map(|refusal| refusal.status)
    }

    #[test]
    fn names_of_other_sites_are_refused() {
        let local = Callers::new(false, &["Desk.lan".to_owned()]);
        let remote = Callers::new(true, &[]);
        let forbidden = Some(StatusCode::FORBIDDEN);
        for (host, by_local, by_remote) in [
            ("localhost:7878", None, None),
            ("LOCALHOST", None, None),
            ("127.0.0.1:7878", None, None),
            ("[::1]:7878", None, None),
            ("desk.lan:7878", None, forbidden),
            ("192.168.1.2:7878", forbidden, None),
            ("evil.example:7878", forbidden, forbidden),
            ("localhost.evil.example", forbidden, forbidden),
            ("127.0.0.1.evil.example", forbidden, forbidden),
            ("user@evil.example", forbidden, forbidden),
        ] {
            let asked = |callers| status(callers, "/v1/ask", &[("host", host)]);
            assert_eq!(asked(&local), by_local, "{host}");
            assert_eq!(asked(&remote), by_remote, "{host}");
        }
        // What stands in the line of the request goes before the header.
        let absolute = "http://evil.example/v1/ask";
        let found = status(&local, absolute, &[("host", "localhost")]);
        assert_eq!(found, forbidden);
        let bad = Some(StatusCode::BAD_REQUEST);
        assert_eq!(status(&local, "/v1/ask", &[]), bad);
        let two = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(status(&local, "/v1/ask", &two), bad);
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let local = Callers::new(false, &[]);
        let asked = |name, value| {
            let headers = [("host", "localhost:7878"), (name, value)];
            status(&local, "/v1/ask", &headers)
        };
        let forbidden = Some(StatusCode::FORBIDDEN);
        assert_eq!(asked("origin", "http://localhost:7878"), None);
        for origin in [
            "null",
            "http://localhost",
            "http://localhost:3000",
            "http://127.0.0.1:7878",
            "http://evil.example",
            "file://localhost:7878",
        ] {
            assert_eq!(asked("origin", origin), forbidden, "{origin}");
        }
        assert_eq!(asked("sec-fetch-site", "same-origin"), None);
        assert_eq!(asked("sec-fetch-site", "none"), None);
        assert_eq!(asked("sec-fetch-site", "same-site"), forbidden);
        assert_eq!(asked("sec-fetch-site", "cross-site"), forbidden);
    }
}
