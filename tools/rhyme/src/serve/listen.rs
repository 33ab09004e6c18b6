//! Where the server listens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use rhymedb::Error;

use crate::failure::Outcome;

/// An address and a port as they are typed.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let local = text.strip_prefix("localhost:");
    let local = local.and_then(|port| port.parse().ok());
    let local = local.map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    local.or_else(|| text.parse().ok()).ok_or_else(|| {
        format!("expected an address and a port like 127.0.0.1:7878 or [::1]:7878, found {text:?}")
    })
}

/// Refuses an address that other machines reach, unless they may.
pub(super) fn check(address: SocketAddr, allow_remote: bool) -> Outcome {
    if allow_remote || address.ip().is_loopback() {
        return Ok(());
    }
    let port = address.port();
    let reached = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => "every machine that reaches this one",
        IpAddr::V6(ip) if ip.is_unspecified() => "every machine that reaches this one",
        _ => "other machines",
    };
    Err(Error::Invalid(format!(
        "expected an address of this machine alone, like 127.0.0.1:{port}, found {address}: {reached} could ask this database, without a password and unencrypted; allow it with --allow-remote"
    ))
    .into())
}

pub(super) fn bind(address: SocketAddr) -> Outcome<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|e| {
        Error::Invalid(format!(
            "cannot listen at {address}: {e}; choose another port, or port 0 for a free one"
        ))
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, ip) in [
            ("127.0.0.1:80", "127.0.0.1"),
            ("localhost:80", "127.0.0.1"),
            ("[::1]:80", "::1"),
            ("0.0.0.0:80", "0.0.0.0"),
        ] {
            let read = address(text).unwrap();
            assert_eq!((read.ip().to_string().as_str(), read.port()), (ip, 80));
        }
        for text in ["", "80", "127.0.0.1", "localhost:x", "example.com:80"] {
            assert!(address(text).unwrap_err().contains("127.0.0.1:7878"));
        }
    }

    #[test]
    fn other_machines_are_kept_out_unless_allowed() {
        for (text, own) in [
            ("127.0.0.1:0", true),
            ("127.9.9.9:0", true),
            ("[::1]:0", true),
            ("0.0.0.0:0", false),
            ("[::]:0", false),
            ("192.168.1.2:0", false),
        ] {
            let address = address(text).unwrap();
            assert_eq!(check(address, false).is_ok(), own, "{text}");
            assert!(check(address, true).is_ok());
        }
    }
}
