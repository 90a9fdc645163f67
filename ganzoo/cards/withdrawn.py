"""Models that are withdrawn: a trivial method did as well, or they did not do what they were for.

Their recipes and networks remain. A name in this table is never given to another model.
"""

from __future__ import annotations

# Name -> why, and what to use instead.
WITHDRAWN = {
    "cut/horse2zebra": "Its zebras were farther from real ones than untouched horses are (a Frechet distance of 172, "
    "untouched 149). Use cyclegan/horse2zebra (60), or train the recipe cut.",
    "cyclegan/monet2photo": "Over nine paintings its gain was smaller than its interval (a kernel distance to "
    "photographs of 0.043, 0.013 to 0.072; untouched 0.048). Train the recipe cyclegan on your own images.",
    "dualgan/facades": "Its facades were less like the photographs than a uniform gray image is (9.5 dB, gray 13.4). "
    "Train the recipe dualgan, or pix2pix on pairs.",
    "inpaint/photos": "It filled holes hardly better than a smooth fill does (15.9 dB in the hole, smooth 15.6). "
    "Use the file of an inpainting network, such as file:big-lama.pt, or train the recipe lama.",
    "lapgan/landscapes": "Its landscapes were skies with dark noise, without objects. "
    "Train the recipe lapgan, or r3gan, on your own images.",
    "pix2pix/facades": "Its facades were as far from the photographs as the mean image is (13.2 dB, mean image 13.4). "
    "Train the recipe pix2pix on your own pairs.",
    "stargan/landscapes": "Two of its three translations moved away from their target. "
    "Train the recipe stargan on your own classes.",
    "style/adain": "It painted the same weave with every style. "
    "Use style/gatys for any style or style/irises for one, or train the recipe adain.",
    "unit/horse2zebra": "Its zebras were farther from real ones than untouched horses are (a Frechet distance of 157, "
    "untouched 149). Use cyclegan/horse2zebra (60), or train the recipe unit.",
    "unit/zebra2horse": "It kept the stripes, and the other direction of its training did worse than no model. "
    "Use cyclegan/zebra2horse, or train the recipe unit.",
}
