//! The questions of rules, one for each kind, and which answers meet their conditions.

use super::account::Side;
use super::rule::{AfterAnomaly, Rule, SideName, When};
use super::said::{Call, Reason, Said, reason};
use super::size_of::{Basis, bars_of};
use crate::analysis::{HorizonOutcomes, LabelSet, Measure};
use crate::db::{Filter, Query, View};
use crate::error::{Error, Result};
use crate::model::{SeriesKey, Target, Window};

/// Asks the question of a rule about a window; the view knows nothing beyond its end.
pub(super) fn ask(view: &View, rule: &Rule, window: &Window) -> Result<Said> {
    match &rule.when {
        When::Analogs { .. } => analogs(view, rule, window),
        When::Label { .. } => label(view, rule, window),
        When::Prototype { .. } => prototype(view, rule, window),
        When::Anomaly { .. } => anomaly(view, rule, window),
        When::Divergence { percentile } => divergence(view, *percentile, window),
        When::Tags { .. } => tags(view, rule, window),
    }
}

pub(super) fn side_text(side: Side) -> &'static str {
    match side {
        Side::Long => "long",
        Side::Short => "short",
    }
}

impl SideName {
    fn side(self) -> Side {
        match self {
            Self::Long => Side::Long,
            Self::Short => Side::Short,
        }
    }
}

fn analogs(view: &View, rule: &Rule, window: &Window) -> Result<Said> {
    let When::Analogs {
        horizon,
        k,
        outcomes: least,
        edge: least_edge,
        hit_rate: least_rate,
        p_below,
        ..
    } = &rule.when
    else {
        return Err(Error::internal("a rule of analogs is of another kind"));
    };
    let mut similar = view.similar(window).k(*k).exact(true);
    if let Some(space) = rule.space() {
        similar = similar.space(space);
    }
    let answer = similar.outcomes(&[*horizon]).run()?;
    let trained = answer.similar.trained_until;
    let after = answer.horizons.first();
    let found = after.and_then(|a| Some((a, a.summary.as_ref()?, a.base.as_ref()?)));
    let Some((after, summary, base)) = found else {
        let text = format!("{least} outcomes are needed, and none had closed");
        return Ok(Said::nothing(vec![reason(false, text)], trained));
    };
    let edge = summary.mean - base.mean;
    let side = if edge > 0.0 { Side::Long } else { Side::Short };
    let rate = match side {
        Side::Long => summary.hit_rate,
        Side::Short => 1.0 - summary.hit_rate,
    };
    let mut reasons = vec![
        reason(
            summary.n >= *least,
            format!("{} outcomes had closed, {least} are needed", summary.n),
        ),
        reason(
            edge != 0.0 && edge.abs() >= *least_edge,
            format!(
                "their mean is {:+.3} %, that of the base rate {:+.3} %: {:+.3} % between, {:.3} % are needed",
                100.0 * summary.mean,
                100.0 * base.mean,
                100.0 * edge,
                100.0 * least_edge
            ),
        ),
        reason(
            rate >= *least_rate,
            format!(
                "{:.0} % went that way, {:.0} % are needed",
                100.0 * rate,
                100.0 * least_rate
            ),
        ),
    ];
    reasons.extend(p_reason(after, *p_below));
    let met = reasons.iter().all(|r| r.met);
    Ok(Said {
        side: met.then_some(side),
        call: if met { Call::Now } else { Call::Wait },
        basis: Basis {
            outcomes: Basis::of_outcomes(after, side),
            ..Basis::default()
        },
        reasons,
        trained_until: trained,
    })
}

/// Whether outcomes differ from chance as much as is needed; `None` if that is not asked.
fn p_reason(after: &HorizonOutcomes, p_below: f64) -> Option<Reason> {
    let asked = p_below < 1.0;
    asked.then(|| match &after.p_value {
        Ok(p) => reason(
            *p <= p_below,
            format!("p is {p:.3}, at most {p_below} is needed"),
        ),
        Err(why) => reason(
            false,
            format!("there is no p, and at most {p_below} is needed: {why}"),
        ),
    })
}

