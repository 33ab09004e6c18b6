"""How far long work is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

#: A callable of the stage, what is done and what there is to do; ``True`` is a bar by tqdm or, without it, rich.
Progress: TypeAlias = "Callable[[str, int, int], object] | bool | None"


def callback(progress: Progress) -> Callable[[str, int, int], object] | None:
    """What the native module calls."""
    if progress is None or progress is False:
        return None
    if progress is not True:
        return progress
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _by_rich()
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


def _by_rich() -> Callable[[str, int, int], object]:
    try:
        from rich.progress import Progress as Bars
    except ImportError as error:
        raise ImportError(
            "progress=True needs tqdm or rich; install one of them, or give a callable of"
            " (stage, done, total)"
        ) from error
    bars = Bars()
    stages: dict[str, Any] = {}
    totals: dict[str, tuple[int, int]] = {}

    def show(stage: str, done: int, total: int) -> None:
        bars.start()
        if stage not in stages:
            stages[stage] = bars.add_task(stage, total=total)
        bars.update(stages[stage], completed=done, total=total)
        totals[stage] = (done, total)
        # Nobody says that the work has ended, so the bars are let go whenever nothing is left to do.
        if all(done >= total for done, total in totals.values()):
            bars.stop()

    return show
