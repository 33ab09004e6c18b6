//! The segment file: rows of one space, written once.
//!
//! Sections of the container described in [`crate::disk`]:
//!
//! | section | content |
//! |---|---|
//! | `entries`, `pieces` | which window each row is ([`crate::store::Directory`]) |
//! | `hi`, `lo`, `norms`, `cnorms` | the vectors in row order ([`crate::index::Rows`]) |
//! | `graph`, `links0`, `upper` | links between rows ([`crate::index::Graph`]) |

use std::path::Path;

use super::control::{Control, Stage, Stopwatch};
use super::database::Files;
use crate::disk::{SectionFile, SectionWriter, publish};
use crate::error::{Error, Result};
use crate::index::{BuildParams, Graph, Index, Rows, RowsBuilder};
use crate::store::{Directory, DirectoryBuilder, SegmentId, SegmentRecord};

const MAGIC: [u8; 8] = *b"RHYMESEG";
/// Version of the sections above and of their content.
const VERSION: u32 = 1;
const GRAPH: [&str; 3] = ["graph", "links0", "upper"];

/// Rows on their way into a segment, sorted by series and end.
pub(super) struct NewRows {
    pub(super) directory: DirectoryBuilder,
    pub(super) rows: RowsBuilder,
}

impl NewRows {
    pub(super) fn new(dim: usize) -> Result<Self> {
        Ok(Self {
            directory: DirectoryBuilder::default(),
            rows: RowsBuilder::new(dim)?,
        })
    }
}

/// Builds the graph of `rows`, writes the segment file and publishes it. It becomes part of the
/// database when the catalog names it. `progress` gets the number of rows indexed so far.
pub(super) fn write_segment(
    files: &Files,
    id: SegmentId,
    new: &NewRows,
    control: &Control,
    stopwatch: &Stopwatch,
    progress: crate::index::Progress<'_>,
) -> Result<SegmentRecord> {
    let params = BuildParams {
        seed: files.seed,
        builder: files.builder,
        ..BuildParams::default()
    };
    let graph = stopwatch.time(Stage::Index, || {
        crate::index::build(&new.rows.view(), &params, progress)
    })?;
    control.report(Stage::Publish, 0, 0)?;
    stopwatch.time(Stage::Publish, || {
        let name = SegmentRecord::file_name(id);
        let published = files.segment(&name);
        let temporary = published.with_extension("tmp");
        let mut writer = SectionWriter::create(&temporary, MAGIC, VERSION)?;
        let (entries, pieces) = new.directory.sections();
        writer.section("entries", entries)?;
        writer.section("pieces", pieces)?;
        for (name, bytes) in Rows::SECTIONS.iter().zip(new.rows.sections()) {
            writer.section(name, bytes)?;
        }
        for (name, bytes) in GRAPH.iter().zip(graph.sections()) {
            writer.section(name, &bytes)?;
        }
        let stamp = writer.finish()?;
        publish(&temporary, &published)?;
        Ok(SegmentRecord {
            len: stamp.len,
            hash: stamp.hash,
            rows: new.rows.len() as u32,
            repaired: graph.repaired() as u32,
        })
    })
}

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(super) id: SegmentId,
    pub(super) record: SegmentRecord,
    file: SectionFile,
    dim: usize,
}

impl Segment {
    /// Opens the file of a segment and checks that it is the one that the catalog names. Costs
    /// the same for every number of rows.
    pub(super) fn open(
        path: &Path,
        id: SegmentId,
        record: SegmentRecord,
        dim: usize,
    ) -> Result<Self> {
        let file = SectionFile::open(path, MAGIC, VERSION)?;
        let stamp = file.stamp();
        if (stamp.len, stamp.hash) != (record.len, record.hash) {
            return Err(Error::corrupt(
                path,
                "table",
                format!(
                    "the catalog names a file of {} bytes with hash {:016x}, found {} bytes with {:016x}",
                    record.len, record.hash, stamp.len, stamp.hash
                ),
            ));
        }
        let segment = Self {
            id,
            record,
            file,
            dim,
        };
        segment.directory()?;
        let index = segment.index()?;
        if index.rows.len() != segment.record.rows as usize {
            return Err(Error::corrupt(
                path,
                "norms",
                format!(
                    "expected {} rows, found {}",
                    segment.record.rows,
                    index.rows.len()
                ),
            ));
        }
        Ok(segment)
    }

    pub(crate) fn directory(&self) -> Result<Directory<'_>> {
        let entries = self.file.section("entries")?;
        let pieces = self.file.section("pieces")?;
        Directory::new(entries, pieces, self.record.rows)
            .map_err(|e| Error::corrupt(self.file.path(), "entries", e))
    }

    /// The vectors and their graph.
    pub(crate) fn index(&self) -> Result<Index<'_>> {
        let path = self.file.path();
        let rows = Rows::new(path, self.dim, self.sections(Rows::SECTIONS)?)?;
        let graph = Graph::new(path, rows.len(), self.sections(GRAPH)?)?;
        Ok(Index {
            rows,
            graph: Some(graph),
        })
    }

    /// Reads the whole file and checks it against its hashes, and its content against itself.
    pub(crate) fn verify(&self) -> Result<()> {
        self.file.verify()?;
        self.directory()?
            .verify()
            .map_err(|e| Error::corrupt(self.file.path(), "pieces", e))
    }

    /// Opens a file of any bytes, as if the catalog named it, and reads all that a search reads.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn open_untrusted(path: &Path, dim: usize, rows: u32) -> Result<Self> {
        let stamp = SectionFile::open(path, MAGIC, VERSION)?.stamp();
        let record = SegmentRecord {
            len: stamp.len,
            hash: stamp.hash,
            rows,
            repaired: 0,
        };
        Self::open(path, 1, record, dim)
    }

    fn sections<const N: usize>(&self, names: [&str; N]) -> Result<[&[u8]; N]> {
        let mut sections = [&[][..]; N];
        for (section, name) in sections.iter_mut().zip(names) {
            *section = self.file.section(name)?;
        }
        Ok(sections)
    }

    /// Bytes of the file.
    pub(super) fn len(&self) -> u64 {
        self.record.len
    }
}
