//! Protocol buffers, as far as an ONNX file is looked at before a library reads it: whether it is whole, how many
//! parts it has, and what stands in its metadata.
//!
//! A list of empty messages takes two bytes a message in a file and some hundred in memory. So parts are counted first.

/// More fields than any network of charts has; each may take some 300 bytes in memory.
const MOST_FIELDS: usize = 1 << 19;

/// What is wrong with the bytes of a file.
pub(super) type Broken = &'static str;

const CUT: Broken = "its fields do not end where the file ends";

/// The messages of an ONNX file that hold lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Value,
    Type,
    TensorType,
    Shape,
}

impl Message {
    /// The message in a field of this one, if it is one that may hold lists.
    ///
    /// # Errors
    /// What the field is, where no network of charts needs it.
    fn within(self, number: u64) -> Result<Option<Self>, Broken> {
        Ok(match (self, number) {
            (Self::Model, 7) => Some(Self::Graph),
            (Self::Model, 20) => return Err("it holds steps of a training"),
            (Self::Model, 25) => {
                return Err(
                    "it has operators of its own (functions); inline them with `onnx.inliner.inline_local_functions`",
                );
            }
            (Self::Graph, 1) => Some(Self::Node),
            (Self::Graph, 5) | (Self::Attribute, 5) => Some(Self::Tensor),
            (Self::Graph, 11..=13) => Some(Self::Value),
            (Self::Graph, 14) => return Err("its numbers are quantised"),
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => {
                return Err("it has sparse tensors");
            }
            (Self::Node, 5) => Some(Self::Attribute),
            (Self::Attribute, 6 | 11) => {
                return Err("it has a loop or a branch (an operator with a graph of its own)");
            }
            (Self::Attribute, 10 | 15) => return Err("an operator has a list of tensors or types"),
            (Self::Value, 2) => Some(Self::Type),
            (Self::Type, 1) => Some(Self::TensorType),
            (Self::TensorType, 2) => Some(Self::Shape),
            _ => None,
        })
    }
}

/// A field of a message: its number, and its bytes if it has a length.
struct Field<'a> {
    number: u64,
    bytes: Option<&'a [u8]>,
}

/// The fields of a message, until one is broken.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<Field<'a>> {
        let tag = self.varint()?;
        let bytes = match tag & 7 {
            0 => {
                self.varint()?;
                None
            }
            1 => {
                self.take(8)?;
                None
            }
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                Some(self.take(len)?)
            }
            5 => {
                self.take(4)?;
                None
            }
            _ => return None,
        };
        Some(Field {
            number: tag >> 3,
            bytes,
        })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or(CUT))
    }
}

/// Checks that a file is whole and has no more parts than can be read.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(file: &[u8]) -> Result<(), Broken> {
    let mut left = MOST_FIELDS;
    count(Message::Model, file, &mut left)
}

fn count(message: Message, bytes: &[u8], left: &mut usize) -> Result<(), Broken> {
    for field in (Fields { rest: bytes }) {
        let field = field?;
        *left = left
            .checked_sub(1)
            .ok_or("it has more parts than a network of charts")?;
        let within = message.within(field.number)?;
        if let (Some(within), Some(bytes)) = (within, field.bytes) {
            count(within, bytes, left)?;
        }
    }
    Ok(())
}

/// The values of a key in the metadata of a file (`metadata_props`).
///
/// # Errors
/// What is wrong with the file.
pub(super) fn metadata<'a>(file: &'a [u8], key: &str) -> Result<Vec<&'a [u8]>, Broken> {
    let mut found = Vec::new();
    for field in (Fields { rest: file }) {
        let field = field?;
        let (14, Some(entry)) = (field.number, field.bytes) else {
            continue;
        };
        let mut name: &[u8] = &[];
        let mut value: &[u8] = &[];
        for part in (Fields { rest: entry }) {
            let part = part?;
            match (part.number, part.bytes) {
                (1, Some(bytes)) => name = bytes,
                (2, Some(bytes)) => value = bytes,
                _ => {}
            }
        }
        if name == key.as_bytes() {
            found.push(value);
        }
    }
    Ok(found)
}

/// The bytes that add an entry to the metadata of a file when they follow it: fields of a message may come in any
/// order, and those of a list in several places.
pub(super) fn metadata_entry(key: &str, value: &str) -> Vec<u8> {
    let mut entry = Vec::new();
    push(&mut entry, 1, key.as_bytes());
    push(&mut entry, 2, value.as_bytes());
    let mut field = Vec::new();
    push(&mut field, 14, &entry);
    field
}

/// Adds a field with a length.
fn push(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    let mut len = bytes.len();
    while len >= 0x80 {
        out.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    /// A model of IR version 8, with a producer and an empty graph.
    fn model() -> Vec<u8> {
        let mut file = vec![0x08, 0x08];
        push(&mut file, 2, b"test");
        push(&mut file, 7, b"");
        file
    }

    #[test]
    fn metadata_is_added_and_found() {
        let mut file = model();
        assert!(metadata(&file, "key").unwrap().is_empty());
        let long = "x".repeat(300);
        file.extend(metadata_entry("other", "no"));
        file.extend(metadata_entry("key", &long));
        file.extend(metadata_entry("key", "second"));
        check(&file).unwrap();
        let found = metadata(&file, "key").unwrap();
        assert_eq!(found, [long.as_bytes(), b"second"]);
        for cut in 1..file.len() {
            // Cut between two fields, it is a shorter file.
            if check(&file[..cut]).is_ok() {
                assert!(metadata(&file[..cut], "key").unwrap().len() < 2);
            }
        }
        assert_eq!(check(&file[..file.len() - 1]), Err(CUT));
    }

    #[test]
    fn many_empty_parts_are_refused_before_they_take_memory() {
        let mut file = vec![0x08, 0x08];
        let nodes = [0x0a, 0x00].repeat(MOST_FIELDS);
        push(&mut file, 7, &nodes);
        let refused = check(&file).unwrap_err();
        assert!(refused.contains("more parts"), "{refused}");
        let mut dims = Vec::new();
        push(&mut dims, 2, &[0x0a, 0x00].repeat(MOST_FIELDS));
        let (mut of_tensor, mut of_value, mut graph) = (Vec::new(), Vec::new(), Vec::new());
        push(&mut of_tensor, 1, &dims);
        push(&mut of_value, 2, &of_tensor);
        push(&mut graph, 13, &of_value);
        let mut file = model();
        push(&mut file, 7, &graph);
        assert!(check(&file).is_err());
    }

    #[test]
    fn what_no_chart_network_needs_is_named() {
        let mut file = model();
        file.extend([0xa2, 0x01, 0x00]);
        assert!(check(&file).unwrap_err().contains("training"));
        let mut file = model();
        file.extend([0xca, 0x01, 0x00]);
        assert!(check(&file).unwrap_err().contains("inline"));
        // A group, which nothing has used for decades; a length beyond any file; a number without an end.
        for broken in [
            &[0x0b][..],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0xff; 12],
        ] {
            assert_eq!(check(broken), Err(CUT));
        }
    }
}
