use crate::model::Bars;

/// The last bars of a series, in two pieces of memory. They are kept for thousands of series, and each commit of a
/// program that follows a market frees those of before.
#[derive(Debug)]
pub(crate) struct LastBars {
    times: Vec<i64>,
    /// Open, high, low, close and volume, one column after the other.
    columns: Vec<f64>,
}

impl LastBars {
    /// The last `most` of some bars.
    pub(crate) fn of(bars: &Bars, most: usize) -> Self {
        let from = bars.len().saturating_sub(most);
        let times = bars.time.get(from..).unwrap_or_default().to_vec();
        let mut columns = Vec::with_capacity(5 * times.len());
        for column in [&bars.open, &bars.high, &bars.low, &bars.close, &bars.volume] {
            columns.extend_from_slice(column.get(from..).unwrap_or_default());
        }
        Self { times, columns }
    }

    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// The last `n` of them that open at or before `last`, with room for more; `None` if there are fewer.
    pub(crate) fn back(&self, last: i64, n: usize, room: usize) -> Option<Bars> {
        let end = self.times.partition_point(|&time| time <= last);
        let first = end.checked_sub(n)?;
        let mut bars = Bars::with_capacity(n + room);
        if n == 0 {
            return Some(bars);
        }
        bars.time.extend_from_slice(self.times.get(first..end)?);
        let columns = [
            &mut bars.open,
            &mut bars.high,
            &mut bars.low,
            &mut bars.close,
            &mut bars.volume,
        ];
        for (column, kept) in columns
            .into_iter()
            .zip(self.columns.chunks_exact(self.len()))
        {
            column.extend_from_slice(kept.get(first..end)?);
        }
        Some(bars)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::{Bar, Timestamp};

    #[test]
    fn the_last_bars_up_to_a_time_are_those_of_all() {
        let bar = |i: i64| Bar {
            time: Timestamp::from_millis(10 * i),
            open: i as f64,
            high: i as f64 + 0.5,
            low: i as f64 - 0.5,
            close: i as f64 + 0.25,
            volume: 100.0 - i as f64,
        };
        let all: Bars = (0..20).map(bar).collect();
        let kept = LastBars::of(&all, 8);
        assert_eq!(kept.len(), 8);
        for last in [190, 500, 185, 180, 130, 119, -1] {
            let end = all.time.partition_point(|&time| time <= last);
            for n in 0..10 {
                let there = end >= 12 + n || n == 0;
                let expected = there.then(|| all.slice(end - n..end));
                assert_eq!(kept.back(last, n, 3), expected, "{n} up to {last}");
            }
        }
        assert_eq!(LastBars::of(&all, 99).back(190, 20, 0).unwrap(), all);
        assert_eq!(
            LastBars::of(&Bars::default(), 9).back(0, 0, 0),
            Some(Bars::default())
        );
    }
}
