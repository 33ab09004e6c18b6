"""Tables of all kinds are stored alike, and what cannot be stored is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import rhymedb
from conftest import headlines, walk
from rhymedb.errors import InvalidError

SERIES = "crypto/demo/ALFA:1h"


def as_numpy(frame: pd.DataFrame) -> dict[str, Any]:
    columns: dict[str, Any] = {name: frame[name].to_numpy() for name in frame}
    columns["time"] = frame["time"].dt.tz_localize(None).to_numpy()
    return columns


TABLES = {
    "pandas": lambda frame: frame,
    "index": lambda frame: frame.set_index("time"),
    "index without a name": lambda frame: frame.set_index("time").rename_axis(None),
    "polars": pl.from_pandas,
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "chunks": lambda frame: pa.concat_tables(
        [pa.Table.from_pandas(frame[i : i + 100], preserve_index=False) for i in range(0, 700, 100)]
    ),
    "numpy": as_numpy,
    "upside down": lambda frame: frame[::-1],
    "twice": lambda frame: pd.concat([frame, frame]),
    "naive": lambda frame: frame.assign(time=frame["time"].dt.tz_localize(None)),
    "milliseconds": lambda frame: frame.assign(time=frame["time"].dt.as_unit("ms")),
    "another zone": lambda frame: frame.assign(time=frame["time"].dt.tz_convert("Asia/Tokyo")),
    "other names": lambda frame: frame.rename(columns={"time": "Date", "close": "Close"}),
}


def test_all_tables_are_the_same_bars(tmp_path: Path) -> None:
    answers = {}
    for name, table in TABLES.items():
        with rhymedb.open(tmp_path / f"{name}.rhyme") as db:
            report = db.ingest_bars(table(walk(0)), SERIES)
            assert report["bars_added"] == 700, name
            answers[name] = db.similar("ALFA:1h", k=3).to_pandas()
    for name, answer in answers.items():
        pd.testing.assert_frame_equal(answer, answers["pandas"], obj=name)


def test_a_table_with_columns_of_names_is_many_series(db: rhymedb.Database) -> None:
    frames = [
        walk(seed).assign(symbol=symbol, market=market)
        for seed, symbol, market in [(0, "ALFA", "crypto"), (1, "GAMMA", "equity")]
    ]
    both = pd.concat(frames).astype({"market": "category"})
    report = db.ingest_bars(both, venue="demo", calendar="continuous")
    assert (report["series"], report["bars_added"]) == (2, 1400)
    # The interval is the distance of most bars.
    assert db.similar("equity/demo/GAMMA:1h", k=1).query["interval"] == "1h"


def test_the_same_bars_again_change_nothing(db: rhymedb.Database) -> None:
    db.ingest_bars(walk(0), SERIES)
    report = db.ingest_bars(walk(0), SERIES)
    assert (report["bars_added"], report["bars_unchanged"]) == (0, 700)


def test_rows_that_are_no_bars_are_refused_or_counted(db: rhymedb.Database) -> None:
    frame = walk(0)
    frame.loc[5, "close"] = np.nan
    frame.loc[7, "high"] = 0.1
    with pytest.raises(InvalidError, match="row 6 is no bar.*finite.*skip"):
        db.ingest_bars(frame, SERIES)
    report = db.ingest_bars(frame, SERIES, on_error="skip")
    assert (report["bars_added"], report["rows_left_out"]) == (698, 2)


def test_what_is_not_clear_is_refused(db: rhymedb.Database) -> None:
    frame = walk(0)
    times = frame["time"].astype("int64")
    with pytest.raises(InvalidError, match="no unit"):
        db.ingest_bars(frame.assign(time=times), SERIES)
    with pytest.raises(InvalidError, match="to_datetime"):
        db.ingest_bars(frame.assign(time=frame["time"].astype(str)), SERIES)
    with pytest.raises(InvalidError, match="a column for close"):
        db.ingest_bars(frame.drop(columns="close"), SERIES)
    with pytest.raises(InvalidError, match="expected a market for the bar in row 1"):
        db.ingest_bars(frame, symbol="ALFA")
    with pytest.raises(InvalidError, match="two bars of 2024-01-01T00:00:00Z"):
        db.ingest_bars(pd.concat([frame, frame.assign(volume=0.5)]), SERIES)
    with pytest.raises(InvalidError, match="length of a bar"):
        db.ingest_bars(frame[:2], "crypto/demo/ALFA")
    with pytest.raises(ValueError, match="crypto/binance/BTCUSDT:1h"):
        db.ingest_bars(frame, "ALFA")
    with pytest.raises(TypeError, match="__arrow_c_stream__"):
        db.ingest_bars(7, SERIES)
    unit = np.asarray(frame["time"].dt.as_unit("ms").astype("int64"))
    columns = as_numpy(frame) | {"time": unit}
    assert db.ingest_bars(columns, SERIES, time_unit="ms")["bars_added"] == 700


def test_columns_may_have_any_names(db: rhymedb.Database) -> None:
    frame = walk(0).rename(columns={"close": "last price"})
    report = db.ingest_bars(frame, SERIES, columns={"close": "last price"})
    assert report["bars_added"] == 700
    with pytest.raises(InvalidError, match="found one for cloze"):
        db.ingest_bars(frame, SERIES, columns={"cloze": "last price"})


def test_headlines(db: rhymedb.Database) -> None:
    assert db.ingest_headlines(headlines())["added"] == 24
    days = headlines().assign(time=lambda f: f["time"].dt.floor("D"))
    with pytest.raises(InvalidError, match='precision="day"'):
        db.ingest_headlines(days)
    assert db.ingest_headlines(days, precision="day")["added"] > 0
    texts = pl.from_pandas(headlines().assign(symbols="ALFA, BETA", text="another text"))
    assert db.ingest_headlines(texts)["added"] == 24


def test_files_and_progress(db: rhymedb.Database, tmp_path: Path) -> None:
    walk(0).to_csv(tmp_path / "ALFA_1h.csv", index=False)
    walk(1).to_parquet(tmp_path / "BETA_1h.parquet")
    seen: list[tuple[str, int, int]] = []
    report = db.ingest_bar_files(
        [tmp_path / "ALFA_1h.csv", tmp_path / "BETA_1h.parquet"],
        market="crypto",
        venue="demo",
        progress=lambda *at: seen.append(at),
    )
    assert report["bars_added"] == 1400
    assert [file["series"] for file in report["files"]] == [
        ["crypto/demo/ALFA:1h"],
        ["crypto/demo/BETA:1h"],
    ]
    assert seen and all(done <= total for _, done, total in seen)
    assert len(db.similar("ALFA:1h", k=2).hits) == 2


def test_an_exception_of_the_callback_ends_the_work(db: rhymedb.Database) -> None:
    db.ingest_bars(walk(0), SERIES)

    def fail(stage: str, done: int, total: int) -> None:
        raise ZeroDivisionError(stage)

    with pytest.raises(ZeroDivisionError):
        db.verify(progress=fail)
