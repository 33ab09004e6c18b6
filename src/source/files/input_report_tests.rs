#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;

fn with_defects(lines: impl IntoIterator<Item = u64>) -> InputReport {
    let mut report = InputReport::new(Path::new("a.csv"));
    for line in lines {
        report.rows += 1;
        report
            .defects
            .add(DefectKind::HighBelowLow, Some(line), || format!("m{line}"));
    }
    report
}

#[test]
fn the_first_findings_are_those_of_the_first_lines() {
    let report = with_defects((1..=100).rev());
    assert_eq!(report.defects.total(), 100);
    assert_eq!(report.defects.first.len(), 20);
    let lines: Vec<u64> = report.defects.first.iter().filter_map(|f| f.line).collect();
    assert_eq!(lines, (1..=20).collect::<Vec<u64>>());
}

#[test]
fn messages_are_not_built_for_what_is_not_listed() {
    let mut findings = Findings::default();
    for line in 0..1000 {
        findings.add(NoticeKind::Gap, Some(line), || {
            assert!(line < 20);
            String::new()
        });
    }
    assert_eq!(findings.count(NoticeKind::Gap), 1000);
}

#[test]
fn a_refusal_names_the_line_the_counts_and_the_way_out() {
    let mut report = with_defects([7, 3]);
    report.accepted = 5;
    let text = report.judge(OnError::Refuse).unwrap_err().to_string();
    assert_eq!(
        text,
        "a.csv, line 3: m3. 2 of 2 rows cannot be stored (2 high below low); correct them, or use --on-error skip to leave these rows out"
    );
}

#[test]
fn skipping_keeps_the_rest_but_not_nothing() {
    let mut report = with_defects([7]);
    assert!(report.clone().judge(OnError::Skip).is_err());
    report.accepted = 1;
    assert!(report.judge(OnError::Skip).is_ok());
}

#[test]
fn the_report_reads_well_and_survives_json() {
    let mut report = with_defects(1..=21);
    report.gaps = 1;
    report.missing_bars = 4;
    let text = report.to_string();
    assert!(
        text.starts_with(
            "a.csv: 21 rows, 0 accepted\n  left out: 21 high below low\n    line 1: m1"
        )
    );
    assert!(text.ends_with("    and 1 more\n  gaps: 1, with 4 missing bars"));
    let json = serde_json::to_string(&report).unwrap();
    assert!(json.contains("\"high_below_low\":21"));
    assert_eq!(serde_json::from_str::<InputReport>(&json).unwrap(), report);
}
