import os
from collections.abc import Callable
from typing import Any, TypeAlias

_Path: TypeAlias = str | os.PathLike[str]
_Progress: TypeAlias = Callable[[str, int, int], object]

__version__: str

def questions() -> list[str]: ...
def run_program(arguments: list[str]) -> int: ...
def add_tags(
    db: NativeDatabase, tags: list[tuple[str, str, float | None, str | None]]
) -> str: ...
def import_tag_file(
    db: NativeDatabase, path: _Path, interval: str | None = None
) -> str: ...
def remove_tags(db: NativeDatabase, name: str, target: str | None = None) -> int: ...
def set_attributes(
    db: NativeDatabase, attributes: list[tuple[str, str | None, str, str, str | None]]
) -> str: ...
def import_attribute_file(db: NativeDatabase, path: _Path) -> str: ...
def remove_attributes(
    db: NativeDatabase, name: str | None = None, symbol: str | None = None
) -> int: ...
def save_prototype(
    db: NativeDatabase, name: str, windows: list[str], space: str | None = None
) -> str: ...
def drop_prototype(db: NativeDatabase, name: str) -> None: ...
def verify(
    db: NativeDatabase,
    recall_of: int | None = None,
    seed: int = 0,
    progress: _Progress | None = None,
) -> str: ...
def changes_since(db: NativeDatabase, position: str) -> str: ...
def health(db: NativeDatabase) -> str: ...
def backup(db: NativeDatabase, to: _Path, progress: _Progress | None = None) -> str: ...
def restore(backup: _Path, to: _Path, progress: _Progress | None = None) -> str: ...
def repair(path: _Path, progress: _Progress | None = None) -> str: ...
def compact(db: NativeDatabase, progress: _Progress | None = None) -> str: ...
def delete_bars(
    db: NativeDatabase, series: str, from_: str | None = None, until: str | None = None
) -> str: ...
def delete_headlines(
    db: NativeDatabase, from_: str | None = None, until: str | None = None
) -> str: ...
def resample(
    db: NativeDatabase, series: str, interval: str, progress: _Progress | None = None
) -> str: ...
def adjust(
    db: NativeDatabase, target: str, split: str, on: str, progress: _Progress | None = None
) -> str: ...
def ingest_bybit(db: NativeDatabase, wanted: Any, progress: _Progress | None = None) -> str: ...
def ingest_synthetic(
    db: NativeDatabase, seed: int, small: bool, progress: _Progress | None = None
) -> str: ...
def import_vectors(
    db: NativeDatabase,
    space: str,
    window: int,
    names: list[str],
    series: list[int],
    ends: list[int],
    vectors: bytes,
    dim: int,
    progress: _Progress | None = None,
) -> str: ...
def import_vector_file(
    db: NativeDatabase,
    path: _Path,
    space: str,
    window: int,
    meta: _Path | None = None,
    columns: list[tuple[str, str]] = ...,
    skip: bool = False,
    progress: _Progress | None = None,
) -> str: ...
def import_headline_vectors(
    db: NativeDatabase,
    space: str,
    table: object,
    vectors: bytes,
    dim: int,
    columns: dict[str, str],
    time_unit: str | None = None,
    window: int | None = None,
    skip: bool = False,
) -> str: ...
def import_headline_vector_file(
    db: NativeDatabase,
    path: _Path,
    space: str,
    meta: _Path | None = None,
    columns: list[tuple[str, str]] = ...,
    window: int | None = None,
    skip: bool = False,
) -> str: ...
def vectors(
    view: NativeView,
    space: str | None = None,
    series: list[str] = ...,
    from_: str | None = None,
    until: str | None = None,
) -> tuple[list[tuple[str, int]], bytes, bytes, int]: ...
def create_space_of_weights(
    db: NativeDatabase,
    name: str,
    path: _Path,
    hop: int = 1,
    progress: _Progress | None = None,
) -> str: ...

class NativeEncoder:
    def __new__(
        cls, id: str, dim: int, window: int, warm_up: int, encode: Callable[[bytes, int], bytes]
    ) -> NativeEncoder: ...
    def check(self, seed: int) -> None: ...

class NativeView:
    @property
    def as_of(self) -> str | None: ...
    def position(self) -> str: ...
    def at(self, as_of: str) -> NativeView: ...
    def ask(self, question: str, timeout: float | None = None) -> str: ...
    def svg(
        self, question: str, width: int = 1000, theme: str | None = None
    ) -> str | None: ...

class NativeDatabase:
    def __new__(
        cls,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        create: bool = True,
        sync_every: int | None = None,
        encoders: list[NativeEncoder] = ...,
    ) -> NativeDatabase: ...
    @property
    def path(self) -> os.PathLike[str]: ...
    @property
    def closed(self) -> bool: ...
    def close(self) -> None: ...
    def view(self, as_of: str | None = None) -> NativeView: ...
    def ask(self, question: str, timeout: float | None = None) -> str: ...
    def ingest_bars(
        self,
        table: object,
        options: Any,
        progress: _Progress | None = None,
        timeout: float | None = None,
    ) -> str: ...
    def ingest_headlines(
        self,
        table: object,
        columns: dict[str, str],
        precision: str | None = None,
        time_unit: str | None = None,
    ) -> str: ...
    def ingest_bar_files(
        self,
        paths: list[str],
        options: Any,
        progress: _Progress | None = None,
        timeout: float | None = None,
    ) -> str: ...
    def ingest_headline_files(
        self, paths: list[str], columns: list[tuple[str, str]], skip: bool = False
    ) -> str: ...
    def create_space(
        self,
        name: str,
        encoder: NativeEncoder,
        hop: int = 1,
        replace: bool = False,
        progress: _Progress | None = None,
    ) -> str: ...
    def drop_space(self, name: str) -> str: ...
