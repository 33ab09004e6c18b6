//! A drawing: a pattern's name, or a path from the command line or from a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rhymedb::Error;

use crate::failure::Outcome;

/// The largest file of a path in bytes.
const MOST: u64 = 1 << 20;

/// Whether a text is the name of a pattern: no file is called so, and it has no dot, slash or digit and
/// nothing that stands between prices.
pub(super) fn is_name(text: &str) -> bool {
    let other = |c: char| ".,;/\\".contains(c) || c.is_ascii_digit();
    text.contains(char::is_alphabetic) && !text.contains(other) && !Path::new(text).is_file()
}

/// The prices of a path: numbers between commas, semicolons, white space or line breaks.
pub(super) fn path(text: &str) -> Outcome<Vec<f64>> {
    let file = Path::new(text);
    if !file.is_file() {
        return numbers(text).map_err(|found| {
            Error::Invalid(format!(
                "expected prices like 1,3,2,5,4 or a file of them, found {found:?}, which is neither a number nor the name of a file"
            ))
            .into()
        });
    }
    let fault = |source| Error::Io {
        action: "read",
        path: file.to_path_buf(),
        source: std::sync::Arc::new(source),
    };
    let mut content = String::new();
    let mut limited = File::open(file).map_err(fault)?.take(MOST + 1);
    limited.read_to_string(&mut content).map_err(fault)?;
    if content.len() as u64 > MOST {
        return Err(Error::Invalid(format!(
            "expected a path in a file of at most {MOST} bytes, found more in {text}"
        ))
        .into());
    }
    let mut prices = Vec::new();
    for (i, line) in content.lines().enumerate() {
        let found = numbers(line).map_err(|found| Error::Input {
            file: file.to_path_buf(),
            line: Some(i as u64 + 1),
            message: format!("expected prices like 1,3,2,5,4, found {found:?}"),
        })?;
        prices.extend(found);
    }
    Ok(prices)
}

/// The numbers of a text, or the first part of it that is none.
fn numbers(text: &str) -> Result<Vec<f64>, String> {
    text.split(|c: char| c == ',' || c == ';' || c.is_whitespace())
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse()
                .map_err(|_| part.chars().take(40).collect::<String>())
        })
        .collect()
}
