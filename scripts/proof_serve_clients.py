"""The checks of proof-serve-clients, which makes the environment for them and says what they are."""
import argparse
import base64
import io
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import boto3
import botocore.config
import botocore.exceptions
import numpy
import PIL.Image
import requests

CLOSE = 1e-3
ASK_MODEL_PT = """
import json, numpy, sys, torch
pixels = torch.from_numpy(numpy.load(sys.argv[2])).permute(2, 0, 1)[None].float()
with torch.no_grad(): print(json.dumps(torch.jit.load(sys.argv[1]).eval()(pixels).softmax(1)[0].tolist()))
"""
failures = 0


def check(name, good, detail=""):
    global failures
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'}  {name}{f': {detail}' if detail else ''}", flush=True)


class Server:
    """`tundish serve` on a free port, its log in a file."""

    def __init__(self, tundish, model, folder):
        self.root = pathlib.Path(folder)
        (self.root / "model").symlink_to(pathlib.Path(model).resolve())
        self.log = self.root / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([tundish, "serve", "--root", folder, "--port", "0"], stdout=log, stderr=log,
                                            env={**os.environ, "SAGEMAKER_CONTAINER_LOG_LEVEL": "20"})
        while not (found := re.search(rb"listening on port (\d+)", self.log.read_bytes())):
            if self.process.poll() is not None:
                sys.exit(f"the server ended: {self.log.read_text()}")
            time.sleep(0.01)
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"
        while requests.get(self.url + "/ping", timeout=5).status_code != 200:
            time.sleep(0.05)

    def ask(self, body, content_type=None, accept=None):
        headers = {k: v for k, v in {"Content-Type": content_type, "Accept": accept}.items() if v}
        return requests.post(self.url + "/invocations", data=body, headers=headers, timeout=60)

    def resident_mb(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) / 1024


def npy(array):
    out = io.BytesIO()
    numpy.save(out, array, allow_pickle=False)
    return out.getvalue()


def image():
    """32 x 32 with shapes and colours in it; HWC uint8, and its PNG."""
    y, x = numpy.mgrid[0:32, 0:32]
    pixels = numpy.stack([(x * 8) % 256, (y * 8) % 256, ((x - 16) ** 2 + (y - 16) ** 2 < 90) * 200], axis=2).astype(numpy.uint8)
    out = io.BytesIO()
    PIL.Image.fromarray(pixels).save(out, "png")
    return pixels, out.getvalue()


def numbers(reply):
    return numpy.array(json.loads(reply)).reshape(-1)


def near(a, b):
    return len(a) == len(b) and bool(numpy.all(numpy.abs(numpy.asarray(a) - numpy.asarray(b)) <= CLOSE))


def check_truth(server, arguments, pixels, png, expected):
    """Against predict, and against model.pt in Python."""
    path = server.root / "image.png"
    path.write_bytes(png)
    names = json.loads((server.root / "model/config.json").read_text())["class_names"]
    said = subprocess.run([arguments.tundish, "predict", "--model", server.root / "model", path], capture_output=True, text=True).stdout
    shown = re.findall(r"([^ ,]+) (0\.\d+)", said)
    check("predict gives the same", bool(shown) and shown[0][0] == names[int(expected.argmax())]
          and all(abs(float(p) - expected[names.index(n)]) <= CLOSE for n, p in shown), said.split(": ")[-1].strip())
    if not os.path.exists(arguments.peer):
        return print("skipped  model.pt in Python: scripts/peer has not been run")
    numpy.save(server.root / "pixels.npy", pixels)
    peer = subprocess.run([arguments.peer, "-c", ASK_MODEL_PT, server.root / "model/model.pt", server.root / "pixels.npy"],
                          capture_output=True, text=True)
    check("model.pt in Python gives the same", peer.returncode == 0 and near(json.loads(peer.stdout), expected), peer.stderr[-200:])


