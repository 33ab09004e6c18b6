//! What holds for all inputs.

use proptest::prelude::*;

use super::*;

fn any_bars() -> impl Strategy<Value = Bars> {
    let row = (
        1e-6..1e6_f64,
        0.0..1.0_f64,
        0.0..1.0_f64,
        0.0..1.0_f64,
        0.0..1e9_f64,
    );
    prop::collection::vec((row, 1_i64..4), 4..60).prop_map(|rows| {
        let mut time = START;
        let mut bars = Bars::default();
        // Two neighbours at least, so that most are an hour apart in any case.
        for (i, ((low, up, open, close, volume), step)) in rows.into_iter().enumerate() {
            time += if i % 4 == 3 { step * HOUR } else { HOUR };
            let high = low * (1.0 + up);
            bars.push(Bar {
                time: Timestamp::from_millis(time),
                open: low + (high - low) * open * 0.999,
                high,
                low,
                close: low + (high - low) * close * 0.999,
                volume,
            });
        }
        bars
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_written_table_reads_back_exactly(
        bars in any_bars(),
        delimiter in prop::sample::select(vec![',', ';', '\t']),
        newest_first in any::<bool>(),
        unit in prop::sample::select(vec![1_i64, 1_000, 1_000_000]),
    ) {
        let mut lines: Vec<String> = bars.iter().map(|b| {
            let cells = [b.open, b.high, b.low, b.close, b.volume].map(|v| v.to_string());
            format!("{}{delimiter}{}", b.time.millis() * unit, cells.join(&delimiter.to_string()))
        }).collect();
        if newest_first {
            lines.reverse();
        }
        let header = ["Time", "Open", "High", "Low", "Close", "Volume"].join(&delimiter.to_string());
        let file = read(format!("{header}\n{}\n", lines.join("\n"))).unwrap();
        prop_assert_eq!(&file.series[0].bars, &bars);
        let gaps = bars.time.windows(2).filter(|w| w[1] - w[0] > HOUR).count() as u64;
        prop_assert_eq!(file.report.gaps, gaps);
    }

    #[test]
    fn shuffled_rows_read_back_sorted(order in Just((0..40_i64).collect::<Vec<_>>()).prop_shuffle()) {
        let file = read(hourly(order)).unwrap();
        prop_assert_eq!(only(&file).1, (0..40).collect::<Vec<_>>());
    }

    #[test]
    fn arbitrary_rows_do_not_panic_and_every_row_is_accounted_for(
        body in "([0-9]{1,19}|[a-z\"]{0,3}),[0-9.,\"e-]{0,30}\n?([ -~]{0,40}\n){0,6}",
    ) {
        let options = BarOptions {
            on_error: OnError::Skip,
            interval: Some(Interval::hours(1)),
            ..BarOptions::default()
        };
        let text = hourly([0, 2]) + &body;
        if let Ok(file) = read_named("crypto/v/X.csv", text, &options) {
            let report = &file.report;
            let repeats = report.notices.count(NoticeKind::Duplicate);
            prop_assert_eq!(report.rows, report.accepted + report.defects.total() + repeats);
            let bars: usize = file.series.iter().map(|s| s.bars.len()).sum();
            prop_assert_eq!(report.accepted, bars as u64);
            for one in &file.series {
                prop_assert!(one.bars.time.is_sorted_by(|a, b| a < b));
                prop_assert!(one.bars.iter().all(|bar| bar.check().is_ok()));
            }
        }
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        let _ = read([HEADER.as_bytes(), &bytes].concat());
    }
}
