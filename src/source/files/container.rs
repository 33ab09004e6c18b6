//! The texts of a file: itself, the one in a gzip, or those in a zip, recognised by content.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use zip::result::ZipError;

use crate::error::{Error, Result, shortened};

const HEAD: usize = 4_096;
const BUFFER: usize = 64 * 1024;
/// The most that a file may unpack to, whatever its size.
const MAX_INFLATED: u64 = 16 << 30;
/// Compressed candles and headlines are a third to a twentieth of their text; a file that grows
/// more than this, and above the floor below, is a bomb.
const MAX_INFLATION: u64 = 100;
const INFLATION_FLOOR: u64 = 64 << 20;
const MAX_MEMBERS: usize = 10_000;

/// A file or a member of a zip file, for names in messages.
#[derive(Clone, Debug)]
pub(crate) struct FilePlace {
    path: PathBuf,
    inner: Option<String>,
}

impl FilePlace {
    /// A file as a whole.
    pub(crate) fn of(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            inner: None,
        }
    }

    /// The path to infer names from: the file's folder with the member's own folders and name.
    /// Parts of the member's name that lead elsewhere are left out; nothing is ever opened by it.
    pub(crate) fn naming_path(&self) -> PathBuf {
        let Some(inner) = &self.inner else {
            return self.path.clone();
        };
        let inner = inner.replace('\\', "/");
        let normal = Path::new(&inner)
            .components()
            .filter(|c| matches!(c, Component::Normal(_)));
        let folder = self.path.parent().unwrap_or(Path::new(""));
        normal.fold(folder.to_path_buf(), |path, part| path.join(part))
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The member's name inside a zip file.
    pub(crate) fn inner(&self) -> Option<&str> {
        self.inner.as_deref()
    }

    /// An [`Error::Input`] here.
    pub(crate) fn error(&self, line: Option<u64>, message: impl AsRef<str>) -> Error {
        let message = message.as_ref();
        match &self.inner {
            Some(inner) => {
                let message = format!("in {}: {message}", shortened(inner));
                Error::input(&self.path, line, message)
            }
            None => Error::input(&self.path, line, message),
        }
    }

    /// What a failed read means: damaged data or a failing disk.
    pub(crate) fn read_error(&self, line: Option<u64>, error: io::Error) -> Error {
        match error.kind() {
            ErrorKind::UnexpectedEof => self.error(
                line,
                "the compressed data ends too early; fetch the file again",
            ),
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other => self.error(
                line,
                format!("the compressed data is damaged ({error}); fetch the file again"),
            ),
            ErrorKind::FileTooLarge => self.error(line, error.to_string()),
            _ => Error::io("read", &self.path)(error),
        }
    }
}

/// What a member holds.
pub(crate) enum Content<'a> {
    /// Separated values.
    Csv(Box<dyn BufRead + 'a>),
    /// A JSON document, or one JSON value a line.
    Json(Box<dyn BufRead + 'a>),
    /// An array of NumPy.
    Npy(Box<dyn BufRead + 'a>),
    /// The file itself is a Parquet file, to be opened by its path.
    Parquet,
    /// The file itself is a Feather file, to be opened by its path.
    Feather,
}

/// One text of a file.
pub(crate) struct Member<'a> {
    pub(crate) place: FilePlace,
    pub(crate) content: Content<'a>,
}

enum Kind {
    Csv,
    Json,
    Npy,
    Parquet,
    Feather,
    Gzip,
    Zip,
}

/// What is done with a member.
type Visit<'v> = &'v mut dyn FnMut(Member<'_>) -> Result<()>;

/// What is done with a member of a zip file that cannot be opened.
type Failed<'v> = &'v mut dyn FnMut(&FilePlace, Error) -> Result<()>;

/// Visits the file's members in order: itself, or each file in a zip.
pub(crate) fn for_each_member(path: &Path, visit: Visit<'_>) -> Result<()> {
    for_each_readable_member(path, visit, &mut |_, error| Err(error))
}

/// The same, while a member of a zip file that cannot be opened does not keep the others back.
pub(crate) fn for_each_readable_member(
    path: &Path,
    visit: Visit<'_>,
    failed: Failed<'_>,
) -> Result<()> {
    let place = FilePlace::of(path);
    let file = File::open(path).map_err(Error::io("open", path))?;
    let size = file.metadata().map_err(Error::io("read", path))?.len();
    let room = Room::of_file(size);
    let (head, reader) = sniff(Box::new(file)).map_err(Error::io("read", path))?;
    match kind_of(&head, &place)? {
        Kind::Zip => {
            drop(reader);
            visit_zip(&place, &room, visit, failed)
        }
        Kind::Gzip => visit(gunzip(place, reader, &room)?),
        kind => visit(Member {
            content: content_of(kind, reader, &place)?,
            place,
        }),
    }
}

fn content_of<'a>(
    kind: Kind,
    reader: Box<dyn BufRead + 'a>,
    place: &FilePlace,
) -> Result<Content<'a>> {
    match kind {
        Kind::Csv => Ok(Content::Csv(reader)),
        Kind::Json => Ok(Content::Json(reader)),
        Kind::Npy => Ok(Content::Npy(reader)),
        Kind::Parquet => Ok(Content::Parquet),
        Kind::Feather => Ok(Content::Feather),
        Kind::Gzip | Kind::Zip => Err(place.error(None, "a container in a container; unpack it")),
    }
}

