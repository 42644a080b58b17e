"""What the checks of scripts/proof-images work with: the container engine, jobs as folders, servers and requests. See there."""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request
import zlib

HOME = pathlib.Path(__file__).resolve().parents[2]
ENGINE = str(HOME / "scripts" / "engine")
READ_ONLY = ["--read-only", "--tmpfs", "/tmp"]
SETTINGS = {"model": "lenet", "epochs": "2", "batch_size": "50", "seed": "1"}
good = []


def tell(what, problem="", skipped=False):
    """One line for the check, the details of a failure below it."""
    print(f"{'skipped' if skipped else 'not ok' if problem else 'ok'} {what}" + (f"\n    {problem}" if problem else ""), flush=True)
    good.append(skipped or not problem)


def engine(*arguments, check=True, seconds=300):
    done = subprocess.run([ENGINE, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=seconds)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: exit status {done.returncode}: {done.stdout[-600:]}")
    return done.stdout.strip()


def in_shell(image, text, *options):
    return engine("run", "--rm", "--network", "none", *options, "--entrypoint", "sh", image, "-c", text)


@contextlib.contextmanager
def container(*arguments):
    """A container in the background, gone at the end."""
    name = f"tundish-proof-{os.getpid()}-{time.monotonic_ns()}"
    engine("run", "-d", "--name", name, *arguments)
    try:
        yield name
    finally:
        engine("rm", "-f", name, check=False)


def stop(name):
    """Exit status after SIGTERM to PID 1."""
    engine("kill", "--signal", "TERM", name)
    return int(engine("wait", name, seconds=60).split()[-1])


# --- jobs -------------------------------------------------------------------------------------------------------------

def write_config(job, settings, channels, resources):
    for name, value in (("hyperparameters", settings), ("inputdataconfig", channels), ("resourceconfig", resources)):
        (job / "input" / "config" / f"{name}.json").write_text(json.dumps(value))


def make_job(job, data, settings=None, resources=None, channels=("train", "validation")):
    for name in ("input/config", "input/data/train", "input/data/validation", "model", "output/data"):
        (job / name).mkdir(parents=True)
    for file in data.iterdir():
        for channel in ("train", "validation"):
            if file.suffix == ".txt" or (file.name == "test_batch.bin") == (channel == "validation"):
                shutil.copy(file, job / "input" / "data" / channel)
    write_config(job, settings or SETTINGS, {name: {"TrainingInputMode": "File"} for name in channels},
                 resources or {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"})
    return job


def model_problem(job):
    """What is wrong with what a job left; local mode's user must be able to read it."""
    missing = [name for name in ("model.pt", "config.json", "state_dict.pt") if not (job / "model" / name).is_file()]
    hidden = [str(path) for path in (job / "model").rglob("*") if path.stat().st_mode & 0o044 != 0o044]
    return f"missing: {missing}, not readable by all: {hidden}" if missing or hidden else ""


# --- serving ----------------------------------------------------------------------------------------------------------

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def request(port, path, body=None, kind=None, seconds=30):
    headers = {"Content-Type": kind} if kind else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers), timeout=seconds) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def wait_until_ready(port, seconds=60):
    """The moment of the first 200."""
    end = time.time() + seconds
    while time.time() < end:
        if request(port, "/ping")[0] == 200:
            return time.time()
        time.sleep(0.002)
    raise RuntimeError(f"no 200 from /ping within {seconds} s")


@contextlib.contextmanager
def server(image, model, *options, command=("serve",), seconds=60):
    port = free_port()
    with container("--network", "host", "-e", f"SAGEMAKER_BIND_TO_PORT={port}", *READ_ONLY,
                   "-v", f"{model}:/opt/ml/model:ro", *options, image, *command) as name:
        wait_until_ready(port, seconds)
        yield name, port


def pixels(data, count):
    """The first test images as raw bytes, which are planes of red, green and blue."""
    records = (data / "test_batch.bin").read_bytes()
    return b"".join(records[3073 * n + 1:3073 * (n + 1)] for n in range(count))


def png(planes):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = [b"".join(bytes(planes[1024 * c + 32 * y + x] for c in range(3)) for x in range(32)) for y in range(32)]
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b""))


def answers(port, data, count=8):
    status, body = request(port, "/invocations", pixels(data, count), "application/octet-stream", seconds=100)
    if status != 200:
        raise RuntimeError(f"/invocations answers {status}: {body[:300]!r}")
    return json.loads(body)


def largest_difference(left, right):
    return max(abs(a - b) for these, those in zip(left, right, strict=True) for a, b in zip(these, those, strict=True))
