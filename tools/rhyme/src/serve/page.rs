//! The page for people. It is one file that loads nothing from elsewhere, and its browser is told so.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

const PAGE: &[u8] = include_bytes!("../../explorer/dist/index.html");
/// The hashes of the page's scripts, like 'sha256-...': others do not run.
const SCRIPTS: &str = include_str!("../../explorer/dist/script-hashes.txt");

pub(super) async fn page() -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let mut response = ([(header::CONTENT_TYPE, html)], PAGE).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy(SCRIPTS)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let quiet = HeaderValue::from_static("no-referrer");
    headers.insert(HeaderName::from_static("referrer-policy"), quiet);
    response
}

fn policy(scripts: &str) -> String {
    let hashes: Vec<&str> = scripts.split_whitespace().collect();
    let scripts = if hashes.is_empty() {
        "'none'".to_owned()
    } else {
        hashes.join(" ")
    };
    format!(
        "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src 'self' data: blob:; font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scripts_of_the_page_run() {
        assert!(policy("").contains("script-src 'none';"));
        let two = policy("'sha256-a='\n'sha256-b='\n");
        assert!(two.contains("script-src 'sha256-a=' 'sha256-b=';"), "{two}");
        assert!(HeaderValue::from_str(&policy(SCRIPTS)).is_ok());
        assert!(!policy(SCRIPTS).contains("unsafe-eval"));
    }
}
