//! Values of columns of Arrow as texts and as numbers, type by type.
//!
//! The crate `arrow-cast` does this and much more, and takes long to compile.

use std::fmt::{Debug, Write};

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, StringArray};
use arrow_schema::{DataType, TimeUnit};

use super::super::times::{ZoneText, naive};

const MS_A_DAY: i64 = 86_400_000;
/// The most values of all lists of a batch that become texts.
const MOST_IN_LISTS: usize = 32 << 20;

/// A column as texts, lists like `[a, b]`; what has no text, like a struct, is missing.
pub(crate) fn texts_of(column: &ArrayRef) -> StringArray {
    use DataType as T;
    match column.data_type() {
        T::Utf8 => column.as_string::<i32>().clone(),
        T::LargeUtf8 => collected(column.as_string::<i64>().iter()),
        T::Utf8View => collected(column.as_string_view().iter()),
        T::Binary => collected(column.as_binary::<i32>().iter().map(utf8)),
        T::LargeBinary => collected(column.as_binary::<i64>().iter().map(utf8)),
        T::BinaryView => collected(column.as_binary_view().iter().map(utf8)),
        T::FixedSizeBinary(_) => collected(column.as_fixed_size_binary().iter().map(utf8)),
        T::Boolean => {
            let texts = column.as_boolean().iter();
            texts.map(|v| v.map(|v| v.to_string())).collect()
        }
        T::Int8 => numbers::<Int8Type>(column),
        T::Int16 => numbers::<Int16Type>(column),
        T::Int32 => numbers::<Int32Type>(column),
        T::Int64 => numbers::<Int64Type>(column),
        T::UInt8 => numbers::<UInt8Type>(column),
        T::UInt16 => numbers::<UInt16Type>(column),
        T::UInt32 => numbers::<UInt32Type>(column),
        T::UInt64 => numbers::<UInt64Type>(column),
        T::Float16 => each::<Float16Type>(column, |v| Some(format!("{:?}", v.to_f32()))),
        T::Float32 => numbers::<Float32Type>(column),
        T::Float64 => numbers::<Float64Type>(column),
        T::Decimal32(..) => decimals::<Decimal32Type>(column),
        T::Decimal64(..) => decimals::<Decimal64Type>(column),
        T::Decimal128(..) => decimals::<Decimal128Type>(column),
        T::Decimal256(..) => decimals::<Decimal256Type>(column),
        T::Date32 => each::<Date32Type>(column, |days| date(i64::from(days))),
        T::Date64 => each::<Date64Type>(column, |ms| Some(naive(ms))),
        T::Timestamp(unit, zone) => timestamps(column, *unit, zone.as_deref()),
        T::Time32(TimeUnit::Second) => {
            each::<Time32SecondType>(column, |s| Some(clock(i64::from(s), 1, 0)))
        }
        T::Time32(_) => {
            each::<Time32MillisecondType>(column, |ms| Some(clock(i64::from(ms), 1_000, 3)))
        }
        T::Time64(TimeUnit::Nanosecond) => {
            each::<Time64NanosecondType>(column, |ns| Some(clock(ns, 1_000_000_000, 9)))
        }
        T::Time64(_) => each::<Time64MicrosecondType>(column, |us| Some(clock(us, 1_000_000, 6))),
        T::Dictionary(..) => words(column),
        T::List(_) | T::LargeList(_) | T::FixedSizeList(..) => lists(column),
        _ => StringArray::new_null(column.len()),
    }
}

