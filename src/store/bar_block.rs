//! A block of bars of one series, compressed by column.
//!
//! ```text
//! version u8 (1) | bars u32 | xxh3 u64 of the rest | per column: length u32, pco bytes
//! ```
//! Columns: time, open, high, low, close, volume. Little-endian. Bars are the truth of the
//! database, and pco decodes many a flipped bit to other prices: hence the hash.

use pco::ChunkConfig;
use pco::data_types::Number;
use pco::standalone::{simple_compress, simple_decompress_into};
use xxhash_rust::xxh3::xxh3_64;

use crate::model::Bars;

/// Bars in a full block. Larger blocks compress a little better and cost more to change.
pub(super) const BLOCK_BARS: usize = 2048;
const VERSION: u8 = 1;
const HEAD_LEN: usize = 13;
const COLUMNS: usize = 6;

/// Why bytes are not a block of bars.
type Defect = String;

pub(super) fn encode(bars: &Bars) -> Result<Vec<u8>, Defect> {
    let mut out = Vec::with_capacity(bars.len() * 12 + 64);
    out.push(VERSION);
    out.extend_from_slice(&(bars.len() as u32).to_le_bytes());
    let mut columns = Vec::with_capacity(bars.len() * 12 + 64);
    put_column(&mut columns, &bars.time)?;
    for column in [&bars.open, &bars.high, &bars.low, &bars.close, &bars.volume] {
        put_column(&mut columns, column)?;
    }
    out.extend_from_slice(&xxh3_64(&columns).to_le_bytes());
    out.extend_from_slice(&columns);
    Ok(out)
}

fn put_column<T: Number>(out: &mut Vec<u8>, values: &[T]) -> Result<(), Defect> {
    let bytes = simple_compress(values, &ChunkConfig::default()).map_err(|e| e.to_string())?;
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(&bytes);
    Ok(())
}

/// The bytes of a block, split into its columns.
struct Columns<'a> {
    bars: usize,
    columns: [&'a [u8]; COLUMNS],
}

impl<'a> Columns<'a> {
    fn split(bytes: &'a [u8]) -> Result<Self, Defect> {
        let (head, mut rest) = bytes
            .split_at_checked(HEAD_LEN)
            .ok_or("a block of bars is cut short")?;
        let (version, count) = head.split_first().ok_or("a block of bars is empty")?;
        if *version != VERSION {
            return Err(format!(
                "a block of bars has version {version}, and this program reads {VERSION}"
            ));
        }
        let (count, hash) = count
            .split_at_checked(4)
            .ok_or("a block of bars is cut short")?;
        let bars = read_u32(count)? as usize;
        if hash != xxh3_64(rest).to_le_bytes() {
            return Err(format!("the hash of a block of {bars} bars does not fit"));
        }
        let mut columns = [&[][..]; COLUMNS];
        for column in &mut columns {
            let (len, tail) = rest
                .split_at_checked(4)
                .ok_or("a column of bars is cut short")?;
            let (bytes, tail) = tail
                .split_at_checked(read_u32(len)? as usize)
                .ok_or("a column of bars is cut short")?;
            *column = bytes;
            rest = tail;
        }
        Ok(Self { bars, columns })
    }
}

/// The hash that a block says its content has, unchecked.
pub(super) fn hash(bytes: &[u8]) -> Result<u64, Defect> {
    let hash = bytes
        .get(HEAD_LEN - 8..HEAD_LEN)
        .and_then(|b| b.try_into().ok());
    hash.map(u64::from_le_bytes)
        .ok_or_else(|| "a block of bars is cut short".to_owned())
}

fn read_u32(bytes: &[u8]) -> Result<u32, Defect> {
    bytes
        .try_into()
        .map(u32::from_le_bytes)
        .map_err(|_| "a length is cut short".to_owned())
}

/// Blocks are written with at most this many bars; more is damage.
const MAX_BARS: usize = 1 << 20;

fn column<T: Number + Default>(bytes: &[u8], bars: usize) -> Result<Vec<T>, Defect> {
    if bars > MAX_BARS {
        return Err(format!("a block claims {bars} bars"));
    }
    let mut values = vec![T::default(); bars];
    let progress = simple_decompress_into(bytes, &mut values).map_err(|e| e.to_string())?;
    if progress.n_processed != bars || !progress.finished {
        return Err(format!(
            "a column of {bars} bars holds {} values",
            progress.n_processed
        ));
    }
    Ok(values)
}

pub(super) fn decode(bytes: &[u8]) -> Result<Bars, Defect> {
    let Columns {
        bars,
        columns: [time, open, high, low, close, volume],
    } = Columns::split(bytes)?;
    Ok(Bars {
        time: column(time, bars)?,
        open: column(open, bars)?,
        high: column(high, bars)?,
        low: column(low, bars)?,
        close: column(close, bars)?,
        volume: column(volume, bars)?,
    })
}

/// Only the times of a block, which cost a sixth of the whole.
pub(super) fn decode_times(bytes: &[u8]) -> Result<Vec<i64>, Defect> {
    let split = Columns::split(bytes)?;
    let [time, ..] = split.columns;
    column(time, split.bars)
}

/// Only the times and the closes of a block.
pub(super) fn decode_closes(bytes: &[u8]) -> Result<(Vec<i64>, Vec<f64>), Defect> {
    let split = Columns::split(bytes)?;
    let [time, _, _, _, close, _] = split.columns;
    Ok((column(time, split.bars)?, column(close, split.bars)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::model::{Bar, Timestamp};

    fn bars(n: usize) -> Bars {
        (0..n)
            .map(|i| {
                let close = 100.0 + (i as f64 * 0.1).sin();
                Bar {
                    time: Timestamp::from_millis(i as i64 * 60_000),
                    open: 100.0,
                    high: 102.0,
                    low: 98.5,
                    close,
                    volume: i as f64,
                }
            })
            .collect()
    }

    #[test]
    fn blocks_come_back() {
        for n in [0, 1, 2, 255, BLOCK_BARS] {
            let block = encode(&bars(n)).unwrap();
            assert_eq!(decode(&block).unwrap(), bars(n));
            assert_eq!(decode_times(&block).unwrap(), bars(n).time);
            let closes = decode_closes(&block).unwrap();
            assert_eq!(closes, (bars(n).time, bars(n).close));
        }
    }

    #[test]
    fn every_cut_is_refused() {
        let block = encode(&bars(40)).unwrap();
        for len in 0..block.len() {
            assert!(decode(&block[..len]).is_err(), "cut at {len}");
            assert!(decode_closes(&block[..len]).is_err(), "cut at {len}");
        }
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let block = encode(&bars(40)).unwrap();
        for bit in 0..block.len() * 8 {
            let mut flipped = block.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&flipped).is_err(), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn odd_values_come_back(prices: Vec<(i64, f64)>) {
            let odd = Bars {
                time: prices.iter().map(|p| p.0).collect(),
                open: prices.iter().map(|p| p.1).collect(),
                high: prices.iter().map(|p| -p.1).collect(),
                low: prices.iter().map(|p| p.1 / 3.0).collect(),
                close: prices.iter().map(|p| p.1 * 1e30).collect(),
                volume: prices.iter().map(|_| 0.0).collect(),
            };
            let back = decode(&encode(&odd).unwrap()).unwrap();
            let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(&back.time, &odd.time);
            prop_assert_eq!(bits(&back.open), bits(&odd.open));
            prop_assert_eq!(bits(&back.close), bits(&odd.close));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>) {
            if let Ok(bars) = decode(&bytes) {
                prop_assert_eq!(bars.time.len(), bars.volume.len());
            }
        }
    }
}
