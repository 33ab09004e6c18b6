"""What is said of windows and symbols: tags, attributes, prototypes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _native
from ._native import NativeDatabase
from ._values import Time, loaded, time_text


class Labels:
    """Stores what is said of windows and symbols. :class:`rhymedb.Database` has these methods."""

    _native: NativeDatabase

    def add_tag(
        self,
        name: str,
        target: str,
        *,
        value: float | None = None,
        known: Time | None = None,
    ) -> dict[str, Any]:
        """Gives a window a name, like a trade or an event; the same name and window replace it.

        Args:
            name: 1 to 64 letters, digits, ``-``, ``_`` or ``.``.
            target: A series with a time: the window that had closed by then.
            value: A number of your own, such as the profit of a trade.
            known: From when on the tag is known. Default: the end of the window. A value that was known
                later, like a profit, needs it: otherwise views of the time between look ahead.

        >>> db.add_tag("breakout", "ALFA:1h@2024-01-10")["added"]
        1
        >>> db.tags(name="breakout").to_pandas()["symbol"].to_list()
        ['ALFA']
        >>> db.remove_tags("breakout")
        1
        """
        return self.add_tags([{"name": name, "target": target, "value": value, "known": known}])

    def add_tags(self, tags: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Stores many tags at once, all of them or none: mappings as :meth:`add_tag` takes them.

        For a frame: ``db.add_tags(frame.to_dict("records"))``.
        """
        rows = []
        for tag in tags:
            _only(tag, "a tag", ("name", "target"), ("value", "known"))
            value = _some(tag.get("value"))
            rows.append(
                (
                    str(tag["name"]),
                    str(tag["target"]),
                    None if value is None else float(value),
                    _time(tag.get("known")),
                )
            )
        return loaded(_native.add_tags(self._native, rows))

    def import_tag_file(
        self, path: str | os.PathLike[str], *, interval: str | None = None
    ) -> dict[str, Any]:
        """Stores the tags of a CSV file, all of them or none.

        Args:
            path: The file, with the columns symbol, time and tag, and perhaps value and known, as
                ``rhyme tag import`` takes it.
            interval: The interval of symbols that name none.

        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     with open(f"{folder}/trades.csv", "w") as file:
        ...         _ = file.write("symbol,time,tag,profit\\nALFA,2024-01-10,bought,-3.5\\n")
        ...     db.import_tag_file(f"{folder}/trades.csv", interval="1h")["added"]
        1
        >>> db.remove_tags("bought")
        1
        """
        return loaded(_native.import_tag_file(self._native, path, interval))

    def remove_tags(self, name: str, target: str | None = None) -> int:
        """Forgets the tags of a name, or only that of a window; returns how many."""
        return _native.remove_tags(self._native, name, target)

    def set_attribute(
        self,
        symbol: str,
        name: str,
        value: str,
        *,
        market: str | None = None,
        known: Time | None = None,
    ) -> dict[str, Any]:
        """Says something of a symbol, like its sector; filters and groups take it.

        Args:
            symbol: The symbol; it holds for its series of every venue and interval.
            name: Like ``sector``.
            value: Several stand in one with ``;`` between them.
            market: The market, if it holds for that one only.
            known: From when on it is known. Default: views of any time have it, so a membership that
                changes needs it.

        >>> db.set_attribute("ALFA", "group", "Payments")["added"]
        1
        >>> answer = db.similar("BETA:1h", k=2, filter={"where": {"group": "Payments"}})
        >>> {hit["symbol"] for hit in answer.hits}
        {'ALFA'}
        >>> db.remove_attributes("group")
        1
        """
        one = {"symbol": symbol, "name": name, "value": value, "market": market, "known": known}
        return self.set_attributes([one])

    def set_attributes(self, attributes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Stores many attributes at once, all of them or none: mappings as :meth:`set_attribute` takes them."""
        rows = []
        for one in attributes:
            _only(one, "an attribute", ("symbol", "name", "value"), ("market", "known"))
            market = _some(one.get("market"))
            rows.append(
                (
                    str(one["symbol"]),
                    None if market is None else str(market),
                    str(one["name"]),
                    str(one["value"]),
                    _time(one.get("known")),
                )
            )
        return loaded(_native.set_attributes(self._native, rows))

    def import_attribute_file(self, path: str | os.PathLike[str]) -> dict[str, Any]:
        """Stores the attributes of a CSV file, all of them or none.

        Args:
            path: The file, with the column symbol and a column for each attribute, and perhaps market and
                known, as ``rhyme attribute import`` takes it.
        """
        return loaded(_native.import_attribute_file(self._native, path))

    def remove_attributes(self, name: str | None = None, symbol: str | None = None) -> int:
        """Forgets attributes of a name, of a symbol, or of both; returns how many."""
        return _native.remove_attributes(self._native, name, symbol)

    def save_prototype(
        self, name: str, windows: Sequence[str], *, space: str | None = None
    ) -> dict[str, Any]:
        """Stores the average of chosen windows; ``prototype:NAME`` asks with it from then on.

        >>> made = db.save_prototype("quiet", ["ALFA:1h@2024-01-10", "BETA:1h@2024-01-12"])
        >>> len(db.similar("prototype:quiet", k=2).hits)
        2
        >>> db.drop_prototype("quiet")
        """
        windows = [windows] if isinstance(windows, str) else list(windows)
        return loaded(_native.save_prototype(self._native, name, windows, space))

    def drop_prototype(self, name: str) -> None:
        """Forgets a prototype."""
        _native.drop_prototype(self._native, name)


def _only(
    given: Mapping[str, Any], what: str, needed: tuple[str, ...], others: tuple[str, ...]
) -> None:
    """Checks the names of a mapping: one that is not known would be passed over without a word."""
    missing = [name for name in needed if _some(given.get(name)) is None]
    more = [name for name in given if name not in needed and name not in others]
    if missing or more:
        raise ValueError(
            f"expected {what} with {', '.join(needed)} and perhaps {', '.join(others)},"
            f" found {', '.join(map(str, given))}"
            + (f", where {missing[0]} is empty" if missing and missing[0] in given else "")
        )


def _some(value: Any) -> Any:
    """``None`` for what frames have in the place of it."""
    return None if value is None or value != value else value


def _time(value: Any) -> str | None:
    value = _some(value)
    return None if value is None else time_text(value)
