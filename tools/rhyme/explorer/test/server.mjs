// A demo database and `rhyme serve` on it, for as long as the test runs.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Server {
  static #all = [];

  /** Serves a database that a command of `rhyme` makes in a folder of its own. */
  static async of(rhyme, make) {
    const folder = mkdtempSync(join(tmpdir(), "explorer-"));
    const db = join(folder, "test.rhyme");
    const run = (...args) => execFileSync(rhyme, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    make(run, db, (name, text) => writeFileSync(join(folder, name), text));
    const child = spawn(rhyme, ["serve", "--db", db, "--listen", "127.0.0.1:0", "--format", "json", "--timeout", "60s"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const server = new Server();
    server.stop = () => {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    };
    Server.#all.push(server);
    server.address = await new Promise((resolve, reject) => {
      child.stdout.once("data", (line) => resolve(JSON.parse(String(line)).address));
      child.once("exit", (code) => reject(new Error(`rhyme serve ended with ${code}`)));
    });
    return server;
  }

  static alsoStop(stop) {
    Server.#all.push({ stop });
  }

  static stopAll() {
    for (const server of Server.#all.splice(0)) server.stop();
  }
}

/** Candles of a random walk as CSV, always the same. */
export function walk(bars, start = Date.UTC(2012, 0, 1)) {
  let seed = 7;
  const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed / 0x7fffffff - 0.5;
  };
  let close = 100;
  return Array.from({ length: bars }, (_, i) => {
    const open = close;
    close *= 1 + random() * 0.01;
    const [high, low] = [Math.max(open, close) * 1.001, Math.min(open, close) * 0.999];
    return { open_time: new Date(start + i * 3_600_000).toISOString().replace(".000Z", "Z"), open, high, low, close, volume: 1 };
  });
}
