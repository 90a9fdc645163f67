// A mask that a visitor paints over the image; it has the image's own size.
export class MaskPainter {
  constructor(canvas, brush, clear, onChange) {
    Object.assign(this, { canvas, brush, onChange, last: null });
    canvas.hidden = false;
    canvas.onpointerdown = (event) => this.begin(event);
    canvas.onpointermove = (event) => { if (this.last) this.stroke(event); };
    canvas.onpointerup = canvas.onpointercancel = () => this.end();
    clear.onclick = () => { this.wipe(); this.onChange(); };
  }

  open({ width, height }) {
    [this.canvas.width, this.canvas.height] = [width, height];
    this.wipe();
  }

  wipe() {
    this.canvas.getContext('2d').clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  begin(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.last = this.place(event);
    this.stroke(event);
  }

  stroke(event) {
    const pen = this.canvas.getContext('2d'), to = this.place(event);
    Object.assign(pen, { strokeStyle: 'white', lineCap: 'round', lineJoin: 'round' });
    pen.lineWidth = Math.max(1, this.canvas.width * this.brush.value / 100);
    pen.beginPath();
    pen.moveTo(...this.last);
    pen.lineTo(...to);
    pen.stroke();
    this.last = to;
  }

  end() {
    if (this.last) this.onChange();
    this.last = null;
  }

  place({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [(clientX - left) * this.canvas.width / width, (clientY - top) * this.canvas.height / height];
  }

  // Returns one byte a pixel at another size: a pixel is missing where any of those it stands for is.
  missing(width, height) {
    const pen = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    pen.imageSmoothingQuality = 'high';
    pen.drawImage(this.canvas, 0, 0, width, height);
    const { data } = pen.getImageData(0, 0, width, height);
    return Uint8Array.from({ length: width * height }, (_, i) => (data[4 * i + 3] > 2 ? 255 : 0));
  }
}
