"""Runs every command and every query of docs/sql.md, and checks some of them against the program.

    python -m venv venv && venv/bin/pip install duckdb
    cargo build -p rhyme
    venv/bin/python tools/sql/check.py target/debug/rhyme
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import duckdb
except ImportError:
    print("skipped: DuckDB is not installed (pip install duckdb)")
    sys.exit(0)

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "sql.md"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def prepare(rhyme: pathlib.Path, folder: pathlib.Path) -> None:
    """Runs the commands of the page, with this program under the name `rhyme`."""
    places = folder / "bin"
    places.mkdir()
    shutil.copy(rhyme, places / "rhyme")
    path = f"{places}{os.pathsep}{os.environ['PATH']}"
    for block in blocks("sh"):
        subprocess.run(
            ["sh", "-ec", block],
            cwd=folder,
            env={**os.environ, "PATH": path},
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def told(rhyme: pathlib.Path, folder: pathlib.Path, *args: str) -> dict:
    command = [str(rhyme), *args, "--format", "json", "--db", str(folder / "demo.rhyme")]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: check.py PATH_OF_RHYME")
    rhyme = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prepare(rhyme, folder)
        os.chdir(folder)
        duckdb.sql("SET TimeZone = 'UTC'")
        answers = []
        for query in blocks("sql"):
            rows = duckdb.sql(query).fetchall()
            assert rows, f"no rows: {query}"
            answers.append(rows)
        assert len(answers) >= 10, len(answers)

        # The same counts as the program has.
        series = told(rhyme, folder, "series")["series"]
        counted = {(row[1], row[2]): row[3] for row in answers[0]}
        assert counted == {(s["symbol"], s["interval"]): s["bars"] for s in series}, counted

        # The nearest window of another symbol is the best hit there.
        others = ",".join(s["symbol"] for s in series if s["interval"] == "1h" and s["symbol"] != "NOVAUSDT")
        target = "NOVAUSDT:1h@2015-03-01"
        best = told(rhyme, folder, "similar", target, "-k", "1", "--exact", "--symbol", others)["hits"][0]
        symbol, end, cosine = answers[9 - 1][0]
        assert symbol == best["symbol"], (symbol, best)
        assert end.strftime("%Y-%m-%dT%H:%M:%SZ") == best["end"], (end, best)
        assert abs(cosine - best["score"]) < 2e-3, (cosine, best)

        # The summary is the one that the program prints.
        summary = told(rhyme, folder, "similar", target, "-k", "50", "--interval", "1h", "--outcome", "24h")
        summary = summary["outcomes"][0]
        _, n, mean, base_mean, p_value = answers[-1][0]
        assert (n, mean, base_mean) == (summary["hits"]["n"], summary["hits"]["mean"], summary["base"]["mean"])
        assert p_value == summary["p_value"]
        print(f"{len(answers)} queries, every check passed")
        os.chdir(PAGE.parent)


if __name__ == "__main__":
    main()
