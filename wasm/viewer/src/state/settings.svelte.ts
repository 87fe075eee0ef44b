/** What a reader set once and for all: colours, number format, the filters used lately; kept in this browser only. */

export type Theme = "system" | "light" | "dark";

const KEY = "vnetflow-viewer";
const MOST_FILTERS = 30;

interface Stored {
  theme: Theme;
  /** A BCP 47 tag; empty for the browser's. */
  locale: string;
  filters: string[];
}

class Settings {
  theme = $state<Theme>("system");
  locale = $state<string | undefined>(undefined);
  filters = $state.raw<string[]>([]);
  /** Whether dark colours are shown now. */
  isDark = $state(false);
  readonly #system = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    const stored = read();
    this.theme = stored.theme ?? "system";
    this.locale = stored.locale === "" ? undefined : stored.locale;
    this.filters = stored.filters ?? [];
    this.#system.addEventListener("change", () => this.#colour());
    this.#colour();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.#colour();
    this.#write();
  }

  setLocale(locale: string): void {
    this.locale = locale === "" ? undefined : locale;
    this.#write();
  }

  /** Puts a filter at the head of those used lately. */
  remember(filter: string): void {
    if (filter === "") return;
    this.filters = [filter, ...this.filters.filter((other) => other !== filter)].slice(0, MOST_FILTERS);
    this.#write();
  }

  #colour(): void {
    this.isDark = this.theme === "dark" || (this.theme === "system" && this.#system.matches);
    document.documentElement.dataset.theme = this.isDark ? "dark" : "light";
  }

  #write(): void {
    const stored: Stored = { theme: this.theme, locale: this.locale ?? "", filters: this.filters };
    try {
      localStorage.setItem(KEY, JSON.stringify(stored));
    } catch {
      // A page without storage forgets them, that is all.
    }
  }
}

function read(): Partial<Stored> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof stored === "object" && stored !== null ? stored : {};
  } catch {
    return {};
  }
}

export const settings = new Settings();
