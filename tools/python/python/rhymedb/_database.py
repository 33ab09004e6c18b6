"""Databases and views of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from . import _native
from ._answer import Answer
from ._care import Care
from ._labels import Labels
from ._native import NativeDatabase, NativeView
from ._progress import Progress, callback
from ._questions import TABLES, Questions
from ._tables import table_of
from ._values import Time, loaded, request_json, skips, time_text
from ._vectors import Import, Vectors
from .encoders import ChartEncoder


@dataclass
class _BarOptions:
    """What a caller says about bars; the native module reads these fields."""

    market: str | None = None
    venue: str | None = None
    symbol: str | None = None
    interval: str | None = None
    calendar: str | None = None
    time_unit: str | None = None
    skip: bool = False
    columns: dict[str, str] = field(default_factory=dict)

    def name(self, series: str | None) -> None:
        """Takes the parts of a name like ``crypto/binance/BTCUSDT:1h``."""
        if series is None:
            return
        path, colon, interval = series.partition(":")
        parts = path.split("/")
        if len(parts) != 3 or not all(parts) or (colon and not interval):
            raise ValueError(
                f"expected a series like crypto/binance/BTCUSDT:1h, found {series!r}"
            )
        said = dict(zip(("market", "venue", "symbol"), parts))
        if interval:
            said["interval"] = interval
        for part, text in said.items():
            if getattr(self, part) not in (None, text):
                raise ValueError(f"expected one {part}, found {text} and {getattr(self, part)}")
            setattr(self, part, text)


@dataclass
class _Wanted:
    """What to download; the native module reads these fields."""

    symbols: list[str]
    intervals: list[str]
    category: str
    from_time: str | None
    until: str | None
    base_url: str | None


def _paths(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    return [os.fspath(path) for path in paths]


class View(Questions):
    """What was committed when the view was made, and of that only what was known at its time.

    It never changes. :meth:`Database.at` and :meth:`Database.now` make views, and so does :meth:`at`.
    """

    def __init__(self, native: NativeView, timeout: float | None) -> None:
        self._native = native
        self._timeout = timeout

    @property
    def as_of(self) -> str | None:
        """The view's time; ``None`` sees everything."""
        return self._native.as_of

    @property
    def position(self) -> str:
        """The last commit that the view sees, for :meth:`Database.changes_since`."""
        return self._native.position()

    def at(self, time: Time) -> View:
        """The same view as of ``time``; one later than the view's own changes nothing."""
        return View(self._native.at(time_text(time)), self._timeout)

    def ask(self, question: Mapping[str, Any] | str, *, timeout: float | None = None) -> Answer:
        """Asks a question as docs/schemas has it: ``{"question": "similar", "target": ...}``."""
        return _asked(self._native, question, timeout or self._timeout, self._native.svg)

    def _question(self, name: str, given: dict[str, Any], timeout: float | None) -> Answer:
        return self.ask(request_json(name, given), timeout=timeout)

    def vectors(
        self,
        space: str | None = None,
        series: str | Sequence[str] = (),
        *,
        from_: Time | None = None,
        until: Time | None = None,
    ) -> Vectors:
        """The stored vectors of a space as arrays of NumPy, of all series or of some.

        Args:
            space: The space. Default: the default space of charts.
            series: Names of series; without one all of them.
            from_: Only windows that closed at or after this time.
            until: Only windows that closed at or before this time.
        """
        return Vectors._of(self._native, space, series, from_, until)

    def __repr__(self) -> str:
        return f"<view as of {self.as_of or 'now'}>"


