import { type Headline, nameOf, type NewsReply, type ReactionReply } from "./api";
import { present, target } from "./analogs";
import { h, notes, table } from "./dom";
import { percent, score } from "./format";
import { Asked, link, type Page, windowLink } from "./panel";
import { bare, closeOf, iso, parse, utc } from "./time";
import { sentence, versus } from "./verdict";

interface HeadlinesReply { headlines: Headline[]; notes: string[] }
const MOST = 500;

/** A headline's time; a day alone has no hour. */
export const published = (row: Headline): string =>
  row.precision === "day" ? row.published.slice(0, 10) : bare(parse(row.published));

/** Headlines of the series, those that fit the window, and what followed such news. */
export class News {
  readonly list: Asked<HeadlinesReply>;
  readonly fitting: Asked<NewsReply>;
  readonly reaction: Asked<ReactionReply>;

  constructor(
    private readonly page: Page,
    places: { list: HTMLElement; fitting: HTMLElement; reaction: HTMLElement },
    private readonly marks: (headlines: Headline[]) => void,
  ) {
    this.list = new Asked(places.list);
    this.fitting = new Asked(places.fitting);
    this.reaction = new Asked(places.reaction);
  }

  /** Headlines are also marks on the chart, so they are asked for whatever panel is open. */
  updateList(): void {
    const { state, api, block } = this.page;
    const first = block?.candles[0];
    const last = block ? block.close(block.candles.length - 1) : null;
    if (!block || !first || last === null) {
      this.marks([]);
      this.list.empty("Pick a series to see its headlines.");
      return;
    }
    const period = { from: iso(first.time * 1000), until: iso(last) };
    const options = { symbol: block.series.symbol, ...period, last: MOST };
    const ask = (signal: AbortSignal) => api.ask<HeadlinesReply>("headlines", options, signal);
    this.list.ask(JSON.stringify([options, state.asOf]), ask, (reply) => this.#showList(reply, block.series.symbol));
  }

  update(): void {
    const { state, api, block } = this.page;
    const text = state.headline;
    const market = block ? { market: block.series.market, interval: block.series.interval } : {};
    const options = { text, horizon: state.horizon, k: 20, ...market };
    if (text === null) this.reaction.empty("Choose a headline below, or type one and press Enter, to see what followed news like it.");
    else {
      const ask = (signal: AbortSignal) => api.ask<ReactionReply>("reaction", options, signal);
      this.reaction.ask(JSON.stringify([options, state.asOf]), ask, (reply) => this.#showReaction(reply));
    }
    const subject = target(this.page);
    if (subject === null || state.path || state.sentence) {
      this.fitting.empty("Click a bar to see the headlines that were known by then and fit its chart.");
    } else {
      const ask = (signal: AbortSignal) => api.ask<NewsReply>("news", { target: subject, k: 8 }, signal);
      this.fitting.ask(JSON.stringify([subject, state.asOf]), ask, (reply) => this.#showFitting(reply));
    }
  }

  #showList(reply: HeadlinesReply, symbol: string): Node[] {
    this.marks(reply.headlines);
    if (reply.headlines.length === 0) {
      const text = `No headline names ${symbol} in the time of the bars that were read. \`rhyme ingest headlines FILE\` reads more.`;
      return [h("p", { class: "empty" }, text)];
    }
    const rows = reply.headlines.toReversed().map((row) => [
      published(row), link(this.page, { headline: row.text, tab: "news" }, row.text), row.source,
    ]);
    const cut = reply.headlines.length === MOST ? `, the latest ${MOST}` : "";
    return [
      table(`Headlines of ${symbol} in the time of the bars that were read${cut}`, ["published (UTC)", "headline", "source"], rows),
      ...present(notes(reply.notes)),
    ];
  }

  #showFitting(reply: NewsReply): Node[] {
    if (reply.headlines.length === 0) return [h("p", { class: "empty" }, "No headline was known then."), ...present(notes(reply.notes))];
    const rows = reply.headlines.map((row) => [
      score(row.score), bare(parse(row.known)), link(this.page, { headline: row.text, tab: "news" }, row.text),
    ]);
    return [
      ...(reply.warning ? [h("p", { class: "warning" }, reply.warning)] : []),
      table("Known by the window's end, those that fit its chart first", [">score", "known (UTC)", "headline"], rows),
      ...present(notes(reply.notes.filter((note) => note !== reply.warning))),
    ];
  }

  #showReaction(reply: ReactionReply): Node[] {
    const { state } = this.page;
    const found = { hits: reply.summary, base: reply.base, base_windows: reply.base_windows, p_value: reply.p_value, no_p_value: reply.no_p_value };
    const rows = reply.outcomes.map((row) => [
      score(row.score),
      bare(parse(row.known)),
      windowLink(this.page, nameOf(row), closeOf(parse(row.start), row.interval), row.symbol),
      percent(row.change),
      row.text,
    ]);
    const asOf = reply.query.as_of ? `, as of ${utc(parse(reply.query.as_of))}` : "";
    return [
      h("p", { class: "verdict" }, `News like “${reply.query.text}”${asOf}. ${sentence(state.horizon, found)}`),
      ...(reply.warning ? [h("p", { class: "warning" }, reply.warning)] : []),
      versus([{ after: `${state.horizon} bars`, what: "such news", found }], "What followed such news, beside what follows any window"),
      table("The news", [">score", "known (UTC)", "series", ">change", "headline"], rows),
      ...present(notes(reply.notes.filter((note) => note !== reply.warning))),
    ];
  }
}
