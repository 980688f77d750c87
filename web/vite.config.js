import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const OUT = "../src/latente/explorer/web";

/** Pack the WebAssembly, which Vite finds beside the script, and tell whose work all this is. */
function packing() {
  return {
    name: "packing",
    /** @this {import("rolldown").PluginContext} @param {unknown} _ @param {import("rolldown").OutputBundle} bundle */
    generateBundle(_, bundle) {
      const [runtime, ...others] = Object.values(bundle).filter((file) => file.fileName.endsWith(".wasm"));
      if (!runtime || runtime.type !== "asset" || others.length) throw new Error("expected one WebAssembly file");
      delete bundle[runtime.fileName];
      this.emitFile({ type: "asset", fileName: "runtime.wasm.gz", source: gzipSync(runtime.source, { level: 9 }) });
      this.emitFile({ type: "asset", fileName: "LICENSES.txt", source: licences() });
    },
  };
}

/** Return the licence of what is packed; its npm packages come without the text. */
function licences() {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
  const version = (/** @type {string} */ name) => `${name} ${lock[`node_modules/${name}`].version}`;
  const names = ["onnxruntime-web", "onnxruntime-common"].map(version).join(", ");
  return `${names}\n\n${readFileSync("licences/onnxruntime.txt", "utf8")}`;
}

export default defineConfig({
  plugins: [packing()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    modulePreload: false,
    rolldownOptions: {
      input: "src/decoder.js",
      output: { format: "es", entryFileNames: "decoder.js", assetFileNames: "[name][extname]" },
    },
  },
});
