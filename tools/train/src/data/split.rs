//! What is kept apart: later dates, and symbols.

use std::collections::BTreeMap;

use rhymedb::encode::is_held_out;
use rhymedb::{Result, Timestamp};

use super::{Chart, Dataset, Parts, Sample, Span};
use crate::config::Config;

/// Puts each sample into its part. A window that crosses a date is in none.
pub(super) fn split(data: &Dataset, config: &Config) -> Result<Parts> {
    let splits = config.data.iter().map(|source| {
        let split = source.split(&config.split);
        split.dates().map(|dates| (split, dates))
    });
    let splits = splits.collect::<Result<Vec<_>>>()?;
    let mut parts = Parts::default();
    for (i, sample) in data.samples.iter().enumerate() {
        let chart = data.charts.get(sample.chart);
        let found = chart.and_then(|chart| Some((chart, splits.get(chart.source)?)));
        let Some((chart, (split, (validation, test)))) = found else {
            continue;
        };
        let start = start_after_embargo(chart, sample, split.embargo);
        if is_held_out(&chart.key.symbol, split.hold_out) {
            parts.test_symbols.push(i);
        } else if sample.end < *validation {
            parts.train.push(i);
        } else if start >= *test {
            parts.test_time.push(i);
        } else if start >= *validation && sample.end < *test {
            parts.validation.push(i);
        }
    }
    Ok(parts)
}

/// By source, the bars at which windows of the training part may end, whether a headline belongs to
/// them or not.
pub(super) fn free(data: &Dataset, config: &Config) -> Result<BTreeMap<usize, Vec<Span>>> {
    let reach = config.backbone.reading();
    let reach = (reach.window + reach.warm_up()) as usize;
    let mut found: BTreeMap<usize, Vec<Span>> = BTreeMap::new();
    for (i, chart) in data.charts.iter().enumerate() {
        let Some(source) = config.data.get(chart.source) else {
            continue;
        };
        let split = source.split(&config.split);
        let (validation, _) = split.dates()?;
        let close = |&t: &i64| {
            chart
                .key
                .interval
                .close_of(Timestamp::from_millis(t))
                .millis()
        };
        let count = chart.bars.time.partition_point(|t| close(t) < validation);
        if count > reach && !is_held_out(&chart.key.symbol, split.hold_out) {
            found.entry(chart.source).or_default().push(Span {
                chart: i,
                first: reach,
                last: count - 1,
            });
        }
    }
    Ok(found)
}

/// When the bar opened that is `embargo` bars before the window's first.
fn start_after_embargo(chart: &Chart, sample: &Sample, embargo: usize) -> i64 {
    let first = chart.bars.time.partition_point(|&t| t < sample.start);
    let before = first.checked_sub(embargo);
    let open = before.and_then(|i| chart.bars.time.get(i));
    open.copied().unwrap_or(i64::MIN)
}
