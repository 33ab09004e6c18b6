//! The Rust half of `tools/peers`: makes the vector sets, serves the Rust engines, and measures
//! kernels. `tools/peers/run` calls it.
//!
//! ```text
//! rhyme-peers make SET ROWS BARS_FOLDER OUT    writes a vector set as .npy files
//! rhyme-peers engines                          prints the engines, one a line
//! rhyme-peers serve ENGINE SET_FOLDER WORK     answers JSON lines (src/serve.rs)
//! rhyme-peers kernels                          prints a table of distance kernels
//! ```

mod engines;
mod kernels;
mod npy;
mod rconv;
mod serve;
mod sets;

use std::path::Path;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["make", set, rows, bars, out] => {
            sets::make(set, rows.parse()?, Path::new(bars), Path::new(out))
        }
        ["engines"] => {
            for name in engines::names() {
                println!("{name}");
            }
            Ok(())
        }
        ["serve", engine, set, work] => serve::serve(engine, Path::new(set), Path::new(work)),
        ["kernels"] => kernels::table(),
        _ => bail!("expected make, engines, serve or kernels with their arguments, found {args:?}"),
    }
}
