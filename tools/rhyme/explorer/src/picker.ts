import { nameOf, type SeriesRow } from "./api";
import { h } from "./dom";
import { count } from "./format";

const MOST = 200;

/** The box that finds a series by a part of its name. */
export class Picker {
  /** The series as of the time; nothing until they are read. */
  rows: SeriesRow[] | null = null;
  #at = -1;
  /** What the list was opened for. */
  #typed = "";
  #reading = false;
  #asOf: number | null = null;

  constructor(
    private readonly box: HTMLInputElement,
    private readonly list: HTMLElement,
    /** Reads the series as of the time of the page into the rows. */
    private readonly read: () => Promise<void>,
    private readonly pick: (name: string) => void,
  ) {
    box.addEventListener("focus", () => box.select());
    box.addEventListener("click", () => this.#open(""));
    box.addEventListener("input", () => this.#open(box.value));
    box.addEventListener("blur", () => this.#close());
    box.addEventListener("keydown", (event) => this.#key(event));
    // A click on the list must not take the focus first, which would close it.
    list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  /** What was listed as of another time is read again when it is wanted. */
  set asOf(time: number | null) {
    if (time === this.#asOf) return;
    this.rows = null;
    this.#asOf = time;
    if (!this.list.hidden) this.#open(this.#typed);
  }

  show(name: string | null): void {
    if (document.activeElement !== this.box) this.box.value = name ?? "";
  }

  #open(text: string): void {
    this.#typed = text;
    this.list.replaceChildren(...this.#lines(text));
    this.list.hidden = false;
    this.box.setAttribute("aria-expanded", "true");
    this.#move(text && this.#options().length > 0 ? 0 : -1);
    if (this.rows === null) void this.#readRows();
  }

  async #readRows(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    const asOf = this.#asOf;
    await this.read();
    this.#reading = false;
    // Somebody may have typed on, gone elsewhere, or moved the time meanwhile.
    const answered = this.rows !== null || asOf !== this.#asOf;
    if (!this.list.hidden && answered) this.#open(this.#typed);
  }

  #lines(text: string): HTMLElement[] {
    const { rows } = this;
    if (rows === null) return [said("Asking…")];
    if (rows.length === 0 && this.#asOf !== null) return [said("No bar of any series had closed by the time of the replay.")];
    if (rows.length === 0) return [said("No series is stored. `rhyme ingest bars FILE` reads candles, `rhyme demo` makes some.")];
    const wanted = text.toLowerCase().split(/\s+/);
    const found = rows.filter((row) => wanted.every((part) => nameOf(row).toLowerCase().includes(part)));
    const lines = found.slice(0, MOST).map((row, i) => this.#line(row, i));
    if (found.length === 0) lines.push(said(`No stored series has “${text}” in its name.`));
    if (found.length > MOST) lines.push(said(`${count(found.length - MOST)} more; type a part of the name.`));
    return lines;
  }

  #line(row: SeriesRow, i: number): HTMLElement {
    const name = nameOf(row);
    const onclick = () => this.#choose(name);
    return h("li", { id: `series-${i}`, role: "option", "aria-selected": "false", "data-name": name, onclick }, name, h("span", { class: "small" }, `${count(row.bars)} bars`));
  }

  #options(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>("[role=option]")];
  }

  #move(to: number): void {
    const options = this.#options();
    this.#at = Math.max(-1, Math.min(to, options.length - 1));
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === this.#at)));
    const chosen = options[this.#at];
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) this.box.setAttribute("aria-activedescendant", chosen.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) this.#open("");
      else this.#move(this.#at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      const name = this.#options()[this.#at]?.dataset.name ?? this.box.value.trim();
      if (name) this.#choose(name);
    } else if (event.key === "Escape") {
      this.#close();
      this.box.blur();
    }
  }

  #choose(name: string): void {
    this.box.value = name;
    this.#close();
    this.box.blur();
    this.pick(name);
  }

  #close(): void {
    this.list.hidden = true;
    this.box.setAttribute("aria-expanded", "false");
    this.box.removeAttribute("aria-activedescendant");
  }
}

const said = (text: string): HTMLElement => h("li", { class: "said" }, text);
