import type { PriceChart } from "./chart";

export type Mode = "pan" | "select" | "draw";
const POINTS = 64;

/** Selecting and drawing over the chart: a pane of glass takes the pointer from it meanwhile. */
export class Pointer {
  mode: Mode = "pan";
  #from: number | null = null;
  #pen: { x: number; y: number }[] = [];
  #shift = false;

  constructor(
    private readonly glass: HTMLElement,
    private readonly chart: PriceChart,
    private readonly on: { selecting(from: number, to: number): void; selected(to: number): void; drawn(path: number[]): void },
  ) {
    glass.addEventListener("pointerdown", (event) => this.#down(event));
    glass.addEventListener("pointermove", (event) => this.#move(event));
    glass.addEventListener("pointerup", () => this.#up());
    glass.addEventListener("pointercancel", () => this.cancel());
    // Shift selects whatever the mode is.
    const shift = (event: KeyboardEvent) => {
      if (event.key !== "Shift") return;
      this.#shift = event.type === "keydown";
      this.lay();
    };
    addEventListener("keydown", shift);
    addEventListener("keyup", shift);
    addEventListener("blur", () => {
      this.#shift = false;
      this.lay();
    });
  }

  /** Lays the glass over the candles or takes it away. */
  lay(): void {
    if (this.#from !== null || this.#pen.length > 0) return;
    this.glass.hidden = (this.mode === "pan" && !this.#shift) || this.chart.block === null;
    const { width, height } = this.chart.pane;
    this.glass.style.width = `${width}px`;
    this.glass.style.height = `${height}px`;
  }

  cancel(): void {
    this.#from = null;
    this.#pen = [];
    this.chart.overlay.change({ pen: [] });
    this.lay();
  }

  #place(event: PointerEvent): { x: number; y: number } {
    const box = this.glass.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event: PointerEvent): void {
    this.glass.setPointerCapture(event.pointerId);
    const at = this.#place(event);
    if (this.mode === "draw" && !this.#shift) this.#pen = [at];
    else this.#from = this.#index(at.x);
  }

  #move(event: PointerEvent): void {
    const at = this.#place(event);
    const last = this.#pen.at(-1);
    if (last) {
      // A path goes on in time: what is drawn backwards is left out.
      if (at.x > last.x) this.#pen.push({ x: at.x, y: Math.min(Math.max(at.y, 0), this.chart.pane.height) });
      this.chart.overlay.change({ pen: this.#pen });
    } else if (this.#from !== null) {
      const to = this.#index(at.x);
      this.on.selecting(Math.min(this.#from, to), Math.max(this.#from, to));
      this.#to = to;
    }
  }

  #to: number | null = null;

  #up(): void {
    const [from, to, pen] = [this.#from, this.#to, this.#pen];
    this.#from = null;
    this.#to = null;
    this.#pen = [];
    this.lay();
    if (pen.length > 0) {
      const path = resampled(pen, this.chart.pane.height);
      this.chart.overlay.change({ pen: path ? pen : [] });
      if (path) this.on.drawn(path);
    } else if (from !== null) this.on.selected(Math.max(from, to ?? from));
  }

  #index(x: number): number {
    const last = (this.chart.block?.candles.length ?? 1) - 1;
    return Math.min(Math.max(this.chart.indexAt(x) ?? 0, 0), last);
  }
}

/** The drawn path at equal distances, as prices from 1 to 101. Nothing for a path too short to mean one. */
export function resampled(pen: readonly { x: number; y: number }[], height: number): number[] | null {
  const [first, last] = [pen[0], pen.at(-1)];
  if (!first || !last || pen.length < 4 || last.x - first.x < 30) return null;
  let i = 1;
  return Array.from({ length: POINTS }, (_, n) => {
    const x = first.x + ((last.x - first.x) * n) / (POINTS - 1);
    while (i < pen.length - 1 && (pen[i]?.x ?? x) < x) i++;
    const [a, b] = [pen[i - 1] ?? first, pen[i] ?? last];
    const y = a.y + (b.y - a.y) * Math.min(Math.max((x - a.x) / (b.x - a.x || 1), 0), 1);
    return 1 + (1 - y / height) * 100;
  });
}
