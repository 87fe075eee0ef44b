/** Files that say something about logs: which there are, and what of them goes into which question. */

import type { Pool } from "./pool";
import type { SideFile } from "./protocol";
import type { ReadResult } from "./tasks";

interface Kept extends SideFile {
  text: string;
}

export class SideFiles {
  private kept: Kept[] = [];
  private next = 0;
  private work: Promise<void> = Promise.resolve();

  constructor(
    private readonly pool: Pool,
    private readonly changed: () => void,
  ) {}

  list(): SideFile[] {
    return this.kept.map(({ id, name, kind, about }) => ({ id, name, kind, about }));
  }

  add(name: string, { sideKind, about, text }: Extract<ReadResult, { kind: "side" }>): Promise<void> {
    // Sets that are compared bring the same names twice.
    if (this.kept.some((file) => file.kind === sideKind && file.text === text)) return this.work;
    this.kept.push({ id: this.next++, name, kind: sideKind, about, text });
    return this.apply(sideKind);
  }

  remove(id: number): Promise<void> {
    const removed = this.kept.find((file) => file.id === id);
    this.kept = this.kept.filter((file) => file.id !== id);
    return removed === undefined ? Promise.resolve() : this.apply(removed.kind);
  }

  /** Resolves when workers know all that was added. */
  settled(): Promise<void> {
    return this.work;
  }

  /** The texts of names for networks. */
  groups(): string[] {
    return this.kept.filter(({ kind }) => kind === "groups").map(({ text }) => text);
  }

  /** What an analysis is asked with because of these files. */
  parametersOf(analysis: string): Record<string, unknown> {
    const last = (kind: SideFile["kind"]): Kept | undefined => this.kept.findLast((file) => file.kind === kind);
    switch (analysis) {
      case "rules":
        return given("nsg", last("nsg")?.text);
      case "check":
        return given("policy", last("policy")?.text);
      case "findings": {
        const networks = this.kept.filter(({ kind }) => kind === "block_list").flatMap(({ text }) => networksOf(text));
        return networks.length === 0 ? {} : { block_list: networks };
      }
      default:
        return {};
    }
  }

  private apply(kind: SideFile["kind"]): Promise<void> {
    this.work = this.work.then(async () => {
      if (kind === "groups") {
        const texts = this.groups();
        try {
          await this.pool.all((worker) => worker.call("setGroups", [texts]));
        } catch (error) {
          // Two files that name the same network differently: the later one is not taken.
          const refused = this.kept.findLast((file) => file.kind === "groups");
          if (refused !== undefined) refused.about = `not used: ${error instanceof Error ? error.message : String(error)}`;
        }
      }
      this.changed();
    });
    return this.work;
  }
}

function given(name: string, text: string | undefined): Record<string, unknown> {
  return text === undefined ? {} : { [name]: text };
}

function networksOf(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const network = (line.split(/[#;]/)[0] ?? "").trim();
    return network === "" ? [] : [network];
  });
}
