// The journeys. Each opens the page anew; `close` fails it if anything forbidden happened.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { walk } from "./server.mjs";

const NOVA = "crypto/synthetic/NOVAUSDT:1h";
const HOUR = 3_600_000;
const at = (time) => Date.parse(time);
const view = (options) => `#${new URLSearchParams(options)}`;
const crash = { s: NOVA, w: "2015-02-03T05:00:00Z" };

/** Every mean stands beside n, the base rate and p. */
async function besideTheBaseRate(v, place) {
  const verdict = await v.text(`${place} .verdict`);
  assert.match(verdict, /mean [+−]?[\d.]+ %.*\(n \d+\); any window: mean [+−]?[\d.]+ %.*\(n [\d,]+\); (p [<\d.]+|no p)/s);
}

export const journeys = {
  async "a series is found by its name"(browser, address) {
    const v = await browser.open(address);
    await v.idle();
    assert.match(v.state.s, /:1h$/, "the series with the most bars comes first");
    assert.match(await v.text("#legend"), /to \d{4}-\d\d-\d\d \d\d:\d\d UTC: open/);
    assert.equal(await v.text("#as-of"), "As of now: all that is stored");
    await v.page.keyboard.press("/");
    await v.page.keyboard.type("quil 1h");
    assert.equal(await v.count("#series-list [role=option]"), 1);
    await v.page.keyboard.press("Enter");
    await v.idle();
    assert.equal(v.state.s, "crypto/synthetic/QUILXUSDT:1h");
    assert.match(await v.page.title(), /QUILXUSDT/);
    await v.page.goBack();
    await v.idle();
    assert.equal(v.state.s, NOVA);
    await v.close();
  },

  async "a click asks for the window that ends there"(browser, address) {
    const v = await browser.open(address, view({ s: NOVA, from: "2015-02-01T00:00:00Z", until: "2015-02-08T00:00:00Z" }));
    await v.idle();
    await v.click(0.6, 0.4);
    await v.idle();
    assert.ok(at(v.state.w) > at("2015-02-04") && at(v.state.w) < at("2015-02-07"), v.state.w);
    assert.equal(await v.count("#analogs .hit"), 12);
    assert.equal(await v.count("#analogs .hit .spark .after"), 12, "each analog shows what came next");
    assert.equal(await v.count("#analogs svg.fan"), 1);
    await besideTheBaseRate(v, "#analogs");
    assert.match(await v.text("#analogs"), /Nothing is predicted/);
    const asked = v.watch.asked.findLast((a) => a.question === "similar");
    assert.equal(asked.answer.query.end, v.state.w);
    await v.picture("analogs-light");
    // A hit is a link that opens it.
    const first = v.page.locator("#analogs .hit a").first();
    const href = new URLSearchParams((await first.getAttribute("href")).slice(1));
    await first.click();
    await v.idle();
    assert.equal(v.state.s, href.get("s"));
    assert.equal(v.state.w, href.get("w"));
    assert.ok(at(v.state.from) < at(v.state.w) && at(v.state.w) < at(v.state.until), "it is in sight");
    await v.page.goBack();
    await v.idle();
    assert.equal(v.state.w, asked.answer.query.end);
    await v.close();
  },

  async "options of the analogs stand in the link"(browser, address) {
    const v = await browser.open(address, view({ ...crash, k: "20", h: "48", then: "1" }));
    await v.idle();
    const asked = v.watch.asked.findLast((a) => a.question === "similar");
    assert.equal(asked.body.k, 20);
    assert.equal(asked.body.outcome.at(-1), 48);
    assert.equal(asked.body.as_of, crash.w);
    assert.deepEqual(asked.body.filter, { interval: ["1h"] });
    await v.page.fill("#k", "5");
    await v.page.locator("#k").blur();
    await v.idle();
    assert.equal(v.state.k, "5");
    assert.equal(await v.count("#analogs .hit"), 5);
    await v.page.getByText("All horizons as numbers").click();
    assert.equal(await v.count("#analogs table tbody tr"), 12, "six horizons, each beside its base rate");
    await v.close();
  },

  async "a window is selected by dragging"(browser, address) {
    const v = await browser.open(address, view({ s: NOVA, from: "2015-02-01T00:00:00Z", until: "2015-02-08T00:00:00Z" }));
    await v.idle();
    await v.page.check("#modes input[value=select]");
    await v.drag([[0.3, 0.5], [0.7, 0.6]]);
    await v.idle();
    const end = v.state.w;
    assert.ok(at(end) > at("2015-02-05") && at(end) < at("2015-02-07"), end);
    assert.match(await v.text("#legend"), new RegExp(end.slice(0, 10)));
    // Shift does the same while the pointer pans.
    await v.page.check("#modes input[value=pan]");
    await v.page.locator("#chart").focus();
    await v.page.keyboard.down("Shift");
    await v.drag([[0.2, 0.5], [0.5, 0.6]]);
    await v.page.keyboard.up("Shift");
    await v.idle();
    assert.ok(at(v.state.w) < at(end), "the later drag ended earlier");
    await v.page.keyboard.press("Escape");
    await v.idle();
    assert.equal(v.state.w, undefined);
    assert.match(await v.text("#analogs"), /Click a bar/);
    await v.close();
  },

  async "a path is drawn"(browser, address) {
    const v = await browser.open(address, view({ s: NOVA }));
    await v.idle();
    await v.page.keyboard.press("d");
    await v.drag([[0.2, 0.8], [0.4, 0.3], [0.6, 0.2], [0.7, 0.7]]);
    await v.idle();
    const path = v.state.path.split(",").map(Number);
    assert.equal(path.length, 64);
    assert.ok(path[0] < path[40] && path[63] < path[40], "up, then down");
    assert.equal(await v.count("#analogs .hit"), 12);
    await v.picture("drawn-light");
    await v.close();
  },

  async "words find charts and headlines"(browser, address) {
    const v = await browser.open(address, view({ s: NOVA }));
    await v.idle();
    await v.page.keyboard.press("w");
    await v.page.keyboard.type("panic selling");
    await v.page.keyboard.press("Enter");
    await v.idle();
    assert.equal(v.state.q, "panic selling");
    assert.equal(await v.count("#words table"), 2);
    await v.picture("words-light");
    await v.page.getByText("What came after such charts?").click();
    await v.idle();
    assert.equal(v.state.text, "panic selling");
    await besideTheBaseRate(v, "#analogs");
    await v.close();
  },

  async "headlines are marks, and have reactions"(browser, address) {
    const v = await browser.open(address, view({ ...crash, tab: "news" }));
    await v.idle();
    assert.ok((await v.count("#headlines tbody tr")) > 3);
    const link = v.page.locator("#headlines a").first();
    const text = await link.innerText();
    await link.click();
    await v.idle();
    assert.equal(v.state.headline, text);
    await besideTheBaseRate(v, "#reaction");
    assert.equal(await v.count("#reaction table"), 2);
    const known = v.watch.asked.findLast((a) => a.question === "news").answer.headlines;
    assert.ok(known.length > 0 && known.every((row) => at(row.known) <= at(crash.w)), "the window's headlines were known at its end");
    await v.picture("news-light");
    await v.close();
  },

  async "lanes stand under the price"(browser, address) {
    const v = await browser.open(address, view({ ...crash, tab: "unusual" }), { scheme: "dark" });
    await v.idle();
    assert.match(await v.text("#unusual"), /by chance alone it would be/);
    assert.ok((await v.count("#unusual tbody tr")) > 0);
    const before = await v.page.locator("#chart").screenshot();
    await v.page.check("#lanes input[value=regimes]");
    await v.page.check("#lanes input[value=unusual]");
    await v.idle();
    assert.equal(v.state.lanes, "volume,news,regimes,unusual");
    assert.ok(v.watch.asked.some((a) => a.question === "classify-history" && a.answer.runs.length > 0));
    assert.notDeepEqual(await v.page.locator("#chart").screenshot(), before, "the lanes are drawn");
    await v.page.mouse.move(...(await v.place(0.5, 0.985)));
    assert.match(await v.text("#legend"), /· regime: /);
    await v.picture("lanes-dark");
    await v.close();
  },

  async "volume stands in a pane of its own"(browser, address) {
    const v = await browser.open(address, view({ s: NOVA, from: "2015-02-01T00:00:00Z", until: "2015-02-08T00:00:00Z" }), { scheme: "dark" });
    await v.idle();
    const panes = () => v.page.evaluate(() => [...document.querySelectorAll("#chart tr")].filter((tr) => tr.offsetHeight > 30).length);
    assert.equal(await panes(), 2, "prices and volumes");
    await v.page.mouse.move(...(await v.place(0.5, 0.5)));
    const legend = await v.text("#legend");
    const [, opened, said] = /^(\d{4}-\d\d-\d\d \d\d:\d\d) to .*, volume ([\d.,]+)/.exec(legend) ?? assert.fail(legend);
    const bars = v.watch.asked.filter((a) => a.question === "bars").flatMap((a) => a.answer.bars);
    const bar = bars.find((b) => b.open_time === `${opened.replace(" ", "T")}:00Z`);
    assert.ok(Math.abs(Number(said.replaceAll(",", "")) / bar.volume - 1) < 0.005, `${said} is not ${bar.volume}`);
    await v.picture("volume-dark");
    // Each column stands at its bar: as much is coloured as the volumes say.
    const shot = await v.page.locator("#chart").screenshot();
    await v.page.uncheck("#lanes input[value=volume]");
    await v.idle();
    assert.equal(await panes(), 1);
    assert.equal(v.state.lanes, "news");
    assert.notDeepEqual(await v.page.locator("#chart").screenshot(), shot);
    await v.page.check("#lanes input[value=volume]");
    await v.idle();
    assert.equal(await panes(), 2);
    assert.equal(v.state.lanes, undefined);
    // A window is asked for there, too.
    const box = await v.page.locator("#chart tr").nth(2).boundingBox();
    await v.page.mouse.click(box.x + box.width * 0.5, box.y + box.height * 0.7);
    await v.idle();
    assert.ok(at(v.state.w) > at("2015-02-02") && at(v.state.w) < at("2015-02-07"), v.state.w);
    await v.close();
  },

  async "markets are compared"(browser, address) {
    const v = await browser.open(address, view({ ...crash, tab: "markets" }));
    await v.idle();
    assert.match(await v.text("#markets"), /Type a market/);
    await v.page.fill("#markets-to", "equity");
    await v.page.keyboard.press("Enter");
    await v.idle();
    assert.equal(await v.count("#markets tbody tr"), 10);
    assert.match(await v.text("#markets"), /does not say that one market leads/);
    await v.picture("markets-light");
    await v.close();
  },

  async "replay hides what came later"(browser, address) {
    const v = await browser.open(address, view({ ...crash, lanes: "news,regimes,unusual", tab: "unusual" }));
    await v.idle();
    const start = at(crash.w);
    v.watch.replay = start;
    await v.page.keyboard.press("r");
    await v.idle();
    assert.equal(await v.text("#as-of"), "As of 2015-02-03 05:00 UTC");
    await v.watch.nothingLater(start);
    for (const tab of ["1", "2", "3", "5"]) {
      if (tab === "2") await v.page.evaluate(() => { location.hash += "&q=panic+selling&to=ORBUSDT"; });
      await v.page.keyboard.press(tab);
      await v.idle();
      await v.watch.nothingLater(start);
    }
    await v.page.keyboard.press("1");
    await v.idle();
    assert.ok((await v.count("#analogs .hit")) > 0);
    await v.picture("replay-light");
    for (let bar = 1; bar <= 3; bar++) {
      v.watch.replay = start + bar * HOUR;
      await v.page.keyboard.press(".");
      await v.idle();
      assert.equal(at(v.state.asof), start + bar * HOUR);
      assert.equal(at(v.state.w), start + bar * HOUR, "the latest window is asked");
      await v.watch.nothingLater(start + bar * HOUR);
    }
    // Back again: what was known an hour later is gone.
    v.watch.replay = start + 2 * HOUR;
    await v.page.keyboard.press(",");
    await v.idle();
    assert.equal(at(v.state.asof), start + 2 * HOUR);
    await v.watch.nothingLater(start + 2 * HOUR);
    v.watch.replay = start + 100 * HOUR;
    await v.page.keyboard.press(" ");
    await v.page.waitForFunction((until) => Date.parse(new URLSearchParams(location.hash.slice(1)).get("asof")) >= until, start + 5 * HOUR);
    await v.page.keyboard.press(" ");
    await v.idle();
    const played = at(v.state.asof);
    await v.watch.nothingLater(played);
    // The slider goes back to the beginning of February.
    v.watch.replay = played;
    await v.page.locator("#slider").evaluate((slider, to) => {
      slider.value = String(to);
      slider.dispatchEvent(new Event("input"));
    }, at("2015-02-01T00:00:00Z"));
    v.watch.replay = at("2015-02-01T00:00:00Z");
    await v.idle();
    assert.equal(v.state.asof, "2015-02-01T00:00:00Z");
    await v.watch.nothingLater(at("2015-02-01T00:00:00Z"));
    assert.ok(v.watch.asked.some((a) => a.question === "similar" && a.body.as_of === "2015-02-01T00:00:00Z"));
    // An earlier window can be asked for meanwhile.
    await v.click(0.4, 0.4);
    await v.idle();
    assert.ok(at(v.state.w) < at("2015-01-31T00:00:00Z"), v.state.w);
    assert.equal(v.watch.asked.findLast((a) => a.question === "similar").answer.query.end, v.state.w);
    v.watch.replay = null;
    await v.page.keyboard.press("r");
    await v.idle();
    assert.equal(await v.text("#as-of"), "As of now: all that is stored");
    await v.close();
  },

  async "replay sleeps over the weekend"(browser, address) {
    const friday = { s: "equity/synthetic/ACME:1d", asof: "2016-03-05T00:00:00Z" };
    const v = await browser.open(address, view(friday), { before: (_, watch) => { watch.replay = at("2016-03-08T00:00:00Z"); } });
    await v.idle();
    const listed = v.watch.asked.find((a) => a.question === "series");
    assert.equal(listed.body.as_of, friday.asof, "the list of series is as of the time, too");
    assert.ok(listed.answer.series.length > 0);
    await v.watch.nothingLater(at(friday.asof));
    await v.page.keyboard.press(".");
    await v.idle();
    assert.equal(v.state.asof, "2016-03-08T00:00:00Z", "Monday's bar closed at midnight");
    await v.close();
  },

  async "replay lists the series of its time"(browser, _, plain) {
    // Its 400 bars begin in 2012.
    const during = { asof: "2012-01-03T05:30:00Z" };
    const v = await browser.open(plain, view(during), { before: (_, watch) => {
      watch.replay = at(during.asof);
      // It has no headlines, and no space for words.
      watch.expected.push("404", "400");
    } });
    await v.idle();
    assert.equal(v.state.s, "crypto/made/PLAINUSDT:1h", "the series with the most bars by then comes first");
    await v.page.click("#series");
    await v.idle();
    assert.match(await v.text("#series-list"), /PLAINUSDT:1h\s+53 bars/);
    await v.watch.nothingLater(at(during.asof));
    await v.page.keyboard.press("Escape");
    // An hour on there is one more.
    v.watch.replay = at("2012-01-03T06:00:00Z");
    await v.page.keyboard.press(".");
    await v.idle();
    await v.page.click("#series");
    await v.idle();
    assert.match(await v.text("#series-list"), /PLAINUSDT:1h\s+54 bars/);
    await v.page.keyboard.press("Escape");
    v.watch.replay = null;
    await v.page.keyboard.press("r");
    await v.idle();
    await v.page.click("#series");
    assert.match(await v.text("#series-list"), /PLAINUSDT:1h\s+400 bars/);
    await v.close();
    const before = { asof: "2011-06-01T00:00:00Z" };
    const none = await browser.open(plain, view(before), { before: (_, watch) => {
      watch.replay = at(before.asof);
      watch.expected.push("404", "400");
    } });
    await none.idle();
    assert.match(await none.text("#chart-empty"), /No bar of any series had closed/);
    assert.equal(none.state.s, undefined);
    await none.page.click("#series");
    await none.idle();
    assert.match(await none.text("#series-list"), /No bar of any series had closed/);
    await none.close();
  },

  async "the end of what is stored ends the replay"(browser, address) {
    const v = await browser.open(address, view({ s: NOVA, asof: "2015-03-25T08:00:00Z" }));
    await v.idle();
    await v.page.keyboard.press(".");
    await v.page.waitForFunction(() => document.getElementById("replay-note").textContent.startsWith("No later bar"));
    assert.equal(v.state.asof, "2015-03-25T08:00:00Z");
    await v.close();
  },

  async "the keyboard is enough"(browser, address) {
    const v = await browser.open(address, view(crash));
    await v.idle();
    await v.page.locator("#chart").focus();
    for (const key of ["ArrowLeft", "ArrowLeft", "Shift+ArrowLeft"]) await v.page.keyboard.press(key);
    assert.match(await v.text("#legend"), /to 2015-02-02 17:00 UTC/);
    assert.match(await v.page.locator("#say").innerText(), /2015-02-02 17:00 UTC/, "it is said to who does not see it");
    await v.page.keyboard.press("Enter");
    await v.idle();
    assert.equal(v.state.w, "2015-02-02T17:00:00Z");
    await v.page.keyboard.press("?");
    assert.ok(await v.page.locator("#keys").isVisible());
    await v.picture("keys-light");
    await v.page.keyboard.press("Escape");
    assert.ok(!(await v.page.locator("#keys").isVisible()));
    assert.equal(v.state.w, "2015-02-02T17:00:00Z", "the key closed the list and nothing else");
    await v.page.locator("#tab-analogs").focus();
    await v.page.keyboard.press("ArrowRight");
    assert.equal(await v.page.evaluate(() => document.activeElement.id), "tab-words");
    await v.page.keyboard.press("t");
    assert.equal(await v.page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await v.page.keyboard.press("t");
    // The other journeys have no theme of their own.
    await v.page.evaluate(() => localStorage.clear());
    const unnamed = await v.page.evaluate(() =>
      [...document.querySelectorAll("button, input, [role=img]")].filter((e) =>
        !e.ariaLabel && !e.labels?.length && !e.textContent.trim() && !e.title).map((e) => e.outerHTML));
    assert.deepEqual(unnamed, []);
    await v.close();
  },

  async "answers and pictures are saved"(browser, address) {
    const v = await browser.open(address, view({ ...crash, k: "30", lanes: "volume,news,regimes" }));
    await v.idle();
    // The picture of docs/explorer.md.
    await v.picture("explorer");
    const saved = async (id) => {
      const [download] = await Promise.all([v.page.waitForEvent("download"), v.page.click(id)]);
      return [download.suggestedFilename(), await readFile(await download.path())];
    };
    const answer = v.watch.asked.findLast((a) => a.question === "similar").answer;
    const [json, text] = await saved("#json");
    assert.equal(json, "rhyme-NOVAUSDT-analogs.json");
    assert.deepEqual(JSON.parse(text), answer);
    const [, csv] = await saved("#csv");
    const lines = String(csv).trim().split("\n");
    assert.equal(lines.length, 31);
    assert.match(lines[0], /^rank,score,market,.*change_20,change_24/);
    const [, png] = await saved("#picture");
    assert.equal(png.subarray(1, 4).toString(), "PNG");
    assert.ok(png.length > 10_000);
    await v.close();
  },

  async "a small screen in the dark"(browser, address) {
    const v = await browser.open(address, view(crash), { width: 420, height: 900, scheme: "dark" });
    await v.idle();
    const wide = await v.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 420, `the page is ${wide} pixels wide`);
    await v.picture("small-dark");
    await v.page.locator("#analogs h3").first().scrollIntoViewIfNeeded();
    await v.picture("small-dark-analogs");
    await v.close();
  },

  async "errors are said in the server's words"(browser, address) {
    const v = await browser.open(address, view({ s: "NOTHING:1h" }), { before: (_, watch) => watch.expected.push("404") });
    await v.idle();
    const said = v.watch.asked.find((a) => a.status === 404).answer.error.message;
    assert.equal(await v.text("#chart-empty"), said);
    await v.page.keyboard.press("/");
    await v.page.keyboard.type("nova");
    await v.page.keyboard.press("Enter");
    await v.idle();
    assert.ok(!(await v.page.locator("#chart-empty").isVisible()), "another series takes the error away");
    await v.close();
  },

  async "a database without headlines and words"(browser, _, plain) {
    const v = await browser.open(plain, view({ tab: "news" }), { before: (_, watch) => watch.expected.push("404", "400") });
    await v.idle();
    assert.match(await v.text("#headlines"), /No headline names PLAINUSDT/);
    await v.page.keyboard.press("w");
    await v.page.keyboard.type("panic");
    await v.page.keyboard.press("Enter");
    await v.idle();
    const said = v.watch.asked.findLast((a) => a.question === "search").answer.error.message;
    assert.equal(await v.text("#words .error"), said);
    await v.close();
  },

  async "a database without series and spaces"(browser, address) {
    const nothing = async (page) => {
      await page.route("**/v1/series", (route) => route.fulfill({ json: { series: [], notes: [] } }));
      await page.route("**/v1/spaces", (route) => route.fulfill({ json: { spaces: [], notes: [] } }));
    };
    const v = await browser.open(address, "", { before: nothing });
    await v.idle();
    assert.match(await v.text("#chart-empty"), /no series yet.*rhyme ingest bars/);
    assert.match(await v.text("#analogs"), /no space.*rhyme embed/);
    await v.close();
  },

  async "a hundred thousand bars pan smoothly"(browser, address) {
    const bars = walk(100_000);
    const closes = bars.map((bar) => at(bar.open_time) + HOUR);
    const asked = [];
    const long = (page) => page.route("**/v1/bars", (route) => {
      const { series, last, from, until } = route.request().postDataJSON();
      if (series !== "crypto/made/LONG:1h") return route.continue();
      const [first, end] = [from ? at(from) : 0, until ? at(until) : Number.POSITIVE_INFINITY];
      let found = bars.filter((_, i) => closes[i] >= first && closes[i] <= end);
      if (last > 0) found = found.slice(-last);
      asked.push(found.length);
      return route.fulfill({ json: { market: "crypto", venue: "made", symbol: "LONG", interval: "1h", as_of: null, bars: found, notes: [] } });
    });
    const v = await browser.open(address, view({ s: "crypto/made/LONG:1h", lanes: "none" }), { before: long });
    await v.idle();
    assert.ok(asked[0] < 10_000, "the first piece is small");
    for (let pieces = 0; asked.at(-1) > 0 && pieces < 40 && asked.reduce((a, b) => a + b) < 100_000; pieces++) {
      await v.page.keyboard.press("Home");
      await v.page.waitForTimeout(250);
    }
    await v.idle();
    await v.page.keyboard.press("Home");
    assert.match(await v.text("#legend"), /2012-01-01 00:00/, "the first of all bars was reached");
    for (let i = 0; i < 14; i++) await v.page.click("#zoom-out");
    await v.idle();
    await v.picture("long-light");
    await v.page.evaluate(() => {
      window.frames60 = [];
      let last = performance.now();
      const tick = (now) => {
        window.frames60.push(now - last);
        last = now;
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    await v.drag([[0.3, 0.3], [0.6, 0.35], [0.4, 0.4], [0.7, 0.3], [0.3, 0.3], [0.6, 0.3]]);
    const frames = (await v.page.evaluate(() => window.frames60)).sort((a, b) => a - b);
    const median = frames[frames.length >> 1];
    console.log(`    frames while panning all bars: median ${median.toFixed(0)} ms, slowest ${frames.at(-1).toFixed(0)} ms`);
    assert.ok(median < 100, `a frame takes ${median} ms`);
    await v.close();
  },
};
