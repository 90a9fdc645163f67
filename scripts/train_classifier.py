"""Train the classifier of 28x28 gray pictures behind `extractor:fashion-mnist` and measure it on the test pictures.

    python scripts/train_classifier.py fashion-mnist/        (ten minutes on one core of 2024)

The folder holds the four IDX files. All 60,000 training pictures are used; the test pictures are looked at once, at
the end. The same command gives the same weights on the same kind of processor, and prints their SHA-256, which belongs
in plugins/ganzoo_plugins/extractors/fashion.py.
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
SHIFT = 2  # pixels that a picture moves at most
BATCH = 128
PEAK_RATE = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the IDX files")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    torch.set_num_threads(1)  # several add up in an order of their own
    torch.manual_seed(given.seed)
    network = GarmentNetwork().to(memory_format=torch.channels_last)
    train(network, *read(given.data, "train"), given.epochs)
    weights_file.write(given.output, network.state_dict(), "float16")
    print(f"{given.output}: {given.output.stat().st_size:,} bytes, SHA-256 {weights_file.sha256(given.output)}")
    network.load_state_dict(weights_file.read(given.output))  # as it is published, in half the digits
    print(f"test accuracy {accuracy(network, *read(given.data, 't10k')):.2%}")


def read(folder: Path, part: str) -> tuple[Tensor, Tensor]:
    """Return pictures (N, 1, 28, 28) uint8 and classes (N,) int64 of "train" or "t10k"."""
    source = open_source(folder)
    names = idx.find(source, part)
    pictures, labels = idx.read(source, names) if names else (None, None)
    if pictures is None or labels is None:
        raise SystemExit(f"{folder} has no pictures and labels of the part '{part}': give the folder of the IDX files.")
    return pictures, labels.long()


def train(network: GarmentNetwork, pictures: Tensor, labels: Tensor, epochs: int) -> None:
    """Minimize cross entropy by SGD; the learning rate rises, then falls to 0 (one cycle, arXiv:1708.07120)."""
    optimizer = torch.optim.SGD(network.parameters(), PEAK_RATE, momentum=0.9, nesterov=True, weight_decay=5e-4)
    steps = epochs * (len(pictures) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=steps, pct_start=0.2)
    network.train()
    for epoch in range(epochs):
        losses = []
        for images, classes in batches(pictures, labels):
            loss = F.cross_entropy(network(normalize(images)), classes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1} of {epochs}: loss {sum(losses) / len(losses):.4f}", flush=True)


def batches(pictures: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield float batches in random order, each picture mirrored by a coin and each batch moved a little."""
    order = torch.randperm(len(pictures))
    for chosen in order[: len(order) // BATCH * BATCH].split(BATCH):
        images = pictures[chosen].float()
        mirrored = torch.rand(len(images), 1, 1, 1) < 0.5
        yield shifted(torch.where(mirrored, images.flip(3), images)), labels[chosen]


def shifted(images: Tensor) -> Tensor:
    """Return the pictures moved by up to `SHIFT` pixels each way, black where nothing was."""
    y, x = torch.randint(2 * SHIFT + 1, (2,)).tolist()
    height, width = images.shape[2:]
    return F.pad(images, [SHIFT] * 4)[:, :, y : y + height, x : x + width]


@torch.inference_mode()
def accuracy(network: GarmentNetwork, pictures: Tensor, labels: Tensor) -> float:
    """Return the share of pictures whose largest logit is their class."""
    network.eval()
    said = torch.cat([network(normalize(part.float())).argmax(1) for part in pictures.split(500)])
    return (said == labels).float().mean().item()


if __name__ == "__main__":
    main()
