//! Naming series and spaces, and forgetting their names.

use super::catalog::{CatalogUse, WriteTxn};
use super::codec;
use super::noted_change::NotedChange;
use super::records::{SeriesId, SeriesRecord, SpaceId, SpaceRecord};
use super::tables::{MADE, META, SERIES, SERIES_BY_NAME, SPACES};
use crate::error::{Error, Result};
use crate::model::{Calendar, SeriesKey, Space, Timestamp};

impl WriteTxn {
    /// The series of that name, made if there is none.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the name cannot be one, or is stored with another calendar.
    pub(crate) fn ensure_series(&self, key: &SeriesKey, calendar: Calendar) -> Result<SeriesId> {
        key.check()?;
        if let Some((id, record)) = self.series_by_name(key)? {
            if record.calendar != calendar {
                return Err(Error::invalid(format!(
                    "{key} is stored with the {} calendar, and the input says {calendar}; give the same calendar, or delete the series first",
                    record.calendar
                )));
            }
            return Ok(id);
        }
        let id = self.next_id_u32("next_series")?;
        self.changes.borrow_mut().series = true;
        let record = SeriesRecord {
            key: key.clone(),
            calendar,
        };
        let value = codec::encode(&record)?;
        self.table_mut(SERIES)?.insert(id, value.as_slice())?;
        self.table_mut(SERIES_BY_NAME)?
            .insert(key.to_string().as_str(), id)?;
        Ok(id)
    }

    /// A number that no series will have, for rows that count no more.
    pub(crate) fn skip_series_number(&self) -> Result<SeriesId> {
        self.next_id_u32("next_series")
    }

    /// Gives the next new series this number, which no other has: for a copy whose series are numbered as those of
    /// the original, because numbers decide where scores are equal.
    pub(crate) fn number_next_series(&self, id: SeriesId) -> Result<()> {
        let next = u64::from(id);
        self.table_mut(META)?.insert("next_series", next).map(drop)
    }

    /// Forgets a series' name. Its bars and rows must be gone.
    pub(crate) fn remove_series(&self, id: SeriesId, key: &SeriesKey) -> Result<()> {
        self.changes.borrow_mut().series = true;
        self.note(NotedChange::SeriesForgotten {
            series: id,
            key: key.clone(),
        });
        self.table_mut(SERIES)?.remove(id)?;
        self.table_mut(SERIES_BY_NAME)?
            .remove(key.to_string().as_str())?;
        self.table_mut(MADE)?.remove(id).map(drop)
    }

    /// Gives a space another name, which no other has.
    pub(crate) fn rename_space(&self, id: SpaceId, name: &str) -> Result<()> {
        let all = self.all_spaces()?;
        let found = all.into_iter().find(|(space, _)| *space == id);
        let (_, mut record) =
            found.ok_or_else(|| Error::internal("a space to rename is not there"))?;
        let from = std::mem::replace(&mut record.space.name, name.to_owned());
        self.note(NotedChange::SpaceRenamed { space: id, from });
        let value = codec::encode(&record)?;
        self.table_mut(SPACES)?.insert(id, value.as_slice())
    }

    /// Adds a space.
    pub(crate) fn add_space(&self, space: &Space) -> Result<SpaceId> {
        let id = self.next_id_u32("next_space")?;
        let record = SpaceRecord {
            space: space.clone(),
            created: Timestamp::now().millis(),
        };
        let value = codec::encode(&record)?;
        self.table_mut(SPACES)?.insert(id, value.as_slice())?;
        Ok(id)
    }
}
