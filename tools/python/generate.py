#!/usr/bin/env python3
"""Writes python/rhymedb/_questions.py: a method for each question, from docs/schemas.

    tools/python/generate.py            writes the file
    tools/python/generate.py --check    says whether it is up to date

The schemas are made of the library's own types, so nothing here says what a question takes.
"""

from __future__ import annotations

import json
import keyword
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SCHEMAS = HERE.parent.parent / "docs" / "schemas"
TARGET = HERE / "python" / "rhymedb" / "_questions.py"

# Where the first list of a reply is not the one that most want as a table.
MAIN = {"transfer-matrix": "pairs"}

# Arguments that may be left out and are mostly given, without their names.
FIRST = {"search": ["text"]}

# Examples for the docstrings, which run as tests on the market of tests/conftest.py.
EXAMPLES = {
    "similar": [
        '>>> answer = db.similar("ALFA:1h", k=3, outcome=["24h"])',
        ">>> len(answer.hits)",
        "3",
        ">>> answer.to_pandas().columns[:3].to_list()",
        "['rank', 'score', 'market']",
    ],
    "pattern": ['>>> db.pattern("double bottom", k=2).pattern', "'double bottom'"],
    "search": [
        '>>> answer = db.search("shares plunge", k=2)',
        '>>> answer.to_pandas("headlines")["text"].size <= 2',
        "True",
        '>>> import numpy as np',
        '>>> dim = db.spaces().to_pandas().set_index("name")["dim"]["clip"]',
        '>>> len(db.search(vector=np.ones(dim), k=2).charts)',
        "2",
    ],
    "combine": [
        '>>> terms = [{"plus": "ALFA:1h"}, {"minus": "BETA:1h"}]',
        ">>> len(db.combine(terms, k=2).hits)",
        "2",
    ],
    "outcomes": [
        '>>> answer = db.outcomes(["ALFA:1h@2024-01-10"], horizon=["24h"])',
        '>>> answer.to_pandas("horizons")["horizon"].to_list()',
        "['1d']",
    ],
    "news": ['>>> len(db.news("ALFA:1h", k=2, any_time=True, any_symbol=True).headlines) <= 2', "True"],
    "context": ['>>> db.context("ALFA:1h@2024-01-10").to_pandas().columns[0]', "'published'"],
    "transfer": ['>>> len(db.transfer("ALFA:1h", ["equity"], k=2).hits)', "2"],
    "transfer-matrix": [
        '>>> answer = db.transfer_matrix(filter={"interval": ["1h"]}, sample=64)',
        '>>> answer.to_pandas()[["a", "b"]].values.tolist()',
        "[['crypto', 'equity']]",
    ],
    "anomaly": [
        '>>> db.anomaly("ALFA:1h").to_pandas()["measure"].to_list()',
        "['size', 'distance', 'mahalanobis', 'largest-z']",
    ],
    "signal": [
        '>>> rule = {"name": "large", "when": {"kind": "anomaly", "p_below": 0.5}}',
        '>>> db.signal("ALFA:1h", rule).call in ("now", "wait")',
        "True",
    ],
    "replay": [
        '>>> rule = {"name": "large", "when": {"kind": "anomaly", "p_below": 0.5}}',
        '>>> answer = db.replay("ALFA:1h", rule, from_="2024-01-20", draws=3)',
        '>>> len(answer.trades) == answer.summary["trades"]',
        "True",
    ],
    "clusters": [
        '>>> three = {"interval": ["1h"], "symbol": ["ALFA", "BETA", "GAMMA"]}',
        ">>> answer = db.clusters(filter=three, groups=2, draws=0)",
        '>>> sorted(answer.to_pandas("assets")["symbol"])',
        "['ALFA', 'BETA', 'GAMMA']",
    ],
    "correlation": [
        '>>> three = {"interval": ["1h"], "symbol": ["ALFA", "BETA", "GAMMA"]}',
        '>>> len(db.correlation(filter=three, window=48).to_pandas("pairs"))',
        "3",
    ],
    "lead-lag": [
        '>>> four = {"interval": ["1h"], "symbol": ["ALFA", "BETA", "GAMMA", "DELTA"]}',
        ">>> answer = db.lead_lag(filter=four)",
        ">>> answer.called <= answer.all_pairs == 12",
        "True",
    ],
    "portfolio": [
        '>>> three = {"interval": ["1h"], "symbol": ["ALFA", "BETA", "GAMMA"]}',
        '>>> answer = db.portfolio(filter=three, rules=["hrp", "min-variance"], max_weight=0.5)',
        '>>> answer.to_pandas("weights").groupby("rule")["weight"].sum().round(6).to_list()',
        "[1.0, 1.0]",
    ],
    "map": ['>>> len(db.map(sample=50).to_pandas()[["x", "y"]]) >= 50', "True"],
}


