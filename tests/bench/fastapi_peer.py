"""fastapi_peer - what people write in Python: FastAPI and uvicorn around a frozen TorchScript model. Run by scripts/bench-serve.

    uvicorn fastapi_peer:app --port N --workers W --app-dir tests/bench     with TUNDISH_PEER_MODEL=FOLDER in the environment
"""
import io
import json
import os
import pathlib

import numpy
import torch
from fastapi import FastAPI, Request, Response
from PIL import Image

torch.set_num_threads(int(os.environ.get("TUNDISH_PEER_THREADS", "1")))
folder = pathlib.Path(os.environ["TUNDISH_PEER_MODEL"])
config = json.loads((folder / "config.json").read_text())
height, width = config["input_shape"][1:]
model = torch.jit.freeze(torch.jit.load(str(folder / "model.pt")).eval())
with torch.inference_mode():
    for _ in range(3):  # the profiling executor compiles in its second run
        model(torch.zeros(1, 3, height, width))
app = FastAPI()


@app.get("/ping")
def ping():
    return Response()


@app.post("/invocations")
async def invocations(request: Request):
    body = await request.body()
    if request.headers["content-type"] == "application/x-npy":
        pixels = torch.from_numpy(numpy.load(io.BytesIO(body))).float()
    else:
        image = numpy.asarray(Image.open(io.BytesIO(body)).convert("RGB").resize((width, height)))
        pixels = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        probabilities = model(pixels).softmax(1)
    return probabilities.tolist() if len(probabilities) > 1 else probabilities[0].tolist()
