"""Recall of `rhyme similar` against an exact search written on its own, in NumPy.

    python3 tools/oracle/recall.py --rhyme target/release/rhyme --db market.rhyme \
        --queries 200 FOLDER_OR_FILE...

The files are those that were ingested into the database: CSV (gzip) with the columns
timestamp_ms_utc,open,high,low,close,volume, named SYMBOL_INTERVAL.csv.gz, one folder a venue.
Nothing but bars is taken from the database: the vectors, the order and the distinct episodes are
computed here from the definitions. Needs NumPy.
"""

import argparse
import gzip
import json
import math
import pathlib
import random
import subprocess
import sys
import time

import numpy as np

W, D, K = 64, 48, 10
EXCLUSION = math.ceil(W / 4)
STEP = {"1h": 3_600_000, "1d": 86_400_000}
CRYPTO = ("binance", "bybit")


class Series:
    def __init__(self, path):
        self.symbol, self.interval = path.name.removesuffix(".csv.gz").rsplit("_", 1)
        self.venue = path.parent.name
        self.market = "crypto" if self.venue.startswith(CRYPTO) else "equity"
        with gzip.open(path, "rt") as text:
            data = np.loadtxt(text, delimiter=",", skiprows=1, usecols=(0, 4), ndmin=2)
        self.open_time = data[:, 0].astype(np.int64)
        self.close = data[:, 1]
        self.step = STEP[self.interval]

    def name(self):
        return f"{self.market}/{self.venue}/{self.symbol}:{self.interval}"

    def windows(self, basis):
        """Indices of the last bars of all windows, and their unit vectors."""
        if len(self.close) < W:
            return np.zeros(0, np.int64), np.zeros((0, D), np.float32)
        x = np.log(self.close)
        view = np.lib.stride_tricks.sliding_window_view(x, W)
        last = np.arange(W - 1, len(x))
        if self.market == "crypto":
            whole = self.open_time[last] - self.open_time[last - W + 1] == (W - 1) * self.step
            view, last = view[whole], last[whole]
        c = (view - view[:, :1]) @ basis
        norm = np.linalg.norm(c, axis=1)
        shaped = norm >= 1e-9
        return last[shaped], (c[shaped] / norm[shaped, None]).astype(np.float32)


def same_moment(a, i, b, j):
    """Whether two windows, each a series and a last bar, are fewer than EXCLUSION bars apart."""
    if (a.market, a.symbol) != (b.market, b.symbol):
        return False
    coarse = b if b.step > a.step else a
    ends = sorted((a.open_time[i] + a.step, b.open_time[j] + b.step))
    if ends[1] - ends[0] < EXCLUSION * coarse.step:
        return True
    if coarse.market == "crypto":
        return False
    close = coarse.open_time + coarse.step
    between = np.searchsorted(close, ends[1], "right") - np.searchsorted(close, ends[0], "right")
    return between < EXCLUSION


def exact(all_series, owner, last, vectors, query):
    scores = vectors @ vectors[query]
    home = (all_series[owner[query]], last[query])
    for n in (2_000, 50_000, len(scores)):
        top = np.argpartition(-scores, min(n, len(scores) - 1))[:n]
        top = top[np.argsort(-scores[top], kind="stable")]
        hits = []
        for row in top:
            window = (all_series[owner[row]], last[row])
            if not same_moment(*home, *window) and not any(same_moment(*h[0], *window) for h in hits):
                hits.append((window, float(scores[row])))
                if len(hits) == K:
                    return hits
    return hits


def ask(args, series, i):
    end = np.datetime64(int(series.open_time[i] + series.step), "ms")
    command = [args.rhyme, "--db", args.db, "--format", "json", "similar", f"{series.name()}@{end}Z"]
    command += ["-k", str(K)] + args.option
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def matched(hits, answer):
    """How many exact episodes the answer has: the same symbol, at most EXCLUSION bars away."""
    found = 0
    free = list(answer["hits"])
    for (series, i), _ in hits:
        end = int(series.open_time[i] + series.step)
        for hit in free:
            apart = abs(int(np.datetime64(hit["end"].rstrip("Z"), "ms").astype(np.int64)) - end)
            same = (hit["market"], hit["symbol"]) == (series.market, series.symbol)
            if same and apart < EXCLUSION * series.step:
                free.remove(hit)
                found += 1
                break
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rhyme", required=True)
    parser.add_argument("--db", required=True)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--option", action="append", default=[], help="passed to rhyme similar")
    parser.add_argument("paths", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    files = sorted(f for p in args.paths for f in (p.glob("*.csv.gz") if p.is_dir() else [p]))
    t, k = np.arange(W), np.arange(1, D + 1)
    basis = np.sqrt(2 / W) * np.cos(np.pi * np.outer(t + 0.5, k) / W)
    all_series = [Series(f) for f in files]
    parts = [s.windows(basis) for s in all_series]
    owner = np.repeat(np.arange(len(parts)), [len(p[0]) for p in parts])
    last = np.concatenate([p[0] for p in parts])
    vectors = np.concatenate([p[1] for p in parts])
    print(f"{len(last)} windows of {len(files)} series", file=sys.stderr)
    found = wanted = 0
    worst, errors, took = 1.0, [], []
    for n, query in enumerate(random.Random(args.seed).sample(range(len(last)), args.queries)):
        hits = exact(all_series, owner, last, vectors, query)
        answer = ask(args, all_series[owner[query]], last[query])
        if answer["searched"]["windows"] != len(last):
            sys.exit(f"expected {len(last)} windows, the database searched {answer['searched']}")
        good = matched(hits, answer)
        found, wanted = found + good, wanted + len(hits)
        worst = min(worst, good / len(hits))
        pairs = zip((h[1] for h in hits), (h["score"] for h in answer["hits"]))
        errors.append(max(abs(a - b) for a, b in pairs) if good == len(hits) else 0.0)
        took.append(answer["took_us"])
        if time.monotonic() - main.shown > 5:
            main.shown = time.monotonic()
            print(f"{n + 1}/{args.queries}: recall {found / wanted:.4f}", file=sys.stderr)
    print(f"queries {args.queries}, recall@{K} of distinct episodes {found / wanted:.4f}, worst query {worst:.2f}")
    print(f"largest difference of a score {max(errors):.1e}, median time in a new process {np.median(took) / 1000:.2f} ms")


main.shown = 0.0
if __name__ == "__main__":
    main()
