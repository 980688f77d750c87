import { InferenceSession, Tensor, env } from "onnxruntime-web/wasm";

/**
 * Start a model in this page: one thread, no worker, nothing fetched.
 * @param {Uint8Array} model an ONNX file with one input (N, K) and one output (N, ...), both float32
 * @param {Uint8Array} runtime the WebAssembly of onnxruntime-web
 * @returns {Promise<(codes: Float32Array, count: number) => Promise<Float32Array>>}
 */
async function open(model, runtime) {
  env.wasm.numThreads = 1;
  env.wasm.wasmBinary = runtime;
  env.logLevel = "error";
  const session = await InferenceSession.create(model, { executionProviders: ["wasm"] });
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  return async (codes, count) => {
    const results = await session.run({ [input]: new Tensor("float32", codes, [count, codes.length / count]) });
    return /** @type {Float32Array} */ (results[output].data);
  };
}

Object.assign(globalThis, { LatenteLive: { open } });
