// Clicks the journeys of the explorer through in a real browser, on the demo's market.
//   RHYME=path/to/rhyme node test/run.mjs [a part of a journey's name]
// EXPLORER_SERVERS="http://... http://..." takes two servers that run already, of the demo and of PLAINUSDT.
// CHROMIUM names the browser. EXPLORER_DEV=1 serves dist/ as it is rather than the page in the binary.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Browser } from "./browser.mjs";
import { journeys } from "./journeys.mjs";
import { Server, walk } from "./server.mjs";

const rhyme = resolve(process.env.RHYME ?? "../../../target/debug/rhyme");
const chromium = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
assert.ok(existsSync(rhyme), `expected the program at ${rhyme}: cargo build -p rhyme, or set RHYME`);
assert.ok(chromium && existsSync(chromium), "expected Chromium, or its path in CHROMIUM");

/** The page of dist/ in front of a server. */
async function proxied(address) {
  const child = spawn("node", ["dev.mjs"], { env: { ...process.env, RHYME_ADDRESS: address, PORT: "0" }, stdio: ["ignore", "pipe", "inherit"] });
  Server.alsoStop(() => child.kill());
  return await new Promise((done) => child.stdout.once("data", (line) => done(String(line).trim())));
}

const began = Date.now();
const took = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
const browser = await Browser.start(chromium);
try {
  const csv = (bars) => ["time,open,high,low,close,volume", ...walk(bars).map((b) => [b.open_time, b.open, b.high, b.low, b.close, 1].join(","))].join("\n");
  const running = process.env.EXPLORER_SERVERS?.split(" ").map((address) => ({ address }));
  const [market, plain] = running ?? await Promise.all([
    Server.of(rhyme, (run, db) => run("demo", "--small", "--db", db, "--format", "json")),
    Server.of(rhyme, (run, db, write) => {
      write("PLAINUSDT_1h.csv", csv(400));
      run("ingest", "bars", "PLAINUSDT_1h.csv", "--db", db, "--market", "crypto", "--venue", "made", "--spaces", "shape");
    }),
  ]);
  console.log(`two databases made in ${took()}`);
  const page = await (await fetch(market.address)).text();
  if (process.env.EXPLORER_DEV) for (const server of [market, plain]) server.address = await proxied(server.address);
  else assert.equal(page, readFileSync("dist/index.html", "utf8"), "the program has another page: cargo build -p rhyme");
  let done = 0;
  for (const [name, journey] of Object.entries(journeys)) {
    if (process.argv[2] && !name.includes(process.argv[2])) continue;
    const start = Date.now();
    try {
      await journey(browser, market.address, plain.address);
    } catch (error) {
      console.log(`NOT ok  ${name}`);
      throw error;
    }
    done++;
    console.log(`ok  ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  }
  assert.ok(done > 0, "no journey has that name");
  console.log(`${done} journeys in ${took()}`);
} finally {
  await browser.stop();
  Server.stopAll();
}
