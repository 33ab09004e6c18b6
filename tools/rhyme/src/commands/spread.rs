//! How the hits of a list are spread: options that many commands have.

use clap::Args;
use rhymedb::Error;
use rhymedb::query::Per;

use crate::failure::Outcome;

/// How hits are spread over groups, and apart from one another.
#[derive(Debug, Args)]
pub(crate) struct Spread {
    /// At most N hits of each symbol, of each year (of a window's end, of a headline's publication, in UTC)
    /// or of each market; may be said of several
    #[arg(
        long,
        num_args = 2,
        action = clap::ArgAction::Append,
        value_names = ["symbol|year|market", "N"]
    )]
    per: Vec<String>,
    /// Choose hits that differ from one another, from the nearest 5k: LAMBDA is from 0 (as different as can
    /// be) to 1 (as near as can be) [default: 0.5]
    #[arg(
        long,
        value_name = "LAMBDA",
        num_args = 0..=1,
        default_missing_value = "0.5",
        value_parser = lambda
    )]
    pub(super) diverse: Option<f64>,
}

impl Spread {
    /// What `--per` says.
    pub(super) fn per(&self) -> Outcome<Per> {
        let wrong = |found: &str| {
            Error::Invalid(format!(
                "expected --per with symbol, year or market and the most hits of one, like --per symbol 2, found {found}"
            ))
        };
        let mut per = Per::new();
        for pair in self.per.chunks(2) {
            let [group, hits] = pair else {
                return Err(wrong(&pair.join(" ")).into());
            };
            let most = hits.parse::<usize>();
            let most = most.map_err(|_| wrong(&format!("{group} {hits}")))?;
            let quota = match group.as_str() {
                "symbol" => &mut per.symbol,
                "year" => &mut per.year,
                "market" => &mut per.market,
                other => return Err(wrong(other).into()),
            };
            if quota.replace(most).is_some() {
                return Err(wrong(&format!("{group} twice")).into());
            }
        }
        Ok(per)
    }
}

fn lambda(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    let number = number.filter(|lambda| (0.0..=1.0).contains(lambda));
    number.ok_or_else(|| {
        "expected a number from 0 to 1; if it was meant as the target or the sentence, put --diverse after it"
            .to_owned()
    })
}

/// How the hits of an answer are spread, in a line; nothing if they are not.
pub(super) fn told(per: Per, diverse: Option<f64>) -> String {
    let quota = (!per.is_empty()).then(|| per.to_string());
    let choice = diverse.map(|lambda| {
        format!(
            "chosen to differ (lambda {lambda}), in the order of the choice; score is the nearness"
        )
    });
    let told: Vec<String> = quota.into_iter().chain(choice).collect();
    match told.as_slice() {
        [] => String::new(),
        told => told.join("; ") + "\n",
    }
}
