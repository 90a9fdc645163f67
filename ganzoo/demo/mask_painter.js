// Runs where the field is shown; Gradio gives `element`, `props`, `trigger`, `upload` and `watch`.
const drawn = document.createElement('canvas'); // white strokes on nothing, as large as the image
let photo = null, from = null, drawing = false;

const canvas = () => element.querySelector('canvas');

function show() {
  const target = canvas();
  if (!photo || !target) return;
  [target.width, target.height] = [drawn.width, drawn.height];
  const pen = target.getContext('2d');
  pen.drawImage(photo, 0, 0);
  pen.globalAlpha = 0.7;
  pen.drawImage(drawn, 0, 0);
}

function load() {
  photo = null;
  drawing = false;
  if (!props.value) {
    canvas().width = canvas().height = 1;
    return;
  }
  const image = new Image();
  image.onload = () => {
    photo = image;
    [drawn.width, drawn.height] = [image.naturalWidth, image.naturalHeight];
    show();
  };
  image.src = props.value;
}

function place(event) {
  const box = canvas().getBoundingClientRect();
  return [(event.clientX - box.left) * drawn.width / box.width, (event.clientY - box.top) * drawn.height / box.height];
}

function stroke(event) {
  const pen = drawn.getContext('2d'), to = place(event);
  pen.strokeStyle = 'white';
  pen.lineCap = pen.lineJoin = 'round';
  pen.lineWidth = Math.max(1, drawn.width * element.querySelector('input').value / 100);
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(...to);
  pen.stroke();
  from = to;
  show();
}

async function send() {
  const whole = document.createElement('canvas');
  [whole.width, whole.height] = [drawn.width, drawn.height];
  const pen = whole.getContext('2d');
  pen.fillRect(0, 0, whole.width, whole.height);
  pen.drawImage(drawn, 0, 0);
  const blob = await new Promise((done) => whole.toBlob(done, 'image/png'));
  const file = await upload(new File([blob], 'mask.png', {type: 'image/png'}));
  window.ganzooMask = {...file, orig_name: 'mask.png', mime_type: 'image/png', meta: {_type: 'gradio.FileData'}};
  trigger('input');
}

element.addEventListener('pointerdown', (event) => {
  if (!photo || event.target !== canvas()) return;
  drawing = true;
  from = place(event);
  stroke(event);
});
element.addEventListener('pointermove', (event) => { if (drawing) stroke(event); });
window.addEventListener('pointerup', () => {
  if (!drawing) return;
  drawing = false;
  send();
});
element.addEventListener('click', (event) => {
  if (event.target.tagName !== 'BUTTON' || !photo) return;
  drawn.getContext('2d').clearRect(0, 0, drawn.width, drawn.height);
  show();
  window.ganzooMask = null;
  trigger('input');
});
watch('value', load);
load();
