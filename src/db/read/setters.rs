//! Options that many questions have, as methods of their builders: written once here, so that they
//! read and mean the same everywhere.
//!
//! `filter_methods!(filter: market, symbol, from)` in an `impl` gives a builder with the field
//! `filter` these three methods; the names are those of its method.

/// Which windows: fields of a [`super::Filter`].
macro_rules! filter_methods {
    ($field:ident: $($name:ident),+) => { $(filter_methods!(@ $name, $field);)+ };
    (@ market, $field:ident) => {
        /// Only this market; said more than once, any of them.
        #[must_use]
        pub fn market(mut self, market: &str) -> Self {
            self.$field.markets.push(market.to_owned());
            self
        }
    };
    (@ venue, $field:ident) => {
        /// Only this venue; said more than once, any of them.
        #[must_use]
        pub fn venue(mut self, venue: &str) -> Self {
            self.$field.venues.push(venue.to_owned());
            self
        }
    };
    (@ symbol, $field:ident) => {
        /// Only this symbol; said more than once, any of them.
        #[must_use]
        pub fn symbol(mut self, symbol: &str) -> Self {
            self.$field.symbols.push(symbol.to_owned());
            self
        }
    };
    (@ interval, $field:ident) => {
        /// Only this interval; said more than once, any of them.
        #[must_use]
        pub fn interval(mut self, interval: crate::model::Interval) -> Self {
            self.$field.intervals.push(interval);
            self
        }
    };
    (@ from, $field:ident) => {
        /// Only windows that closed at or after this time.
        #[must_use]
        pub fn from(mut self, from: crate::model::Timestamp) -> Self {
            self.$field.from = Some(from);
            self
        }
    };
    (@ to, $field:ident) => {
        /// Only windows that closed at or before this time.
        #[must_use]
        pub fn to(mut self, to: crate::model::Timestamp) -> Self {
            self.$field.to = Some(to);
            self
        }
    };
    (@ min_move, $field:ident) => {
        /// Only windows that moved at least so far, up or down. Of a search the nearest 30,000 windows
        /// are asked, or all of them where it is exact. Default: any.
        #[must_use]
        pub fn min_move(mut self, least: crate::db::LeastMove) -> Self {
            self.$field.min_move = Some(least);
            self
        }
    };
    (@ until, $field:ident) => {
        /// Only windows that closed at or before this time.
        #[must_use]
        pub fn until(mut self, until: crate::model::Timestamp) -> Self {
            self.$field.to = Some(until);
            self
        }
    };
}

/// Which headlines: fields of a [`super::HeadlineChoice`].
macro_rules! choice_methods {
    ($field:ident: $($name:ident),+) => { $(choice_methods!(@ $name, $field);)+ };
    (@ symbol, $field:ident) => {
        /// Only headlines that name this symbol; said more than once, any of them.
        #[must_use]
        pub fn symbol(mut self, symbol: &str) -> Self {
            self.$field.symbols.push(symbol.to_owned());
            self
        }
    };
    (@ from, $field:ident) => {
        /// Only headlines that were published at or after this time.
        #[must_use]
        pub fn from(mut self, from: crate::model::Timestamp) -> Self {
            self.$field.from = Some(from);
            self
        }
    };
    (@ to, $field:ident) => {
        /// Only headlines that were published at or before this time.
        #[must_use]
        pub fn to(mut self, to: crate::model::Timestamp) -> Self {
            self.$field.to = Some(to);
            self
        }
    };
    (@ latency, $field:ident) => {
        /// The time from the publication of a headline until somebody can know it and act on it.
        /// Default: none.
        #[must_use]
        pub fn latency(mut self, latency: std::time::Duration) -> Self {
            self.$field.latency = crate::db::millis(latency);
            self
        }
    };
}

/// The space that is asked, of charts or of charts and headlines: the field `space`.
macro_rules! space_method {
    (chart) => {
        /// The space. Default: `shape`, or the only one.
        #[must_use]
        pub fn space(mut self, name: &str) -> Self {
            self.space = Some(name.to_owned());
            self
        }
    };
    (text) => {
        /// The space. Default: the only one that reads text, or `clip`.
        #[must_use]
        pub fn space(mut self, name: &str) -> Self {
            self.space = Some(name.to_owned());
            self
        }
    };
}

pub(crate) use {choice_methods, filter_methods, space_method};

/// A duration in milliseconds; one that is too long for that is as long as can be.
pub(crate) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
