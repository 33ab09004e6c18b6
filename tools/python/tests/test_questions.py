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
from rhymedb._values import request_json


def same(answer: rhymedb.Answer, printed: str) -> None:
    told = json.loads(printed)
    # `rhyme backtest` replays any number of series.
    if list(told)[:1] == ["replays"]:
        [told] = told["replays"]
    assert without_time(dict(answer)) == without_time(told)


def without_time(reply: Any) -> Any:
    """A reply without how long it took."""
    if isinstance(reply, dict):
        return {name: without_time(value) for name, value in reply.items() if name != "took_us"}
    return [without_time(value) for value in reply] if isinstance(reply, list) else reply


def run(rhyme: Path, market: Path, *words: str) -> str:
    command = [str(rhyme), "--db", str(market), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


AT = "ALFA:1h@2024-01-20"
RULE = {"name": "large", "when": {"kind": "anomaly", "p_below": 0.5}}

# Every question as the program's command has it, and as Python has it.
ASKED: dict[str, tuple[list[str], dict[str, Any]]] = {
    "similar": (
        ["similar", "BETA:1h@2024-01-20", "-k", "3", "--outcome", "24h", "--market", "crypto"],
        {"target": "BETA:1h@2024-01-20", "k": 3, "outcome": "24h", "filter": {"market": "crypto"}},
    ),
    "pattern": (
        ["similar", "--pattern", "double bottom", "-k", "3", "--symbol", "ALFA"],
        {"pattern": "double bottom", "k": 3, "filter": {"symbol": "ALFA"}},
    ),
    "search": (["search", "shares plunge", "-k", "3"], {"text": "shares plunge", "k": 3}),
    "combine": (
        ["combine", "ALFA:1h", "-", "chart:BETA:1h", "-k", "3"],
        {
            "terms": [{"plus": "ALFA:1h"}, {"minus": "BETA:1h"}],
            "name": "ALFA:1h - chart:BETA:1h",
            "k": 3,
        },
    ),
    "reaction": (
        ["reaction", "shares plunge", "--horizon", "5", "--interval", "1h"],
        {"text": "shares plunge", "horizon": 5, "interval": "1h"},
    ),
    "outcomes": (
        ["outcomes", "MOMENTS", "--interval", "1h", "--horizon", "24h,5"],
        {"moments": ["ALFA:1h@2024-01-10T12:00", "BETA:1h@2024-01-12T08:00"], "horizon": ["24h", 5]},
    ),
    "news": (["news", AT, "-k", "3", "--any-symbol"], {"target": AT, "k": 3, "any_symbol": True}),
    "context": (["context", AT, "--after", "1d"], {"target": AT, "after": "1d"}),
    "transfer": (
        ["transfer", "ALFA:1h", "--to", "equity", "-k", "2"],
        {"target": "ALFA:1h", "to": "equity", "k": 2},
    ),
    "transfer-matrix": (["transfer-matrix", "--sample", "40"], {"sample": 40}),
    "anomaly": (["anomaly", AT], {"target": AT}),
    "anomaly-scan": (["anomaly", "--scan", "ALFA", "-k", "3"], {"scan": "ALFA", "k": 3}),
    "divergence": (
        ["divergence", "ALFA:1h", "--history", "2", "--moments"],
        {"series": "ALFA:1h", "history": 2, "moments": True},
    ),
    "classify": (["classify", AT, "--abstain", "0"], {"target": AT, "abstain": 0}),
    "classify-history": (
        ["classify", "--history", "ALFA:1h", "--from", "2024-01-20"],
        {"series": "ALFA:1h", "from_": "2024-01-20"},
    ),
    "classify-by-tags": (
        ["classify", "ALFA:1h", "--by-tags", "--neighbours", "3"],
        {"target": "ALFA:1h", "neighbours": 3},
    ),
    "axis": (
        ["axis", "bearish", "bullish", AT, "BETA:1h"],
        {"low": "bearish", "high": "bullish", "targets": [AT, "BETA:1h"]},
    ),
    "axis-history": (
        ["axis", "bearish", "bullish", "--history", "ALFA:1h", "--from", "2024-01-25"],
        {"low": "bearish", "high": "bullish", "series": "ALFA:1h", "from_": "2024-01-25"},
    ),
    "axis-headlines": (
        ["axis", "bearish", "bullish", "--headlines", "ALFA"],
        {"low": "bearish", "high": "bullish", "symbol": "ALFA"},
    ),
    "signal": (["signal", "RULE", AT], {"target": AT, "rule": RULE}),
    "replay": (
        ["backtest", "RULE", "ALFA:1h", "--from", "2024-01-20", "--draws", "3"],
        {"series": "ALFA:1h", "rule": RULE, "from_": "2024-01-20", "draws": 3},
    ),
    "today": (
        ["today", "ALFA:1h", "BETA", "-k", "5"],
        {"series": ["ALFA:1h", "BETA"], "k": 5},
    ),
    "map": (
        ["map", "--sample", "40", "--color", "sector", "--interval", "1h"],
        {"sample": 40, "by": "sector", "filter": {"interval": "1h"}},
    ),
    "clusters": (
        ["market", "clusters", "--interval", "1h", "--groups", "2", "--draws", "19", "--compare", "sector"],
        {"filter": {"interval": "1h"}, "groups": 2, "draws": 19, "compare": "sector"},
    ),
    "correlation": (
        ["market", "correlation", "--interval", "1h", "--window", "48", "-k", "2", "--history"],
        {"filter": {"interval": "1h"}, "window": 48, "k": 2, "history": True},
    ),
    "lead-lag": (
        ["market", "lead-lag", "--interval", "1h", "--lags", "2", "-k", "2"],
        {"filter": {"interval": "1h"}, "lags": 2, "k": 2},
    ),
    "portfolio": (
        ["market", "portfolio", "--interval", "1h", "--rule", "hrp,min-variance", "--max-weight", "0.7"],
        {"filter": {"interval": "1h"}, "rules": ["hrp", "min-variance"], "max_weight": 0.7},
    ),
    "series": (["series", "alf"], {"text": "alf"}),
    "spaces": (["spaces"], {}),
    "bars": (["bars", "ALFA:1h", "--last", "30"], {"series": "ALFA:1h", "last": 30}),
    "headlines": (["headlines", "BETA", "--last", "3"], {"symbol": "BETA", "last": 3}),
    "stats": (["stats"], {}),
    "tags": (["tags", "dip"], {"name": "dip"}),
    "attributes": (["attributes", "--where", "sector=Energy"], {"where": {"sector": "Energy"}}),
    "prototypes": (["prototype", "list"], {}),
}


def test_all_questions_are_asked_here() -> None:
    assert set(ASKED) == set(_native.questions())
    assert len(ASKED) == 35


@pytest.mark.parametrize("name", ASKED)
def test_answers_are_those_of_the_command_line(
    name: str, rhyme: Path, market: Path, reader: rhymedb.Database, tmp_path: Path
) -> None:
    words, given = ASKED[name]
    moments = tmp_path / "moments.csv"
    moments.write_text("symbol,time\nALFA,2024-01-10T12:00\nBETA,2024-01-12T08:00\n")
    rule = tmp_path / "rule.json"
    rule.write_text(json.dumps(RULE))
    files = {"MOMENTS": str(moments), "RULE": str(rule)}
    words = [files.get(word, word) for word in words]
    answer = getattr(reader, name.replace("-", "_"))(**given)
    same(answer, run(rhyme, market, "--format", "json", *words))
    # The same by its name, which is the form that every program can send.
    request = request_json(name, {key.rstrip("_"): value for key, value in given.items()})
    asked = json.dumps({**json.loads(request), **_lists_of(given)})
    same(answer, run(rhyme, market, "ask", asked))


def _lists_of(given: dict[str, Any]) -> dict[str, Any]:
    """What a method takes as one value, and a request as a list."""
    return {name: [given[name]] for name in ("outcome", "to") if name in given}


def test_as_of_is_that_of_the_command_line(rhyme: Path, market: Path, reader: rhymedb.Database) -> None:
    answer = reader.at("2024-01-15").similar("ALFA:1h", k=3)
    printed = run(rhyme, market, "--format", "json", "similar", "ALFA:1h", "-k", "3", "--as-of", "2024-01-15")
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
