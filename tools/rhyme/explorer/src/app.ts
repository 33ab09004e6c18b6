import { Analogs } from "./analogs";
import { Api, type Headline, saidBy, type SeriesRow, type Space } from "./api";
import type { BarBlock } from "./bars";
import { PriceChart } from "./chart";
import { byId, h } from "./dom";
import { price } from "./format";
import { Lanes } from "./lanes";
import { Markets } from "./markets";
import { News } from "./news";
import { NO_QUERY, NO_RANGE, type Page } from "./panel";
import { Picker } from "./picker";
import { spark } from "./pictures";
import { Pointer } from "./pointer";
import { Regimes } from "./regimes";
import { Replay } from "./replay";
import { fromHash, START, type State, type Tab, TABS, toHash } from "./state";
import { bare, utc } from "./time";
import { Unusual } from "./unusual";
import { Words } from "./words";

/** How many bars are seen of a series that was just opened. */
const SEEN = 180;
const PAUSE = 350;

/** The page: holds the view, brings all parts to it, and keeps it in the address. */
export class App implements Page {
  readonly api = new Api();
  state: State = START;
  readonly chart: PriceChart;
  readonly pointer: Pointer;
  readonly replay: Replay;
  readonly picker: Picker;
  readonly lanes: Lanes;
  readonly analogs: Analogs;
  readonly words: Words;
  readonly news: News;
  readonly unusual: Unusual;
  readonly markets: Markets;
  readonly #regimes: Regimes;
  #spaces: Space[] = [];
  #windowBars = 64;
  /** The latest window is to be asked for, as the replay has moved. */
  #follow = false;
  #busy: Promise<void> = Promise.resolve();
  #pause: ReturnType<typeof setTimeout> | null = null;
  /** The series that the chart has, and the time that it is as of. */
  #shown: { series: string | null; asOf: number | null } = { series: null, asOf: null };
  /** The series as of now, if the page ever asked for them: they say how far the slider of the replay reaches. */
  #now: SeriesRow[] = [];

