"""The PyTorch side of decode_bench: a DataLoader over the same folder of images.

    decode_twin.py make FOLDER SIDE COUNT     writes COUNT JPEG images of SIDE pixels in four class folders
    decode_twin.py FOLDER WORKERS [SIDE] [--torchvision]

Decodes with Pillow, or with torchvision, to uint8 tensors of 3 x height x width; with SIDE resized to it, bilinearly
with antialiasing. Batches of 256 by torch's own collate function. One pass warms up, then passes are timed for three seconds at
least; the median counts.
"""
import pathlib
import statistics
import sys
import time

import numpy
import torch
from PIL import Image

SECONDS = 3.0


def make(folder, side, count):
    """Soft shapes and a little noise: about as many bytes as photographs of this size have."""
    random = numpy.random.default_rng(1)
    for number in range(count):
        coarse = random.integers(0, 256, (max(4, side // 16), max(4, side // 16), 3), dtype=numpy.uint8)
        image = numpy.asarray(Image.fromarray(coarse).resize((side, side), Image.BICUBIC), dtype=numpy.int16)
        noisy = numpy.clip(image + random.normal(0, 6, image.shape), 0, 255).astype(numpy.uint8)
        place = pathlib.Path(folder) / f"class{number % 4}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noisy).save(place / f"{number:06}.jpg", quality=85)


class Images(torch.utils.data.Dataset):
    def __init__(self, folder, side, torchvision):
        self.files = [str(path) for path in sorted(pathlib.Path(folder).glob("*/*.jpg"))]
        self.side, self.torchvision = side, torchvision

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        if self.torchvision:
            from torchvision.io import ImageReadMode, decode_image
            from torchvision.transforms.functional import resize
            image = decode_image(self.files[index], ImageReadMode.RGB)
            return resize(image, [self.side, self.side], antialias=True) if self.side else image
        with Image.open(self.files[index]) as file:
            image = file.convert("RGB")
        if self.side:
            image = image.resize((self.side, self.side), Image.BILINEAR)
        return torch.from_numpy(numpy.array(image)).permute(2, 0, 1).contiguous()


def main():
    arguments = [value for value in sys.argv[1:] if value != "--torchvision"]
    if arguments[0] == "make":
        return make(arguments[1], int(arguments[2]), int(arguments[3]))
    torch.set_num_threads(1)
    workers = int(arguments[1])
    images = Images(arguments[0], int(arguments[2]) if len(arguments) > 2 else 0, "--torchvision" in sys.argv)
    loader = torch.utils.data.DataLoader(images, batch_size=256, num_workers=workers, persistent_workers=workers > 0)
    rates, began = [], None
    while began is None or len(rates) < 3 or time.perf_counter() - began < SECONDS:
        start = time.perf_counter()
        count = sum(len(batch) for batch in loader)
        if began is None:
            began = time.perf_counter()
            continue
        rates.append(count / (time.perf_counter() - start))
    print(f"images_per_second={statistics.median(rates):.1f} workers={workers} passes={len(rates)}")


if __name__ == "__main__":
    main()
