"""A small made-up market, for the tests and for the examples in docstrings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rhymedb

ROOT = Path(__file__).resolve().parents[2]
BARS = 700


def walk(seed: int, bars: int = BARS, start: str = "2024-01-01") -> pd.DataFrame:
    """Hourly bars of a random walk with a crash in the middle."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.01, bars)
    steps[bars // 2 : bars // 2 + 3] -= 0.06
    close = 100 * np.exp(np.cumsum(steps))
    before = np.concatenate([[100.0], close[:-1]])
    spread = np.abs(rng.normal(0, 0.003, bars))
    return pd.DataFrame(
        {
            "time": pd.date_range(start, periods=bars, freq="h", tz="UTC"),
            "open": before,
            "high": np.maximum(before, close) * (1 + spread),
            "low": np.minimum(before, close) * (1 - spread),
            "close": close,
            "volume": rng.uniform(1, 10, bars),
        }
    )


def headlines() -> pd.DataFrame:
    words = ["exchange halts withdrawals", "shares plunge", "profits rise", "miner opens a plant"]
    return pd.DataFrame(
        {
            "time": pd.date_range("2024-01-02T00:30", periods=24, freq="19h", tz="UTC"),
            "text": [f"{words[i % 4]} in week {i}" for i in range(24)],
            "symbols": [["ALFA"], ["BETA"], ["GAMMA"], []] * 6,
        }
    )


def fill(db: rhymedb.Database) -> None:
    for seed, series in enumerate(["crypto/demo/ALFA:1h", "crypto/demo/BETA:1h", "equity/demo/GAMMA:1h", "equity/demo/DELTA:1h"]):
        db.ingest_bars(walk(seed), series, calendar="continuous")
    db.ingest_headlines(headlines())
    for day in range(5, 25, 2):
        name = "dip" if day % 4 == 1 else "rise"
        db.add_tag(name, f"ALFA:1h@2024-01-{day:02}", value=float(day))
    db.set_attribute("ALFA", "sector", "Payments")
    db.set_attribute("GAMMA", "sector", "Energy", known="2024-01-10")
    db.save_prototype("calm", ["ALFA:1h@2024-01-08", "BETA:1h@2024-01-12"])


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a filled database that nobody holds open."""
    folder = tmp_path_factory.mktemp("market") / "market.rhyme"
    with rhymedb.open(folder) as db:
        fill(db)
    return folder


@pytest.fixture
def reader(market: Path) -> Any:
    """The filled database, open for reading."""
    with rhymedb.open(market, read_only=True) as db:
        yield db


@pytest.fixture
def db(tmp_path: Path) -> Any:
    """An empty database."""
    with rhymedb.open(tmp_path / "market.rhyme") as db:
        yield db


@pytest.fixture(scope="session")
def rhyme() -> Path:
    """The program, which .ci/run and tools/python/check build before."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = Path(os.environ.get("RHYME", target / "debug" / "rhyme"))
    assert program.exists(), f"{program} is not built: cargo build -p rhyme, or set RHYME"
    return program


@pytest.fixture(autouse=True)
def examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> None:
    """The names that examples in docstrings use."""
    if type(request.node).__name__ == "DoctestItem":
        doctest_namespace["db"] = request.getfixturevalue("filled")
        doctest_namespace["frame"] = walk(9)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A filled database that examples may change."""
    with rhymedb.open(tmp_path_factory.mktemp("examples") / "market.rhyme") as db:
        fill(db)
        yield db
