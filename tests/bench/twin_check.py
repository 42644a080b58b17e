"""Checks the twin against plain numpy: whitening, crop, flip, Newton-Schulz, one Muon step, one SGD step, the TTA weights.

    twin_check.py                (with the python that scripts/peer prints; takes a few seconds, one thread)
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

import twin


def smooth_images(count, seed=0):
    """uint8 images whose neighbouring pixels resemble each other, as real ones' do."""
    small = np.random.default_rng(seed).integers(0, 256, (count, 3, 8, 8), dtype=np.uint8)
    return torch.from_numpy(small.repeat(4, axis=2).repeat(4, axis=3))


def check_whitening():
    images = twin.normalise(smooth_images(20))
    x = images.numpy().astype(np.float64)
    patches = np.array([x[n, :, i:i + 2, j:j + 2].ravel() for n in range(20) for i in range(31) for j in range(31)])
    covariance = patches.T @ patches / len(patches)
    filters = twin.whitening_filters(images).numpy().astype(np.float64).reshape(24, 12)
    assert np.array_equal(filters[12:], -filters[:12])
    values = np.linalg.eigvalsh(covariance)
    # each output's mean square is lambda / (lambda + eps), outputs are uncorrelated
    expected = np.diag(values / (values + 5e-4))
    assert np.allclose(filters[:12] @ covariance @ filters[:12].T, expected, atol=2e-3), "whitened covariance"


def check_augmentation():
    torch.manual_seed(1)
    images = twin.normalise(smooth_images(200))
    padded = F.pad(images, (2,) * 4, "reflect")
    cropped = twin.random_crop(padded)
    places = {(dy, dx): padded[:, :, dy:dy + 32, dx:dx + 32] for dy in range(5) for dx in range(5)}
    used = set()
    for n in range(200):
        hits = [place for place, view in places.items() if torch.equal(view[n], cropped[n])]
        assert hits, "a crop that is no window of the padded image"
        used.update(hits)
    assert len(used) == 25
    flipped = twin.random_flip(images)
    mirrored = sum(torch.equal(flipped[n], images[n].flip(-1)) for n in range(200))
    assert 60 < mirrored < 140 and all(torch.equal(flipped[n], images[n]) or torch.equal(flipped[n], images[n].flip(-1)) for n in range(200))


def newton_schulz(g):
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.T if g.shape[0] > g.shape[1] else g
    x = x / (np.linalg.norm(x) + 1e-7)
    for _ in range(3):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if g.shape[0] > g.shape[1] else x


def check_muon():
    torch.manual_seed(2)
    for shape in ((8, 6, 3, 3), (64, 2, 3, 3)):  # wide and tall
        for dtype, tolerance in ((torch.float32, 1e-5), (torch.bfloat16, 2e-2)):
            p = torch.nn.Parameter(torch.randn(shape))
            w, buffer = p.detach().numpy().astype(np.float64), np.zeros(shape)
            muon = twin.Muon([p], lr=0.24, momentum=0.6, dtype=dtype)
            for _ in range(3):
                p.grad = torch.randn(shape)
                g = p.grad.numpy().astype(np.float64)
                buffer = 0.6 * buffer + g
                w = w * math.sqrt(shape[0]) / np.linalg.norm(w)
                w = w - 0.24 * newton_schulz((g + 0.6 * buffer).reshape(shape[0], -1)).reshape(shape)
                muon.step()
            assert np.abs(p.detach().numpy() - w).max() < tolerance, f"Muon {shape} {dtype}"


def check_recipe():
    """Step 0 has the full rates, step 75 no longer moves the whitening bias, SGD is Nesterov with decoupled decay."""
    torch.manual_seed(3)
    net = twin.Net().train()
    recipe = twin.Recipe(net, 2000, 200, 75, torch.float32)
    images, labels = twin.normalise(smooth_images(8)), torch.arange(8)
    head = net.head.weight.detach().clone()
    loss = F.cross_entropy(net(images), labels, label_smoothing=0.2, reduction="sum")
    gradient, = torch.autograd.grad(loss, net.head.weight)
    recipe.step(images, labels)
    decayed = gradient + (4e-3 / 0.67) * head
    assert torch.allclose(net.head.weight, head - 0.67 * (decayed + 0.85 * decayed), atol=1e-5), "SGD step"
    assert [g["lr"] for g in recipe.sgd.param_groups] == [0.053, 0.053, 0.67]
    recipe.step_index = 75
    bias = net.whiten.bias.detach().clone()
    recipe.step(images, labels)
    assert torch.equal(bias, net.whiten.bias) and recipe.muon.param_groups[0]["lr"] == 0.24 * (1 - 75 / 200)
    assert len(recipe.muon.param_groups[0]["params"]) == 6 and len(recipe.sgd.param_groups[1]["params"]) == 6


def check_views():
    """The six weights are 1/4, 1/4 and four times 1/8, on the right windows."""
    images = twin.normalise(smooth_images(2))
    logits = twin.six_views(lambda x: x.flatten(1), images)
    pad = F.pad(images, (1,) * 4, "reflect")
    up, down = pad[:, :, :32, :32], pad[:, :, 2:, 2:]
    expected = sum(w * (v + v.flip(-1)).flatten(1) for w, v in ((0.25, images), (0.125, up), (0.125, down)))
    assert torch.allclose(logits, expected, atol=1e-6)


def check_network():
    torch.manual_seed(4)
    net = twin.Net()
    frozen = {name for name, p in net.named_parameters() if not p.requires_grad}
    assert frozen == {"whiten.weight"} | {f"groups.{i}.norm{j}.weight" for i in range(3) for j in (1, 2)}
    for group in net.groups:
        w = group.conv2.weight
        assert torch.equal(w, torch.nn.init.dirac_(torch.empty_like(w)))
    assert abs(net.head.weight.std().item() - 1) < 1e-6
    assert sum(p.numel() for p in net.parameters()) == 1972792


if __name__ == "__main__":
    torch.set_num_threads(1)
    for check in (check_whitening, check_augmentation, check_muon, check_recipe, check_views, check_network):
        check()
        print("ok", check.__name__)
