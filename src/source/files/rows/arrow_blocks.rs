//! What an Arrow IPC file says about its own sizes, before any memory is taken for it.
//!
//! The `arrow-ipc` crate takes as much memory as the lengths in the file ask for. A forged length of an
//! exbibyte would end the program, so lengths are compared with the file first.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use arrow_ipc::reader::read_footer_length;
use arrow_ipc::{Block, RecordBatch, root_as_footer, root_as_message};

/// The length of the footer and the magic, which end the file.
const TAIL: u64 = 10;
/// The most that a file may unpack to; columns of candles are a third to a twentieth of their size.
const MAX_UNPACKED: u64 = 16 << 30;
const MAX_INFLATION: u64 = 100;
const INFLATION_FLOOR: u64 = 64 << 20;
/// Rows that need no bytes: columns of nulls have none.
const ROWS_WITHOUT_BYTES: u64 = 1 << 16;

/// Checks the lengths in a file.
///
/// # Errors
/// What is wrong with them.
pub(super) fn check_blocks(file: &mut File) -> io::Result<Result<(), String>> {
    let size = file.seek(SeekFrom::End(0))?;
    let Some(tail_start) = size.checked_sub(TAIL) else {
        return Ok(Err("it ends too early".to_owned()));
    };
    let mut tail = [0; TAIL as usize];
    read_at(file, tail_start, &mut tail)?;
    let length = match read_footer_length(tail) {
        Ok(length) => length as u64,
        Err(_) => return Ok(Err("it ends too early; fetch it again".to_owned())),
    };
    let Some(start) = tail_start.checked_sub(length) else {
        return Ok(Err("its footer is longer than the file".to_owned()));
    };
    let mut footer = vec![0; length as usize];
    read_at(file, start, &mut footer)?;
    let Ok(footer) = root_as_footer(&footer) else {
        return Ok(Err("its footer is damaged".to_owned()));
    };
    let mut unpacked = 0_u64;
    let blocks = [footer.dictionaries(), footer.recordBatches()];
    for block in blocks.into_iter().flatten().flatten() {
        match check_block(file, size, block)? {
            Ok(bytes) => unpacked = unpacked.saturating_add(bytes),
            Err(why) => return Ok(Err(why)),
        }
    }
    let most = size.saturating_mul(MAX_INFLATION);
    let most = most.clamp(INFLATION_FLOOR, MAX_UNPACKED);
    Ok(if unpacked <= most {
        Ok(())
    } else {
        Err(format!(
            "its columns unpack to more than {} MiB, which no table of this size does",
            most >> 20
        ))
    })
}

/// Checks a block; gives the bytes that its columns unpack to.
fn check_block(file: &mut File, size: u64, block: &Block) -> io::Result<Result<u64, String>> {
    let outside = || Ok(Err("a block of it lies outside of the file".to_owned()));
    let lengths = (
        u64::try_from(block.offset()),
        u64::try_from(block.metaDataLength()),
        u64::try_from(block.bodyLength()),
    );
    let (Ok(offset), Ok(head), Ok(body)) = lengths else {
        return outside();
    };
    let body_start = offset.checked_add(head);
    let end = body_start.and_then(|start| start.checked_add(body));
    let (Some(body_start), Some(_)) = (body_start, end.filter(|end| *end <= size)) else {
        return outside();
    };
    let mut message = vec![0; head as usize];
    read_at(file, offset, &mut message)?;
    // Since version 0.15 four bytes of ones come before the length.
    let skipped = if message.starts_with(&[0xff; 4]) {
        8
    } else {
        4
    };
    let Ok(message) = root_as_message(message.get(skipped..).unwrap_or_default()) else {
        return Ok(Err("a block of it is damaged".to_owned()));
    };
    let dictionary = message.header_as_dictionary_batch();
    let batch = message.header_as_record_batch();
    let Some(batch) = batch.or_else(|| dictionary?.data()) else {
        return Ok(Err("a block of it holds no columns".to_owned()));
    };
    let bytes = match unpacked_size(file, body_start, body, batch)? {
        Ok(bytes) => bytes,
        Err(why) => return Ok(Err(why)),
    };
    let rows = u64::try_from(batch.length()).unwrap_or(u64::MAX);
    // A column of truths has eight rows a byte.
    Ok(if rows <= bytes.saturating_mul(8).max(ROWS_WITHOUT_BYTES) {
        Ok(bytes)
    } else {
        Err(format!("{rows} rows of it have no bytes"))
    })
}

fn unpacked_size(
    file: &mut File,
    body_start: u64,
    body: u64,
    batch: RecordBatch<'_>,
) -> io::Result<Result<u64, String>> {
    let is_packed = batch.compression().is_some();
    let mut bytes = 0_u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let offset = u64::try_from(buffer.offset()).unwrap_or(u64::MAX);
        let length = u64::try_from(buffer.length()).unwrap_or(u64::MAX);
        if offset.saturating_add(length) > body {
            return Ok(Err("a column of it lies outside of its block".to_owned()));
        }
        let mut unpacked = length;
        if is_packed && length >= 8 {
            let mut prefix = [0; 8];
            read_at(file, body_start + offset, &mut prefix)?;
            // -1 says that the buffer is not packed after all.
            unpacked = u64::try_from(i64::from_le_bytes(prefix)).unwrap_or(length);
        }
        bytes = bytes.saturating_add(unpacked);
    }
    Ok(Ok(bytes))
}

fn read_at(file: &mut File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}
