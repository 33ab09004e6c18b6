"""Runs every engine on every vector set and prints one table a set; `run` calls it."""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import numpy as np

from peers import engines
from peers.table import table
from peers.vector_set import K, VectorSet, prepare, recall

SETS = ("shape", "stats", "rconv128")
EFS = (16, 24, 32, 48, 64, 96, 128, 192, 256)


class Process:
    """An engine in a process of its own, kept to some of the machine's cores."""

    def __init__(self, args, name, folder, work):
        self.cores = sorted(os.sched_getaffinity(0))
        rust = name not in engines.ENGINES
        program = [args.rust, "serve"] if rust else [sys.executable, "-m", "peers.serve"]
        limits = {f"{lib}_NUM_THREADS": "2" for lib in ("OMP", "OPENBLAS", "MKL", "RAYON")}
        limits |= {"LANCE_CPU_THREADS": "2", "TOKIO_WORKER_THREADS": "2"}
        self.errors = open(work.parent / f"{name}.log", "a")
        self.child = subprocess.Popen(
            [*program, name, folder, work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=os.environ | limits,
        )
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.wait()
        self.errors.close()

    def pin(self, threads):
        """Keeps all threads of the process to that many cores: the engines' own pools too."""
        for thread in os.listdir(f"/proc/{self.child.pid}/task"):
            os.sched_setaffinity(int(thread), self.cores[-threads:])

    def ask(self, **request):
        try:
            self.child.stdin.write(json.dumps(request) + "\n")
            self.child.stdin.flush()
            line = self.child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            log = pathlib.Path(self.errors.name).read_text().strip().splitlines()
            raise RuntimeError(f"{self.name} ended at {request}: {' / '.join(log[-3:])}")
        return json.loads(line)


def forget(work):
    """Writes a folder's files to disk and drops them from the page cache."""
    for path in work.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def build(args, name, folder, work):
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with Process(args, name, folder, work) as engine:
        built = engine.ask(do="build")
    # Blocks, not lengths: some engines make files far longer than what they hold.
    built["disk"] = sum(p.stat().st_blocks * 512 for p in work.rglob("*") if p.is_file())
    return built


class Round:
    """All questions to one engine, once."""

    def __init__(self, vectors, base, truth, engine, out, clock):
        self.vectors, self.base, self.truth = vectors, base, truth
        self.engine, self.out, self.clock = engine, str(out), clock

    def judged(self, truth, mask=None, distinct=False):
        ids = np.fromfile(self.out, np.uint32).reshape(-1, K)
        return recall(self.vectors, self.base, self.truth[truth], ids, mask, distinct)

    def batch(self, ef, threads):
        self.engine.pin(threads)
        answer = self.engine.ask(do="batch", ef=ef, k=K, threads=threads, out=self.out)
        clock = self.clock if threads == 1 else "wall"
        return answer["queries"] / answer[clock], self.judged("all")

    def each(self, ef, condition):
        name = condition and condition["name"]
        answer = self.engine.ask(do="each", ef=ef, k=K, filter=name, out=self.out)
        if answer.get("unsupported"):
            return None
        mask = None if condition is None else self.vectors.mask(condition)
        p50 = statistics.median(answer["seconds"])
        return p50, self.judged(name or "all", mask)

    def run(self):
        measured = {"open": self.engine.ask(do="open")["seconds"], "curve": {}, "filters": {}}
        # Warms up, and is what the memory is measured after.
        self.batch(64, 1)
        measured["memory"] = self.engine.ask(do="memory")["kib"]
        for ef in EFS:
            measured["curve"][ef] = self.batch(ef, 1)
        good = [ef for ef in EFS if measured["curve"][ef][1] >= 0.95]
        best = [ef for ef in EFS if measured["curve"][ef][1] >= 0.99]
        ef = good[0] if good else EFS[-1]
        measured["two"] = (ef, *self.batch(ef, 2))
        self.engine.pin(1)
        answer = self.engine.ask(do="episodes", ef=ef, k=K, out=self.out)
        rate = answer["queries"] / answer[self.clock]
        measured["episodes"] = (ef, rate, self.judged("episodes", distinct=True))
        ef = best[0] if best else EFS[-1]
        measured["filter_ef"] = ef
        for condition in [None, *self.vectors.filters]:
            name = condition["name"] if condition else "all"
            measured["filters"][name] = self.each(ef, condition)
        return measured


def compare(args, folder, measured, save):
    """Fills `measured`, and saves it after each round, for those who are cut off."""
    vectors = VectorSet(folder)
    base, truth = vectors.base(), np.load(folder / "truth.npz")
    name, built, rounds, failed = folder.name, {}, {}, {}
    work = args.dir / "work" / name
    measured |= {"clock": args.clock, "set": name, "rows": vectors.rows, "dim": vectors.dim}
    measured |= {"filters": vectors.filters, "built": built, "rounds": rounds, "failed": failed}
    for engine in args.engines:
        print(f"{name}: building {engine}", file=sys.stderr)
        try:
            built[engine] = build(args, engine, folder, work / engine)
        except RuntimeError as error:
            failed[engine] = str(error)
    for number in range(args.rounds):
        for engine in built:
            if engine in failed:
                continue
            print(f"{name}: round {number + 1}, {engine}", file=sys.stderr)
            forget(work / engine)
            try:
                with Process(args, engine, folder, work / engine) as process:
                    one = Round(vectors, base, truth, process, work / "answers", args.clock)
                    rounds.setdefault(engine, []).append(one.run())
            except (RuntimeError, ValueError) as error:
                failed[engine] = str(error)
        save()
    shutil.rmtree(work)


def vector_set(args, name, rows):
    """Makes a set with its exact answers, unless it is there from an earlier run."""
    folder = args.dir / "sets" / f"{name}-{rows}"
    if not (folder / "about.json").exists():
        print(f"making {folder.name}", file=sys.stderr)
        subprocess.run([args.rust, "make", name, str(rows), args.data, folder], check=True)
        prepare(folder)
    return folder


def main():
    parse = argparse.ArgumentParser(prog="tools/peers/run")
    parse.add_argument("--rows", default="200000", help="sizes, like 200000,1000000,3000000")
    parse.add_argument("--sets", default=",".join(SETS))
    parse.add_argument("--engines", help="the engines, with commas; all if left out")
    parse.add_argument("--rounds", type=int, default=3)
    parse.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: what is "
                       "done in a second of CPU time of one thread, for a machine that is busy")
    parse.add_argument("--json", type=pathlib.Path, help="where to write every measurement")
    parse.add_argument("--dir", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parse.add_argument("--data", required=True, help=argparse.SUPPRESS)
    parse.add_argument("--rust", required=True, help=argparse.SUPPRESS)
    args = parse.parse_args()
    ours = subprocess.run([args.rust, "engines"], check=True, capture_output=True, text=True)
    known = [*ours.stdout.split(), *engines.ENGINES]
    args.engines = args.engines.split(",") if args.engines else known
    if unknown := set(args.engines) - set(known):
        parse.error(f"unknown engines {sorted(unknown)}; expected some of {known}")
    if unknown := set(args.sets.split(",")) - set(SETS):
        parse.error(f"unknown sets {sorted(unknown)}; expected some of {SETS}")
    measured = []

    def save():
        if args.json:
            args.json.write_text(json.dumps(measured, indent=1))

    for rows in args.rows.split(","):
        for name in args.sets.split(","):
            folder = vector_set(args, name, int(rows))
            measured.append({})
            compare(args, folder, measured[-1], save)
            print(table(measured[-1]), flush=True)


if __name__ == "__main__":
    main()
