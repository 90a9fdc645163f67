"""Train the classifier of 28x28 gray images behind `extractor:fashion-mnist` and measure it on the test images.

    python scripts/train_classifier.py fashion-mnist/        (ten minutes on one CPU core)

The folder holds the four IDX files. All 60,000 training images are used; the test images are used once, at the
end. The same command gives the same weights on the same kind of processor. It prints their SHA-256, which belongs in
plugins/ganzoo_plugins/extractors/fashion.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.data import idx
from ganzoo.data.sources import open_source
from ganzoo.weights import weights_file
from ganzoo_plugins.extractors.fashion import GarmentNetwork, normalize

OUTPUT = Path(__file__).parent.parent / "plugins/ganzoo_plugins/extractors/weights/fashion-mnist.safetensors"
SHIFT = 2  # pixels, the largest shift of an image
BATCH = 128
PEAK_RATE = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the IDX files")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # several threads sum in varying order
    torch.manual_seed(arguments.seed)
    network = GarmentNetwork().to(memory_format=torch.channels_last)
    train(network, *read(arguments.data, "train"), arguments.epochs)
    weights_file.write(arguments.output, network.state_dict(), "float16")
    size, digest = arguments.output.stat().st_size, weights_file.sha256(arguments.output)
    print(f"{arguments.output}: {size:,} bytes, SHA-256 {digest}")
    network.load_state_dict(weights_file.read(arguments.output))  # as published, in float16
    print(f"test accuracy {accuracy(network, *read(arguments.data, 't10k')):.2%}")


def read(folder: Path, part: str) -> tuple[Tensor, Tensor]:
    """Return images (N, 1, 28, 28) uint8 and classes (N,) int64 of "train" or "t10k"."""
    source = open_source(folder)
    names = idx.find(source, part)
    images, labels = idx.read(source, names) if names else (None, None)
    if images is None or labels is None:
        raise SystemExit(f"{folder} has no images and labels of the part '{part}'. Give the folder of the IDX files.")
    return images, labels.long()


def train(network: GarmentNetwork, images: Tensor, labels: Tensor, epochs: int) -> None:
    """Minimize cross entropy by SGD; the learning rate rises, then falls to 0 (one cycle, arXiv:1708.07120)."""
    optimizer = torch.optim.SGD(network.parameters(), PEAK_RATE, momentum=0.9, nesterov=True, weight_decay=5e-4)
    steps = epochs * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=steps, pct_start=0.2)
    network.train()
    for epoch in range(epochs):
        losses = []
        for batch, classes in batches(images, labels):
            loss = F.cross_entropy(network(normalize(batch)), classes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1} of {epochs}: loss {sum(losses) / len(losses):.4f}", flush=True)


def batches(images: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield float batches in random order; each image is flipped with probability 1/2, each batch shifted a little."""
    order = torch.randperm(len(images))
    for chosen in order[: len(order) // BATCH * BATCH].split(BATCH):
        batch = images[chosen].float()
        flipped = torch.rand(len(batch), 1, 1, 1) < 0.5
        yield shift(torch.where(flipped, batch.flip(3), batch)), labels[chosen]


def shift(images: Tensor) -> Tensor:
    """Shift the images by up to `SHIFT` pixels each way, with black borders."""
    y, x = torch.randint(2 * SHIFT + 1, (2,)).tolist()
    height, width = images.shape[2:]
    return F.pad(images, [SHIFT] * 4)[:, :, y : y + height, x : x + width]


@torch.inference_mode()
def accuracy(network: GarmentNetwork, images: Tensor, labels: Tensor) -> float:
    """Return the share of images whose largest logit is their class."""
    network.eval()
    predicted = torch.cat([network(normalize(batch.float())).argmax(1) for batch in images.split(500)])
    return (predicted == labels).float().mean().item()


if __name__ == "__main__":
    main()
