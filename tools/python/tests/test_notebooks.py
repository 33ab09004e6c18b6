"""The notebooks run from the first cell to the last, each in a Python of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.py"))


def test_they_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "a_replay",
        "an_encoder_of_your_own",
        "analogs_of_a_crash",
        "news_and_reactions",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_run(path: Path) -> None:
    cells = re.split(r"^# %%", path.read_text("utf-8"), flags=re.MULTILINE)
    assert len(cells) > 5, "a notebook has cells"
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
