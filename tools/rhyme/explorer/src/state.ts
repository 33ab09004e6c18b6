import { iso, parse } from "./time";

export const TABS = ["analogs", "words", "news", "unusual", "markets"] as const;
export type Tab = (typeof TABS)[number];

/** A view of the page. All of it stands in the fragment of its address, so that every view is a link. */
export interface State {
  /** The series, like crypto/synthetic/NOVAUSDT:1h. */
  series: string | null;
  /** When the asked window closed. */
  window: number | null;
  /** A drawn path that is asked instead. */
  path: number[] | null;
  /** A sentence whose charts are asked instead. */
  sentence: string | null;
  /** How many bars after the windows are looked at. */
  horizon: number;
  /** How many analogs are looked for. */
  k: number;
  /** Windows of all intervals are looked at, not only of the same. */
  mixed: boolean;
  /** Hits and outcomes only from what was known when the window closed. */
  then: boolean;
  /** Replay: nothing later exists. */
  asOf: number | null;
  tab: Tab;
  /** The words of the search. */
  words: string;
  /** The headline whose reaction is asked. */
  headline: string | null;
  /** Where windows of other markets are looked for. */
  to: string;
  lanes: { volume: boolean; news: boolean; regimes: boolean; unusual: boolean };
  /** What the chart shows: the first and the last bar. */
  from: number | null;
  until: number | null;
}

export const START: State = {
  series: null, window: null, path: null, sentence: null, horizon: 24, k: 12, mixed: false, then: false, asOf: null, tab: "analogs",
  words: "", headline: null, to: "", lanes: { volume: true, news: true, regimes: false, unusual: false }, from: null, until: null,
};

/** The most analogs, and the most bars ahead. */
export const MOST = 1_000;

const time = (text: string | null): number | null => {
  const value = text === null ? Number.NaN : parse(text);
  return Number.isFinite(value) ? value : null;
};

export function fromHash(hash: string): State {
  const q = new URLSearchParams(hash.replace(/^#/, ""));
  const whole = (name: string, otherwise: number) => {
    const value = Number(q.get(name) ?? otherwise);
    return Number.isInteger(value) && value >= 1 && value <= MOST ? value : otherwise;
  };
  const path = q.get("path")?.split(",").map(Number).filter((n) => Number.isFinite(n) && n > 0) ?? [];
  const lanes = q.get("lanes");
  const on = (name: string, otherwise: boolean) => (lanes === null ? otherwise : lanes.split(",").includes(name));
  return {
    series: q.get("s"),
    window: time(q.get("w")),
    path: path.length >= 4 ? path : null,
    sentence: q.get("text"),
    horizon: whole("h", START.horizon),
    k: whole("k", START.k),
    mixed: q.get("mixed") === "1",
    then: q.get("then") === "1",
    asOf: time(q.get("asof")),
    tab: TABS.find((tab) => tab === q.get("tab")) ?? START.tab,
    words: q.get("q") ?? "",
    headline: q.get("headline"),
    to: q.get("to") ?? "",
    lanes: { volume: on("volume", true), news: on("news", true), regimes: on("regimes", false), unusual: on("unusual", false) },
    from: time(q.get("from")),
    until: time(q.get("until")),
  };
}

export function toHash(state: State): string {
  const q = new URLSearchParams();
  const put = (name: string, value: string | null) => value !== null && value !== "" && q.set(name, value);
  const at = (value: number | null) => (value === null ? null : iso(value));
  put("s", state.series);
  put("w", at(state.window));
  put("path", state.path?.map((n) => n.toFixed(2)).join(",") ?? null);
  put("text", state.sentence);
  put("h", state.horizon === START.horizon ? null : String(state.horizon));
  put("k", state.k === START.k ? null : String(state.k));
  put("mixed", state.mixed ? "1" : null);
  put("then", state.then ? "1" : null);
  put("asof", at(state.asOf));
  put("tab", state.tab === START.tab ? null : state.tab);
  put("q", state.words);
  put("headline", state.headline);
  put("to", state.to);
  const lanes = Object.entries(state.lanes).filter(([, on]) => on).map(([name]) => name).join(",");
  if (lanes !== "volume,news") q.set("lanes", lanes || "none");
  // A place that lies beyond the time of the replay is told by no link.
  if (state.asOf === null || (state.until ?? 0) <= state.asOf) {
    put("from", at(state.from));
    put("until", at(state.until));
  }
  return `#${q.toString().replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%2C", ",")}`;
}
