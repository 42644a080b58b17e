"""The PyTorch twin of tundish's default recipe (airbench94_muon), the peer of its benchmarks and of its accuracy proof.

    twin.py --bench STEPS --batch 2000 [--threads N] [--heap]      images per second of STEPS training steps
    twin.py --train --data FOLDER --seed N [--epochs 8]            train and evaluate; one JSON line per epoch

FOLDER holds the official binary version of CIFAR-10 (data_batch_1.bin … test_batch.bin). Everything is eager PyTorch on CPU in
channels_last: bf16 autocast with the first layer in fp32 where the CPU has AMX, else fp32. Run it with the python that
scripts/peer prints.

--bench times forward, backward and both optimizers on batches that lie ready in memory; augmentation (once an epoch, about one
percent of the time) is left out, and so is one warm-up step.
"""
import argparse
import contextlib
import ctypes
import json
import math
import os
import pathlib
import statistics
import sys
import time

import numpy
import torch
import torch.nn.functional as F
from torch import nn

MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)
RECORD = 3073  # one label byte, then 32x32 red, green and blue
WIDTHS = (64, 256, 256)
WHITENING_IMAGES = 5000
WHITENING_EPOCHS = 3  # 75 steps of batch 2000
EVALUATION_BATCH = 2000


# ---------------------------------------------------------------------------------------------------------- data

def read_batches(paths, limit=None):
    """Reads files of the binary layout; returns uint8 images (n, 3, 32, 32) and int64 labels."""
    records = numpy.concatenate([numpy.fromfile(path, dtype=numpy.uint8).reshape(-1, RECORD) for path in paths])[:limit]
    labels = torch.from_numpy(records[:, 0].astype(numpy.int64))
    return torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).copy()), labels


def read_cifar10(folder, limit=None):
    """Returns (train images, train labels), (test images, test labels)."""
    folder = pathlib.Path(folder)
    train = [folder / f"data_batch_{i}.bin" for i in range(1, 6)]
    for path in [*train, folder / "test_batch.bin"]:
        if not path.is_file():
            sys.exit(f"twin: no {path}; --data wants a folder with CIFAR-10's binary version")
    return read_batches(train, limit), read_batches([folder / "test_batch.bin"])


def normalise(images):
    """uint8 to float32, (x / 255 - mean) / std, channels_last."""
    mean = torch.tensor(MEAN).view(1, 3, 1, 1)
    std = torch.tensor(STD).view(1, 3, 1, 1)
    return images.float().div_(255).sub_(mean).div_(std).contiguous(memory_format=torch.channels_last)


def random_flip(images):
    """Mirrors each image with probability one half."""
    return torch.where((torch.rand(len(images)) < 0.5).view(-1, 1, 1, 1), images.flip(-1), images)


def random_crop(padded, size=32):
    """Crops each padded image at its own random place: 25 masked copies for a pad of 2."""
    reach = (padded.size(-1) - size) // 2
    shifts = torch.randint(-reach, reach + 1, (len(padded), 2))
    out = torch.empty((len(padded), 3, size, size)).contiguous(memory_format=torch.channels_last)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            mask = (shifts[:, 0] == dy) & (shifts[:, 1] == dx)
            out[mask] = padded[mask, :, reach + dy:reach + dy + size, reach + dx:reach + dx + size]
    return out


class Augmenter:
    """Alternating flip and random crop: each call to `epoch` returns all images as the next epoch sees them."""

    def __init__(self, images):
        self.padded = F.pad(random_flip(images), (2,) * 4, "reflect")
        self.epochs = 0

    def epoch(self):
        images = random_crop(self.padded)
        if self.epochs % 2 == 1:
            images = images.flip(-1)
        self.epochs += 1
        return images


# ------------------------------------------------------------------------------------------------------- network

class BatchNorm(nn.BatchNorm2d):
    """Weight frozen at 1, trained bias, eps 1e-12, momentum 0.4."""

    def __init__(self, channels):
        super().__init__(channels, eps=1e-12, momentum=0.4)
        self.weight.requires_grad = False


