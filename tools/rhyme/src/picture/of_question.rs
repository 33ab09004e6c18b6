//! The picture of the answer to a question: for the commands, and for programs that ask questions as values.

use rhymedb::ask::{
    AnomalyScanRequest, CombineReply, FoundSimilar, PortfolioRequest, Question, ReactionRequest,
    SimilarReply, SimilarRequest,
};
use rhymedb::plot::{Analogs, Fan, Picture, Scatter, Timeline};
use rhymedb::query::{ReactionAnswer, SimilarAnswer};
use rhymedb::{Control, Error, Timestamp, View};

use super::map::{self, MapColour};
use super::{clusters, correlation, fan, lead_lag, matrix, portfolio, timeline, today, windows};
use crate::failure::{Failure, Outcome};

/// Asks a question and draws what `rhyme` draws of the answer with `--plot`. `None` where there is no picture
/// of such answers.
///
/// # Errors
/// Those of the question, and of reading the bars that are drawn.
pub fn picture_of(view: &View, question: &Question) -> rhymedb::Result<Option<Picture>> {
    drawn(view, question).map_err(|failure| match failure {
        Failure::Library(error) => error,
        // What is drawn here prints nothing and reads no input.
        other => Error::Internal(other.report().1.unwrap_or_default()),
    })
}

fn at(view: &View, as_of: Option<Timestamp>) -> View {
    as_of.map_or_else(|| view.clone(), |time| view.at(time))
}

fn drawn(view: &View, question: &Question) -> Outcome<Option<Picture>> {
    Ok(Some(match question {
        Question::Similar(request) => {
            let (reply, found) = request.ask_in_full(view)?;
            similar(&at(view, request.as_of), request, &reply, &found)?.into()
        }
        Question::Pattern(request) => {
            let (reply, answer) = request.ask_in_full(view)?;
            let (view, target) = (at(view, request.as_of), &reply.found.query.target);
            windows::found(&view, target, &answer.found, None)?.into()
        }
        Question::Search(request) => {
            let answer = request.ask_in_full(view)?.1;
            let asked = request.name();
            windows::found(&at(view, request.as_of), &asked, &answer.charts, None)?.into()
        }
        Question::Combine(request) => {
            let (reply, answer) = request.ask_in_full(view)?;
            combined(&at(view, request.as_of), &reply, &answer)?.into()
        }
        Question::Transfer(request) => {
            let answer = request.ask_in_full(view)?.1;
            let to = request.to.join(", ");
            windows::transferred(&at(view, request.as_of), &to, &answer)?.into()
        }
        Question::TransferMatrix(request) => {
            let answer = request.ask_in_full(view)?.1;
            matrix::matrix(&at(view, request.as_of), &answer).into()
        }
        Question::Reaction(request) => {
            let answer = request.ask_in_full(view)?.1;
            reaction(&at(view, request.as_of), request, &answer)?.into()
        }
        Question::AnomalyScan(request) => scanned(view, request)?.into(),
        Question::Divergence(request) => {
            let answer = request.ask_in_full(view)?.1;
            timeline::divergence(&at(view, request.as_of), request.below, &answer)?.into()
        }
        Question::ClassifyHistory(request) => {
            let answer = request.ask_in_full(view)?.1;
            let labels = request.label_set()?;
            timeline::regimes(&at(view, request.as_of), &labels, &answer)?.into()
        }
        Question::Today(request) => {
            let reply = request.ask(view)?;
            today::today(&at(view, request.as_of), &reply)?.into()
        }
        Question::Clusters(request) => {
            let answer = request.ask_in_full(view)?.1;
            clusters::clusters(&at(view, request.as_of), &answer).into()
        }
        Question::Correlation(request) => {
            let answer = request.ask_in_full(view)?.1;
            correlation::correlation(&at(view, request.as_of), &answer).into()
        }
        Question::LeadLag(request) => {
            let answer = request.ask_in_full(view)?.1;
            lead_lag::lead_lag(&at(view, request.as_of), &answer).into()
        }
        Question::Portfolio(request) => portfolios(view, request)?.into(),
        Question::Map(request) => {
            let answer = request.ask_in_full(view)?.1;
            let by = request.by.clone();
            let colour = by.map_or(MapColour::Market, MapColour::Attribute);
            map::map(&at(view, request.as_of), &colour, &answer)?.into()
        }
        _ => return Ok(None),
    }))
}

/// What rules hold, or would have earned.
fn portfolios(view: &View, request: &PortfolioRequest) -> Outcome<Scatter> {
    let (_, answer, replay) = request.ask_in_full(view, &Control::new())?;
    let view = at(view, request.as_of);
    Ok(match replay {
        Some(replay) => portfolio::portfolio_replay(&view, &replay),
        None => portfolio::portfolio(&view, &answer),
    })
}

/// Windows that look like a target, and what followed them if that was asked.
pub(crate) fn similar(
    view: &View,
    request: &SimilarRequest,
    reply: &SimilarReply,
    found: &FoundSimilar,
) -> Outcome<Analogs> {
    let target = &reply.query.target;
    let FoundSimilar::Outcomes(answer) = found else {
        return windows::found(view, target, found.similar(), None);
    };
    fan::outcomes(view, target, answer, |horizons| {
        let mut again = request.clone();
        again.outcome = horizons.to_vec();
        match again.ask_in_full(view)?.1 {
            FoundSimilar::Outcomes(answer) => Ok(answer),
            FoundSimilar::Hits(_) => Ok(answer.clone()),
        }
    })
}

/// Windows that look like a sum.
pub(crate) fn combined(
    view: &View,
    reply: &CombineReply,
    answer: &SimilarAnswer,
) -> Outcome<Analogs> {
    let asked = &reply.found.query.target;
    let mut picture = windows::found(view, asked, answer, None)?;
    // The chart of the first term alone is not what was asked with.
    picture.title = format!("What looks like {asked}");
    if let Some(chart) = &mut picture.query {
        chart.label = "first term".to_owned();
    }
    Ok(picture)
}

/// What followed news.
pub(crate) fn reaction(
    view: &View,
    request: &ReactionRequest,
    answer: &ReactionAnswer,
) -> Outcome<Fan> {
    fan::news(view, answer, |horizon, interval| {
        let mut again = request.clone();
        again.horizon = horizon;
        again.interval = again.interval.or(interval);
        Ok(again.ask_in_full(view)?.1)
    })
}

/// What is unusual in a series, with the score of each window.
fn scanned(view: &View, request: &AnomalyScanRequest) -> Outcome<Timeline> {
    let mut request = request.clone();
    request.scores = true;
    let answer = request.ask_in_full(view)?.1;
    timeline::anomalies(&at(view, request.as_of), &request.scan, &answer)
}
