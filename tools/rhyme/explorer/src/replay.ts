import { type Api, saidBy, type SeriesRow } from "./api";
import type { PriceChart } from "./chart";
import { byId } from "./dom";
import { closeOf, intervalMs, parse, utc } from "./time";

const PACE = 600;
/** How many times a step looks for the next bar before it gives up. */
const TRIES = 400;

/** The time that the page is as of: set by a slider, moved by steps, or played. */
export class Replay {
  readonly #button = byId<HTMLButtonElement>("replay");
  readonly #back = byId<HTMLButtonElement>("back");
  readonly #play = byId<HTMLButtonElement>("play");
  readonly #forward = byId<HTMLButtonElement>("forward");
  readonly #slider = byId<HTMLInputElement>("slider");
  readonly #follow = byId<HTMLInputElement>("follow");
  readonly #note = byId("replay-note");
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stepping = false;

  constructor(
    private readonly api: Api,
    private readonly chart: PriceChart,
    /** Sets the time of the page, and waits until the chart has it. */
    private readonly go: (asOf: number | null) => Promise<void>,
    private readonly start: () => number | null,
  ) {
    this.#button.onclick = () => this.toggle();
    this.#back.onclick = () => void this.step(-1);
    this.#forward.onclick = () => void this.step(1);
    this.#play.onclick = () => this.play();
    this.#slider.oninput = () => this.#slide();
  }

  /** Whether each step asks for the latest window. */
  get follows(): boolean {
    return this.#follow.checked;
  }

  toggle(): void {
    this.stop();
    if (this.api.asOf !== null) void this.go(null);
    else void this.go(this.start());
  }

  play(): void {
    if (this.#timer !== null) this.stop();
    else if (this.api.asOf !== null) {
      this.#play.setAttribute("aria-pressed", "true");
      this.#next();
    }
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#play.setAttribute("aria-pressed", "false");
  }

  #next(): void {
    this.#timer = setTimeout(async () => {
      const moved = await this.step(1);
      if (this.#timer === null) return;
      if (moved) this.#next();
      else this.stop();
    }, PACE);
  }

  /** One bar forward or back. */
  async step(by: 1 | -1): Promise<boolean> {
    if (this.api.asOf === null || !this.chart.block || this.#stepping) return false;
    this.#stepping = true;
    try {
      return by < 0 ? await this.#stepBack() : await this.#stepForward();
    } catch (error) {
      this.#note.textContent = saidBy(error) ?? "";
      return false;
    } finally {
      this.#stepping = false;
    }
  }

  async #stepBack(): Promise<boolean> {
    const block = this.chart.block;
    const before = block?.close(block.candles.length - 2) ?? null;
    if (before === null) return false;
    await this.go(before);
    return true;
  }

  /** Goes on to the next bar that closed. When that is nobody knows before, since markets sleep at night. */
  async #stepForward(): Promise<boolean> {
    const { block } = this.chart;
    const began = this.api.asOf;
    if (!block || began === null) return false;
    const { interval } = block.series;
    const bar = intervalMs(interval);
    const last = block.atEnd ? block.close(block.candles.length - 1) : null;
    const from = last ?? began;
    let time = Math.max(closeOf(from, interval), began + 1);
    for (let tries = 0; tries < TRIES && time <= Date.now(); tries++) {
      if (await this.api.closedBetween(block.name, from, time)) {
        if (this.api.asOf !== began || this.chart.block !== block) return false;
        await this.go(time);
        return true;
      }
      // The longer it sleeps, the longer the steps, by at most a 64th of the night.
      time += bar * Math.max(1, Math.floor((time - from) / bar / 64));
    }
    this.#note.textContent = "No later bar was found: this is the last one that is stored.";
    return false;
  }

  #slide(): void {
    this.stop();
    const bar = intervalMs(this.chart.block?.series.interval ?? "1h");
    const step = Math.min(bar, 86_400_000);
    void this.go(Math.floor(Number(this.#slider.value) / step) * step);
  }

  /** Shows the time, and how far the slider reaches. */
  show(asOf: number | null, row: SeriesRow | undefined): void {
    const block = this.chart.block;
    const bar = intervalMs(block?.series.interval ?? "1h");
    const first = row?.first ? parse(row.first) : (block?.candles[0]?.time ?? 0) * 1000;
    // Opened from a link, the end of what is stored is not asked for: it is later than the time of the page.
    const known = row?.last ? parse(row.last) : (block?.close(block.candles.length - 1) ?? first + bar);
    const last = asOf === null || row?.last ? known : Math.max(asOf, known) + 500 * bar;
    this.#slider.min = String(first + bar);
    this.#slider.max = String(Math.max(last, first + bar));
    this.#slider.value = String(asOf ?? last);
    const on = asOf !== null;
    this.#slider.disabled = !on || !block;
    this.#slider.setAttribute("aria-valuetext", on ? utc(asOf) : "now");
    this.#button.setAttribute("aria-pressed", String(on));
    this.#button.disabled = !block;
    for (const button of [this.#back, this.#play, this.#forward]) button.disabled = !on || !block;
    this.#note.textContent = on
      ? "Nothing later than this time is on the page: every question is asked as of it, and bars end there."
      : "Replay goes back to a moment and hides all that came later, in bars, analogs, outcomes and headlines.";
  }
}
