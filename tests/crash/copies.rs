//! Backups, restores and repairs while the disk fails: what they read stays as it is, what they
//! write is whole or has another name, and a second attempt finishes the work.

use std::path::{Path, PathBuf};

use rhymedb::{Control, Database, Result};

use crate::contents::State;
use crate::cuts::no_panic;
use crate::disk::{ROOT, SimDisk};
use crate::fault::{Fault, Refusal};
use crate::operations::{ALL, Operation, home};
use crate::refused::assert_clear;
use crate::run::{in_order, points, thorough};

fn filled() -> &'static Operation {
    let append = &ALL[3];
    assert_eq!(append.name, "append");
    append
}

fn backup() -> PathBuf {
    Path::new(ROOT).join("copies").join("backup")
}

fn restored() -> PathBuf {
    Path::new(ROOT).join("again.rhyme")
}

fn partial(of: &Path) -> PathBuf {
    let name = of.file_name().unwrap().to_str().unwrap();
    of.with_file_name(format!("{name}.partial"))
}

fn open(disk: &SimDisk, path: &Path) -> Result<Database> {
    filled().options(disk).create(false).open(path)
}

/// Opens a copy of what is on a disk and reads a database there.
fn state(disk: &SimDisk, path: &Path) -> State {
    State::of(&open(&disk.fork(), path).unwrap()).unwrap()
}

/// Something that reads one database and writes another.
struct Copying {
    from: PathBuf,
    to: PathBuf,
    run: fn(&SimDisk) -> Result<()>,
}

fn back_up() -> (SimDisk, Copying) {
    let run = |disk: &SimDisk| {
        let db = open(disk, &home())?;
        db.backup(backup(), &Control::new()).map(drop)
    };
    let copying = Copying {
        from: home(),
        to: backup(),
        run,
    };
    (filled().prepared(), copying)
}

fn restore() -> (SimDisk, Copying) {
    let (disk, made) = back_up();
    (made.run)(&disk).unwrap();
    let run = |disk: &SimDisk| {
        let options = filled().options(disk);
        options
            .restore(backup(), restored(), &Control::new())
            .map(drop)
    };
    let copying = Copying {
        from: backup(),
        to: restored(),
        run,
    };
    (disk, copying)
}

