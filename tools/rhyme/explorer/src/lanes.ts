import type { Headline, RegimesReply, ScanReply } from "./api";
import type { PriceChart } from "./chart";
import { percent } from "./format";
import { published } from "./news";
import type { Mark, Stretch } from "./overlay";
import type { State } from "./state";
import { colours } from "./theme";
import { parse } from "./time";

/** What stands under the candles, put to places whenever bars were added. */
export class Lanes {
  headlines: Headline[] = [];
  regimes: RegimesReply | null = null;
  unusual: ScanReply | null = null;

  constructor(private readonly chart: PriceChart) {}

  draw(state: State): void {
    const lanes = [
      ...(state.lanes.unusual ? [{ name: "unusual", stretches: this.#episodes() }] : []),
      ...(state.lanes.regimes ? [{ name: "regime", stretches: this.#runs() }] : []),
    ];
    this.chart.withVolume = state.lanes.volume;
    this.chart.makeRoom(lanes.length);
    this.chart.overlay.change({ lanes, marks: state.lanes.news ? this.#marks(state) : [] });
  }

  #marks(state: State): Mark[] {
    const block = this.chart.block;
    if (!block) return [];
    return this.headlines.flatMap((row) => {
      const index = block.openedAt(parse(row.published));
      const strong = row.text === state.headline;
      return index < 0 ? [] : [{ index, label: `${published(row)}: ${row.text}`, strong }];
    });
  }

  #stretch(first: string, last: string): { from: number; to: number } | null {
    const block = this.chart.block;
    const to = block?.closedAt(parse(last)) ?? -1;
    return to < 0 ? null : { from: Math.max(block?.closedAt(parse(first)) ?? 0, 0), to };
  }

  #runs(): Stretch[] {
    const palette = colours().lanes;
    return (this.regimes?.runs ?? []).flatMap((run) => {
      const at = this.#stretch(run.first, run.last);
      const label = run.label ?? "no label";
      const colour = palette[run.label === null ? 0 : 1 + (hash(label) % (palette.length - 1))] ?? "gray";
      return at ? [{ ...at, colour, label }] : [];
    });
  }

  #episodes(): Stretch[] {
    const c = colours();
    return (this.unusual?.episodes ?? []).flatMap((e) => {
      const at = this.#stretch(e.from, e.to);
      const label = e.move_percent == null ? "unusual" : percent(e.move_percent / 100, 1);
      return at ? [{ ...at, colour: (e.move_percent ?? 0) < 0 ? c.down : c.up, label }] : [];
    });
  }
}

/** The same colour for the same label, whatever else is seen. */
function hash(text: string): number {
  let sum = 0;
  for (const c of text) sum = (sum * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  return sum;
}
