"""Questions and answers are those of the command line, and every question has its method."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rhymedb
from conftest import ROOT
from rhymedb import _native
from rhymedb._questions import TABLES, Questions


def same(answer: rhymedb.Answer, printed: str) -> None:
    reply, expected = dict(answer), json.loads(printed)
    assert reply.pop("took_us", None) is None or expected.pop("took_us") >= 0
    assert reply == expected


def run(rhyme: Path, market: Path, *words: str) -> str:
    command = [str(rhyme), "--db", str(market), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


ASKED: list[tuple[list[str], str, dict[str, Any]]] = [
    (["similar", "ALFA:1h", "-k", "4"], "similar", {"target": "ALFA:1h", "k": 4}),
    (
        ["similar", "BETA:1h@2024-01-20", "-k", "3", "--outcome", "24h", "--market", "crypto"],
        "similar",
        {"target": "BETA:1h@2024-01-20", "k": 3, "outcome": "24h", "filter": {"market": "crypto"}},
    ),
    (["search", "shares plunge", "-k", "3"], "search", {"text": "shares plunge", "k": 3}),
    (["anomaly", "ALFA:1h"], "anomaly", {"target": "ALFA:1h"}),
    (["context", "ALFA:1h@2024-01-10"], "context", {"target": "ALFA:1h@2024-01-10"}),
    (["transfer", "ALFA:1h", "--to", "equity", "-k", "2"], "transfer",
     {"target": "ALFA:1h", "to": "equity", "k": 2}),
]


@pytest.mark.parametrize(("words", "name", "given"), ASKED)
def test_answers_are_those_of_the_command_line(
    words: list[str], name: str, given: dict[str, Any], rhyme: Path, market: Path, reader: rhymedb.Database
) -> None:
    answer = getattr(reader, name)(**given)
    same(answer, run(rhyme, market, "--format", "json", *words))


def test_as_of_is_that_of_the_command_line(rhyme: Path, market: Path, reader: rhymedb.Database) -> None:
    answer = reader.at("2024-01-15").similar("ALFA:1h", k=3)
    printed = run(rhyme, market, "--format", "json", "--as-of", "2024-01-15", "similar", "ALFA:1h", "-k", "3")
    same(answer, printed)
    assert all(hit["end"] <= "2024-01-15T00:00:00Z" for hit in answer.hits)


def test_every_question_has_a_method() -> None:
    methods = {name for name, _ in inspect.getmembers(Questions, inspect.isfunction)}
    assert {name.replace("-", "_") for name in _native.questions()} <= methods
    assert set(_native.questions()) == set(TABLES)


def test_the_methods_are_those_of_the_schemas() -> None:
    generate = ROOT / "tools" / "python" / "generate.py"
    done = subprocess.run([sys.executable, str(generate), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_questions_as_json(reader: rhymedb.Database) -> None:
    asked = {"question": "similar", "target": "ALFA:1h", "k": 2}
    first, second = reader.ask(asked), reader.ask(json.dumps(asked))
    assert first.hits == second.hits == reader.similar("ALFA:1h", k=2).hits
    with pytest.raises(rhymedb.errors.InvalidError, match="unknown field `kk`"):
        reader.ask(asked | {"kk": 3})


def test_a_drawn_path_and_a_chart_of_the_callers(reader: rhymedb.Database) -> None:
    assert len(reader.similar([1, 2, 4, 3, 2, 1], k=2).hits) == 2
    assert reader.similar({"path": [1, 3, 2, 5], "name": "mine"}, k=1).query["target"] == "mine"


def test_views_stay_as_they_are(db: rhymedb.Database) -> None:
    from conftest import walk

    frame = walk(0)
    db.ingest_bars(frame[:400], "crypto/demo/ALFA:1h")
    view = db.now()
    before = view.similar("ALFA:1h", k=1)
    db.ingest_bars(frame, "crypto/demo/ALFA:1h")
    assert view.similar("ALFA:1h", k=1).query == before.query
    assert db.similar("ALFA:1h", k=1).query["end"] > before.query["end"]
    assert view.as_of is None and view.at("2024-01-10").as_of == "2024-01-10T00:00:00Z"
