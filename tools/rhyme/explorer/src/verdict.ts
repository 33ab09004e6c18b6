import type { Summary, Versus } from "./api";
import { h, table } from "./dom";
import { count, percent, probability, share } from "./format";

const NOTHING = "Nothing here is predicted. Only the difference between the two rows of a horizon counts.";

/** What followed, always beside what follows anyway, with n and p. */
export function versus(rows: readonly { after: string; what: string; found: Versus }[], caption: string): HTMLElement {
  const cells = rows.flatMap(({ after, what, found }) => [
    summaryRow(after, what, found.hits, found.p_value === null ? "none" : probability(found.p_value)),
    summaryRow(after, "any window", found.base, ""),
  ]);
  const why = [...new Set(rows.map(({ found }) => found.no_p_value).filter((text) => text !== null))];
  const windows = rows[0] ? count(rows[0].found.base_windows) : "0";
  return h(
    "div",
    {},
    table(caption, ["within", "after", ">n", ">mean", ">rises", ">p", ">± error", ">median", ">25 %", ">75 %"], cells),
    h(
      "p",
      { class: "small" },
      `“Any window” is a sample of ${windows} windows. p: how often chance alone would differ as much. ${NOTHING}`,
    ),
    why.length > 0 && h("p", { class: "small" }, `No p: ${why.join("; ")}.`),
  );
}

function summaryRow(after: string, what: string, s: Summary | null, p: string): string[] {
  if (!s) return [after, what, "0", "–", "–", p, "–", "–", "–", "–"];
  const error = s.standard_error === null ? "–" : percent(s.standard_error).replace("+", "");
  return [after, what, count(s.n), percent(s.mean), share(s.hit_rate), p, error, percent(s.q50), percent(s.q25), percent(s.q75)];
}

/** The same in one sentence, for the place where it is read first. */
export function sentence(bars: number, found: Versus): string {
  const { hits, base } = found;
  if (!hits || !base) return `After ${bars} bars: no outcome has closed that counts.`;
  const p = found.p_value === null ? `no p (${found.no_p_value ?? "none was made"})` : `p ${probability(found.p_value)}`;
  const part = (s: Summary) => `mean ${percent(s.mean)}, ${share(s.hit_rate)} rise`;
  return `After ${bars} bars: ${part(hits)} (n ${hits.n}); any window: ${part(base)} (n ${count(base.n)}); ${p}.`;
}
