import { type Hit, nameOf, type SimilarReply } from "./api";
import { stretch } from "./bars";
import { h, notes } from "./dom";
import { count, deviations, percent, score } from "./format";
import { Asked, type Page, windowLink } from "./panel";
import { fan, spark } from "./pictures";
import { bare, closeOf, intervalMs, iso, parse, utc } from "./time";
import { sentence, versus } from "./verdict";

const STEPS = 6;
/** Fewer outcomes than these make no quantiles. */
const FEW = 20;

/** The horizons of the fan: up to six equal steps. */
export function horizons(bars: number): number[] {
  const steps = Array.from({ length: STEPS }, (_, i) => Math.round((bars * (i + 1)) / STEPS));
  return [...new Set(steps)].filter((n) => n > 0);
}

/** What is asked for: a window of the chart, a drawn path, or a sentence. */
export function target(page: Page): unknown {
  const { series, window, path, sentence } = page.state;
  if (path) return { path, name: "the drawn path" };
  if (sentence) return `text:${sentence}`;
  return series && window !== null ? `${series}@${iso(window)}` : null;
}

export class Analogs {
  readonly asked: Asked<SimilarReply>;
  #pictures = new AbortController();

  constructor(private readonly page: Page, place: HTMLElement, private readonly asks: (reply: SimilarReply) => void) {
    this.asked = new Asked(place);
  }

  /** Draws no more of what was asked before. */
  stop(): void {
    this.#pictures.abort();
  }

  update(): void {
    const { state, api } = this.page;
    const subject = target(this.page);
    const then = state.then && state.window !== null && !state.path && !state.sentence;
    const interval = this.page.block?.series.interval;
    const options = {
      target: subject, k: state.k, outcome: horizons(state.horizon),
      ...(interval && !state.mixed ? { filter: { interval: [interval] } } : {}),
      ...(then ? { as_of: iso(state.window ?? 0) } : {}),
    };
    if (subject === null) {
      this.asked.empty(
        "Click a bar, or choose “Select” and drag over the chart: the window that ends there is compared with all others. " +
          "“Draw” compares with a path that you draw.",
      );
      return;
    }
    const ask = (signal: AbortSignal) => api.ask<SimilarReply>("similar", options, signal);
    this.asked.ask(JSON.stringify([options, state.asOf]), ask, (reply) => this.#show(reply));
  }

  #show(reply: SimilarReply): Node[] {
    this.#pictures.abort();
    this.#pictures = new AbortController();
    this.asks(reply);
    const { state } = this.page;
    const { query } = reply;
    const asOf = query.as_of ? `known at ${utc(parse(query.as_of))}` : "all that is stored";
    const about = h(
      "p",
      { class: "small" },
      `${count(reply.hits.length)} windows most like ${this.#named(reply)}, of ${count(reply.searched.windows)} ` +
        `windows of ${query.window_bars} ${state.mixed ? "bars of any interval" : "bars of the same interval"} (space ${query.space}; ${asOf}).`,
    );
    if (reply.hits.length === 0) {
      const why = "No window was found. Where little was stored or known at that time, there is nothing to compare with.";
      return [about, h("p", { class: "empty" }, why), ...present(notes(reply.notes))];
    }
    const list = h("ol", { class: "hits", "aria-label": "Analogs, most similar first" });
    for (const hit of reply.hits) list.append(this.#hit(hit));
    return [
      about,
      ...this.#after(reply),
      h("h3", {}, "The analogs"),
      h("p", { class: "small" }, `Left of the line the window, right of it the ${state.horizon} bars that came next.`),
      list,
      ...present(notes(reply.notes)),
    ];
  }

  #named(reply: SimilarReply): string {
    const { state } = this.page;
    if (state.path) return "the drawn path";
    if (state.sentence) return `“${state.sentence}”`;
    return reply.query.end ? `the one that ended ${utc(parse(reply.query.end))}` : reply.query.target;
  }

  #after(reply: SimilarReply): Node[] {
    const outcomes = reply.outcomes;
    const last = outcomes.at(-1);
    if (!last) return [];
    const bars = (o: { horizon: number | string }) => Number.parseInt(String(o.horizon), 10);
    const steps = outcomes.map((o) => ({ bars: bars(o), hits: o.hits, base: o.base }));
    const words = sentence(bars(last), last);
    const key = h(
      "p",
      { class: "key" },
      h("span", { class: "swatch hits" }),
      "after the analogs: median, and where the middle 50 % and 90 % lie ",
      h("span", { class: "swatch base" }),
      "after any window: median, and where 90 % lie",
    );
    const few = last.hits && last.hits.n < FEW ? `Only ${last.hits.n} outcomes count, so the edges of the fan are single windows. ` : "";
    const rows = outcomes.map((o) => ({ after: `${bars(o)} bars`, what: "the analogs", found: o }));
    return [
      h("h3", {}, "What came next"),
      h("p", { class: "verdict" }, words),
      fan(steps, `Fan of what followed. ${words}`),
      key,
      h("details", {}, h("summary", {}, "All horizons as numbers"), versus(rows, "What came next, beside what follows any window")),
      h("p", { class: "small" }, `${few}Nothing is predicted: most often what followed does not differ from what follows any window.`),
    ];
  }

  #hit(hit: Hit): HTMLElement {
    const { state } = this.page;
    const end = parse(hit.end);
    const last = hit.outcomes?.at(-1);
    const came = last?.outcome === "closed" ? percent(last.change) : last ? `${last.outcome} yet` : "–";
    const picture = h("span", { class: "picture" });
    void this.#picture(hit, picture);
    const out = hit.left_out ? h("span", { class: "tag line", title: "It is in the list but not in the summary." }, `not counted: ${hit.left_out}`) : null;
    return h(
      "li",
      { class: "hit" },
      h(
        "span",
        { class: "who" },
        windowLink(this.page, nameOf(hit), end, `${hit.symbol} ${hit.interval}`),
        h("span", { class: "small" }, ` ends ${utc(end)} `),
        out,
      ),
      picture,
      h(
        "span",
        { class: "figures" },
        figure("score", score(hit.score)),
        figure("move", hit.move_percent == null ? "–" : `${percent(hit.move_percent / 100, 1)} (${deviations(hit.move_sd)} sd)`),
        figure(`next ${state.horizon}`, came),
      ),
    );
  }

  async #picture(hit: Hit, place: HTMLElement): Promise<void> {
    const { state, api } = this.page;
    const end = parse(hit.end);
    // Sessions have nights and weekends, so more time is asked for than the bars need.
    const until = end + state.horizon * intervalMs(hit.interval) * 2 + 4 * 86_400_000;
    try {
      const bars = await stretch(api, nameOf(hit), parse(hit.start), until, this.#pictures.signal);
      const split = bars.filter((bar) => closeOf(bar.open, hit.interval) <= end).length;
      const closes = bars.map((bar) => bar.close);
      const after = closes.slice(split, split + state.horizon);
      const label = `Closes of ${hit.symbol} until ${bare(end)}, then ${after.length} bars`;
      if (split > 0) place.replaceChildren(spark(closes.slice(0, split), after, state.horizon, label));
    } catch {
      // The list stands without the picture; a server that is gone is told by the next question.
    }
  }
}

const figure = (name: string, value: string): HTMLElement =>
  h("span", { class: "figure" }, h("span", { class: "name" }, name), h("span", { class: "value" }, value));

export const present = <T>(value: T | null): T[] => (value === null ? [] : [value]);
