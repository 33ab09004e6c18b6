"""Candles from a server that answers as Bybit does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import rhymedb
from rhymedb.errors import InvalidError, NotFoundError

HOUR = 3_600_000
FIRST = 1_704_067_200_000  # 2024-01-01
BARS = 2_500


def candle(open_time: int) -> list[str]:
    price = 100 + open_time // HOUR % 97
    return [str(value) for value in (open_time, price, price + 2, price - 2, price + 1, 5, 500)]


class Bybit(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        start, end = int(asked.get("start", 0)), int(asked.get("end", FIRST + BARS * HOUR))
        times = [FIRST + i * HOUR for i in range(BARS)] if asked["symbol"] == "BTCUSDT" else []
        times = [t for t in times if start <= t <= end][-int(asked["limit"]):]
        result = {
            "category": asked["category"],
            "symbol": asked["symbol"],
            "list": [candle(t) for t in reversed(times)],
        }
        reply = {"retCode": 0, "retMsg": "OK", "result": result, "time": FIRST + BARS * HOUR}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Bybit)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()
    httpd.server_close()


def test_candles_come_and_go_on(db: rhymedb.Database, server: str) -> None:
    half = "2024-02-20T00:00"
    report = db.ingest_bybit("BTCUSDT", until=half, base_url=server)
    (download,) = report["downloads"]
    assert download["series"] == "crypto/bybit_linear/BTCUSDT:1h"
    assert report["bars_added"] == 50 * 24 + 1
    more = db.ingest_bybit(["BTCUSDT"], interval=["1h"], base_url=server)
    assert report["bars_added"] + more["bars_added"] == BARS
    name = download["series"]
    bars = db.bars(name, last=0).to_pandas()
    assert len(bars) == BARS and bars["close"][0] == 100 + FIRST // HOUR % 97 + 1
    with pytest.raises(NotFoundError):
        db.ingest_bybit("NOTHING", base_url=server)
    with pytest.raises(InvalidError):
        db.ingest_bybit("BTCUSDT", interval="7h", base_url=server)
