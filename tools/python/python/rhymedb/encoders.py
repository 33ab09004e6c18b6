"""Encoders in Python: a callable that turns windows of bars into vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._native import NativeEncoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ChartEncoder:
    """An encoder whose vectors a callable makes.

    Args:
        encode: Takes an array of windows x bars x 5 doubles (open, high, low, close, volume; the last bar
            is the newest) and gives one of windows x ``dim``. Rows are scaled to unit length; a row of
            zeros or NaN means that the window has no vector. Each row may depend on its own window alone.
            A tensor of PyTorch will do as well: ``lambda bars: model(torch.from_numpy(bars.copy()))``.
        id: Name and version, like ``"mine/1"``. A space belongs to one: give it a new one whenever the
            vectors change.
        dim: Numbers a vector, 1 to 4,096.
        window: Bars a window.
        warm_up: Bars before the window that the callable gets too, and reads.

    It is called from threads of the library, one call at a time, as Python's lock has it.

    >>> import numpy as np
    >>> def shape(windows):
    ...     closes = np.log(windows[:, :, 3])
    ...     return closes - closes.mean(axis=1, keepdims=True)
    >>> encoder = ChartEncoder(shape, id="closes/1", dim=16, window=16)
    """

    def __init__(
        self,
        encode: Callable[[NDArray[np.float64]], Any],
        *,
        id: str,
        dim: int,
        window: int,
        warm_up: int = 0,
    ) -> None:
        import numpy as np

        if dim < 1 or window < 1 or warm_up < 0:
            raise ValueError("expected dim and window of 1 or more, and warm_up of 0 or more")

        def called(raw: bytes, windows: int) -> bytes:
            bars = np.frombuffer(raw, dtype=np.float64).reshape(windows, window + warm_up, 5)
            given_back = encode(bars)
            if hasattr(given_back, "detach"):  # a tensor of PyTorch
                given_back = given_back.detach().cpu().numpy()
            vectors = np.asarray(given_back, dtype=np.float32)
            if vectors.shape != (windows, dim):
                raise ValueError(
                    f"expected an array of {windows} x {dim} numbers, found {vectors.shape}"
                )
            return vectors.tobytes()

        self.id = id
        self.dim = dim
        self.window = window
        self._native = NativeEncoder(id, dim, window, warm_up, called)

    def check(self, seed: int = 0) -> None:
        """Holds the encoder to what search relies on, on made-up bars.

        A series encodes like its windows one by one, bars outside of a window change nothing, every bar
        of it is read, the same input gives the same vectors.

        Raises:
            InvalidError: which rule is broken, where and by how much.
            EncoderError: the callable raised; its exception is the cause.
        """
        self._native.check(seed)

    def __repr__(self) -> str:
        return f"ChartEncoder(id={self.id!r}, dim={self.dim}, window={self.window})"
