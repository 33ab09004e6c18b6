//! Pictures made of text: candle charts, sparklines, and two pictures beside one another.

mod axis;
mod candles;
mod layout;
mod sparkline;
mod style;

pub(crate) use candles::{candles, candles_and_after};
pub(crate) use layout::{beside, cut, wrapped};
pub(crate) use sparkline::{AFTERWARDS, sparkline, sparkline_and_after};
pub(crate) use style::Style;
