"""What is said of windows, imported, deleted, copied and mended."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import rhymedb
from conftest import fill, walk
from rhymedb.errors import ChangesNotKeptError, CorruptError, InputError, InvalidError, NotFoundError

SERIES = "crypto/demo/ALFA:1h"


@pytest.fixture
def own(db: rhymedb.Database) -> rhymedb.Database:
    """A database of the test's own with a series."""
    db.ingest_bars(walk(0), SERIES)
    return db


def test_tags_of_a_frame(own: rhymedb.Database) -> None:
    trades = pd.DataFrame(
        {
            "name": ["long", "short"],
            "target": ["ALFA:1h@2024-01-10T05:00", "ALFA:1h@2024-01-12"],
            "value": [1.5, None],
            "known": [pd.Timestamp("2024-01-11", tz="UTC"), pd.NaT],
        }
    )
    report = own.add_tags(trades.to_dict("records"))
    assert (report["added"], report["values_known_at_end"]) == (2, 0)
    stored = own.tags().to_pandas().sort_values("tag")
    assert stored["value"].fillna(0).to_list() == [1.5, 0]
    assert stored["known"].dt.strftime("%d").to_list() == ["11", "12"]
    # Nobody knew the profit before the trade had ended.
    assert own.at("2024-01-10T12:00").tags(name="long").tags == []
    assert own.remove_tags("short", "ALFA:1h@2024-01-12") == 1
    with pytest.raises(NotFoundError):
        own.remove_tags("short")
    with pytest.raises(ValueError, match="found name, target, note"):
        own.add_tags([{"name": "a", "target": "ALFA:1h@2024-01-12", "note": "lost"}])
    with pytest.raises(InvalidError):
        own.add_tags([{"name": "good", "target": "ALFA:1h@2024-01-12"}, {"name": "b d", "target": "ALFA:1h@2024-01-12"}])
    assert [row["tag"] for row in own.tags().tags] == ["long"], "all of them or none"


def test_tags_and_attributes_of_files_are_those_of_the_command(
    own: rhymedb.Database, tmp_path: Path, rhyme: Path
) -> None:
    trades = tmp_path / "trades.csv"
    trades.write_text("symbol,time,setup,pnl,known\nALFA,2024-01-10T05:00,long,1.5,2024-01-11\nALFA,2024-01-12,short,,\n")
    companies = tmp_path / "companies.csv"
    companies.write_text("ticker,sector,since\nALFA,Payments,2024-01-15\nOTHER,Energy,\n")
    assert own.import_tag_file(trades, interval="1h")["added"] == 2
    assert own.import_attribute_file(str(companies))["symbols_without_bars"] == 1
    typed = tmp_path / "typed.rhyme"
    with rhymedb.open(typed) as db:
        db.ingest_bars(walk(0), SERIES)
    for words in (["tag", "import", trades, "--interval", "1h"], ["attribute", "import", companies]):
        subprocess.run([rhyme, "--db", typed, *words], check=True, capture_output=True)
    with rhymedb.open(typed, read_only=True) as db:
        assert own.tags().tags == db.tags().tags
        assert own.attributes().attributes == db.attributes().attributes
    bad = tmp_path / "bad.csv"
    bad.write_text("symbol,time,tag\nALFA:1h,2024-01-13,good\nALFA:1h,soon,bad\n")
    with pytest.raises(InputError, match="soon") as failed:
        own.import_tag_file(bad)
    assert failed.value.line == 3
    assert len(own.tags().tags) == 2, "all of them or none"
    bad.write_text("symbol,time,tag\n")
    with pytest.raises(InvalidError, match="found none in"):
        own.import_tag_file(bad)
    with pytest.raises(OSError):
        own.import_attribute_file(tmp_path / "absent.csv")


