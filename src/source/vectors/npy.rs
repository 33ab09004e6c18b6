//! The format of NumPy's `.npy` files: a magic, a version, the text of a Python dictionary that
//! tells type, order and shape, and then the values.

use std::io::{BufRead, ErrorKind, Read};

use super::super::container::Place;
use super::matrix::Matrix;
use crate::error::{Result, excerpt, shortened};

/// The most that a header may be long; genuine ones have about 100 bytes.
const MAX_HEADER: u32 = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Float {
    Half,
    Single,
    Double,
}

impl Float {
    fn bytes(self) -> usize {
        match self {
            Self::Half => 2,
            Self::Single => 4,
            Self::Double => 8,
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
        }
    }
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

#[derive(Debug, PartialEq, Eq)]
struct Header {
    float: Float,
    rows: u64,
    dim: usize,
}

/// Reads a whole file from its magic on.
pub(super) fn read(mut reader: Box<dyn BufRead + '_>, place: &Place) -> Result<Matrix> {
    let header = read_header(&mut reader, place)?;
    let mut matrix = Matrix::new(header.dim, place)?;
    let mut bytes = vec![0; header.dim * header.float.bytes()];
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
        header.float.decode(&bytes, &mut values);
        matrix.push(&values);
    }
    let rest = reader.fill_buf().map_err(|e| place.read_error(None, e))?;
    if !rest.is_empty() {
        let message = format!("expected the end after {} vectors, found more", header.rows);
        return Err(place.error(None, message));
    }
    Ok(matrix)
}

fn read_header(reader: &mut dyn BufRead, place: &Place) -> Result<Header> {
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
    parse_header(&String::from_utf8_lossy(&text)).map_err(|message| place.error(None, message))
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (10, 32), }`.
fn parse_header(text: &str) -> Result<Header, String> {
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
    let float = match quoted(descr).as_deref() {
        Some("<f2") => Float::Half,
        Some("<f4") => Float::Single,
        Some("<f8") => Float::Double,
        other => {
            return Err(format!(
                "expected little-endian floats (<f2, <f4 or <f8), found {}; convert with array.astype('<f4')",
                shortened(other.unwrap_or("a structured type"))
            ));
        }
    };
    let order = value("'fortran_order'").ok_or_else(|| missing("fortran_order"))?;
    if !order.starts_with("False") {
        return Err(
            "expected C order, found Fortran order; convert with numpy.ascontiguousarray".into(),
        );
    }
    let shape = value("'shape'").ok_or_else(|| missing("shape"))?;
    let inner = shape.strip_prefix('(').and_then(|s| s.split(')').next());
    let inner = inner.ok_or_else(|| missing("shape"))?;
    let axes: Vec<&str> = inner
        .split(',')
        .map(str::trim)
        .filter(|axis| !axis.is_empty())
        .collect();
    match axes.as_slice() {
        [rows, dim] => match (rows.parse(), dim.parse()) {
            (Ok(rows), Ok(dim)) => Ok(Header { float, rows, dim }),
            _ => Err(missing("a shape of two numbers")),
        },
        _ => Err(format!(
            "expected two axes (vectors, dimension), found the shape ({})",
            shortened(inner)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            parse_header(&format!(
                "{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}   \n"
            ))
        };
        assert_eq!(
            header("'<f4'", "False", "(10, 32)"),
            Ok(Header {
                float: Float::Single,
                rows: 10,
                dim: 32
            })
        );
        for (found, reason) in [
            (header("'<i4'", "False", "(10, 32)"), "found <i4"),
            (header("'>f4'", "False", "(10, 32)"), "found >f4"),
            (header("[('a', '<f4')]", "False", "(10, 32)"), "structured"),
            (header("'<f4'", "True", "(10, 32)"), "Fortran order"),
            (header("'<f4'", "False", "(10,)"), "shape (10,)"),
            (header("'<f4'", "False", "(1, 2, 3)"), "shape (1, 2, 3)"),
            (header("'<f4'", "False", "(-1, 2)"), "two numbers"),
            (parse_header("{'descr': '<f4'}"), "lacks fortran_order"),
            (parse_header(""), "lacks descr"),
        ] {
            assert!(found.is_err_and(|e| e.contains(reason)), "{reason}");
        }
    }
}
