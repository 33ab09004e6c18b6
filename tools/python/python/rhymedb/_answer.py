"""Answers: the library's replies, with tables and pictures of them."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ._values import millis
from .errors import ClosedError, ForkedError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

# Rows that a notebook shows.
_SHOWN = 20


class Answer(Mapping[str, Any]):
    """A reply to a question: a mapping over the JSON that ``rhyme --format json`` prints.

    Its fields are attributes as well (``answer.hits``), its list of rows is a table
    (:meth:`to_pandas`, :meth:`to_polars`, :meth:`to_arrow`), and ``notes`` are what its reader has to
    know before using it.
    """

    question: str
    """The name of the question."""

    def __init__(
        self,
        question: str,
        reply: dict[str, Any],
        tables: dict[str, dict[str, str]],
        picture: Callable[[], str | None],
    ) -> None:
        self.question = question
        self._reply = reply
        self._tables = tables
        self._picture = picture

    def __getitem__(self, key: str) -> Any:
        return self._reply[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._reply)

    def __len__(self) -> int:
        return len(self._reply)

    def __getattr__(self, name: str) -> Any:
        reply = self.__dict__.get("_reply", {})
        if name in reply:
            return reply[name]
        raise AttributeError(f"the answer has no {name}; it has {', '.join(reply)}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._reply})

    @property
    def notes(self) -> list[str]:
        """What to know before using this."""
        return list(self._reply.get("notes", []))

    @property
    def tables(self) -> list[str]:
        """The names of the lists of rows, the main one first."""
        return list(self._tables)

    def json(self, indent: int | None = None) -> str:
        """The reply as JSON."""
        return json.dumps(self._reply, indent=indent, ensure_ascii=False)

    def _rows(self, table: str | None) -> tuple[list[dict[str, Any]], dict[str, str]]:
        if table is None:
            if not self._tables:
                raise ValueError(f"an answer to {self.question} has no rows")
            table = next(iter(self._tables))
        if table not in self._tables:
            raise ValueError(f"expected one of {', '.join(self._tables)}, found {table}")
        rows = self._reply.get(table) or []
        return [_flat(row) for row in rows], self._tables[table]

    def _columns(self, table: str | None) -> dict[str, tuple[str, list[Any]]]:
        rows, kinds = self._rows(table)
        columns = {}
        for name, kind in kinds.items():
            values = [row.get(name) for row in rows]
            if kind == "time":
                values = [None if value is None else millis(value) for value in values]
            columns[name] = (kind, values)
        return columns

    def to_pandas(self, table: str | None = None) -> pandas.DataFrame:
        """The rows as a pandas frame; times are UTC timestamps. Needs pandas."""
        import pandas as pd

        frame: dict[str, Any] = {}
        for name, (kind, values) in self._columns(table).items():
            if kind == "time":
                column: Any = pd.to_datetime(pd.Series(values, dtype="Int64"), unit="ms", utc=True)
            elif kind == "int":
                column = pd.Series(values, dtype="Int64" if None in values else "int64")
            elif kind == "float":
                column = pd.Series(values, dtype="float64")
            elif kind == "bool":
                column = pd.Series(values, dtype="boolean" if None in values else "bool")
            else:
                column = pd.Series(values, dtype="object" if kind == "any" else "str")
            frame[name] = column
        return pd.DataFrame(frame)

    def to_arrow(self, table: str | None = None) -> pyarrow.Table:
        """The rows as an Arrow table; times are timestamps with the zone UTC. Needs pyarrow."""
        import pyarrow as pa

        types = {
            "time": pa.timestamp("ms", tz="UTC"),
            "int": pa.int64(),
            "float": pa.float64(),
            "bool": pa.bool_(),
            "text": pa.string(),
            "any": None,
        }
        columns = self._columns(table)
        arrays = [pa.array(values, type=types[kind]) for kind, values in columns.values()]
        return pa.table(arrays, names=list(columns))

    def to_polars(self, table: str | None = None) -> polars.DataFrame:
        """The rows as a polars frame; times have the zone UTC. Needs polars."""
        import polars as pl

        types: dict[str, Any] = {
            "time": pl.Int64,
            "int": pl.Int64,
            "float": pl.Float64,
            "bool": pl.Boolean,
            "text": pl.String,
        }
        columns = []
        for name, (kind, values) in self._columns(table).items():
            column = pl.Series(name, values, dtype=types.get(kind), strict=False)
            if kind == "time":
                column = column.cast(pl.Datetime("ms", "UTC"))
            columns.append(column)
        return pl.DataFrame(columns)

    def svg(self) -> str | None:
        """The library's picture of the answer as SVG, if it has one.

        The question is asked again for it, so it shows what is stored when it is drawn.
        """
        return self._picture()

    def __repr__(self) -> str:
        lines = [f"<answer to {self.question}>"]
        if self._tables:
            rows, kinds = self._rows(None)
            lines += _text_table(rows[:_SHOWN], list(kinds))
            if len(rows) > _SHOWN:
                lines.append(f"... {len(rows)} rows")
        lines += [f"note: {note}" for note in self.notes]
        warning = self._reply.get("warning")
        if warning:
            lines.append(f"warning: {warning}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = []
        if self._tables:
            rows, kinds = self._rows(None)
            shown = [name for name in kinds if any(_shown(row.get(name)) for row in rows)]
            utc = {name: " (UTC)" if kinds[name] == "time" else "" for name in shown}
            head = "".join(f"<th>{html.escape(name)}{utc[name]}</th>" for name in shown)
            body = "".join(
                "<tr>" + "".join(_cell(row.get(name), kinds[name]) for name in shown) + "</tr>"
                for row in rows[:_SHOWN]
            )
            parts.append(
                '<div style="overflow-x: auto">'
                f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
            )
            if len(rows) > _SHOWN:
                parts.append(f"<p>{len(rows)} rows</p>")
        parts += [f"<p>{html.escape(note)}</p>" for note in self.notes]
        try:
            picture = self.svg()
        except (ClosedError, ForkedError):
            # A closed database draws nothing; the table is the answer.
            picture = None
        if picture is not None:
            parts.append(picture)
        return "\n".join(parts)


def _flat(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A row with the fields of its objects as fields of its own."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat[prefix + name] = value
            flat.update(_flat(value, f"{prefix}{name}_"))
        else:
            flat[prefix + name] = value
    return flat


def _shown(value: Any) -> str:
    if value is None or isinstance(value, (list, dict)):
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def _cell(value: Any, kind: str) -> str:
    """A cell of a page: times in one line and to the minute, numbers with the same digits, sentences with room."""
    text = _shown(value)
    style = "white-space: nowrap"
    if kind == "time" and isinstance(value, str):
        text = value.replace("T", " ").removesuffix("Z").removesuffix(":00")
    elif isinstance(value, float) and (value == 0 or 0.001 <= abs(value) < 1e6):
        text = f"{value:.4f}"
    elif isinstance(value, str) and len(value) > 30:
        style = "text-align: left; min-width: 18em"
    return f'<td style="{style}">{html.escape(text)}</td>'


def _text_table(rows: list[dict[str, Any]], names: list[str]) -> list[str]:
    cells = {name: [_shown(row.get(name)) for row in rows] for name in names}
    names = [name for name in names if any(cells[name])]
    widths = {name: max(len(name), *map(len, cells[name])) for name in names}
    lines = [names] + [[cells[name][i] for name in names] for i in range(len(rows))]
    return [
        "  ".join(cell.ljust(widths[name]) for cell, name in zip(line, names)).rstrip()
        for line in lines
        if names
    ]