def test_attributes_are_known_from_a_time_on(own: rhymedb.Database) -> None:
    report = own.set_attributes(
        [
            {"symbol": "ALFA", "name": "Sector", "value": "Payments", "known": "2024-01-15"},
            {"symbol": "OTHER", "name": "sector", "value": "Energy", "market": "equity"},
        ]
    )
    assert (report["added"], report["symbols_without_bars"]) == (2, 1)
    assert own.attributes(symbol="ALFA").to_pandas()["attribute"].to_list() == ["sector"]
    assert own.at("2024-01-14").attributes(symbol="ALFA").attributes == []
    assert own.remove_attributes("sector", "OTHER") == 1
    assert own.remove_attributes(symbol="ALFA") == 1


def test_prototypes(own: rhymedb.Database) -> None:
    made = own.save_prototype("two", ["ALFA:1h@2024-01-10", "ALFA:1h@2024-01-20"])
    assert made["name"] == "two" and len(made["windows"]) == 2
    hits = own.similar("prototype:two", k=3).hits
    assert len(hits) == 3
    with pytest.raises(InvalidError, match="already"):
        own.save_prototype("two", "ALFA:1h@2024-01-10")
    own.drop_prototype("two")
    with pytest.raises(NotFoundError):
        own.drop_prototype("two")


def test_vectors_go_in_and_come_out(own: rhymedb.Database, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(50, 8)).astype("float32")
    ends = pd.Series(pd.date_range("2024-01-03", periods=50, freq="h", tz="UTC"))
    report = own.import_vectors("mine", vectors, series=SERIES, ends=ends, window=4)
    assert (report["vectors"], report["replaced"]) == (50, 0)
    for same in (ends.to_list(), ends.dt.tz_localize(None).to_numpy(), pl.from_pandas(ends),
                 [str(end) for end in ends]):
        report = own.import_vectors("mine", vectors, series=[SERIES] * 50, ends=same, window=4)
        assert report["replaced"] == 50
    out = own.vectors("mine")
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert out.values.shape == (50, 8) and np.abs(out.values - unit).max() < 1e-3
    assert (out.ends == ends.dt.tz_localize(None).to_numpy().astype("datetime64[ms]")).all()
    assert set(out.series) == {SERIES} and len(out) == 50
    frame = own.at(ends[9]).vectors("mine", SERIES, from_=ends[5]).to_pandas()
    assert frame.shape == (5, 8) and frame.index.get_level_values("end")[0] == ends[5]
    # What is found is what NumPy finds.
    (hit,) = own.similar(f"ALFA:1h@{ends[49].isoformat()}", space="mine", k=1, exact=True).hits
    best = int(np.argmax((unit @ unit[49])[:49]))
    assert hit["end"] == ends[best].strftime("%Y-%m-%dT%H:%M:%SZ")
    with pytest.raises(ValueError, match="for each of 50 vectors, found 50 and 3"):
        own.import_vectors("mine", vectors, series=SERIES, ends=ends[:3])
    with pytest.raises(ValueError, match="windows x dimensions"):
        own.import_vectors("mine", vectors[0], series=SERIES, ends=ends)
    np.save(tmp_path / "other.npy", vectors)
    assert own.import_vector_file(tmp_path / "other.npy", "other")["vectors"] == 50
    assert own.vectors("other").values.shape == (50, 8)