fn label(view: &View, rule: &Rule, window: &Window) -> Result<Said> {
    let When::Label {
        set,
        long,
        short,
        probability,
    } = &rule.when
    else {
        return Err(Error::internal("a rule of labels is of another kind"));
    };
    let set = LabelSet::built_in_named(set)?;
    let known: Vec<&str> = set.labels().iter().map(|l| l.name.as_str()).collect();
    if let Some(none) = long
        .iter()
        .chain(short)
        .find(|l| !known.contains(&l.as_str()))
    {
        return Err(Error::NotFound {
            what: "label",
            name: none.clone(),
            hint_text: format!("the set {} has: {}", set.name(), known.join(", ")),
        });
    }
    let answer = view.classify(window, &set).run()?;
    let Some(chosen) = &answer.chosen else {
        let text = format!("the chart is none of the {}", set.name());
        return Ok(Said::nothing(
            vec![reason(false, text)],
            answer.trained_until,
        ));
    };
    let of = answer.labels.iter().find(|l| l.label == *chosen);
    let found = of.map_or(0.0, |l| l.probability);
    let side = match (long.contains(chosen), short.contains(chosen)) {
        (true, _) => Some(Side::Long),
        (_, true) => Some(Side::Short),
        _ => None,
    };
    let means = side.map_or("neither side", side_text);
    let reasons = vec![
        reason(
            side.is_some(),
            format!("the chart is {chosen}, which means {means}"),
        ),
        reason(
            found >= *probability,
            format!("its probability is {found:.2}, {probability:.2} is needed"),
        ),
    ];
    let side = side.filter(|_| found >= *probability);
    Ok(Said {
        call: if side.is_some() {
            Call::Now
        } else {
            Call::Wait
        },
        side,
        basis: Basis::default(),
        reasons,
        trained_until: answer.trained_until,
    })
}

/// Only the window itself.
fn only(window: &Window) -> Filter {
    let key: &SeriesKey = &window.series;
    let filter = Filter::new()
        .market(key.market.as_str())
        .venue(key.venue.as_str())
        .symbol(key.symbol.as_str())
        .interval(key.interval);
    Filter {
        from: Some(window.end),
        until: Some(window.end),
        ..filter
    }
}

fn prototype(view: &View, rule: &Rule, window: &Window) -> Result<Said> {
    let When::Prototype {
        prototype,
        side,
        now,
        limit,
    } = &rule.when
    else {
        return Err(Error::internal("a rule of a prototype is of another kind"));
    };
    let question = view.similar(Query::prototype(prototype.as_str()));
    let answer = question.filter(only(window)).exact(true).k(1).run()?;
    let Some(hit) = answer.hits.first() else {
        let text = format!("the window is, or overlaps, one of those that {prototype} is made of");
        return Ok(Said::nothing(
            vec![reason(false, text)],
            answer.trained_until,
        ));
    };
    let cosine = f64::from(hit.score);
    let call = if cosine >= *now {
        Call::Now
    } else if cosine >= *limit {
        Call::Limit
    } else {
        Call::Wait
    };
    let text =
        format!("its cosine with {prototype} is {cosine:.3}: {now} is now, {limit} a limit order");
    Ok(Said {
        side: (call == Call::Now).then(|| side.side()),
        call,
        basis: Basis {
            cosine: Some(cosine),
            ..Basis::default()
        },
        reasons: vec![reason(call == Call::Now, text)],
        trained_until: answer.trained_until,
    })
}

