/** Svelte as the viewer uses it: TypeScript in components, runes everywhere. */
import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

export default { preprocess: vitePreprocess(), compilerOptions: { runes: true } };
