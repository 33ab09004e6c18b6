//! `rhyme`: RhymeDB on the command line.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(rhyme::run_program(std::env::args_os()))
}
