"""How far long work is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

#: A callable of the stage, what is done and what there is to do; ``True`` is a bar by tqdm.
Progress: TypeAlias = "Callable[[str, int, int], object] | bool | None"


def callback(progress: Progress) -> Callable[[str, int, int], object] | None:
    """What the native module calls."""
    if progress is None or progress is False:
        return None
    if progress is not True:
        return progress
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError(
            "progress=True needs tqdm; install it, or give a callable of (stage, done, total)"
        ) from error
    bars: dict[str, Any] = {}

    def show(stage: str, done: int, total: int) -> None:
        if stage not in bars:
            bars[stage] = tqdm(desc=stage, total=total)
        bar = bars[stage]
        bar.total = total
        bar.update(done - bar.n)
        if done >= total:
            bar.refresh()

    return show
