import { h } from "./dom";
import { colours } from "./theme";

/** Hands a file to whoever is at the page. */
function save(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function saveJson(name: string, answer: unknown): void {
  save(`${name}.json`, new Blob([`${JSON.stringify(answer, null, 2)}\n`], { type: "application/json" }));
}

/** The rows of an answer: its first list of objects that is not about horizons, except for a reaction's outcomes. */
export function csv(answer: Record<string, unknown>): string | null {
  const names = ["hits", "charts", "episodes", "outcomes", "headlines", "runs"];
  const rows = names.map((name) => answer[name]).find((list) => Array.isArray(list) && list.length > 0);
  if (!Array.isArray(rows)) return null;
  const flat = rows.map((row: Record<string, unknown>) => flatten(row));
  const heads = [...new Set(flat.flatMap((row) => Object.keys(row)))];
  const lines = [heads, ...flat.map((row) => heads.map((head) => row[head] ?? ""))];
  return lines.map((line) => line.map(cell).join(",")).join("\n").concat("\n");
}

function flatten(row: Record<string, unknown>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(row)) {
    if (name === "outcomes" && Array.isArray(value)) {
      for (const o of value as { horizon: unknown; outcome: string; change: number | null }[]) {
        flat[`change_${o.horizon}`] = o.change === null ? o.outcome : String(o.change);
      }
    } else if (Array.isArray(value)) flat[name] = value.join(" ");
    else if (value !== null && value !== undefined) flat[name] = String(value);
  }
  return flat;
}

/** A text that begins like a formula would be run by a spreadsheet; numbers are left alone. */
function cell(text: string): string {
  const safe = /^[=+\-@\t]/.test(text) && !Number.isFinite(Number(text)) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function saveCsv(name: string, text: string): void {
  save(`${name}.csv`, new Blob([text], { type: "text/csv" }));
}

/** The chart with what it shows and who made the drawing. */
export function savePicture(name: string, chart: HTMLCanvasElement, title: string): void {
  const scale = devicePixelRatio || 1;
  const room = Math.round(28 * scale);
  const canvas = h("canvas", { width: chart.width, height: chart.height + 2 * room });
  const context = canvas.getContext("2d");
  if (!context) return;
  const c = colours();
  context.fillStyle = c.background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(chart, 0, room);
  context.fillStyle = c.text;
  context.textBaseline = "middle";
  context.font = `${14 * scale}px system-ui, sans-serif`;
  context.fillText(title, 8 * scale, room / 2, canvas.width - 16 * scale);
  context.font = `${11 * scale}px system-ui, sans-serif`;
  context.fillText("RhymeDB · chart by TradingView Lightweight Charts, https://www.tradingview.com/", 8 * scale, canvas.height - room / 2);
  canvas.toBlob((blob) => blob && save(`${name}.png`, blob));
}
