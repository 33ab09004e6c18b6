"""A Python engine in a process of its own; speaks what src/serve.rs speaks.

python -m peers.serve ENGINE SET_FOLDER WORK
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from peers import engines
from peers.vector_set import VectorSet

CHUNK = 1000
LEAST, MOST = 0.25, 0.8
FETCH, MOST_FETCHED = 64, 16384


def memory(field):
    """A line of /proc/self/status, in KiB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field))


class Clock:
    """Sums time that has passed, and CPU time of the whole process."""

    def __init__(self):
        self.spent = np.zeros(2)

    def __enter__(self):
        self.start = np.array([time.perf_counter(), time.process_time()])

    def __exit__(self, *_):
        self.spent += np.array([time.perf_counter(), time.process_time()]) - self.start


class Server:
    def __init__(self, name, folder, work):
        self.vectors = VectorSet(folder)
        self.engine = engines.make(name, self.vectors, work)
        self.pool = ThreadPoolExecutor(2)

    def answer(self, request):
        return getattr(self, request.pop("do"))(**request)

    def build(self):
        ids = self.vectors.order()
        vectors = self.vectors.base()[ids]
        before = memory("VmRSS:")
        # Resets the peak of the resident memory.
        with open("/proc/self/clear_refs", "w") as reset:
            reset.write("5")
        start, cpu = time.perf_counter(), time.process_time()
        self.engine.load(vectors, ids)
        loaded = time.perf_counter()
        self.engine.build(vectors, ids)
        built = time.perf_counter()
        return {
            "load_s": loaded - start,
            "build_s": built - loaded,
            "cpu_s": time.process_time() - cpu,
            "peak_kib": memory("VmHWM:") - before,
        }

    def open(self):
        self.before = memory("VmRSS:")
        start = time.perf_counter()
        self.engine.open()
        self.engine.query(self.vectors.queries[0], 10, 64)
        return {"seconds": time.perf_counter() - start}

    def memory(self):
        return {"kib": memory("VmRSS:") - self.before}

    def ask(self, queries, k, ef, threads=1):
        """All at once where the engine takes several queries, else one by one."""
        found = self.engine.batch(queries, k, ef, threads)
        if found is not None:
            return found
        if threads == 1:
            return [self.engine.query(q, k, ef) for q in queries]
        return list(self.pool.map(lambda q: self.engine.query(q, k, ef), queries))

    def timed(self, out, k, chunk):
        """Answers chunks of queries, again and again, until enough time has passed."""
        queries = self.vectors.queries
        rows, spent, cpu, answered = [], 0.0, 0.0, 0
        while spent <= LEAST:
            for start in range(0, len(queries), CHUNK):
                part = queries[start : start + CHUNK]
                (took, worked), found = chunk(part)
                spent += took
                cpu += worked
                answered += len(part)
                if len(rows) < len(queries):
                    rows.extend(found)
                if spent > MOST:
                    break
        self.write(out, k, rows)
        return {"wall": spent, "cpu": cpu, "queries": answered}

    def batch(self, ef, k, threads, out):
        def chunk(queries):
            clock = Clock()
            with clock:
                found = self.ask(queries, k, ef, threads)
            return clock.spent, found

        self.engine.width(ef)
        return self.timed(out, k, chunk)

    def each(self, ef, k, filter, out):
        condition = filter and self.vectors.filter(filter)
        times, rows = [], []
        self.engine.width(ef)
        try:
            # What an engine prepares once for a filter is not on the clock.
            self.engine.query(self.vectors.queries[0], k, ef, condition)
            for query in self.vectors.queries:
                start = time.perf_counter()
                rows.append(self.engine.query(query, k, ef, condition))
                times.append(time.perf_counter() - start)
                if sum(times) > MOST:
                    break
        except NotImplementedError:
            return {"unsupported": True}
        self.write(out, k, rows)
        return {"seconds": times}

    def episodes(self, ef, k, out):
        def chunk(queries):
            pending, fetch, clock = np.arange(len(queries)), FETCH, Clock()
            found = [[]] * len(queries)
            while len(pending):
                with clock:
                    answers = self.ask(queries[pending], fetch, max(ef, fetch))
                # Thinning out is not on the clock: it is not the engine's work.
                for query, rows in zip(pending, answers):
                    found[query] = self.vectors.distinct(rows, k)
                pending = [q for q in pending if len(found[q]) < k and fetch < MOST_FETCHED]
                fetch *= 4
            return clock.spent, found

        self.engine.width(max(ef, FETCH))
        return self.timed(out, k, chunk)

    def write(self, out, k, rows):
        """Writes `k` ids a query; what is missing is the largest number."""
        ids = np.full((len(rows), k), 2**32 - 1, np.uint32)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
        ids.tofile(out)


def main():
    # Engines that write to the standard output must not disturb the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = Server(*sys.argv[1:])
    for line in sys.stdin:
        print(json.dumps(server.answer(json.loads(line))), file=answers, flush=True)


main()
