import { nameOf, type ScanReply } from "./api";
import { present } from "./analogs";
import { h, notes, table } from "./dom";
import { count, deviations, percent, probability } from "./format";
import { Asked, type Page, windowLink } from "./panel";
import { bare, iso, parse, utc } from "./time";

/** The most bars that are scanned at once. */
const MOST = 5_000;
const LEVEL = 0.01;

/** The stretch that is scanned or classified: what is seen, widened to whole steps so that panning asks seldom. */
export function stretchSeen(page: Page, seen: { from: number; to: number } | null): { from: number; until: number } | null {
  const { block } = page;
  if (!block || !seen || block.candles.length === 0) return null;
  const width = Math.min(Math.max(seen.to - seen.from, 100), MOST);
  const step = Math.max(2 ** Math.ceil(Math.log2(width)) / 2, 64);
  const to = Math.min(Math.ceil(seen.to / step) * step, block.candles.length - 1);
  const from = Math.max(Math.floor(Math.max(seen.from, seen.to - MOST) / step) * step, 0);
  const [first, last] = [block.close(Math.min(from, to)), block.close(to)];
  return first === null || last === null ? null : { from: first, until: last };
}

/** The windows of the series that moved unusually far, as a list and a lane. */
export class Unusual {
  readonly asked: Asked<ScanReply>;

  constructor(private readonly page: Page, place: HTMLElement, private readonly lane: (reply: ScanReply | null) => void) {
    this.asked = new Asked(place);
  }

  update(seen: { from: number; to: number } | null, wanted: boolean): void {
    const { api, block, state } = this.page;
    const period = stretchSeen(this.page, seen);
    if (!block || !period || !wanted) {
      this.asked.empty("Pick a series to see which of its windows moved unusually far.");
      this.lane(null);
      return;
    }
    const { market, venue, symbol, interval } = block.series;
    const filter = { market: [market], venue: [venue], interval: [interval], from: iso(period.from), until: iso(period.until) };
    const options = { scan: symbol, filter, level: LEVEL, k: 50 };
    const ask = (signal: AbortSignal) => api.ask<ScanReply>("anomaly-scan", options, signal);
    this.asked.ask(JSON.stringify([options, state.asOf]), ask, (reply) => this.#show(reply, period));
  }

  #show(reply: ScanReply, period: { from: number; until: number }): Node[] {
    this.lane(reply);
    const rows = reply.episodes.map((e) => [
      windowLink(this.page, nameOf(e), parse(e.end), bare(parse(e.end))),
      e.move_percent == null ? "–" : percent(e.move_percent / 100, 1),
      deviations(e.move_sd),
      e.size_p == null ? "–" : probability(e.size_p),
      count(e.windows),
    ]);
    const skipped = reply.skipped > 0 ? ` ${count(reply.skipped)} of them have too little history before them.` : "";
    return [
      h(
        "p",
        { class: "small" },
        `Windows that closed from ${utc(period.from)} to ${utc(period.until)}: ${count(reply.unusual)} of ${count(reply.scanned)} ` +
          `moved farther than ${100 - LEVEL * 100} % of what came before them; by chance alone it would be ${reply.by_chance.toFixed(1)}.${skipped} ` +
          "Unusual is not good or bad, and says nothing of what comes next.",
      ),
      ...(rows.length > 0
        ? [table("Episodes, most unusual first", ["end (UTC)", ">move", ">in sd", ">p of size", ">windows"], rows)]
        : [h("p", { class: "empty" }, "None in this stretch. Zoom out to scan more.")]),
      ...present(notes(reply.notes)),
    ];
  }
}
