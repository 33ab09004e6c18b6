//! The frozen graph: fixed-degree links of layer 0 and a few sparse layers above it.

use std::path::Path;

use super::sections::numbers;
use crate::error::{Error, Result};

/// Marks a link slot that is not used.
pub(super) const NO_LINK: u32 = u32::MAX;

/// Layer 0 and those above it.
pub(super) const MAX_LAYERS: usize = 16;
const MAX_DEGREE: usize = 1024;
/// Rows in a run of one anchor, at most: 2^4.
pub(super) const MAX_STRIDE_LOG2: u32 = 4;

/// What a graph was built with, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphInfo {
    /// The number of rows.
    pub rows: usize,
    /// The nodes of the graph are anchors: one row in every run of `1 << stride_log2` rows.
    pub stride_log2: u32,
    /// Link slots of a node in layer 0.
    pub degree: usize,
    /// Link slots of a node in the layers above.
    pub upper_degree: usize,
    /// The row at which every search starts; 0 where there are no rows.
    pub entry: u32,
    /// The width of the search for neighbours while building.
    pub ef_construction: usize,
    /// The seed of the insertion order.
    pub seed: u64,
}

impl GraphInfo {
    /// The number of anchors.
    pub fn nodes(&self) -> usize {
        self.rows.div_ceil(1 << self.stride_log2)
    }

    /// The rows of which a row is the anchor, or which have the same one.
    pub(super) fn run_of(&self, row: u32) -> std::ops::Range<u32> {
        let first = row >> self.stride_log2 << self.stride_log2;
        let end = first.saturating_add(1 << self.stride_log2);
        first..end.min(self.rows as u32)
    }
}

/// The links of one layer: `degree` slots a node, the used ones first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links<'a> {
    pub(super) slots: &'a [u32],
    pub(super) degree: usize,
    /// From the number by which links name a node to its place: in layer 0 they name rows.
    pub(super) shift: u32,
}

impl<'a> Links<'a> {
    /// The first slot of a node.
    pub(super) fn first_slot(&self, node: u32) -> usize {
        (node >> self.shift) as usize * self.degree
    }

    /// The used slots of a node, or `None` if there is no such node.
    pub(super) fn of(&self, node: u32) -> Option<&'a [u32]> {
        let start = self.first_slot(node);
        let slots = self.slots.get(start..start + self.degree)?;
        // Used slots come first. In a damaged list an empty one may be left: it leads nowhere.
        slots.get(..slots.partition_point(|&s| s != NO_LINK))
    }
}

/// A graph in memory, as a builder leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltGraph {
    pub(super) info: GraphInfo,
    pub(super) links0: Vec<u32>,
    pub(super) upper_rows: Vec<u32>,
    pub(super) upper_links: Vec<Vec<u32>>,
    pub(super) repaired: usize,
}

impl BuiltGraph {
    /// What it was built with.
    pub fn info(&self) -> GraphInfo {
        self.info
    }

    /// How many rows could not be reached before they were linked in.
    pub fn repaired(&self) -> usize {
        self.repaired
    }

    /// The sections to write, named by [`Graph::SECTIONS`].
    pub fn sections(&self) -> [Vec<u8>; 3] {
        let info = &self.info;
        let header: [u64; 9] = [
            info.rows as u64,
            info.degree as u64,
            info.upper_degree as u64,
            u64::from(info.entry),
            self.upper_links.len() as u64,
            self.upper_rows.len() as u64,
            info.ef_construction as u64,
            info.seed,
            u64::from(info.stride_log2),
        ];
        let counts = self.upper_links.iter().map(|l| l.len() / info.upper_degree);
        let upper: Vec<u32> = counts
            .map(|count| count as u32)
            .chain(self.upper_rows.iter().copied())
            .chain(self.upper_links.iter().flatten().copied())
            .collect();
        [
            bytemuck::cast_slice(&header).to_vec(),
            bytemuck::cast_slice(&self.links0).to_vec(),
            bytemuck::cast_slice(&upper).to_vec(),
        ]
    }

    pub(super) fn links0(&self) -> Links<'_> {
        Links {
            slots: &self.links0,
            degree: self.info.degree,
            shift: self.info.stride_log2,
        }
    }

    /// The graph as it would be read back.
    pub fn view(&self) -> Graph<'_> {
        Graph {
            file: Path::new("memory"),
            info: self.info,
            links0: &self.links0,
            upper_rows: &self.upper_rows,
            upper_links: self.upper_links.iter().map(Vec::as_slice).collect(),
        }
    }
}

/// A frozen graph, read in place.
///
/// ```text
/// graph   9 u64: rows n, degree, upper degree m, entry row, upper layers, nodes of layer 1,
///         ef of the construction, seed, log2 of the stride s; without the last one s = 1
/// links0  ceil(n / s) * degree u32: rows
/// upper   u32 each:
///         per upper layer, from layer 1 upwards: its number of nodes
///         rows of the nodes of layer 1, those of higher layers first, the entry at slot 0
///         per upper layer: nodes * m slots
/// ```
///
/// A node of an upper layer has the same slot in all of its layers, because the layers are
/// nested and sorted by height; links there name slots, so that a descent looks nothing up.
/// In each list the used links come first; `u32::MAX` marks an empty slot.
#[derive(Clone, Debug)]
pub struct Graph<'a> {
    file: &'a Path,
    info: GraphInfo,
    links0: &'a [u32],
    upper_rows: &'a [u32],
    upper_links: Vec<&'a [u32]>,
}

