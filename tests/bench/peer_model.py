"""peer_model - the model of the Python servers that scripts/bench-serve measures: frozen TorchScript and a PNG decoder."""
import io
import json
import os
import pathlib

import numpy
import torch
from PIL import Image


class PeerModel:
    """model.pt of a model folder, which normalises its pixels itself; fp32, or all of it in bf16."""

    def __init__(self, folder, precision):
        torch.set_num_threads(int(os.environ.get("TUNDISH_PEER_THREADS", "1")))
        folder = pathlib.Path(folder)
        self.shape = json.loads((folder / "config.json").read_text())["input_shape"]
        self.dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
        self.model = torch.jit.freeze(torch.jit.load(str(folder / "model.pt")).eval().to(self.dtype))
        for _ in range(3):  # the profiling executor compiles in its second run
            self.classify(torch.zeros(1, *self.shape))

    def decode(self, png):
        channels, height, width = self.shape
        image = Image.open(io.BytesIO(png)).convert("L" if channels == 1 else "RGB").resize((width, height))
        return torch.from_numpy(numpy.array(image).reshape(1, height, width, channels)).permute(0, 3, 1, 2)

    def classify(self, pixels):
        with torch.inference_mode():
            return self.model(pixels.to(self.dtype)).float().softmax(1).tolist()
