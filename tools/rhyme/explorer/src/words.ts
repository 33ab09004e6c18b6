import { nameOf, type SearchReply } from "./api";
import { present } from "./analogs";
import { h, notes, table } from "./dom";
import { count, deviations, percent, score } from "./format";
import { Asked, link, NO_QUERY, NO_RANGE, type Page, windowLink } from "./panel";
import { bare, parse, utc } from "./time";

/** Charts and headlines that fit a sentence. */
export class Words {
  readonly asked: Asked<SearchReply>;

  constructor(private readonly page: Page, place: HTMLElement) {
    this.asked = new Asked(place);
  }

  update(): void {
    const { state, api } = this.page;
    const text = state.words.trim();
    if (text === "") {
      this.asked.empty("Type a sentence, like “panic selling” or “slow rise after good results”, and press Enter.");
      return;
    }
    const ask = (signal: AbortSignal) => api.ask<SearchReply>("search", { text }, signal);
    this.asked.ask(JSON.stringify([text, state.asOf]), ask, (reply) => this.#show(reply));
  }

  #show(reply: SearchReply): Node[] {
    const until = reply.query.as_of ? `, known at ${utc(parse(reply.query.as_of))}` : "";
    const rows = reply.charts.map((hit) => [
      String(hit.rank),
      windowLink(this.page, nameOf(hit), parse(hit.end), `${hit.symbol} ${hit.interval}`),
      bare(parse(hit.end)),
      score(hit.score),
      hit.move_percent == null ? "–" : percent(hit.move_percent / 100, 1),
      deviations(hit.move_sd),
    ]);
    const after = link(this.page, { ...NO_QUERY, ...NO_RANGE, sentence: reply.query.text, tab: "analogs" }, "What came after such charts?");
    return [
      h(
        "p",
        { class: "small" },
        `Of ${count(reply.searched.windows)} windows and ${count(reply.searched.headlines)} headlines${until}; ` +
          `ranked by ${reply.ranked_by}. The encoder knows little of words: look at the charts before you believe them.`,
      ),
      ...(reply.warning ? [h("p", { class: "warning" }, reply.warning)] : []),
      h("p", {}, after),
      table("Charts that fit", [">rank", "series", "end (UTC)", ">score", ">move", ">in sd"], rows),
      ...(reply.headlines.length === 0
        ? [h("p", { class: "empty" }, "No headlines are stored, or none was known yet. `rhyme ingest headlines FILE` reads them.")]
        : [
            table(
              "Headlines that fit",
              [">rank", ">score", ">words", "known (UTC)", "symbols", "headline"],
              reply.headlines.map((row) => [
                String(row.rank),
                row.score == null ? "–" : score(row.score),
                row.words == null ? "–" : row.words.toFixed(2),
                bare(parse(row.known)),
                row.symbols.join(", "),
                link(this.page, { headline: row.text, tab: "news" }, row.text),
              ]),
            ),
          ]),
      ...present(notes(reply.notes.filter((note) => note !== reply.warning))),
    ];
  }
}
