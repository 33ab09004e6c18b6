"""RhymeDB: find the moments of market history that look like a chart, and what came after them.

>>> import rhymedb
>>> with rhymedb.open(folder) as db:                              # doctest: +SKIP
...     db.ingest_bars(frame, "crypto/binance/BTCUSDT:1h")
...     db.similar("BTCUSDT:1h", k=5, outcome=["24h"]).to_pandas()
"""

from . import errors
from ._answer import Answer
from ._care import repair, restore
from ._database import Database, View, open
from ._native import __version__
from ._vectors import Vectors
from .encoders import ChartEncoder
from .errors import RhymeError

__all__ = [
    "Answer",
    "ChartEncoder",
    "Database",
    "RhymeError",
    "Vectors",
    "View",
    "__version__",
    "errors",
    "open",
    "repair",
    "restore",
]
