"""The package brings the command `rhyme`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from test_questions import without_time


@pytest.fixture(scope="module")
def installed() -> Path:
    """The command that stands beside this Python."""
    name = "rhyme.exe" if os.name == "nt" else "rhyme"
    command = Path(sys.executable).parent / name
    assert command.exists(), f"the package did not install {command}"
    return command


def run(command: Path, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(command), *words], capture_output=True, text=True, timeout=300, cwd=cwd)


def test_it_is_the_program(installed: Path, rhyme: Path, market: Path) -> None:
    asked = ["--db", str(market), "--format", "csv", "similar", "ALFA:1h", "-k", "3"]
    ours, theirs = run(installed, *asked), run(rhyme, *asked)
    assert ours.returncode == 0 and ours.stdout == theirs.stdout
    for words in (["--version"], ["help", "similar"], ["--db", str(market), "series"]):
        assert run(installed, *words).stdout == run(rhyme, *words).stdout


def test_it_ends_as_the_program_does(installed: Path, rhyme: Path, market: Path, tmp_path: Path) -> None:
    cases = [
        (["--db", str(market), "similar", "NOTHING:1h"], 3),
        (["--db", str(tmp_path / "none.rhyme"), "series"], 1),
        (["no-such-command"], 2),
    ]
    for words, code in cases:
        ours, theirs = run(installed, *words), run(rhyme, *words)
        assert (ours.returncode, theirs.returncode) == (code, code), ours.stderr
        assert ours.stderr == theirs.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are Unix's")
def test_ctrl_c_ends_it(installed: Path, market: Path) -> None:
    asked = [str(installed), "--db", str(market), "shell"]
    shell = subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert shell.stdin is not None
        shell.stdin.write("series\n")
        shell.stdin.flush()
        time.sleep(1)
        started = time.perf_counter()
        shell.send_signal(signal.SIGINT)
        code = shell.wait(timeout=20)
    finally:
        shell.kill()
    assert code in (130, -signal.SIGINT) and time.perf_counter() - started < 5


def test_json_of_both_is_one(installed: Path, market: Path, rhyme: Path) -> None:
    question = json.dumps({"question": "map", "sample": 20})
    ours = run(installed, "--db", str(market), "ask", question)
    theirs = run(rhyme, "--db", str(market), "ask", question)
    assert without_time(json.loads(ours.stdout)) == without_time(json.loads(theirs.stdout))
