/** YAML as JSON, which the module takes. Loaded only where a file is YAML: a policy. */

/** A policy has some; thousands of them would be written out as gigabytes. */
const MOST_ALIASES = 20;

export async function jsonOfYaml(text: string): Promise<string> {
  const { load } = await import("js-yaml");
  try {
    return JSON.stringify(load(text, { maxAliases: MOST_ALIASES }));
  } catch (error) {
    const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new Error(`this is no YAML: ${line}`, { cause: error });
  }
}
