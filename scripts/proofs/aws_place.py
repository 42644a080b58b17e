"""The place in which the checks of scripts/proof-aws run: stand-ins of the CLI and of docker, moto's server, the account. See there."""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.request

import boto3

HOME = pathlib.Path(__file__).resolve().parents[2]
REGION = "us-east-1"
ACCOUNT = "123456789012"  # moto's
BUCKET, ELSEWHERE = "tundish-data", "tundish-data-in-ireland"
TAG = "9.9.9-abc-cpu"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/tundish:{TAG}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tundish-role"
DATA = f"s3://{BUCKET}/cifar10/train"
SECONDS = 90
LAUNCH = ("launch", "--data", DATA, "--role", ROLE, "--image", IMAGE, "--name", "failing")
DEPLOY = ("deploy", "--model-data", f"s3://{BUCKET}/models/model.tar.gz", "--role", ROLE, "--image", IMAGE, "--name", "failing")

# Stands in for `aws` on PATH: what the table in $FAKE_AWS says, one answer after the other, else the genuine CLI.
FAKE_AWS = """#!{python}
import json, os, sys, time
call = " ".join(sys.argv[1:3])
with open(os.environ["AWS_LOG"], "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
path = os.environ.get("FAKE_AWS", "")
table = json.load(open(path)) if path else {{}}
if call not in table:
    os.execv({aws!r}, [{aws!r}, *sys.argv[1:]])
answer = table[call][0]
if len(table[call]) > 1:
    table[call] = table[call][1:]
    json.dump(table, open(path, "w"))
time.sleep(answer.get("sleep", 0))
if "out" in answer:
    print(json.dumps(answer["out"]))
if "err" in answer:
    print("\\n" + answer["err"], file=sys.stderr)
if "file" in answer:
    open(sys.argv[-5], "w").write(answer["file"])
sys.exit(answer.get("status", 254 if "err" in answer else 0))
"""

# Stands in for docker, podman and buildah: notes what it was asked, and "pushes" by telling moto's ECR.
FAKE_DOCKER = """#!{python}
import json, os, sys
arguments = sys.argv[1:]
with open(os.environ["DOCKER_LOG"], "a") as log:
    log.write(json.dumps([os.path.basename(sys.argv[0]), *arguments, "" if sys.stdin.isatty() or "login" not in arguments else sys.stdin.read()]) + "\\n")
if arguments[0] == "push":
    import boto3
    name = arguments[-1].replace("docker://", "")
    repository, tag = name.split("/", 1)[1].rsplit(":", 1)
    manifest = {{"schemaVersion": 2, "mediaType": os.environ.get("MEDIA_TYPE", "application/vnd.docker.distribution.manifest.v2+json"),
                "config": {{"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:" + 64 * "a"}}, "layers": []}}
    boto3.client("ecr").put_image(repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest),
                                  imageManifestMediaType=manifest["mediaType"])
sys.exit(int(os.environ.get("DOCKER_STATUS_" + arguments[0].upper().replace("-", "_"), "0")))
"""

DENIED = ("An error occurred (AccessDeniedException) when calling the {0} operation: User: arn:aws:iam::123456789012:user/ann is not "
          "authorized to perform: sagemaker:{0} on resource: arn:aws:sagemaker:us-east-1:123456789012:x/y because no identity-based "
          "policy allows the sagemaker:{0} action")
QUOTA = ("An error occurred (ResourceLimitExceeded) when calling the {} operation: The account-level service limit '{} usage' is 0 "
         "Instances, with current utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to "
         "request an increase for this quota.")
CAPACITY = "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."


