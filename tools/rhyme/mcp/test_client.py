"""Speaks with `rhyme mcp` through the official Python client of the Model Context Protocol.

    python -m venv venv && venv/bin/pip install mcp
    cargo build -p rhyme
    venv/bin/python tools/rhyme/mcp/test_client.py target/debug/rhyme
"""

import asyncio
import json
import math
import pathlib
import subprocess
import sys
import tempfile

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

HOURS = 600


def candles(path: pathlib.Path) -> None:
    """A wave with a drift, by the hour from 2021 on."""
    lines = ["time,open,high,low,close,volume"]
    before = 100.0
    for hour in range(HOURS):
        close = 100 + 10 * math.sin(hour / 15) + 3 * math.sin(hour / 4.1) + hour / 50
        time = 1609459200 + 3600 * hour
        high, low = max(before, close), min(before, close)
        lines.append(f"{time},{before},{high},{low},{close},1")
        before = close
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n")


async def speak(rhyme: str, database: str) -> None:
    server = StdioServerParameters(command=rhyme, args=["mcp", "--db", database])
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()

        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        for name in ["series", "bars", "similar", "search", "reaction", "anomaly"]:
            assert name in tools, f"no tool {name}"
        schemas = subprocess.run([rhyme, "ask", "--schema"], capture_output=True, check=True)
        questions = {schema["question"] for schema in json.loads(schemas.stdout)}
        assert set(tools) == questions, set(tools) ^ questions

        async def call(name: str, arguments: dict) -> tuple[str, dict]:
            result = await session.call_tool(name, arguments)
            said, answer = (block.text for block in result.content)
            return said, json.loads(answer)

        _, answer = await call("series", {})
        assert answer["series"][0]["bars"] == HOURS, answer

        request = {"target": "WAVEUSDT:1h", "k": 5, "outcome": ["6h"]}
        said, answer = await call("similar", request)
        asked = json.dumps({"question": "similar", **request})
        told = subprocess.run(
            [rhyme, "ask", asked, "--db", database], capture_output=True, check=True
        )
        assert answer["hits"] == json.loads(told.stdout)["hits"]
        for part in ["5 hits", "outcome within 6h: n ", "base rate: n ", "Not a forecast"]:
            assert part in said, (part, said)

        said, answer = await call("bars", {"series": "WAVEUSDT:1h", "last": 0})
        assert len(answer["bars"]) == 50 and "cut: " in said, said
        _, answer = await call("bars", {"series": "WAVEUSDT:1h", "as_of": "2021-01-02"})
        assert answer["bars"][-1]["open_time"] == "2021-01-01T23:00:00Z", answer

        refused = await session.call_tool("bars", {"series": "NOSUCH:1h"})
        failed = getattr(refused, "is_error", None) or getattr(refused, "isError", None)
        assert failed and "NOSUCH" in refused.content[0].text, refused
        print(f"{len(tools)} tools, every check passed")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: test_client.py PATH_OF_RHYME")
    rhyme = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        candles(root / "candles/crypto/venue/WAVEUSDT-1h.csv")
        database = str(root / "wave.rhyme")
        ingest = ["ingest", "bars", str(root / "candles"), "--spaces", "shape", "--db", database]
        subprocess.run([rhyme, *ingest], check=True, capture_output=True)
        asyncio.run(speak(rhyme, database))


if __name__ == "__main__":
    main()
