// Pixels of a canvas (RGBA, 0 to 255) to the network's planes (channels, height, width, -1 to 1), and back.

// The size at which an image is processed, as `ganzoo translate --size` has it: [width, height].
export function workingSize(width, height, size, trained) {
  if (size === 'native') return [width, height];
  const shorter = Math.min(width, height);
  const target = size === 'auto' ? (trained ? Math.min(shorter, trained) : shorter) : Number(size);
  return [width, height].map((side) => Math.max(1, Math.round(side * target / shorter)));
}

// Position i of a side that is continued by reflection: 0 1 2 3 2 1 0 1 ...
function reflected(i, side) {
  if (side === 1) return 0;
  const period = 2 * (side - 1), place = i % period;
  return place < side ? place : period - place;
}

export function paddedSide(side, about) {
  return Math.max(about.smallest, Math.ceil(side / about.stride) * about.stride);
}

// Returns {planes, width, height}; missing (one byte a pixel, not 0 where the image is missing) and label: if asked for.
export function toPlanes({ pixels, width, height, missing, label }, about) {
  const wide = paddedSide(width, about), high = paddedSide(height, about), plane = wide * high;
  const planes = new Float32Array((about.channels + about.inputs.length) * plane);
  const masked = about.inputs.indexOf('mask'), labelled = about.inputs.indexOf('label');
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const from = reflected(y, height) * width + reflected(x, width), to = y * wide + x;
      const hidden = masked >= 0 && missing[from] > 0;
      if (about.channels === 1) {
        const [red, green, blue] = pixels.subarray(4 * from, 4 * from + 3);
        planes[to] = hidden ? 0 : (0.299 * red + 0.587 * green + 0.114 * blue) / 127.5 - 1;
      } else {
        for (let c = 0; c < 3; c++) planes[c * plane + to] = hidden ? 0 : pixels[4 * from + c] / 127.5 - 1;
      }
      if (masked >= 0) planes[(about.channels + masked) * plane + to] = hidden ? 1 : 0;
    }
  }
  if (labelled >= 0) planes.fill(label, (about.channels + labelled) * plane, (about.channels + labelled + 1) * plane);
  return { planes, width: wide, height: high };
}

// Returns RGBA of the part that belongs to the image; outside of a mask the image stays as it was.
export function toPixels(planes, padded, { pixels, width, height, missing }, about) {
  const scale = about.scale, wide = width * scale, high = height * scale;
  const row = padded.width * scale, plane = row * padded.height * scale;
  const result = new Uint8ClampedArray(4 * wide * high); // rounds and clamps
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const from = y * row + x, to = 4 * (y * wide + x);
      const kept = about.inputs.includes('mask') && !missing[y * width + x];
      for (let c = 0; c < 3; c++) {
        const value = planes[(about.outChannels === 1 ? 0 : c) * plane + from];
        result[to + c] = kept ? pixels[to + c] : (value + 1) * 127.5;
      }
      result[to + 3] = 255;
    }
  }
  return result;
}
