import { iso, parse } from "./time";

export interface SeriesName { market: string; venue: string; symbol: string; interval: string }
export interface SeriesRow extends SeriesName { bars: number; first: string | null; last: string | null }
export interface Space { name: string; modality: string; window: number; rows: number; headline_rows: number }
export interface BarRow { open_time: string; open: number; high: number; low: number; close: number; volume: number }
export interface Headline { published: string; precision: string; symbols: string[]; source: string; text: string }
export interface Summary {
  n: number; effective_n: number; mean: number; standard_error: number | null; hit_rate: number;
  q05: number; q25: number; q50: number; q75: number; q95: number;
}
export interface OutcomeRow { horizon: number | string; outcome: "closed" | "open" | "missing"; change: number | null }
export interface WindowRow extends SeriesName { start: string; end: string }
export interface Hit extends WindowRow {
  rank: number; score: number; move_percent: number | null; move_sd: number | null;
  left_out?: string | null; outcomes?: OutcomeRow[];
}
export interface Versus {
  hits: Summary | null; base: Summary | null; base_windows: number; p_value: number | null; no_p_value: string | null;
}
export interface HorizonReply extends Versus { horizon: number | string }
export interface SimilarReply {
  query: { target: string; space: string; window_bars: number; as_of: string | null; start?: string; end?: string };
  hits: Hit[]; searched: { windows: number; plan: string }; outcomes: HorizonReply[]; notes: string[];
}
export interface ScoredHeadline extends Headline { rank: number; score: number; known: string }
export interface FoundHeadline extends Headline { rank: number; score: number | null; words: number | null; known: string }
export interface SearchReply {
  query: { text: string; as_of: string | null }; ranked_by: string; warning: string | null; narrowed_to: string[];
  charts: Hit[]; headlines: FoundHeadline[]; searched: { windows: number; headlines: number }; notes: string[];
}
export interface NewsReply { headlines: ScoredHeadline[]; warning: string | null; notes: string[] }
export interface ReactionRow extends SeriesName {
  score: number; known: string; start: string; end: string; change: number; text: string;
}
export interface ReactionReply {
  query: { text: string; as_of: string | null }; warning: string | null; summary: Summary | null; base: Summary | null;
  base_windows: number; p_value: number | null; no_p_value: string | null; outcomes: ReactionRow[]; notes: string[];
}
export interface Episode extends WindowRow {
  rank: number; move_percent: number | null; move_sd: number | null; windows: number; from: string; to: string;
  size: number | null; size_p: number | null;
}
export interface ScanReply {
  scanned: number; skipped: number; unusual: number; by_chance: number; level: number; episodes: Episode[]; notes: string[];
}
export interface Run { first: string; last: string; windows: number; label: string | null; probability: number }
export interface RegimesReply { runs: Run[]; warning: string | null; notes: string[] }
export interface TransferHit extends WindowRow {
  rank: number; score: number; similarity: number; move_percent: number | null; move_sd: number | null;
}
export interface TransferReply { fewer: string | null; hits: TransferHit[]; shift: number; notes: string[] }

/** An error of the server, with its own words. */
export class Refused extends Error {
  constructor(readonly kind: string, message: string) {
    super(message);
  }
}

/** What has no time: spaces and how they are made. */
const TIMELESS = new Set(["spaces"]);

/** The questions of the server. Every one carries the time that the page is as of. */
export class Api {
  /** Nothing later may be answered; null is now. */
  asOf: number | null = null;
  /** How many questions wait for their answer. */
  onBusy: (waiting: number) => void = () => {};
  #waiting = 0;

  async ask<T>(question: string, options: Record<string, unknown>, signal?: AbortSignal): Promise<T> {
    const body: Record<string, unknown> = { ...options };
    if (!TIMELESS.has(question)) {
      const latest = this.asOf;
      const own = typeof body.as_of === "string" ? parse(body.as_of) : null;
      // A question may look less far than the page, never further.
      if (latest !== null) body.as_of = iso(own === null ? latest : Math.min(own, latest));
    }
    return await this.#post<T>(question, body, signal);
  }

  /** Whether a bar of a series closed after one time and by another, as the page is about to be of the latter. */
  async closedBetween(series: string, after: number, by: number): Promise<boolean> {
    const options = { series, from: iso(after + 1), as_of: iso(by), last: 1 };
    const { bars } = await this.#post<{ bars: BarRow[] }>("bars", options);
    return bars.length > 0;
  }

  async #post<T>(question: string, body: Record<string, unknown>, signal?: AbortSignal): Promise<T> {
    this.onBusy(++this.#waiting);
    try {
      const response = await fetch(`/v1/${question}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        ...(signal ? { signal } : {}),
      });
      return await read<T>(response);
    } finally {
      this.onBusy(--this.#waiting);
    }
  }
}

async function read<T>(response: Response): Promise<T> {
  const text = await response.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused("unreadable", `the server answered ${response.status} without JSON`);
  }
  if (response.ok) return value as T;
  const error = (value as { error?: { kind?: string; message?: string } }).error;
  throw new Refused(error?.kind ?? "error", error?.message ?? `the server answered ${response.status}`);
}

export const nameOf = (s: SeriesName): string => `${s.market}/${s.venue}/${s.symbol}:${s.interval}`;

/** An error as a sentence; nothing for a question that the page itself gave up. */
export function saidBy(error: unknown): string | null {
  if (error instanceof DOMException && error.name === "AbortError") return null;
  if (error instanceof TypeError) return "The server does not answer. Is `rhyme serve` still running?";
  return error instanceof Error ? error.message : String(error);
}
