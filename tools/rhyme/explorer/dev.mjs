// Serves dist/index.html and hands everything else to a running `rhyme serve`, so that the page can be
// worked on without building the program: RHYME_ADDRESS=http://127.0.0.1:7878 npm run dev
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";

const upstream = new URL(process.env.RHYME_ADDRESS ?? "http://127.0.0.1:7878");
const dist = new URL("./dist/", import.meta.url);
createServer((asked, answer) => {
  if (asked.url === "/") {
    const hashes = readFileSync(new URL("script-hashes.txt", dist), "utf8").trim().replaceAll("\n", " ");
    answer.setHeader("content-type", "text/html; charset=utf-8");
    answer.setHeader(
      "content-security-policy",
      `default-src 'none'; script-src ${hashes}; style-src 'unsafe-inline'; img-src 'self' data: blob:; font-src data:; connect-src 'self'`,
    );
    answer.end(readFileSync(new URL("index.html", dist)));
    return;
  }
  const headers = { ...asked.headers, host: upstream.host };
  delete headers.origin;
  const onward = request(new URL(asked.url, upstream), { method: asked.method, headers }, (got) => {
    answer.writeHead(got.statusCode, got.headers);
    got.pipe(answer);
  });
  onward.on("error", (e) => answer.writeHead(502).end(`rhyme serve does not answer: ${e.message}`));
  asked.pipe(onward);
}).listen(Number(process.env.PORT ?? 7979), "127.0.0.1", function () {
  console.log(`http://127.0.0.1:${this.address().port}`);
});
