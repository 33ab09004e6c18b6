"""The command ``rhyme``, as the package installs it."""

from __future__ import annotations

import signal
import sys

from ._native import run_program


def main() -> int:
    """Runs the program with the arguments of the process, and gives its exit code."""
    # Ctrl-C is the program's own: Python would only note it, and act once the program has ended.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return run_program(sys.argv)
