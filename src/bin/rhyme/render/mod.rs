//! Pictures made of text: candle charts, sparklines, and two pictures beside one another.

mod axis;
mod candles;
mod layout;
mod sparkline;
mod style;

pub(crate) use candles::candles;
pub(crate) use layout::beside;
pub(crate) use sparkline::sparkline;
pub(crate) use style::Style;
