"""Encoders in Python."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rhymedb
from conftest import walk
from rhymedb import ChartEncoder
from rhymedb.errors import EncoderError, InvalidError

WINDOW = 16


def logs(windows: Any) -> Any:
    """All that a window has, free of its level and in a fixed order."""
    parts = np.log(np.maximum(windows, 1e-12)).reshape(len(windows), -1)
    return parts - parts.mean(axis=1, keepdims=True)


def closes(windows: Any) -> Any:
    prices = np.log(windows[:, :, 3])
    return prices - prices.mean(axis=1, keepdims=True)


def encoder(call: Any, dim: int = WINDOW, id: str = "mine/1") -> ChartEncoder:
    return ChartEncoder(call, id=id, dim=dim, window=WINDOW)


def test_the_check_passes_and_fails() -> None:
    encoder(logs, WINDOW * 5).check()
    with pytest.raises(InvalidError, match="every bar of the window"):
        # Half of the window's bars are never read.
        encoder(lambda windows: closes(windows[:, 8:]), 8).check()


def test_a_space_of_its_own_finds_what_numpy_finds(tmp_path: Path) -> None:
    mine = encoder(closes)
    frame = walk(0, 300)
    with rhymedb.open(tmp_path / "a.rhyme", encoders=[mine]) as db:
        db.ingest_bars(frame, "crypto/demo/ALFA:1h")
        report = db.create_space("mine", mine)
        assert report["windows_embedded"] == 300 - WINDOW + 1
        hit = db.similar("ALFA:1h", space="mine", k=1, exact=True).to_pandas().iloc[0]
    bars = frame[["open", "high", "low", "close", "volume"]].to_numpy()
    windows = np.lib.stride_tricks.sliding_window_view(bars, WINDOW, axis=0).transpose(0, 2, 1)
    vectors = closes(windows)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = vectors @ vectors[-1]
    allowed = scores[: len(scores) - WINDOW // 4]
    assert hit["score"] == pytest.approx(allowed.max(), abs=0.02)
    # Replaced by another version, in one commit.
    other = encoder(lambda windows: -closes(windows)[:, ::-1], id="mine/2")
    with rhymedb.open(tmp_path / "a.rhyme", encoders=[mine, other]) as db:
        db.create_space("mine", other, replace=True)
        assert db.drop_space("mine")["rows"] > 0


def test_an_exception_reaches_the_caller(tmp_path: Path) -> None:
    def broken(windows: Any) -> Any:
        return {}["no such vector"]

    mine = encoder(broken)
    with rhymedb.open(tmp_path / "a.rhyme", encoders=[mine]) as db:
        db.ingest_bars(walk(0, 100), "crypto/demo/ALFA:1h")
        with pytest.raises(EncoderError) as failed:
            db.create_space("mine", mine)
    assert isinstance(failed.value.__cause__, KeyError) and failed.value.encoder == "mine/1"
    lines = "".join(traceback.format_exception(failed.value))
    assert "in broken" in lines and "no such vector" in str(failed.value)


def test_wrong_arrays_are_refused(tmp_path: Path) -> None:
    for call, words in [(lambda w: w[:, 0, :3], "16 numbers"), (lambda w: None, "16 numbers")]:
        with pytest.raises(EncoderError, match=words):
            encoder(call).check()
    with pytest.raises(InvalidError, match="not known to this database"):
        with rhymedb.open(tmp_path / "a.rhyme") as db:
            db.ingest_bars(walk(0, 100), "crypto/demo/ALFA:1h")
            db.create_space("mine", encoder(closes))
    with pytest.raises(ValueError, match="dim and window"):
        ChartEncoder(closes, id="a/1", dim=0, window=4)


def test_a_model_of_pytorch_is_an_encoder(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: no model of it is tried")
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv1d(5, 8, 3, padding=1), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(8 * WINDOW, 12)
    )
    model.eval()

    def encode(windows: Any) -> Any:
        # Scaled by the last close, so that prices of any level are numbers of the same size.
        prices = windows[:, :, :4] / windows[:, -1:, 3:4]
        bars = np.concatenate([prices, np.log1p(windows[:, :, 4:])], axis=2)
        with torch.inference_mode():
            return model(torch.from_numpy(bars).float().transpose(1, 2))

    mine = ChartEncoder(encode, id="conv/1", dim=12, window=WINDOW)
    mine.check()
    frame = walk(0, 300)
    with rhymedb.open(tmp_path / "a.rhyme", encoders=[mine]) as db:
        db.ingest_bars(frame, "crypto/demo/ALFA:1h")
        db.create_space("conv", mine)
        vectors = db.vectors("conv")
        assert len(db.similar("ALFA:1h", space="conv", k=3).hits) == 3
    bars = frame[["open", "high", "low", "close", "volume"]].to_numpy()
    windows = np.lib.stride_tricks.sliding_window_view(bars, WINDOW, axis=0).transpose(0, 2, 1)
    own = encode(windows).numpy()
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    assert np.abs(vectors.values - own).max() < 0.02, "the stored vectors are the model's"
    # A model that is still being trained, and so never gives the same twice, is refused.
    noisy = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(5 * WINDOW, 12), torch.nn.Dropout())
    noisy.train()
    forgot = ChartEncoder(lambda w: noisy(torch.from_numpy(w.copy()).float()), id="noisy/1", dim=12, window=WINDOW)
    with pytest.raises(InvalidError):
        forgot.check()
