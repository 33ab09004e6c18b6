"""The care of a database."""

from __future__ import annotations

import os
from typing import Any

from . import _native
from ._native import NativeDatabase
from ._progress import Progress, callback
from ._values import Time, loaded, time_text


class Care:
    """Checks, copies and cleans a database. :class:`rhymedb.Database` has these methods."""

    _native: NativeDatabase

    def verify(
        self, *, recall_of: int | None = None, seed: int = 0, progress: Progress = None
    ) -> dict[str, Any]:
        """Reads everything that is stored and checks it.

        Args:
            recall_of: Also asks the graphs of each space about so many stored windows, and compares with
                the exact search: the report's ``recall``.
            seed: The seed of that sample.
            progress: ``True`` for a bar, or a callable of (stage, done, total).

        Raises:
            CorruptError: the first defect, with its file and section.

        >>> db.verify()["series"] >= 3
        True
        """
        report = _native.verify(self._native, recall_of, seed, callback(progress))
        return loaded(report)

    def health(self) -> dict[str, Any]:
        """What may be wrong though every file is whole: leftover files, spaces without their encoder."""
        return loaded(_native.health(self._native))

    def backup(self, to: str | os.PathLike[str], *, progress: Progress = None) -> dict[str, Any]:
        """Copies what is committed at this moment into the new folder ``to``, a database of its own.

        It is read back and checked; others may write meanwhile.
        """
        return loaded(_native.backup(self._native, to, callback(progress)))

    def compact(self, *, progress: Progress = None) -> dict[str, Any]:
        """Makes windows that wait searchable, and gives the space of what was deleted back."""
        return loaded(_native.compact(self._native, callback(progress)))

    def delete_bars(
        self, series: str, *, from_: Time | None = None, until: Time | None = None
    ) -> dict[str, Any]:
        """Deletes the bars of a series that opened in a period, and the windows that have one.

        Without ``from_`` and ``until`` it is all of them, and the series is forgotten.
        """
        return loaded(_native.delete_bars(self._native, series, _text(from_), _text(until)))

    def delete_headlines(
        self, *, from_: Time | None = None, until: Time | None = None
    ) -> dict[str, Any]:
        """Deletes the headlines that were published in a period; without one all of them."""
        return loaded(_native.delete_headlines(self._native, _text(from_), _text(until)))

    def resample(self, series: str, interval: str, *, progress: Progress = None) -> dict[str, Any]:
        """Makes a series of longer bars, like ``4h`` of ``1h``, and keeps it in step with its source.

        >>> db.resample("ALFA:1h", "4h")["series"]
        'crypto/demo/ALFA:4h'
        """
        return loaded(_native.resample(self._native, series, interval, callback(progress)))

    def adjust(
        self, target: str, split: str, on: Time, *, progress: Progress = None
    ) -> dict[str, Any]:
        """Mends bars that were stored without regard to a split, like ``4:1``, which took effect ``on`` a day.

        Only series whose bars show the split are changed, so a second time is refused.
        """
        moment = time_text(on)
        return loaded(_native.adjust(self._native, target, split, moment, callback(progress)))


def restore(
    backup: str | os.PathLike[str], to: str | os.PathLike[str], *, progress: Progress = None
) -> dict[str, Any]:
    """Writes a backup into the new folder ``to``; it is read and checked whole before."""
    return loaded(_native.restore(backup, to, callback(progress)))


def repair(path: str | os.PathLike[str], *, progress: Progress = None) -> dict[str, Any]:
    """Makes what is missing or damaged in a database anew, as far as it can be made of what is stored.

    ``is_whole`` of the report says whether all of it could. Nobody may have the database open.
    """
    return loaded(_native.repair(path, callback(progress)))


def _text(time: Time | None) -> str | None:
    return None if time is None else time_text(time)
