//! Values without I/O: the words of market history that every other layer speaks.

mod attribute;
mod bar;
mod change_position;
mod coarser;
mod file_read;
mod headline;
mod horizon;
mod interval;
mod series;
mod space;
mod split;
mod tag;
mod target;
mod text_form;
mod timestamp;
mod typed_time;
mod window;
mod zone;

pub use attribute::Attribute;
pub use bar::{Bar, BarDefect, Bars};
pub use change_position::ChangePosition;
pub(crate) use coarser::{Coarser, MadeBars};
pub use file_read::{FileRead, FileStamp, ReadSpan};
pub use headline::{Headline, TimePrecision};
pub use horizon::Horizon;
pub use interval::Interval;
pub use series::{Calendar, SeriesBars, SeriesKey};
pub use space::{EncoderSpec, Modality, Sharing, Space};
pub use split::{Split, SplitJump};
pub use tag::{NewTag, Tag};
pub use target::Target;
pub(crate) use text_form::{schema_as_text, serde_as_text};
pub use timestamp::Timestamp;
pub use window::Window;
pub use zone::Zone;
