//! A file that a client sends: it goes to a temporary file as it arrives, so that memory does not grow.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use http_body_util::BodyExt;
use rhymedb::Error;
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::body::announced;
use super::refusal::Refusal;

/// The longest file in bytes.
pub(super) const MOST: u64 = 256 << 20;
/// Of a file that is too long so much more is read: a client that is cut off while it sends sees no answer.
const DISCARDED: u64 = 64 << 20;
/// So many bytes are written at a time.
const PIECE: usize = 1 << 20;

/// Reads the body of a request into a file of a folder. It ends if nothing arrives for too long.
pub(super) async fn into_file(
    request: Request,
    folder: &Path,
    (patience, most): (Duration, u64),
) -> Result<NamedTempFile, Refusal> {
    check_type(&request)?;
    let mut arriving = Arriving {
        length: announced(&request).unwrap_or_default(),
        body: request.into_body(),
        patience,
        most,
        read: 0,
    };
    let folder = folder.to_path_buf();
    let mut file = on_a_thread(move || NamedTempFile::new_in(folder)).await?;
    let mut piece = Vec::with_capacity(PIECE);
    while arriving.piece(&mut piece).await? {
        file = append(file, std::mem::take(&mut piece)).await?;
    }
    if arriving.is_too_long() {
        return Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            format!(
                "expected a file of at most {most} bytes; send it in parts, or use `rhyme ingest`"
            ),
        ));
    }
    if arriving.read == 0 {
        return Err(Refusal::bad_request(
            "expected a file as the body, found none; with curl: --data-binary @FILE",
        ));
    }
    append(file, piece).await
}

struct Arriving {
    body: Body,
    patience: Duration,
    most: u64,
    /// The bytes that are said to come, 0 if nothing is said.
    length: u64,
    /// The bytes that came.
    read: u64,
}

impl Arriving {
    fn is_too_long(&self) -> bool {
        self.read.max(self.length) > self.most
    }

    /// Reads until there is a piece to write. Whether there is more to come.
    async fn piece(&mut self, into: &mut Vec<u8>) -> Result<bool, Refusal> {
        while into.len() < PIECE {
            let frame = timeout(self.patience, self.body.frame()).await;
            let frame = frame.map_err(|_| Refusal::too_slow(self.patience))?;
            let Some(frame) = frame else {
                return Ok(false);
            };
            let frame = frame.map_err(|e| {
                Refusal::bad_request(format!("the body broke off, and nothing was stored: {e}"))
            })?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            self.read = self.read.saturating_add(data.len() as u64);
            let kept = if self.length > self.most {
                0
            } else {
                self.most
            };
            if self.read > kept + DISCARDED {
                return Ok(false);
            }
            if !self.is_too_long() {
                into.extend_from_slice(data);
            }
        }
        Ok(true)
    }
}

/// What is sent as a form is not the file itself.
fn check_type(request: &Request<Body>) -> Result<(), Refusal> {
    let typed = request.headers().get(header::CONTENT_TYPE);
    let typed = typed.and_then(|t| t.to_str().ok()).unwrap_or_default();
    if !typed.trim_start().to_lowercase().starts_with("multipart/") {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not-a-file",
        format!(
            "expected the file itself as the body, found {typed:?}; with curl: --data-binary @FILE"
        ),
    ))
}

async fn append(mut file: NamedTempFile, piece: Vec<u8>) -> Result<NamedTempFile, Refusal> {
    on_a_thread(move || {
        file.write_all(&piece)?;
        Ok(file)
    })
    .await
}

/// Writes where nobody waits for the disk.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Refusal> {
    let broken = |_| Error::Internal("writing a temporary file panicked".to_owned());
    spawn_blocking(work).await.map_err(broken)?.map_err(|e| {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "storage",
            format!("the server cannot keep the body in its temporary folder: {e}"),
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use tokio::runtime::Builder;

    use super::*;

    /// What is read of a body whose length nobody said.
    fn read(bytes: usize, most: u64) -> Result<u64, &'static str> {
        let folder = tempfile::tempdir().unwrap();
        let request = Request::new(Body::from(vec![7; bytes]));
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let limits = (Duration::from_secs(60), most);
        let file = runtime.block_on(into_file(request, folder.path(), limits));
        let file = file.map_err(|refusal| refusal.kind);
        let size = file.map(|file| file.path().metadata().unwrap().len());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        size
    }

    #[test]
    fn a_body_of_unknown_length_is_read_up_to_the_limit() {
        for (bytes, most) in [
            (1, 1),
            (PIECE, 1 << 30),
            (PIECE + 1, 1 << 30),
            (3_000_000, 3_000_000),
        ] {
            assert_eq!(read(bytes, most), Ok(bytes as u64));
        }
        assert_eq!(read(3_000_001, 3_000_000), Err("too-large"));
        assert_eq!(read(0, 10), Err("invalid"));
    }
}
