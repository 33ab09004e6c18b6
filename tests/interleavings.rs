//! The locks that the threads of a database share, in every order in which threads can come to
//! them: `src/db/shared.rs`, compiled here over the locks of loom, which tries those orders one
//! after another, up to three preemptions each.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use shared::{Kept, Loss, Shared};

mod sync {
    pub(super) use loom::sync::{Arc, Mutex, MutexGuard, RwLock};
    pub(super) use std::sync::PoisonError;
}

#[path = "../src/db/shared.rs"]
mod shared;

/// The catalog: how often was committed, and how many snapshots are open.
struct Catalog {
    commits: usize,
    open: Arc<AtomicUsize>,
}

/// A snapshot, which keeps the catalog from being compacted.
struct Snapshot {
    commits: usize,
    open: Arc<AtomicUsize>,
}

impl Catalog {
    fn read(&self) -> Snapshot {
        self.open.fetch_add(1, Ordering::SeqCst);
        Snapshot {
            commits: self.commits,
            open: Arc::clone(&self.open),
        }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Why there is no snapshot.
#[derive(Clone, Debug)]
struct Why(String);

impl Loss for Why {
    fn by_panic() -> Self {
        Self("a panic".to_owned())
    }

    fn kept(self) -> Self {
        Self(format!("{}; open it again", self.0))
    }
}

type Db = Shared<Catalog, Snapshot, Why>;

fn database() -> Arc<Db> {
    let catalog = Catalog {
        commits: 0,
        open: Arc::new(AtomicUsize::new(0)),
    };
    let first = catalog.read();
    Arc::new(Shared::new(catalog, first))
}

/// Commits as the database does: by the state before, and then shows it. Returns the number of
/// the commit, or why there is none.
fn commit(db: &Db) -> Result<usize, Why> {
    let mut writer = db.still();
    let before = db.latest()?;
    assert_eq!(
        before.commits, writer.commits,
        "a writer sees the last commit"
    );
    writer.commits += 1;
    db.show(&writer, || Ok(writer.read())).unwrap();
    Ok(writer.commits)
}

/// Whether no snapshot was open, and so none may come while it is worked on.
fn compact(db: &Db) -> bool {
    let mut writer = db.still();
    let work = |writer: &mut Catalog| {
        let free = writer.open.load(Ordering::SeqCst) == 0;
        thread::yield_now();
        assert!(!free || writer.open.load(Ordering::SeqCst) == 0);
        free
    };
    db.detached(&mut writer, work, |w| Ok(w.read())).unwrap()
}

/// Runs it in all orders, and says how many those are.
fn in_every_order(name: &str, run: impl Fn() + Sync + Send + 'static) {
    let orders = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&orders);
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        run();
    });
    let orders = orders.load(std::sync::atomic::Ordering::Relaxed);
    println!("{name}: {orders} orders");
    assert!(orders > 1, "{name}: {orders}");
}

#[test]
fn what_is_acknowledged_is_shown_and_time_goes_forward() {
    in_every_order("commits", || {
        let db = database();
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let (db, acknowledged) = (Arc::clone(&db), Arc::clone(&acknowledged));
                thread::spawn(move || {
                    let n = commit(&db).unwrap();
                    acknowledged.fetch_max(n, Ordering::SeqCst);
                })
            })
            .collect();
        let known = acknowledged.load(Ordering::SeqCst);
        let first = db.latest().unwrap();
        let second = db.latest().unwrap().commits;
        assert!(known <= first.commits && first.commits <= second);
        drop(first);
        writers.into_iter().for_each(|w| w.join().unwrap());
        assert_eq!(db.latest().unwrap().commits, 2, "no commit is lost");
    });
}

#[test]
fn nobody_gets_a_snapshot_while_the_catalog_is_compacted() {
    in_every_order("compaction", || {
        let db = database();
        let other = Arc::clone(&db);
        let compactor = thread::spawn(move || compact(&other));
        let other = Arc::clone(&db);
        let writer = thread::spawn(move || commit(&other).unwrap());
        let seen = db.latest().unwrap().commits;
        assert!(seen <= 1);
        compactor.join().unwrap();
        writer.join().unwrap();
        assert_eq!(db.latest().unwrap().commits, 1);
        assert!(compact(&db), "all snapshots but the current one are closed");
    });
}

