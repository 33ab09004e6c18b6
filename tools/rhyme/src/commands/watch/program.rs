//! A program that is started for each alert.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rhymedb::{Control, Error};

/// A program that takes longer is ended.
const LONGEST: Duration = Duration::from_secs(30);
/// After Ctrl-C it has so long to finish.
const LAST: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(10);

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|m| m.is_file())
}

/// A program that was found.
pub(super) struct Program(PathBuf);

impl Program {
    /// Finds a program by its path, or by its name in `PATH`.
    pub(super) fn find(program: &Path) -> Result<Self, Error> {
        let found = match program.components().count() {
            1 if !is_file(program) => {
                let path = std::env::var_os("PATH").unwrap_or_default();
                let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
                places.find(|place| is_file(place))
            }
            _ => is_file(program)
                .then(|| std::path::absolute(program).ok())
                .flatten(),
        };
        found.map(Self).ok_or_else(|| Error::NotFound {
            what: "program",
            name: program.display().to_string(),
            hint_text:
                "give its path without arguments; a script may call another program with some"
                    .to_owned(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Starts the program with a line on its standard input, and waits for it.
    pub(super) fn tell(&self, line: &str, control: &Control) -> Result<(), Error> {
        let mut command = Command::new(&self.0);
        // What it prints is no alert.
        command.stdin(Stdio::piped()).stdout(std::io::stderr());
        #[cfg(unix)]
        {
            // Ctrl-C is not meant for it.
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        let mut child = command.spawn().map_err(|source| Error::Io {
            action: "start",
            path: self.0.clone(),
            source: Arc::new(source),
        })?;
        // A program need not read it.
        let text = format!("{line}\n");
        let writer = child
            .stdin
            .take()
            .map(|mut stdin| std::thread::spawn(move || drop(stdin.write_all(text.as_bytes()))));
        let done = self.wait(&mut child, control);
        // It ends with the program, which reads no more then.
        writer.into_iter().for_each(|writer| drop(writer.join()));
        done
    }

    fn wait(&self, child: &mut Child, control: &Control) -> Result<(), Error> {
        let name = self.0.display();
        let mut until = Instant::now() + LONGEST;
        let mut stopped = false;
        loop {
            let status = child.try_wait().map_err(|source| Error::Io {
                action: "wait for",
                path: self.0.clone(),
                source: Arc::new(source),
            })?;
            match status {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    return Err(Error::Invalid(format!(
                        "expected {name} to end with exit code 0, found {status}"
                    )));
                }
                None => {}
            }
            if control.is_stopped() && !stopped {
                stopped = true;
                until = until.min(Instant::now() + LAST);
            }
            if Instant::now() >= until {
                // It may have ended meanwhile.
                drop(child.kill());
                drop(child.wait());
                return Err(match stopped {
                    true => Error::Interrupted,
                    false => Error::Invalid(format!("expected {name} to end within {LONGEST:?}")),
                });
            }
            std::thread::sleep(LOOK);
        }
    }
}
