//! The questions of rules, one for each kind, and which answers meet their conditions.

use super::risk::risk;
use super::rule::{
    AfterAnomaly, Rule, When, WhenAnalogs, WhenAnomaly, WhenDivergence, WhenLabel, WhenPrototype,
    WhenTags,
};
use super::said::{Call, Reason, Said, reason};
use super::size_of::OutcomeOdds;
use super::trade::Side;
use crate::analysis::{HorizonOutcomes, LabelSet, OutcomeAnswer};
use crate::db::{Filter, Query, View};
use crate::error::{Error, Result};
use crate::model::{SeriesKey, Target, Window};

/// A rule that was checked, with what its question needs at every close.
pub(super) struct Question<'r> {
    pub(super) rule: &'r Rule,
    /// The labels, if it is about labels.
    labels: Option<LabelSet>,
}

impl<'r> Question<'r> {
    /// Checks a rule, and that the labels and tags are there that it names.
    pub(super) fn new(view: &View, rule: &'r Rule) -> Result<Self> {
        rule.check()?;
        let labels = match &rule.when {
            When::Label(asked) => Some(label_set(asked)?),
            When::Tags(asked) => {
                for name in asked.long.iter().chain(&asked.short) {
                    if view.tags(Some(name))?.is_empty() {
                        return Err(Error::NotFound {
                            what: "tag",
                            name: name.clone(),
                            hint_text: "`rhyme tags` lists those that are stored".to_owned(),
                        });
                    }
                }
                None
            }
            _ => None,
        };
        Ok(Self { rule, labels })
    }

    /// Asks about a window; the view knows nothing beyond its end.
    pub(super) fn ask(&self, view: &View, window: &Window) -> Result<Said> {
        match (&self.rule.when, &self.labels) {
            (When::Analogs(asked), _) => analogs(view, asked, window),
            (When::Label(asked), Some(set)) => label(view, (asked, set), window),
            (When::Label(_), None) => Err(Error::internal("a rule of labels has no labels")),
            (When::Prototype(asked), _) => prototype(view, asked, window),
            (When::Anomaly(asked), _) => anomaly(view, asked, window),
            (When::Divergence(asked), _) => divergence(view, asked, window),
            (When::Tags(asked), _) => tags(view, asked, window),
            (When::Risk(asked), _) => risk(view, asked, window),
        }
    }
}

/// The set of a rule of labels, which has all that it names.
fn label_set(asked: &WhenLabel) -> Result<LabelSet> {
    let set = LabelSet::built_in_named(&asked.set)?;
    let known: Vec<&str> = set.labels().iter().map(|l| l.name.as_str()).collect();
    let mut named = asked.long.iter().chain(&asked.short);
    match named.find(|label| !known.contains(&label.as_str())) {
        None => Ok(set),
        Some(none) => Err(Error::NotFound {
            what: "label",
            name: none.clone(),
            hint_text: format!("the set {} has: {}", set.name(), known.join(", ")),
        }),
    }
}

/// What a name means, which may stand for one of the sides.
fn side_of<'n>(
    name: &str,
    long: impl IntoIterator<Item = &'n String>,
    short: impl IntoIterator<Item = &'n String>,
) -> Option<Side> {
    let is = |of: &String| of == name;
    match (long.into_iter().any(is), short.into_iter().any(is)) {
        (true, _) => Some(Side::Long),
        (_, true) => Some(Side::Short),
        _ => None,
    }
}

fn means(side: Option<Side>) -> String {
    side.map_or_else(|| "neither side".to_owned(), |side| side.to_string())
}

fn analogs(view: &View, asked: &WhenAnalogs, window: &Window) -> Result<Said> {
    let mut similar = view.similar(window).k(asked.k).exact(true);
    if let Some(space) = &asked.space {
        similar = similar.space(space);
    }
    let answer = similar.outcomes(&[asked.horizon]).run()?;
    let trained = answer.similar.trained_until;
    let after = answer.horizons.first();
    let found = after.and_then(|a| Some((a, a.summary.as_ref()?, a.base.as_ref()?)));
    let Some((after, summary, base)) = found else {
        let text = format!(
            "{} outcomes are needed, and none had closed",
            asked.outcomes
        );
        return Ok(Said::nothing(text, trained));
    };
    let edge = summary.mean - base.mean;
    let side = if edge > 0.0 { Side::Long } else { Side::Short };
    let odds = OutcomeOdds::new(&counted(&answer, after), summary.effective_n, side);
    let mut reasons = vec![
        reason(
            summary.n >= asked.outcomes,
            format!(
                "{} outcomes had closed, {} are needed",
                summary.n, asked.outcomes
            ),
        ),
        reason(
            edge != 0.0 && edge.abs() >= asked.edge,
            format!(
                "their mean is {:+.3} %, that of the base rate {:+.3} %: {:+.3} % between, {:.3} % are needed",
                100.0 * summary.mean,
                100.0 * base.mean,
                100.0 * edge,
                100.0 * asked.edge
            ),
        ),
        // Who is short where prices rose less than usual loses all the same.
        reason(
            side.sign() * summary.mean > 0.0,
            format!(
                "a {side} position gains {:+.3} % at that mean",
                100.0 * side.sign() * summary.mean
            ),
        ),
        reason(
            odds.won >= asked.hit_rate,
            format!(
                "{:.0} % went that way, {:.0} % are needed",
                100.0 * odds.won,
                100.0 * asked.hit_rate
            ),
        ),
    ];
    reasons.extend(p_reason(after, asked.p_below));
    let mut said = Said::if_met(Some(side), reasons, trained);
    said.basis.outcomes = Some(odds);
    Ok(said)
}

