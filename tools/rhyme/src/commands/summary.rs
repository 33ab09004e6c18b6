//! Summaries of outcomes, printed beside what happens anyway.

use rhymedb::{Horizon, HorizonOutcomes, Interval, NoPValue, OutcomeSummary, ReactionAnswer};
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
    found: Option<&'a OutcomeSummary>,
    base: Option<&'a OutcomeSummary>,
    base_windows: u64,
    p_value: Result<f64, NoPValue>,
}

impl<'a> Compared<'a> {
    pub(super) fn of(hits: &'a HorizonOutcomes, interval: Option<Interval>) -> Self {
        Self {
            horizon: hits.horizon,
            interval,
            of: "the hits",
            found: hits.summary.as_ref(),
            base: hits.base.as_ref(),
            base_windows: hits.base_windows,
            p_value: hits.p_value,
        }
    }

    pub(super) fn of_moments(moments: &'a HorizonOutcomes, interval: Interval) -> Self {
        Self {
            of: "the moments",
            ..Self::of(moments, Some(interval))
        }
    }

    pub(super) fn of_news(news: &'a ReactionAnswer) -> Self {
        Self {
            horizon: news.horizon,
            interval: news.interval,
            of: "the news",
            found: news.summary.as_ref(),
            base: news.base.as_ref(),
            base_windows: news.base_windows,
            p_value: news.p_value,
        }
    }

    /// Two rows for people: of the outcomes, and of the base rate.
    pub(super) fn rows(&self) -> [Value; 2] {
        let base = format!(
            "a sample of all {} windows{}",
            grouped(self.base_windows),
            self.interval
                .map_or_else(String::new, |i| format!(" of {i}"))
        );
        let found = (self.of, self.found, self.p_value.ok());
        [found, (base.as_str(), self.base, None)].map(|(of, summary, p_value)| {
            let mut row = summary.map_or_else(|| json!({ "n": 0 }), json_of);
            if let Some(object) = row.as_object_mut() {
                object.insert("horizon".to_owned(), json!(self.horizon.to_string()));
                object.insert("of".to_owned(), json!(of));
                if let Some(summary) = summary {
                    let size = format!("{:.1}", summary.effective_n);
                    object.insert("effective_n".to_owned(), json!(size));
                }
                if let Some(p) = p_value {
                    object.insert("p_value".to_owned(), json!(format!("{p:.3}")));
                }
            }
            in_percent(row)
        })
    }
}

/// Prints outcomes beside their base rates, and what p is or why there is none.
pub(super) fn print(all: &[Compared<'_>]) -> Outcome {
    let rows: Vec<Value> = all.iter().flat_map(Compared::rows).collect();
    output::listing(Format::Table, &SUMMARY_COLUMNS, &rows, "")?;
    if all.iter().any(|c| c.p_value.is_ok()) {
        output::prose(
            "p compares with the mean of each series, in units of the volatility before\n",
        )?;
    }
    for of_one in all {
        if let Err(why) = &of_one.p_value {
            output::prose(&format!("no p within {}: {why}\n", of_one.horizon))?;
        }
    }
    Ok(())
}

/// A horizon for programs: a number of bars, or the text of a time.
pub(super) fn horizon_json(horizon: Horizon) -> Value {
    match horizon {
        Horizon::Bars(n) => json!(n),
        Horizon::Time(_) => json!(horizon.to_string()),
    }
}

/// A p-value for programs, and why there is none.
pub(super) fn p_json(p_value: &Result<f64, NoPValue>) -> [Value; 2] {
    let why = p_value.as_ref().err().map(ToString::to_string);
    [
        json!(p_value.as_ref().ok().copied().map(rounded)),
        json!(why),
    ]
}

pub(super) fn json_of(summary: &OutcomeSummary) -> Value {
    let [q05, q25, q50, q75, q95] = summary.quantiles.map(rounded);
    json!({
        "n": summary.n,
        "effective_n": rounded(summary.effective_n),
        "mean": rounded(summary.mean),
        "standard_error": summary.standard_error.map(rounded),
        "q05": q05,
        "q25": q25,
        "q50": q50,
        "q75": q75,
        "q95": q95,
        "hit_rate": rounded(summary.hit_rate),
        "best": rounded(summary.best),
        "worst": rounded(summary.worst),
        "volatility": rounded(summary.volatility),
    })
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

pub(super) fn rounded(x: f64) -> f64 {
    (x * 1e8).round() / 1e8
}
