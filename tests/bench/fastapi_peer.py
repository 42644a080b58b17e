"""fastapi_peer - what people write in Python: FastAPI and uvicorn around a frozen TorchScript model. Run by scripts/bench-serve.

    fastapi_peer.py --model FOLDER --port N [--workers W] [--precision fp32|bf16]

Each worker has one thread; it prints "worker is ready" when it has its model.
"""
import argparse
import io
import os

import numpy
import torch
import uvicorn
from fastapi import FastAPI, Request, Response

from peer_model import PeerModel


def make_app():
    """In each worker, which uvicorn starts as a process of its own: hence the environment."""
    model = PeerModel(os.environ["TUNDISH_PEER_MODEL"], os.environ["TUNDISH_PEER_PRECISION"])
    app = FastAPI()

    @app.get("/ping")
    def ping():
        return Response()

    @app.post("/invocations")
    async def invocations(request: Request):
        body = await request.body()
        if request.headers["content-type"] == "application/x-npy":
            return model.classify(torch.from_numpy(numpy.load(io.BytesIO(body))))
        return model.classify(model.decode(body))[0]

    print("worker is ready", flush=True)
    return app


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    arguments = parser.parse_args()
    os.environ["TUNDISH_PEER_MODEL"] = arguments.model
    os.environ["TUNDISH_PEER_PRECISION"] = arguments.precision
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    uvicorn.run("fastapi_peer:make_app", factory=True, port=arguments.port, workers=arguments.workers, log_level="warning")


if __name__ == "__main__":
    main()
