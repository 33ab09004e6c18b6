use std::io;
use std::process::ExitCode;

use rhymedb::Error;

use crate::output::legible;
use crate::progress;

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
    /// The work was done, and found less than it should have.
    Short(String),
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
            io::ErrorKind::BrokenPipe => Self::PipeClosed,
            _ => Self::Output(error),
        }
    }
}

/// 0 for success, 1 for an error, 3 for a name that is not there or not unique, 4 for a database
/// that is in use, 5 for an audit or a repair that fell short, 130 for an interruption. (2 is for arguments that cannot be understood.)
fn code_of(error: &Error) -> u8 {
    match error {
        Error::NotFound { .. } | Error::Ambiguous { .. } => 3,
        Error::Locked { .. } => 4,
        Error::Interrupted => 130,
        _ => 1,
    }
}

/// Says what went wrong on standard error, and gives the exit code.
pub(crate) fn exit_code(outcome: Outcome) -> ExitCode {
    let (code, message) = match outcome {
        Ok(()) | Err(Failure::PipeClosed) => return ExitCode::SUCCESS,
        Err(Failure::Library(error)) => (code_of(&error), error.to_string()),
        Err(Failure::Output(error)) => (1, format!("cannot write the output: {error}")),
        Err(Failure::Partly(message)) => (1, message),
        Err(Failure::Short(message)) => (5, message),
    };
    progress::settle();
    progress::say(&format!("rhyme: {}", legible(&message)));
    ExitCode::from(code)
}
