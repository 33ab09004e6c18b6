import type { RegimesReply } from "./api";
import { Asked, type Page } from "./panel";
import { iso } from "./time";
import { stretchSeen } from "./unusual";

/** The labels of what is seen, as a lane under the price. */
export class Regimes {
  readonly asked: Asked<RegimesReply>;

  constructor(private readonly page: Page, place: HTMLElement, private readonly lane: (reply: RegimesReply | null) => void) {
    this.asked = new Asked(place);
  }

  update(seen: { from: number; to: number } | null): void {
    const { api, block, state } = this.page;
    const period = stretchSeen(this.page, seen);
    if (!block || !period || !state.lanes.regimes) {
      this.asked.empty("");
      this.lane(null);
      return;
    }
    const options = { series: block.name, from: iso(period.from), until: iso(period.until) };
    const ask = (signal: AbortSignal) => api.ask<RegimesReply>("classify-history", options, signal);
    this.asked.ask(JSON.stringify([options, state.asOf]), ask, (reply) => {
      this.lane(reply);
      return [];
    });
  }
}
