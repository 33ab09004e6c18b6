use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;

use super::bars::{check_bars, options};
use super::input::{Input, twice};
use super::scratch::Scratch;
use crate::source::{BarFile, BarOptions, read_bars};

/// How many members an input is made into at most.
const MEMBERS: usize = 20;

/// Gzip and zip: a packed file of any bytes, and any bytes properly packed.
pub fn container(data: &[u8]) {
    let Some(input) = Input::of(data) else {
        return;
    };
    match input.choose(&[0, 1, 2]) {
        0 => drop(read("packed", input.content, &options(&input))),
        1 => packed_is_plain(&input),
        _ => {
            if let Some(bytes) = zip_of_members(input.content) {
                read("file.zip", &bytes, &options(&input));
            }
        }
    }
}

fn read(name: &str, bytes: &[u8], options: &BarOptions) -> Option<BarFile> {
    let scratch = Scratch::new();
    let path = scratch.file(&format!("crypto/v/{name}"), bytes);
    let file = twice(|| read_bars(&path, options))?;
    check_bars(&file, options.on_error);
    Some(file)
}

/// What can be read can be read from a gzip and a zip as well.
fn packed_is_plain(input: &Input<'_>) {
    let options = options(input);
    const CONTAINERS: [&[u8]; 3] = [b"\x1f\x8b", b"PK", b"PAR1"];
    if CONTAINERS.iter().any(|m| input.content.starts_with(m)) {
        return;
    }
    let plain = read("X_1h.csv", input.content, &options).map(|f| f.series);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(input.content).unwrap();
    let gzip = gzip.finish().unwrap();
    let series = |packed: Option<BarFile>| packed.map(|f| f.series);
    assert_eq!(series(read("X_1h.csv", &gzip, &options)), plain);
    let zip = zip_of(&[("X_1h.csv", input.content)]).expect("a name that zip takes");
    assert_eq!(series(read("X_1h.csv", &zip, &options)), plain);
}

/// Members are `name`, byte 31, `content`, with byte 30 between them.
fn zip_of_members(text: &[u8]) -> Option<Vec<u8>> {
    let parts = text.split(|b| *b == 30).take(MEMBERS);
    let members: Vec<(String, &[u8])> = parts
        .map(|part| {
            let mut halves = part.splitn(2, |b| *b == 31);
            let name = String::from_utf8_lossy(halves.next().unwrap_or_default());
            (name.into_owned(), halves.next().unwrap_or_default())
        })
        .collect();
    let named: Vec<(&str, &[u8])> = members.iter().map(|(n, c)| (n.as_str(), *c)).collect();
    zip_of(&named)
}

/// `None` where the names cannot be those of a zip file.
fn zip_of(members: &[(&str, &[u8])]) -> Option<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .ok()?;
        writer.write_all(content).ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}
