// The page of `ganzoo demo --live`: sends the camera's newest frame, shows its translation, and sends the next.
import { savePng } from './save.js';

const element = (id) => document.getElementById(id);
const [video, after] = [document.querySelector('video'), element('after')];
const WIDEST = 640; // pixels of the frames that are sent
const RECENT = 2000; // milliseconds over which translations are counted
let camera = null, newest = null, wake = () => {};

const say = (text, alarm = false) => {
  element('status').textContent = text;
  element('status').classList.toggle('alarm', alarm);
};

// Notes each frame of the camera when it arrives: its number, and the time.
function watch(stream) {
  video.requestVideoFrameCallback((now, about) => {
    if (camera !== stream) return;
    newest = { number: about.presentedFrames, arrived: now };
    wake();
    watch(stream);
  });
}

// Returns a frame that is newer than the last, which the video shows at that moment.
async function next(last) {
  while (camera && (!newest || newest.number === last)) await new Promise((done) => { wake = done; });
  return newest;
}

async function encode() {
  const share = Math.min(1, WIDEST / video.videoWidth);
  const [width, height] = [video.videoWidth, video.videoHeight].map((side) => Math.round(side * share));
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d', { willReadFrequently: true }).drawImage(video, 0, 0, width, height);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
}

// Returns the translation, or null where a newer frame took its place.
async function translate(blob) {
  const asked = new URLSearchParams({ size: element('size').value, smoothing: element('smoothing').value });
  if (element('label')) asked.set('label', element('label').value);
  const answer = await fetch(`live/frame?${asked}`, { method: 'POST', body: blob }).catch(() => {
    throw new Error('The computer that translates does not answer. Check that `ganzoo demo` still runs, then start the camera again.');
  });
  if (answer.status === 204) return null;
  if (!answer.ok) throw new Error(await answer.text());
  return createImageBitmap(await answer.blob());
}

function show(image) {
  if (after.width !== image.width || after.height !== image.height) [after.width, after.height] = [image.width, image.height];
  after.getContext('2d').drawImage(image, 0, 0);
  element('save').disabled = false;
}

async function live(stream) {
  const times = [];
  let last = 0, first = null, shown = 0;
  while (true) {
    const frame = await next(last);
    if (camera !== stream) return;
    last = frame.number;
    first ??= last;
    const image = await translate(await encode());
    if (camera !== stream) return;
    if (!image) continue;
    show(image);
    const now = performance.now(), late = last - first - shown;
    shown += 1;
    if (shown === 1) say('The camera is on.');
    times.push(now);
    while (now - times[0] > RECENT && times.length > 2) times.shift();
    const rate = times.length > 1 ? (times.length - 1) * 1000 / (now - times[0]) : 0;
    element('speed').textContent = `${rate.toFixed(1)} per second, latency ${(now - frame.arrived).toFixed(0)} ms, `
      + `${late} late ones dropped`;
    document.body.dataset.frames = shown;
  }
}

async function start() {
  element('camera').disabled = true;
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: WIDEST } } });
    video.srcObject = stream;
    await video.play();
    [camera, newest] = [stream, null];
    element('camera').textContent = 'Stop the camera';
    document.querySelector('.panes').hidden = false;
    say('The camera is on. Waiting for the first translation ...');
    stream.getVideoTracks()[0].onended = () => {
      stop();
      say('The camera stopped. Check that it is connected, and that no other program uses it.', true);
    };
    watch(stream);
    live(stream).catch((error) => {
      stop();
      say(error.message, true);
    });
  } catch (error) {
    say(`There is no camera for this page: ${error.message}`, true);
  }
  element('camera').disabled = false;
}

function stop() {
  camera?.getTracks().forEach((track) => track.stop());
  camera = null;
  wake();
  element('camera').textContent = 'Start the camera';
  say('The camera is off.');
}

element('camera').onclick = () => (camera ? stop() : start());
element('save').onclick = () => savePng(after, 'live.png');
if (navigator.mediaDevices) {
  element('camera').disabled = false;
  say('The camera is off.');
} else {
  say('Browsers give a camera only to pages of this computer (127.0.0.1 or localhost), or over https.', true);
}
