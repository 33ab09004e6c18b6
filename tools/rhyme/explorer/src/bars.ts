import type { CandlestickData, UTCTimestamp } from "lightweight-charts";
import { nameOf, type Api, type BarRow, type SeriesName } from "./api";
import { closeOf, intervalMs, iso, parse } from "./time";

export type Candle = CandlestickData<UTCTimestamp> & { volume: number };
interface BarsReply extends SeriesName { bars: BarRow[] }

const FIRST = 3_000;
const PIECE = 8_000;
/** How many bars after an opened window are read with it. */
const AFTER = 400;

/** Bars of one series without a hole, which grow to both sides as one pans. */
export class BarBlock {
  candles: Candle[] = [];
  /** Whether there is nothing before and after what was read. */
  atStart = false;
  atEnd = false;
  #reading = false;

  private constructor(private readonly api: Api, readonly series: SeriesName) {}

  /** The latest bars, or those around a time. */
  static async open(api: Api, name: string, around: number | null, signal: AbortSignal): Promise<BarBlock> {
    const latest = await api.ask<BarsReply>("bars", { series: name, last: FIRST }, signal);
    const block = new BarBlock(api, latest);
    block.candles = latest.bars.map(candle);
    block.atEnd = true;
    block.atStart = latest.bars.length < FIRST;
    const first = block.candles[0];
    if (around === null || !first || around >= ms(first)) return block;
    const until = around + AFTER * intervalMs(latest.interval);
    const there = await api.ask<BarsReply>("bars", { series: name, last: FIRST, until: iso(until) }, signal);
    block.candles = there.bars.map(candle);
    block.atEnd = false;
    block.atStart = there.bars.length < FIRST;
    return block;
  }

  get name(): string {
    return nameOf(this.series);
  }

  /** When the bar there closed. */
  close(index: number): number | null {
    const bar = this.candles[index];
    return bar ? closeOf(ms(bar), this.series.interval) : null;
  }

  /** The last bar that closed at or before a time; -1 if none did. */
  closedAt(time: number): number {
    return this.#last((bar) => closeOf(ms(bar), this.series.interval) <= time);
  }

  /** The last bar that opened at or before a time; -1 if none did. */
  openedAt(time: number): number {
    return this.#last((bar) => ms(bar) <= time);
  }

  #last(holds: (bar: Candle) => boolean): number {
    let [low, high] = [0, this.candles.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const bar = this.candles[middle];
      if (bar && holds(bar)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Reads a piece before the first bar; how many bars it had. */
  async before(signal: AbortSignal): Promise<number> {
    const first = this.candles[0];
    if (!first || this.atStart || this.#reading) return 0;
    return await this.#read(async () => {
      const options = { series: this.name, last: PIECE, until: iso(ms(first)) };
      const { bars } = await this.api.ask<BarsReply>("bars", options, signal);
      const older = bars.map(candle).filter((bar) => bar.time < first.time);
      this.atStart = bars.length < PIECE;
      this.candles = older.concat(this.candles);
      return older.length;
    });
  }

  /** Reads a piece after the last bar; how many bars it had. */
  async after(signal: AbortSignal): Promise<number> {
    if (this.atEnd || this.#reading || this.candles.length === 0) return 0;
    return await this.#read(async () => {
      const from = this.close(this.candles.length - 1) ?? 0;
      // A session has fewer bars than its time has room for, so an empty piece is followed by longer ones.
      for (let pieces = 1; ; pieces *= 8) {
        const until = from + pieces * PIECE * intervalMs(this.series.interval);
        const ends = until >= (this.api.asOf ?? Date.now());
        const added = await this.#append(from, ends ? null : until, signal);
        this.atEnd = ends;
        if (added > 0 || ends) return added;
      }
    });
  }

  /** Reads what has closed since the last bar, as replay goes on. */
  async forward(signal: AbortSignal): Promise<number> {
    const from = this.close(this.candles.length - 1);
    if (from === null || !this.atEnd) return 0;
    return await this.#append(from, null, signal);
  }

  async #append(from: number, until: number | null, signal: AbortSignal): Promise<number> {
    const period = { from: iso(from), ...(until === null ? {} : { until: iso(until) }) };
    const { bars } = await this.api.ask<BarsReply>("bars", { series: this.name, last: 0, ...period }, signal);
    const last = this.candles.at(-1);
    const newer = bars.map(candle).filter((bar) => !last || bar.time > last.time);
    this.candles = this.candles.concat(newer);
    return newer.length;
  }

  async #read(piece: () => Promise<number>): Promise<number> {
    this.#reading = true;
    try {
      return await piece();
    } finally {
      this.#reading = false;
    }
  }
}

/** Bars from a time on: a window and what came after it. */
export async function stretch(
  api: Api, name: string, start: number, until: number, signal: AbortSignal,
): Promise<{ open: number; close: number }[]> {
  const options = { series: name, from: iso(start), until: iso(until), last: 0 };
  const { bars } = await api.ask<BarsReply>("bars", options, signal);
  return bars.map((bar) => ({ open: parse(bar.open_time), close: bar.close })).filter((bar) => bar.open >= start);
}

export const ms = (bar: Candle): number => bar.time * 1000;

function candle(bar: BarRow): Candle {
  const time = (parse(bar.open_time) / 1000) as UTCTimestamp;
  return { time, open: bar.open, high: bar.high, low: bar.low, close: bar.close, volume: bar.volume };
}
