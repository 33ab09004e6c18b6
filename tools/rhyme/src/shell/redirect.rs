//! `> FILE` and `| COMMAND`.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use rhymedb::Error;
use rhymedb::files::TableFormat;

use super::words::Redirect;
use crate::failure::{Failure, Outcome};
use crate::format::Format;
use crate::progress;
use crate::sink;

/// Does the work of a line and sends its answer where the line says. The work gets the format that
/// the name of a file asks for.
pub(super) fn run(to: &Redirect, work: impl FnOnce(Option<Format>) -> Outcome) -> Outcome {
    match to {
        Redirect::None => work(None),
        Redirect::Pipe(command) => into_command(command, || work(None)),
        Redirect::File(name) => {
            let path = Path::new(name);
            match TableFormat::of(path) {
                // Of the answer's values: only they have types.
                Ok(TableFormat::Parquet | TableFormat::JsonLines) => values_into_file(path, work),
                Ok(_) => text_into_file(path, || work(Some(Format::Csv))),
                Err(_) if path.extension().is_some_and(|e| e == "json") => {
                    text_into_file(path, || work(Some(Format::Json)))
                }
                Err(_) => text_into_file(path, || work(None)),
            }
        }
    }
}

fn values_into_file(path: &Path, work: impl FnOnce(Option<Format>) -> Outcome) -> Outcome {
    let (done, answer) = sink::kept(|| work(Some(Format::Json)));
    done?;
    let Some(answer) = answer else {
        return Err(Error::Invalid(format!(
            "this command has no rows to write to {}; write its answer as .json",
            path.display()
        ))
        .into());
    };
    answer.write(path, true)?;
    // For `last`.
    sink::keep(|| Some(answer));
    Ok(())
}

/// A file appears when the command has succeeded; until then there is one beside it with
/// `.partial` behind its name.
fn text_into_file(path: &Path, work: impl FnOnce() -> Outcome) -> Outcome {
    let io = |action: &'static str, path: &Path| {
        let path = path.to_path_buf();
        move |source| {
            Failure::from(Error::Io {
                action,
                path,
                source: std::sync::Arc::new(source),
            })
        }
    };
    // A pipe or a device is written as it is.
    let special = path.metadata().is_ok_and(|m| !m.is_file() && !m.is_dir());
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let target = if special {
        path.to_path_buf()
    } else {
        PathBuf::from(partial)
    };
    let file = File::create(&target).map_err(io("create", &target))?;
    let (done, flushed) = sink::redirected(Box::new(BufWriter::new(file)), work);
    let written = done.and(flushed.map_err(io("write", &target)));
    if special {
        return written;
    }
    if written.is_err() {
        // What cannot be removed says by its name what it is.
        let _ = fs::remove_file(&target);
        return written;
    }
    fs::rename(&target, path).map_err(io("rename", &target))
}

fn into_command(command: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    let shell = if cfg!(windows) {
        ["cmd", "/C"]
    } else {
        ["sh", "-c"]
    };
    let [program, option] = shell;
    let mut child = Command::new(program)
        .args([option, command])
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|source| Error::Io {
            action: "start",
            path: program.into(),
            source: std::sync::Arc::new(source),
        })?;
    let (done, flushed) = match child.stdin.take() {
        Some(pipe) => sink::redirected(Box::new(BufWriter::new(pipe)), work),
        None => (Err(io::Error::other("no pipe").into()), Ok(())),
    };
    let status = child.wait()?;
    match done.and(flushed.map_err(Failure::from)) {
        // It has read enough, and says itself whether that is a failure.
        Ok(()) | Err(Failure::PipeClosed) => {}
        failed => return failed,
    }
    if status.success() {
        return Ok(());
    }
    // The other program may have ended by Ctrl-C before this one knows of it.
    if by_ctrl_c(status) {
        progress::await_ctrl_c();
        return Err(Failure::Cancelled);
    }
    Err(Error::Invalid(format!("the command behind | failed ({status}): {command}")).into())
}

/// Whether a program ended by SIGINT, or is a shell whose program did.
fn by_ctrl_c(status: ExitStatus) -> bool {
    #[cfg(unix)]
    if std::os::unix::process::ExitStatusExt::signal(&status) == Some(2) {
        return true;
    }
    status.code() == Some(130)
}
