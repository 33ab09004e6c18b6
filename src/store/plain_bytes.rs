//! Bytes in one piece. What serde does with a `Vec<u8>` by itself, value by value, has the same encoding in the
//! catalog, and takes long.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(bytes)
        }
    }

    deserializer.deserialize_byte_buf(Bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use serde::{Deserialize, Serialize};

    use super::super::codec;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Plain(#[serde(with = "super")] Vec<u8>);

    #[test]
    fn the_encoding_is_that_of_a_list_of_bytes() {
        for len in [0, 1, 250, 251, 70_000] {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let encoded = codec::encode(&Plain(bytes.clone())).unwrap();
            assert_eq!(encoded, codec::encode(&bytes).unwrap());
            let back: Plain = codec::decode(Path::new("c"), "t", &encoded).unwrap();
            assert_eq!(back, Plain(bytes));
        }
    }
}
