import { InferenceSession, Tensor, env } from "onnxruntime-web/wasm";

/**
 * Start a model in this page: one thread, no worker, nothing fetched.
 * @param {Uint8Array} model an ONNX file with one input (N, ...) and outputs (N, ...), all float32
 * @param {Uint8Array} runtime the WebAssembly of onnxruntime-web
 * @returns {Promise<(values: Float32Array, count: number) => Promise<Float32Array[]>>} what `count` codes or images give,
 *   output by output
 */
async function open(model, runtime) {
  env.wasm.numThreads = 1;
  env.wasm.wasmBinary = runtime;
  env.logLevel = "error";
  const session = await InferenceSession.create(model, { executionProviders: ["wasm"] });
  const [input] = session.inputNames;
  const [told] = session.inputMetadata;
  if (!told.isTensor) throw new Error("the model takes no tensor");
  const shape = /** @type {number[]} */ (told.shape.slice(1));
  return async (values, count) => {
    const results = await session.run({ [input]: new Tensor("float32", values, [count, ...shape]) });
    return session.outputNames.map((name) => /** @type {Float32Array} */ (results[name].data));
  };
}

Object.assign(globalThis, { LatenteLive: { open } });
