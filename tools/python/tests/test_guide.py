"""The programs in docs/python.md run, one after the other."""

from __future__ import annotations

import importlib.util
import re
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rhymedb
from conftest import ROOT, walk

START = "2021-03-01"
BARS = 92 * 24


def blocks() -> list[str]:
    text = (ROOT / "docs" / "python.md").read_text("utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    walk(1, BARS, START).to_parquet("BTCUSDT_1h.parquet")
    with rhymedb.open("market.rhyme") as db:
        db.ingest_bars(walk(2, BARS, START), "crypto/binance/ETHUSDT:1h")
    rng = np.random.default_rng(3)
    names: dict[str, Any] = {
        "trades": pd.DataFrame({"name": ["long"], "target": ["BTCUSDT:1h@2021-05-01"], "value": [2.5]}),
        "array": rng.normal(size=(20, 6)),
        "words": rng.normal(size=(3, 6)),
        "sentence": rng.normal(size=6),
        "news": pd.DataFrame(
            {
                "time": pd.date_range("2021-04-02T10:00", periods=3, freq="D", tz="UTC"),
                "text": ["shares plunge", "profits rise", "a quiet day"],
            }
        ),
    }
    found = blocks()
    assert len(found) >= 6
    for block in found:
        if "import torch" in block and importlib.util.find_spec("torch") is None:
            warnings.warn("PyTorch is not installed: its example is not run", stacklevel=1)
            continue
        opens = "rhymedb.open(" in block
        with rhymedb.open("market.rhyme") if not opens else nullcontext() as names["db"]:
            if "frame[" in block and not opens:
                names["frame"] = pd.DataFrame({"end": pd.date_range("2021-04-01", periods=20, freq="D", tz="UTC")})
            if "headline_vectors" in block:
                names["db"].ingest_headlines(names["news"])
            exec(compile(block, "docs/python.md", "exec"), names)
    assert "symbol" in capsys.readouterr().out
    with rhymedb.open("market.rhyme", read_only=True) as db:
        assert db.tags().to_pandas()["tag"].nunique() == 2
        spaces = set(db.spaces().to_pandas()["name"])
    assert {"mine", "theirs"} <= spaces
