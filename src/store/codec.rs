//! Values of the catalog: one version byte, then bincode.
//!
//! bincode is finished and unmaintained, so it stays in this file, and its bytes behind a version
//! of our own: another encoding would be version 2 beside it.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

const BINCODE_1: u8 = 1;
/// No value comes near this; a length above it is damage, not data.
const LIMIT: usize = 16 << 20;

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<LIMIT>()
}

/// Encodes a value.
pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let bytes = bincode::serde::encode_to_vec(value, config())
        .map_err(|e| Error::internal(format!("a value cannot be encoded: {e}")))?;
    let mut out = Vec::with_capacity(bytes.len() + 1);
    out.push(BINCODE_1);
    out.extend_from_slice(&bytes);
    Ok(out)
}

/// Decodes a value of the table `table` in the catalog at `file`.
pub(super) fn decode<T: DeserializeOwned>(file: &Path, table: &str, bytes: &[u8]) -> Result<T> {
    let damaged = |detail: String| Error::corrupt(file, table, detail);
    let (version, rest) = bytes
        .split_first()
        .ok_or_else(|| damaged("a value is empty".to_owned()))?;
    if *version != BINCODE_1 {
        return Err(damaged(format!(
            "a value has the encoding {version}, and this program reads {BINCODE_1}"
        )));
    }
    let (value, read) = bincode::serde::decode_from_slice(rest, config())
        .map_err(|e| damaged(format!("a value cannot be decoded: {e}")))?;
    if read != rest.len() {
        return Err(damaged(format!(
            "a value of {} bytes was decoded from {read}",
            rest.len()
        )));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_come_back(value: (String, u64, Vec<i64>)) {
            let bytes = encode(&value).unwrap();
            let back: (String, u64, Vec<i64>) = decode(Path::new("c"), "t", &bytes).unwrap();
            prop_assert_eq!(back, value);
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>) {
            let decoded: Result<(String, u64, Vec<i64>)> = decode(Path::new("c"), "t", &bytes);
            if let Ok(value) = decoded {
                prop_assert_eq!(encode(&value).unwrap(), bytes);
            }
        }
    }
}
