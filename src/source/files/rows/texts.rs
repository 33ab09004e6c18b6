//! Many texts in little memory.

/// Texts one after the other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Texts {
    all: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    pub(super) fn push(&mut self, text: &[u8]) {
        self.all.extend_from_slice(text);
        self.ends.push(self.all.len());
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All of them, if each is a text of JSON.
    pub(super) fn as_strings(&self) -> Option<Vec<String>> {
        let text = |at| serde_json::from_slice(self.get(at)).ok();
        (0..self.len()).map(text).collect()
    }

    /// The text at `at`, empty past the end.
    pub(super) fn get(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let end = self.ends.get(at).copied().unwrap_or_default();
        let range = start.copied().unwrap_or_default()..end;
        self.all.get(range).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Texts;

    #[test]
    fn texts_keep_their_places() {
        let mut texts = Texts::default();
        for text in ["1", "", "[2, \"]\"]"] {
            texts.push(text.as_bytes());
        }
        let all: Vec<&[u8]> = (0..4).map(|at| texts.get(at)).collect();
        assert_eq!(texts.len(), 3);
        assert_eq!(all, [&b"1"[..], b"", b"[2, \"]\"]", b""]);
        assert!(Texts::default().is_empty());
    }
}