impl Copying {
    /// The source is as before. The copy is whole, or there is none of that name; then it can be
    /// made, once what the first attempt left is removed.
    fn check(&self, disk: &SimDisk, expected: &State, at: &str) -> Left {
        assert_eq!(&state(disk, &self.from), expected, "{at}: the source");
        if disk.has(&self.to) {
            assert_eq!(&state(disk, &self.to), expected, "{at}: the copy");
            return Left::Copy;
        }
        let mut left = Left::Nothing;
        let remains = partial(&self.to);
        if disk.has(&remains) {
            let refused = (self.run)(disk).unwrap_err().to_string();
            assert!(refused.contains("delete that folder"), "{at}: {refused}");
            assert!(disk.has(&remains), "{at}: somebody else's copy is removed");
            disk.remove_folder(&remains);
            left = Left::Partial;
        }
        (self.run)(disk).unwrap_or_else(|e| panic!("{at}: again: {e}"));
        assert_eq!(&state(disk, &self.to), expected, "{at}: the second copy");
        left
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Left {
    Nothing,
    Partial,
    Copy,
}

fn survives_every_stop(make: fn() -> (SimDisk, Copying)) {
    in_order(|| {
        let (made, copying) = make();
        let before = made.restart_machine(0);
        let expected = state(&before, &copying.from);
        let whole = before.fork();
        (copying.run)(&whole).unwrap();
        let total = whole.counts().changes;
        let kept = whole.restart_machine(0);
        assert_eq!(state(&kept, &copying.to), expected, "what is done is kept");
        let most = if thorough() { usize::MAX } else { 24 };
        let mut seen = Vec::new();
        // The copy gets its name at the end, and what is left of that is up to chance.
        let end = (total - 3..=total).flat_map(|n| [n; 6]);
        let all = points(total, most, 1).into_iter().chain(end);
        for (turn, n) in all.enumerate() {
            let disk = before.fork();
            disk.set_fault(Some(Fault::Stop(n)));
            let ran = no_panic(|| (copying.run)(&disk));
            let at = format!("operation {n} of {total} ({})", disk.hit());
            let ran = ran.unwrap_or_else(|panic| panic!("{at}: {panic}"));
            let disk = match turn % 4 {
                0 => disk.restart_process(),
                _ => disk.restart_machine((n + turn) as u64),
            };
            disk.set_fault(None);
            seen.push(copying.check(&disk, &expected, &at));
            assert!(ran.is_err() || seen.last() == Some(&Left::Copy), "{at}");
        }
        assert!(seen.contains(&Left::Nothing));
        assert!(seen.contains(&Left::Partial) && seen.contains(&Left::Copy));
    });
}

fn withstands_every_refusal(make: fn() -> (SimDisk, Copying)) {
    in_order(|| {
        let (before, copying) = make();
        let expected = state(&before, &copying.from);
        let whole = before.fork();
        (copying.run)(&whole).unwrap();
        let total = whole.counts().all;
        let most = if thorough() { usize::MAX } else { 8 };
        let mut refused = 0;
        for (turn, kind) in (0..).zip([Refusal::Full, Refusal::Broken]) {
            for n in points(total, most, turn) {
                for fault in [Fault::Once(n, kind), Fault::Forever(n, kind)] {
                    let disk = before.fork();
                    disk.set_fault(Some(fault));
                    let ran = no_panic(|| (copying.run)(&disk));
                    let at = format!("{fault:?} of {total} ({})", disk.hit());
                    let ran = ran.unwrap_or_else(|panic| panic!("{at}: {panic}"));
                    disk.set_fault(None);
                    if let Err(e) = &ran {
                        assert_clear(e, &at);
                        refused += 1;
                    }
                    let left = copying.check(&disk, &expected, &at);
                    assert!(ran.is_err() || left == Left::Copy, "{at}");
                }
            }
        }
        assert!(refused > 10, "{refused}");
    });
}

#[test]
fn backups_survive_every_stop() {
    survives_every_stop(back_up);
}

#[test]
fn restores_survive_every_stop() {
    survives_every_stop(restore);
}

#[test]
fn backups_withstand_every_refusal() {
    withstands_every_refusal(back_up);
}

#[test]
fn restores_withstand_every_refusal() {
    withstands_every_refusal(restore);
}

fn repair(disk: &SimDisk) -> Result<()> {
    let report = filled().options(disk).repair(home(), &Control::new())?;
    assert!(report.is_whole(), "{report:?}");
    Ok(())
}

#[test]
fn repairs_survive_every_stop() {
    in_order(|| {
        let sound = filled().prepared().restart_machine(0);
        let expected = state(&sound, &home());
        let before = sound.fork();
        before.damage(&sound.segment_files()[0]);
        let whole = before.fork();
        repair(&whole).unwrap();
        let total = whole.counts().changes;
        let most = if thorough() { usize::MAX } else { 24 };
        let mut unfinished = 0;
        for n in points(total, most, 1) {
            let disk = before.fork();
            disk.set_fault(Some(Fault::Stop(n)));
            let ran = no_panic(|| repair(&disk));
            let at = format!("operation {n} of {total} ({})", disk.hit());
            let ran = ran.unwrap_or_else(|panic| panic!("{at}: {panic}"));
            unfinished += usize::from(ran.is_err());
            let disk = disk.restart_machine(n as u64);
            repair(&disk).unwrap_or_else(|e| panic!("{at}: again: {e}"));
            let found = state(&disk, &home());
            assert!(
                found.contents.is_like(&expected.contents),
                "{at}: {found:#?}\nis not like {expected:#?}"
            );
        }
        assert!(unfinished > 20, "{unfinished}");
    });
}

#[test]
fn repairs_withstand_every_refusal() {
    in_order(|| {
        let sound = filled().prepared().restart_machine(0);
        let expected = state(&sound, &home());
        let before = sound.fork();
        before.damage(&sound.segment_files()[0]);
        let whole = before.fork();
        repair(&whole).unwrap();
        let total = whole.counts().all;
        let most = if thorough() { usize::MAX } else { 12 };
        let mut refused = 0;
        for (turn, kind) in (0..).zip([Refusal::Full, Refusal::Broken]) {
            for n in points(total, most, turn) {
                for fault in [Fault::Once(n, kind), Fault::Forever(n, kind)] {
                    let disk = before.fork();
                    disk.set_fault(Some(fault));
                    let ran = no_panic(|| repair(&disk));
                    let at = format!("{fault:?} of {total} ({})", disk.hit());
                    let ran = ran.unwrap_or_else(|panic| panic!("{at}: {panic}"));
                    disk.set_fault(None);
                    if let Err(e) = &ran {
                        assert_clear(e, &at);
                        refused += 1;
                    }
                    // What is damaged is repaired, and what is sound was not taken for damaged.
                    repair(&disk).unwrap_or_else(|e| panic!("{at}: again: {e}"));
                    let found = state(&disk, &home());
                    assert!(
                        found.contents.is_like(&expected.contents),
                        "{at}: {found:#?}\nis not like {expected:#?}"
                    );
                }
            }
        }
        println!("repair: {refused} times refused, of {total} operations");
        assert!(refused > 20, "{refused}");
    });
}
