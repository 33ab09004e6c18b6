// What must hold whatever is clicked: nothing leaves the server, nothing goes wrong in the console, and no
// answer knows more than its question may.
const HERE = /^(data|blob):/;
/** Wall-clock times of the database, and the warning that weights know more: both are no part of the market. */
const OTHER_TIMES = new Set(["created", "trained_until"]);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

export class Watch {
  faults = [];
  /** Errors of the console that a journey provokes. */
  expected = [];
  asked = [];
  /** The latest time that the page may know of; null outside of replay. */
  replay = null;
  /** Requests without their answer, and answers that were not looked at yet. */
  #open = new Set();

  constructor(page, address) {
    this.page = page;
    page.on("requestfailed", (request) => this.#open.delete(request));
    page.on("request", (request) => {
      this.#open.add(request);
      const url = request.url();
      if (!HERE.test(url) && new URL(url).origin !== address) this.faults.push(`asked ${url}`);
    });
    page.on("pageerror", (error) => this.faults.push(`error in the page: ${error.stack}`));
    page.on("console", (message) => {
      const text = message.text();
      if (["error", "warning"].includes(message.type()) && !this.expected.some((e) => text.includes(e))) {
        this.faults.push(`console: ${text}`);
      }
    });
    page.on("response", (response) => {
      // An answer that the page gave up has no body any more.
      const look = this.#look(response, this.replay).catch((error) => {
        if (!/No resource|No data|body is unavailable|closed/.test(error.message)) this.faults.push(`${response.url()}: ${error.message}`);
      });
      void look.finally(() => this.#open.delete(response.request()));
    });
  }

  async #look(response, replay) {
    const [, question] = /\/v1\/([a-z-]+)$/.exec(new URL(response.url()).pathname) ?? [];
    if (!question) return;
    const body = response.request().postDataJSON() ?? {};
    const answer = await response.json();
    this.asked.push({ question, body, answer, status: response.status() });
    const asOf = body.as_of ? Date.parse(body.as_of) : null;
    if (replay !== null && question !== "spaces" && (asOf === null || asOf > replay)) {
      this.faults.push(`${question} was asked as of ${body.as_of ?? "now"} under a replay of ${new Date(replay).toISOString()}`);
    }
    if (asOf === null) return;
    for (const [path, time] of times(answer)) {
      if (Date.parse(time) > asOf) this.faults.push(`${question} as of ${body.as_of} answered ${path} ${time}`);
    }
  }

  /** Waits until all answers were looked at. */
  async settle() {
    do await this.page.waitForTimeout(30);
    while (this.#open.size > 0);
  }

  /** No time that can be read on the page is later; what weights may know is told in the notes. */
  async nothingLater(asOf) {
    await this.settle();
    const texts = await this.page.evaluate(() => {
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const texts = [];
      while (walk.nextNode()) {
        const at = walk.currentNode.parentElement;
        if (!at.closest(".notes, script, style, dialog")) texts.push(walk.currentNode.data);
      }
      for (const link of document.querySelectorAll("a[href^='#']")) texts.push(decodeURIComponent(link.hash));
      texts.push(decodeURIComponent(location.hash));
      return texts;
    });
    for (const text of texts) {
      for (const [, day, hour] of text.matchAll(/(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?/g)) {
        const time = Date.parse(`${day}T${hour ?? "00:00"}Z`);
        if (time > asOf) this.faults.push(`the page shows ${day} ${hour ?? ""} as of ${new Date(asOf).toISOString()}: ${text}`);
      }
    }
  }
}

/** All times of an answer, with where they stand. */
function* times(value, path = "") {
  if (typeof value === "string") {
    if (TIME.test(value)) yield [path, value];
  } else if (value && typeof value === "object") {
    for (const [name, part] of Object.entries(value)) {
      if (!OTHER_TIMES.has(name)) yield* times(part, `${path}.${name}`);
    }
  }
}
