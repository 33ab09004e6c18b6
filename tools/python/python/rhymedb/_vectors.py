"""Vectors that other programs make or read."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from . import _native
from ._native import NativeDatabase, NativeView
from ._progress import Progress, callback
from ._tables import table_of
from ._values import Time, loaded, skips, time_text

if TYPE_CHECKING:
    import numpy as np
    import pandas
    from numpy.typing import NDArray

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


@dataclass(frozen=True)
class Vectors:
    """The vectors that a space has of windows: one a row, in the order of series and time."""

    values: NDArray[np.float32]
    """Windows x dimensions, each row of unit length."""
    series: NDArray[np.object_]
    """The name of each row's series."""
    ends: NDArray[np.datetime64]
    """When each row's window closed, in UTC."""

    def __len__(self) -> int:
        return len(self.values)

    def to_pandas(self) -> pandas.DataFrame:
        """A frame with a column for each dimension; its index is the series and the end."""
        import pandas as pd

        ends = pd.DatetimeIndex(self.ends).tz_localize("UTC")
        index = pd.MultiIndex.from_arrays([self.series, ends], names=["series", "end"])
        return pd.DataFrame(self.values, index=index)

    @classmethod
    def _of(
        cls, view: NativeView, space: str | None, series: Sequence[str], *times: Time | None
    ) -> Vectors:
        import numpy as np

        wanted = [series] if isinstance(series, str) else list(series)
        from_, until = (None if time is None else time_text(time) for time in times)
        names, ends, values, dim = _native.vectors(view, space, wanted, from_, until)
        rows = np.repeat(
            np.array([name for name, _ in names], dtype=object), [count for _, count in names]
        )
        return cls(
            np.frombuffer(values, dtype=np.float32).reshape(-1, dim),
            rows,
            np.frombuffer(ends, dtype="datetime64[ms]"),
        )


