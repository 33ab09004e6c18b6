import { App } from "./app";
import { byId } from "./dom";
import { csv, saveCsv, saveJson, savePicture } from "./export";
import { keys } from "./keys";
import { NO_QUERY } from "./panel";
import type { Mode } from "./pointer";
import { MOST, START, type State, type Tab, TABS } from "./state";
import { theme } from "./theme";
import { bare, utc } from "./time";

const app = new App();
const input = (id: string) => byId<HTMLInputElement>(id);
const repaint = () => {
  app.chart.repaint();
  app.lanes.draw(app.state);
};
const switchTheme = theme(repaint);

function setMode(mode: Mode): void {
  app.pointer.mode = mode;
  app.pointer.lay();
  for (const radio of document.querySelectorAll<HTMLInputElement>("#modes input")) radio.checked = radio.value === mode;
}

/** Opens a panel. The focus stays where it is, so that the keys of the chart go on working. */
const tab = (name: Tab) => {
  app.go({ tab: name });
  app.say(`Panel ${name}`);
};

/** The answer of the panel that is open. */
function answer(): Record<string, unknown> | null {
  const of: Record<Tab, unknown> = {
    analogs: app.analogs.asked.answer, words: app.words.asked.answer, unusual: app.unusual.asked.answer,
    markets: app.markets.asked.answer, news: app.news.reaction.answer ?? app.news.list.answer,
  };
  return of[app.state.tab] as Record<string, unknown> | null;
}

const fileName = () => `rhyme-${app.block?.series.symbol ?? "answer"}-${app.state.tab}`;

function exportAnswer(save: (found: Record<string, unknown>) => void): void {
  const found = answer();
  if (found) save(found);
  else app.say("There is no answer to export yet.");
}

function title(): string {
  const { series, asOf, window } = app.state;
  return [series, window && `window until ${utc(window)}`, asOf && `as of ${utc(asOf)}`].filter(Boolean).join(" · ");
}

const picture = () => savePicture(`${fileName()}-chart`, app.chart.picture(), title());

byId("theme").onclick = switchTheme;
byId("help").onclick = () => byId<HTMLDialogElement>("keys").showModal();
byId("share").onclick = async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    byId("share").textContent = "Copied";
  } catch {
    byId("share").textContent = "Copy it from the address bar";
  }
  setTimeout(() => {
    byId("share").textContent = "Copy link";
  }, 2000);
};
byId("skip").onclick = (event) => {
  event.preventDefault();
  byId("chart").focus();
};
byId("zoom-in").onclick = () => app.chart.zoom(0.6);
byId("zoom-out").onclick = () => app.chart.zoom(1.7);
byId("picture").onclick = picture;
byId("clear").onclick = () => app.go(NO_QUERY);
byId("json").onclick = () => exportAnswer((found) => saveJson(fileName(), found));
byId("csv").onclick = () =>
  exportAnswer((found) => {
    const text = csv(found);
    if (text) saveCsv(fileName(), text);
    else app.say("The answer has no rows.");
  });
for (const radio of document.querySelectorAll<HTMLInputElement>("#modes input")) radio.onchange = () => setMode(radio.value as Mode);
for (const box of document.querySelectorAll<HTMLInputElement>("#lanes input")) {
  box.onchange = () => app.go({ lanes: { ...app.state.lanes, [box.value as keyof State["lanes"]]: box.checked } });
}
for (const [id, name] of [["horizon", "horizon"], ["k", "k"]] as const) {
  input(id).onchange = () => {
    const value = Math.round(Number(input(id).value));
    app.go({ [name]: value >= 1 && value <= MOST ? value : START[name] });
  };
}
for (const name of ["then", "mixed"] as const) input(name).onchange = () => app.go({ [name]: input(name).checked });

/** A form that asks when it is sent. */
function form(id: string, send: () => void): void {
  byId<HTMLFormElement>(id).onsubmit = (event) => {
    event.preventDefault();
    send();
  };
}
form("words-form", () => app.go({ words: input("words-text").value.trim() }));
form("news-form", () => app.go({ headline: input("news-text").value.trim() || null }));
form("markets-form", () => app.go({ to: input("markets-to").value.trim() }));

for (const name of TABS) {
  const button = byId(`tab-${name}`);
  button.onclick = () => app.go({ tab: name });
  button.onkeydown = (event) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = TABS[(TABS.indexOf(name) + by + TABS.length) % TABS.length];
    if (by === 0 || !next) return;
    app.go({ tab: next });
    byId(`tab-${next}`).focus();
  };
}

function cursorBy(by: number): void {
  const { block } = app;
  if (!block || block.candles.length === 0) return;
  const last = block.candles.length - 1;
  const at = app.chart.overlay.drawn.cursor ?? (app.state.window === null ? last + 1 : block.closedAt(app.state.window));
  const to = Math.min(Math.max(at + by, 0), last);
  app.chart.point(to);
  app.say(byId("legend").textContent ?? bare(block.close(to) ?? 0));
}

keys([
  { keys: ["/"], shown: "/", does: "find a series", act: () => byId("series").focus() },
  { keys: ["w"], shown: "w", does: "ask in words", act: () => { app.go({ tab: "words" }); byId("words-text").focus(); } },
  { keys: ["ArrowLeft"], shown: "←", does: "the bar before (with Shift: 10)", act: (e) => cursorBy(e.shiftKey ? -10 : -1) },
  { keys: ["ArrowRight"], shown: "→", does: "the next bar (with Shift: 10)", act: (e) => cursorBy(e.shiftKey ? 10 : 1) },
  {
    keys: ["Enter"], shown: "Enter", does: "analogs of the window that ends there",
    act: () => { const { cursor } = app.chart.overlay.drawn; if (cursor !== null) app.select(cursor); },
  },
  { keys: ["Home"], shown: "Home", does: "the first bar that was read", act: () => cursorBy(Number.NEGATIVE_INFINITY) },
  { keys: ["End"], shown: "End", does: "the last bar", act: () => cursorBy(Number.POSITIVE_INFINITY) },
  { keys: ["+", "="], shown: "+", does: "zoom in", act: () => app.chart.zoom(0.6) },
  { keys: ["-"], shown: "−", does: "zoom out", act: () => app.chart.zoom(1.7) },
  { keys: ["r"], shown: "r", does: "replay on or off", act: () => app.replay.toggle() },
  { keys: [","], shown: ",", does: "one bar back", act: () => void app.replay.step(-1) },
  { keys: ["."], shown: ".", does: "one bar forward", act: () => void app.replay.step(1) },
  { keys: [" "], shown: "Space", does: "play or pause the replay", act: () => app.replay.play() },
  { keys: ["p"], shown: "p", does: "the pointer pans", act: () => setMode("pan") },
  { keys: ["s"], shown: "s", does: "the pointer selects (also Shift and drag)", act: () => setMode("select") },
  { keys: ["d"], shown: "d", does: "the pointer draws a path", act: () => setMode("draw") },
  { keys: ["1", "2", "3", "4", "5"], shown: "1 … 5", does: "open a panel", act: (e) => { const name = TABS[Number(e.key) - 1]; if (name) tab(name); } },
  { keys: ["t"], shown: "t", does: "dark or light", act: switchTheme },
  {
    keys: ["Escape"], shown: "Esc", does: "let go of the selection",
    act: () => { app.chart.point(null); setMode("pan"); app.pointer.cancel(); app.go(NO_QUERY); },
  },
  { keys: ["?"], shown: "?", does: "this list", act: () => byId<HTMLDialogElement>("keys").showModal() },
]);
void app.start();
