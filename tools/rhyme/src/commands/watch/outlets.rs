//! Where alerts go: standard output, a file, a program, an address.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args as ClapArgs;
use rhymedb::{Control, Error};

use super::alert_file;
use super::journal::Journal;
use super::program::Program;
use crate::commands::ingest_tally::count;
use crate::failure::Outcome;
use crate::global::Global;
use crate::output;
use crate::progress::{self, notice};
use crate::text::{grouped, legible};

/// The longest pause before a delivery that failed is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug, ClapArgs)]
pub(super) struct Wanted {
    /// Append alerts to this file, instead of printing them
    #[arg(long, value_name = "FILE")]
    alerts: Option<PathBuf>,
    /// Start this program for each alert, with the line on its standard input; its exit code must be 0
    #[arg(long, value_name = "PROGRAM")]
    exec: Option<PathBuf>,
    /// Post each alert to this address
    #[cfg(feature = "http")]
    #[arg(long, value_name = "URL", group = "address")]
    post: Option<String>,
    /// Post each alert to the address in this environment variable
    #[cfg(feature = "http")]
    #[arg(long, value_name = "NAME", group = "address")]
    post_env: Option<String>,
    /// The environment variable that holds a token for the address
    #[cfg(feature = "http")]
    #[arg(long, value_name = "NAME", requires = "address")]
    token_env: Option<String>,
}

/// A place where alerts go.
pub(super) struct Outlet {
    /// The name in the journal. It tells no secret.
    pub(super) name: String,
    kind: Kind,
    failures: u32,
    again_at: Option<Instant>,
}

enum Kind {
    Output,
    File(PathBuf),
    Program(Program),
    #[cfg(feature = "http")]
    Address(rhymedb::webhook::Webhook),
}

impl Outlet {
    fn new(name: String, kind: Kind) -> Self {
        Self {
            name,
            kind,
            failures: 0,
            again_at: None,
        }
    }
}

/// The outlets that were asked for; standard output if there is none.
pub(super) fn of(wanted: &Wanted, control: &Control) -> Outcome<Vec<Outlet>> {
    let mut outlets = Vec::new();
    if let Some(file) = &wanted.alerts {
        let path = std::path::absolute(file)?;
        alert_file::check(&path)?;
        outlets.push(Outlet::new(
            format!("file {}", path.display()),
            Kind::File(path),
        ));
    }
    if let Some(program) = &wanted.exec {
        let found = Program::find(program)?;
        let name = format!("program {}", found.path().display());
        outlets.push(Outlet::new(name, Kind::Program(found)));
    }
    #[cfg(feature = "http")]
    if let Some(outlet) = address(wanted, control)? {
        outlets.push(outlet);
    }
    #[cfg(not(feature = "http"))]
    let _ = control;
    if outlets.is_empty() {
        outlets.push(Outlet::new("output".to_owned(), Kind::Output));
    }
    Ok(outlets)
}

#[cfg(feature = "http")]
fn address(wanted: &Wanted, control: &Control) -> Outcome<Option<Outlet>> {
    use xxhash_rust::xxh3::xxh3_64;
    let variable = |name: &String, what: &str| {
        std::env::var(name).map_err(|e| {
            Error::Invalid(format!(
                "expected {what} in the environment variable {name}: {e}; set it, like {name}=..."
            ))
        })
    };
    let url = match (&wanted.post, &wanted.post_env) {
        (Some(url), _) => url.clone(),
        (None, Some(name)) => variable(name, "the address of a webhook")?,
        (None, None) => return Ok(None),
    };
    let mut hook = rhymedb::webhook::Webhook::builder(&url)
        .attempts(3)
        .backoff(Duration::from_millis(500), Duration::from_secs(5))
        .interrupt(control.stop_flag());
    if let Some(name) = &wanted.token_env {
        hook = hook.token(variable(name, "a token")?);
    }
    let hook = hook.build()?;
    let name = format!("address {} {:016x}", hook.host(), xxh3_64(url.as_bytes()));
    Ok(Some(Outlet::new(name, Kind::Address(hook))))
}