fn gunzip<'a>(
    place: FilePlace,
    packed: Box<dyn BufRead + 'a>,
    room: &'a Room,
) -> Result<Member<'a>> {
    let inflated = Limited {
        inner: MultiGzDecoder::new(packed),
        room,
    };
    let (head, reader) = sniff(Box::new(inflated)).map_err(|e| place.read_error(None, e))?;
    let content = match kind_of(&head, &place)? {
        Kind::Parquet => return Err(place.error(None, "Parquet inside of gzip; unpack it first")),
        Kind::Feather => return Err(place.error(None, "Feather inside of gzip; unpack it first")),
        kind => content_of(kind, reader, &place)?,
    };
    Ok(Member { place, content })
}

fn visit_zip(outer: &FilePlace, room: &Room, visit: Visit<'_>, failed: Failed<'_>) -> Result<()> {
    let path = &outer.path;
    let file = BufReader::new(File::open(path).map_err(Error::io("open", path))?);
    let mut archive = zip::ZipArchive::new(file).map_err(|e| zip_error(outer, e))?;
    if archive.len() > MAX_MEMBERS {
        return Err(outer.error(
            None,
            format!(
                "expected a zip file of at most {MAX_MEMBERS} members, found {}; unpack it",
                archive.len()
            ),
        ));
    }
    let mut visited = false;
    for index in 0..archive.len() {
        let member = match archive.by_index(index) {
            Ok(member) => member,
            Err(error) => {
                visited = true;
                failed(&unopened(outer, index), zip_error(outer, error))?;
                continue;
            }
        };
        let name = member
            .name()
            .unwrap_or_else(|_| String::from_utf8_lossy(member.name_raw()))
            .into_owned();
        if !member.is_file() || is_hidden(&name) {
            continue;
        }
        visited = true;
        let place = FilePlace {
            path: path.clone(),
            inner: Some(name),
        };
        match open_in_zip(place.clone(), member, room) {
            Ok(member) => visit(member)?,
            Err(error) => failed(&place, error)?,
        }
        // Not one member is to blame, but the file.
        if room.overrun.get() {
            return Err(place.error(None, room.message()));
        }
    }
    if visited {
        Ok(())
    } else {
        Err(outer.error(None, "the zip file holds no files"))
    }
}

/// A member that does not even tell its name.
fn unopened(outer: &FilePlace, index: usize) -> FilePlace {
    FilePlace {
        path: outer.path.clone(),
        inner: Some(format!("member {}", index + 1)),
    }
}

fn open_in_zip<'a>(place: FilePlace, member: impl Read + 'a, room: &'a Room) -> Result<Member<'a>> {
    let inflated = Limited {
        inner: member,
        room,
    };
    let (head, reader) = sniff(Box::new(inflated)).map_err(|e| place.read_error(None, e))?;
    match kind_of(&head, &place)? {
        Kind::Gzip => gunzip(place, reader, room),
        Kind::Parquet => Err(place.error(None, "Parquet inside of zip; unpack it first")),
        Kind::Feather => Err(place.error(None, "Feather inside of zip; unpack it first")),
        kind => Ok(Member {
            content: content_of(kind, reader, &place)?,
            place,
        }),
    }
}

/// Files that archivers add for themselves.
fn is_hidden(name: &str) -> bool {
    name.split(['/', '\\']).any(|part| {
        part == "__MACOSX" || (part.starts_with('.') && !part.trim_matches('.').is_empty())
    })
}

