import {
  type HistogramData, HistogramSeries, type IChartApi, type IPrimitivePaneRenderer, type ISeriesApi, type ISeriesPrimitive,
  type Time, type UTCTimestamp,
} from "lightweight-charts";
import type { Candle } from "./bars";
import type { Colours } from "./theme";

/** The pane under the prices: what was traded in each bar. It is there when it is wanted and the series has volumes. */
export class Volume {
  #series: ISeriesApi<"Histogram"> | null = null;
  #wanted = false;
  #bars: readonly Candle[] = [];

  constructor(private readonly chart: IChartApi, private readonly colours: () => Colours) {}

  set wanted(wanted: boolean) {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.set(this.#bars);
  }

  /** Takes all bars anew, also when their colours changed. */
  set(bars: readonly Candle[]): void {
    this.#bars = bars;
    const shown = this.#wanted && bars.some((bar) => bar.volume > 0);
    if (!shown && this.#series) {
      this.chart.removeSeries(this.#series);
      this.#series = null;
    } else if (shown) {
      this.#series ??= this.#pane();
      const { up, down } = this.#shades();
      this.#series.setData(bars.map((bar) => column(bar, up, down)));
    }
  }

  /** Takes bars that follow the others. */
  append(bars: readonly Candle[], all: readonly Candle[]): void {
    this.#bars = all;
    if (!this.#series) {
      // The first bars of a series may have none.
      this.set(all);
      return;
    }
    const { up, down } = this.#shades();
    for (const bar of bars) this.#series.update(column(bar, up, down));
  }

  #shades(): { up: string; down: string } {
    const c = this.colours();
    return { up: `${c.up}99`, down: `${c.down}99` };
  }

  #pane(): ISeriesApi<"Histogram"> {
    const options = { priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false } as const;
    const series = this.chart.addSeries(HistogramSeries, options, 1);
    series.priceScale().applyOptions({ scaleMargins: { top: 0.22, bottom: 0 } });
    series.attachPrimitive(new Name(this.colours));
    const [prices, volumes] = this.chart.panes();
    prices?.setStretchFactor(4);
    volumes?.setStretchFactor(1);
    return series;
  }
}

function column(bar: Candle, up: string, down: string): HistogramData<UTCTimestamp> {
  return { time: bar.time, value: bar.volume, color: bar.close < bar.open ? down : up };
}

/** Says in the pane what it shows. */
class Name implements ISeriesPrimitive<Time> {
  constructor(private readonly colours: () => Colours) {}

  paneViews() {
    const renderer: IPrimitivePaneRenderer = {
      draw: (target) => target.useMediaCoordinateSpace(({ context }) => {
        context.font = "11px system-ui, sans-serif";
        context.fillStyle = this.colours().base;
        context.textAlign = "left";
        context.textBaseline = "top";
        context.fillText("volume", 4, 3);
      }),
    };
    return [{ zOrder: () => "top" as const, renderer: () => renderer }];
  }
}
