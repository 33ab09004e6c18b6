import { nameOf, type TransferReply } from "./api";
import { present, target } from "./analogs";
import { h, notes, table } from "./dom";
import { deviations, percent, score } from "./format";
import { Asked, type Page, windowLink } from "./panel";
import { bare, parse } from "./time";

/** Windows of other markets that resemble the selected one, each side measured against its own mean. */
export class Markets {
  readonly asked: Asked<TransferReply>;

  constructor(private readonly page: Page, place: HTMLElement) {
    this.asked = new Asked(place);
  }

  update(): void {
    const { state, api } = this.page;
    const to = state.to.split(",").map((name) => name.trim()).filter((name) => name !== "");
    const window = state.path || state.sentence ? null : target(this.page);
    const options = { target: window, to, k: 10 };
    if (window === null) this.asked.empty("Click a bar first: its window is looked for in another market.");
    else if (to.length === 0) this.asked.empty("Type a market, symbols, or an attribute like sector=Energy, and press Enter.");
    else {
      const ask = (signal: AbortSignal) => api.ask<TransferReply>("transfer", options, signal);
      this.asked.ask(JSON.stringify([options, state.asOf]), ask, (reply) => this.#show(reply));
    }
  }

  #show(reply: TransferReply): Node[] {
    const rows = reply.hits.map((hit) => [
      String(hit.rank),
      windowLink(this.page, nameOf(hit), parse(hit.end), `${hit.symbol} ${hit.interval}`),
      bare(parse(hit.end)),
      score(hit.score),
      score(hit.similarity),
      hit.move_percent == null ? "–" : percent(hit.move_percent / 100, 1),
      deviations(hit.move_sd),
    ]);
    return [
      h(
        "p",
        { class: "small" },
        "Similarity: the cosine after the shift between the two sides was removed. Score: the same, corrected for charts that " +
          "are near to everything. A likeness does not say that one market leads the other.",
      ),
      ...(reply.fewer ? [h("p", { class: "warning" }, reply.fewer)] : []),
      table("Windows of the other side", [">rank", "series", "end (UTC)", ">score", ">similarity", ">move", ">in sd"], rows),
      ...present(notes(reply.notes)),
    ];
  }
}
