"""One image through CycleGAN's generator, as the public code of papers does it: load, run, save.

python benchmarks/reference.py WEIGHTS WIDTH BLOCKS SKIP INPUT OUTPUT
"""

import sys

import torch
from PIL import Image
from textbook import resnet_generator
from torchvision import transforms
from torchvision.utils import save_image


def load(weights: str, width: int, blocks: int) -> torch.nn.Sequential:
    """Return the generator with weights in the order of its parameters, whatever their names."""
    generator = resnet_generator(width, blocks).eval()
    values = torch.load(weights, weights_only=True).values()
    generator.load_state_dict(dict(zip(generator.state_dict(), values, strict=True)))
    return generator


def translate(generator: torch.nn.Sequential, images: torch.Tensor, skip: bool) -> torch.Tensor:
    """Translate images. With ``skip`` the generator predicts a change of its input, as ganzoo's ``global_skip``."""
    if not skip:
        return generator(images)
    return torch.tanh(generator[:-1](images) + torch.atanh(0.98 * images))


def main() -> None:
    weights, width, blocks, skip, source, target = sys.argv[1:]
    to_tensor = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)])
    generator = load(weights, int(width), int(blocks))
    with torch.no_grad():
        translated = translate(generator, to_tensor(Image.open(source).convert("RGB"))[None], skip == "True")
    save_image(translated / 2 + 0.5, target)


if __name__ == "__main__":
    main()
