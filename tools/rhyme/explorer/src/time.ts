// Times are milliseconds since 1970 in UTC, as in Date.now().

const UNITS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };
const MONTH = 30 * 86400e3;

/** The length of an interval like 15m or 1d; months (1M) are taken as 30 days. */
export function intervalMs(interval: string): number {
  const count = Number.parseInt(interval, 10);
  const unit = interval.replace(/^\d+/, "");
  return count * (unit === "M" ? MONTH : (UNITS[unit] ?? 3600e3));
}

/** When a bar that opened then closes. */
export function closeOf(open: number, interval: string): number {
  if (!interval.endsWith("M")) return open + intervalMs(interval);
  const date = new Date(open);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + Number.parseInt(interval, 10), 1);
}

export const parse = (text: string): number => Date.parse(text);

/** For requests and links: 2021-05-19T12:00:00Z. */
export function iso(time: number): string {
  return new Date(time).toISOString().replace(".000Z", "Z");
}

/** For people: 2021-05-19 12:00 UTC. */
export function utc(time: number): string {
  return `${bare(time)} UTC`;
}

/** The same without the word, for columns whose heading has it. */
export function bare(time: number): string {
  const text = new Date(time).toISOString();
  const seconds = text.slice(17, 19) === "00" ? 16 : 19;
  return text.slice(0, seconds).replace("T", " ");
}
