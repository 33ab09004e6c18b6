import os
from collections.abc import Callable
from typing import Any, TypeAlias

_Progress: TypeAlias = Callable[[str, int, int], object]

__version__: str

def questions() -> list[str]: ...

class NativeEncoder:
    def __new__(
        cls, id: str, dim: int, window: int, warm_up: int, encode: Callable[[bytes, int], bytes]
    ) -> NativeEncoder: ...
    def check(self, seed: int) -> None: ...

class NativeView:
    @property
    def as_of(self) -> str | None: ...
    def at(self, as_of: str) -> NativeView: ...
    def ask(self, question: str, timeout: float | None = None) -> str: ...
    def svg(self, question: str, width: int = 1000) -> str | None: ...

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
        self, paths: list[str], columns: dict[str, str], skip: bool = False
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
