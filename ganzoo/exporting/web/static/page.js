// The page: takes images from a file, the clipboard or a camera, shows them before and after, and saves the result.
import { openEngines } from './engine.js';
import { MaskPainter } from './mask.js';
import { workingSize } from './images.js';
import { savePng } from './save.js';

const element = (id) => document.getElementById(id);
const [before, after] = [element('before'), element('after')];
const RECENT = 1000; // milliseconds over which the camera's frames are counted
const MOST = 16e6; // pixels of an image that is processed whole
let engine = null, about = null, photo = null, name = 'image', camera = null, running = false, again = false;
let painter = null;

const say = (text, alarm = false) => {
  element('status').textContent = text;
  element('status').classList.toggle('alarm', alarm);
};

// ---- what is shown

// Returns the image at its working size: a canvas that is never shown, so that its pixels are read without a GPU.
function scaled(source, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.fillStyle = 'white'; // transparent images lie on white
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(source, 0, 0, width, height);
  return pen;
}

function draw(canvas, pixels, width, height) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  canvas.getContext('2d').putImageData(new ImageData(pixels, width, height), 0, 0);
}

// The stage is as wide as fits, and no higher than most of the window; what belongs to it is as wide.
function fit(width, height) {
  for (const id of ['stage', 'result']) element(id).style.maxWidth = `calc(65vh * ${width / height})`;
}

function slide() {
  after.style.clipPath = `inset(0 0 0 ${element('slider').value}%)`;
  element('line').style.left = `${element('slider').value}%`;
}

function speed(milliseconds, rate) {
  element('speed').textContent = `${milliseconds.toFixed(0)} ms, ${rate.toFixed(1)} frames per second, `
    + `processed at ${before.width}x${before.height}`;
}

// ---- one image

function prepare(source, width, height) {
  const size = workingSize(width, height, element('size').value, about.imageSize);
  if (size[0] * size[1] > MOST) throw new Error(`${size.join('x')} pixels are too many: choose a smaller size.`);
  const { data } = scaled(source, ...size).getImageData(0, 0, ...size);
  const label = Number(element('label')?.value ?? 0);
  return { pixels: data, width: size[0], height: size[1], label, missing: painter?.missing(...size) };
}

async function translate(source, width, height) {
  const image = prepare(source, width, height);
  const result = await engine.translate(image);
  fit(image.width, image.height);
  draw(before, image.pixels, image.width, image.height);
  draw(after, result.pixels, result.width, result.height);
  element('stage').hidden = element('result').hidden = false;
  return result.milliseconds;
}

// Translates the present image; what changes meanwhile is translated next, and only the latest of it.
async function update() {
  if (!engine || !photo || camera) return;
  if (running) {
    again = true;
    return;
  }
  running = true;
  document.body.classList.add('busy');
  try {
    do {
      again = false;
      const milliseconds = await translate(photo, photo.width, photo.height);
      speed(milliseconds, 1000 / milliseconds);
    } while (again && photo);
    element('save').disabled = false;
    document.body.dataset.done = name;
  } catch (error) {
    say(error.message, true);
  }
  running = false;
  document.body.classList.remove('busy');
}

async function show(blob, title) {
  stopCamera();
  delete document.body.dataset.done;
  element('save').disabled = true;
  try {
    photo = await createImageBitmap(blob, { premultiplyAlpha: 'none' });
  } catch {
    say(`${title} is not an image that this browser reads.`, true);
    return;
  }
  name = title.replace(/\.[^.]*$/, '');
  painter?.open(photo);
  await update();
}

// ---- the camera

// Each turn takes the newest frame: those that come while the network computes are dropped.
async function live(video) {
  const times = [];
  while (camera) {
    try {
      const latency = await translate(video, video.videoWidth, video.videoHeight);
      const now = performance.now();
      times.push(now);
      while (now - times[0] > RECENT && times.length > 2) times.shift();
      if (times.length > 1) speed(latency, (times.length - 1) * 1000 / (now - times[0]));
      document.body.dataset.frames = 1 + Number(document.body.dataset.frames || 0);
    } catch (error) {
      say(error.message, true);
      stopCamera();
    }
    await new Promise(requestAnimationFrame);
  }
}

async function startCamera() {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } } });
    const video = Object.assign(document.createElement('video'), { srcObject: stream, muted: true, playsInline: true });
    await video.play();
    stream.getVideoTracks()[0].onended = () => {
      stopCamera();
      say('The camera stopped. Check that it is connected, and that no other program uses it.', true);
    };
    camera = stream;
    [name, element('save').disabled, element('camera').textContent] = ['camera', false, 'Stop the camera'];
    live(video);
  } catch (error) {
    say(`There is no camera for this page: ${error.message}`, true);
  }
}

function stopCamera() {
  camera?.getTracks().forEach((track) => track.stop());
  camera = null;
  element('camera').textContent = 'Camera';
}

// ---- what a visitor does

function connect() {
  element('file').onchange = ({ target }) => { if (target.files[0]) show(target.files[0], target.files[0].name); };
  element('camera').onclick = () => (camera ? stopCamera() : startCamera());
  element('camera').hidden = about.inputs.includes('mask');
  element('save').onclick = () => savePng(after, `${name}-${about.name.replaceAll('/', '-')}.png`);
  element('slider').oninput = slide;
  for (const id of ['size', 'label']) element(id)?.addEventListener('change', update);
  document.ondragover = (event) => event.preventDefault();
  document.ondrop = (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) show(file, file.name);
  };
  document.onpaste = (event) => {
    const file = [...event.clipboardData.files].find((one) => one.type.startsWith('image/'));
    if (file) show(file, 'pasted');
  };
  if (about.inputs.includes('mask')) painter = new MaskPainter(element('mask'), element('brush'), element('clear'), update);
  slide();
}

async function start() {
  say('Loading the model...');
  about = await (await fetch('model.json')).json();
  connect();
  await openEngines((opened) => {
    const threads = opened.threads > 1 ? `${opened.threads} threads` : '1 thread';
    const where = opened.name === 'webgpu' ? 'WebGPU' : `WebAssembly, ${threads}`;
    [engine, element('camera').disabled] = [opened, false];
    say(`Ready (${where}). Self-test passed: values differ from PyTorch's by at most ${opened.difference.toExponential(0)}.`);
    document.body.dataset.engine = opened.name;
    if (photo) update();
    else fetch(about.example).then((response) => response.blob()).then((blob) => { if (!photo && !camera) show(blob, 'example.jpg'); });
  });
}

start().catch((error) => say(`This page does not work here: ${error.message}`, true));
