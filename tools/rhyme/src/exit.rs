use crate::failure::Outcome;
use crate::progress;

/// Says what went wrong on standard error, and gives the exit code.
pub(crate) fn tell(outcome: Outcome) -> u8 {
    let Err(failure) = outcome else {
        return 0;
    };
    let (code, message) = failure.report();
    if let Some(message) = message {
        progress::settle();
        progress::say(&message);
    }
    code
}
