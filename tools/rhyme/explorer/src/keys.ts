import { byId, h } from "./dom";

export interface Key { keys: string[]; shown: string; does: string; act: (event: KeyboardEvent) => void }

/** Keys that work wherever no text is typed, and the list of them. */
export function keys(all: readonly Key[]): void {
  byId("keys-list").replaceChildren(...all.flatMap((key) => [h("dt", {}, key.shown), h("dd", {}, key.does)]));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId<HTMLDialogElement>("keys").open || typing(event)) return;
    const key = all.find((one) => one.keys.includes(event.key));
    if (!key) return;
    event.preventDefault();
    key.act(event);
  });
}

/** Whether the key belongs to the element that has the focus. */
function typing(event: KeyboardEvent): boolean {
  const at = event.target;
  if (!(at instanceof HTMLElement)) return false;
  if (at instanceof HTMLInputElement) {
    const own = at.type === "checkbox" ? [" "] : at.type === "radio" || at.type === "range" ? null : undefined;
    if (own === undefined) return true;
    return own ? own.includes(event.key) : event.key === " " || event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End";
  }
  // Buttons, links and tabs keep the keys that press and move them.
  const pressed = event.key === "Enter" || event.key === " ";
  if (at.closest("[role=tab]")) return pressed || event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End";
  if (at.closest("button, a, summary")) return pressed;
  return at.closest(".scroll") !== null && event.key.startsWith("Arrow");
}
