//! Columns of a table by what they are for: times, numbers, texts.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use rhymedb::{Error, Result};

const DAY_MS: i64 = 86_400_000;
/// What pandas calls an index without a name.
const INDEX: &str = "__index_level_0__";

fn refused<T>(message: String) -> Result<T> {
    Err(Error::Invalid(message))
}

/// What the columns of a table are for.
pub(crate) struct Roles {
    by_role: HashMap<&'static str, usize>,
}

impl Roles {
    /// Finds the columns of `roles`, each with the names that it goes by in any case. What the caller says
    /// goes first.
    pub(crate) fn find(
        names: &[String],
        said: &HashMap<String, String>,
        roles: &[(&'static str, &[&str])],
    ) -> Result<Self> {
        if let Some(role) = said
            .keys()
            .find(|r| roles.iter().all(|(role, _)| role != r))
        {
            let known: Vec<&str> = roles.iter().map(|(role, _)| *role).collect();
            return refused(format!(
                "expected columns for {}, found one for {role}",
                known.join(", ")
            ));
        }
        let mut by_role = HashMap::new();
        for &(role, usual) in roles {
            let at = match said.get(role) {
                Some(name) => match names.iter().position(|n| n == name) {
                    None => {
                        return refused(format!(
                            "expected a column {name} for {role}, found {}",
                            names.join(", ")
                        ));
                    }
                    at => at,
                },
                None => usual
                    .iter()
                    .find_map(|u| names.iter().position(|n| n.trim().eq_ignore_ascii_case(u))),
            };
            // A frame whose index is its time has no other column of times.
            let index = || names.iter().position(|n| n == INDEX);
            let at = at.or_else(|| if role == "time" { index() } else { None });
            if let Some(at) = at {
                by_role.insert(role, at);
            }
        }
        Ok(Self { by_role })
    }

    pub(crate) fn column<'a>(&self, batch: &'a RecordBatch, role: &str) -> Option<&'a ArrayRef> {
        batch.columns().get(*self.by_role.get(role)?)
    }

    pub(crate) fn needed<'a>(&self, batch: &'a RecordBatch, role: &str) -> Result<&'a ArrayRef> {
        self.column(batch, role).ok_or_else(|| {
            let schema = batch.schema();
            let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            Error::Invalid(format!(
                "expected a column for {role}, found {}; say which it is, like columns={{\"{role}\": \"...\"}}",
                names.join(", ")
            ))
        })
    }
}

/// Times in milliseconds UTC. A column without a zone is taken to be in UTC; integers have no unit of
/// their own, so the caller has to say it.
pub(crate) fn times(column: &ArrayRef, unit: Option<&str>) -> Result<Vec<Option<i64>>> {
    use DataType as T;
    Ok(match column.data_type() {
        T::Timestamp(TimeUnit::Second, _) => {
            each::<TimestampSecondType>(column, |t| t.saturating_mul(1_000))
        }
        T::Timestamp(TimeUnit::Millisecond, _) => each::<TimestampMillisecondType>(column, |t| t),
        T::Timestamp(TimeUnit::Microsecond, _) => {
            each::<TimestampMicrosecondType>(column, |t| t.div_euclid(1_000))
        }
        T::Timestamp(TimeUnit::Nanosecond, _) => {
            each::<TimestampNanosecondType>(column, |t| t.div_euclid(1_000_000))
        }
        T::Date32 => each::<Date32Type>(column, |days| i64::from(days) * DAY_MS),
        T::Date64 => each::<Date64Type>(column, |t| t),
        T::Int64 => counted(each::<Int64Type>(column, |t| t), unit)?,
        T::UInt64 => {
            let counts = each::<UInt64Type>(column, |t| i64::try_from(t).unwrap_or(i64::MAX));
            counted(counts, unit)?
        }
        T::Int32 => counted(each::<Int32Type>(column, i64::from), unit)?,
        other => {
            return refused(format!(
                "expected a column of times, found {other}; make it one first, for example with pandas.to_datetime(..., utc=True)"
            ));
        }
    })
}

fn counted(counts: Vec<Option<i64>>, unit: Option<&str>) -> Result<Vec<Option<i64>>> {
    let in_ms = |t: i64| match unit {
        Some("s") => t.checked_mul(1_000),
        Some("ms") => Some(t),
        Some("us") => Some(t.div_euclid(1_000)),
        Some("ns") => Some(t.div_euclid(1_000_000)),
        _ => None,
    };
    match unit {
        Some("s" | "ms" | "us" | "ns") => {
            Ok(counts.into_iter().map(|t| t.and_then(in_ms)).collect())
        }
        Some(other) => refused(format!("expected the time unit s, ms, us or ns, found {other}")),
        None => refused(
            "expected a column of times, found integers, which have no unit; say it, like time_unit=\"ms\"".to_owned(),
        ),
    }
}