/// Delivers what is to be delivered, to outlets whose pause is over. What fails is tried again later.
pub(super) fn deliver(
    global: &Global,
    outlets: &mut [Outlet],
    journal: &mut Journal,
    control: &Control,
) -> Outcome {
    for outlet in outlets {
        if outlet.again_at.is_some_and(|at| Instant::now() < at) {
            continue;
        }
        let queue = journal.queue(&outlet.name);
        if queue.is_empty() {
            continue;
        }
        let done = outlet.send(&queue, journal, control)?;
        match done {
            Ok(()) if outlet.failures > 0 => {
                notice(
                    global,
                    &format!("alerts reach {} again", legible(&outlet.name)),
                );
                (outlet.failures, outlet.again_at) = (0, None);
            }
            Ok(()) => {}
            Err(Error::Interrupted) => return Err(Error::Interrupted.into()),
            Err(error) => outlet.failed(&error),
        }
    }
    Ok(())
}

/// How long until a delivery that failed is tried again; `None` if none did.
pub(super) fn pause(outlets: &[Outlet]) -> Option<Duration> {
    let times = outlets.iter().filter_map(|outlet| outlet.again_at);
    let first = times.min()?;
    Some(first.saturating_duration_since(Instant::now()))
}

/// How many alerts the outlets are still to get, in words; `None` if none.
pub(super) fn waiting(outlets: &[Outlet], journal: &Journal) -> Option<String> {
    let queues = outlets
        .iter()
        .map(|o| (journal.queue(&o.name).len(), &o.name));
    let (count, name) = queues.max()?;
    let alerts = if count == 1 { "alert" } else { "alerts" };
    let text = format!(
        "{} {alerts} could not be delivered to {name}",
        grouped(count as u64)
    );
    (count > 0).then(|| legible(&text))
}

impl Outlet {
    /// Sends alerts in order up to the first that fails, and notes each as it is delivered.
    fn send(
        &self,
        queue: &[(u64, Arc<str>)],
        journal: &mut Journal,
        control: &Control,
    ) -> Outcome<Result<(), Error>> {
        let each = |send: &dyn Fn(&str) -> Outcome<Result<(), Error>>, journal: &mut Journal| {
            for (number, line) in queue {
                if control.is_stopped() {
                    return Ok(Err(Error::Interrupted));
                }
                if let Err(error) = send(line)? {
                    return Ok(Err(error));
                }
                journal.sent(&self.name, *number)?;
            }
            Ok(Ok(()))
        };
        match &self.kind {
            Kind::Output => each(&|line| output::line_at_once(line).map(Ok), journal),
            Kind::Program(program) => each(&|line| Ok(program.tell(line, control)), journal),
            #[cfg(feature = "http")]
            Kind::Address(hook) => each(&|line| Ok(hook.post(line)), journal),
            Kind::File(path) => {
                let lines: Vec<&str> = queue.iter().map(|(_, line)| &**line).collect();
                if let Err(error) = alert_file::append(path, &lines) {
                    return Ok(Err(error));
                }
                let last = queue.last().map_or(0, |(number, _)| *number);
                journal.sent(&self.name, last)?;
                Ok(Ok(()))
            }
        }
    }

    fn failed(&mut self, error: &Error) {
        if self.failures == 0 {
            progress::say(&legible(&format!(
                "alerts do not reach {}, and are kept and tried again: {error}",
                self.name
            )));
        }
        let pause = Duration::from_secs(1) * 2_u32.saturating_pow(self.failures.min(10));
        self.failures += 1;
        self.again_at = Some(Instant::now() + pause.min(LONGEST_PAUSE));
    }
}

/// Says which alerts wait for outlets that this run has not.
pub(super) fn tell_others(global: &Global, outlets: &[Outlet], journal: &Journal) {
    for (name, waiting) in journal.queues() {
        if !outlets.iter().any(|outlet| outlet.name == name) {
            let text = format!(
                "note: {} of earlier runs wait for {name}, which this run has not; a run that has it delivers them",
                count(waiting as u64, "alert", "alerts")
            );
            notice(global, &legible(&text));
        }
    }
}
