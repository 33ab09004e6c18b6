//! How much spans that overlap say, and the logarithms of prices.

/// A span of time in a group, from and to in milliseconds UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) group: u64,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// How many spans without overlap say as much: the sum of their average uniqueness (López de
/// Prado 2018, "Advances in Financial Machine Learning", section 4.4). At each moment of a span
/// its uniqueness is 1 / the number of spans of its group that cover the moment. Spans of one length give
/// the length of their union over that length.
pub(super) fn effective_size(spans: &[Span]) -> f64 {
    // (group, time, is a start, weight a millisecond)
    let mut events: Vec<(u64, i64, bool, f64)> = Vec::with_capacity(spans.len() * 2);
    let mut points = 0.0;
    for span in spans {
        let length = span.to.saturating_sub(span.from);
        if length <= 0 {
            points += 1.0;
            continue;
        }
        let weight = 1.0 / length as f64;
        events.push((span.group, span.from, true, weight));
        events.push((span.group, span.to, false, weight));
    }
    events.sort_unstable_by(|a, b| {
        (a.0, a.1, a.2)
            .cmp(&(b.0, b.1, b.2))
            .then(a.3.total_cmp(&b.3))
    });
    let (mut open, mut weight, mut size, mut before) = (0u64, 0.0, points, 0);
    for (_, time, starts, own) in events {
        if open > 0 {
            size += (time - before) as f64 * weight / open as f64;
        }
        before = time;
        if starts {
            open += 1;
            weight += own;
        } else {
            open -= 1;
            weight = if open == 0 { 0.0 } else { weight - own };
        }
    }
    size
}

/// The logarithms of prices.
pub(super) fn logs(prices: &[f64]) -> Vec<f64> {
    prices.iter().map(|p| p.ln()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    /// The definition, millisecond by millisecond.
    fn plain_size(spans: &[Span]) -> f64 {
        let share = |s: &Span| -> f64 {
            let covers = |t: i64| {
                let together = |o: &&Span| o.group == s.group && (o.from..o.to).contains(&t);
                spans.iter().filter(together).count() as f64
            };
            (s.from..s.to).map(|t| 1.0 / covers(t)).sum::<f64>() / (s.to - s.from) as f64
        };
        spans.iter().map(share).sum()
    }

    proptest! {
        #[test]
        fn sizes_agree_with_the_definition(
            spans in prop::collection::vec((0u64..3, 0i64..40, 1i64..15), 0..12)
        ) {
            let spans: Vec<Span> = spans
                .into_iter()
                .map(|(group, from, length)| Span { group, from, to: from + length })
                .collect();
            let size = effective_size(&spans);
            prop_assert!((size - plain_size(&spans)).abs() < 1e-9, "{size}");
            prop_assert!(size <= spans.len() as f64 + 1e-9);
        }
    }

    #[test]
    fn overlap_counts_once() {
        let span = |from| Span {
            group: 0,
            from,
            to: from + 10,
        };
        assert!((effective_size(&[span(0), span(0), span(0)]) - 1.0).abs() < 1e-12);
        assert!((effective_size(&[span(0), span(5), span(10)]) - 2.0).abs() < 1e-12);
        assert!((effective_size(&[span(0), span(10)]) - 2.0).abs() < 1e-12);
        assert_eq!(effective_size(&[]), 0.0);
    }
}
