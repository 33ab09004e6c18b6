// Bundles src/ into dist/index.html, one file that loads nothing from elsewhere, and writes the hash
// of its script, which the server's Content-Security-Policy names.
// With --check it writes nothing and fails where the committed bundle is another one.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const LIMIT = 400_000;
const here = new URL("./", import.meta.url);
const read = (name) => readFileSync(new URL(name, here), "utf8");

async function bundle(entry) {
  const made = await build({
    entryPoints: [new URL(entry, here).pathname],
    bundle: true,
    minify: true,
    write: false,
    charset: "utf8",
    legalComments: "inline",
    format: entry.endsWith(".css") ? undefined : "iife",
    target: ["chrome111", "firefox114", "safari16.4"],
  });
  return made.outputFiles[0].text.trim();
}

const script = (await bundle("src/main.ts")).replaceAll("</script", "<\\/script");
const style = await bundle("src/style.css");
const fill = (text, name, by) => text.replace(`<!-- ${name} -->`, () => by);
let page = read("src/index.html");
page = fill(page, "style", `<style>${style}</style>`);
page = fill(page, "script", `<script>${script}</script>`);
const hash = `'sha256-${createHash("sha256").update(script).digest("base64")}'\n`;
const size = Buffer.byteLength(page);
if (size > LIMIT) throw new Error(`dist/index.html has ${size} bytes, more than ${LIMIT}`);

const files = [["dist/index.html", page], ["dist/script-hashes.txt", hash]];
if (process.argv.includes("--check")) {
  const other = files.filter(([name, text]) => read(name) !== text).map(([name]) => name);
  if (other.length > 0) {
    throw new Error(`${other.join(" and ")} is not what src/ makes: run \`npm run build\` in tools/rhyme/explorer`);
  }
} else {
  for (const [name, text] of files) writeFileSync(new URL(name, here), text);
}
console.log(`dist/index.html: ${size} bytes`);
