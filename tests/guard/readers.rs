use rhymedb::{Control, Database, Error, OpenOptions, Result, Timestamp, View};

use crate::world::{World, answers, files, series};

/// What a caller writes who has no use for the database itself.
fn view_of(world: &World) -> Result<View> {
    Ok(Database::open(world.db())?.now())
}

/// Nothing but names was read when the view was made, so all of this is read from the file.
#[test]
fn a_view_keeps_its_database_open_and_locked() {
    let world = World::new();
    let expected = {
        let db = Database::open(world.db()).unwrap();
        let view = db.now();
        let bars = series().map(|s| view.bars(&s.key, None, None, None).unwrap().bars);
        let headlines = view.headlines(None, None, None, usize::MAX).unwrap();
        (bars, headlines)
    };
    let view = view_of(&world).unwrap();
    let refused = Database::open(world.db()).err().unwrap();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    let clone = view.clone();
    drop(view);
    let bars = series().map(|s| clone.bars(&s.key, None, None, None).unwrap().bars);
    let headlines = clone.headlines(None, None, None, usize::MAX).unwrap();
    assert_eq!((bars, headlines), expected);
    assert!(Database::open(world.db()).is_err());
    drop(clone);
    Database::open(world.db()).unwrap();
}

fn read_only(world: &World) -> rhymedb::Result<Database> {
    OpenOptions::new().read_only(true).open(world.db())
}

#[test]
fn readers_share_a_database_with_a_writer_and_change_nothing() {
    let world = World::new();
    let expected = answers(&Database::open(world.db()).unwrap());
    let before = files(&world.db());
    let readers = [read_only(&world).unwrap(), read_only(&world).unwrap()];
    for reader in &readers {
        assert_eq!(answers(reader), expected);
        reader.verify(&Control::new()).unwrap();
        assert_eq!(reader.stats().unwrap().series, 3);
    }
    assert_eq!(files(&world.db()), before);

    let held = readers[0].now();
    let writer = Database::open(world.db()).unwrap();
    let refused = Database::open(world.db()).err().unwrap();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    let process = format!("process {}", std::process::id());
    assert!(refused.to_string().contains(&process), "{refused}");
    writer.delete_bars(&series()[0].key, None).unwrap();
    // Not the pages that somebody still reads.
    assert!(!writer.compact(&Control::new()).unwrap().catalog_compacted);
    for reader in readers.iter().chain([&read_only(&world).unwrap()]) {
        assert_eq!(reader.now().series().unwrap().len(), 2);
        let stats = |db: &Database| format!("{:?}", db.stats().unwrap());
        assert_eq!(stats(reader), stats(&writer));
        reader.verify(&Control::new()).unwrap();
    }
    assert_eq!(held.series().unwrap().len(), 3);
    drop((held, readers));
    assert!(writer.compact(&Control::new()).unwrap().catalog_compacted);
}

/// What is not synced is in no file that a reader could see.
#[test]
fn commits_that_share_syncs_keep_readers_out() {
    let world = World::new();
    let writer = OpenOptions::new().sync_every(8).open(world.db()).unwrap();
    let refused = read_only(&world).err().unwrap();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains("share syncs"), "{refused}");
    drop(writer);
    let reader = read_only(&world).unwrap();
    let refused = OpenOptions::new().sync_every(8).open(world.db());
    let refused = refused.err().unwrap();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains("readers"), "{refused}");
    drop(reader);
    OpenOptions::new().sync_every(8).open(world.db()).unwrap();
}

#[test]
fn closing_says_who_still_needs_the_database() {
    let world = World::new();
    let db = Database::open(world.db()).unwrap();
    let (view, clone) = (db.now(), db.clone());
    let views = [view.clone(), view];
    let refused = db.close().unwrap_err();
    let counted = matches!(
        refused,
        Error::StillOpen {
            views: 2,
            handles: 1,
            ..
        }
    );
    assert!(counted, "{refused}");
    drop(views);
    assert!(matches!(
        Database::open(world.db()),
        Err(Error::Locked { .. })
    ));
    clone.close().unwrap();
    let again = Database::open(world.db()).unwrap();
    again.close().unwrap();
    read_only(&world).unwrap().close().unwrap();
}

#[test]
fn a_reader_cannot_write() {
    let world = World::new();
    let db = read_only(&world).unwrap();
    let all = Timestamp::from_millis(i64::MIN)..=Timestamp::from_millis(i64::MAX);
    let control = Control::new;
    let outcomes = [
        db.ingest_bars(&series()).map(drop),
        db.ingest_headlines(&[]).map(drop),
        db.ingest(control()).finish().map(drop),
        db.delete_bars(&series()[0].key, None).map(drop),
        db.delete_headlines(all).map(drop),
        db.compact(&control()).map(drop),
        db.import_vectors("x", 1, &[], &control()).map(drop),
    ];
    let refused = outcomes
        .iter()
        .filter(|o| matches!(o, Err(Error::ReadOnly { .. })));
    assert_eq!(refused.count(), 6, "{outcomes:?}");
    assert!(matches!(outcomes[6], Err(Error::Invalid(_))), "no vectors");
}

#[test]
fn nothing_is_made_for_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["absent", "."] {
        let path = folder.path().join(name);
        let error = OpenOptions::new().read_only(true).open(path).err().unwrap();
        assert!(matches!(error, Error::NotADatabase { .. }), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Without a lock file there is still the catalog's own lock.
#[test]
fn the_catalog_keeps_writers_out_too() {
    let world = World::new();
    let writer = Database::open(world.db()).unwrap();
    std::fs::remove_file(world.db().join("lock")).unwrap();
    let refused = Database::open(world.db()).err().unwrap();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    drop(writer);
    Database::open(world.db()).unwrap();
}