/// Numbers of any kind in 32 bits, with NaN in the place of null; `None` if they are no numbers.
pub(crate) fn floats_of(column: &ArrayRef) -> Option<Vec<f32>> {
    use DataType as T;
    Some(match column.data_type() {
        T::Int8 => floats::<Int8Type>(column, f32::from),
        T::Int16 => floats::<Int16Type>(column, f32::from),
        T::Int32 => floats::<Int32Type>(column, |v| v as f32),
        T::Int64 => floats::<Int64Type>(column, |v| v as f32),
        T::UInt8 => floats::<UInt8Type>(column, f32::from),
        T::UInt16 => floats::<UInt16Type>(column, f32::from),
        T::UInt32 => floats::<UInt32Type>(column, |v| v as f32),
        T::UInt64 => floats::<UInt64Type>(column, |v| v as f32),
        T::Float16 => floats::<Float16Type>(column, |v| v.to_f32()),
        T::Float32 => floats::<Float32Type>(column, |v| v),
        T::Float64 => floats::<Float64Type>(column, |v| v as f32),
        T::Decimal32(..) | T::Decimal64(..) | T::Decimal128(..) | T::Decimal256(..) => {
            let texts = texts_of(column);
            let values = texts.iter().map(|text| text?.parse().ok());
            values.map(|v| v.unwrap_or(f32::NAN)).collect()
        }
        _ => return None,
    })
}

/// Texts one after the other; all are missing if they are more than a column of texts can hold, 2 GiB.
fn collected<S: AsRef<str>>(texts: impl Iterator<Item = Option<S>>) -> StringArray {
    let mut column = StringBuilder::new();
    let (mut rows, mut bytes) = (0, 0);
    let mut fits = true;
    for text in texts {
        rows += 1;
        let text = text.as_ref().map(AsRef::as_ref).filter(|_| fits);
        bytes += text.map_or(0, str::len);
        fits = bytes <= i32::MAX as usize;
        column.append_option(text.filter(|_| fits));
    }
    if fits {
        column.finish()
    } else {
        StringArray::new_null(rows)
    }
}

/// Each list as a text like `[a, b]`, in which nulls are empty.
fn lists(column: &ArrayRef) -> StringArray {
    let (values, ends): (&ArrayRef, Vec<usize>) = match column.data_type() {
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            let ends = lists.value_offsets().iter().map(|&end| end as usize);
            (lists.values(), ends.collect())
        }
        DataType::LargeList(_) => {
            let lists = column.as_list::<i64>();
            let ends = lists.value_offsets().iter().map(|&end| end as usize);
            (lists.values(), ends.collect())
        }
        _ => {
            let lists = column.as_fixed_size_list();
            let width = lists.value_length() as usize;
            (
                lists.values(),
                (0..=lists.len()).map(|row| row * width).collect(),
            )
        }
    };
    // A batch may be a small part of lists whose values all batches share.
    let first = ends.first().copied().unwrap_or(0);
    let count = ends.last().map_or(0, |last| last - first);
    if count > MOST_IN_LISTS {
        return StringArray::new_null(column.len());
    }
    let texts = texts_of(&values.slice(first, count));
    let lists = ends
        .array_windows::<2>()
        .enumerate()
        .map(|(row, [start, end])| {
            let one = |i: usize| {
                if texts.is_valid(i) {
                    texts.value(i)
                } else {
                    ""
                }
            };
            let all = || {
                (start - first..end - first)
                    .map(one)
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            column.is_valid(row).then(|| format!("[{}]", all()))
        });
    collected(lists)
}

fn floats<T: ArrowPrimitiveType>(column: &ArrayRef, float: impl Fn(T::Native) -> f32) -> Vec<f32> {
    let values = column.as_primitive::<T>().iter();
    values.map(|v| v.map_or(f32::NAN, &float)).collect()
}

fn each<T: ArrowPrimitiveType>(
    column: &ArrayRef,
    text: impl Fn(T::Native) -> Option<String>,
) -> StringArray {
    let values = column.as_primitive::<T>().iter();
    values.map(|v| text(v?)).collect()
}

/// `{:?}` and not `{}`: large and small floats have an exponent and not hundreds of digits.
fn numbers<T: ArrowPrimitiveType>(column: &ArrayRef) -> StringArray
where
    T::Native: Debug,
{
    let values = column.as_primitive::<T>();
    let mut texts = StringBuilder::with_capacity(values.len(), 8 * values.len());
    for value in values {
        // Written in place: most columns are numbers, and a text of its own for each costs more.
        let written = value.map(|value| write!(texts, "{value:?}"));
        texts.append_option(written.is_some_and(|done| done.is_ok()).then_some(""));
    }
    texts.finish()
}