fn zip_error(place: &FilePlace, error: ZipError) -> Error {
    match error {
        ZipError::Io(e) if e.kind() != ErrorKind::UnexpectedEof => place.read_error(None, e),
        ZipError::UnsupportedArchive(what) => {
            let what = shortened(what);
            place.error(None, format!("cannot unpack the zip file: {what}"))
        }
        ZipError::CompressionMethodNotSupported(_) => place.error(
            None,
            "expected zip members that are stored or deflated, found another compression; pack the file again",
        ),
        other => place.error(
            None,
            format!(
                "the zip file is damaged ({}); fetch the file again",
                shortened(&other.to_string())
            ),
        ),
    }
}

/// The first bytes of a reader, and a reader that still gives them.
fn sniff<'a>(mut reader: Box<dyn Read + 'a>) -> io::Result<(Vec<u8>, Box<dyn BufRead + 'a>)> {
    let mut head = Vec::with_capacity(HEAD);
    reader.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let whole = Cursor::new(head.clone()).chain(BufReader::with_capacity(BUFFER, reader));
    Ok((head, Box::new(whole)))
}

fn kind_of(head: &[u8], place: &FilePlace) -> Result<Kind> {
    const FOREIGN: [(&[u8], &str); 11] = [
        (b"\x28\xb5\x2f\xfd", "zstd; unpack it first"),
        (b"BZh", "bzip2; unpack it first"),
        (b"\xfd7zXZ", "xz; unpack it first"),
        (
            b"FEA1",
            "Feather of version 1; write it again with a pandas of this decade",
        ),
        (
            b"\xff\xff\xff\xff",
            "a stream of Arrow IPC; write it as a file (Feather), Parquet or CSV",
        ),
        (b"\x89HDF", "HDF5; write it as Parquet, Feather or CSV"),
        (
            b"\x80\x04\x95",
            "a pickle of Python; write it as Parquet, Feather or CSV",
        ),
        (
            b"SQLite format 3",
            "a SQLite database; export the table as CSV",
        ),
        (b"\xd0\xcf\x11\xe0", "an Excel workbook; export it as CSV"),
        (b"\xff\xfe", "UTF-16 text; save it as UTF-8"),
        (b"\xfe\xff", "UTF-16 text; save it as UTF-8"),
    ];
    const KNOWN: [(&[u8], Kind); 6] = [
        (b"\x1f\x8b", Kind::Gzip),
        (b"PK\x03\x04", Kind::Zip),
        (b"PK\x05\x06", Kind::Zip),
        (b"PAR1", Kind::Parquet),
        (b"ARROW1", Kind::Feather),
        (b"\x93NUMPY", Kind::Npy),
    ];
    let refuse = |what: Cow<'_, str>| {
        let expected = "expected text, gzip, zip, Parquet, Feather or npy";
        Err(place.error(None, format!("{expected}, found {what}")))
    };
    for (magic, kind) in KNOWN {
        if head.starts_with(magic) {
            return Ok(kind);
        }
    }
    for (magic, what) in FOREIGN {
        if head.starts_with(magic) {
            return refuse(what.into());
        }
    }
    if head.contains(&0) {
        return refuse("binary data of an unknown kind".into());
    }
    let text = head.strip_prefix(BOM).unwrap_or(head).trim_ascii_start();
    match text.first() {
        Some(b'{' | b'[') => Ok(Kind::Json),
        _ => Ok(Kind::Csv),
    }
}

/// The mark that some programs put before UTF-8.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// What the members of a file may unpack to between them. A member's own size is not asked for:
/// it is written in the file, and a zip file may name the same bytes as many members.
struct Room {
    limit: u64,
    left: Cell<u64>,
    /// There was more than there is room for.
    overrun: Cell<bool>,
}

impl Room {
    fn of_file(size: u64) -> Self {
        let limit = size.saturating_mul(MAX_INFLATION);
        let limit = limit.clamp(INFLATION_FLOOR, MAX_INFLATED);
        Self {
            limit,
            left: Cell::new(limit),
            overrun: Cell::new(false),
        }
    }

    fn message(&self) -> String {
        format!(
            "the compressed data grows beyond {} MiB, which no table of this size does; if it is genuine, unpack it first",
            self.limit >> 20
        )
    }
}

/// A reader that fails once its file has given more than there is room for.
struct Limited<'a, R> {
    inner: R,
    room: &'a Room,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        match self.room.left.get().checked_sub(n as u64) {
            Some(left) => {
                self.room.left.set(left);
                Ok(n)
            }
            None => {
                self.room.overrun.set(true);
                let message = self.room.message();
                Err(io::Error::new(ErrorKind::FileTooLarge, message))
            }
        }
    }
}

#[cfg(test)]
#[path = "container_tests.rs"]
mod tests;
