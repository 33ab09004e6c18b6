"""A vector set: what `rhyme-peers make` wrote, and what is right."""

import json
import pathlib

import numpy as np

WINDOW = 64
ZONE = WINDOW // 4
K = 10
SHARES = (0.5, 0.1, 0.01, 0.001)
# Scores are compared with this slack: sums in another order differ in the last bits.
SLACK = 2e-6


class VectorSet:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        for name in ("queries", "series", "group", "end", "step"):
            setattr(self, name, np.load(self.folder / f"{name}.npy"))
        self.rows, self.dim = len(self.end), self.queries.shape[1]
        filters = self.folder / "filters.json"
        self.filters = json.loads(filters.read_text()) if filters.exists() else None

    def base(self):
        return np.load(self.folder / "base.npy")

    def order(self):
        """A seeded random order to insert in: graphs are better for it than in time order."""
        return np.random.default_rng(1).permutation(self.rows)

    def filter(self, name):
        return next(f for f in self.filters if f["name"] == name)

    def mask(self, condition):
        mask = (self.end >= condition["from"]) & (self.end <= condition["to"])
        if condition["group"] is not None:
            mask &= self.group == condition["group"]
        return mask

    def distinct(self, rows, k=K):
        """The first `k` of rows, best first, that are distinct moments."""
        taken = []
        for row in rows:
            for t in taken:
                zone = ZONE * max(self.step[row], self.step[t])
                if self.group[row] == self.group[t] and abs(self.end[row] - self.end[t]) < zone:
                    break
            else:
                taken.append(int(row))
                if len(taken) == k:
                    break
        return taken


def prepare(folder):
    """Chooses the filters and finds the exact answers by looking at everything."""
    vectors = VectorSet(folder)
    vectors.filters = choose_filters(vectors)
    (vectors.folder / "filters.json").write_text(json.dumps(vectors.filters))
    base = vectors.base()
    everything = np.ones(vectors.rows, bool)
    truth = {"all": least(base, vectors.queries, everything)}
    for condition in vectors.filters:
        truth[condition["name"]] = least(base, vectors.queries, vectors.mask(condition))
    truth["episodes"] = episodes(vectors, base)
    np.savez(vectors.folder / "truth.npz", **truth)
    about = {"dim": vectors.dim, "rows": vectors.rows}
    (vectors.folder / "about.json").write_text(json.dumps(about))


def choose_filters(vectors):
    """Half is as of a day; a tenth is a span of time; less is a span of one symbol's time."""
    ends = np.sort(vectors.end)
    groups, counts = np.unique(vectors.group, return_counts=True)
    largest = int(groups[np.argmax(counts)])
    own = np.sort(vectors.end[vectors.group == largest])
    chosen = []
    for share in SHARES:
        wanted = int(share * vectors.rows)
        if share >= 0.1:
            group, times = None, ends
            first = 0 if share == 0.5 else int(0.8 * vectors.rows)
        else:
            group, times = largest, own
            first = max(0, min(len(own) // 3, len(own) - wanted))
        last = min(first + wanted, len(times)) - 1
        condition = {
            "name": f"{100 * share:g}%",
            "group": group,
            "from": int(times[first]),
            "to": int(times[last]),
        }
        condition["rows"] = int(vectors.mask(condition).sum())
        chosen.append(condition)
    return chosen


def blocks(base, queries, mask, count):
    """The `count` best rows of each query and their scores, best first."""
    rows = np.flatnonzero(mask)
    best_rows = np.zeros((len(queries), 0), np.int64)
    best = np.zeros((len(queries), 0), np.float32)
    for start in range(0, len(rows), 50_000):
        block = rows[start : start + 50_000]
        scores = queries @ base[block].T
        keep = min(count, len(block))
        part = np.argpartition(-scores, keep - 1, axis=1)[:, :keep]
        best = np.hstack([best, np.take_along_axis(scores, part, 1)])
        best_rows = np.hstack([best_rows, block[part]])
        order = np.argsort(-best, axis=1, kind="stable")[:, :count]
        best = np.take_along_axis(best, order, 1)
        best_rows = np.take_along_axis(best_rows, order, 1)
    return best_rows, best


def least(base, queries, mask):
    """The score that an answer must reach to belong to the best K."""
    return blocks(base, queries, mask, K)[1][:, -1]


def episodes(vectors, base):
    """The score that an episode must reach to belong to the best K distinct ones."""
    found = np.full(len(vectors.queries), np.nan, np.float32)
    count = 512
    pending = np.arange(len(found))
    everything = np.ones(vectors.rows, bool)
    while len(pending):
        rows, scores = blocks(base, vectors.queries[pending], everything, count)
        for i, query in enumerate(pending):
            taken = vectors.distinct(rows[i])
            if len(taken) == K or count >= vectors.rows:
                found[query] = scores[i][rows[i] == taken[-1]][0]
        pending = pending[np.isnan(found[pending])]
        count *= 4
    return found


def recall(vectors, base, truth, ids, mask=None, distinct=False):
    """The share of the best K that was found. Judged by scores, so that ties count for anyone."""
    found = 0
    for query, row in enumerate(ids):
        row = np.unique(row[row < vectors.rows])
        if mask is not None and not mask[row].all():
            raise ValueError("an answer does not pass the filter")
        scores = base[row] @ vectors.queries[query]
        if distinct and len(vectors.distinct(row[np.argsort(-scores)])) < len(row):
            raise ValueError("two answers are one moment")
        found += int((scores >= truth[query] - SLACK).sum())
    return found / (K * len(ids))
