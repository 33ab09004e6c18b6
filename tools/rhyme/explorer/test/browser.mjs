// Chromium with an empty profile, and what journeys do in it.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { Watch } from "./watch.mjs";

const ARGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export class Browser {
  #profile = mkdtempSync(join(tmpdir(), "chromium-"));

  static async start(executablePath) {
    const browser = new Browser();
    browser.context = await chromium.launchPersistentContext(browser.#profile, {
      executablePath, headless: true, args: ARGS, viewport: { width: 1280, height: 800 }, acceptDownloads: true,
    });
    browser.context.setDefaultTimeout(60_000);
    return browser;
  }

  async open(address, hash = "", { width = 1280, height = 800, scheme = "light", before } = {}) {
    const page = await this.context.newPage();
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    const view = new View(page, new Watch(page, address));
    await before?.(page, view.watch);
    await page.goto(`${address}/${hash}`);
    return view;
  }

  async stop() {
    await this.context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}

export class View {
  constructor(page, watch) {
    this.page = page;
    this.watch = watch;
  }

  /** The view as it stands in the address. */
  get state() {
    return Object.fromEntries(new URLSearchParams(new URL(this.page.url()).hash.slice(1)));
  }

  /** Waits until nothing is asked any more. */
  async idle() {
    // What an answer changes may ask again, a moment later: until nothing more was asked.
    for (let before = -1, round = 0; before !== this.watch.asked.length && round < 20; round++) {
      before = this.watch.asked.length;
      await this.page.waitForTimeout(450);
      await this.page.waitForFunction(() => document.getElementById("busy").hidden && !document.querySelector("[aria-busy]"));
      await this.watch.settle();
    }
  }

  text(selector) {
    return this.page.locator(selector).innerText();
  }

  /** Whether a part of the page is seen, with how often. */
  count(selector) {
    return this.page.locator(selector).count();
  }

  /** A place of the pane of the prices, from the left and the top as shares. */
  async place(x, y) {
    const box = await this.page.locator("#chart tr").first().boundingBox();
    return [box.x + (box.width - 65) * x, box.y + box.height * y];
  }

  async click(x, y) {
    await this.page.mouse.click(...(await this.place(x, y)));
  }

  async drag(points) {
    const places = [];
    for (const [x, y] of points) places.push(await this.place(x, y));
    await this.page.mouse.move(...places[0]);
    await this.page.mouse.down();
    for (const place of places.slice(1)) await this.page.mouse.move(...place, { steps: 6 });
    await this.page.mouse.up();
  }

  async picture(name) {
    const folder = process.env.EXPLORER_PICTURES ?? new URL("./pictures", import.meta.url).pathname;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  /** Closes the page; nothing forbidden may have happened on it. */
  async close() {
    await this.watch.settle();
    await this.page.close();
    assert.deepEqual(this.watch.faults, []);
  }
}
