//! The list of the catalog's tables, for work that is the same for each of them.

use redb::{Key, TableDefinition, Value};

use super::bars::{BLOCKS, EXTENTS, TAIL};
use super::catalog::{META, SERIES, SERIES_BY_NAME, SPACES};
use super::headline_rows;
use super::headlines::{BY_CONTENT, BY_SYMBOL, BY_TIME, HEADLINES};
use super::made::MADE;
use super::prototypes::PROTOTYPES;
use super::rows::{DEAD, FLAT, FRESH, PENDING, SEGMENTS};
use super::weights::WEIGHTS;
use crate::error::Result;

/// Work on a table of any type.
pub(super) trait EachTable {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<()>;
}

/// Does `work` on every table of a catalog. A table that is missing here is missing in backups;
/// copying refuses a catalog that has another one.
pub(super) fn each_table(work: &mut impl EachTable) -> Result<()> {
    work.table(META)?;
    work.table(SERIES)?;
    work.table(SERIES_BY_NAME)?;
    work.table(SPACES)?;
    work.table(BLOCKS)?;
    work.table(TAIL)?;
    work.table(EXTENTS)?;
    work.table(HEADLINES)?;
    work.table(BY_CONTENT)?;
    work.table(BY_TIME)?;
    work.table(BY_SYMBOL)?;
    work.table(FRESH)?;
    work.table(FLAT)?;
    work.table(PENDING)?;
    work.table(SEGMENTS)?;
    work.table(DEAD)?;
    work.table(WEIGHTS)?;
    work.table(headline_rows::ROWS)?;
    work.table(headline_rows::MARKS)?;
    work.table(PROTOTYPES)?;
    work.table(MADE)
}
