"""The pixelwise generator changes colors and no shapes, and learns a stain's colors from pairs."""

from __future__ import annotations

import torch

import ganzoo


def test_a_pixel_depends_on_itself_alone() -> None:
    torch.manual_seed(0)
    generator = ganzoo.build("generator:pixelwise").eval()
    assert sum(each.numel() for each in generator.parameters()) == 1283, "as in the paper"
    images = torch.rand(2, 3, 9, 11) * 2 - 1
    with torch.no_grad():
        made = generator(images)
        order = torch.randperm(99)
        shuffled = generator(images.flatten(2)[..., order].view(2, 3, 9, 11))
    assert torch.allclose(shuffled.flatten(2), made.flatten(2)[..., order], atol=1e-6)


def test_it_learns_a_mapping_of_colors() -> None:
    torch.manual_seed(0)
    generator = ganzoo.build("generator:pixelwise", width=16)
    matrix = torch.tensor([[0.6, 0.2, 0.0], [0.1, 0.5, 0.2], [0.0, 0.1, 0.7]])
    optimizer = torch.optim.Adam(generator.parameters(), 1e-2)
    losses = []
    for _ in range(150):
        images = torch.rand(1, 3, 16, 16) * 2 - 1
        target = torch.einsum("oc,nchw->nohw", matrix, images)
        loss = (generator(images) - target).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-10:]) < 0.3 * sum(losses[:10])