def plain(text: str) -> str:
    """A description of the library as text for Python: without its examples and links."""
    text = text.split("```")[0].strip()
    text = re.sub(r"\[`([^`\]]+)`\](\([^)]*\))?", r"`\1`", text)
    text = re.sub(r"\(?`crate::[^`]*`\)?", "", text)
    text = re.sub(r":? see\s+`[^`]*`( and\s*(`[^`]*`)?)?\s*\.?$", ".", text.strip())
    text = text.replace("`", "``").replace("\\", "\\\\")
    text = re.sub(r"\s+([.,])", r"\1", text)
    return re.sub(r"[ \t]*\n[ \t]*", " ", text).strip()


def resolved(schema: dict[str, Any], defs: dict[str, Any]) -> tuple[str | None, dict[str, Any], bool]:
    """What a schema points at: the name of its type, the type, and whether it may be null."""
    null = False
    for _ in range(8):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            target = defs[name]
            if "$ref" not in target and "anyOf" not in target:
                return name, target, null
            if name in NAMED:
                return name, target, null
            schema = target
            continue
        choices = schema.get("anyOf", [])
        some = [c for c in choices if c.get("type") != "null"]
        null |= len(some) < len(choices)
        if len(some) != 1:
            return None, schema, null
        schema = some[0]
    return None, schema, null


# Types that have a name of their own in the package.
NAMED = {
    "Subject": "Subject",
    "Timestamp": "Time",
    "Filter": "Mapping[str, Any]",
    "Horizon": "int | str",
}


def hint(schema: dict[str, Any], defs: dict[str, Any]) -> str:
    """The type of an argument."""
    name, schema, _ = resolved(schema, defs)
    if name in NAMED:
        return NAMED[name]
    kind = schema.get("type")
    kinds = [k for k in (kind if isinstance(kind, list) else [kind]) if k not in ("null", None)]
    simple = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
    if kinds == ["array"]:
        return f"Sequence[{hint(schema.get('items', {}), defs)}]"
    if kinds == ["object"]:
        return "Mapping[str, Any]"
    if kinds and all(k in simple for k in kinds):
        return " | ".join(simple[k] for k in kinds)
    return "Any"


