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
    // Closed cleanly, or a reader would be refused.
    read_only(&world).unwrap();
    Database::open(world.db()).unwrap();
}

fn read_only(world: &World) -> rhymedb::Result<Database> {
    OpenOptions::new().read_only(true).open(world.db())
}

#[test]
fn readers_share_a_database_and_change_nothing() {
    let world = World::new();
    let writer = Database::open(world.db()).unwrap();
    let expected = answers(&writer);
    let refused = read_only(&world).err().unwrap();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    let process = format!("process {}", std::process::id());
    assert!(refused.to_string().contains(&process), "{refused}");
    drop(writer);

    let before = files(&world.db());
    let readers = [read_only(&world).unwrap(), read_only(&world).unwrap()];
    for reader in &readers {
        assert_eq!(answers(reader), expected);
        reader.verify(&Control::new()).unwrap();
        assert_eq!(reader.stats().unwrap().series, 3);
    }
    let refused = Database::open(world.db()).err().unwrap();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains("readers"), "{refused}");
    drop(readers);
    assert_eq!(files(&world.db()), before);
    Database::open(world.db()).unwrap();
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
    let reader = read_only(&world).unwrap();
    std::fs::remove_file(world.db().join("lock")).unwrap();
    let refused = Database::open(world.db()).err().unwrap();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    drop(reader);
    Database::open(world.db()).unwrap();
}