fn decimals<T: DecimalType>(column: &ArrayRef) -> StringArray {
    let values = column.as_primitive::<T>();
    let texts = (0..values.len()).map(|i| values.is_valid(i).then(|| values.value_as_string(i)));
    texts.collect()
}

fn utf8(bytes: Option<&[u8]>) -> Option<&str> {
    std::str::from_utf8(bytes?).ok()
}

fn date(days: i64) -> Option<String> {
    let mut text = naive(days.checked_mul(MS_A_DAY)?);
    text.truncate(text.find('T')?);
    Some(text)
}

/// The time of a day, from a count of parts of a second.
fn clock(value: i64, a_second: i64, digits: usize) -> String {
    let (seconds, part) = (value.div_euclid(a_second), value.rem_euclid(a_second));
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{hours:02}:{minutes:02}:{seconds:02}");
    if part != 0 {
        text.push_str(&format!(".{part:0digits$}"));
    }
    text
}

/// Typed times are RFC 3339 rather than integers: they have a unit and need no guess. A column with a zone
/// shows its clock and the offset, as the same table would in CSV; one without is a clock alone.
fn timestamps(column: &ArrayRef, unit: TimeUnit, zone: Option<&str>) -> StringArray {
    let times: Vec<Option<i64>> = match unit {
        TimeUnit::Second => integers::<TimestampSecondType>(column),
        TimeUnit::Millisecond => integers::<TimestampMillisecondType>(column),
        TimeUnit::Microsecond => integers::<TimestampMicrosecondType>(column),
        TimeUnit::Nanosecond => integers::<TimestampNanosecondType>(column),
    };
    let millis = |time: i64| match unit {
        TimeUnit::Second => time.checked_mul(1_000),
        TimeUnit::Millisecond => Some(time),
        TimeUnit::Microsecond => Some(time.div_euclid(1_000)),
        TimeUnit::Nanosecond => Some(time.div_euclid(1_000_000)),
    };
    let mut zone = zone.map(ZoneText::of);
    let texts = times.into_iter().map(|time| {
        let ms = millis(time?)?;
        Some(match &mut zone {
            Some(zone) => zone.show(ms),
            None => naive(ms),
        })
    });
    texts.collect()
}

fn integers<T: ArrowPrimitiveType<Native = i64>>(column: &ArrayRef) -> Vec<Option<i64>> {
    column.as_primitive::<T>().iter().collect()
}

