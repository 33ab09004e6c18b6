//! Little-endian .npy files of version 1, as NumPy writes and reads them.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use bytemuck::{AnyBitPattern, NoUninit};

/// A number that an .npy file can hold.
pub trait Number: AnyBitPattern + NoUninit {
    const DESCR: &'static str;
}

impl Number for f32 {
    const DESCR: &'static str = "<f4";
}
impl Number for u32 {
    const DESCR: &'static str = "<u4";
}
impl Number for i64 {
    const DESCR: &'static str = "<i8";
}

/// Writes rows of `width` numbers, or a flat array if the width is 0.
pub fn write<T: Number>(path: &Path, values: &[T], width: usize) -> Result<()> {
    let shape = match values.len().checked_div(width) {
        Some(rows) => format!("({rows}, {width})"),
        None => format!("({},)", values.len()),
    };
    let mut header = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': {shape}, }}",
        T::DESCR
    );
    // Magic, version and length take 10 bytes; the data starts at a multiple of 64.
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = fs::File::create(path).with_context(|| path.display().to_string())?;
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    file.write_all(bytemuck::cast_slice(values))?;
    Ok(())
}

/// Reads what [`write`] wrote.
pub fn read<T: Number>(path: &Path) -> Result<Vec<T>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let Some((b"\x93NUMPY\x01\x00", rest)) = bytes.split_at_checked(8) else {
        bail!("{}: expected an .npy file of version 1.0", path.display());
    };
    let (length, rest) = rest.split_at_checked(2).context("a truncated header")?;
    let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
    let (header, data) = rest
        .split_at_checked(length)
        .context("a truncated header")?;
    if !String::from_utf8_lossy(header).contains(T::DESCR) {
        bail!("{}: expected numbers {}", path.display(), T::DESCR);
    }
    Ok(bytemuck::pod_collect_to_vec(data))
}
