type Child = Node | string | null | undefined | false;
type Props = Record<string, string | number | boolean | ((event: Event) => void) | undefined>;

function fill(element: Element, props: Props, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child) element.append(child);
}

/** An element. Texts become text nodes, so that no text of the database is ever read as HTML. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  fill(element, props, children);
  return element;
}

export function svg(name: string, props: Props = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(element, props, children);
  return element;
}

/** The element of index.html with that id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found as T;
}

/** A table; columns whose heading begins with > are numbers and stand right, and those of times do not wrap. */
export function table(caption: string, heads: string[], rows: (Node | string)[][]): HTMLElement {
  const right = heads.map((head) => head.startsWith(">"));
  const side = (i: number) => (right[i] ? { class: "number" } : /UTC|series/.test(heads[i] ?? "") ? { class: "whole" } : {});
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, ...heads.map((head, i) => h("th", { scope: "col", ...side(i) }, head.replace(/^>/, ""))))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((cell, i) => h("td", side(i), cell))))),
    ),
  );
}

/** What the server said about an answer. */
export function notes(texts: readonly string[] | undefined): HTMLElement | null {
  if (!texts?.length) return null;
  return h("ul", { class: "notes", "aria-label": "Notes on this answer" }, ...texts.map((text) => h("li", {}, text)));
}