/// The texts of a dictionary's values, each where its key stands.
fn words(column: &ArrayRef) -> StringArray {
    let dictionary = column.as_any_dictionary();
    let texts = texts_of(dictionary.values());
    if texts.is_empty() {
        return StringArray::new_null(column.len());
    }
    let keys = dictionary.normalized_keys().into_iter().enumerate();
    let word = |(row, key): (usize, usize)| {
        let known = dictionary.keys().is_valid(row) && key < texts.len() && texts.is_valid(key);
        known.then(|| texts.value(key))
    };
    collected(keys.map(word))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::*;

    use super::*;

    fn texts(column: impl Array + 'static) -> Vec<String> {
        let column: ArrayRef = Arc::new(column);
        let texts = texts_of(&column);
        texts.iter().map(|t| t.unwrap_or("-").to_owned()).collect()
    }

    #[test]
    fn each_type_has_its_texts() {
        assert_eq!(texts(Int8Array::from(vec![Some(-7), None])), ["-7", "-"]);
        assert_eq!(
            texts(UInt64Array::from(vec![u64::MAX])),
            ["18446744073709551615"]
        );
        let floats = Float64Array::from(vec![0.1, 1.0, 1e300, 1e-9, f64::NAN]);
        assert_eq!(texts(floats), ["0.1", "1.0", "1e300", "1e-9", "NaN"]);
        assert_eq!(texts(Float32Array::from(vec![0.1])), ["0.1"]);
        assert_eq!(
            texts(BooleanArray::from(vec![true, false])),
            ["true", "false"]
        );
        assert_eq!(texts(LargeStringArray::from(vec!["a", ""])), ["a", ""]);
        assert_eq!(
            texts(StringViewArray::from(vec![
                "a longer text than a view holds"
            ]))
            .len(),
            1
        );
        let bytes: Vec<&[u8]> = vec![b"BTC", &[0xff]];
        assert_eq!(texts(BinaryArray::from(bytes)), ["BTC", "-"]);
        let cents = Decimal128Array::from(vec![Some(-12_345), None]);
        let cents = cents.with_precision_and_scale(9, 2);
        assert_eq!(
            cents.map(texts).ok(),
            Some(vec!["-123.45".into(), "-".into()])
        );
        assert_eq!(texts(NullArray::new(2)), ["-", "-"]);
    }

    #[test]
    fn dates_and_clocks() {
        assert_eq!(
            texts(Date32Array::from(vec![19_723, -1])),
            ["2024-01-01", "1969-12-31"]
        );
        let day = texts(Date64Array::from(vec![1_704_067_200_000]));
        assert_eq!(day, ["2024-01-01T00:00:00"]);
        assert_eq!(texts(Time32SecondArray::from(vec![34_200])), ["09:30:00"]);
        assert_eq!(
            texts(Time64MicrosecondArray::from(vec![34_200_000_005])),
            ["09:30:00.000005"]
        );
        let late = TimestampSecondArray::from(vec![1_704_067_200, i64::MAX]);
        assert_eq!(texts(late), ["2024-01-01T00:00:00", "-"]);
        let early = TimestampNanosecondArray::from(vec![-1]).with_timezone("UTC");
        assert_eq!(
            texts(early).concat().len(),
            "1969-12-31T23:59:59.999Z".len()
        );
    }

    #[test]
    fn a_dictionary_shows_its_words() {
        let words: DictionaryArray<Int32Type> = vec![Some("b"), None, Some("a"), Some("b")]
            .into_iter()
            .collect();
        assert_eq!(texts(words), ["b", "-", "a", "b"]);
        let none: DictionaryArray<Int8Type> =
            Vec::<Option<&str>>::from([None]).into_iter().collect();
        assert_eq!(texts(none), ["-"]);
    }

    #[test]
    fn a_list_shows_its_values() {
        let symbols = [
            Some(vec![Some("AAA"), Some("BBB")]),
            None,
            Some(vec![]),
            Some(vec![None, Some("C")]),
        ];
        let mut column = builder::ListBuilder::new(StringBuilder::new());
        for list in symbols {
            column.append_option(list);
        }
        let column = column.finish();
        let later = column.slice(2, 2);
        assert_eq!(texts(column), ["[AAA, BBB]", "-", "[]", "[, C]"]);
        assert_eq!(texts(later), ["[]", "[, C]"]);
        let pairs = [Some(vec![Some(1), Some(-2)]), None];
        let pairs = FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>(pairs, 2);
        assert_eq!(texts(pairs.slice(0, 2)), ["[1, -2]", "-"]);
        let wide = LargeListArray::from_iter_primitive::<Float64Type, _, _>([Some([Some(0.5)])]);
        assert_eq!(texts(wide), ["[0.5]"]);
    }

    #[test]
    fn numbers_of_each_type_are_floats() {
        let floats = |column: ArrayRef| floats_of(&column);
        assert_eq!(floats(Arc::new(Int64Array::from(vec![3]))), Some(vec![3.0]));
        assert_eq!(
            floats(Arc::new(UInt8Array::from(vec![255]))),
            Some(vec![255.0])
        );
        let cents = Decimal128Array::from(vec![-150]).with_precision_and_scale(9, 2);
        assert_eq!(
            cents.ok().and_then(|c| floats(Arc::new(c))),
            Some(vec![-1.5])
        );
        let gap = floats(Arc::new(Float64Array::from(vec![Some(0.5), None])));
        assert!(gap.is_some_and(|v| v.first() == Some(&0.5) && v.iter().any(|x| x.is_nan())));
        assert_eq!(floats(Arc::new(StringArray::from(vec!["1"]))), None);
    }
}