class Import:
    """Stores vectors. :class:`rhymedb.Database` has these methods."""

    _native: NativeDatabase

    def import_vectors(
        self,
        space: str,
        vectors: Any,
        *,
        series: str | Sequence[str],
        ends: Any,
        window: int = 1,
        progress: Progress = None,
    ) -> dict[str, Any]:
        """Stores vectors of your own in a space of their own; the first import makes it.

        Args:
            space: The name of the space.
            vectors: An array of windows x dimensions. Only the direction of a row counts.
            series: The series of all rows, like ``crypto/binance/BTCUSDT:1h``, or one for each.
            ends: When the last bar of each window closed: ``datetime64``, a column of times, or a
                sequence of ``datetime``; without a zone in UTC.
            window: Bars that a vector describes; hits keep a quarter of it apart.
            progress: ``True`` for a bar, or a callable of (stage, done, total).

        >>> import numpy as np
        >>> closed = np.arange("2024-01-02", "2024-01-05", dtype="datetime64[D]")
        >>> db.import_vectors("mine", np.eye(3), series="crypto/demo/ALFA:1h", ends=closed)["vectors"]
        3
        >>> db.vectors("mine").values.shape
        (3, 3)
        >>> db.drop_space("mine")["rows"]
        3
        """
        rows = _matrix(vectors, "windows")
        closed = _millis(ends)
        each = [series] * len(rows) if isinstance(series, str) else [str(name) for name in series]
        if not len(each) == len(closed) == len(rows):
            raise ValueError(
                f"expected a series and an end for each of {len(rows)} vectors,"
                f" found {len(each)} and {len(closed)}"
            )
        names = list(dict.fromkeys(each))
        place = {name: at for at, name in enumerate(names)}
        report = _native.import_vectors(
            self._native,
            space,
            window,
            names,
            [place[name] for name in each],
            closed,
            rows.tobytes(),
            rows.shape[1],
            callback(progress),
        )
        return loaded(report)

    def import_vector_file(
        self,
        path: str | os.PathLike[str],
        space: str,
        *,
        window: int = 1,
        meta: str | os.PathLike[str] | None = None,
        columns: Mapping[str, str] | None = None,
        on_error: Literal["refuse", "skip"] = "refuse",
        progress: Progress = None,
    ) -> dict[str, Any]:
        """Stores the vectors of a file: ``.npy``, Parquet, Feather, CSV or JSON.

        Args:
            path: The file.
            space: The name of the space.
            window: Bars that a vector describes.
            meta: A table with a row for each vector: market, venue, symbol, interval, end.
            columns: Which column is which of vector, market, venue, symbol, interval, time.
            on_error: What to do with rows that cannot be vectors: refuse the file, or skip them.
            progress: ``True`` for a bar, or a callable of (stage, done, total).
        """
        skip = skips(on_error)
        report = _native.import_vector_file(
            self._native,
            path,
            space,
            window,
            meta,
            list((columns or {}).items()),
            skip,
            callback(progress),
        )
        return loaded(report)

    def import_headline_vectors(
        self,
        space: str,
        vectors: Any,
        headlines: Any,
        *,
        columns: Mapping[str, str] | None = None,
        window: int | None = None,
        on_error: Literal["refuse", "skip"] = "refuse",
        time_unit: Literal["s", "ms", "us", "ns"] | None = None,
    ) -> dict[str, Any]:
        """Stores vectors of headlines by a model of your own, beside its vectors of charts.

        So charts are found from headlines, and headlines from charts: ``news("ALFA:1h", space="mine")``,
        ``search(vector=...)``. The headlines have to be stored already.

        Args:
            space: The name of the space of imported vectors.
            vectors: An array of headlines x dimensions. Only the direction of a row counts.
            headlines: A table with a row for each vector, as :meth:`ingest_headlines` takes it: the time,
                the text and, if it has one, the source of a stored headline.
            columns: Which column is which of time, text and source, where their names do not say it.
            window: Bars that a vector of a chart describes. Default: as the space has it.
            on_error: What to do with vectors of headlines that are not stored: refuse all, or skip these.
            time_unit: The unit of integer times.

        >>> import numpy as np
        >>> news = db.headlines(last=0).to_pandas()
        >>> db.import_headline_vectors("mine", np.eye(len(news)), news)["vectors"] == len(news)
        True
        >>> found = db.news({"vector": np.eye(len(news))[3]}, space="mine", k=1)
        >>> found.headlines[0]["text"] == news["text"][3]
        True
        >>> db.drop_space("mine")["headline_rows"] == len(news)
        True
        """
        skip = skips(on_error)
        rows = _matrix(vectors, "headlines")
        report = _native.import_headline_vectors(
            self._native,
            space,
            table_of(headlines),
            rows.tobytes(),
            rows.shape[1],
            dict(columns or {}),
            time_unit,
            window,
            skip,
        )
        return loaded(report)

    def import_headline_vector_file(
        self,
        path: str | os.PathLike[str],
        space: str,
        *,
        meta: str | os.PathLike[str] | None = None,
        columns: Mapping[str, str] | None = None,
        window: int | None = None,
        on_error: Literal["refuse", "skip"] = "refuse",
    ) -> dict[str, Any]:
        """Stores the vectors of headlines of a file: ``.npy``, Parquet, Feather, CSV or JSON.

        Args:
            path: The file, with the columns of headlines; or a matrix, and ``meta``.
            space: The name of the space of imported vectors.
            meta: A table with a row for each vector: published, source, text.
            columns: Which column is which of vector, time, source, text.
            window: Bars that a vector of a chart describes. Default: as the space has it.
            on_error: What to do with rows that cannot be stored, and with vectors of headlines that are not
                stored: refuse the file, or skip them.
        """
        report = _native.import_headline_vector_file(
            self._native,
            path,
            space,
            meta,
            list((columns or {}).items()),
            window,
            skips(on_error),
        )
        return loaded(report)


def _matrix(vectors: Any, what: str) -> NDArray[np.float32]:
    """An array with a row for each thing."""
    import numpy as np

    rows = np.ascontiguousarray(np.asarray(vectors), dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ValueError(f"expected an array of {what} x dimensions, found {rows.shape}")
    return rows


def _millis(ends: Any) -> list[int]:
    """Times as milliseconds since 1970."""
    import numpy as np

    array = np.asarray(ends)
    if array.dtype.kind == "M":
        if np.isnat(array).any():
            raise ValueError("expected an end for each vector, found one that is no time")
        millis: list[int] = array.astype("datetime64[ms]").astype("int64").tolist()
        return millis
    return [_moment(end) for end in ends]


def _moment(end: Any) -> int:
    if isinstance(end, str):
        end = dt.datetime.fromisoformat(end.replace("Z", "+00:00"))
    if isinstance(end, dt.date) and not isinstance(end, dt.datetime):
        end = dt.datetime(end.year, end.month, end.day)
    if not isinstance(end, dt.datetime) or end != end:
        raise TypeError(f"expected the time at which a window closed, found {end!r}")
    if end.tzinfo is None:
        end = end.replace(tzinfo=dt.timezone.utc)
    since: dt.timedelta = end - _EPOCH
    return since // dt.timedelta(milliseconds=1)
