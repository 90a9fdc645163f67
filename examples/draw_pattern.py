"""Draw pattern.png, a strong pattern in few colors, as a style image for `ganzoo translate style/gatys`."""

import math
from pathlib import Path

from PIL import Image, ImageDraw

SIDE, STEP = 1024, 64  # drawn at twice the size, then halved to smooth the edges
COLORS = [(22, 42, 92), (238, 176, 46), (196, 62, 44), (244, 232, 204), (40, 132, 128)]

image = Image.new("RGB", (SIDE, SIDE), COLORS[0])
draw = ImageDraw.Draw(image)
for row in range(-1, SIDE // STEP + 1):
    for column in range(-1, SIDE // STEP + 1):
        bent = 0.6 * math.sin(row / 2.7) + 0.6 * math.cos(column / 3.1)
        middle = ((column + 0.5 * (row % 2) + 0.5) * STEP, (row + 0.5) * STEP)
        for ring in range(4):  # concentric rings whose colors vary over the image
            radius = STEP * (0.72 - 0.17 * ring)
            shift = (0.1 * STEP * ring * math.cos(bent * 3), 0.1 * STEP * ring * math.sin(bent * 3))
            color = COLORS[(ring + round(2 * bent) + (row * column) % 7 // 3) % len(COLORS)]
            box = [middle[axis] + shift[axis] + sign * radius for sign in (-1, 1) for axis in (0, 1)]
            draw.ellipse(box, fill=color, outline=COLORS[0], width=5)
small = image.resize((SIDE // 2, SIDE // 2), Image.Resampling.LANCZOS)
small.quantize(64).save(Path(__file__).with_name("pattern.png"), optimize=True)