def check_numpy(server, pixels, expected):
    chw = pixels.transpose(2, 0, 1)
    for dtype in ("u1", "i2", "u2", "<i4", "<u4", "<i8", ">i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"):
        for name, array in (("C", chw.astype(dtype)), ("Fortran", numpy.asfortranarray(chw.astype(dtype))),
                            ("NHWC", pixels[None].astype(dtype))):
            reply = server.ask(npy(array), "application/x-npy")
            check(f"numpy {dtype} {name}", reply.status_code == 200 and near(numbers(reply.text), expected), reply.text[:100] if reply.status_code != 200 else "")
    check("numpy int8", server.ask(npy((chw // 4).astype("i1")), "application/x-npy").status_code == 200)
    check("numpy bool", server.ask(npy(chw > 100), "application/x-npy").status_code == 200)
    reply = server.ask(npy(numpy.stack([chw, chw])), "application/x-npy", "application/x-npy")
    back = numpy.load(io.BytesIO(reply.content))
    check("numpy reads the reply", back.shape == (2, len(expected)) and back.dtype == numpy.float32 and near(back[1], expected))
    objects = io.BytesIO()
    numpy.save(objects, numpy.array([{}], dtype=object), allow_pickle=True)
    check("a pickle is refused", server.ask(objects.getvalue(), "application/x-npy").status_code == 400)


def check_encodings(server, pixels, png, expected):
    base64_png = base64.b64encode(png).decode()
    chw = pixels.transpose(2, 0, 1)
    for name, body, content_type in (
            ("PNG", png, "image/png"), ("x-image", png, "application/x-image"), ("octet-stream", png, "application/octet-stream"),
            ("no type", png, None), ("base64", base64_png, "text/plain"), ("JSON", json.dumps(pixels.tolist()), "application/json"),
            ("instances", json.dumps({"instances": [{"b64": base64_png}]}), "application/json"),
            ("inputs", json.dumps({"inputs": chw.tolist()}), "application/json"),
            ("JSON Lines", json.dumps(chw.tolist()), "application/jsonlines"),
            ("CSV", ",".join(map(str, chw.reshape(-1))), "text/csv"), ("raw", chw.tobytes(), "application/octet-stream")):
        reply = server.ask(body, content_type, "application/json")
        found = next(iter(reply.json().values())) if isinstance(reply.json(), dict) else reply.json()
        check(f"requests, {name}", reply.status_code == 200 and near(numpy.array(found).reshape(-1), expected))


def check_boto3(server, png, expected):
    client = boto3.client("sagemaker-runtime", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="x",
                          aws_secret_access_key="y", config=botocore.config.Config(retries={"max_attempts": 0}))
    reply = client.invoke_endpoint(EndpointName="my-endpoint", Body=png, ContentType="image/png", Accept="application/json",
                                   CustomAttributes="trace-id=7f3a", InferenceId="id-1")
    check("boto3 invoke_endpoint", near(numbers(reply["Body"].read()), expected) and reply["ContentType"] == "application/json"
          and reply["CustomAttributes"] == "trace-id=7f3a")
    try:
        client.invoke_endpoint(EndpointName="my-endpoint", Body=b"words", ContentType="image/png")
        check("boto3 sees the error", False)
    except botocore.exceptions.ClientError as error:
        check("boto3 sees the error", error.response["ResponseMetadata"]["HTTPStatusCode"] == 400)


def check_curl(server, png, expected):
    path = server.root / "image.png"
    for options in ([], ["-H", "Content-Type: image/png"], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"], ["--http1.0"]):
        out = subprocess.run(["curl", "-s", "--max-time", "30", *options, "--data-binary", f"@{path}", server.url + "/invocations"],
                             capture_output=True, text=True).stdout
        check(f"curl {' '.join(options)}".strip(), out.startswith("[") and near(numbers(out), expected), "" if out.startswith("[") else out[:100])


def check_connections(server, png):
    with requests.Session() as session:
        good = sum(session.get(server.url + "/ping", timeout=10).status_code == 200 for _ in range(10_000))
    check("10,000 requests on a connection", good == 10_000, f"{good}")
    with requests.Session() as session:
        session.post(server.url + "/invocations", data=png, headers={"Content-Type": "image/png"}, timeout=10)
    sockets, slowest = [], 0
    for _ in range(1000):
        begin = time.perf_counter()
        sockets.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
        slowest = max(slowest, time.perf_counter() - begin)
    for one in sockets:
        one.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
    answered = sum(one.recv(100).startswith(b"HTTP/1.1 200") for one in sockets)
    for one in sockets:
        one.close()
    check("1,000 connections at once, each accepted within 250 ms", answered == 1000 and slowest < 0.25,
          f"{answered} answered, slowest {1000 * slowest:.1f} ms")


def check_sizes(server):
    for name, size in (("6 MiB + 1", 6 * 2**20 + 1), ("25 MiB", 25 * 2**20), ("100 MiB", 100 * 2**20)):
        images = size // 3072
        reply = server.ask(npy(numpy.zeros((images, 3, 32, 32), numpy.uint8)), "application/x-npy", "application/x-npy")
        good = reply.status_code == 200 and numpy.load(io.BytesIO(reply.content)).shape[0] == images
        check(f"a body of {name}, {images} images", good, "" if good else f"{reply.status_code} {reply.text[:200]}")
    check("a body of 129 MiB is refused", server.ask(bytes(129 * 2**20), "image/png").status_code == 413)


def check_longevity(server, seconds, pixels, png):
    chw = pixels.transpose(2, 0, 1)
    kinds = [(png, "image/png", 200), (npy(numpy.stack([chw] * 64)), "application/x-npy", 200), (b"words", "image/png", 400),
             (json.dumps(chw.tolist()).encode(), "application/json", 200), (b"[1,2", "application/json", 400), (b"x", "text/libsvm", 415)]
    wrong, answered, end = [], [0], time.time() + seconds

    def work(seed):
        choose = random.Random(seed)
        with requests.Session() as session:
            while time.time() < end:
                body, content_type, status = choose.choice(kinds)
                try:
                    reply = session.post(server.url + "/invocations", data=body, headers={"Content-Type": content_type}, timeout=60)
                    answered[0] += 1
                    if reply.status_code != status:
                        wrong.append(f"{reply.status_code} instead of {status}")
                except requests.RequestException as error:
                    wrong.append(str(error))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(min(10, seconds / 5))  # threads and buffers are there
    before = server.resident_mb()
    for thread in threads:
        thread.join()
    growth = server.resident_mb() - before
    check(f"{seconds} s of mixed load", not wrong and growth <= 50, f"{answered[0]} requests, memory {growth:+.1f} MB {wrong[:3] or ''}")
    check("/ping afterwards", requests.get(server.url + "/ping", timeout=5).status_code == 200)


def main():
    parser = argparse.ArgumentParser(prog="proof-serve-clients")
    for name in ("tundish", "model", "peer"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--longevity", type=int, default=0, metavar="SECONDS")
    arguments = parser.parse_args()
    if not os.path.exists(os.path.join(arguments.model, "config.json")):
        parser.error(f"no model in {arguments.model}: name one with --model, or run scripts/proof-accuracy")
    pixels, png = image()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(arguments.tundish, arguments.model, folder)
        expected = numbers(server.ask(png, "image/png").text)
        check_truth(server, arguments, pixels, png, expected)
        check_encodings(server, pixels, png, expected)
        check_numpy(server, pixels, expected)
        check_boto3(server, png, expected)
        check_curl(server, png, expected)
        check_connections(server, png)
        check_sizes(server)
        if arguments.longevity:
            check_longevity(server, arguments.longevity, pixels, png)
        server.process.send_signal(signal.SIGTERM)
        check("SIGTERM: exit 0 within 10 s", server.process.wait(timeout=10) == 0)
    print(f"FAIL: {failures} checks" if failures else "PASS")
    return min(failures, 1)


sys.exit(main())
