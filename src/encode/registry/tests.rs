#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::model::Sharing;

fn message(result: Result<Arc<dyn ChartEncoder>>) -> String {
    match result {
        Ok(encoder) => panic!("{:?} was accepted", encoder.spec()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_stored_spec_gives_the_encoder_back() {
    for (name, window, dim) in [
        ("shape", 64, Some(32)),
        ("shape", 20, None),
        ("stats", 64, None),
    ] {
        let encoder = chart_encoder_by_name(name, window, dim).unwrap();
        let again = chart_encoder(encoder.spec()).unwrap();
        assert_eq!(again.spec(), encoder.spec());
        assert_eq!(encoder.spec().window as usize, window);
    }
}

#[test]
fn names_with_and_without_version_mean_the_same() {
    for name in ["shape", "stats"] {
        let short = chart_encoder_by_name(name, 64, None).unwrap();
        let full = chart_encoder_by_name(&format!("{name}/1"), 64, None).unwrap();
        assert_eq!(short.spec(), full.spec());
        assert_eq!(short.spec().id, format!("{name}/1"));
    }
    let shape = chart_encoder_by_name("shape", 64, None).unwrap();
    assert_eq!(shape.spec().dim, 48);
    let short = chart_encoder_by_name("shape", 20, None).unwrap();
    assert_eq!(short.spec().dim, 19);
}

#[test]
fn what_does_not_fit_is_an_error_that_says_so() {
    let unknown = message(chart_encoder_by_name("ts2vec", 64, None));
    assert!(
        unknown.contains("shape/1 and stats/1") && unknown.contains("ts2vec"),
        "{unknown}"
    );
    let dim = message(chart_encoder_by_name("stats", 64, Some(31)));
    assert!(dim.contains("32") && dim.contains("31"), "{dim}");
    assert!(message(chart_encoder_by_name("shape", 0, None)).contains("window"));
    assert!(message(chart_encoder_by_name("shape", 64, Some(64))).contains("1 to 63"));
    assert!(message(chart_encoder_by_name("shape", 64, Some(0))).contains("1 to 63"));
    assert!(message(chart_encoder_by_name("stats", 15, None)).contains("16 to 16384"));
}

#[test]
fn a_stored_spec_that_differs_in_any_field_is_refused() {
    let good = chart_encoder_by_name("shape", 64, Some(32))
        .unwrap()
        .spec()
        .clone();
    let changes: [fn(&mut EncoderSpec); 11] = [
        |s| s.id = "shape/2".to_owned(),
        |s| s.id = "shape".to_owned(),
        |s| s.modality = crate::model::Modality::Headline,
        |s| s.channels = 5,
        |s| s.receptive_field = 3,
        |s| s.warm_up = 1,
        |s| s.sharing = Sharing::Pooled,
        |s| s.causal = false,
        |s| s.normaliser = "z-score".to_owned(),
        |s| s.weights_hash = 1,
        |s| s.window = u32::MAX,
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let mut spec = good.clone();
        change(&mut spec);
        let text = message(chart_encoder(&spec));
        assert!(text.starts_with("expected"), "change {i}: {text}");
    }
}
