//! Which addresses may be asked.

use reqwest::Url;

use crate::error::{Error, Result};

/// What a base URL has to be like.
#[derive(Clone, Copy, Debug)]
pub(in crate::source) struct Wanted {
    /// One that would do.
    pub(in crate::source) like: &'static str,
    /// Whether it may go on after the host and the port.
    pub(in crate::source) path: bool,
    /// Whether it may have a query, like `?key=1`.
    pub(in crate::source) query: bool,
    /// Why there are no user and no password in it.
    pub(in crate::source) no_password: &'static str,
}

/// Checks that a base URL names a server that may be asked: with HTTPS, or on this machine.
pub(in crate::source) fn check_base_url(text: &str, wanted: Wanted) -> Result<Url> {
    let Wanted {
        like,
        path,
        query,
        no_password,
    } = wanted;
    let bad = |why: &str| {
        Error::invalid(format!(
            "expected a base URL like {like}, found {text:?}: {why}"
        ))
    };
    let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::invalid(format!(
            "expected a base URL like {like}, found one with a user or a password in it; leave them out, {no_password}"
        )));
    }
    let host = url.host_str().ok_or_else(|| bad("it names no host"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        "http" => return Err(bad("http is accepted for this machine only; use https")),
        _ => return Err(bad("only https is accepted, and http for this machine")),
    }
    let more = url.query().is_some() && !query || url.fragment().is_some();
    if more || url.path() != "/" && !path {
        return Err(bad("leave out all that follows the host and the port"));
    }
    Ok(url)
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{Wanted, check_base_url};

    const BYBIT: Wanted = Wanted {
        like: "https://api.bybit.com",
        path: false,
        query: false,
        no_password: "candles are public",
    };

    #[test]
    fn only_https_or_this_machine() {
        for good in [
            "https://api.bybit.com",
            "https://api.bybit.nl/",
            "http://127.0.0.1:8080",
            "http://127.9.9.9:1",
            "http://localhost:80",
            "http://[::1]:8080",
        ] {
            assert!(check_base_url(good, BYBIT).is_ok(), "{good}");
        }
        for (bad, why) in [
            (
                "http://api.bybit.com",
                "http is accepted for this machine only",
            ),
            ("http://127.0.0.1.example.com", "this machine only"),
            ("http://localhost.example.com", "this machine only"),
            ("http://10.0.0.1", "this machine only"),
            ("ftp://api.bybit.com", "only https is accepted"),
            ("file:///etc/hosts", "it names no host"),
            ("api.bybit.com", "relative URL"),
            ("https://me:secret@api.bybit.com", "a user or a password"),
            ("https://api.bybit.com/v5", "leave out all that follows"),
            ("https://api.bybit.com?x=1", "leave out all that follows"),
            ("", "relative URL"),
        ] {
            let error = check_base_url(bad, BYBIT).unwrap_err().to_string();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }
}