impl<'a> Graph<'a> {
    /// The names of the sections.
    pub const SECTIONS: [&'static str; 3] = ["graph", "links0", "upper"];

    /// Reads the sections of a file, whose name is for error messages.
    /// Sizes are checked here, links when they are followed, so opening costs the same for all
    /// sizes of graphs.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a number is out of its range or the sections' lengths do not fit.
    pub fn new(file: &'a Path, rows: usize, sections: [&'a [u8]; 3]) -> Result<Self> {
        let [header, links0, upper] = sections;
        let (info, layers, nodes) = read_header(file, header)?;
        if info.rows != rows {
            let detail = format!("expected a graph of {rows} rows, found {}", info.rows);
            return Err(Error::corrupt(file, "graph", detail));
        }
        let links0 = numbers(file, "links0", links0)?;
        let slots = info.nodes() * info.degree;
        if links0.len() != slots {
            let detail = format!("expected {slots} links, found {}", links0.len());
            return Err(Error::corrupt(file, "links0", detail));
        }
        let upper = numbers(file, "upper", upper)?;
        let (upper_rows, upper_links) = split_upper(upper, layers, nodes, info.upper_degree)
            .ok_or_else(|| {
                let detail = format!("{} numbers do not make {layers} layers", upper.len());
                Error::corrupt(file, "upper", detail)
            })?;
        Ok(Self {
            file,
            info,
            links0,
            upper_rows,
            upper_links,
        })
    }

    /// What it was built with.
    pub fn info(&self) -> GraphInfo {
        self.info
    }

    pub(super) fn links0(&self) -> Links<'a> {
        Links {
            slots: self.links0,
            degree: self.info.degree,
            shift: self.info.stride_log2,
        }
    }

    /// The upper layers from the highest down, each with its links between slots.
    pub(super) fn descent(&self) -> impl Iterator<Item = Links<'a>> + '_ {
        self.upper_links.iter().rev().map(|slots| Links {
            slots,
            degree: self.info.upper_degree,
            shift: 0,
        })
    }

    /// The rows behind the slots of the upper layers.
    pub(super) fn upper_rows(&self) -> &'a [u32] {
        self.upper_rows
    }

    /// The error of a link to a row that does not exist.
    pub(super) fn broken(&self, section: &str) -> Error {
        Error::corrupt(
            self.file,
            section,
            format!("a link leads out of the {} rows", self.info.rows),
        )
    }
}

fn read_header(file: &Path, header: &[u8]) -> Result<(GraphInfo, usize, usize)> {
    let bad = |detail: String| Error::corrupt(file, "graph", detail);
    let (fields, rest) = header.as_chunks::<8>();
    let fields: Vec<u64> = fields.iter().map(|f| u64::from_le_bytes(*f)).collect();
    let &[
        rows,
        degree,
        upper_degree,
        entry,
        layers,
        nodes,
        ef_construction,
        seed,
        ref stride @ ..,
    ] = fields.as_slice()
    else {
        return Err(bad(format!("expected 72 bytes, found {}", header.len())));
    };
    let stride_log2 = match stride {
        [] => 0,
        &[log2] => log2,
        _ => return Err(bad(format!("expected 72 bytes, found {}", header.len()))),
    };
    let in_range = rest.is_empty()
        && rows < u64::from(u32::MAX)
        && (1..=MAX_DEGREE as u64).contains(&degree)
        && (1..=MAX_DEGREE as u64).contains(&upper_degree)
        && entry < rows.max(1)
        && layers < MAX_LAYERS as u64
        && stride_log2 <= u64::from(MAX_STRIDE_LOG2)
        && nodes <= rows;
    if !in_range {
        return Err(bad(format!("a number is out of its range: {fields:?}")));
    }
    let info = GraphInfo {
        rows: rows as usize,
        stride_log2: stride_log2 as u32,
        degree: degree as usize,
        upper_degree: upper_degree as usize,
        entry: entry as u32,
        ef_construction: usize::try_from(ef_construction).unwrap_or(usize::MAX),
        seed,
    };
    Ok((info, layers as usize, nodes as usize))
}

/// The rows of the upper nodes and the links of each layer, or `None` if the sizes do not fit.
fn split_upper(
    numbers: &[u32],
    layers: usize,
    nodes: usize,
    degree: usize,
) -> Option<(&[u32], Vec<&[u32]>)> {
    let (counts, rest) = numbers.split_at_checked(layers)?;
    let (rows, mut rest) = rest.split_at_checked(nodes)?;
    let nested = counts.is_sorted_by(|lower, higher| lower >= higher) && !counts.contains(&0);
    if counts.first().map_or(0, |&c| c as usize) != nodes || !nested {
        return None;
    }
    let mut links = Vec::with_capacity(layers);
    for &count in counts {
        let (layer, after) = rest.split_at_checked(count as usize * degree)?;
        links.push(layer);
        rest = after;
    }
    rest.is_empty().then_some((rows, links))
}
