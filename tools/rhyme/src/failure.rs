use std::io;

use rhymedb::Error;

use crate::interrupt;
use crate::text::legible;

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The library refused.
    Library(Error),
    /// Nobody reads the output any more: `rhyme ... | head`.
    PipeClosed,
    /// The output cannot be written.
    Output(io::Error),
    /// Some of the input was refused, and said so; the rest is stored.
    Partly(String),
    /// A line of the shell that cannot be understood, with clap's text.
    Usage(String),
    /// A failure of a line of a script.
    Line(usize, Box<Failure>),
    /// The work was done, and found less than it should have.
    Short(String),
    /// Something is unusual, and whoever asked wanted to hear of it.
    Alarm(String),
    /// Ctrl-C while a question was asked: there is nothing to keep or to go on with.
    Cancelled,
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            _ if interrupt::felt() => Self::Cancelled,
            io::ErrorKind::BrokenPipe => Self::PipeClosed,
            _ => Self::Output(error),
        }
    }
}

/// 0 for success, 1 for an error, 3 for a name that is not there or not unique, 4 for a database
/// that is in use, 5 for a verification, a repair or an audit that fell short and for a report that could
/// measure nothing, 6 for an alarm, 130 for an interruption. (2 is for arguments that cannot be understood.)
fn code_of(error: &Error) -> u8 {
    match error {
        Error::NotFound { .. } | Error::Ambiguous { .. } => 3,
        Error::Locked { .. } => 4,
        Error::Interrupted => 130,
        _ => 1,
    }
}

impl Failure {
    /// The exit code, and what to say.
    pub(crate) fn report(self) -> (u8, Option<String>) {
        let (code, message) = match self {
            Self::PipeClosed => return (0, None),
            Self::Usage(text) => return (2, Some(text.trim_end().to_owned())),
            Self::Line(line, failure) => return failure.report_of(line),
            Self::Library(error) => (code_of(&error), error.to_string()),
            Self::Output(error) => (1, format!("cannot write the output: {error}")),
            Self::Partly(message) => (1, message),
            Self::Short(message) => (5, message),
            Self::Alarm(message) => (6, message),
            Self::Cancelled => (130, "interrupted".to_owned()),
        };
        (code, Some(format!("rhyme: {}", legible(&message))))
    }

    fn report_of(self, line: usize) -> (u8, Option<String>) {
        let (code, message) = self.report();
        let said = |text: String| {
            let own = text
                .strip_prefix("rhyme: ")
                .or(text.strip_prefix("error: "));
            let text = own.unwrap_or(&text).to_owned();
            format!("rhyme: line {line}: {text}")
        };
        (code, message.map(said))
    }
}
