"""The figures of `rhyme backtest` against NumPy and a published package, both from the bars and the trades alone.

    python3 -m venv oracle && oracle/bin/pip install numpy empyrical-reloaded
    oracle/bin/python tools/oracle/metrics.py --rhyme target/release/rhyme --db demo.rhyme RULE SERIES [--from ...]

Options behind the series go to `rhyme backtest`. The account is built here bar by bar from the bars and the trades that the
command prints: the sides, sizes, times and prices of entries and exits. Its figures are computed twice, in NumPy from their
definitions and by empyrical, which have to agree to 1e-9; and they must be those that the command printed, to the digit that
it prints. Needs NumPy and empyrical-reloaded.
"""

import argparse
import json
import math
import subprocess
import sys
from datetime import datetime

import empyrical
import numpy as np

YEAR = 365.25 * 86_400
# What the command rounds to: returns to 8 digits, other figures to 6.
CHANGE, FIGURE = 0.51e-8, 0.51e-6


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def ask(rhyme, db, *args):
    command = [rhyme, "--db", db, "--quiet", *args, "--format", "json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def account(bars, trades, fee):
    """The value at each close, and the result of each trade: a position from its entry to its exit at a time."""
    opens = [bar["open_time"] for bar in bars]
    close = np.array([bar["close"] for bar in bars])
    number = {time: i for i, time in enumerate(opens)}
    value, results, cash, next_bar = np.empty(len(bars)), [], 1.0, 0
    for trade in trades:
        first, last = number[trade["entered"]], number[trade["exited"]]
        value[next_bar:first] = cash
        before, sign = cash, 1.0 if trade["side"] == "long" else -1.0
        units = sign * before * trade["size"] / trade["entry"]
        cash = before - units * trade["entry"] - before * trade["size"] * fee
        value[first:last] = cash + units * close[first:last]
        amount = abs(units) * trade["exit"]
        cash = max(cash + units * trade["exit"] - amount * fee, 0.0)
        results.append(cash / before - 1.0)
        next_bar = last
    value[next_bar:] = cash
    return value, np.array(results)


def by_numpy(value, results, a_year):
    before = np.concatenate([[1.0], value[:-1]])
    returns = np.divide(value, before, out=np.ones_like(value), where=before > 0) - 1.0
    root = math.sqrt(a_year)
    deviation = returns.std(ddof=1)
    downside = math.sqrt(np.mean(np.minimum(returns, 0.0) ** 2))
    highest = np.maximum.accumulate(np.maximum(before, value))
    gains, losses = results[results > 0].sum(), -results[results <= 0].sum()
    return returns, {
        "total_return": value[-1] - 1.0,
        "annual_return": value[-1] ** (a_year / len(value)) - 1.0,
        "volatility": deviation * root,
        "sharpe": returns.mean() / deviation * root,
        "sortino": returns.mean() / downside * root,
        "drawdown": np.max(1.0 - value / highest),
        "win_rate": np.mean(results > 0),
        "profit_factor": gains / losses if losses > 0 else None,
    }


def by_empyrical(returns, a_year):
    each = {"annualization": a_year}
    return {
        "total_return": empyrical.cum_returns_final(returns),
        "annual_return": empyrical.annual_return(returns, **each),
        "volatility": empyrical.annual_volatility(returns, **each),
        "sharpe": empyrical.sharpe_ratio(returns, **each),
        "sortino": empyrical.sortino_ratio(returns, **each),
        "drawdown": -empyrical.max_drawdown(returns),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rhyme", required=True)
    parser.add_argument("--db", required=True)
    parser.add_argument("rule")
    parser.add_argument("series")
    parser.add_argument("--fee", type=float, default=0.001)
    args, more = parser.parse_known_args()
    reply = ask(
        args.rhyme, args.db, "backtest", args.rule, args.series, "--draws", "0", "--fee", str(args.fee), *more
    )
    reply = reply.get("replays", [reply])[0]
    if not reply["trades"]:
        sys.exit("the rule never traded: there are no figures to compare")
    opened, closed = seconds(reply["from"]), seconds(reply["until"])
    period = ["--from", reply["from"], "--until", reply["until"], "-k", "0"]
    bars = ask(args.rhyme, args.db, "bars", reply["series"], *period)["bars"]
    # A bar that closes when the first one opens is before the period.
    bars = [bar for bar in bars if seconds(bar["open_time"]) >= opened]
    a_year = len(bars) / ((closed - opened) / YEAR)
    value, results = account(bars, reply["trades"], args.fee)
    returns, own = by_numpy(value, results, a_year)
    published = by_empyrical(returns, a_year)
    printed = {**reply["performance"], **reply["summary"]}
    worst = 0.0
    for name, figure in own.items():
        shown = printed.get(name)
        if figure is None or shown is None:
            agrees = figure is None and shown is None
        else:
            most = CHANGE if name.endswith("return") else FIGURE
            agrees = abs(figure - shown) <= most * max(1.0, abs(figure))
        apart = abs(figure - published[name]) if name in published else 0.0
        worst = max(worst, apart)
        print(f"{name:14} {shown!s:>14} {figure!s:>22} {published.get(name, '')!s:>22}")
        if not agrees or apart > 1e-9 * max(1.0, abs(figure or 0.0)):
            sys.exit(f"{name} differs")
    print(f"{len(bars)} bars, {len(results)} trades: NumPy and empyrical agree to {worst:.1e}")


if __name__ == "__main__":
    main()