def columns(schema: dict[str, Any], defs: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """The columns of rows, with what they hold. Objects in rows become columns of their own."""
    found: dict[str, str] = {}
    for name, field in schema.get("properties", {}).items():
        type_name, target, _ = resolved(field, defs)
        kind = target.get("type")
        kinds = [k for k in (kind if isinstance(kind, list) else [kind]) if k not in ("null", None)]
        if type_name == "Timestamp":
            found[prefix + name] = "time"
        elif kinds == ["object"] and "properties" in target:
            found.update(columns(target, defs, f"{prefix}{name}_"))
        else:
            simple = {"string": "text", "integer": "int", "number": "float", "boolean": "bool"}
            found[prefix + name] = simple.get(kinds[0], "any") if len(kinds) == 1 else "any"
    return found


def tables(reply: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The lists of rows in a reply."""
    defs = reply.get("$defs", {})
    found = {}
    for name, field in reply.get("properties", {}).items():
        kind = field.get("type")
        if kind == "array" or (isinstance(kind, list) and "array" in kind):
            _, rows, _ = resolved(field.get("items", {}), defs)
            if rows.get("type") == "object" and "properties" in rows:
                found[name] = columns(rows, defs)
    return found


def method(schema: dict[str, Any], rows: dict[str, dict[str, str]], main: str | None) -> str:
    question, request = schema["question"], schema["request"]
    defs = request.get("$defs", {})
    needed = request.get("required", [])
    fields = request.get("properties", {})
    first = [*needed, *FIRST.get(question, [])]
    order = [*first, *(name for name in fields if name not in first)]
    safe = {name: f"{name}_" if keyword.iskeyword(name) else name for name in order}
    lines = [f"    def {question.replace('-', '_')}(", "        self,"]
    for name in order:
        if name not in first and "        *," not in lines:
            lines.append("        *,")
        what = "Vector" if name == "vector" else hint(fields[name], defs)
        lines.append(
            f"        {safe[name]}: {what},"
            if name in needed
            else f"        {safe[name]}: {what} | None = None,"
        )
    if "        *," not in lines:
        lines.append("        *,")
    lines += ["        timeout: float | None = None,", "    ) -> Answer:"]
    doc = textwrap.wrap(plain(request.get("description", "")), 92)
    doc = ["", *doc] if not doc else doc
    doc += ["", "Args:"]
    for name in order:
        text = f"{safe[name]}: {plain(fields[name].get('description', ''))}"
        default = fields[name].get("default")
        if default not in (None, [], {}, False, "") and "Default" not in text:
            text += f" Default: {default}."
        doc += textwrap.wrap(text, 92, initial_indent="    ", subsequent_indent="        ")
    doc += textwrap.wrap(
        "timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.",
        92, initial_indent="    ", subsequent_indent="        ",
    )
    if main:
        doc += ["", "Returns:"]
        others = [name for name in rows if name != main]
        text = f"The reply, a mapping. Its table is ``{main}``"
        text += f"; ``to_pandas(name)`` has ``{'``, ``'.join(others)}`` too." if others else "."
        doc += textwrap.wrap(text, 92, initial_indent="    ", subsequent_indent="    ")
        reply = schema["reply"]["properties"][main].get("description", "")
        text = f"Columns of ``{main}`` ({plain(reply).rstrip('.')}): {', '.join(rows[main])}."
        doc += textwrap.wrap(text, 92, initial_indent="    ", subsequent_indent="    ")
    if question in EXAMPLES:
        doc += ["", *EXAMPLES[question]]
    lines += ['        """' + doc[0], *(f"        {line}".rstrip() for line in doc[1:]), '        """']
    lines.append(f"        return self._question({question!r}, {{")
    for name in order:
        what = "Vector" if name == "vector" else hint(fields[name], defs)
        value = f"listed({safe[name]})" if what.startswith("Sequence") else safe[name]
        lines.append(f"            {name!r}: {value},")
    lines.append("        }, timeout)")
    return "\n".join(lines)


def generated() -> str:
    schemas = [json.loads(path.read_text("utf-8")) for path in sorted(SCHEMAS.glob("*.json"))]
    methods, all_tables = [], {}
    for schema in schemas:
        rows = tables(schema["reply"])
        main = MAIN.get(schema["question"], next(iter(rows), None))
        if main:
            rows = {main: rows[main], **rows}
        all_tables[schema["question"]] = rows
        methods.append(method(schema, rows, main))
    head = '''\
# Written by tools/python/generate.py from docs/schemas. Change those, and run it again.
"""A method for each question of the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._answer import Answer
from ._values import Subject, Time, Vector, listed

'''
    described = "{\n"
    for question, rows in all_tables.items():
        described += f"    {question!r}: {{\n"
        for name, kinds in rows.items():
            described += f"        {name!r}: {{\n"
            described += "".join(f"            {column!r}: {kind!r},\n" for column, kind in kinds.items())
            described += "        },\n"
        described += "    },\n"
    described += "}"
    return (
        head
        + "# The lists of rows in each reply, the main one first, with their columns and what these hold.\n"
        + f"TABLES: dict[str, dict[str, dict[str, str]]] = {described}\n\n\n"
        + "class Questions:\n"
        + '    """What a database and a view can be asked.\n\n'
        + "    Arguments that are left out have the library's defaults. Times are UTC; a time is a text like\n"
        + '    ``2024-01-31T12:00``, or a ``datetime`` (one without a zone is taken to be in UTC).\n    """\n\n'
        + "    def _question(\n        self, name: str, given: dict[str, Any], timeout: float | None\n"
        + "    ) -> Answer:\n        raise NotImplementedError\n\n"
        + "\n\n".join(methods)
        + "\n"
    )


def main() -> int:
    text = generated()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, "utf-8")
        return 0
    if TARGET.read_text("utf-8") == text:
        return 0
    print(f"{TARGET.name} is not what docs/schemas say: run tools/python/generate.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
