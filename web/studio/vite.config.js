import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vite";

const MODULES = `${import.meta.dirname}/../node_modules`;

/** Tell whose work is in the page: every package that a module of it comes from, with its licence. */
function licences() {
  return {
    name: "licences",
    /** @this {import("rolldown").PluginContext} @param {unknown} _ @param {import("rolldown").OutputBundle} bundle */
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? Object.keys(file.modules) : []));
      const names = chunks.map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]).filter(Boolean);
      const texts = [...new Set(names)].sort().map((name) => licence(String(name)));
      this.emitFile({ type: "asset", fileName: "LICENSES.txt", source: texts.join("\n\n") });
    },
  };
}

/** @param {string} name */
function licence(name) {
  const folder = `${MODULES}/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  return `${name} ${version} (${license})\n\n${file ? readFileSync(`${folder}/${file}`, "utf8") : ""}`;
}

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [licences()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../src/latente/studio/web",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    modulePreload: false,
    rolldownOptions: { output: { entryFileNames: "assets/studio.js", assetFileNames: "assets/[name][extname]" } },
  },
});
