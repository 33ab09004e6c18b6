use super::input::{Input, check_refusal};
use crate::model::{SeriesKey, Space};
use crate::store::{StoredValue, decode_value};

/// Values of the catalog: records, headlines and blocks of bars.
pub fn catalog_value(data: &[u8]) {
    let Some(input) = Input::of(data) else {
        return;
    };
    match decode_value(input.choose(&[0, 1, 2, 3, 4, 5, 6, 7]), input.content) {
        Ok(value) => {
            check_sense(&value);
            check_way_back(&value);
        }
        Err(error) => check_refusal(&error),
    }
}

/// A record that was decoded is one that a database could have written.
fn check_sense(value: &StoredValue) {
    match value {
        StoredValue::Series(record) => {
            let key = &record.key;
            SeriesKey::new(&key.market, &key.venue, &key.symbol, key.interval)
                .expect("a name that can be one");
        }
        StoredValue::Space(record) => {
            let space = record.space.clone();
            Space::new(&space.name, space.encoder, space.hop).expect("a space that can be one");
        }
        StoredValue::Prototype(record) => assert!(record.vector.iter().all(|x| x.is_finite())),
        StoredValue::Segment(_)
        | StoredValue::Headline(_)
        | StoredValue::Block(_)
        | StoredValue::Tag(_)
        | StoredValue::Attribute(_) => {}
    }
}

/// What was decoded is encoded to bytes that mean the same. (Bytes are compared rather than
/// values: a damaged block may hold NaN, which differs from itself.)
fn check_way_back(value: &StoredValue) {
    let (table, bytes) = value.encode().unwrap();
    let again = decode_value(table, &bytes).unwrap();
    assert_eq!(again.encode().unwrap(), (table, bytes));
}
