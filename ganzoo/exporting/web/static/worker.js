// Runs the network, away from the page. Messages: {id, open: 'wasm' | 'webgpu'} and {id, image}.
import { toPixels, toPlanes } from './images.js';

const RUNTIMES = { wasm: 'ort-wasm-simd-threaded', webgpu: 'ort-wasm-simd-threaded.asyncify' };
const MOST_THREADS = 4;
let ort, session, about;

async function fetched(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return response;
}

async function open(engine) {
  const runtime = (name) => new URL(`runtime/${name}`, import.meta.url).href;
  about = await (await fetched('model.json')).json();
  ort = await import(runtime(`ort.${engine}.js`));
  ort.env.wasm.wasmPaths = { mjs: runtime(`${RUNTIMES[engine]}.js`), wasm: runtime(`${RUNTIMES[engine]}.wasm`) };
  const threads = self.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
  ort.env.wasm.numThreads = threads; // threads share memory, which only isolated pages may
  const model = new Uint8Array(await (await fetched(about.file)).arrayBuffer());
  session = await ort.InferenceSession.create(model, { executionProviders: [engine] });
  return { threads, difference: await selfTest() };
}

// Returns the largest difference from what PyTorch computed when the page was made.
async function selfTest() {
  const { file, input, output, tolerance } = about.selfTest;
  const values = new Float32Array(await (await fetched(file)).arrayBuffer());
  const count = input.reduce((a, b) => a * b);
  const found = await run(values.subarray(0, count), input);
  const expected = values.subarray(count);
  if (found.dims.join() !== output.join()) throw new Error(`the self-test returned ${found.dims}, not ${output}`);
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    const one = Math.abs(found.data[i] - expected[i]);
    if (!(one <= difference)) difference = one; // NaN counts as different
  }
  if (!(difference <= tolerance)) throw new Error(`the self-test failed: values differ by ${difference}`);
  return difference;
}

async function run(planes, shape) {
  const { output } = await session.run({ input: new ort.Tensor('float32', planes, shape) });
  const found = { dims: [...output.dims], data: await output.getData() };
  output.dispose();
  return found;
}

async function translate(image) {
  const began = performance.now();
  const padded = toPlanes(image, about);
  const shape = [1, about.channels + about.inputs.length, padded.height, padded.width];
  const { data } = await run(padded.planes, shape);
  const pixels = toPixels(data, padded, image, about);
  const size = { width: image.width * about.scale, height: image.height * about.scale };
  return { pixels, ...size, milliseconds: performance.now() - began };
}

self.onmessage = async ({ data: { id, ...asked } }) => {
  try {
    const answer = asked.open ? await open(asked.open) : await translate(asked.image);
    self.postMessage({ id, answer }, answer.pixels ? [answer.pixels.buffer] : []);
  } catch (error) {
    self.postMessage({ id, error: error.message || String(error) });
  }
};