def test_headline_vectors_go_in_and_answer(own: rhymedb.Database, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    times = pd.date_range("2024-01-05", periods=20, freq="7h", tz="UTC")
    news = pd.DataFrame({"time": times, "text": [f"news {i}" for i in range(20)], "source": "wire"})
    own.ingest_headlines(news)
    charts, words = rng.normal(size=(40, 6)), 5 * rng.normal(size=(20, 6))
    ends = pd.Series(pd.date_range("2024-01-05", periods=40, freq="h", tz="UTC"))
    own.import_vectors("mine", charts, series=SERIES, ends=ends, window=4)
    with pytest.raises(InvalidError, match="no vectors of headlines were imported"):
        own.search(vector=words[3], space="mine")
    report = own.import_headline_vectors("mine", words, news)
    assert (report["vectors"], report["replaced"], report["without_vector"]) == (20, 0, 0)
    unit = words / np.linalg.norm(words, axis=1, keepdims=True)
    # What is found is what NumPy finds: from a vector, and from a chart.
    answer = own.search(vector=list(words[3]), space="mine", k=1, exact=True)
    (chart,), (line,) = answer.charts, answer.headlines
    unit_charts = charts / np.linalg.norm(charts, axis=1, keepdims=True)
    best = int(np.argmax(unit_charts @ unit[3]))
    assert chart["end"] == ends[best].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert line["text"] == "news 3" and answer["query"]["text"] is None
    target = f"ALFA:1h@{ends[30].isoformat()}"
    (line,) = own.news(target, space="mine", k=1, any_symbol=True, any_time=True).headlines
    assert line["text"] == f"news {int(np.argmax(unit @ charts[30]))}"
    (hit,) = own.similar({"vector": charts[7]}, space="mine", k=1, exact=True).hits
    assert hit["end"] == ends[7].strftime("%Y-%m-%dT%H:%M:%SZ")
    with pytest.raises(InvalidError, match="vector of 6 numbers"):
        own.search(vector=[1.0, 2.0], space="mine")
    with pytest.raises(InvalidError, match="found both"):
        own.search("news", vector=words[3], space="mine")
    with pytest.raises(InvalidError, match="search --vector"):
        own.search("news", space="mine")
    strange = news.assign(text="nobody said this")
    with pytest.raises(InvalidError, match="20 of 20"):
        own.import_headline_vectors("mine", words, strange)
    assert own.import_headline_vectors("mine", words, strange, on_error="skip")["unknown"] == 20
    with pytest.raises(InvalidError, match="for each of 20 vectors, found 19"):
        own.import_headline_vectors("mine", words, news[:19])
    np.save(tmp_path / "words.npy", words)
    news.to_csv(tmp_path / "news.csv", index=False)
    report = own.import_headline_vector_file(
        tmp_path / "words.npy", "mine", meta=tmp_path / "news.csv"
    )
    assert report["replaced"] == 20
    assert own.verify()["headline_rows"] >= 20


def test_deletion_compaction_and_verification(own: rhymedb.Database) -> None:
    assert own.verify()["bars"] == 700
    assert own.delete_bars("ALFA:1h", until="2024-01-02T23:00")["bars"] == 48
    assert own.bars("ALFA:1h", last=0).to_pandas()["open_time"].min().day == 3
    assert own.compact()["dead_rows_removed"] >= 0
    report = own.verify(recall_of=50)
    assert report["bars"] == 652 and report["recall"]["passed"] is True
    assert own.health()["leftover_files"] == []
    with pytest.raises(InvalidError, match="with a time"):
        own.delete_bars("ALFA:1h@2024-01-10")
    assert own.delete_bars("ALFA:1h")["bars"] == 652
    assert own.series().series == []


def test_headlines_are_deleted(own: rhymedb.Database) -> None:
    own.ingest_headlines({"time": np.array(["2024-01-05T10", "2024-01-06T10"], dtype="datetime64[s]"),
                          "text": np.array(["first", "second"], dtype=object)})
    assert own.delete_headlines(until="2024-01-06")["headlines"] == 1
    assert [row["text"] for row in own.headlines().headlines] == ["second"]
    assert own.delete_headlines()["headlines"] == 1


def test_backup_restore_and_repair(tmp_path: Path) -> None:
    with rhymedb.open(tmp_path / "a.rhyme") as db:
        fill(db)
        db.compact()
        hits = db.similar("ALFA:1h", k=3).hits
        report = db.backup(tmp_path / "copy")
        assert report["bars"] == 2800
        with pytest.raises(InvalidError):
            db.backup(tmp_path / "copy")
    seen: list[str] = []
    rhymedb.restore(tmp_path / "copy", tmp_path / "again.rhyme", progress=lambda *at: seen.append(at[0]))
    assert seen
    with rhymedb.open(tmp_path / "again.rhyme", read_only=True) as again:
        assert again.similar("ALFA:1h", k=3).hits == hits
    shutil.rmtree(tmp_path / "again.rhyme" / "segments")
    with pytest.raises(rhymedb.RhymeError):
        rhymedb.open(tmp_path / "again.rhyme")
    report = rhymedb.repair(tmp_path / "again.rhyme")
    assert report["is_whole"] and report["windows_rebuilt"] > 0
    with rhymedb.open(tmp_path / "again.rhyme", read_only=True) as again:
        assert again.similar("ALFA:1h", k=3).hits == hits


def test_damage_is_found(tmp_path: Path) -> None:
    with rhymedb.open(tmp_path / "a.rhyme") as db:
        db.ingest_bars(walk(0), SERIES)
        db.compact()
    segment = max((tmp_path / "a.rhyme" / "segments").iterdir(), key=lambda file: file.stat().st_size)
    damaged = bytearray(segment.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    segment.write_bytes(damaged)
    with pytest.raises(CorruptError) as found:
        with rhymedb.open(tmp_path / "a.rhyme") as db:
            db.verify()
    assert found.value.path == segment and found.value.section


def test_longer_bars_and_splits(own: rhymedb.Database) -> None:
    assert own.resample("ALFA:1h", "4h")["bars"] == 175
    own.ingest_bars(walk(0), SERIES)
    bars = own.bars("ALFA:4h", last=0).to_pandas()
    frame = walk(0)
    assert bars["close"].to_list() == frame["close"][3::4].to_list()
    split = frame.copy()
    split.loc[:399, ["open", "high", "low", "close"]] *= 4
    own.ingest_bars(split, "crypto/demo/SPLIT:1h")
    day = frame["time"][400]
    assert own.adjust("SPLIT", "4:1", day)["adjusted"][0]["bars"] == 400
    mended = own.bars("SPLIT:1h", last=0).to_pandas()["close"]
    assert np.allclose(mended, frame["close"])
    with pytest.raises(InvalidError):
        own.adjust("SPLIT", "4:1", day)


def test_a_copy_follows_what_commits_change(own: rhymedb.Database, tmp_path: Path) -> None:
    known = own.now().position
    rows: set[tuple[str, str]] = set()
    for one in [walk(0, bars=720).iloc[700:], walk(0, bars=723).iloc[720:]]:
        own.ingest_bars(one, SERIES)
    own.delete_bars(SERIES, from_="2024-01-30T20:00")
    since = own.changes_since(known)
    assert since["position"] == own.now().position
    first = int(known.split("-")[0])
    assert [one["commit"] for one in since["commits"]] == [first + 1, first + 2, first + 3]
    for change in (change for one in since["commits"] for change in one["changes"]):
        if change.get("space") != "shape":
            continue
        assert change["series"]["symbol"] == "ALFA"
        if change["change"] == "rows_added":
            rows |= {(SERIES, end) for end in change["ends"]}
        else:
            assert change["change"] == "rows_removed"
            rows = {row for row in rows if not change["first"] <= row[1] <= change["last"]}
    stored = own.vectors("shape", SERIES, from_="2024-01-30T05:00")
    assert {end for _, end in rows} == {
        f"{pd.Timestamp(end):%Y-%m-%dT%H:%M:%SZ}" for end in stored.ends
    }
    assert own.changes_since(since["position"])["commits"] == []

    backup = tmp_path / "backup"
    own.backup(backup)
    own.ingest_bars(walk(1), "crypto/demo/LOST:1h")
    lost = own.now().position
    with rhymedb.open(backup) as copy:
        copy.ingest_bars(walk(2), "crypto/demo/LOST:1h")
        with pytest.raises(ChangesNotKeptError, match="was lost") as told:
            copy.changes_since(lost)
        assert told.value.lost and told.value.commit == told.value.newest
    with pytest.raises(InvalidError, match="expected a position"):
        own.changes_since("5")
