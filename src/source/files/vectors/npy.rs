//! The format of NumPy's `.npy` files: a magic, a version, the text of a Python dictionary that
//! tells type, order and shape, and then the values.

use std::io::{BufRead, ErrorKind, Read};

use super::super::container::FilePlace;
use super::matrix::Matrix;
use crate::error::{Result, excerpt, shortened};

/// The most that a header may be long; genuine ones have about 100 bytes.
const MAX_HEADER: u32 = 64 << 10;

/// How the numbers are written, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Half,
    Single,
    Double,
    Signed(usize),
    Unsigned(usize),
}

impl Number {
    /// The type that NumPy describes so.
    fn of(descr: &str) -> Option<Self> {
        Some(match descr {
            "<f2" => Self::Half,
            "<f4" => Self::Single,
            "<f8" => Self::Double,
            "|i1" => Self::Signed(1),
            "<i2" => Self::Signed(2),
            "<i4" => Self::Signed(4),
            "<i8" => Self::Signed(8),
            "|u1" | "|b1" => Self::Unsigned(1),
            "<u2" => Self::Unsigned(2),
            "<u4" => Self::Unsigned(4),
            "<u8" => Self::Unsigned(8),
            _ => return None,
        })
    }

    fn bytes(self) -> usize {
        match self {
            Self::Half => 2,
            Self::Single => 4,
            Self::Double => 8,
            Self::Signed(bytes) | Self::Unsigned(bytes) => bytes,
        }
    }

    /// The values of a row; the bytes that are left over are none.
    fn decode(self, row: &[u8], values: &mut Vec<f32>) {
        values.clear();
        match self {
            Self::Half => values.extend(row.as_chunks().0.iter().map(|b| half(*b))),
            Self::Single => {
                values.extend(row.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)));
            }
            Self::Double => {
                values.extend(
                    row.as_chunks()
                        .0
                        .iter()
                        .map(|b| f64::from_le_bytes(*b) as f32),
                );
            }
            Self::Signed(bytes) => {
                let numbers = row.chunks_exact(bytes);
                values.extend(numbers.map(|b| signed(b) as f32));
            }
            Self::Unsigned(bytes) => {
                let numbers = row.chunks_exact(bytes);
                values.extend(numbers.map(|b| unsigned(b) as f32));
            }
        }
    }
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len() as u32;
    // Up to the top, where the sign is, and down again with it.
    (unsigned(bytes) << unused).cast_signed() >> unused
}

/// A 16 bit float of IEEE 754.
fn half(bytes: [u8; 2]) -> f32 {
    let bits = u16::from_le_bytes(bytes);
    let mantissa = f32::from(bits & 0x3ff);
    let magnitude = match (bits >> 10) & 0x1f {
        0 => mantissa * 2_f32.powi(-24),
        0x1f if mantissa == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        exponent => (1_024.0 + mantissa) * 2_f32.powi(i32::from(exponent) - 25),
    };
    if bits >> 15 == 1 {
        -magnitude
    } else {
        magnitude
    }
}

/// What a file is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Any number of vectors, one after the other.
    Many,
    /// One vector, with or without an axis of rows.
    One,
}

#[derive(Debug, PartialEq, Eq)]
struct Header {
    number: Number,
    rows: u64,
    dim: usize,
}

/// Reads a whole file from its magic on.
pub(super) fn read(
    mut reader: Box<dyn BufRead + '_>,
    place: &FilePlace,
    wanted: Wanted,
) -> Result<Matrix> {
    let header = read_header(&mut reader, place, wanted)?;
    if wanted == Wanted::One && header.rows != 1 {
        let message = format!(
            "expected one vector, found {}; save one of them with numpy.save('ONE.npy', a[0])",
            header.rows
        );
        return Err(place.error(None, message));
    }
    let mut matrix = Matrix::new(header.dim, place)?;
    let mut bytes = vec![0; header.dim * header.number.bytes()];
    let mut values = Vec::with_capacity(header.dim);
    for row in 0..header.rows {
        reader.read_exact(&mut bytes).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => place.error(
                None,
                format!(
                    "expected {} vectors, and the file ends in number {}; fetch or write it again",
                    header.rows,
                    row + 1
                ),
            ),
            _ => place.read_error(None, e),
        })?;
        header.number.decode(&bytes, &mut values);
        matrix.push(&values);
    }
    let rest = reader.fill_buf().map_err(|e| place.read_error(None, e))?;
    if !rest.is_empty() {
        let message = format!("expected the end after {} vectors, found more", header.rows);
        return Err(place.error(None, message));
    }
    Ok(matrix)
}

