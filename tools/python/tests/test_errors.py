"""Each error is an exception of its own, and nothing that lives too long is used."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import threading
import time
import _thread
from pathlib import Path

import pytest

import rhymedb
from conftest import ROOT, walk
from rhymedb import errors


def test_classes_and_their_facts(reader: rhymedb.Database, tmp_path: Path) -> None:
    with pytest.raises(errors.NotFoundError) as missing:
        reader.similar("NOTHING:1h")
    assert missing.value.name and isinstance(missing.value, LookupError)
    with pytest.raises(errors.InvalidError) as wrong:
        reader.similar("ALFA:1h", k=0)
    assert isinstance(wrong.value, ValueError) and isinstance(wrong.value, rhymedb.RhymeError)
    with pytest.raises(errors.ReadOnlyError) as closed:
        reader.ingest_bars(walk(0), "crypto/demo/ALFA:1h")
    assert closed.value.path == reader.path
    with pytest.raises(rhymedb.RhymeError):
        rhymedb.open(tmp_path / "none", create=False)
    with pytest.raises(errors.InputError) as unread:
        (tmp_path / "a.csv").write_text("open,high\n1,2\n")
        with rhymedb.open(tmp_path / "new.rhyme") as db:
            db.ingest_bar_files(tmp_path / "a.csv", market="crypto")
    assert unread.value.path == tmp_path / "a.csv"


def test_a_second_writer_is_told_who_holds_it(db: rhymedb.Database) -> None:
    with pytest.raises(errors.LockedError) as locked:
        rhymedb.open(db.path)
    assert locked.value.holder and locked.value.path == db.path
    with rhymedb.open(db.path, read_only=True) as reader:
        assert not reader.closed
    program = f"""
        import rhymedb
        try:
            rhymedb.open({str(db.path)!r})
        except rhymedb.errors.LockedError as error:
            print(error.holder)
    """
    assert child(program).strip()


def child(program: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_closed_says_so(market: Path) -> None:
    db = rhymedb.open(market, read_only=True)
    view = db.now()
    db.close()
    db.close()
    for use in (lambda: db.similar("ALFA:1h"), lambda: view.similar("ALFA:1h"), db.now):
        with pytest.raises(errors.ClosedError):
            use()


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
def test_a_fork_is_told_and_does_no_harm(market: Path) -> None:
    program = f"""
        import os, warnings, rhymedb
        warnings.simplefilter("ignore")
        db = rhymedb.open({str(market)!r})
        hits = db.similar("ALFA:1h", k=3).hits
        pid = os.fork()
        if pid == 0:
            try:
                db.similar("ALFA:1h", k=3)
            except rhymedb.errors.ForkedError:
                del db
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        assert db.similar("ALFA:1h", k=3).hits == hits
        db.close()
        with rhymedb.open({str(market)!r}) as db:
            assert db.similar("ALFA:1h", k=3).hits == hits
        print("sound")
    """
    assert child(program) == "sound\n"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A database with questions that take seconds."""
    with rhymedb.open(tmp_path_factory.mktemp("large") / "market.rhyme") as db:
        for seed in range(2):
            db.ingest_bars(walk(seed, 2_500), f"crypto/demo/S{seed}:1h")
        yield db


def long_question(db: rhymedb.Database, timeout: float | None = None) -> rhymedb.Answer:
    return db.anomaly_scan("S0", exact=True, calibration=800, timeout=timeout)


def test_other_threads_go_on_during_a_question(large: rhymedb.Database) -> None:
    ticks, done = [], threading.Event()

    def tick() -> None:
        while not done.wait(0.002):
            ticks.append(time.perf_counter())

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    start = time.perf_counter()
    long_question(large)
    end = time.perf_counter()
    done.set()
    ticker.join()
    during = [t for t in ticks if start < t < end]
    assert end - start > 0.2, "the question is too short to show anything"
    assert len(during) > 20


def test_ctrl_c_ends_a_question(large: rhymedb.Database) -> None:
    start = time.perf_counter()
    long_question(large)
    whole = time.perf_counter() - start
    # Sooner and sooner: on a busy machine the first one may have taken many times as long as it takes.
    took = None
    for part in (8, 40, 200):
        timer = threading.Timer(whole / part, _thread.interrupt_main)
        timer.start()
        start = time.perf_counter()
        try:
            long_question(large)
            timer.cancel()
            timer.join()
        except KeyboardInterrupt:
            took = time.perf_counter() - start
            break
    assert took is not None and took < whole * 0.75
    assert len(large.similar("S1:1h", k=2).hits) == 2


def test_time_is_limited(large: rhymedb.Database) -> None:
    with pytest.raises(errors.TimedOutError) as late:
        long_question(large, timeout=0.05)
    assert late.value.limit == 0.05 and isinstance(late.value, TimeoutError)
    with pytest.raises(errors.InvalidError, match="timeout"):
        long_question(large, timeout=-1.0)


def test_every_kind_of_error_has_a_class() -> None:
    """The variants of the library's error are all told apart, each by a class of its own."""
    library = (ROOT / "src" / "error.rs").read_text("utf-8")
    enum = library.split("pub enum Error {", 1)[1].split("\n}", 1)[0]
    variants = set(re.findall(r"^    ([A-Z]\w+)(?:,| \{|\()", enum, re.MULTILINE))
    assert len(variants) >= 17
    native = (ROOT / "tools" / "python" / "src" / "errors.rs").read_text("utf-8")
    body = native.split("fn class_of", 1)[1].split("\n}", 1)[0]
    classes = dict(re.findall(r'Error::(\w+)[^=]*=> "(\w+)"', body))
    assert set(classes) == variants
    assert len(set(classes.values())) == len(variants)
    for name in classes.values():
        assert issubclass(getattr(errors, name), rhymedb.RhymeError)
