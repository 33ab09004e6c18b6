"""Exceptions of this package: one class for each thing that a caller can do about an error.

All of them are :class:`RhymeError`, and many are the built-in exception of the same meaning too, so
``except TimeoutError`` or ``except LookupError`` catch them. Some have attributes, like ``path`` or
``choices``, which a program can read instead of the message.
"""

from __future__ import annotations

from pathlib import Path


class RhymeError(Exception):
    """An error of RhymeDB."""


class StorageError(RhymeError, OSError):
    """The operating system refused a file operation. ``path``."""

    path: Path


class LockedError(RhymeError):
    """Another process or handle holds the database. ``path``, ``holder``."""

    path: Path
    holder: str


class StillOpenError(RhymeError):
    """A database that was to be closed is still in use. ``path``."""

    path: Path


class ReadOnlyError(RhymeError):
    """The database is open for reading only. ``path``."""

    path: Path


class NotADatabaseError(RhymeError):
    """The folder holds no database. ``path``."""

    path: Path


class CorruptError(RhymeError):
    """A stored file does not hold what was written to it. ``path``, ``section``."""

    path: Path
    section: str


class VersionError(RhymeError):
    """A stored file is of a newer version. ``path``, ``found``."""

    path: Path
    found: int


class CatalogError(RhymeError):
    """The catalog's storage engine failed."""


class EncoderError(RhymeError):
    """An encoder failed. ``encoder``, ``at``; the callable's exception is its ``__cause__``."""

    encoder: str
    at: list[str]


class InternalError(RhymeError):
    """A fault of RhymeDB and not of your data."""


class InvalidError(RhymeError, ValueError):
    """An argument is out of its range or does not fit the others."""


class InputError(RhymeError, ValueError):
    """A row or a file of input does not have the form that was expected. ``path``, ``line``."""

    path: Path
    line: int | None


class NotFoundError(RhymeError, LookupError):
    """Nothing of that name is stored. ``what``, ``name``."""

    what: str
    name: str


class AmbiguousError(RhymeError, LookupError):
    """A name fits several things. ``what``, ``name``, ``choices``."""

    what: str
    name: str
    choices: list[str]


class RemoteError(RhymeError, ConnectionError):
    """A remote server answered with an error, or not at all."""


class ChangesNotKeptError(RhymeError):
    """What commits changed is not kept from there. ``commit``, ``oldest``, ``newest``, ``lost``.

    ``lost`` says that another commit has that number now, as after restoring a backup.
    """

    commit: int
    oldest: int
    newest: int
    lost: bool


class InterruptedError(RhymeError):
    """The work was stopped. What was committed before stays."""


class TimedOutError(RhymeError, TimeoutError):
    """The work took longer than its timeout. ``limit`` in seconds."""

    limit: float


class ClosedError(RhymeError):
    """The database or the view is closed."""


class ForkedError(RhymeError):
    """The database was opened before this process was forked."""