fn read_header(reader: &mut dyn BufRead, place: &FilePlace, wanted: Wanted) -> Result<Header> {
    let mut start = [0; 8];
    let mut read = |buffer: &mut [u8]| {
        reader.read_exact(buffer).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => place.error(None, "the .npy file ends in its header"),
            _ => place.read_error(None, e),
        })
    };
    read(&mut start)?;
    let [.., major, _minor] = start;
    let length = match major {
        1 => {
            let mut length = [0; 2];
            read(&mut length)?;
            u32::from(u16::from_le_bytes(length))
        }
        2 | 3 => {
            let mut length = [0; 4];
            read(&mut length)?;
            u32::from_le_bytes(length)
        }
        _ => {
            let message = format!("expected a .npy file of version 1 to 3, found {major}");
            return Err(place.error(None, message));
        }
    };
    if length > MAX_HEADER {
        let message = format!("expected a header of at most {MAX_HEADER} bytes, found {length}");
        return Err(place.error(None, message));
    }
    let mut text = vec![0; length as usize];
    read(&mut text)?;
    let header = parse_header(&String::from_utf8_lossy(&text), wanted);
    header.map_err(|message| place.error(None, message))
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (10, 32), }`.
fn parse_header(text: &str, wanted: Wanted) -> Result<Header, String> {
    let value = |key: &str| {
        let (_, after) = text.split_once(key)?;
        after.trim_start().strip_prefix(':').map(str::trim_start)
    };
    let quoted = |text: &str| {
        let inner = text.strip_prefix(['\'', '"'])?;
        Some(inner.split(['\'', '"']).next()?.to_owned())
    };
    let missing = |what: &str| {
        format!(
            "the header of the .npy file lacks {what}: {}",
            excerpt(text)
        )
    };
    let descr = value("'descr'").ok_or_else(|| missing("descr"))?;
    let number = match quoted(descr) {
        Some(descr) => Number::of(&descr).ok_or_else(|| wrong_type(&descr))?,
        None => {
            return Err(format!(
                "expected a matrix of numbers, found a structured type; {}",
                converted("numpy.lib.recfunctions.structured_to_unstructured(a).astype('<f4')")
            ));
        }
    };
    let order = value("'fortran_order'").ok_or_else(|| missing("fortran_order"))?;
    if !order.starts_with("False") {
        return Err(format!(
            "expected C order, found Fortran order; {}",
            converted("numpy.ascontiguousarray(a)")
        ));
    }
    let shape = value("'shape'").ok_or_else(|| missing("shape"))?;
    let inner = shape.strip_prefix('(').and_then(|s| s.split(')').next());
    let inner = inner.ok_or_else(|| missing("shape"))?;
    let axes: Vec<&str> = inner
        .split(',')
        .map(str::trim)
        .filter(|axis| !axis.is_empty())
        .collect();
    let axes = match (axes.as_slice(), wanted) {
        ([dim], Wanted::One) => vec!["1", *dim],
        _ => axes,
    };
    match axes.as_slice() {
        [rows, dim] => match (rows.parse(), dim.parse()) {
            (Ok(rows), Ok(dim)) => Ok(Header { number, rows, dim }),
            _ => Err(missing("a shape of two numbers")),
        },
        _ => {
            let advice = match axes.len() {
                0 => "save the array of all vectors".to_owned(),
                1 => format!("if it is one vector, {}", converted("a.reshape(1, -1)")),
                _ => converted("a.reshape(len(a), -1)"),
            };
            Err(format!(
                "expected two axes (vectors, dimension), found the shape ({}); {advice}",
                shortened(inner)
            ))
        }
    }
}

fn wrong_type(descr: &str) -> String {
    let advice = match descr {
        // Objects are lists or arrays of a column of pandas.
        "|O" => converted("numpy.stack(a).astype('<f4')"),
        _ if descr.starts_with(['>', '<']) => converted("a.astype('<f4')"),
        _ => "save it as float32 where it is made".to_owned(),
    };
    let found = match descr {
        "|O" => "Python objects (|O)".to_owned(),
        other => shortened(other),
    };
    format!("expected floats or integers in little-endian order, found {found}; {advice}")
}

/// What to type in Python to have an array in another form.
fn converted(expression: &str) -> String {
    let module = match expression.contains("recfunctions") {
        true => "numpy.lib.recfunctions",
        false => "numpy",
    };
    format!(
        "in Python: import {module}; a = numpy.load('OLD.npy', allow_pickle=True); numpy.save('NEW.npy', {expression})"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_keep_their_sign() {
        for (bytes, value) in [
            (&[0xff_u8][..], -1),
            (&[0x7f], 127),
            (&[0x00, 0x80], -32_768),
            (&[0xfe, 0xff, 0xff, 0xff], -2),
            (&[1, 0, 0, 0, 0, 0, 0, 0], 1),
            (&[0xff; 8], -1),
        ] {
            assert_eq!(signed(bytes), value, "{bytes:?}");
        }
        assert_eq!(unsigned(&[0xff, 0xff]), 65_535);
        let mut values = Vec::new();
        Number::Signed(2).decode(&[1, 0, 0xff, 0xff, 9], &mut values);
        assert_eq!(values, [1.0, -1.0]);
    }

    #[test]
    fn halves_are_exact() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(half(u16::to_le_bytes(bits)), value, "{bits:#x}");
        }
        assert!(half(u16::to_le_bytes(0x7e00)).is_nan());
    }

    #[test]
    fn halves_ascend_like_their_bits() {
        let values: Vec<f32> = (0..=0x7c00_u16).map(|b| half(b.to_le_bytes())).collect();
        assert!(values.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn headers_say_what_is_wrong() {
        let header = |descr: &str, order: &str, shape: &str| {
            let text =
                format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}   \n");
            parse_header(&text, Wanted::Many)
        };
        assert_eq!(
            header("'<f4'", "False", "(10, 32)"),
            Ok(Header {
                number: Number::Single,
                rows: 10,
                dim: 32
            })
        );
        for (found, reason) in [
            (
                header("'|O'", "False", "(200,)"),
                "numpy.save('NEW.npy', numpy.stack(a).astype('<f4'))",
            ),
            (header("'>f4'", "False", "(10, 32)"), "found >f4"),
            (header("[('a', '<f4')]", "False", "(10, 32)"), "structured"),
            (header("'<f4'", "True", "(10, 32)"), "Fortran order"),
            (header("'<f4'", "False", "(10,)"), "shape (10,)"),
            (header("'<f4'", "False", "(1, 2, 3)"), "shape (1, 2, 3)"),
            (header("'<f4'", "False", "(-1, 2)"), "two numbers"),
            (
                parse_header("{'descr': '<f4'}", Wanted::Many),
                "lacks fortran_order",
            ),
            (parse_header("", Wanted::Many), "lacks descr"),
        ] {
            assert!(found.is_err_and(|e| e.contains(reason)), "{reason}");
        }
    }
}
