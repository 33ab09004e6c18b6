"""What a table costs beside what is done with it."""

from __future__ import annotations

import time

import pyarrow as pa

import rhymedb
from conftest import walk

BARS = 8_000


def test_a_table_of_arrow_costs_little(db: rhymedb.Database) -> None:
    table = pa.Table.from_pandas(walk(3, BARS), preserve_index=False)
    started = time.perf_counter()
    report = db.ingest_bars(table, "crypto/demo/LONG:1h", calendar="continuous")
    whole = time.perf_counter() - started
    read = report["stages"]["read"] / 1_000
    assert report["bars_added"] == BARS
    # The library's own share is the rest: it stores, encodes and indexes bars that it is given.
    assert whole <= 1.2 * (whole - read), f"{read:.3f} s of {whole:.3f} s went into the table"