class Database(Questions, Labels, Import, Care):
    """A folder of candles, headlines and their vectors. :func:`open` opens one.

    One process writes at a time and any number read. Threads may share it. Questions that are asked of the
    database see what is committed at that moment; :meth:`at` makes a view that sees only what was known at
    a time.
    """

    def __init__(self, native: NativeDatabase, timeout: float | None) -> None:
        self._native = native
        self._timeout = timeout

    @property
    def path(self) -> Path:
        """The folder."""
        return Path(self._native.path)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._native.closed

    def close(self) -> None:
        """Closes the database and its views. Closing twice is no error."""
        self._native.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def now(self) -> View:
        """A view of what is committed now."""
        return View(self._native.view(), self._timeout)

    def at(self, time: Time) -> View:
        """A view that sees only what was known at ``time``.

        >>> view = db.at("2024-01-10")
        >>> hits = view.similar("ALFA:1h", k=3).to_pandas()
        >>> bool((hits["end"] <= "2024-01-10").all())
        True
        """
        return View(self._native.view(time_text(time)), self._timeout)

    def vectors(
        self,
        space: str | None = None,
        series: str | Sequence[str] = (),
        *,
        from_: Time | None = None,
        until: Time | None = None,
    ) -> Vectors:
        """The stored vectors of a space as arrays of NumPy: see :meth:`View.vectors`.

        >>> vectors = db.vectors("shape", "BETA:1h", until="2024-01-10")
        >>> vectors.values.shape[1], vectors.series[0]
        (48, 'crypto/demo/BETA:1h')
        """
        return Vectors._of(self._native.view(), space, series, from_, until)

    def changes_since(self, position: str) -> dict[str, Any]:
        """What the commits after one changed: rows of every space and headlines, added and removed, in order.

        Args:
            position: The :attr:`View.position` of the state that is known, or that of an earlier call.

        Returns:
            ``position``, to ask from the next time, and ``commits``: each has its number (``commit``) and its
            ``changes``. A change is named by ``change``: ``rows_added`` (``space``, ``series``, ``ends``),
            ``rows_removed`` (``space``, ``series``, ``first``, ``last``), ``space_dropped``,
            ``space_renamed``, ``headline_added`` or ``headlines_removed``. A series has ``market``, ``venue``,
            ``symbol`` and ``interval``.

        Raises:
            ChangesNotKeptError: it is more than 1,024 commits or 16 MB ago, or that commit was lost: read
                everything again, and go on from there.

        >>> known = db.now().position
        >>> report = db.ingest_bars(frame, "crypto/demo/THEIRS")
        >>> {change["change"] for one in db.changes_since(known)["commits"] for change in one["changes"]}
        {'rows_added'}
        """
        return loaded(_native.changes_since(self._native, position))

    def ask(self, question: Mapping[str, Any] | str, *, timeout: float | None = None) -> Answer:
        """Asks a question as docs/schemas has it.

        >>> answer = db.ask({"question": "similar", "target": "ALFA:1h", "k": 2})
        >>> [hit["rank"] for hit in answer.hits]
        [1, 2]
        """

        def picture(request: str) -> str | None:
            return self._native.view().svg(request)

        return _asked(self._native, question, timeout or self._timeout, picture)

    def _question(self, name: str, given: dict[str, Any], timeout: float | None) -> Answer:
        return self.ask(request_json(name, given), timeout=timeout)

    def ingest_bars(
        self,
        data: Any,
        series: str | None = None,
        *,
        market: str | None = None,
        venue: str | None = None,
        symbol: str | None = None,
        interval: str | None = None,
        calendar: Literal["continuous", "session"] | None = None,
        columns: Mapping[str, str] | None = None,
        time_unit: Literal["s", "ms", "us", "ns"] | None = None,
        on_error: Literal["refuse", "skip"] = "refuse",
        progress: Progress = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Stores the bars of a table and makes their windows searchable: all of them or none.

        The same bars again change nothing; a bar of a stored time replaces it.

        Args:
            data: A frame of pandas (2.2 or newer), polars or pyarrow, whatever else has
                ``__arrow_c_stream__``, or a mapping of NumPy arrays.
            series: Which series all of it is: ``market/venue/SYMBOL[:interval]``. Or say the parts one by
                one, or have columns of them.
            market: Like ``crypto``. Default: the column ``market``.
            venue: Like ``binance``. Default: the column ``venue``.
            symbol: Like ``BTCUSDT``. Default: the column ``symbol``.
            interval: The length of a bar, like ``1h``. Default: the column ``interval``, else the distance
                of most bars.
            calendar: Whether the market never closes. Default: ``continuous`` for crypto, else ``session``.
            columns: Which column is which of time, open, high, low, close, volume, symbol, market, venue,
                interval, where their names do not say it.
            time_unit: The unit of integer times. Times are when bars opened; those without a zone are UTC.
            on_error: What to do with rows that cannot be bars: refuse everything, or skip and count them.
            progress: ``True`` for a bar (needs tqdm), or a callable of (stage, done, total).
            timeout: Seconds after which ``TimedOutError`` is raised; what was committed stays.

        Returns:
            What became of it: ``bars_added``, ``bars_replaced``, ``bars_unchanged``, ``rows_left_out``,
            ``windows_embedded`` and so on.

        >>> report = db.ingest_bars(frame, "crypto/demo/AGAIN")
        >>> report["bars_added"] == len(frame)
        True
        """
        options = _BarOptions(
            market, venue, symbol, interval, calendar, time_unit, skips(on_error), dict(columns or {})
        )
        options.name(series)
        report = self._native.ingest_bars(table_of(data), options, callback(progress), timeout)
        return loaded(report)

    def ingest_headlines(
        self,
        data: Any,
        *,
        columns: Mapping[str, str] | None = None,
        precision: Literal["day", "minute", "second"] | None = None,
        time_unit: Literal["s", "ms", "us", "ns"] | None = None,
    ) -> dict[str, Any]:
        """Stores the headlines of a table: all of them or none.

        Args:
            data: As for :meth:`ingest_bars`, with the columns time and text, and perhaps source and
                symbols (lists, or texts with commas).
            columns: Which column is which of those, where their names do not say it.
            precision: How exactly the times are known. A headline of a day counts from the day's end.
                Default: ``day`` for a column of dates, else ``second``; where all times are midnights it
                has to be said.
            time_unit: The unit of integer times.
        """
        report = self._native.ingest_headlines(
            table_of(data), dict(columns or {}), precision, time_unit
        )
        return loaded(report)

    def ingest_bar_files(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        market: str | None = None,
        venue: str | None = None,
        symbol: str | None = None,
        interval: str | None = None,
        calendar: Literal["continuous", "session"] | None = None,
        columns: Mapping[str, str] | None = None,
        on_error: Literal["refuse", "skip"] = "refuse",
        progress: Progress = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Stores the bars of files, folders or globs: CSV, JSON, Parquet and the exports of many sources.

        What is not said comes from the content and the path, as docs/sources.md has it. Each file is one
        transaction. The report's ``files`` say what was read of each, and what was odd.
        """
        options = _BarOptions(
            market, venue, symbol, interval, calendar, None, skips(on_error), dict(columns or {})
        )
        report = self._native.ingest_bar_files(
            _paths(paths), options, callback(progress), timeout
        )
        return loaded(report)

    def ingest_headline_files(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        columns: Mapping[str, str] | None = None,
        on_error: Literal["refuse", "skip"] = "refuse",
    ) -> dict[str, Any]:
        """Stores the headlines of files, folders or globs, as docs/sources.md has it."""
        report = self._native.ingest_headline_files(
            _paths(paths), list((columns or {}).items()), skips(on_error)
        )
        return loaded(report)

    def ingest_bybit(
        self,
        symbols: str | Sequence[str],
        *,
        interval: str | Sequence[str] = "1h",
        category: Literal["spot", "linear", "inverse"] = "linear",
        from_: Time | None = None,
        until: Time | None = None,
        base_url: str | None = None,
        progress: Progress = None,
    ) -> dict[str, Any]:
        """Downloads candles from Bybit's public market API, and goes on where the last call ended.

        Args:
            symbols: Like ``BTCUSDT``, or a list of them.
            interval: Lengths of bars, like ``1h`` or ``["1h", "1d"]``.
            category: The kind of instrument.
            from_: The earliest time wanted. Default: all history.
            until: The latest time wanted. Default: now.
            base_url: Another server of Bybit, for countries that have one.
            progress: ``True`` for a bar, or a callable of (stage, done, total).

        Returns:
            What became of it, with a row for each series under ``downloads``.
        """
        wanted = _Wanted(
            [symbols] if isinstance(symbols, str) else list(symbols),
            [interval] if isinstance(interval, str) else list(interval),
            category,
            None if from_ is None else time_text(from_),
            None if until is None else time_text(until),
            base_url,
        )
        return loaded(_native.ingest_bybit(self._native, wanted, callback(progress)))

    def ingest_synthetic(
        self, *, seed: int = 1, small: bool = True, progress: Progress = None
    ) -> dict[str, Any]:
        """Stores a made-up market, for examples and tests: the same seed gives the same market.

        ``small`` is 3 crypto symbols of 2,000 hours and 6 equities of 500 days, from 2015-01-01; otherwise it
        is 12 symbols of 3.5 years and 60 of ten years. The report's ``events`` are what was planted in the
        prices, with its headlines: the ground truth that a search can be held against.
        """
        report = _native.ingest_synthetic(self._native, seed, small, callback(progress))
        return loaded(report)

    def create_space(
        self,
        name: str,
        encoder: ChartEncoder,
        *,
        hop: int = 1,
        replace: bool = False,
        progress: Progress = None,
    ) -> dict[str, Any]:
        """Makes a space of an encoder that the database was opened with, of all stored bars.

        ``hop`` is the bars from one window to the next. With ``replace`` the space is there, and gets the
        new vectors in one commit.
        """
        report = self._native.create_space(name, encoder._native, hop, replace, callback(progress))
        return loaded(report)

    def create_space_of_weights(
        self,
        name: str,
        path: str | os.PathLike[str],
        *,
        hop: int = 1,
        progress: Progress = None,
    ) -> dict[str, Any]:
        """Makes a space of the trained encoders in a file of weights (``.safetensors``), and keeps them.

        If they read text too, the stored headlines are embedded as well.
        """
        report = _native.create_space_of_weights(self._native, name, path, hop, callback(progress))
        return loaded(report)

    def drop_space(self, name: str) -> dict[str, Any]:
        """Removes a space and its vectors."""
        return loaded(self._native.drop_space(name))

    def __repr__(self) -> str:
        return f"<database {self.path}{', closed' if self.closed else ''}>"


def open(
    path: str | os.PathLike[str],
    *,
    read_only: bool = False,
    create: bool = True,
    timeout: float | None = None,
    encoders: Sequence[ChartEncoder] = (),
    sync_every: int | None = None,
) -> Database:
    """Opens a database, and makes it if it is not there.

    Args:
        path: The folder.
        read_only: Only read: works beside another process that writes.
        create: Whether to make it if it is not there.
        timeout: Seconds that a question may take, unless it says otherwise.
        encoders: Encoders of your own that its spaces have.
        sync_every: Let so many commits share a sync: faster, and a power cut may cost the last of them.

    Raises:
        LockedError: another process or handle has it open for writing.
        NotADatabaseError: the folder holds something else.
    """
    native = NativeDatabase(
        path,
        read_only=read_only,
        create=create,
        sync_every=sync_every,
        encoders=[encoder._native for encoder in encoders],
    )
    return Database(native, timeout)


def _asked(
    asker: NativeDatabase | NativeView,
    question: Mapping[str, Any] | str,
    timeout: float | None,
    picture: Any,
) -> Answer:
    request = question if isinstance(question, str) else json.dumps(question)
    reply = loaded(asker.ask(request, timeout))
    name = json.loads(request)["question"]
    return Answer(name, reply, TABLES.get(name, {}), lambda: picture(request))
