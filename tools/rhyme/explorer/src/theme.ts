const KEY = "rhyme-theme";

export interface Colours {
  background: string; text: string; grid: string; up: string; down: string; accent: string; base: string;
  select: string; mark: string; lanes: string[];
}

/** The colours of style.css, for what is drawn on a canvas. */
export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const get = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    background: get("panel"), text: get("text"), grid: get("line"), up: get("up"), down: get("down"),
    accent: get("accent"), base: get("quiet"), select: get("select"), mark: get("mark"),
    lanes: ["lane1", "lane2", "lane3", "lane4", "lane5", "lane6", "lane7"].map(get),
  };
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** Dark or light: what was chosen here before, else what the system prefers. */
export function theme(onChange: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const chosen = kept() ?? (system.matches ? "dark" : "light");
    document.documentElement.dataset.theme = chosen;
    onChange();
  };
  system.addEventListener("change", show);
  show();
  return () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Without storage the choice lasts until the page is left.
    }
    document.documentElement.dataset.theme = next;
    onChange();
  };
}
