//! Options that many questions have, as methods of their builders: written once here, so that they
//! read and mean the same everywhere. `setters!` writes those that only set a field.
//!
//! `choice_methods!(choice: symbol, latency)` in an `impl` gives a builder with the field `choice` these
//! two methods.

/// Setters of the fields of the same names; `as Some` where a field is an `Option`.
macro_rules! setters {
    ($($(#[$doc:meta])* fn $name:ident($value:ident: $type:ty) $(as $some:ident)?;)+) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $value: $type) -> Self {
            self.$name = $($some)?($value);
            self
        }
    )+};
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
    (@ until, $field:ident) => {
        /// Only headlines that were published at or before this time.
        #[must_use]
        pub fn until(mut self, until: crate::model::Timestamp) -> Self {
            self.$field.until = Some(until);
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

/// How hits are spread: fields of a [`super::Spread`].
macro_rules! spread_methods {
    ($field:ident) => {
        /// At most so many hits of one symbol, of one year, of one market: see [`crate::query::Per`]. Default:
        /// any number.
        #[must_use]
        pub fn per(mut self, per: crate::db::Per) -> Self {
            self.$field.per = per;
            self
        }

        /// Chooses hits that differ from one another (maximal marginal relevance): one by one from the
        /// nearest 5 `k`, each time the one with the most of `lambda` times its score less 1 - `lambda` times
        /// its greatest cosine with one that is chosen. 1 is the order of nearness, 0 looks at differences
        /// alone, and 0.5 is usual. Hits come in the order of the choice, with the scores that they have
        /// anyway. `k` is then at most 1,000. Default: by nearness alone.
        #[must_use]
        pub fn diverse(mut self, lambda: f64) -> Self {
            self.$field.diverse = Some(lambda);
            self
        }
    };
}

pub(crate) use {choice_methods, setters, space_method, spread_methods};

/// A duration in milliseconds; one that is too long for that is as long as can be.
pub(crate) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
