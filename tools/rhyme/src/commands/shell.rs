use clap::Args as ClapArgs;

use crate::args::Global;
use crate::failure::Outcome;

const HELP: &str = "\
In the shell:
  let x = BTCUSDT:1h@2021-05-19    names a target: similar x
  last, last[3]                    the last answer, and its third row: similar last[3]
  x, last[3], BTCUSDT:1h           alone on a line: the chart of that window
  as of 2021-01-01, as of now      what commands know from now on
  similar x > hits.parquet         an answer into a file (.parquet, .csv, .jsonl, .json, else text)
  similar x | less                 an answer into another program
  # a remark
Ctrl-C stops the command and not the shell. A script stops at the first line that fails, with the
exit code of that line. The history is in $RHYME_HISTORY, or among the state of the user.

Example: rhyme shell -c 'let x = BTCUSDT:1h@2021-05-19' -c 'similar x -k 3' -c 'bars last[1]'";

#[derive(Debug, ClapArgs)]
#[command(after_help = HELP)]
pub(crate) struct Shell {
    /// Run this line, or these lines, instead of standard input; may be given several times
    #[arg(short = 'c', value_name = "LINES")]
    pub(crate) command: Vec<String>,
}

pub(super) fn run(global: &Global, args: &Shell) -> Outcome {
    crate::shell::run(global, &args.command)
}
