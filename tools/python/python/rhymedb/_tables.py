"""Tables from callers, as the native module takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Column(NamedTuple):
    """A column that comes without Arrow: what it holds, and its values as bytes or texts."""

    name: str
    kind: str
    values: bytes | list[str | None]


def table_of(data: Any) -> object:
    """What has Arrow's stream interface as it is, and a mapping of arrays as columns."""
    if hasattr(data, "__arrow_c_stream__"):
        return data
    if isinstance(data, Mapping):
        return [_column(str(name), values) for name, values in data.items()]
    raise TypeError(
        "expected a table of pandas (2.2 or newer), polars or pyarrow, anything else with"
        f" __arrow_c_stream__, or a mapping of NumPy arrays, found {type(data).__name__}"
    )


def _column(name: str, values: Any) -> Column:
    import numpy as np

    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"expected arrays of one dimension, found {name} of {array.ndim}")
    if array.dtype.kind == "M":
        return Column(name, "time", array.astype("datetime64[ms]").astype("int64").tobytes())
    if array.dtype.kind in "iu":
        return Column(name, "integer", array.astype("int64").tobytes())
    if array.dtype.kind == "f":
        return Column(name, "float", array.astype("float64").tobytes())
    texts = [None if value is None else value for value in array.tolist()]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise TypeError(f"expected times, numbers or texts in {name}, found {array.dtype}")
    return Column(name, "text", texts)