  constructor() {
    this.api.onBusy = (waiting) => {
      byId("busy").hidden = waiting === 0;
    };
    this.chart = new PriceChart(byId("chart"), this.api, byId("legend"), {
      clicked: (index) => this.clicked(index),
      moved: () => this.#moved(),
      grown: () => this.#grown(),
      failed: (error) => this.#failed(error),
    });
    this.lanes = new Lanes(this.chart);
    this.pointer = new Pointer(byId("glass"), this.chart, {
      selecting: (from, to) => this.chart.select(from, to, `${to - from + 1} bars`),
      selected: (to) => this.select(to),
      drawn: (path) => this.go({ ...NO_QUERY, path, tab: "analogs" }),
    });
    this.replay = new Replay(this.api, this.chart, (asOf) => this.#asOf(asOf), () => this.#replayStart());
    this.picker = new Picker(byId("series"), byId("series-list"), () => this.#list(), (series) => {
      if (series !== this.state.series) this.go({ ...NO_QUERY, ...NO_RANGE, series });
    });
    byId("markets-to").addEventListener("focus", () => {
      if (this.picker.rows === null) void this.#list();
    });
    this.analogs = new Analogs(this, byId("analogs"), (reply) => {
      this.#windowBars = reply.query.window_bars;
      this.#select();
    });
    this.words = new Words(this, byId("words"));
    const places = { list: byId("headlines"), fitting: byId("fitting"), reaction: byId("reaction") };
    this.news = new News(this, places, (headlines) => this.#headlines(headlines));
    this.unusual = new Unusual(this, byId("unusual"), (reply) => {
      this.lanes.unusual = reply;
      this.lanes.draw(this.state);
    });
    this.#regimes = new Regimes(this, byId("lane-errors"), (reply) => {
      this.lanes.regimes = reply;
      this.lanes.draw(this.state);
    });
    this.markets = new Markets(this, byId("markets"));
  }

  get block(): BarBlock | null {
    return this.chart.block;
  }

  say(text: string): void {
    byId("say").textContent = text;
  }

  async start(): Promise<void> {
    addEventListener("hashchange", () => void this.#apply(fromHash(location.hash)));
    const state = fromHash(location.hash);
    this.api.asOf = state.asOf;
    this.picker.asOf = state.asOf;
    await this.#list();
    await this.#readSpaces();
    const first = state.series ?? this.#first();
    await this.#apply({ ...state, series: first });
    if (first !== state.series) this.#keepAddress();
  }

  /** The series with the most bars, for whoever comes without a link. */
  #first(): string | null {
    const rows = this.picker.rows ?? [];
    const most = rows.reduce<SeriesRow | null>((best, row) => (best && best.bars >= row.bars ? best : row), null);
    return most ? `${most.market}/${most.venue}/${most.symbol}:${most.interval}` : null;
  }

  async #list(): Promise<void> {
    const { asOf } = this.api;
    try {
      const { series } = await this.api.ask<{ series: SeriesRow[] }>("series", {});
      if (this.api.asOf !== asOf) return;
      if (asOf === null) this.#now = series;
      this.picker.rows = series;
      byId("markets-known").replaceChildren(...[...new Set(series.map((row) => row.market))].map((market) => h("option", { value: market })));
      if (series.length === 0) {
        byId("chart-empty").textContent = asOf !== null ? "No bar of any series had closed by the time of the replay." :
          "This database has no series yet. `rhyme ingest bars FILE` reads candles; `rhyme demo --small` makes a market to look at.";
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  async #readSpaces(): Promise<void> {
    try {
      this.#spaces = (await this.api.ask<{ spaces: Space[] }>("spaces", {})).spaces;
      const space = this.#spaces.find((s) => s.name === "shape") ?? this.#spaces[0];
      if (space) this.#windowBars = space.window;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Another view, which one can come back from. */
  go(part: Partial<State>): void {
    const next = { ...this.state, ...part };
    const hash = toHash(next);
    if (hash !== location.hash) history.pushState(null, "", hash);
    // A key may open a panel and go on in it, so the panel does not wait for answers.
    this.#tabs(next.tab);
    void this.#apply(next);
  }

  #keepAddress(): void {
    history.replaceState(null, "", toHash(this.state));
  }

  /** Brings the page to a view, one after the other. */
  #apply(next: State): Promise<void> {
    const done = this.#busy.then(() => this.#change(next)).catch((error: unknown) => this.#failed(error));
    this.#busy = done;
    return done;
  }

  async #change(next: State): Promise<void> {
    const before = this.state;
    this.state = next;
    this.api.asOf = next.asOf;
    this.picker.asOf = next.asOf;
    this.picker.show(next.series);
    if (isEarlier(next.asOf, before.asOf)) this.#forget();
    if (next.asOf === null && this.picker.rows === null) await this.#list();
    await this.#bring(next, before);
    this.#clip();
    this.#select();
    this.#controls();
    this.#questions();
  }

  /** Brings the candles to the view. */
  async #bring(next: State, before: State): Promise<void> {
    const shown = this.#shown;
    const block = this.chart.block;
    this.#shown = { series: next.series, asOf: next.asOf };
    if (next.series === null) {
      this.chart.clear();
      return;
    }
    const moved = next.asOf !== shown.asOf;
    const opened = block === null || shown.series !== next.series || (moved && next.asOf === null);
    const ranged = next.from !== null && (next.from !== before.from || next.until !== before.until);
    const aims = [next.window !== before.window ? next.window : null, ranged ? next.from : null, ranged ? next.until : null];
    const far = block !== null && aims.some((time) => time !== null && !this.#has(block, time));
    if (opened || far) {
      await this.#open(next, next.until ?? next.window);
      this.#see(next);
    } else if (moved && (isEarlier(next.asOf, shown.asOf) || !block.atEnd)) {
      const seen = this.chart.visible;
      await this.#open(next, null);
      this.#keepEnd(seen ? seen.to - seen.from : SEEN);
    } else if (moved) await this.chart.forward();
    else if (ranged) this.#see(next);
    else if (next.window !== null && next.window !== before.window) {
      const to = block.closedAt(next.window);
      this.chart.reveal(to - this.#windowBars, Math.min(to + 5, block.candles.length - 1));
    }
  }

  async #open(next: State, around: number | null): Promise<void> {
    try {
      await this.chart.open(next.series ?? "", around);
      if (this.chart.block) this.state = { ...this.state, series: this.chart.block.name };
      this.picker.show(this.state.series);
      const empty = byId("chart-empty");
      empty.hidden = (this.chart.block?.candles.length ?? 0) > 0;
      empty.textContent = "No bar of this series had closed by the time of the replay. Move the slider on.";
    } catch (error) {
      this.chart.clear();
      throw error;
    }
  }

  #has(block: BarBlock, time: number): boolean {
    const [first, last] = [block.close(0), block.close(block.candles.length - 1)];
    return first !== null && last !== null && (time >= first || block.atStart) && (time <= last || block.atEnd);
  }

  /** Shows as many bars as before, up to the last one. */
  #keepEnd(width: number): void {
    const end = (this.chart.block?.candles.length ?? 0) + 4;
    this.chart.show(end - width, end);
  }

  /** Shows what a view says is seen. */
  #see(next: State): void {
    const block = this.chart.block;
    if (!block) return;
    const end = block.candles.length - 1;
    if (next.from !== null && next.until !== null) {
      this.chart.show(block.openedAt(next.from), block.openedAt(next.until));
    } else if (next.window !== null) {
      const to = block.closedAt(next.window) + Math.max(next.horizon, 20) + 10;
      this.chart.show(to - Math.max(SEEN, 2 * this.#windowBars), to);
    } else this.chart.show(end - SEEN, end + 5);
  }

  /** A selection ends where the bars end. */
  #clip(): void {
    const { asOf, window } = this.state;
    const block = this.chart.block;
    const last = block ? block.close(block.candles.length - 1) : null;
    if (asOf === null || last === null) return;
    const next = this.#follow ? last : window !== null && window > asOf ? null : window;
    this.#follow = false;
    if (next !== window) {
      this.state = { ...this.state, window: next };
      this.#keepAddress();
    }
  }

  /** Draws the window that is asked for. */
  #select(): void {
    const block = this.chart.block;
    const { window, horizon } = this.state;
    const to = block && window !== null ? block.closedAt(window) : -1;
    if (to < 0) {
      this.chart.unselect();
      return;
    }
    const from = Math.max(to - this.#windowBars + 1, 0);
    this.chart.select(from, to, `${this.#windowBars} bars · next ${horizon} →`);
  }

  #tabs(open: Tab): void {
    for (const tab of TABS) {
      const on = tab === open;
      byId(`panel-${tab}`).hidden = !on;
      const button = byId(`tab-${tab}`);
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
    }
  }

  #controls(): void {
    const { state } = this;
    document.documentElement.toggleAttribute("data-replay", state.asOf !== null);
    byId("as-of").textContent = state.asOf === null ? "As of now: all that is stored" : `As of ${utc(state.asOf)}`;
    document.title = `${state.series ?? "RhymeDB explorer"}${state.asOf === null ? "" : ` as of ${bare(state.asOf)}`}`;
    byId("chart").setAttribute("aria-label", state.series ? `Candles of ${state.series}` : "Candles");
    fill("horizon", String(state.horizon));
    fill("k", String(state.k));
    fill("words-text", state.words);
    fill("news-text", state.headline ?? "");
    fill("markets-to", state.to);
    for (const name of ["mixed", "then"] as const) byId<HTMLInputElement>(name).checked = state[name];
    for (const box of document.querySelectorAll<HTMLInputElement>("#lanes input")) {
      box.checked = state.lanes[box.value as keyof State["lanes"]];
    }
    this.#tabs(state.tab);
    if (!state.path) this.chart.overlay.change({ pen: [] });
    const shape = state.path ? spark(state.path, [], 1, "The drawn path") : null;
    byId("question").replaceChildren(...(shape ? [h("p", { class: "small" }, "The drawn path:"), shape] : []));
    this.replay.show(state.asOf, this.#now.find((row) => row.symbol === this.block?.series.symbol && row.interval === this.block.series.interval && row.venue === this.block.series.venue && row.market === this.block.series.market));
    this.pointer.lay();
  }

  /** Asks what the view asks. Parts that are not seen wait until they are. */
  #questions(): void {
    const { tab } = this.state;
    if (this.#spaces.length === 0) {
      const text = "This database has no space, so nothing is comparable yet. `rhyme embed --space shape --encoder shape` makes one of the stored bars.";
      const all = [this.analogs.asked, this.words.asked, this.markets.asked, this.unusual.asked, this.news.reaction, this.news.fitting];
      for (const asked of all) asked.empty(text);
    } else {
      if (tab === "analogs") this.analogs.update();
      if (tab === "words") this.words.update();
      if (tab === "markets") this.markets.update();
      if (tab === "news") this.news.update();
    }
    this.news.updateList();
    this.#ofWhatIsSeen();
  }

  #ofWhatIsSeen(): void {
    const seen = this.chart.visible;
    if (this.#spaces.length > 0) this.unusual.update(seen, this.state.tab === "unusual" || this.state.lanes.unusual);
    this.#regimes.update(seen);
    this.lanes.draw(this.state);
  }

  /** Nothing of what was answered as of a later time may stay. */
  #forget(): void {
    const all = [this.analogs.asked, this.words.asked, this.news.list, this.news.fitting, this.news.reaction, this.unusual.asked, this.#regimes.asked, this.markets.asked];
    for (const asked of all) asked.clear();
    this.analogs.stop();
    this.lanes.headlines = [];
    this.lanes.regimes = null;
    this.lanes.unusual = null;
    this.chart.overlay.change({ marks: [], lanes: [], cursor: null });
    byId("markets-known").replaceChildren();
  }

  #headlines(headlines: Headline[]): void {
    this.lanes.headlines = headlines;
    this.lanes.draw(this.state);
  }

  #grown(): void {
    this.#select();
    this.news.updateList();
    this.lanes.draw(this.state);
  }

  #moved(): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      const [seen, block] = [this.chart.visible, this.chart.block];
      if (!seen || !block || block.candles.length === 0) return;
      const end = block.candles.length - 1;
      const at = (i: number) => (this.chart.timeOf(Math.min(Math.max(Math.round(i), 0), end)) ?? 0) * 1000;
      if (this.chart.overlay.drawn.pen.length > 0) this.pointer.cancel();
      this.state = { ...this.state, from: at(seen.from), until: at(seen.to) };
      this.#keepAddress();
      this.#ofWhatIsSeen();
    }, PAUSE);
  }

  #failed(error: unknown): void {
    const text = saidBy(error);
    if (text === null) return;
    const place = byId("chart-empty");
    place.hidden = false;
    place.textContent = text;
    this.say(text);
  }

  clicked(index: number): void {
    this.select(index);
  }

  /** Asks for the window that ends with a bar. */
  select(index: number): void {
    const close = this.chart.block?.close(index) ?? null;
    const bar = this.chart.block?.candles[index];
    if (close === null || !bar) return;
    this.say(`Window that ends ${utc(close)}, close ${price(bar.close)}.`);
    const tab = this.state.tab === "words" || this.state.tab === "unusual" ? "analogs" : this.state.tab;
    this.go({ ...NO_QUERY, window: close, tab });
  }

  #replayStart(): number | null {
    const block = this.chart.block;
    const seen = this.chart.visible;
    if (this.state.window !== null) return this.state.window;
    if (!block || !seen) return null;
    return block.close(Math.max(Math.min(Math.round((seen.from + seen.to) / 2), block.candles.length - 1), 0));
  }

  /** Steps of replay take the place of each other in the address's history. */
  #asOf(asOf: number | null): Promise<void> {
    const begins = (asOf === null) !== (this.state.asOf === null);
    const next = { ...this.state, asOf, ...NO_RANGE };
    const hash = toHash(next);
    if (begins) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
    this.#follow = this.replay.follows && asOf !== null && next.path === null && next.sentence === null;
    return this.#apply(next);
  }
}

/** Fills a field, unless somebody is typing into it. */
function fill(id: string, value: string): void {
  const field = byId<HTMLInputElement>(id);
  if (document.activeElement !== field || field.value === "") field.value = value;
}

/** Whether a view as of the first time may know less than one as of the second. */
function isEarlier(next: number | null, before: number | null): boolean {
  return next !== null && (before === null || next < before);
}
