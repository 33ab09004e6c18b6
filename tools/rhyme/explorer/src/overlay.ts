import type {
  IPrimitivePaneRenderer, IPrimitivePaneView, ISeriesPrimitive, SeriesAttachedParameter, Time,
} from "lightweight-charts";
import type { Colours } from "./theme";

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];

/** A stretch of bars in a lane, from one index to another, both included. */
export interface Stretch { from: number; to: number; colour: string; label: string }
export interface Mark { index: number; label: string; strong: boolean }

/** What is drawn over the candles. Places are indices of bars. */
export interface Drawn {
  selection: { from: number; to: number; label: string } | null;
  cursor: number | null;
  marks: Mark[];
  lanes: { name: string; stretches: Stretch[] }[];
  /** A path that is being drawn, in pixels of the pane. */
  pen: { x: number; y: number }[];
}

export const LANE = 18;
const FONT = "11px system-ui, sans-serif";

export class Overlay implements ISeriesPrimitive<Time> {
  drawn: Drawn = { selection: null, cursor: null, marks: [], lanes: [], pen: [] };
  #attached: SeriesAttachedParameter<Time> | null = null;
  readonly #views: IPrimitivePaneView[];

  constructor(private readonly colours: () => Colours) {
    const renderer: IPrimitivePaneRenderer = { draw: (target) => this.#draw(target) };
    this.#views = [{ zOrder: () => "top", renderer: () => renderer }];
  }

  attached(attached: SeriesAttachedParameter<Time>): void {
    this.#attached = attached;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  change(part: Partial<Drawn>): void {
    Object.assign(this.drawn, part);
    this.#attached?.requestUpdate();
  }

  #x(index: number): number | null {
    const x = this.#attached?.chart.timeScale().logicalToCoordinate(index as never);
    return x ?? null;
  }

  /** The mark at a place of the pane. */
  markAt(x: number, y: number, height: number): Mark | null {
    const top = this.#marksTop(height);
    if (y < top || y > top + LANE) return null;
    let best: { mark: Mark; far: number } | null = null;
    for (const mark of this.drawn.marks) {
      const at = this.#x(mark.index);
      const far = at === null ? Number.POSITIVE_INFINITY : Math.abs(at - x);
      if (far <= 8 && (!best || far < best.far)) best = { mark, far };
    }
    return best?.mark ?? null;
  }

  /** The stretch of a lane at a place of the pane. */
  stretchAt(index: number, y: number, height: number): string | null {
    const lane = this.drawn.lanes[Math.floor((y - (height - this.drawn.lanes.length * LANE)) / LANE)];
    const found = lane?.stretches.find((s) => s.from <= index && index <= s.to);
    return lane && found ? `${lane.name}: ${found.label}` : null;
  }

  #marksTop(height: number): number {
    return height - (this.drawn.lanes.length + 1) * LANE;
  }

  #draw(target: Target): void {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.font = FONT;
      this.#drawSelection(context, mediaSize.height);
      this.#drawLanes(context, mediaSize.width, mediaSize.height);
      this.#drawMarks(context, mediaSize.height);
      this.#drawPen(context);
    });
  }

  #spacing(): number {
    return this.#attached?.chart.timeScale().options().barSpacing ?? 6;
  }

  #drawSelection(context: CanvasRenderingContext2D, height: number): void {
    const { selection, cursor } = this.drawn;
    const colours = this.colours();
    const half = this.#spacing() / 2;
    const at = cursor === null ? null : this.#x(cursor);
    if (at !== null) {
      context.strokeStyle = colours.text;
      context.setLineDash([2, 3]);
      line(context, at, 0, at, height);
      context.setLineDash([]);
    }
    const left = selection ? this.#x(selection.from) : null;
    const right = selection ? this.#x(selection.to) : null;
    if (!selection || left === null || right === null) return;
    const [x, width] = [left - half, right - left + 2 * half];
    context.fillStyle = colours.select;
    context.fillRect(x, 0, width, height);
    context.strokeStyle = colours.accent;
    context.lineWidth = 1.5;
    line(context, x, 0, x, height);
    line(context, x + width, 0, x + width, height);
    context.fillStyle = colours.accent;
    context.textAlign = "left";
    context.textBaseline = "top";
    if (width > 40) context.fillText(selection.label, Math.max(x, 0) + 4, 4, Math.max(width - 8, 20));
  }

  #drawLanes(context: CanvasRenderingContext2D, width: number, height: number): void {
    const colours = this.colours();
    const half = this.#spacing() / 2;
    this.drawn.lanes.forEach((lane, i) => {
      const y = height - (this.drawn.lanes.length - i) * LANE;
      context.fillStyle = colours.background;
      context.fillRect(0, y, width, LANE);
      for (const stretch of lane.stretches) {
        const [left, right] = [this.#x(stretch.from), this.#x(stretch.to)];
        if (left === null || right === null || right < 0 || left > width) continue;
        const x = Math.max(left - half, 0);
        const wide = Math.min(right + half, width) - x;
        context.fillStyle = stretch.colour;
        context.fillRect(x, y + 2, Math.max(wide - 1, 2), LANE - 3);
        if (context.measureText(stretch.label).width + 6 > wide) continue;
        context.fillStyle = colours.background;
        context.textAlign = "left";
        context.textBaseline = "middle";
        context.fillText(stretch.label, x + 3, y + LANE / 2 + 1);
      }
    });
  }

  #drawMarks(context: CanvasRenderingContext2D, height: number): void {
    const colours = this.colours();
    const y = this.#marksTop(height) + LANE / 2;
    for (const mark of this.drawn.marks) {
      const x = this.#x(mark.index);
      if (x === null) continue;
      if (mark.strong) {
        context.strokeStyle = colours.mark;
        context.setLineDash([3, 3]);
        line(context, x, 0, x, y);
        context.setLineDash([]);
      }
      const r = mark.strong ? 6 : 4;
      context.fillStyle = colours.mark;
      context.beginPath();
      context.moveTo(x, y - r);
      context.lineTo(x + r, y);
      context.lineTo(x, y + r);
      context.lineTo(x - r, y);
      context.fill();
    }
  }

  #drawPen(context: CanvasRenderingContext2D): void {
    const [first, ...rest] = this.drawn.pen;
    if (!first) return;
    context.strokeStyle = this.colours().accent;
    context.lineWidth = 3;
    context.beginPath();
    context.moveTo(first.x, first.y);
    for (const { x, y } of rest) context.lineTo(x, y);
    context.stroke();
  }
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
