//! Summaries of outcomes, printed beside what happens anyway.

use rhymedb::Interval;
use rhymedb::ask::{HorizonReply, ReactionReply, SummaryRow};
use rhymedb::query::{Benchmark, Horizon};
use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::format::Format;
use crate::output::{self, Column, column};
use crate::text::grouped;

const SUMMARY_COLUMNS: [Column; 16] = [
    column("horizon", "within"),
    column("of", "after"),
    column("n", "n"),
    column("effective_n", "without overlap"),
    column("mean", "mean"),
    column("standard_error", "error"),
    column("q50", "median"),
    column("q05", "5 %"),
    column("q25", "25 %"),
    column("q75", "75 %"),
    column("q95", "95 %"),
    column("hit_rate", "rises"),
    column("best", "mean best excursion"),
    column("worst", "mean worst excursion"),
    column("volatility", "volatility"),
    column("p_value", "p"),
];

/// Outcomes beside their base rate.
pub(super) struct Compared<'a> {
    horizon: Horizon,
    /// The interval of all of them, if they have one.
    interval: Option<Interval>,
    /// What the outcomes came after.
    of: &'static str,
    found: Option<&'a SummaryRow>,
    base: Option<&'a SummaryRow>,
    base_windows: u64,
    p_value: Option<f64>,
    no_p_value: Option<&'a str>,
}

impl<'a> Compared<'a> {
    pub(super) fn of(hits: &'a HorizonReply, interval: Option<Interval>) -> Self {
        Self {
            horizon: hits.horizon,
            interval,
            of: "the hits",
            found: hits.hits.as_ref(),
            base: hits.base.as_ref(),
            base_windows: hits.base_windows,
            p_value: hits.p_value,
            no_p_value: hits.no_p_value.as_deref(),
        }
    }

    pub(super) fn of_moments(moments: &'a HorizonReply, interval: Interval) -> Self {
        Self {
            of: "the moments",
            ..Self::of(moments, Some(interval))
        }
    }

    pub(super) fn of_news(news: &'a ReactionReply) -> Self {
        Self {
            horizon: news.query.horizon,
            interval: news.query.interval,
            of: "the news",
            found: news.summary.as_ref(),
            base: news.base.as_ref(),
            base_windows: news.base_windows,
            p_value: news.p_value,
            no_p_value: news.no_p_value.as_deref(),
        }
    }

    /// Two rows for people: of the outcomes, and of the base rate.
    fn rows(&self) -> Outcome<Vec<Value>> {
        let base = format!(
            "a sample of all {} windows{}",
            grouped(self.base_windows),
            self.interval
                .map_or_else(String::new, |i| format!(" of {i}"))
        );
        let found = (self.of, self.found, self.p_value);
        let row = |(of, summary, p_value): (&str, Option<&SummaryRow>, Option<f64>)| {
            let none = || Ok(json!({ "n": 0 }));
            let mut row = summary.map_or_else(none, output::value)?;
            if let Some(object) = row.as_object_mut() {
                object.insert("horizon".to_owned(), json!(self.horizon.to_string()));
                object.insert("of".to_owned(), json!(of));
                if let Some(summary) = summary {
                    let size = format!("{:.1}", summary.effective_n);
                    object.insert("effective_n".to_owned(), json!(size));
                }
                if let Some(p) = p_value {
                    object.insert("p_value".to_owned(), json!(p_text(p)));
                }
            }
            Ok(in_percent(row))
        };
        [found, (&base, self.base, None)]
            .map(row)
            .into_iter()
            .collect()
    }
}

/// Prints outcomes beside their base rates, and what p is or why there is none.
pub(super) fn print(all: &[Compared<'_>], net_of: Option<&Benchmark>) -> Outcome {
    if let Some(benchmark) = net_of {
        let what = match benchmark {
            Benchmark::Market => {
                "the mean of all other series of its market and interval".to_owned()
            }
            symbol => symbol.to_string(),
        };
        output::prose(&format!(
            "net of {benchmark}: the return of every bar is its own less that of {what} in the same time\n"
        ))?;
    }
    let rows = all.iter().map(Compared::rows);
    let rows = rows.collect::<Outcome<Vec<_>>>()?.concat();
    output::listing(Format::Table, &SUMMARY_COLUMNS, &rows, "")?;
    if all.iter().any(|c| c.p_value.is_some()) {
        output::prose(
            "p compares with the mean of each series, in units of the volatility before\n",
        )?;
    }
    for of_one in all {
        if let Some(why) = of_one.no_p_value {
            output::prose(&format!("no p within {}: {why}\n", of_one.horizon))?;
        }
    }
    Ok(())
}

/// Writes returns and shares as people read them.
pub(super) fn in_percent(mut row: Value) -> Value {
    const SIGNED: [&str; 9] = [
        "change", "mean", "q05", "q25", "q50", "q75", "q95", "best", "worst",
    ];
    let Some(object) = row.as_object_mut() else {
        return row;
    };
    for (key, value) in object.iter_mut() {
        let Some(number) = value.as_f64() else {
            continue;
        };
        if SIGNED.contains(&key.as_str()) {
            *value = json!(format!("{:+.2} %", 100.0 * number));
        } else if key == "volatility" || key == "standard_error" {
            *value = json!(format!("{:.2} %", 100.0 * number));
        } else if key == "hit_rate" {
            *value = json!(format!("{:.0} %", 100.0 * number));
        }
    }
    row
}

/// A p-value of outcomes. A few outcomes cannot tell how far below a thousandth it is, and none is zero.
fn p_text(p: f64) -> String {
    if p < 0.001 {
        "<0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_p_value_is_shown_as_zero() {
        assert_eq!(p_text(3e-9), "<0.001");
        assert_eq!(p_text(0.0499), "0.050");
        assert_eq!(p_text(1.0), "1.000");
    }
}
