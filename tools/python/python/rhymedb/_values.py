"""Values of Python as the library's requests have them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A time: ISO 8601 as text, or a ``datetime`` or ``date``. Without a zone it is in UTC.
Time: TypeAlias = "str | dt.datetime | dt.date"
#: What a question is about: ``[market/][venue/]SYMBOL[:interval][@time]``, ``text:SENTENCE``,
#: ``prototype:NAME`` or ``tag:NAME``; a sequence of prices, which is a drawn path; or a mapping of bars,
#: a path or a vector, as docs/schemas has it.
Subject: TypeAlias = "str | Mapping[str, Any] | Sequence[float]"
#: A vector of a space: an array of one axis, or a sequence of numbers.
Vector: TypeAlias = "Sequence[float] | NDArray[Any]"

# Of a filter, what is one value; everything else is a list of names.
_SINGLE = {"from", "until", "min_move"}


def time_text(time: Time) -> str:
    """A time as the library reads it.

    >>> time_text("2024-01-31T12:00")
    '2024-01-31T12:00'
    >>> time_text(dt.datetime(2024, 1, 31, 12))
    '2024-01-31T12:00:00Z'
    """
    if isinstance(time, str):
        return time
    if isinstance(time, dt.datetime):
        if time.tzinfo is None:
            time = time.replace(tzinfo=dt.timezone.utc)
        text = time.astimezone(dt.timezone.utc).isoformat(timespec="milliseconds")
        return text.replace(".000", "").replace("+00:00", "Z")
    if isinstance(time, dt.date):
        return time.isoformat()
    raise TypeError(f"expected a time as text, datetime or date, found {type(time).__name__}")


def loaded(report: str) -> dict[str, Any]:
    """A report of the native module."""
    value: dict[str, Any] = json.loads(report)
    return value


def listed(values: Any) -> Any:
    """A single name where a list of them is meant is a list of one."""
    return [values] if isinstance(values, (str, int)) else values


def _lists(values: Any) -> Any:
    """As :func:`listed`; of attributes each has a list of its own."""
    if isinstance(values, Mapping):
        return {name: listed(value) for name, value in values.items()}
    return listed(values)


def _plain(value: Any) -> Any:
    """What ``json`` does not know: times, and numbers and arrays of NumPy."""
    if isinstance(value, (dt.datetime, dt.date)):
        return time_text(value)
    if hasattr(value, "tolist"):  # arrays and scalars of NumPy, series of pandas
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"expected a value that JSON has, found {type(value).__name__}")


def _subject(value: Any) -> Any:
    if isinstance(value, (str, Mapping)):
        return value
    prices = value.tolist() if hasattr(value, "tolist") else list(value)
    if not prices or not all(isinstance(p, (int, float)) for p in prices):
        raise TypeError("expected a target as text, a mapping, or a sequence of prices")
    return {"path": prices}


def request_json(name: str, given: Mapping[str, Any]) -> str:
    """A question as JSON, without what is left out.

    >>> request_json("similar", {"target": [1, 3, 2, 5], "k": None})
    '{"question": "similar", "target": {"path": [1, 3, 2, 5]}}'
    >>> request_json("map", {"filter": {"interval": "1h"}})
    '{"question": "map", "filter": {"interval": ["1h"]}}'
    >>> request_json("map", {"filter": {"where": {"sector": "Energy"}}})
    '{"question": "map", "filter": {"where": {"sector": ["Energy"]}}}'
    """
    request: dict[str, Any] = {"question": name}
    for key, value in given.items():
        if value is None:
            continue
        if key == "target":
            value = _subject(value)
        elif key == "filter":
            value = {k: v if k in _SINGLE else _lists(v) for k, v in value.items()}
        elif key == "where":
            value = _lists(value)
        request[key] = value
    return json.dumps(request, default=_plain, allow_nan=False)


_TIME = re.compile(r"\d{4,}-\d\d-\d\dT.*Z")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


def millis(text: str) -> int:
    """Milliseconds since 1970 of a time as replies have it.

    >>> millis("1970-01-02T00:00:00Z"), millis("1970-01-01T00:00:00.5Z")
    (86400000, 500)
    """
    if not _TIME.fullmatch(text):
        raise ValueError(f"expected a time like 2024-01-31T12:00:00Z, found {text!r}")
    whole, _, part = text[:-1].partition(".")
    seconds = (dt.datetime.fromisoformat(whole + "+00:00") - _EPOCH) // dt.timedelta(seconds=1)
    return seconds * 1_000 + int(part.ljust(3, "0")[:3] or 0)


def skips(on_error: str) -> bool:
    """Whether rows that cannot be stored are left out."""
    if on_error not in ("refuse", "skip"):
        raise ValueError(f"expected on_error to be refuse or skip, found {on_error!r}")
    return on_error == "skip"
