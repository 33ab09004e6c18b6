import type { Api } from "./api";
import { saidBy } from "./api";
import type { BarBlock } from "./bars";
import { h } from "./dom";
import { type State, toHash } from "./state";
import { utc } from "./time";

/** What a panel may know of the page, and how it changes the view. */
export interface Page {
  readonly api: Api;
  readonly state: State;
  /** The bars of the chart, once they are there. */
  readonly block: BarBlock | null;
  go(part: Partial<State>): void;
  /** Says a sentence to everybody, also through a screen reader. */
  say(text: string): void;
}

/** One answer at a time: asks again when the question changed, and drops what was asked before. */
export class Asked<T> {
  answer: T | null = null;
  #key: string | null = null;
  #stop = new AbortController();

  constructor(private readonly place: HTMLElement) {}

  /** Asks unless the same was asked last. */
  ask(key: string, question: (signal: AbortSignal) => Promise<T>, show: (answer: T) => Node[]): void {
    if (key === this.#key) return;
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#key = key;
    void this.#run(question, show, this.#stop.signal);
  }

  /** There is nothing to ask; says what to do about it. */
  empty(text: string): void {
    const key = `empty: ${text}`;
    if (key === this.#key) return;
    this.clear();
    this.#key = key;
    if (text) this.place.append(h("p", { class: "empty" }, text));
  }

  /** Takes the answer off the page. */
  clear(): void {
    this.#stop.abort();
    this.#key = null;
    this.answer = null;
    this.place.removeAttribute("aria-busy");
    this.place.replaceChildren();
  }

  async #run(question: (signal: AbortSignal) => Promise<T>, show: (answer: T) => Node[], signal: AbortSignal): Promise<void> {
    this.place.setAttribute("aria-busy", "true");
    if (this.answer === null) this.place.replaceChildren(h("p", { class: "empty" }, "Asking…"));
    try {
      const answer = await question(signal);
      if (signal.aborted) return;
      this.answer = answer;
      this.place.replaceChildren(...show(answer));
    } catch (error) {
      const text = saidBy(error);
      if (signal.aborted || text === null) return;
      this.answer = null;
      this.place.replaceChildren(h("p", { class: "error", role: "alert" }, text));
    } finally {
      if (!signal.aborted) this.place.removeAttribute("aria-busy");
    }
  }
}

/** A link to another view. A plain click changes the view in place, from where the page is by then. */
export function link(page: Page, part: Partial<State>, text: string | Node, label?: string): HTMLAnchorElement {
  const onclick = (event: Event) => {
    const click = event as MouseEvent;
    if (click.ctrlKey || click.metaKey || click.shiftKey || click.button !== 0) return;
    event.preventDefault();
    page.go(part);
  };
  const props = { href: toHash({ ...page.state, ...part }), onclick, ...(label ? { "aria-label": label } : {}) };
  return h("a", props, text);
}

/** The part of a view that another window, path or sentence replaces. */
export const NO_QUERY = { window: null, path: null, sentence: null } as const;
/** Where the chart stands is its own matter again. */
export const NO_RANGE = { from: null, until: null } as const;

/** A link that opens a window on the chart. */
export function windowLink(page: Page, series: string, end: number, text: string): HTMLAnchorElement {
  const part = { ...NO_QUERY, ...NO_RANGE, series, window: end, tab: "analogs" } as const;
  return link(page, part, text, `Open ${series} with the window that ends ${utc(end)}`);
}