/// What followed the hits that the summary counts.
fn counted(answer: &OutcomeAnswer, after: &HorizonOutcomes) -> Vec<f64> {
    let hits = after.hits.iter().zip(&answer.left_out);
    let counted = hits.filter(|(_, left_out)| left_out.is_none());
    counted
        .filter_map(|(hit, _)| Some(hit.closed()?.change))
        .collect()
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

fn label(view: &View, (asked, set): (&WhenLabel, &LabelSet), window: &Window) -> Result<Said> {
    let answer = view.classify(window, set).run()?;
    let Some(chosen) = &answer.chosen else {
        let text = format!("the chart is none of the {}", set.name());
        return Ok(Said::nothing(text, answer.trained_until));
    };
    let of = answer.labels.iter().find(|l| l.label == *chosen);
    let found = of.map_or(0.0, |l| l.probability);
    let side = side_of(chosen, &asked.long, &asked.short);
    let reasons = vec![
        reason(
            side.is_some(),
            format!("the chart is {chosen}, which means {}", means(side)),
        ),
        reason(
            found >= asked.probability,
            format!(
                "its probability is {found:.2}, {:.2} is needed",
                asked.probability
            ),
        ),
    ];
    Ok(Said::if_met(side, reasons, answer.trained_until))
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

fn prototype(view: &View, asked: &WhenPrototype, window: &Window) -> Result<Said> {
    let WhenPrototype {
        prototype,
        side,
        now,
        limit,
    } = asked;
    let question = view.similar(Query::prototype(prototype.as_str()));
    let answer = question.filter(only(window)).exact(true).k(1).run()?;
    let Some(hit) = answer.hits.first() else {
        let text = format!(
            "the window has no vector in the space {}, or overlaps one that {prototype} is made of",
            answer.space
        );
        return Ok(Said::nothing(text, answer.trained_until));
    };
    let cosine = f64::from(hit.score);
    let text =
        format!("its cosine with {prototype} is {cosine:.3}: {now} is now, {limit} a limit order");
    let reasons = vec![reason(cosine >= *now, text)];
    let mut said = Said::if_met(Some(*side), reasons, answer.trained_until);
    said.basis.cosine = Some(cosine);
    if said.call == Call::Wait && cosine >= *limit {
        said.call = Call::Limit;
    }
    Ok(said)
}

fn anomaly(view: &View, asked: &WhenAnomaly, window: &Window) -> Result<Said> {
    let Some(found) = view.ranked_size(&Target::from(window))? else {
        let text = "there is too little history to say how unusual the moves are".to_owned();
        return Ok(Said::nothing(text, None));
    };
    let (p, moved) = (found.p_value(), found.size.quarter);
    let with = if moved > 0.0 { Side::Long } else { Side::Short };
    let side = match asked.trade {
        AfterAnomaly::Follow => with,
        AfterAnomaly::Fade => with.other(),
    };
    let reasons = vec![
        reason(
            p <= asked.p_below,
            format!(
                "the size of its moves has p {p:.4} among {} earlier windows of its own and {} of its market, at most {} is needed",
                found.own, found.market, asked.p_below
            ),
        ),
        reason(
            moved != 0.0,
            format!("the price moved {moved:+.2} deviations over the last quarter of the window"),
        ),
    ];
    Ok(Said::if_met(Some(side), reasons, None))
}

fn divergence(view: &View, asked: &WhenDivergence, window: &Window) -> Result<Said> {
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
        return Ok(Said::nothing(text, answer.trained_until));
    };
    let trained = moment.trained_until.or(answer.trained_until);
    let Some(found) = moment.percentile else {
        let text = "chart and news have no percentile: there are too few earlier moments, or the weights have seen this one".to_owned();
        return Ok(Said::nothing(text, trained));
    };
    let sign = moment.sign();
    let against = sign.filter(|s| s.price_rises != s.news_bullish);
    let reasons = vec![
        reason(
            found <= asked.percentile,
            format!(
                "chart and news are at percentile {found:.1} of {} earlier moments, at most {} is needed",
                moment.earlier, asked.percentile
            ),
        ),
        reason(
            against.is_some(),
            sign.map_or_else(|| "the price did not move".to_owned(), |s| s.to_string()),
        ),
    ];
    let with_the_news = |bullish| if bullish { Side::Long } else { Side::Short };
    let side = against.map(|s| with_the_news(s.news_bullish));
    Ok(Said::if_met(side, reasons, trained))
}

fn tags(view: &View, asked: &WhenTags, window: &Window) -> Result<Said> {
    let trained = view.past(None, |past| past.learned_later(&window.series))?;
    let votes = view.classify_by_tags(window).neighbours(asked.neighbours);
    let answer = match votes.run() {
        // The tags are stored, but none was known then.
        Err(none @ Error::NotFound { .. }) => return Ok(Said::nothing(none.to_string(), trained)),
        answer => answer?,
    };
    let Some(first) = answer.votes.first() else {
        return Ok(Said::nothing(
            "no tagged window was known".to_owned(),
            trained,
        ));
    };
    let side = side_of(&first.name, &asked.long, &asked.short);
    let reasons = vec![
        reason(
            side.is_some(),
            format!(
                "most votes are for {}, which means {}",
                first.name,
                means(side)
            ),
        ),
        reason(
            first.share >= asked.share,
            format!(
                "it has {:.0} % of {} votes, {:.0} % are needed",
                100.0 * first.share,
                answer.neighbours.len(),
                100.0 * asked.share
            ),
        ),
    ];
    Ok(Said::if_met(side, reasons, trained))
}
