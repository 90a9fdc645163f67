"""Draw facade-labels.png, a label map in the colors of CMP Facades, for a pix2pix that is trained on them."""

from pathlib import Path

from PIL import Image, ImageDraw

BACKGROUND, WALL, WINDOW, DOOR = (0, 0, 170), (0, 0, 255), (0, 85, 255), (0, 170, 255)
SILL, BALCONY, MOLDING, SHOP = (85, 255, 170), (170, 255, 85), (255, 85, 0), (170, 0, 0)

image = Image.new("RGB", (256, 256), BACKGROUND)
draw = ImageDraw.Draw(image)
draw.rectangle((24, 20, 232, 255), WALL)
draw.rectangle((24, 20, 232, 30), MOLDING)
draw.rectangle((24, 186, 232, 193), MOLDING)
for row, top in enumerate((44, 92, 140)):
    for left in (38, 78, 118, 158, 198):
        draw.rectangle((left, top, left + 21, top + 32), WINDOW)
        draw.rectangle((left - 3, top + 33, left + 24, top + 37), BALCONY if row == 1 else SILL)
draw.rectangle((34, 202, 104, 255), SHOP)
draw.rectangle((116, 202, 142, 255), DOOR)
draw.rectangle((154, 202, 224, 255), SHOP)
image.save(Path(__file__).with_name("facade-labels.png"))