fn anomaly(view: &View, rule: &Rule, window: &Window) -> Result<Said> {
    let When::Anomaly { p_below, trade } = &rule.when else {
        return Err(Error::internal("a rule of anomalies is of another kind"));
    };
    let answer = match view.anomaly(window.into()).exact(true).run() {
        // There is nothing else that the question could be wrong about.
        Err(Error::Invalid(too_little)) => {
            return Ok(Said::nothing(vec![reason(false, too_little)], None));
        }
        answer => answer?,
    };
    let measures = &answer.unusual.measures;
    let size = measures.iter().find(|m| m.measure == Measure::Size);
    let Some(size) = size else {
        let text = "there is too little history to say how unusual the moves are".to_owned();
        return Ok(Said::nothing(vec![reason(false, text)], None));
    };
    let bars = bars_of(view, window)?;
    let quarter = bars.len() / 4;
    let closes = (bars.close.len().checked_sub(quarter + 1)).and_then(|i| bars.close.get(i));
    let change = closes
        .zip(bars.close.last())
        .map_or(0.0, |(a, b)| b / a - 1.0);
    let rises = match trade {
        AfterAnomaly::Follow => change > 0.0,
        AfterAnomaly::Fade => change < 0.0,
    };
    let reasons = vec![
        reason(
            size.p_value <= *p_below,
            format!(
                "the size of its moves has p {:.4}, at most {p_below} is needed",
                size.p_value
            ),
        ),
        reason(
            change != 0.0,
            format!(
                "the price moved {:+.2} % over the last quarter of the window",
                100.0 * change
            ),
        ),
    ];
    let met = reasons.iter().all(|r| r.met);
    let side = if rises { Side::Long } else { Side::Short };
    Ok(Said {
        side: met.then_some(side),
        call: if met { Call::Now } else { Call::Wait },
        basis: Basis::default(),
        reasons,
        trained_until: None,
    })
}

fn divergence(view: &View, percentile: f64, window: &Window) -> Result<Said> {
    let target = Target {
        time: None,
        ..Target::from(window)
    };
    let answer = view
        .divergence(target)
        .from(window.end)
        .until(window.end)
        .run()?;
    let moment = answer.moments.iter().find(|m| m.end == window.end);
    let Some(moment) = moment else {
        let text = "no news became known in its last bar".to_owned();
        return Ok(Said::nothing(
            vec![reason(false, text)],
            answer.trained_until,
        ));
    };
    let trained = moment.trained_until.or(answer.trained_until);
    let Some(found) = moment.percentile else {
        let text = "chart and news have no percentile: there are too few earlier moments, or the weights have seen this one".to_owned();
        return Ok(Said::nothing(vec![reason(false, text)], trained));
    };
    let sign = moment.sign();
    let against = sign.filter(|s| s.price_rises != s.news_bullish);
    let reasons = vec![
        reason(
            found <= percentile,
            format!(
                "chart and news are at percentile {found:.1} of earlier moments, at most {percentile} is needed"
            ),
        ),
        reason(
            against.is_some(),
            sign.map_or_else(|| "the price did not move".to_owned(), |s| s.to_string()),
        ),
    ];
    let met = reasons.iter().all(|r| r.met);
    let side = against.map(|s| {
        if s.news_bullish {
            Side::Long
        } else {
            Side::Short
        }
    });
    Ok(Said {
        side: side.filter(|_| met),
        call: if met { Call::Now } else { Call::Wait },
        basis: Basis::default(),
        reasons,
        trained_until: trained,
    })
}

fn tags(view: &View, rule: &Rule, window: &Window) -> Result<Said> {
    let When::Tags {
        long,
        short,
        neighbours,
        share,
    } = &rule.when
    else {
        return Err(Error::internal("a rule of tags is of another kind"));
    };
    let answer = view.classify_by_tags(window).neighbours(*neighbours).run();
    let answer = match answer {
        Err(none @ Error::NotFound { .. }) => {
            return Ok(Said::nothing(vec![reason(false, none.to_string())], None));
        }
        answer => answer?,
    };
    let Some(first) = answer.votes.first() else {
        let text = "no tagged window was known".to_owned();
        return Ok(Said::nothing(vec![reason(false, text)], None));
    };
    let is = |tag: &Option<String>| tag.as_deref() == Some(first.name.as_str());
    let side = match (is(long), is(short)) {
        (true, _) => Some(Side::Long),
        (_, true) => Some(Side::Short),
        _ => None,
    };
    let reasons = vec![
        reason(
            side.is_some(),
            format!(
                "most votes are for {}, which means {}",
                first.name,
                side.map_or("neither side", side_text)
            ),
        ),
        reason(
            first.share >= *share,
            format!(
                "it has {:.0} % of the votes, {:.0} % are needed",
                100.0 * first.share,
                100.0 * share
            ),
        ),
    ];
    let met = reasons.iter().all(|r| r.met);
    Ok(Said {
        side: side.filter(|_| met),
        call: if met { Call::Now } else { Call::Wait },
        basis: Basis::default(),
        reasons,
        trained_until: None,
    })
}
