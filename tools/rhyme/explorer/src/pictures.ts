// Small pictures as SVG, coloured by style.css.
import { svg } from "./dom";
import { percent } from "./format";

const path = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** Closes of a window, then a line, then what came next. */
export function spark(window: readonly number[], after: readonly number[], room: number, label: string): SVGElement {
  const [width, height, edge] = [150, 40, 3];
  const all = [...window, ...after];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const steps = Math.max(window.length + room - 1, 1);
  const x = (i: number) => edge + (i / steps) * (width - 2 * edge);
  const y = (v: number) => height - edge - ((v - low) / (high - low || 1)) * (height - 2 * edge);
  const point = (v: number, i: number) => [x(i), y(v)] as const;
  const points = all.map(point);
  const end = window.length - 1;
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "spark", role: "img", "aria-label": label },
    svg("line", { x1: x(end), x2: x(end), y1: 0, y2: height, class: "edge" }),
    svg("path", { d: path(points.slice(0, window.length)), class: "before" }),
    after.length > 0 && svg("path", { d: path(points.slice(end)), class: "after" }),
  );
}

export interface Quantiles { q05: number; q25: number; q50: number; q75: number; q95: number }
export interface FanStep { bars: number; hits: Quantiles | null; base: Quantiles | null }

/** Quantiles of what followed the hits, beside those of what follows any window. */
export function fan(steps: readonly FanStep[], label: string): SVGElement {
  const [width, height, left, right, top, bottom] = [460, 200, 52, 8, 8, 34];
  const last = steps.at(-1)?.bars ?? 1;
  const values = steps.flatMap(({ hits, base }) => [hits?.q05, hits?.q95, base?.q05, base?.q95]).filter((v) => v != null);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const x = (bars: number) => left + (bars / last) * (width - left - right);
  const y = (v: number) => top + ((high - v) / (high - low || 1)) * (height - top - bottom);
  const line = (of: (s: FanStep) => number | undefined): [number, number][] => {
    const points: [number, number][] = [[x(0), y(0)]];
    for (const step of steps) {
      const v = of(step);
      if (v !== undefined) points.push([x(step.bars), y(v)]);
    }
    return points;
  };
  const band = (of: (s: FanStep) => Quantiles | null, low: keyof Quantiles, high: keyof Quantiles, name: string) =>
    svg("path", { d: `${path([...line((s) => of(s)?.[low]), ...line((s) => of(s)?.[high]).reverse()])}Z`, class: name });
  const hits = (s: FanStep) => s.hits;
  const text = (tx: number, ty: number, anchor: string, words: string) =>
    svg("text", { x: tx, y: ty, "text-anchor": anchor }, words);
  const grid = ticks(low, high).flatMap((v) => [
    svg("line", { x1: left, x2: width - right, y1: y(v), y2: y(v), class: v === 0 ? "zero" : "grid" }),
    text(left - 6, y(v) + 4, "end", percent(v, high - low < 0.05 ? 1 : 0)),
  ]);
  const below = steps.map((s) => text(x(s.bars), height - bottom + 14, "middle", String(s.bars)));
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "fan", role: "img", "aria-label": label },
    ...grid,
    band(hits, "q05", "q95", "wide"),
    band(hits, "q25", "q75", "narrow"),
    svg("path", { d: path(line((s) => s.base?.q05)), class: "base" }),
    svg("path", { d: path(line((s) => s.base?.q95)), class: "base" }),
    svg("path", { d: path(line((s) => s.base?.q50)), class: "base median" }),
    svg("path", { d: path(line((s) => s.hits?.q50)), class: "median" }),
    ...below,
    text((left + width - right) / 2, height - 3, "middle", "bars after the window"),
  );
}

/** Round values between two others. */
function ticks(low: number, high: number): number[] {
  const rough = (high - low || 0.01) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? rough;
  const values: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high + 1e-12; i++) values.push(i * step);
  return values;
}