fn each<T: ArrowPrimitiveType>(
    column: &ArrayRef,
    of: impl Fn(T::Native) -> i64,
) -> Vec<Option<i64>> {
    let values = column.as_primitive::<T>().iter();
    values.map(|v| v.map(&of)).collect()
}

/// Numbers, with NaN in the place of null.
pub(crate) fn numbers(column: &ArrayRef, role: &str) -> Result<Vec<f64>> {
    use DataType as T;
    Ok(match column.data_type() {
        T::Float64 => floats::<Float64Type>(column, |v| v),
        T::Float32 => floats::<Float32Type>(column, f64::from),
        T::Float16 => floats::<Float16Type>(column, |v| v.to_f64()),
        T::Int64 => floats::<Int64Type>(column, |v| v as f64),
        T::Int32 => floats::<Int32Type>(column, f64::from),
        T::Int16 => floats::<Int16Type>(column, f64::from),
        T::Int8 => floats::<Int8Type>(column, f64::from),
        T::UInt64 => floats::<UInt64Type>(column, |v| v as f64),
        T::UInt32 => floats::<UInt32Type>(column, f64::from),
        T::UInt16 => floats::<UInt16Type>(column, f64::from),
        T::UInt8 => floats::<UInt8Type>(column, f64::from),
        T::Decimal128(..) => {
            let values = column.as_primitive::<Decimal128Type>();
            let number = |i| values.value_as_string(i).parse().unwrap_or(f64::NAN);
            let all = (0..values.len()).map(|i| (i, values.is_valid(i)));
            all.map(|(i, valid)| if valid { number(i) } else { f64::NAN })
                .collect()
        }
        other => {
            return refused(format!(
                "expected a column of numbers for {role}, found {other}; make it one first, for example with pandas.to_numeric"
            ));
        }
    })
}

fn floats<T: ArrowPrimitiveType>(column: &ArrayRef, of: impl Fn(T::Native) -> f64) -> Vec<f64> {
    let values = column.as_primitive::<T>().iter();
    values.map(|v| v.map_or(f64::NAN, &of)).collect()
}

/// Texts of a column of them, or of one of categories.
pub(crate) fn texts(column: &ArrayRef, role: &str) -> Result<Vec<Option<String>>> {
    use DataType as T;
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(match column.data_type() {
        T::Utf8 => column.as_string::<i32>().iter().map(owned).collect(),
        T::LargeUtf8 => column.as_string::<i64>().iter().map(owned).collect(),
        T::Utf8View => column.as_string_view().iter().map(owned).collect(),
        T::Null => vec![None; column.len()],
        T::Dictionary(..) => {
            let dictionary = column.as_any_dictionary();
            let words = texts(dictionary.values(), role)?;
            if words.is_empty() {
                return Ok(vec![None; column.len()]);
            }
            let keys = dictionary.normalized_keys().into_iter().enumerate();
            let word = |(row, key): (usize, usize)| {
                let known = dictionary.keys().is_valid(row);
                words.get(key).filter(|_| known).cloned().flatten()
            };
            keys.map(word).collect()
        }
        other => {
            return refused(format!(
                "expected a column of texts for {role}, found {other}"
            ));
        }
    })
}

/// Lists of texts, or texts with commas.
pub(crate) fn lists(column: &ArrayRef, role: &str) -> Result<Vec<Vec<String>>> {
    let rows: Vec<Option<ArrayRef>> = match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().iter().collect(),
        DataType::LargeList(_) => column.as_list::<i64>().iter().collect(),
        _ => {
            let parts = |text: Option<String>| {
                let text = text.unwrap_or_default();
                let parts = text.split([',', ';']).map(str::trim);
                let parts = parts.filter(|part| !part.is_empty());
                parts.map(str::to_owned).collect()
            };
            return Ok(texts(column, role)?.into_iter().map(parts).collect());
        }
    };
    let list = |row: Option<ArrayRef>| match row {
        None => Ok(Vec::new()),
        Some(row) => Ok(texts(&row, role)?.into_iter().flatten().collect()),
    };
    rows.into_iter().map(list).collect()
}