class Conv(nn.Conv2d):
    """3x3, same padding, no bias; the first `in_channels` filters start as the identity."""

    def __init__(self, in_channels, out_channels):
        super().__init__(in_channels, out_channels, 3, padding="same", bias=False)
        nn.init.dirac_(self.weight.data[:in_channels])


class Group(nn.Module):
    """conv, pool, norm, GELU, conv, norm, GELU."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv1 = Conv(in_channels, out_channels)
        self.norm1 = BatchNorm(out_channels)
        self.conv2 = Conv(out_channels, out_channels)
        self.norm2 = BatchNorm(out_channels)

    def forward(self, x):
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        return F.gelu(self.norm2(self.conv2(x)))


class Net(nn.Module):
    """The airbench network: whitening 2x2 convolution, three groups, linear head, logits over 256."""

    def __init__(self, bf16=False):
        super().__init__()
        self.bf16 = bf16
        self.whiten = nn.Conv2d(3, 24, 2)
        self.whiten.weight.requires_grad = False
        self.groups = nn.Sequential(*[Group(i, o) for i, o in zip((24, *WIDTHS), WIDTHS)])
        self.head = nn.Linear(WIDTHS[-1], 10, bias=False)
        self.head.weight.data /= self.head.weight.data.std()

    def forward(self, x, train_whitening_bias=True):
        bias = self.whiten.bias if train_whitening_bias else self.whiten.bias.detach()
        x = F.conv2d(x, self.whiten.weight, bias)  # whitening subtracts nearly equal numbers: always fp32
        with autocast(self.bf16):
            x = F.gelu(x.bfloat16() if self.bf16 else x)
            x = F.max_pool2d(self.groups(x), 3).flatten(1)
            return self.head(x) / x.size(-1)


def whitening_filters(images, eps=5e-4):
    """The 12 eigenvectors of the (not centred) covariance of all 2x2 patches over the root of their eigenvalues, and their negations."""
    patches = images.unfold(2, 2, 1).unfold(3, 2, 1).transpose(1, 3).reshape(-1, 12).float()
    covariance = patches.T @ patches / len(patches)
    values, vectors = torch.linalg.eigh(covariance, UPLO="U")
    filters = (vectors / torch.sqrt(values + eps)).T.reshape(12, 3, 2, 2)
    return torch.cat((filters, -filters))


def autocast(bf16):
    return torch.autocast("cpu", dtype=torch.bfloat16) if bf16 else contextlib.nullcontext()


# ---------------------------------------------------------------------------------------------------- optimizers

def orthogonalise(matrix, dtype, steps=3, eps=1e-7):
    """Newton-Schulz: moves the singular values of `matrix` towards 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.to(dtype)
    x = x.T if matrix.size(0) > matrix.size(1) else x
    x = x / (x.norm() + eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if matrix.size(0) > matrix.size(1) else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised; each filter tensor is first rescaled to the norm sqrt(out_channels)."""

    def __init__(self, params, lr, momentum, dtype=torch.bfloat16):
        super().__init__(params, dict(lr=lr, momentum=momentum))
        self.dtype = dtype

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                self.update(p, group["lr"], group["momentum"])

    def update(self, p, lr, momentum):
        state = self.state[p]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(p.grad)
        buffer = state["momentum_buffer"].mul_(momentum).add_(p.grad)
        direction = p.grad.add(buffer, alpha=momentum)
        p.mul_(math.sqrt(len(p)) / p.norm())
        p.add_(orthogonalise(direction.reshape(len(p), -1), self.dtype).view(p.shape), alpha=-lr)


class Recipe:
    """The optimizers, their schedule and one training step."""

    def __init__(self, net, batch, steps, whitening_steps, newton_schulz=torch.bfloat16):
        self.net, self.steps, self.whitening_steps, self.step_index = net, steps, whitening_steps, 0
        decay = 2e-6 * batch  # 4e-3 at batch 2000, divided by each rate: decay does not depend on the rate
        biases = [p for name, p in net.named_parameters() if "norm" in name and p.requires_grad]
        filters = [p for p in net.parameters() if p.dim() == 4 and p.requires_grad]
        groups = [dict(params=params, lr=lr, weight_decay=decay / lr)
                  for params, lr in (([net.whiten.bias], 0.053), (biases, 0.053), ([net.head.weight], 0.67))]
        self.sgd = torch.optim.SGD(groups, momentum=0.85, nesterov=True, fused=True)
        self.muon = Muon(filters, lr=0.24, momentum=0.6, dtype=newton_schulz)
        for group in self.sgd.param_groups + self.muon.param_groups:
            group["initial_lr"] = group["lr"]

    def set_rates(self):
        whitening, *others = self.sgd.param_groups + self.muon.param_groups
        whitening["lr"] = whitening["initial_lr"] * max(0.0, 1 - self.step_index / self.whitening_steps)
        for group in others:
            group["lr"] = group["initial_lr"] * (1 - self.step_index / self.steps)

    def step(self, images, labels):
        """One update; returns the loss summed over the batch, as a tensor."""
        logits = self.net(images, train_whitening_bias=self.step_index < self.whitening_steps)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=0.2, reduction="sum")
        loss.backward()
        self.set_rates()
        self.sgd.step()
        self.muon.step()
        self.net.zero_grad(set_to_none=True)
        self.step_index += 1
        return loss.detach()


# ---------------------------------------------------------------------------------------------------- evaluation

def mirrored(net, images):
    return 0.5 * net(images) + 0.5 * net(images.flip(-1))


def six_views(net, images):
    """Half the image and its mirror, half the two diagonal shifts by one pixel and their mirrors."""
    padded = F.pad(images, (1,) * 4, "reflect")
    shifted = [mirrored(net, padded[:, :, d:d + 32, d:d + 32]) for d in (0, 2)]
    return 0.5 * mirrored(net, images) + 0.5 * torch.stack(shifted).mean(0)


@torch.inference_mode()
def accuracy(net, images, labels, views):
    net.eval()
    pieces = zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH))
    right = sum((views(net, x).argmax(1) == y).sum().item() for x, y in pieces)
    net.train()
    return right / len(images)


# --------------------------------------------------------------------------------------------------------- modes

def build(settings):
    net = Net(settings.precision == "bf16").to(memory_format=torch.channels_last)
    return net.train()


def train(settings):
    """The whole recipe; prints a JSON line per epoch and one at the end."""
    started = time.perf_counter()
    torch.manual_seed(settings.seed)
    (images, labels), (test_images, test_labels) = read_cifar10(settings.data, settings.images)
    images, test_images = normalise(images), normalise(test_images)
    per_epoch = len(images) // settings.batch
    if per_epoch == 0:
        sys.exit(f"twin: {len(images)} images do not fill a batch of {settings.batch}")
    net = build(settings)
    net.whiten.weight.data.copy_(whitening_filters(images[:WHITENING_IMAGES]))
    recipe = Recipe(net, settings.batch, per_epoch * settings.epochs, per_epoch * WHITENING_EPOCHS, settings.newton_schulz)
    augmenter = Augmenter(images)
    for epoch in range(settings.epochs):
        began = time.perf_counter()
        loss = train_epoch(recipe, augmenter.epoch(), labels, settings.batch, per_epoch)
        seconds = time.perf_counter() - began
        single = accuracy(net, test_images, test_labels, lambda network, x: network(x))
        report(epoch=epoch, train_loss=round(loss, 6), accuracy=single,
               images_per_second=round(per_epoch * settings.batch / seconds, 1), seconds=round(seconds, 3))
    report(seed=settings.seed, precision=settings.precision, accuracy=single,
           accuracy_tta=accuracy(net, test_images, test_labels, six_views), seconds=round(time.perf_counter() - started, 3))


def train_epoch(recipe, images, labels, batch, steps):
    """One pass in random order, the incomplete last batch dropped; returns the mean loss per image."""
    order = torch.randperm(len(images))
    total = 0.0
    for i in range(steps):
        indices = order[i * batch:(i + 1) * batch]
        total += recipe.step(images[indices].contiguous(memory_format=torch.channels_last), labels[indices]).item()
    return total / (steps * batch)


def bench(settings):
    """Times training steps on two random batches that lie ready in memory."""
    torch.manual_seed(settings.seed)
    pixels = torch.randint(0, 256, (2 * settings.batch, 3, 32, 32), dtype=torch.uint8)
    images, labels = normalise(pixels), torch.randint(0, 10, (2 * settings.batch,))
    net = build(settings)
    net.whiten.weight.data.copy_(whitening_filters(images[:WHITENING_IMAGES]))
    recipe = Recipe(net, settings.batch, 200, 75, settings.newton_schulz)
    halves = list(zip(images.split(settings.batch), labels.split(settings.batch)))
    seconds = []
    for step in range(settings.bench + 1):
        began = time.perf_counter()
        recipe.step(*halves[step % 2]).item()
        seconds.append(time.perf_counter() - began)
    seconds = seconds[1:]  # the first is the warm-up
    rate = settings.batch * len(seconds) / sum(seconds)
    print(f"images_per_second={rate:.1f} precision={settings.precision} batch={settings.batch} steps={len(seconds)} "
          f"threads={torch.get_num_threads()} heap={'kept' if settings.heap else 'default'} augmentation=excluded "
          f"median_step_seconds={statistics.median(seconds):.3f}")


def report(**fields):
    print(json.dumps(fields), flush=True)


# ------------------------------------------------------------------------------------------------------- process

def keep_heap():
    """Keeps freed memory in the process instead of giving it back to the kernel after each large tensor (glibc)."""
    libc = ctypes.CDLL(None)
    m_trim_threshold, m_top_pad, m_mmap_threshold, m_mmap_max = -1, -2, -3, -4
    libc.mallopt(m_trim_threshold, -1)
    libc.mallopt(m_top_pad, 64 << 20)
    if not libc.mallopt(m_mmap_threshold, 1 << 30):  # glibc may refuse more than 32 MiB
        libc.mallopt(m_mmap_max, 0)


def cpu_has(*flags):
    try:
        words = set(pathlib.Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return False
    return any(flag in words for flag in flags)


def newton_schulz_type(name):
    """bf16 as in the recipe where the CPU multiplies it in hardware; elsewhere PyTorch's bf16 products are slow, so fp32."""
    if name == "auto":
        name = "bf16" if cpu_has("amx_bf16", "avx512_bf16") else "fp32"
    return {"bf16": torch.bfloat16, "fp32": torch.float32}[name]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--bench", type=int, metavar="STEPS", help="time this many training steps")
    mode.add_argument("--train", action="store_true", help="train and evaluate")
    parser.add_argument("--data", metavar="FOLDER", help="CIFAR-10's binary version (for --train)")
    parser.add_argument("--images", type=int, metavar="N", help="train on the first N images only")
    parser.add_argument("--batch", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16"], default="auto", help="auto: bf16 with AMX, else fp32")
    parser.add_argument("--newton-schulz", choices=["auto", "fp32", "bf16"], default="auto",
                        help="auto: bf16 where the CPU multiplies it in hardware, else fp32")
    parser.add_argument("--heap", action="store_true", help="keep freed memory in the heap (mallopt), as tundish does")
    settings = parser.parse_args()
    if settings.train and not settings.data:
        parser.error("--train needs --data FOLDER")
    if (settings.bench is not None and settings.bench < 1) or min(settings.batch, settings.threads, settings.epochs) < 1:
        parser.error("steps, --batch, --threads and --epochs start at 1")
    if settings.precision == "auto":
        settings.precision = "bf16" if cpu_has("amx_bf16") else "fp32"
    settings.newton_schulz = newton_schulz_type(settings.newton_schulz)
    return settings


def main():
    settings = parse()
    if settings.heap:
        keep_heap()
    torch.set_num_threads(settings.threads)
    if settings.bench:
        bench(settings)
    else:
        train(settings)


if __name__ == "__main__":
    main()