class Place:
    """The folder, the stand-ins and the environment of all checks; `run` runs one of our scripts in it."""

    def __init__(self, folder, clients, tundish):
        self.folder, self.clients, self.tundish = folder, clients, tundish
        self.bin = folder / "bin"
        self.bin.mkdir()
        python, aws = str(clients / "python"), str(clients / "aws")
        self.tool("aws", FAKE_AWS.format(python=python, aws=aws))
        self.tool("docker", FAKE_DOCKER.format(python=python))
        self.docker_log, self.aws_log, self.table = folder / "docker.log", folder / "aws.log", folder / "fake.json"
        self.made = set()  # (service, command) of every call of aws in all runs
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TUNDISH_", "FAKE_"))}
        self.environment.update(
            PATH=f"{self.bin}:{clients}:{os.environ['PATH']}", AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing",
            AWS_DEFAULT_REGION=REGION, AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null",
            AWS_EC2_METADATA_DISABLED="true", AWS_MAX_ATTEMPTS="1", AWS_LOG=str(self.aws_log), DOCKER_LOG=str(self.docker_log))

    def tool(self, name, text):
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def full(self, script, *arguments):
        """The command; where the script knows them, with the executable and with short naps."""
        command = [str(HOME / "scripts" / script), *arguments]
        if script in ("launch", "tune") and "--attach" not in arguments and "--help" not in arguments:
            command += ["--tundish", self.tundish]
        if script != "push" and "--poll" not in arguments and "--help" not in arguments:
            command += ["--poll", "1"]
        return command

    def run(self, script, *arguments, fake=None, without=(), **variables):
        """(exit status, stdout, stderr). `fake`: calls of aws and their answers; `without`: variables that are not set."""
        environment = {**self.environment, **variables}
        for name in without:
            environment.pop(name, None)
        self.aws_log.write_text("")
        self.docker_log.write_text("")
        if fake:
            self.table.write_text(json.dumps(fake))
            environment["FAKE_AWS"] = str(self.table)
        done = subprocess.run(self.full(script, *arguments), env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS, cwd=self.folder)
        self.made |= {tuple(call[:2]) for call in self.calls()}
        return done.returncode, done.stdout, done.stderr

    def calls(self):
        return [json.loads(line) for line in self.aws_log.read_text().splitlines()]

    def sent(self, command):
        """The request of the last run's first such call."""
        call = next(call for call in self.calls() if call[1] == command)
        return json.loads(call[call.index("--cli-input-json") + 1])

    def docker_calls(self):
        return [json.loads(line) for line in self.docker_log.read_text().splitlines()]

    def client(self, service, region=REGION):
        return boto3.client(service, region_name=region, endpoint_url=self.environment["AWS_ENDPOINT_URL"],
                            aws_access_key_id="testing", aws_secret_access_key="testing")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def moto_server(place):
    port = free_port()
    place.environment["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    with open(place.folder / "moto.log", "w") as log:
        server = subprocess.Popen([str(place.clients / "moto_server"), "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


def reset(place):
    """A fresh account: role, buckets with data, one image."""
    urllib.request.urlopen(urllib.request.Request(place.environment["AWS_ENDPOINT_URL"] + "/moto-api/reset", method="POST")).read()
    place.client("iam").create_role(RoleName="tundish-role", AssumeRolePolicyDocument="{}")
    s3 = place.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for key in ("cifar10/train/data_batch_1.bin", "cifar10/validation/test_batch.bin", "mixed/data_batch_1.bin", "mixed/_SUCCESS",
                "models/model.tar.gz", "images/1.png"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    place.client("s3", "eu-west-1").create_bucket(Bucket=ELSEWHERE, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    place.client("ecr").create_repository(repositoryName="tundish")
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": [],
                "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:" + 64 * "a"}}
    for tag in (TAG, TAG.replace("cpu", "gpu")):
        place.client("ecr").put_image(repositoryName="tundish", imageTag=tag, imageManifest=json.dumps({**manifest, "tag": tag}))


def bare_path(place, name):
    """A folder for PATH that has what the scripts need and no AWS CLI."""
    bare = place.folder / name
    bare.mkdir(exist_ok=True)
    for tool in ("bash", "dirname", "basename", "mktemp", "sed", "python3", "date", "git", "find", "sort", "head", "cut", "cat", "rm", "mkdir", "env"):
        if not (bare / tool).exists():
            (bare / tool).symlink_to(str(place.clients / "python") if tool == "python3" else shutil.which(tool))
    return bare


# --- what a check says -------------------------------------------------------------------------------------------------------

def differences(found, wanted):
    """Where the description `found` is not as `wanted`, which names only what matters."""
    return "; ".join(f"{key} is {found.get(key)!r}, not {value!r}" for key, value in wanted.items() if found.get(key) != value)


def lacks(text, *parts):
    missing = [part for part in parts if part not in text]
    return f"no {missing} in: {text}" if missing else ""


def said(result, script, *parts, status=1):
    """The script failed with `status`, and its last line is a sentence of its own with all `parts`."""
    code, out, err = result
    last = (err.strip().splitlines() or [""])[-1]
    if code != status:
        return f"exit status {code}, not {status}: {out}{err}"
    if "Traceback" in err or not last.startswith(f"{script}: "):
        return f"no sentence of its own: {err}"
    return lacks(last, *parts)
