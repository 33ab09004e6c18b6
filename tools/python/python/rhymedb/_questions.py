# Written by tools/python/generate.py from docs/schemas. Change those, and run it again.
"""A method for each question of the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._answer import Answer
from ._values import Subject, Time, Vector, listed

# The lists of rows in each reply, the main one first, with their columns and what these hold.
TABLES: dict[str, dict[str, dict[str, str]]] = {
    'anomaly-scan': {
        'episodes': {
            'rank': 'int',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'start': 'time',
            'end': 'time',
            'move_percent': 'float',
            'move_sd': 'float',
            'windows': 'int',
            'from': 'time',
            'to': 'time',
        },
    },
    'anomaly': {
        'measures': {
            'measure': 'text',
            'value': 'float',
            'percentile': 'float',
            'p_value': 'float',
        },
        'nearest': {
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'start': 'time',
            'end': 'time',
            'score': 'float',
            'move_percent': 'float',
            'move_sd': 'float',
        },
    },
    'attributes': {
        'attributes': {
            'symbol': 'text',
            'market': 'text',
            'attribute': 'text',
            'value': 'text',
            'known': 'time',
        },
    },
    'axis-headlines': {
        'headlines': {
            'known': 'time',
            'value': 'float',
            'text': 'text',
        },
    },
    'axis-history': {
        'points': {
            'end': 'time',
            'value': 'float',
            'deviations': 'float',
        },
    },
    'axis': {
        'points': {
            'target': 'text',
            'end': 'time',
            'value': 'float',
            'deviations': 'float',
        },
    },
    'bars': {
        'bars': {
            'open_time': 'time',
            'open': 'float',
            'high': 'float',
            'low': 'float',
            'close': 'float',
            'volume': 'float',
        },
    },
    'classify-by-tags': {
        'votes': {
            'tag': 'text',
            'share': 'float',
            'strength': 'float',
        },
        'neighbours': {
            'tag': 'text',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'end': 'time',
            'known': 'time',
            'value': 'float',
            'value_known_at_end': 'bool',
            'score': 'float',
        },
    },
    'classify-history': {
        'runs': {
            'first': 'time',
            'last': 'time',
            'windows': 'int',
            'label': 'text',
            'probability': 'float',
            'trained_until': 'time',
        },
    },
    'classify': {
        'labels': {
            'label': 'text',
            'probability': 'float',
            'score': 'float',
            'percentile': 'float',
        },
    },
    'clusters': {
        'groups': {
            'group': 'int',
            'n': 'int',
            'typical': 'text',
            'inside': 'float',
            'outside': 'float',
            'stability': 'float',
            'value': 'text',
            'value_share': 'float',
            'members': 'any',
        },
        'assets': {
            'group': 'int',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'to_group': 'float',
            'nearest': 'text',
            'to_nearest': 'float',
            'value': 'text',
        },
        'tree': {
            'a': 'int',
            'b': 'int',
            'distance': 'float',
            'n': 'int',
        },
        'left_out': {
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'why': 'text',
        },
    },
    'combine': {
        'hits': {
            'rank': 'int',
            'score': 'float',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'start': 'time',
            'end': 'time',
            'refined': 'float',
            'move_percent': 'float',
            'move_sd': 'float',
            'left_out': 'any',
            'outcomes': 'any',
        },
        'outcomes': {
            'horizon': 'any',
            'hits_n': 'int',
            'hits_effective_n': 'float',
            'hits_mean': 'float',
            'hits_standard_error': 'float',
            'hits_q05': 'float',
            'hits_q25': 'float',
            'hits_q50': 'float',
            'hits_q75': 'float',
            'hits_q95': 'float',
            'hits_hit_rate': 'float',
            'hits_best': 'float',
            'hits_worst': 'float',
            'hits_volatility': 'float',
            'base_n': 'int',
            'base_effective_n': 'float',
            'base_mean': 'float',
            'base_standard_error': 'float',
            'base_q05': 'float',
            'base_q25': 'float',
            'base_q50': 'float',
            'base_q75': 'float',
            'base_q95': 'float',
            'base_hit_rate': 'float',
            'base_best': 'float',
            'base_worst': 'float',
            'base_volatility': 'float',
            'base_windows': 'int',
            'p_value': 'float',
            'no_p_value': 'text',
        },
    },
    'context': {
        'headlines': {
            'published': 'time',
            'precision': 'text',
            'known': 'time',
            'score': 'float',
            'percentile': 'float',
            'source': 'text',
            'text': 'text',
            'passage': 'text',
        },
    },
    'correlation': {
        'pairs': {
            'a': 'text',
            'b': 'text',
            'correlation': 'float',
            'shrunk': 'float',
            'usual': 'float',
            'past': 'int',
            'p_value': 'float',
            'q_value': 'float',
            'history': 'any',
        },
        'windows': {
            'from': 'time',
            'until': 'time',
            'mean': 'float',
        },
        'assets': {
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
        },
        'left_out': {
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'why': 'text',
        },
    },
    'divergence': {
        'episodes': {
            'first': 'time',
            'last': 'time',
            'moments': 'int',
            'sign': 'text',
            'end': 'time',
            'similarity': 'float',
            'percentile': 'float',
            'earlier': 'int',
            'price_change': 'float',
            'news_direction': 'float',
            'headlines': 'any',
        },
        'moments': {
            'flagged': 'bool',
            'end': 'time',
            'sign': 'text',
            'similarity': 'float',
            'percentile': 'float',
            'earlier': 'int',
            'trained_until': 'time',
            'price_change': 'float',
            'news_direction': 'float',
            'headlines': 'any',
        },
    },
    'headlines': {
        'headlines': {
            'published': 'time',
            'precision': 'text',
            'symbols': 'any',
            'source': 'text',
            'text': 'text',
        },
    },
    'lead-lag': {
        'pairs': {
            'leader': 'text',
            'follower': 'text',
            'lag': 'int',
            'partial': 'float',
            'p_value': 'float',
            'q_value': 'float',
            'first_half': 'float',
            'second_half': 'float',
            'stable': 'bool',
            'called': 'bool',
        },
        'assets': {
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'lead': 'float',
            'first_half': 'float',
            'second_half': 'float',
        },
        'left_out': {
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'why': 'text',
        },
    },
    'map': {
        'points': {
            'x': 'float',
            'y': 'float',
            'group': 'text',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'start': 'time',
            'end': 'time',
            'move_percent': 'float',
            'move_sd': 'float',
        },
    },
    'news': {
        'headlines': {
            'rank': 'int',
            'score': 'float',
            'known': 'time',
            'percentile': 'float',
            'published': 'time',
            'precision': 'text',
            'symbols': 'any',
            'source': 'text',
            'text': 'text',
            'passage': 'text',
        },
    },
    'outcomes': {
        'moments': {
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'moment': 'time',
            'start': 'time',
        },
        'left_out': {
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'moment': 'time',
            'why': 'text',
        },
        'horizons': {
            'horizon': 'any',
            'hits_n': 'int',
            'hits_effective_n': 'float',
            'hits_mean': 'float',
            'hits_standard_error': 'float',
            'hits_q05': 'float',
            'hits_q25': 'float',
            'hits_q50': 'float',
            'hits_q75': 'float',
            'hits_q95': 'float',
            'hits_hit_rate': 'float',
            'hits_best': 'float',
            'hits_worst': 'float',
            'hits_volatility': 'float',
            'base_n': 'int',
            'base_effective_n': 'float',
            'base_mean': 'float',
            'base_standard_error': 'float',
            'base_q05': 'float',
            'base_q25': 'float',
            'base_q50': 'float',
            'base_q75': 'float',
            'base_q95': 'float',
            'base_hit_rate': 'float',
            'base_best': 'float',
            'base_worst': 'float',
            'base_volatility': 'float',
            'base_windows': 'int',
            'p_value': 'float',
            'no_p_value': 'text',
            'moments': 'any',
        },
    },
    'pattern': {
        'hits': {
            'rank': 'int',
            'score': 'float',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'start': 'time',
            'end': 'time',
            'refined': 'float',
            'move_percent': 'float',
            'move_sd': 'float',
            'left_out': 'any',
            'outcomes': 'any',
        },
        'outcomes': {
            'horizon': 'any',
            'hits_n': 'int',
            'hits_effective_n': 'float',
            'hits_mean': 'float',
            'hits_standard_error': 'float',
            'hits_q05': 'float',
            'hits_q25': 'float',
            'hits_q50': 'float',
            'hits_q75': 'float',
            'hits_q95': 'float',
            'hits_hit_rate': 'float',
            'hits_best': 'float',
            'hits_worst': 'float',
            'hits_volatility': 'float',
            'base_n': 'int',
            'base_effective_n': 'float',
            'base_mean': 'float',
            'base_standard_error': 'float',
            'base_q05': 'float',
            'base_q25': 'float',
            'base_q50': 'float',
            'base_q75': 'float',
            'base_q95': 'float',
            'base_hit_rate': 'float',
            'base_best': 'float',
            'base_worst': 'float',
            'base_volatility': 'float',
            'base_windows': 'int',
            'p_value': 'float',
            'no_p_value': 'text',
        },
    },
    'portfolio': {
        'portfolios': {
            'rule': 'text',
            'n': 'int',
            'effective': 'float',
            'largest': 'text',
            'largest_weight': 'float',
            'volatility': 'float',
            'mean': 'float',
            'in_cash': 'bool',
        },
        'weights': {
            'rule': 'text',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'weight': 'float',
            'risk': 'float',
            'volatility': 'float',
            'mean': 'float',
            'group': 'int',
        },
        'left_out': {
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'why': 'text',
        },
    },
    'prototypes': {
        'prototypes': {
            'name': 'text',
            'space': 'text',
            'cohesion': 'float',
            'created': 'time',
            'windows': 'any',
        },
    },
    'reaction': {
        'outcomes': {
            'score': 'float',
            'known': 'time',
            'headlines': 'int',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'start': 'time',
            'repeated': 'bool',
            'end': 'time',
            'change': 'float',
            'best': 'float',
            'worst': 'float',
            'volatility': 'float',
            'text': 'text',
        },
    },
    'replay': {
        'trades': {
            'side': 'any',
            'size': 'float',
            'entered': 'time',
            'entry': 'float',
            'exited': 'time',
            'exit': 'float',
            'bars': 'int',
            'result': 'float',
            'why': 'any',
        },
    },
    'search': {
        'charts': {
            'rank': 'int',
            'score': 'float',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'start': 'time',
            'end': 'time',
            'refined': 'float',
            'move_percent': 'float',
            'move_sd': 'float',
            'left_out': 'any',
            'outcomes': 'any',
        },
        'headlines': {
            'rank': 'int',
            'score': 'float',
            'words': 'float',
            'known': 'time',
            'percentile': 'float',
            'published': 'time',
            'precision': 'text',
            'symbols': 'any',
            'source': 'text',
            'text': 'text',
            'passage': 'text',
        },
    },
    'series': {
        'series': {
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'calendar': 'text',
            'made_of': 'text',
            'bars': 'int',
            'first': 'time',
            'last': 'time',
        },
    },
    'signal': {
        'reasons': {
            'met': 'bool',
            'reason': 'text',
        },
    },
    'similar': {
        'hits': {
            'rank': 'int',
            'score': 'float',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'start': 'time',
            'end': 'time',
            'refined': 'float',
            'move_percent': 'float',
            'move_sd': 'float',
            'left_out': 'any',
            'outcomes': 'any',
        },
        'outcomes': {
            'horizon': 'any',
            'hits_n': 'int',
            'hits_effective_n': 'float',
            'hits_mean': 'float',
            'hits_standard_error': 'float',
            'hits_q05': 'float',
            'hits_q25': 'float',
            'hits_q50': 'float',
            'hits_q75': 'float',
            'hits_q95': 'float',
            'hits_hit_rate': 'float',
            'hits_best': 'float',
            'hits_worst': 'float',
            'hits_volatility': 'float',
            'base_n': 'int',
            'base_effective_n': 'float',
            'base_mean': 'float',
            'base_standard_error': 'float',
            'base_q05': 'float',
            'base_q25': 'float',
            'base_q50': 'float',
            'base_q75': 'float',
            'base_q95': 'float',
            'base_hit_rate': 'float',
            'base_best': 'float',
            'base_worst': 'float',
            'base_volatility': 'float',
            'base_windows': 'int',
            'p_value': 'float',
            'no_p_value': 'text',
        },
    },
    'spaces': {
        'spaces': {
            'name': 'text',
            'encoder': 'text',
            'modality': 'text',
            'dim': 'int',
            'window': 'int',
            'hop': 'int',
            'weights_hash': 'text',
            'rows': 'int',
            'fresh_rows': 'int',
            'dead_rows': 'int',
            'flat_windows': 'int',
            'pending_ranges': 'int',
            'segments': 'int',
            'anchors': 'int',
            'segment_bytes': 'int',
            'repaired_rows': 'int',
            'headline_rows': 'int',
            'text_model': 'text',
            'created': 'time',
        },
    },
    'stats': {
    },
    'tags': {
        'tags': {
            'tag': 'text',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'end': 'time',
            'known': 'time',
            'value': 'float',
            'value_known_at_end': 'bool',
        },
    },
    'today': {
        'series': {
            'rank': 'int',
            'name': 'text',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'state': 'any',
            'why': 'text',
            'start': 'time',
            'end': 'time',
            'move_percent': 'float',
            'move_sd': 'float',
            'size': 'float',
            'size_rank': 'float',
            'size_p': 'float',
            'alarm': 'bool',
            'regime': 'text',
            'regime_since': 'time',
            'nearest': 'any',
            'after_horizon': 'any',
            'after_hits_n': 'int',
            'after_hits_effective_n': 'float',
            'after_hits_mean': 'float',
            'after_hits_standard_error': 'float',
            'after_hits_q05': 'float',
            'after_hits_q25': 'float',
            'after_hits_q50': 'float',
            'after_hits_q75': 'float',
            'after_hits_q95': 'float',
            'after_hits_hit_rate': 'float',
            'after_hits_best': 'float',
            'after_hits_worst': 'float',
            'after_hits_volatility': 'float',
            'after_base_n': 'int',
            'after_base_effective_n': 'float',
            'after_base_mean': 'float',
            'after_base_standard_error': 'float',
            'after_base_q05': 'float',
            'after_base_q25': 'float',
            'after_base_q50': 'float',
            'after_base_q75': 'float',
            'after_base_q95': 'float',
            'after_base_hit_rate': 'float',
            'after_base_best': 'float',
            'after_base_worst': 'float',
            'after_base_volatility': 'float',
            'after_base_windows': 'int',
            'after_p_value': 'float',
            'after_no_p_value': 'text',
            'headlines': 'int',
            'news': 'any',
            'divergence_flagged': 'bool',
            'divergence_end': 'time',
            'divergence_sign': 'text',
            'divergence_similarity': 'float',
            'divergence_percentile': 'float',
            'divergence_earlier': 'int',
            'divergence_trained_until': 'time',
            'divergence_price_change': 'float',
            'divergence_news_direction': 'float',
            'divergence_headlines': 'any',
            'unanswered': 'any',
        },
    },
    'transfer-matrix': {
        'pairs': {
            'a': 'text',
            'b': 'text',
            'mutual': 'float',
            'mutual_null': 'float',
            'similarity': 'float',
            'similarity_null': 'float',
            'n': 'int',
        },
        'groups': {
            'name': 'text',
            'windows': 'int',
            'n': 'int',
        },
    },
    'transfer': {
        'hits': {
            'rank': 'int',
            'score': 'float',
            'similarity': 'float',
            'raw': 'float',
            'market': 'text',
            'venue': 'text',
            'symbol': 'text',
            'interval': 'text',
            'start': 'time',
            'end': 'time',
            'move_percent': 'float',
            'move_sd': 'float',
        },
    },
}


class Questions:
    """What a database and a view can be asked.

    Arguments that are left out have the library's defaults. Times are UTC; a time is a text like
    ``2024-01-31T12:00``, or a ``datetime`` (one without a zone is taken to be in UTC).
    """

    def _question(
        self, name: str, given: dict[str, Any], timeout: float | None
    ) -> Answer:
        raise NotImplementedError

    def anomaly_scan(
        self,
        scan: str,
        *,
        filter: Mapping[str, Any] | None = None,
        by: str | None = None,
        level: float | None = None,
        k: int | None = None,
        neighbours: int | None = None,
        among: Sequence[str] | None = None,
        space: str | None = None,
        calibration: int | None = None,
        labels: Sequence[Any] | None = None,
        set: str | None = None,
        latency: str | None = None,
        seed: int | None = None,
        as_of: Time | None = None,
        exact: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the unusual episodes of a market or symbol.

        Args:
            scan: The market or symbol.
            filter: Which of its windows are scanned.
            by: The measure that decides. Default: size.
            level: The p-value up to which windows are unusual. Default: 0.01.
            k: How many episodes to list. Default: 20.
            neighbours: How many nearest episodes the distance is measured to: 1 to 1,000. Default:
                5.
            among: Compare with windows of these markets, symbols or attributes only. Default: all.
            space: The space. Default: ``shape``, or the only one.
            calibration: At least so many earlier windows to compare with. Default: 200.
            labels: Labels that may fit a window, beside the headlines that were known.
            set: What ``labels`` are called; without them a built-in set.
            latency: The time from the publication of a headline until somebody could know it.
                Default: 0.
            seed: The seed of the samples.
            as_of: Nothing that was not known at this time.
            exact: Compare with every window.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``episodes``.
            Columns of ``episodes`` (The episodes, most unusual first): rank, market, venue, symbol,
            interval, start, end, move_percent, move_sd, windows, from, to.
        """
        return self._question('anomaly-scan', {
            'scan': scan,
            'filter': filter,
            'by': by,
            'level': level,
            'k': k,
            'neighbours': neighbours,
            'among': listed(among),
            'space': space,
            'calibration': calibration,
            'labels': listed(labels),
            'set': set,
            'latency': latency,
            'seed': seed,
            'as_of': as_of,
            'exact': exact,
        }, timeout)

    def anomaly(
        self,
        target: str,
        *,
        neighbours: int | None = None,
        among: Sequence[str] | None = None,
        space: str | None = None,
        calibration: int | None = None,
        labels: Sequence[Any] | None = None,
        set: str | None = None,
        latency: str | None = None,
        seed: int | None = None,
        as_of: Time | None = None,
        exact: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks how unusual a stored window is, as of its own close.

        Args:
            target: The window.
            neighbours: How many nearest episodes the distance is measured to, and are listed: 1 to
                1,000. Default: 5.
            among: Compare with windows of these markets, symbols or attributes only. Default: all.
            space: The space. Default: ``shape``, or the only one.
            calibration: At least so many earlier windows to compare with. Default: 200.
            labels: Labels that may fit the window, beside the headlines that were known.
            set: What ``labels`` are called; without them a built-in set.
            latency: The time from the publication of a headline until somebody could know it.
                Default: 0.
            seed: The seed of the samples.
            as_of: Nothing that was not known at this time.
            exact: Compare with every window.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``measures``; ``to_pandas(name)`` has ``nearest``
            too.
            Columns of ``measures`` (The measures): measure, value, percentile, p_value.

        >>> db.anomaly("ALFA:1h").to_pandas()["measure"].to_list()
        ['size', 'distance', 'mahalanobis', 'largest-z']
        """
        return self._question('anomaly', {
            'target': target,
            'neighbours': neighbours,
            'among': listed(among),
            'space': space,
            'calibration': calibration,
            'labels': listed(labels),
            'set': set,
            'latency': latency,
            'seed': seed,
            'as_of': as_of,
            'exact': exact,
        }, timeout)

    def attributes(
        self,
        *,
        symbol: str | None = None,
        where: Mapping[str, Any] | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the attributes of symbols.

        Args:
            symbol: Only those of this symbol.
            where: Only these attributes, each with one of its values. Case does not count.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``attributes``.
            Columns of ``attributes`` (The attributes, by symbol and name): symbol, market,
            attribute, value, known.
        """
        return self._question('attributes', {
            'symbol': symbol,
            'where': where,
            'as_of': as_of,
        }, timeout)

    def axis_headlines(
        self,
        low: str,
        high: str,
        symbol: str,
        *,
        space: str | None = None,
        from_: Time | None = None,
        until: Time | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks where the headlines about a symbol stand between two meanings.

        Args:
            low: What the low end means: a sentence, or ``prototype:NAME``.
            high: What the high end means: a sentence, or ``prototype:NAME``.
            symbol: The symbol.
            space: The space. Default: the only one that reads text, or ``clip``.
            from_: Only headlines published at or after this time.
            until: Only headlines published at or before this time.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``headlines``.
            Columns of ``headlines`` (Where each headline stands, ascending by when it was known):
            known, value, text.
        """
        return self._question('axis-headlines', {
            'low': low,
            'high': high,
            'symbol': symbol,
            'space': space,
            'from': from_,
            'until': until,
            'as_of': as_of,
        }, timeout)

    def axis_history(
        self,
        low: str,
        high: str,
        series: str,
        *,
        space: str | None = None,
        from_: Time | None = None,
        until: Time | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks where all windows of a series stand between two meanings.

        Args:
            low: What the low end means: a sentence, or ``prototype:NAME``.
            high: What the high end means: a sentence, or ``prototype:NAME``.
            series: The series, without a time.
            space: The space. Default: the only one that reads text, or ``clip``.
            from_: Only windows that closed at or after this time.
            until: Only windows that closed at or before this time.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``points``.
            Columns of ``points`` (Where each window stands, ascending by time): end, value,
            deviations.
        """
        return self._question('axis-history', {
            'low': low,
            'high': high,
            'series': series,
            'space': space,
            'from': from_,
            'until': until,
            'as_of': as_of,
        }, timeout)

    def axis(
        self,
        low: str,
        high: str,
        targets: Sequence[Subject],
        *,
        space: str | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks where charts stand between two meanings.

        Args:
            low: What the low end means: a sentence, or ``prototype:NAME``.
            high: What the high end means: a sentence, or ``prototype:NAME``.
            targets: What to place.
            space: The space. Default: the only one that reads text, or ``clip``.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``points``.
            Columns of ``points`` (Where each target stands): target, end, value, deviations.
        """
        return self._question('axis', {
            'low': low,
            'high': high,
            'targets': listed(targets),
            'space': space,
            'as_of': as_of,
        }, timeout)

    def bars(
        self,
        series: str,
        *,
        from_: Time | None = None,
        until: Time | None = None,
        as_of: Time | None = None,
        last: int | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the last bars of a series.

        Args:
            series: The series. A time is the same as ``until``, which goes before it.
            from_: Only bars that closed at or after this time.
            until: Only bars that closed at or before this time.
            as_of: Nothing that closed after this time.
            last: Only the last so many; 0 is all. Default: 20.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``bars``.
            Columns of ``bars`` (The bars, ascending by time): open_time, open, high, low, close,
            volume.
        """
        return self._question('bars', {
            'series': series,
            'from': from_,
            'until': until,
            'as_of': as_of,
            'last': last,
        }, timeout)

    def classify_by_tags(
        self,
        target: Subject,
        *,
        neighbours: int | None = None,
        space: str | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks which tag the nearest tagged windows vote for.

        Args:
            target: The chart.
            neighbours: How many tagged windows vote: 1 to 1,000. Default: 5.
            space: The space. Default: ``shape``, or the only one.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``votes``; ``to_pandas(name)`` has ``neighbours``
            too.
            Columns of ``votes`` (The tags by their votes, most first): tag, share, strength.
        """
        return self._question('classify-by-tags', {
            'target': target,
            'neighbours': neighbours,
            'space': space,
            'as_of': as_of,
        }, timeout)

    def classify_history(
        self,
        series: str,
        *,
        labels: Sequence[Any] | None = None,
        set: str | None = None,
        space: str | None = None,
        abstain: float | None = None,
        centred: bool | None = None,
        confirm: int | None = None,
        from_: Time | None = None,
        until: Time | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks which labels the windows of a series had, as runs of equal ones.

        Args:
            series: The series, without a time.
            labels: Labels of the asker's own. Default: those of ``set``.
            set: What ``labels`` are called; without them a built-in set. Default: ``regimes``.
            space: The space. Default: the only one that reads text, or ``clip``.
            abstain: Choose no label if the two best probabilities are nearer than this. Default:
                0.05.
            centred: Subtract from each label what it has in common with all charts.
            confirm: Windows that confirm a label before it counts. Default: an eighth of the
                window; of patterns 3.
            from_: Only windows that closed at or after this time.
            until: Only windows that closed at or before this time.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``runs``.
            Columns of ``runs`` (The runs, ascending by time): first, last, windows, label,
            probability, trained_until.
        """
        return self._question('classify-history', {
            'series': series,
            'labels': listed(labels),
            'set': set,
            'space': space,
            'abstain': abstain,
            'centred': centred,
            'confirm': confirm,
            'from': from_,
            'until': until,
            'as_of': as_of,
        }, timeout)

    def classify(
        self,
        target: Subject,
        *,
        labels: Sequence[Any] | None = None,
        set: str | None = None,
        space: str | None = None,
        abstain: float | None = None,
        centred: bool | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks which label a chart is nearest to.

        Args:
            target: The chart.
            labels: Labels of the asker's own. Default: those of ``set``.
            set: What ``labels`` are called; without them a built-in set. Default: ``regimes``.
            space: The space. Default: the only one that reads text, or ``clip``.
            abstain: Choose no label if the two best probabilities are nearer than this. Default:
                0.05.
            centred: Subtract from each label what it has in common with all charts.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``labels``.
            Columns of ``labels`` (The labels, most probable first): label, probability, score,
            percentile.
        """
        return self._question('classify', {
            'target': target,
            'labels': listed(labels),
            'set': set,
            'space': space,
            'abstain': abstain,
            'centred': centred,
            'as_of': as_of,
        }, timeout)

    def clusters(
        self,
        *,
        filter: Mapping[str, Any] | None = None,
        returns: int | None = None,
        by: str | None = None,
        space: str | None = None,
        method: str | None = None,
        groups: int | None = None,
        keep_market: bool | None = None,
        draws: int | None = None,
        seed: int | None = None,
        compare: str | None = None,
        tree: bool | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for groups of assets that move together.

        Args:
            filter: Which assets, of one interval, and which closes.
            returns: How many of the latest returns count, 30 at least. Default: 504, or all where
                the filter says from when.
            by: What makes two assets alike. Default: returns.
            space: The space of the vectors. Default: ``shape``, or the only one.
            method: How the groups are made. Default: average.
            groups: How many groups there are. Default: those with the largest silhouette, of 2 to
                30.
            keep_market: Leave in the returns what the market did.
            draws: How many times the days are drawn anew, and how many worlds by chance there are.
                Default: 50; 0 leaves stability and p away.
            seed: The seed of the draws and of k-means.
            compare: An attribute of symbols, like ``sector``, with which the groups are compared.
            tree: Give the tree too.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``groups``; ``to_pandas(name)`` has ``assets``,
            ``tree``, ``left_out`` too.
            Columns of ``groups`` (The groups, the largest first): group, n, typical, inside,
            outside, stability, value, value_share, members.

        >>> three = {"interval": ["1h"], "symbol": ["ALFA", "BETA", "GAMMA"]}
        >>> answer = db.clusters(filter=three, groups=2, draws=0)
        >>> sorted(answer.to_pandas("assets")["symbol"])
        ['ALFA', 'BETA', 'GAMMA']
        """
        return self._question('clusters', {
            'filter': filter,
            'returns': returns,
            'by': by,
            'space': space,
            'method': method,
            'groups': groups,
            'keep_market': keep_market,
            'draws': draws,
            'seed': seed,
            'compare': compare,
            'tree': tree,
            'as_of': as_of,
        }, timeout)

    def combine(
        self,
        terms: Sequence[Any],
        *,
        name: str | None = None,
        k: int | None = None,
        per: Mapping[str, Any] | None = None,
        diverse: float | None = None,
        space: str | None = None,
        filter: Mapping[str, Any] | None = None,
        as_of: Time | None = None,
        exact: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the charts nearest to a sum of meanings: this window, without a correction, with a
        trend. See ``Query::Sum``.

        Args:
            terms: The parts of the sum; the first is added.
            name: What the answer calls the sum. Default: its terms with signs.
            k: How many distinct episodes to find: 1 to 10,000. Default: 10.
            per: At most so many hits of one symbol, one year, one market, like ``{"symbol": 2}``.
            diverse: Choose hits that differ from one another, one by one from the nearest 5 ``k``:
                each time the one with the most of this number times its score, less 1 - this number
                times its greatest cosine with one that is chosen. From 0 to 1, which is the order
                of nearness; 0.5 is usual. ``k`` is then at most 1,000.
            space: The space. Default: the only one that reads text, or ``clip``.
            filter: Which windows may be hits.
            as_of: Nothing that was not known at this time.
            exact: Score every window.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``hits``; ``to_pandas(name)`` has ``outcomes`` too.
            Columns of ``hits`` (The episodes, best first): rank, score, market, venue, symbol,
            interval, start, end, refined, move_percent, move_sd, left_out, outcomes.

        >>> terms = [{"plus": "ALFA:1h"}, {"minus": "BETA:1h"}]
        >>> len(db.combine(terms, k=2).hits)
        2
        """
        return self._question('combine', {
            'terms': listed(terms),
            'name': name,
            'k': k,
            'per': per,
            'diverse': diverse,
            'space': space,
            'filter': filter,
            'as_of': as_of,
            'exact': exact,
        }, timeout)

    def context(
        self,
        target: str,
        *,
        space: str | None = None,
        symbol: str | None = None,
        before: str | None = None,
        after: str | None = None,
        latency: str | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the headlines about a symbol around a window.

        Args:
            target: A stored window.
            space: The space. Default: the only one that reads text, or ``clip``.
            symbol: Headlines that name this symbol. Default: the window's.
            before: From how long before the window's last close. Default: from the window's start.
            after: Up to how long after the window's last close. Default: 0.
            latency: The time from the publication of a headline until somebody can know it.
                Default: 0.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``headlines``.
            Columns of ``headlines`` (The headlines, ascending by time): published, precision,
            known, score, percentile, source, text, passage.

        >>> db.context("ALFA:1h@2024-01-10").to_pandas().columns[0]
        'published'
        """
        return self._question('context', {
            'target': target,
            'space': space,
            'symbol': symbol,
            'before': before,
            'after': after,
            'latency': latency,
            'as_of': as_of,
        }, timeout)

    def correlation(
        self,
        *,
        filter: Mapping[str, Any] | None = None,
        window: int | None = None,
        past: int | None = None,
        less_market: bool | None = None,
        k: int | None = None,
        history: bool | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks how much assets move together, and whether that is usual.

        Args:
            filter: Which assets, of one interval, and which closes.
            window: The returns of a window. Default: 63.
            past: The most earlier windows that say what is usual. Default: 40.
            less_market: Take off what the market did.
            k: The most pairs in the answer. Default: 20.
            history: Give the correlation of each pair in every window.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``pairs``; ``to_pandas(name)`` has ``windows``,
            ``assets``, ``left_out`` too.
            Columns of ``pairs`` (The pairs whose correlation changed most, by p; those without p
            come last): a, b, correlation, shrunk, usual, past, p_value, q_value, history.

        >>> three = {"interval": ["1h"], "symbol": ["ALFA", "BETA", "GAMMA"]}
        >>> len(db.correlation(filter=three, window=48).to_pandas("pairs"))
        3
        """
        return self._question('correlation', {
            'filter': filter,
            'window': window,
            'past': past,
            'less_market': less_market,
            'k': k,
            'history': history,
            'as_of': as_of,
        }, timeout)

    def divergence(
        self,
        series: str,
        *,
        space: str | None = None,
        symbol: str | None = None,
        from_: Time | None = None,
        until: Time | None = None,
        latency: str | None = None,
        lag: int | None = None,
        below: float | None = None,
        history: int | None = None,
        moments: bool | None = None,
        k: int | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks at which moments of a series chart and news disagree.

        Args:
            series: The series, without a time.
            space: The space. Default: the only one that reads text, or ``clip``.
            symbol: Headlines that name this symbol. Default: the series' own.
            from_: Only moments at or after this time.
            until: Only moments at or before this time.
            latency: The time from the publication of a headline until somebody can know it.
                Default: 0.
            lag: How many windows after the news the chart ends.
            below: Flag moments whose percentile is at most this. Default: 5.
            history: The earlier moments that a percentile needs. Default: 30.
            moments: List moments instead of episodes.
            k: How many episodes or moments to list; 0 is all. Default: 20.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``episodes``; ``to_pandas(name)`` has ``moments``
            too.
            Columns of ``episodes`` (The episodes, the most divergent first, unless moments were
            asked for): first, last, moments, sign, end, similarity, percentile, earlier,
            price_change, news_direction, headlines.
        """
        return self._question('divergence', {
            'series': series,
            'space': space,
            'symbol': symbol,
            'from': from_,
            'until': until,
            'latency': latency,
            'lag': lag,
            'below': below,
            'history': history,
            'moments': moments,
            'k': k,
            'as_of': as_of,
        }, timeout)

    def headlines(
        self,
        *,
        symbol: str | None = None,
        from_: Time | None = None,
        until: Time | None = None,
        as_of: Time | None = None,
        last: int | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the last headlines, of one symbol or of all.

        Args:
            symbol: Only headlines that name this symbol.
            from_: Only headlines published at or after this time.
            until: Only headlines published at or before this time.
            as_of: Nothing that was not known at this time.
            last: Only the last so many; 0 is all. Default: 20.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``headlines``.
            Columns of ``headlines`` (The headlines, ascending by time): published, precision,
            symbols, source, text.
        """
        return self._question('headlines', {
            'symbol': symbol,
            'from': from_,
            'until': until,
            'as_of': as_of,
            'last': last,
        }, timeout)

    def lead_lag(
        self,
        *,
        filter: Mapping[str, Any] | None = None,
        returns: int | None = None,
        lags: int | None = None,
        k: int | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks which assets move first, and whether they do so in both halves of the period.

        Args:
            filter: Which assets, of one interval, and which closes.
            returns: How many of the latest returns count, 120 at least. Default: 504, or all where
                the filter says from when.
            lags: The longest lag in bars. Default: 3.
            k: The most pairs in the answer. Default: 20.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``pairs``; ``to_pandas(name)`` has ``assets``,
            ``left_out`` too.
            Columns of ``pairs`` (The pairs with the smallest p, called ones first): leader,
            follower, lag, partial, p_value, q_value, first_half, second_half, stable, called.

        >>> four = {"interval": ["1h"], "symbol": ["ALFA", "BETA", "GAMMA", "DELTA"]}
        >>> answer = db.lead_lag(filter=four)
        >>> answer.called <= answer.all_pairs == 12
        True
        """
        return self._question('lead-lag', {
            'filter': filter,
            'returns': returns,
            'lags': lags,
            'k': k,
            'as_of': as_of,
        }, timeout)

    def map(
        self,
        *,
        space: str | None = None,
        filter: Mapping[str, Any] | None = None,
        as_of: Time | None = None,
        sample: int | None = None,
        seed: int | None = None,
        by: str | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the windows of a space on a plane.

        Args:
            space: The space. Default: ``shape``, or the only one.
            filter: Which windows are on the map.
            as_of: Nothing that was not known at this time.
            sample: The least number of windows on the map, if there are so many. Default: 2,000.
            seed: The seed of the sample.
            by: An attribute of symbols, like ``sector``, that is said of each window as its
                ``group``.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``points``.
            Columns of ``points`` (The windows): x, y, group, market, venue, symbol, interval,
            start, end, move_percent, move_sd.

        >>> len(db.map(sample=50).to_pandas()[["x", "y"]]) >= 50
        True
        """
        return self._question('map', {
            'space': space,
            'filter': filter,
            'as_of': as_of,
            'sample': sample,
            'seed': seed,
            'by': by,
        }, timeout)

    def news(
        self,
        target: Subject,
        *,
        k: int | None = None,
        per: Mapping[str, Any] | None = None,
        diverse: float | None = None,
        space: str | None = None,
        within: str | None = None,
        symbol: Sequence[str] | None = None,
        any_symbol: bool | None = None,
        any_time: bool | None = None,
        from_: Time | None = None,
        until: Time | None = None,
        latency: str | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the headlines nearest to a chart, a sentence or a prototype.

        Args:
            target: What to compare with.
            k: How many headlines to find: 1 to 10,000. Default: 10.
            per: At most so many headlines of one symbol, one year, one market, like ``{"symbol":
                2}``.
            diverse: Choose headlines that differ from one another, one by one from the nearest 5
                ``k``: each time the one with the most of this number times its score, less 1 - this
                number times its greatest cosine with one that is chosen. From 0 to 1, which is the
                order of nearness; 0.5 is usual. ``k`` is then at most 1,000.
            space: The space. Default: the only one that reads text, or ``clip``.
            within: Only headlines published at most so long before or after the window's last
                close.
            symbol: Only headlines that name one of these symbols. Default: the window's, or those
                of its market.
            any_symbol: Headlines whatever symbol they name.
            any_time: Headlines that were not known yet at the window's end too.
            from_: Only headlines published at or after this time.
            until: Only headlines published at or before this time.
            latency: The time from the publication of a headline until somebody can know it.
                Default: 0.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``headlines``.
            Columns of ``headlines`` (The headlines, best first): rank, score, known, percentile,
            published, precision, symbols, source, text, passage.

        >>> len(db.news("ALFA:1h", k=2, any_time=True, any_symbol=True).headlines) <= 2
        True
        """
        return self._question('news', {
            'target': target,
            'k': k,
            'per': per,
            'diverse': diverse,
            'space': space,
            'within': within,
            'symbol': listed(symbol),
            'any_symbol': any_symbol,
            'any_time': any_time,
            'from': from_,
            'until': until,
            'latency': latency,
            'as_of': as_of,
        }, timeout)

    def outcomes(
        self,
        moments: Sequence[str],
        *,
        horizon: Sequence[int | str] | None = None,
        space: str | None = None,
        filter: Mapping[str, Any] | None = None,
        net_of: str | None = None,
        seed: int | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks what happened after moments of the asker's own.

        Args:
            moments: The moments, all of one interval. Each counts from the first close at or after
                it; a day alone is the first moment of that day.
            horizon: How far to look. Default: 5 days.
            space: The space whose windows the base rate is of. Default: ``shape``, or the only one.
            filter: Which windows of the moments' series the base rate is of.
            net_of: What the outcomes are net of: a stored symbol, or ``market`` for the mean of all
                other series of the same market and interval.
            seed: The seed of the base rate's sample.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``moments``; ``to_pandas(name)`` has ``left_out``,
            ``horizons`` too.
            Columns of ``moments`` (The moments that are counted, in the order asked): market,
            venue, symbol, interval, moment, start.

        >>> answer = db.outcomes(["ALFA:1h@2024-01-10"], horizon=["24h"])
        >>> answer.to_pandas("horizons")["horizon"].to_list()
        ['1d']
        """
        return self._question('outcomes', {
            'moments': listed(moments),
            'horizon': listed(horizon),
            'space': space,
            'filter': filter,
            'net_of': net_of,
            'seed': seed,
            'as_of': as_of,
        }, timeout)

    def pattern(
        self,
        pattern: str,
        *,
        k: int | None = None,
        per: Mapping[str, Any] | None = None,
        diverse: float | None = None,
        space: str | None = None,
        filter: Mapping[str, Any] | None = None,
        as_of: Time | None = None,
        exclusion: int | None = None,
        ef: int | None = None,
        exact: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the windows that end with a pattern of the built-in set.

        Args:
            pattern: The pattern's name, like ``double bottom``.
            k: How many distinct episodes to find: 1 to 10,000. Default: 10.
            per: At most so many hits of one symbol, one year, one market, like ``{"symbol": 2}``.
            diverse: Choose hits that differ from one another, one by one from the nearest 5 ``k``:
                each time the one with the most of this number times its score, less 1 - this number
                times its greatest cosine with one that is chosen. From 0 to 1, which is the order
                of nearness; 0.5 is usual. ``k`` is then at most 1,000.
            space: The space of the encoder ``shape``. Default: ``shape``, or another of that
                encoder.
            filter: Which windows may be hits.
            as_of: Nothing that was not known at this time.
            exclusion: The least distance in bars between two hits of one symbol. Default: a quarter
                of the window.
            ef: The breadth of the search in a graph, 1 to 100,000. Default: 128.
            exact: Score every window.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``hits``; ``to_pandas(name)`` has ``outcomes`` too.
            Columns of ``hits`` (The episodes, best first): rank, score, market, venue, symbol,
            interval, start, end, refined, move_percent, move_sd, left_out, outcomes.

        >>> db.pattern("double bottom", k=2).pattern
        'double bottom'
        """
        return self._question('pattern', {
            'pattern': pattern,
            'k': k,
            'per': per,
            'diverse': diverse,
            'space': space,
            'filter': filter,
            'as_of': as_of,
            'exclusion': exclusion,
            'ef': ef,
            'exact': exact,
        }, timeout)

    def portfolio(
        self,
        *,
        filter: Mapping[str, Any] | None = None,
        returns: int | None = None,
        rules: Sequence[str] | None = None,
        min_weight: float | None = None,
        max_weight: float | None = None,
        by: str | None = None,
        method: str | None = None,
        groups: int | None = None,
        space: str | None = None,
        seed: int | None = None,
        every: int | None = None,
        fee: float | None = None,
        slippage: float | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks how to share out money among assets, by several rules.

        Args:
            filter: Which assets, of one interval, and which closes.
            returns: How many of the latest returns count, 30 at least. Default: 252, or all where
                the filter says from when.
            rules: Which rules. Default: all.
            min_weight: The least share of the money of each asset. Default: 0.
            max_weight: The most. Default: 1.
            by: What makes two assets alike, for the rule ``clusters``. Default: returns.
            method: How its groups are made. Default: average.
            groups: How many there are. Default: those with the largest silhouette.
            space: The space of the vectors, if they count. Default: ``shape``, or the only one.
            seed: The seed of k-means.
            every: Also say what the rules would have earned, with weights asked for anew every so
                many bars. The filter then says from when to when; without a start it is when there
                are returns enough.
            fee: The share of what is traded then that is paid. Default: 0.001, which is 0.1 %.
            slippage: By what share a price is worse than the one that is stored. Default: 0.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``portfolios``; ``to_pandas(name)`` has ``weights``,
            ``left_out`` too.
            Columns of ``portfolios`` (The rules): rule, n, effective, largest, largest_weight,
            volatility, mean, in_cash.

        >>> three = {"interval": ["1h"], "symbol": ["ALFA", "BETA", "GAMMA"]}
        >>> answer = db.portfolio(filter=three, rules=["hrp", "min-variance"], max_weight=0.5)
        >>> answer.to_pandas("weights").groupby("rule")["weight"].sum().round(6).to_list()
        [1.0, 1.0]
        """
        return self._question('portfolio', {
            'filter': filter,
            'returns': returns,
            'rules': listed(rules),
            'min_weight': min_weight,
            'max_weight': max_weight,
            'by': by,
            'method': method,
            'groups': groups,
            'space': space,
            'seed': seed,
            'every': every,
            'fee': fee,
            'slippage': slippage,
            'as_of': as_of,
        }, timeout)

    def prototypes(
        self,
        *,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks which prototypes are stored, and of which windows they are made.

        Args:
            as_of: Only prototypes whose windows were all known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``prototypes``.
            Columns of ``prototypes`` (The prototypes, by name): name, space, cohesion, created,
            windows.
        """
        return self._question('prototypes', {
            'as_of': as_of,
        }, timeout)

    def reaction(
        self,
        text: str,
        *,
        k: int | None = None,
        horizon: int | str | None = None,
        space: str | None = None,
        market: str | None = None,
        interval: str | None = None,
        symbol: Sequence[str] | None = None,
        from_: Time | None = None,
        until: Time | None = None,
        latency: str | None = None,
        net_of: str | None = None,
        seed: int | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks what happened after the past headlines that are most similar to a sentence.

        Args:
            text: The sentence.
            k: How many pieces of news to find: 1 to 10,000. Default: 20.
            horizon: How far to look; bars need ``interval``. Default: 5 bars.
            space: The space. Default: the only one that reads text, or ``clip``.
            market: Only series of this market.
            interval: Only series of this interval; needed where the symbols have several.
            symbol: Only headlines that name one of these symbols.
            from_: Only headlines published at or after this time.
            until: Only headlines published at or before this time.
            latency: The time from the publication of a headline until somebody can act on it.
                Default: 0.
            net_of: What the outcomes are net of: a stored symbol, or ``market`` for the mean of all
                other series of the same market and interval.
            seed: The seed of the base rate's sample.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``outcomes``.
            Columns of ``outcomes`` (What each symbol did, by the similarity of the news): score,
            known, headlines, market, venue, symbol, interval, start, repeated, end, change, best,
            worst, volatility, text.
        """
        return self._question('reaction', {
            'text': text,
            'k': k,
            'horizon': horizon,
            'space': space,
            'market': market,
            'interval': interval,
            'symbol': listed(symbol),
            'from': from_,
            'until': until,
            'latency': latency,
            'net_of': net_of,
            'seed': seed,
            'as_of': as_of,
        }, timeout)

    def replay(
        self,
        series: str,
        rule: Mapping[str, Any],
        *,
        from_: Time | None = None,
        until: Time | None = None,
        fee: float | None = None,
        slippage: float | None = None,
        draws: int | None = None,
        seed: int | None = None,
        allow_trained: bool | None = None,
        trials: Sequence[float] | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks what a rule would have done on a series.

        Args:
            series: The series.
            rule: The rule.
            from_: Only closes at this time or later.
            until: Only closes at this time or earlier.
            fee: The share of what is traded that is paid, at entry and again at exit. Default:
                0.001, which is 0.1 %.
            slippage: By what share a price is worse than the one that is stored. Default: 0.
            draws: How many random accounts to compare with: 0 to 1,000. Default: 100.
            seed: The seed of the random accounts. Default: 0.
            allow_trained: Replays a rule whose encoder was trained on part of the period all the
                same.
            trials: The Sharpe ratios of a bar of other rules that were tried on this data.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``trades``.
            Columns of ``trades`` (The trades): side, size, entered, entry, exited, exit, bars,
            result, why.

        >>> rule = {"name": "large", "when": {"kind": "anomaly", "p_below": 0.5}}
        >>> answer = db.replay("ALFA:1h", rule, from_="2024-01-20", draws=3)
        >>> len(answer.trades) == answer.summary["trades"]
        True
        """
        return self._question('replay', {
            'series': series,
            'rule': rule,
            'from': from_,
            'until': until,
            'fee': fee,
            'slippage': slippage,
            'draws': draws,
            'seed': seed,
            'allow_trained': allow_trained,
            'trials': listed(trials),
            'as_of': as_of,
        }, timeout)

    def search(
        self,
        text: str | None = None,
        *,
        vector: Vector | None = None,
        k: int | None = None,
        per: Mapping[str, Any] | None = None,
        diverse: float | None = None,
        space: str | None = None,
        filter: Mapping[str, Any] | None = None,
        as_of: Time | None = None,
        headlines_by: Any | None = None,
        by_words: bool | None = None,
        all_symbols: bool | None = None,
        latency: str | None = None,
        ef: int | None = None,
        exact: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the charts and the headlines nearest to a sentence, or to a vector of the asker's
        own.

        Args:
            text: The sentence. Either this or ``vector`` has to be there.
            vector: A vector of the asker's own, as many numbers as vectors of the space have: that
                of a sentence or of a headline by the model whose vectors were imported.
            k: How many charts and how many headlines to find: 1 to 10,000. Default: 10.
            per: At most so many charts, and so many headlines, of one symbol, one year, one market,
                like ``{"symbol": 2}``.
            diverse: Choose charts and headlines that differ from one another, one by one from the
                nearest 5 ``k``: each time the one with the most of this number times its score,
                less 1 - this number times its greatest cosine with one that is chosen. From 0 to 1,
                which is the order of nearness; 0.5 is usual. ``k`` is then at most 1,000.
            space: The space. Default: the only one that reads text, or ``clip``.
            filter: Which windows may be found; symbols and times choose headlines too.
            as_of: Nothing that was not known at this time.
            headlines_by: By what headlines are ranked: ``both`` (the default), ``meaning`` or
                ``words``. By words, names and numbers are found that vectors do not know. A vector
                asks by ``meaning``.
            by_words: Rank a sentence about a large move by its words alone.
            all_symbols: Search all symbols, whatever the sentence names.
            latency: The time from the publication of a headline until somebody can know it.
                Default: 0.
            ef: The breadth of the search in a graph of charts, 1 to 100,000. Default: 128.
            exact: Score every window; headlines are always all scored.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``charts``; ``to_pandas(name)`` has ``headlines``
            too.
            Columns of ``charts`` (The charts, best first): rank, score, market, venue, symbol,
            interval, start, end, refined, move_percent, move_sd, left_out, outcomes.

        >>> answer = db.search("shares plunge", k=2)
        >>> answer.to_pandas("headlines")["text"].size <= 2
        True
        >>> import numpy as np
        >>> dim = db.spaces().to_pandas().set_index("name")["dim"]["clip"]
        >>> len(db.search(vector=np.ones(dim), k=2).charts)
        2
        """
        return self._question('search', {
            'text': text,
            'vector': vector,
            'k': k,
            'per': per,
            'diverse': diverse,
            'space': space,
            'filter': filter,
            'as_of': as_of,
            'headlines_by': headlines_by,
            'by_words': by_words,
            'all_symbols': all_symbols,
            'latency': latency,
            'ef': ef,
            'exact': exact,
        }, timeout)

    def series(
        self,
        *,
        text: str | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks which series are stored.

        Args:
            text: Only names that contain this text, in any case.
            as_of: Only series of which a bar had closed by this time, with the bars that had.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``series``.
            Columns of ``series`` (The series, by name): market, venue, symbol, interval, calendar,
            made_of, bars, first, last.
        """
        return self._question('series', {
            'text': text,
            'as_of': as_of,
        }, timeout)

    def signal(
        self,
        target: str,
        rule: Mapping[str, Any],
        *,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks what a rule says of a window.

        Args:
            target: The window: the latest one of a series, or that at a time.
            rule: The rule.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``reasons``.
            Columns of ``reasons`` (The conditions, and whether they were met): met, reason.

        >>> rule = {"name": "large", "when": {"kind": "anomaly", "p_below": 0.5}}
        >>> db.signal("ALFA:1h", rule).call in ("now", "wait")
        True
        """
        return self._question('signal', {
            'target': target,
            'rule': rule,
            'as_of': as_of,
        }, timeout)

    def similar(
        self,
        target: Subject,
        *,
        k: int | None = None,
        refine: str | None = None,
        outcome: Sequence[int | str] | None = None,
        same_moment: bool | None = None,
        other_intervals: bool | None = None,
        net_of: str | None = None,
        seed: int | None = None,
        entries: bool | None = None,
        per: Mapping[str, Any] | None = None,
        diverse: float | None = None,
        space: str | None = None,
        filter: Mapping[str, Any] | None = None,
        as_of: Time | None = None,
        exclusion: int | None = None,
        by_words: bool | None = None,
        all_symbols: bool | None = None,
        ef: int | None = None,
        exact: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the windows that are most similar to a chart, a sentence or a prototype, and
        perhaps for what came after them.

        Args:
            target: What to compare with.
            k: How many distinct episodes to find: 1 to 10,000. Default: 10.
            refine: Compare the candidates again on their bars.
            outcome: What happened after each hit and after all windows that pass, within each of
                these.
            same_moment: With ``outcome``: count hits that overlap the target in time too.
            other_intervals: With ``outcome``: count hits of other intervals too.
            net_of: With ``outcome``: what they are net of: a stored symbol, or ``market`` for the
                mean of all other series of the same market and interval.
            seed: With ``outcome``: the seed of the base rate's sample.
            entries: Answer with the first window of each run of similar ones rather than the best;
                with ``outcome`` always.
            per: At most so many hits of one symbol, one year, one market, like ``{"symbol": 2}``.
            diverse: Choose hits that differ from one another, one by one from the nearest 5 ``k``:
                each time the one with the most of this number times its score, less 1 - this number
                times its greatest cosine with one that is chosen. From 0 to 1, which is the order
                of nearness; 0.5 is usual. ``k`` is then at most 1,000.
            space: The space. Default: ``shape``, or the only one; for a sentence one that reads
                text.
            filter: Which windows may be hits.
            as_of: Nothing that was not known at this time.
            exclusion: The least distance in bars between two hits of one symbol, and from the
                target. Default: a quarter of the window.
            by_words: Rank a sentence about a large move by its words alone.
            all_symbols: Search all symbols, whatever a sentence names.
            ef: The breadth of the search in a graph, 1 to 100,000. Default: 128.
            exact: Score every window.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``hits``; ``to_pandas(name)`` has ``outcomes`` too.
            Columns of ``hits`` (The episodes, best first): rank, score, market, venue, symbol,
            interval, start, end, refined, move_percent, move_sd, left_out, outcomes.

        >>> answer = db.similar("ALFA:1h", k=3, outcome=["24h"])
        >>> len(answer.hits)
        3
        >>> answer.to_pandas().columns[:3].to_list()
        ['rank', 'score', 'market']
        """
        return self._question('similar', {
            'target': target,
            'k': k,
            'refine': refine,
            'outcome': listed(outcome),
            'same_moment': same_moment,
            'other_intervals': other_intervals,
            'net_of': net_of,
            'seed': seed,
            'entries': entries,
            'per': per,
            'diverse': diverse,
            'space': space,
            'filter': filter,
            'as_of': as_of,
            'exclusion': exclusion,
            'by_words': by_words,
            'all_symbols': all_symbols,
            'ef': ef,
            'exact': exact,
        }, timeout)

    def spaces(
        self,
        *,
        timeout: float | None = None,
    ) -> Answer:
        """Asks which spaces are stored.

        Args:
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``spaces``.
            Columns of ``spaces`` (The spaces): name, encoder, modality, dim, window, hop,
            weights_hash, rows, fresh_rows, dead_rows, flat_windows, pending_ranges, segments,
            anchors, segment_bytes, repaired_rows, headline_rows, text_model, created.
        """
        return self._question('spaces', {
        }, timeout)

    def stats(
        self,
        *,
        timeout: float | None = None,
    ) -> Answer:
        """Asks what the database holds and what it costs.

        Args:
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.
        """
        return self._question('stats', {
        }, timeout)

    def tags(
        self,
        *,
        name: str | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks which windows have tags.

        Args:
            name: Only tags of this name.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``tags``.
            Columns of ``tags`` (The tags, by time): tag, market, venue, symbol, interval, end,
            known, value, value_known_at_end.
        """
        return self._question('tags', {
            'name': name,
            'as_of': as_of,
        }, timeout)

    def today(
        self,
        *,
        series: Sequence[str] | None = None,
        interval: Sequence[str] | None = None,
        k: int | None = None,
        horizon: int | str | None = None,
        news: str | None = None,
        alarm: float | None = None,
        stale: int | None = None,
        as_of: Time | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for a report of the latest windows: of each series the size of its moves among earlier
        ones, its regime and since when, what followed the most similar charts beside what follows
        anyway, the news of the last day, and whether they disagree with the chart. Every window is
        scored, so the answer as of a time is the one that was to be had then.

        Args:
            series: Series like ``BTCUSDT:1h``, symbols and markets, of which all series are meant.
                Default: every stored series.
            interval: Only series of these intervals.
            k: How many similar charts say what followed: 1 to 1,000. Default: 20.
            horizon: How far what followed reaches. Default: a day where bars are shorter than one,
                else five bars.
            news: How long before the last close news count. Default: a day.
            alarm: The rank of the size from which on a series is an alarm, above 0 and up to 1:
                0.99 is a size that 99 % of earlier windows are below. Default: no alarms.
            stale: A series is stale if the newest one of its market and interval has more bars than
                this after its last one: 1 to 1,000. Default: 3.
            as_of: Nothing that was not known at this time.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``series``.
            Columns of ``series`` (The series: those that were measured, the most unusual first;
            then those that could not be, those that are stale, and names of which nothing is
            stored): rank, name, market, venue, symbol, interval, state, why, start, end,
            move_percent, move_sd, size, size_rank, size_p, alarm, regime, regime_since, nearest,
            after_horizon, after_hits_n, after_hits_effective_n, after_hits_mean,
            after_hits_standard_error, after_hits_q05, after_hits_q25, after_hits_q50,
            after_hits_q75, after_hits_q95, after_hits_hit_rate, after_hits_best, after_hits_worst,
            after_hits_volatility, after_base_n, after_base_effective_n, after_base_mean,
            after_base_standard_error, after_base_q05, after_base_q25, after_base_q50,
            after_base_q75, after_base_q95, after_base_hit_rate, after_base_best, after_base_worst,
            after_base_volatility, after_base_windows, after_p_value, after_no_p_value, headlines,
            news, divergence_flagged, divergence_end, divergence_sign, divergence_similarity,
            divergence_percentile, divergence_earlier, divergence_trained_until,
            divergence_price_change, divergence_news_direction, divergence_headlines, unanswered.
        """
        return self._question('today', {
            'series': listed(series),
            'interval': listed(interval),
            'k': k,
            'horizon': horizon,
            'news': news,
            'alarm': alarm,
            'stale': stale,
            'as_of': as_of,
        }, timeout)

    def transfer_matrix(
        self,
        *,
        by: str | None = None,
        filter: Mapping[str, Any] | None = None,
        sample: int | None = None,
        space: str | None = None,
        seed: int | None = None,
        as_of: Time | None = None,
        exact: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Compares groups of windows with one another.

        Args:
            by: What makes a group: ``market``, ``symbol``, or an attribute like ``sector``.
                Default: ``market``.
            filter: Which windows are compared.
            sample: The most windows of a group that are compared. Default: 500.
            space: The space. Default: ``shape``, or the only one.
            seed: The seed of the samples.
            as_of: Nothing that was not known at this time.
            exact: Compare every window instead of a sample.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``pairs``; ``to_pandas(name)`` has ``groups`` too.
            Columns of ``pairs`` (All pairs of them): a, b, mutual, mutual_null, similarity,
            similarity_null, n.

        >>> answer = db.transfer_matrix(filter={"interval": ["1h"]}, sample=64)
        >>> answer.to_pandas()[["a", "b"]].values.tolist()
        [['crypto', 'equity']]
        """
        return self._question('transfer-matrix', {
            'by': by,
            'filter': filter,
            'sample': sample,
            'space': space,
            'seed': seed,
            'as_of': as_of,
            'exact': exact,
        }, timeout)

    def transfer(
        self,
        target: str,
        to: Sequence[str],
        *,
        k: int | None = None,
        quota: int | None = None,
        per: Mapping[str, Any] | None = None,
        diverse: float | None = None,
        filter: Mapping[str, Any] | None = None,
        exclusion: int | None = None,
        space: str | None = None,
        seed: int | None = None,
        as_of: Time | None = None,
        exact: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks for the windows elsewhere that are most similar to a stored one.

        Args:
            target: A stored window: ``[market/][venue/]SYMBOL[:interval][@time]``.
            to: Where to look: markets, symbols, or attributes like ``sector=Energy``.
            k: How many distinct episodes to find: 1 to 10,000. Default: 10.
            quota: The most hits of one symbol. Default: 3. ``per`` may say it too, and then counts.
            per: At most so many hits of one symbol, one year, one market, like ``{"symbol": 2}``.
            diverse: Choose hits that differ from one another, one by one from the nearest 5 ``k``:
                each time the one with the most of this number times its score, less 1 - this number
                times its greatest cosine with one that is chosen. From 0 to 1, which is the order
                of nearness; 0.5 is usual. ``k`` is then at most 1,000.
            filter: Which windows may be hits, besides ``to``.
            exclusion: The least distance in bars between two hits of one symbol. Default: a quarter
                of the window.
            space: The space. Default: ``shape``, or the only one.
            seed: The seed of the samples.
            as_of: Nothing that was not known at this time.
            exact: Score every window to find the candidates.
            timeout: Seconds after which ``TimedOutError`` is raised. Default: the database's.

        Returns:
            The reply, a mapping. Its table is ``hits``.
            Columns of ``hits`` (The hits, best first): rank, score, similarity, raw, market, venue,
            symbol, interval, start, end, move_percent, move_sd.

        >>> len(db.transfer("ALFA:1h", ["equity"], k=2).hits)
        2
        """
        return self._question('transfer', {
            'target': target,
            'to': listed(to),
            'k': k,
            'quota': quota,
            'per': per,
            'diverse': diverse,
            'filter': filter,
            'exclusion': exclusion,
            'space': space,
            'seed': seed,
            'as_of': as_of,
            'exact': exact,
        }, timeout)
