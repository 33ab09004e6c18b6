//! What a rule says of one window, and why.

use serde::Serialize;

use super::conditions::Question;
use super::rule::Rule;
use super::said::{Call, Reason, reason};
use super::size_of::size_of;
use super::trade::Side;
use crate::db::View;
use crate::error::Result;
use crate::model::{Target, Timestamp, Window};

/// What a rule says of a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Signal {
    /// The rule's name.
    pub rule: String,
    /// The window: what is said was known at its end.
    pub window: Window,
    /// Which side it wants; `None` for none.
    pub side: Option<Side>,
    /// The share of the account that it wants to put in; 0 for none.
    pub size: f64,
    /// What to do.
    pub call: Call,
    /// Whether a monitor of risk raises an alarm, whatever it does then.
    pub alarm: bool,
    /// What was looked at, in the order in which it was.
    pub reasons: Vec<Reason>,
    /// Until when the weights of the space have seen the series, if that is after the window: then the signal knows
    /// what came later.
    pub trained_until: Option<Timestamp>,
}

impl View {
    /// Asks what a rule says of a window: of the latest one of a series, or of that at a time. Everything is asked as of
    /// the window's end, whatever the view knows beyond it, and every window is scored, because what a graph finds may
    /// change when segments merge: so the answer is the one that was to be had then, and stays it.
    ///
    /// ```
    /// use rhymedb::decide::{Call, Rule, When};
    /// use rhymedb::{Database, Target};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let rule: Rule = serde_json::from_str(r#"{"name": "analogs", "when": {"kind": "analogs", "horizon": 24}}"#)?;
    /// let target: Target = "NOVAUSDT:1h".parse()?;
    /// let signal = db.now().signal(&rule, &target)?;
    /// for reason in &signal.reasons {
    ///     println!("{} {}", if reason.met { "yes" } else { "no " }, reason.text);
    /// }
    /// assert!(signal.call == Call::Now || signal.size == 0.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Rule::check`], of the question that the rule asks, and [`crate::Error::NotFound`] if there is no such window.
    pub fn signal(&self, rule: &Rule, target: &Target) -> Result<Signal> {
        let question = Question::new(self, rule)?;
        let asked = self.past(rule.space(), |past| past.asked(target))?;
        self.signal_of(&question, &asked.window)
    }

    /// What a rule says of a stored window, as of its end.
    pub(super) fn signal_of(&self, question: &Question<'_>, window: &Window) -> Result<Signal> {
        let (view, rule) = (self.at(window.end), question.rule);
        let said = question.ask(&view, window)?;
        let mut reasons = said.reasons;
        let allowed = said.side.filter(|side| rule.sides.allow(*side));
        if let Some(side) = said.side.filter(|_| allowed.is_none()) {
            reasons.push(reason(false, format!("the rule takes no {side} side")));
        }
        let size = match allowed {
            None => 0.0,
            Some(_) => {
                let (size, why) = size_of(&view, rule, window, &said.basis)?;
                reasons.extend(why.map(|text| reason(size > 0.0, text)));
                size
            }
        };
        let side = allowed.filter(|_| size > 0.0);
        let call = match (side, said.call) {
            (None, Call::Now) if said.alarm => Call::Alarm,
            (None, Call::Now) => Call::Wait,
            (_, call) => call,
        };
        Ok(Signal {
            rule: rule.name.clone(),
            window: window.clone(),
            side,
            size,
            call,
            alarm: said.alarm,
            reasons,
            trained_until: said.trained_until,
        })
    }
}
