const MINUS = "−";

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return (value < 0 ? MINUS : "+") + text;
}

/** A share like 0.012 as +1.20 %. */
export const percent = (share: number | null | undefined, digits = 2): string =>
  share == null ? "–" : `${signed(share * 100, digits)} %`;

/** A share without a sign, like 49 %. */
export const share = (value: number): string => `${Math.round(value * 100)} %`;

/** A cosine or another score. */
export const score = (value: number): string => value.toFixed(4).replace("-", MINUS);

export const count = (n: number): string => n.toLocaleString("en-US");

/** Standard deviations, without the unit: the column's heading has it. */
export const deviations = (value: number | null | undefined): string =>
  value == null ? "–" : signed(value, 1);

/** A probability; what is below 0.001 is not told more exactly. */
export function probability(p: number): string {
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}

/** A price with as many digits as its size needs. */
export function price(value: number): string {
  const digits = value >= 1000 ? 1 : value >= 10 ? 2 : value >= 0.1 ? 4 : 7;
  return value.toFixed(digits);
}

/** A volume: whole where it is large, with three digits where it is small. */
export const volume = (value: number): string =>
  value >= 100 ? count(Math.round(value)) : String(Number(value.toPrecision(3)));

/** The smallest step that a price scale shows for prices of that size. */
export function tick(value: number): { precision: number; minMove: number } {
  const precision = value >= 1000 ? 1 : value >= 10 ? 2 : value >= 0.1 ? 4 : 7;
  return { precision, minMove: 10 ** -precision };
}
