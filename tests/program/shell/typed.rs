//! The shell with lines on its standard input.

use std::io::Write;
use std::process::Stdio;

use crate::world::{Run, World};

/// Runs the shell with these lines on standard input.
pub(crate) fn typed(world: &World, options: &[&str], lines: &str) -> Run {
    let mut command = world.command(&[&["shell"], options].concat());
    command.env("RHYME_HISTORY", "");
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // A shell that ended at an error does not read the rest.
    let _ = input.write_all(lines.as_bytes());
    drop(input);
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
