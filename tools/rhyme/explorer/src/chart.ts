import {
  CandlestickSeries, ColorType, CrosshairMode, createChart, type IChartApi, type ISeriesApi, type LogicalRange,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Api } from "./api";
import { BarBlock, type Candle, ms } from "./bars";
import { percent, price, tick, volume } from "./format";
import { LANE, Overlay } from "./overlay";
import { colours } from "./theme";
import { bare, closeOf, utc } from "./time";
import { Volume } from "./volume";

/** From how near to the end of what was read the next piece is read. */
const AHEAD = 500;

export interface ChartEvents {
  /** A bar was clicked. */
  clicked(index: number): void;
  /** What is seen changed. */
  moved(): void;
  /** More bars were read; places have moved by so many. */
  grown(): void;
  failed(error: unknown): void;
}

export class PriceChart {
  readonly overlay = new Overlay(colours);
  block: BarBlock | null = null;
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volume: Volume;
  #reading = new AbortController();

  constructor(
    readonly element: HTMLElement,
    private readonly api: Api,
    private readonly legend: HTMLElement,
    private readonly events: ChartEvents,
  ) {
    this.#chart = createChart(element, {
      autoSize: true,
      layout: { attributionLogo: false, panes: { enableResize: false } },
      crosshair: { mode: CrosshairMode.Normal },
      localization: { timeFormatter: (time: number) => utc(time * 1000) },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 0.02, enableConflation: true },
      kineticScroll: { mouse: false, touch: true },
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, { lastValueVisible: false, priceLineVisible: false });
    this.#candles.attachPrimitive(this.overlay);
    this.#volume = new Volume(this.#chart, colours);
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => this.#moved(range));
    this.#chart.subscribeClick((at) => {
      if (at.logical !== undefined && at.point) this.#clicked(Math.round(at.logical));
    });
    this.#chart.subscribeCrosshairMove((at) => {
      const y = at.point?.y;
      const index = at.logical === undefined ? this.overlay.drawn.cursor : Math.round(at.logical);
      // Marks and lanes are in the pane of the prices.
      this.#tell(index, at.point && y !== undefined && at.paneIndex === 0 ? { x: at.point.x, y } : null);
    });
    this.repaint();
  }

  #clicked(index: number): void {
    if (this.block?.candles[index]) this.events.clicked(index);
  }

  /** Takes over the colours of the theme. */
  repaint(): void {
    const c = colours();
    this.#chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: c.background }, textColor: c.text,
        panes: { separatorColor: c.grid },
      },
      grid: { vertLines: { color: c.grid }, horzLines: { color: c.grid } },
      rightPriceScale: { borderColor: c.grid },
      timeScale: { borderColor: c.grid },
    });
    this.#candles.applyOptions({
      upColor: c.background, borderUpColor: c.up, wickUpColor: c.up,
      downColor: c.down, borderDownColor: c.down, wickDownColor: c.down,
    });
    this.#volume.set(this.block?.candles ?? []);
    this.overlay.change({});
  }

  /** Shows the volumes under the prices, or hides them. */
  set withVolume(shown: boolean) {
    this.#volume.wanted = shown;
  }

  /** Leaves room for lanes under the candles. */
  makeRoom(lanes: number): void {
    const height = this.pane.height || 400;
    const bottom = Math.min(0.4, ((lanes + 1) * LANE + 8) / height);
    this.#candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom } });
  }

  async open(name: string, around: number | null): Promise<void> {
    const signal = this.#restart();
    const block = await BarBlock.open(this.api, name, around, signal);
    if (signal.aborted) return;
    this.block = block;
    const last = block.candles.at(-1);
    if (last) this.#candles.applyOptions({ priceFormat: { type: "price", ...tick(last.close) } });
    this.#setBars(block.candles);
    this.#tell(null, null);
  }

  #setBars(bars: Candle[]): void {
    this.#candles.setData(bars);
    this.#volume.set(bars);
  }

  clear(): void {
    this.#restart();
    this.block = null;
    this.#setBars([]);
    this.legend.textContent = "";
  }

  #restart(): AbortSignal {
    this.#reading.abort();
    this.#reading = new AbortController();
    return this.#reading.signal;
  }

  /** Shows bars from one index to another. */
  show(from: number, to: number): void {
    this.#chart.timeScale().setVisibleLogicalRange({ from, to });
  }

  get visible(): LogicalRange | null {
    return this.#chart.timeScale().getVisibleLogicalRange();
  }

  /** Brings an index into sight where it is not. */
  reveal(from: number, to: number): void {
    const seen = this.visible;
    if (seen && from >= seen.from && to <= seen.to) return;
    const width = Math.max(seen ? seen.to - seen.from : 150, (to - from) * 1.5);
    const middle = (from + to) / 2;
    this.show(middle - width / 2, middle + width / 2);
  }

  zoom(factor: number): void {
    const seen = this.visible;
    if (!seen) return;
    const [middle, half] = [(seen.from + seen.to) / 2, ((seen.to - seen.from) / 2) * factor];
    // Before the first bar there is nothing to see.
    this.show(Math.max(middle - half, Math.min(seen.from, -10)), middle + half);
  }

  indexAt(x: number): number | null {
    const at = this.#chart.timeScale().coordinateToLogical(x);
    return at === null ? null : Math.round(at);
  }

  /** The size of the pane of the candles, in pixels. */
  get pane(): { width: number; height: number } {
    return { width: this.#chart.timeScale().width(), height: this.#chart.panes()[0]?.getHeight() ?? 0 };
  }

  picture(): HTMLCanvasElement {
    return this.#chart.takeScreenshot(true, false);
  }

  /** Takes the bars that replay has reached. */
  async forward(): Promise<number> {
    const block = this.block;
    const added = block ? await block.forward(this.#reading.signal) : 0;
    if (!block || block !== this.block || added === 0) return 0;
    // A step adds one bar or a few, which need no full redraw.
    const newer = block.candles.slice(-added);
    if (added > 500) this.#setBars(block.candles);
    else {
      for (const bar of newer) this.#candles.update(bar);
      this.#volume.append(newer, block.candles);
    }
    this.#tell(null, null);
    return added;
  }

  #moved(range: LogicalRange | null): void {
    this.events.moved();
    const block = this.block;
    if (!range || !block) return;
    if (range.from < AHEAD) void this.#grow(block, () => block.before(this.#reading.signal), true);
    if (range.to > block.candles.length - AHEAD) {
      void this.#grow(block, () => block.after(this.#reading.signal), false);
    }
  }

  async #grow(block: BarBlock, read: () => Promise<number>, before: boolean): Promise<void> {
    try {
      const added = await read();
      if (added === 0 || block !== this.block) return;
      const seen = this.visible;
      this.#setBars(block.candles);
      // Bars that came before have moved all places.
      if (seen && before) this.show(seen.from + added, seen.to + added);
      if (before && this.overlay.drawn.cursor !== null) this.overlay.change({ cursor: this.overlay.drawn.cursor + added });
      this.events.grown();
    } catch (error) {
      this.events.failed(error);
    }
  }

  /** Moves the cursor of the keyboard. */
  point(index: number | null): void {
    this.overlay.change({ cursor: index });
    if (index !== null) this.reveal(index, index);
    this.#tell(index, null);
  }

  /** Tells the bar under the pointer, or the last one. */
  #tell(index: number | null, at: { x: number; y: number } | null): void {
    const block = this.block;
    const i = index ?? this.overlay.drawn.selection?.to ?? (block ? block.candles.length - 1 : -1);
    const bar = block?.candles[i];
    if (!block || !bar) return;
    const mark = at ? this.overlay.markAt(at.x, at.y, this.pane.height) : null;
    const stretch = at ? this.overlay.stretchAt(i, at.y, this.pane.height) : null;
    const more = mark?.label ?? stretch;
    this.legend.textContent = `${ohlc(bar, block)}${more ? ` · ${more}` : ""}`;
  }

  /** Marks the window that is asked for. */
  select(from: number, to: number, label: string): void {
    this.overlay.change({ selection: { from, to, label } });
    this.#tell(null, null);
  }

  unselect(): void {
    this.overlay.change({ selection: null });
    this.#tell(null, null);
  }

  timeOf(index: number): UTCTimestamp | null {
    return this.block?.candles[index]?.time ?? null;
  }
}

function ohlc(bar: Candle, block: BarBlock): string {
  const opened = ms(bar);
  const closed = closeOf(opened, block.series.interval);
  const prices = `open ${price(bar.open)}, high ${price(bar.high)}, low ${price(bar.low)}, close ${price(bar.close)}`;
  const traded = bar.volume > 0 ? `, volume ${volume(bar.volume)}` : "";
  return `${bare(opened)} to ${utc(closed)}: ${prices} (${percent(bar.close / bar.open - 1)})${traded}`;
}
