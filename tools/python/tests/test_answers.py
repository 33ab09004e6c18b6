"""Answers as frames, tables, texts and pages."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import rhymedb


@pytest.fixture
def answer(reader: rhymedb.Database) -> rhymedb.Answer:
    return reader.similar("ALFA:1h@2024-01-20", k=4, outcome=["24h"])


def test_a_mapping_with_attributes(answer: rhymedb.Answer) -> None:
    assert answer["hits"] is answer.hits and answer.hits[0]["rank"] == 1
    assert "hits" in answer and "hits" in dir(answer) and len(answer) == len(list(answer))
    assert answer.notes == answer["notes"] and answer.tables[0] == "hits"
    with pytest.raises(AttributeError, match="no hit; it has query"):
        answer.hit


def test_frames(answer: rhymedb.Answer) -> None:
    frame = answer.to_pandas()
    assert frame["rank"].to_list() == list(range(1, len(answer.hits) + 1))
    assert isinstance(frame["end"].dtype, pd.DatetimeTZDtype) and str(frame["end"].dt.tz) == "UTC"
    assert frame["end"][0].strftime("%Y-%m-%dT%H:%M:%SZ") == answer.hits[0]["end"]
    assert frame["score"].dtype == "float64" and frame["score"].is_monotonic_decreasing

    table = answer.to_arrow()
    assert table.schema.field("end").type == pa.timestamp("ms", tz="UTC")
    assert table["symbol"].to_pylist() == frame["symbol"].to_list()

    polars = answer.to_polars()
    assert polars.schema["end"] == pl.Datetime("ms", "UTC")
    assert polars["score"].to_list() == frame["score"].to_list()
    assert polars["end"].to_list() == table["end"].to_pylist()
    with pytest.raises(ValueError, match="expected one of hits"):
        answer.to_pandas("nothing")


def test_no_rows_have_their_columns(reader: rhymedb.Database) -> None:
    answer = reader.similar("ALFA:1h", filter={"min_move": "1000000%"}, k=2)
    assert answer.hits == [] and answer.notes
    assert str(answer.to_pandas()["end"].dtype).endswith("UTC]")
    assert answer.to_arrow().num_rows == 0 and answer.to_polars().height == 0


def test_sql_over_an_answer(answer: rhymedb.Answer) -> None:
    hits = answer.to_arrow()
    (count, best), = duckdb.sql("select count(*), max(score) from hits").fetchall()
    assert (count, best) == (len(answer.hits), hits["score"][0].as_py())


def test_texts_and_pages(answer: rhymedb.Answer, reader: rhymedb.Database) -> None:
    assert answer.hits[0]["symbol"] in repr(answer)
    page = answer._repr_html_()
    assert page.count("<tr>") == len(answer.hits) + 1 and "<svg" in page
    # Times stand in one line, and say whose clock it is.
    end = answer.hits[0]["end"]
    assert f">{end[:10]} {end[11:16]}</td>" in page and end not in page and "end (UTC)" in page
    svg = reader.transfer_matrix(sample=32).svg()
    assert svg is not None and svg.startswith("<svg")
    assert reader.context("ALFA:1h").svg() is None


def test_notes_are_shown(reader: rhymedb.Database) -> None:
    answer = reader.at("2024-01-10").similar("ALFA:1h@2024-01-20", k=2)
    assert any("later than the view" in note for note in answer.notes)
    assert "note: " in repr(answer) and "later than the view" in answer._repr_html_()
