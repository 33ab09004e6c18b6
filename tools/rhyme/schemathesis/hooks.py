"""Names that the demo's market knows, for what schemathesis asks: most of its questions then have an answer.

Hypothesis makes up the requests; a text in a field that wants a name, a time or a sentence is exchanged for one of those
below, always the same for the same text, and counts are made small enough to be quick.
"""

from __future__ import annotations

import zlib
from typing import Any

import schemathesis

SERIES = ["crypto/synthetic/NOVAUSDT:1h", "ORBUSDT:1h", "QUILXUSDT:1h", "ACME:1d"]
TARGETS = [f"{series}@2015-03-{day}" for series in SERIES for day in ("03", "10T12:00", "17")]
SENTENCES = ["panic selling", "shares plunge after a profit warning", "a slow rise", "exchange halts withdrawals"]
SPANS = ["5m", "1h", "12h", "3d"]
GROUPS = ["crypto", "equity", "NOVAUSDT"]
SYMBOLS = ["NOVAUSDT", "ORBUSDT", "QUILXUSDT", "ACME"]

# What a text in a field of that name means.
KNOWN: dict[str, list[str]] = {
    "target": TARGETS,
    "targets": TARGETS,
    "moments": TARGETS,
    "plus": TARGETS + ["text:panic selling"],
    "minus": TARGETS + ["text:a slow rise"],
    "series": SERIES,
    "scan": ["NOVAUSDT", "ORBUSDT:1h", "ACME"],
    "net_of": ["NOVAUSDT:1h"],
    "to": ["equity", "ORBUSDT", "crypto"],
    "among": GROUPS,
    "text": SENTENCES,
    "low": ["fear", "bearish"],
    "high": ["greed", "bullish"],
    "labels": SENTENCES,
    "sentences": SENTENCES,
    "pattern": ["double top", "double bottom", "head and shoulders"],
    "set": ["regimes", "patterns"],
    "symbol": SYMBOLS,
    "market": ["crypto", "equity"],
    "venue": ["synthetic"],
    "interval": ["1h", "1d"],
    "space": ["clip"],
    "from": ["2015-01-01", "2015-02-01"],
    "until": ["2015-03-20", "2015-03-24T06:00"],
    "as_of": ["2015-03-21", "2015-03-25"],
    "horizon": SPANS,
    "outcome": SPANS,
    "within": SPANS,
    "before": SPANS,
    "after": SPANS,
    "latency": ["0", "5m"],
    "lag": SPANS,
    "exclusion": SPANS,
    "min_move": ["0.5%", "0.1sd"],
}
# The most that a count may be, so that an answer takes no longer than a person waits.
MOST = {"k": 50, "sample": 200, "neighbours": 20, "ef": 400, "calibration": 200, "last": 500, "quota": 20, "history": 50}
LEAST = {"calibration": 20, "sample": 2, "history": 1}


def picked(known: list[str], value: Any) -> str:
    return known[zlib.crc32(repr(value).encode("utf-8", "replace")) % len(known)]


def fitted(value: Any, field: str = "") -> Any:
    """The same value, with known names in the place of texts."""
    if isinstance(value, dict):
        return {key: fitted(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [fitted(one, field) for one in value]
    if isinstance(value, str) and field in KNOWN:
        return picked(KNOWN[field], value)
    if isinstance(value, int) and not isinstance(value, bool):
        if field in MOST:
            return max(min(value, MOST[field]), LEAST.get(field, 1))
        if field in ("horizon", "outcome"):
            return max(min(value, 50), 1)
    return value


def answerable(body: Any) -> Any:
    """A request whose lists have as much in them as an answer needs."""
    if not isinstance(body, dict):
        return body
    body = fitted(body)
    if "terms" in body:
        body["terms"] = [{"plus": picked(TARGETS, body["terms"])}, {"minus": "text:a slow rise"}]
    if "moments" in body:
        body["moments"] = [picked(TARGETS, body["moments"])]
    if "labels" in body:
        body["labels"] = SENTENCES
        body.pop("set", None)
    return body


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:
    # A series is found by a part of its name, and no sentence is one.
    if context.operation.path == "/v1/series" and isinstance(body, dict):
        return {**fitted(body), "text": "nova"}
    return answerable(body)


@schemathesis.hook
def map_query(context: schemathesis.HookContext, query: Any) -> Any:
    if context.operation.path == "/v1/series" and isinstance(query, dict):
        return {key: fitted(one, key) for key, one in query.items() if key != "text"}
    return fitted(query)
