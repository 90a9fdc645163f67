// What computes: ONNX Runtime Web in a worker.

function openWorker() {
  const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
  const waiting = new Map();
  let last = 0, ending = false;
  const endIfIdle = () => { if (ending && !waiting.size) worker.terminate(); };
  const fail = (error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.onerror = (event) => fail(new Error(event.message || 'the worker cannot be loaded'));
  worker.onmessage = ({ data: { id, answer, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(answer);
    endIfIdle();
  };
  const ask = (message) => new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject });
    worker.postMessage({ id: last, ...message });
  });
  return { ask, end: () => { ending = true; endIfIdle(); } };
}

async function openEngine(name) {
  const worker = openWorker();
  try {
    const { threads, difference } = await worker.ask({ open: name });
    return { name, threads, difference, end: worker.end, translate: (image) => worker.ask({ image }) };
  } catch (error) {
    worker.end();
    throw error;
  }
}

// WebAssembly first. Where there is a GPU, it takes over once its own self-test has passed.
export async function openEngines(onOpen) {
  const wasm = await openEngine('wasm');
  onOpen(wasm);
  const asked = new URLSearchParams(location.search).get('engine');
  if (asked === 'wasm' || !navigator.gpu || !await navigator.gpu.requestAdapter()) return;
  try {
    onOpen(await openEngine('webgpu'));
    wasm.end();
  } catch (error) {
    console.warn(`WebGPU is not used: ${error.message}`);
  }
}
