"""One Markdown table of what was measured on a vector set."""

import statistics

from peers.vector_set import SHARES

NAMES = [f"{100 * share:g}%" for share in SHARES]


def table(measured):
    head = ["engine", "load + build, s (CPU)", "disk", "peak while building", "memory, serving",
            "cold open + first answer, ms", "queries/s at recall 0.95 (ef)", "at 0.99 (ef)",
            "two threads", "10 episodes/s (recall)", "unfiltered p50 at ef",
            *(f"filter {name}: recall, p50" for name in NAMES)]
    lines = [
        f"### {measured['set']}: {measured['rows']:,} rows of {measured['dim']}, {measured['clock']} time",
        "",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    for engine, rounds in measured["rounds"].items():
        cells = row(measured["built"][engine], rounds)
        lines.append(f"| {engine} | " + " | ".join(cells) + " |")
    for engine, error in measured["failed"].items():
        lines.append(f"\n{engine} failed: {error}")
    return "\n".join(lines) + "\n"


def mib(size):
    return f"{size / 2**20:.0f} MiB"


def median(rounds, of):
    return statistics.median(of(one) for one in rounds)


def row(built, rounds):
    cells = [
        f"{built['load_s']:.1f} + {built['build_s']:.1f} ({built['cpu_s']:.1f})",
        mib(built["disk"]),
        mib(1024 * built["peak_kib"]),
        mib(1024 * median(rounds, lambda r: r["memory"])),
        f"{1000 * median(rounds, lambda r: r['open']):.1f}",
        reaching(rounds, 0.95),
        reaching(rounds, 0.99),
    ]
    # The width may differ between rounds only where recall is at the threshold by chance.
    one = median(rounds, lambda r: r["curve"][r["two"][0]][0])
    two = median(rounds, lambda r: r["two"][1])
    cells.append(f"{two / one:.2f}x")
    rate = median(rounds, lambda r: r["episodes"][1])
    cells.append(f"{rate:,.0f} ({median(rounds, lambda r: r['episodes'][2]):.3f})")
    base = median(rounds, lambda r: r["filters"]["all"][0])
    cells.append(f"{1e6 * base:.0f} us, {rounds[0]['filter_ef']}")
    for name in NAMES:
        if any(r["filters"][name] is None for r in rounds):
            cells.append("none")
            continue
        p50 = median(rounds, lambda r: r["filters"][name][0])
        found = median(rounds, lambda r: r["filters"][name][1])
        cells.append(f"{found:.3f}, {1e6 * p50:.0f} us ({p50 / base:.1f}x)")
    return cells


def reaching(rounds, wanted):
    """Queries a second at the least width that reaches a recall; nothing is interpolated."""
    for ef in rounds[0]["curve"]:
        if median(rounds, lambda r: r["curve"][ef][1]) >= wanted:
            rate = median(rounds, lambda r: r["curve"][ef][0])
            return f"{rate:,.0f} ({ef})"
    ef = max(rounds[0]["curve"])
    found = median(rounds, lambda r: r["curve"][ef][1])
    return f"not reached ({found:.3f} at {ef})"