/// A commit that cannot be read, or whose reading panics, ends it for everybody who comes later:
/// nobody waits forever, and nobody goes on with what was there before.
#[test]
fn what_cannot_be_read_is_said_to_everybody() {
    fn fails(db: &Db) {
        let mut writer = db.still();
        writer.commits += 1;
        db.show(&writer, || Err(Why("no disk".to_owned())))
            .unwrap_err();
    }
    fn panics(db: &Db) {
        let mut writer = db.still();
        let work = std::panic::AssertUnwindSafe(|| {
            db.detached(
                &mut writer,
                |w| w.commits += 1,
                // Without the message that a panic prints.
                |_| -> Result<Snapshot, Why> { std::panic::resume_unwind(Box::new(())) },
            )
        });
        assert!(std::panic::catch_unwind(work).is_err());
    }
    for (name, broken) in [("failure", fails as fn(&Db)), ("panic", panics)] {
        in_every_order(name, move || {
            let db = database();
            let other = Arc::clone(&db);
            let writer = thread::spawn(move || broken(&other));
            let other = Arc::clone(&db);
            let second = thread::spawn(move || commit(&other));
            if let Ok(snapshot) = db.latest() {
                assert!(snapshot.commits <= 1, "what was never shown");
            }
            writer.join().unwrap();
            if let Err(why) = second.join().unwrap() {
                assert!(why.0.contains("open it again"), "{why:?}");
            }
            let lost = |seen: Result<usize, Why>| seen.unwrap_err().0.contains("open it again");
            assert!(lost(db.latest().map(|s| s.commits)));
            assert!(lost(commit(&db)));
        });
    }
}

#[test]
fn what_is_read_once_is_the_same_for_everybody() {
    in_every_order("values", || {
        let kept = Arc::new(Kept::new());
        let reads = Arc::new(AtomicUsize::new(0));
        let ask = {
            let (kept, reads) = (Arc::clone(&kept), Arc::clone(&reads));
            move || kept.get_or(7, || Ok::<_, ()>(reads.fetch_add(1, Ordering::SeqCst)))
        };
        let other = thread::spawn(ask.clone());
        assert_eq!(kept.get_or(8, || Err(())), Err::<usize, _>(()));
        let here = ask().unwrap();
        assert_eq!(here, other.join().unwrap().unwrap());
        assert_eq!(ask().unwrap(), here, "nor does it change later");
        assert_eq!(
            kept.get_or(8, || Ok::<_, ()>(9)),
            Ok(9),
            "an error is not kept"
        );
        assert!(reads.load(Ordering::SeqCst) <= 2);
    });
}

/// Another process writes, and two threads ask what is there: each sees at least what was written
/// before it asked.
#[test]
fn what_others_write_is_seen_at_once() {
    in_every_order("renewal", || {
        let db = database();
        let file = Arc::new(AtomicUsize::new(0));
        let ask = {
            let (db, file) = (Arc::clone(&db), Arc::clone(&file));
            move || {
                let written = file.load(Ordering::SeqCst);
                let read = |old: &Snapshot| {
                    let commits = file.load(Ordering::SeqCst);
                    assert!(commits >= old.commits, "time went backwards");
                    old.open.fetch_add(1, Ordering::SeqCst);
                    let open = Arc::clone(&old.open);
                    Ok::<_, Why>(Snapshot { commits, open })
                };
                let is_newest = |s: &Snapshot| s.commits == file.load(Ordering::SeqCst);
                let seen = db.renewed(is_newest, read).unwrap();
                assert!(seen.commits >= written);
                seen.commits
            }
        };
        let other = thread::spawn(ask.clone());
        file.fetch_add(1, Ordering::SeqCst);
        assert_eq!(ask(), 1);
        other.join().unwrap();
        drop(ask);
        let open = Arc::clone(&db.latest().unwrap().open);
        assert_eq!(open.load(Ordering::SeqCst), 1, "older ones are closed");
        let db = Arc::try_unwrap(db).ok().unwrap();
        assert_eq!(db.into_writer().commits, 0);
        assert_eq!(open.load(Ordering::SeqCst), 0);
    });
}
