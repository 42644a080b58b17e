"""The checks of scripts/proof-aws; see there. Run by it, in its environment."""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
import botocore.session
from botocore.validate import ParamValidator

HOME = pathlib.Path(__file__).resolve().parent.parent
REGION = "us-east-1"
ACCOUNT = "123456789012"  # moto's
BUCKET, ELSEWHERE = "tundish-data", "tundish-data-in-ireland"
TAG = "9.9.9-abc-cpu"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/tundish:{TAG}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tundish-role"
DATA = f"s3://{BUCKET}/cifar10/train"
SECONDS = 90

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


# --- the requests of dry runs against botocore's model ------------------------------------------------------------------------

def unfit(shape, value, where=""):
    """What ParamValidator leaves out: enums, patterns, lengths. The first that does not fit, or ""."""
    if shape.type_name == "structure":
        return next(filter(None, (unfit(shape.members[name], inner, f"{where}.{name}") for name, inner in value.items())), "")
    if shape.type_name == "list":
        return next(filter(None, (unfit(shape.member, inner, f"{where}[]") for inner in value)), "")
    if shape.type_name == "map":
        return next(filter(None, (unfit(shape.key, k, where) or unfit(shape.value, v, where) for k, v in value.items())), "")
    if shape.type_name != "string":
        return ""
    if shape.enum and value not in shape.enum:
        return f"{where}: {value} is none of {shape.enum[:5]}…"
    pattern, longest = shape.metadata.get("pattern"), shape.metadata.get("max")
    if longest is not None and len(value) > longest:
        return f"{where}: longer than {longest}"
    return f"{where}: {value} does not match {pattern}" if pattern and not re.fullmatch(pattern, value) else ""


def model_problem(service, text):
    """What the genuine client would not accept in a dry run's output; "" when it would accept all."""
    model = botocore.session.get_session().get_service_model(service)
    for name, request in json.loads(text).items():
        shape = model.operation_model(name).input_shape
        report = ParamValidator().validate(request, shape)
        problem = report.generate_report() if report.has_errors() else unfit(shape, request)
        if problem:
            return f"{name}: {problem}"
    return ""


DRY_RUNS = {
    "launch, as small as can be": ("launch", "--data", DATA),
    "launch on spot instances in Pipe mode": ("launch", "--data", DATA, "--validation", f"s3://{BUCKET}/v", "--mode", "Pipe", "--spot",
                                              "-p", "epochs=2", "-p", "learning-rate=0.1", "--content-type", "application/x-recordio"),
    "launch with all options": ("launch", "--data", DATA, "--channel", f"model=s3://{BUCKET}/m", "--mode", "FastFile", "--instance",
                                "ml.g5.xlarge", "--count", "2", "--sharded", "--isolated", "--volume", "50", "--max-run", "600",
                                "--keep-alive", "600", "--output", f"s3://{BUCKET}/o", "--checkpoints", f"s3://{BUCKET}/c", "--role", ROLE,
                                "--image", IMAGE, "--name", "a-b", "--region", "eu-west-1"),
    "launch with an augmented manifest": ("launch", "--data", f"s3://{BUCKET}/train.manifest", "--mode", "Pipe", "--attributes",
                                          "source-ref,label"),
    "push": ("push",),
    "push of a GPU image to another repository": ("push", "--gpu", "--repository", "team/tundish"),
    "tune": ("tune", "--data", DATA, "--range", "learning_rate=0.01..0.5"),
    "tune with all options": ("tune", "--data", DATA, "--range", "learning_rate=0.01..0.5", "--range", "batch_size=64..512", "--range",
                              "optimizer=sgd,adam", "-p", "epochs=2", "--objective", "validation:loss", "--minimize", "--jobs", "20",
                              "--parallel", "4", "--strategy", "Hyperband", "--mode", "FastFile", "--instance", "ml.g5.xlarge"),
    "deploy on a CPU": ("deploy", "--model-data", f"s3://{BUCKET}/model.tar.gz", "--env", "SAGEMAKER_TS_BATCH_SIZE=8", "--isolated"),
    "deploy of a job": ("deploy", "--job", "some-job"),
    "deploy serverless": ("deploy", "--model-data", f"s3://{BUCKET}/model.tar.gz", "--serverless", "--memory", "3072", "--concurrency", "20"),
    "deploy asynchronously on a GPU": ("deploy", "--model-data", f"s3://{BUCKET}/model.tar.gz", "--async", f"s3://{BUCKET}/answers",
                                       "--instance", "ml.g5.xlarge"),
    "deploy on ml.g6.xlarge": ("deploy", "--job", "j", "--instance", "ml.g6.xlarge"),
    "deploy on ml.p5en.48xlarge": ("deploy", "--job", "j", "--instance", "ml.p5en.48xlarge"),
    "deploy on ml.g7e.2xlarge": ("deploy", "--job", "j", "--instance", "ml.g7e.2xlarge"),
    "batch transform of images": ("deploy", "--job", "j", "--batch", f"s3://{BUCKET}/images"),
    "batch transform of lines on a GPU": ("deploy", "--job", "j", "--batch", f"s3://{BUCKET}/l", "--split", "Line", "--content-type",
                                          "application/jsonlines", "--instance", "ml.g4dn.xlarge", "--accept", "application/jsonlines"),
    "batch transform of lines": ("deploy", "--job", "j", "--batch", f"s3://{BUCKET}/l", "--split", "Line"),
    "batch transform of records": ("deploy", "--job", "j", "--batch", f"s3://{BUCKET}/r", "--split", "RecordIO"),
    "tune over a grid": ("tune", "--data", DATA, "--strategy", "Grid", "--range", "optimizer=sgd,adam", "--range", "batch_size=64,128,256"),
    "launch of an image by its digest": ("launch", "--data", DATA, "--image", f"{IMAGE}@sha256:{64 * 'a'}"),
    "teardown": ("teardown", "tundish-1", "tundish-2"),
}


REQUESTS = {  # what they must hold
    "batch transform of lines": ('"ContentType": "application/jsonlines"', '"Accept": "application/jsonlines"', '"SplitType": "Line"'),
    "batch transform of records": ('"ContentType": "application/x-recordio"', '"Accept": "application/jsonlines"'),
    "tune over a grid": ('"MaxNumberOfTrainingJobs": 6',),
}


def bare_path(place, name):
    """A folder for PATH that has what the scripts need and no AWS CLI."""
    bare = place.folder / name
    bare.mkdir(exist_ok=True)
    for tool in ("bash", "dirname", "basename", "mktemp", "sed", "python3", "date", "git", "find", "sort", "head", "cut", "cat", "rm", "mkdir", "env"):
        if not (bare / tool).exists():
            (bare / tool).symlink_to(str(place.clients / "python") if tool == "python3" else shutil.which(tool))
    return bare


def dry_runs(place):
    """Each dry run works without AWS CLI, credentials and network, and the genuine client would send what it prints."""
    bare = bare_path(place, "bare")
    for what, (script, *arguments) in DRY_RUNS.items():
        status, out, err = place.run(script, *arguments, "--dry-run", PATH=str(bare),
                                     without=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"])
        if status:
            yield what, f"exit status {status}: {err}"
            continue
        service = "ecr" if script == "push" else "sagemaker"
        if problem := lacks(out, *REQUESTS.get(what, ())):
            yield what, problem
            continue
        yield what, model_problem(service, out) or ("it called aws" if place.calls() else "")


# --- what the scripts create ---------------------------------------------------------------------------------------------------

def differences(found, wanted):
    """Where the description `found` is not as `wanted`, which names only what matters."""
    return "; ".join(f"{key} is {found.get(key)!r}, not {value!r}" for key, value in wanted.items() if found.get(key) != value)


def lacks(text, *parts):
    missing = [part for part in parts if part not in text]
    return f"no {missing} in: {text}" if missing else ""


def launches(place):
    reset(place)
    status, out, err = place.run("launch", "--data", DATA, "--role", "tundish-role", "--image", TAG, "--name", "first", "--spot",
                                 "-p", "epochs=2", "-p", "batch_size=64", "--max-run", "600", "--count", "1")
    yield "launch waits to the end", f"exit status {status}: {out}{err}" if status else lacks(out, "started training job first", "Completed", "model: s3://",
                                                                                              "scripts/deploy --job first", "scripts/teardown first")
    job = place.client("sagemaker").describe_training_job(TrainingJobName="first")
    metrics = {m["Name"] for m in place.sent("create-training-job")["AlgorithmSpecification"]["MetricDefinitions"]}  # moto puts its own there
    yield "the job is as asked for", differences(job, {
        "RoleArn": ROLE, "HyperParameters": {"epochs": "2", "batch_size": "64"}, "EnableManagedSpotTraining": True,
        "CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/tundish/first/checkpoints"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}}) \
        or ("" if job["AlgorithmSpecification"]["TrainingImage"] == IMAGE else "another image") \
        or ("" if {"train:loss", "validation:accuracy"} <= metrics else f"metrics {metrics}")
    status, out, err = place.run("launch", "--attach", "first")
    yield "launch --attach", f"exit status {status}: {err}" if status else lacks(out, "Completed", "model: s3://")
    status, out, err = place.run("launch", "--data", DATA, "--role", ROLE, "--image", IMAGE, "--name", "second", "--no-wait", "--isolated")
    yield "launch --no-wait says what runs on", f"exit status {status}: {err}" if status else lacks(out, "billed until it ends", "scripts/teardown second")


def tuned(status, value=None):
    best = {"TrainingJobName": "search-003", "TunedHyperParameters": {"learning_rate": "0.1"},
            "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "validation:accuracy", "Value": value}}
    return {"out": {"HyperParameterTuningJobName": "search", "HyperParameterTuningJobStatus": status, "BestTrainingJob": best if value else None,
                    "TrainingJobStatusCounters": {"Completed": 2, "InProgress": 1, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 1}}}


def tunings(place):
    reset(place)
    tune = ("tune", "--data", DATA, "--role", ROLE, "--image", IMAGE, "--name", "search", "--range", "learning_rate=0.01..0.5", "--range",
            "batch_size=64,128")
    look = "sagemaker describe-hyper-parameter-tuning-job"
    status, out, err = place.run(*tune, "-p", "epochs=2", fake={look: [tuned("InProgress"), tuned("InProgress", 0.8), tuned("Completed", 0.9)]})
    yield "tune waits to the end", f"exit status {status}: {out}{err}" if status else lacks(
        out, "2 done, 1 running, 1 stopped early, 0 failed", "best validation:accuracy 0.8", "best training job: search-003", "scripts/deploy --job search-003",
        "all billed", "scripts/teardown search")
    job = place.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="search")
    yield "the tuning job is as asked for", differences(job["HyperParameterTuningJobConfig"], {
        "Strategy": "Bayesian", "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:accuracy"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 6, "MaxParallelTrainingJobs": 2}, "TrainingJobEarlyStoppingType": "Auto", "ParameterRanges": {
            "ContinuousParameterRanges": [{"Name": "learning_rate", "MinValue": "0.01", "MaxValue": "0.5", "ScalingType": "Logarithmic"}],
            "CategoricalParameterRanges": [{"Name": "batch_size", "Values": ["64", "128"]}]}}) \
        or differences(job["TrainingJobDefinition"], {"RoleArn": ROLE, "StaticHyperParameters": {"epochs": "2"}})
    yield "nothing came of it", said(place.run("tune", "--attach", "search", fake={look: [tuned("Completed")]}), "tune", "no training job gave a value")
    failed = {"out": {**tuned("Failed")["out"], "FailureReason": "All training jobs failed."}}
    yield "tuning job failed", said(place.run("tune", "--attach", "search", fake={look: [failed]}), "tune", "the tuning job failed: All training jobs failed.")
    quota = {"sagemaker create-hyper-parameter-tuning-job": [{"err": QUOTA.format("CreateHyperParameterTuningJob", "ml.m5.xlarge for training job")}]}
    yield "quota", said(place.run(*tune, fake=quota), "tune", "may have 0 of")
    yield "a hyperparameter that is not tunable", said(place.run(*tune, "--range", "seed=1..9"), "tune", "seed", "cannot be tuned", status=2)
    yield "one that is not known", said(place.run(*tune, "--range", "rate=1..9"), "tune", "no hyperparameter of that name", status=2)
    yield "ends the wrong way round", said(place.run(*tune, "--range", "momentum=0.9..0.1"), "tune", "smaller", status=2)
    for what, arguments, parts in (
            ("Hyperband without epochs", ("--strategy", "Hyperband"), ("-p epochs=N",)),
            ("a grid of a range", ("--strategy", "Grid"), ("lists of values only", "learning_rate=A,B,C")),
            ("a word that is none", ("--range", "optimizer=sgd,adma"), ("'adma' is none of sgd",)),
            ("beyond the limits", ("--range", "momentum=0.5..1.5"), ("1.5 is not within 0..0.999999",)),
            ("a value beyond the limits", ("--range", "cutout=0,2000"), ("2000 is not within 0..1024",)),
            ("no number", ("--range", "cutout=0,many"), ("'many' is no whole number",)),
            ("an empty value", ("--range", "cutout=1,,2"), ("single commas",))):
        yield what, said(place.run(*tune, *arguments), "tune", *parts, status=2)
    grid = place.run("tune", "--data", DATA, "--dry-run", "--strategy", "Grid", "--range", "optimizer=sgd,adam", "--jobs", "3")
    yield "a grid of another size", said(grid, "tune", "each of the 2 combinations", status=2)
    yield "a metric that is none", said(place.run(*tune, "--objective", "accuracy"), "tune", "validation:accuracy", status=2)


def pushes(place):
    reset(place)
    ecr = place.client("ecr")
    status, out, err = place.run("push", "tundish:1.0-ab-cpu", "--repository", "fresh")
    digest = ecr.describe_images(repositoryName="fresh", imageIds=[{"imageTag": "1.0-ab-cpu"}])["imageDetails"][0]["imageDigest"]
    yield "push makes the repository and prints the digest", f"exit status {status}: {out}{err}" if status else lacks(out, "made the repository fresh", digest, "billed as storage")
    server = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    asked = [call[:-1] for call in place.docker_calls()]
    wanted = [["docker", "image", "inspect", "tundish:1.0-ab-cpu"], ["docker", "login", "--username", "AWS", "--password-stdin", server],
              ["docker", "tag", "tundish:1.0-ab-cpu", f"{server}/fresh:1.0-ab-cpu"], ["docker", "push", f"{server}/fresh:1.0-ab-cpu"]]
    yield "what docker was asked", "" if asked == wanted else f"{asked}"
    yield "the password goes by stdin", "" if [call[-1] for call in place.docker_calls() if "login" in call][0].strip() else "nothing came"
    status, out, err = place.run("push", "tundish:1.1-ab-cpu", "--repository", "fresh")
    yield "a second push finds the repository", f"{err}" if status or "made the repository" in out else ""
    yield "no image", said(place.run("push", DOCKER_STATUS_IMAGE="1"), "push", "there is no image tundish:", "scripts/image cpu")
    yield "login refused", said(place.run("push", "x", DOCKER_STATUS_LOGIN="1"), "push", "could not log in")
    yield "push refused", said(place.run("push", "x", DOCKER_STATUS_PUSH="1"), "push", "failed")
    denied = {"ecr create-repository": [{"err": "An error occurred (AccessDeniedException) when calling the CreateRepository operation: User: arn:aws:iam::123456789012:user/ann is not "
                                         "authorized to perform: ecr:CreateRepository on resource: * because no identity-based policy allows the ecr:CreateRepository action"}]}
    yield "no permission", said(place.run("push", "x", "--repository", "other", fake=denied), "push", "no permission for ecr:CreateRepository")
    kept = FAKE_DOCKER.format(python=str(place.clients / "python")).replace("import json, os, sys", "import json, os, sys\nif 'inspect' in sys.argv: "
                                                                            "print('[{\"Descriptor\": {\"mediaType\": \"application/vnd.oci.image.index.v1+json\"}}]')")
    place.tool("docker", kept)
    index = place.run("push", "y", "--repository", "fresh")
    yield "a format that SageMaker refuses, before it is pushed", said(index, "push", "nothing was pushed", "scripts/image") or (
        f"{place.docker_calls()}" if any(call[1] == "push" for call in place.docker_calls()) else "")
    place.tool("docker", FAKE_DOCKER.format(python=str(place.clients / "python")))
    index = place.run("push", "y", "--repository", "fresh", MEDIA_TYPE="application/vnd.oci.image.manifest.v1+json")
    yield "a format that SageMaker refuses", said(index, "push", "--provenance=false")
    for engine in ("podman", "buildah"):
        shutil.copy(place.bin / "docker", place.bin / engine)
        status, out, err = place.run("push", f"tundish:{engine}-cpu", "--engine", engine)
        pushed = [call for call in place.docker_calls() if call[1] == "push"]
        yield f"push with {engine} in Docker's format", f"{err}" if status else ("" if pushed and "v2s2" in pushed[0] else f"{pushed}")
    place.run("push", "tundish:named-cpu", TUNDISH_ENGINE="buildah")
    yield "push with what TUNDISH_ENGINE names", "" if {call[0] for call in place.docker_calls()} == {"buildah"} else f"{place.docker_calls()}"


def deployments(place):
    reset(place)
    sagemaker = place.client("sagemaker")
    place.run("launch", "--data", DATA, "--role", "tundish-role", "--image", TAG, "--name", "trained")
    job = sagemaker.describe_training_job(TrainingJobName="trained")
    bucket, key = job["ModelArtifacts"]["S3ModelArtifacts"][5:].split("/", 1)
    place.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    reply = {"sagemaker-runtime invoke-endpoint": [{"out": {"ContentType": "application/json"}, "file": '{"probability": 0.9}'}]}
    status, out, err = place.run("deploy", "--job", "trained", "--name", "one", "--env", "A=b", fake=reply)
    yield "deploy --job", f"exit status {status}: {out}{err}" if status else lacks(
        out, "InService", 'test request, image/png: {"probability": 0.9}', "billed from now on", "remove it: scripts/teardown one")
    model = sagemaker.describe_model(ModelName="one")
    yield "its model", differences(model["PrimaryContainer"], {"Image": IMAGE, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
                                                               "Environment": {"A": "b"}})
    text = place.folder / "image.csv"  # moto's runtime takes text only
    text.write_text(",".join(["0"] * 3072))
    variant = sagemaker.describe_endpoint_config(EndpointConfigName="one")["ProductionVariants"][0]
    yield "its configuration", differences(variant, {"ModelName": "one", "InstanceType": "ml.c5.large", "InitialInstanceCount": 1})
    yield "its endpoint", differences(sagemaker.describe_endpoint(EndpointName="one"), {"EndpointConfigName": "one", "EndpointStatus": "InService"})
    status, out, err = place.run("deploy", "--model-data", f"s3://{BUCKET}/models/model.tar.gz", "--role", ROLE, "--image", TAG, "--name", "two",
                                 "--serverless", "--test", str(text))
    yield "deploy --serverless", f"exit status {status}: {err}" if status else lacks(out, "an idle endpoint costs nothing")
    yield "its test request", lacks(json.dumps([c for c in place.calls() if c[1] == "invoke-endpoint"]), "text/csv", "application/json;verbose")
    variant = sagemaker.describe_endpoint_config(EndpointConfigName="two")["ProductionVariants"][0]
    yield "its configuration", differences(variant, {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}})
    status, out, err = place.run("deploy", "--model-data", f"s3://{BUCKET}/models/model.tar.gz", "--role", ROLE,
                                 "--image", TAG.replace("cpu", "gpu"), "--name", "three", "--async", f"s3://{BUCKET}/answers", "--instance", "ml.g4dn.xlarge")
    yield "deploy --async on a GPU", f"exit status {status}: {err}" if status else lacks(out, "the answer will be at s3://", f"s3://{BUCKET}/answers/test-three")
    config = sagemaker.describe_endpoint_config(EndpointConfigName="three")
    sent = place.sent("create-endpoint-config")
    yield "its configuration", differences(config.get("AsyncInferenceConfig", sent["AsyncInferenceConfig"]), {"OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/answers"}}) \
        or differences(sent["ProductionVariants"][0], {"InferenceAmiVersion": "al2-ami-sagemaker-inference-gpu-2-1"})
    status, out, err = place.run("deploy", "--model-data", f"s3://{BUCKET}/models/model.tar.gz", "--role", ROLE, "--image", TAG, "--name", "four",
                                 "--batch", f"s3://{BUCKET}/images", "--output", f"s3://{BUCKET}/out")
    yield "deploy --batch", f"exit status {status}: {out}{err}" if status else lacks(out, "answers in s3://", "nothing of the job runs on")
    yield "its job", differences(sagemaker.describe_transform_job(TransformJobName="four"), {"ModelName": "four", "BatchStrategy": "SingleRecord"})
    status, out, err = place.run("teardown", "one", "two", "three")
    left = [e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]] + [m["ModelName"] for m in sagemaker.list_models()["Models"]] \
        + [c["EndpointConfigName"] for c in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
    yield "teardown removes it all", f"exit status {status}: {err}" if status else (f"left: {left}" if left else lacks(out, "removed endpoint one", "S3"))


# --- failures ------------------------------------------------------------------------------------------------------------------

def said(result, script, *parts, status=1):
    """The script failed with `status`, and its last line is a sentence of its own with all `parts`."""
    code, out, err = result
    last = (err.strip().splitlines() or [""])[-1]
    if code != status:
        return f"exit status {code}, not {status}: {out}{err}"
    if "Traceback" in err or not last.startswith(f"{script}: "):
        return f"no sentence of its own: {err}"
    return lacks(last, *parts)


LAUNCH = ("launch", "--data", DATA, "--role", ROLE, "--image", IMAGE, "--name", "failing")
DEPLOY = ("deploy", "--model-data", f"s3://{BUCKET}/models/model.tar.gz", "--role", ROLE, "--image", IMAGE, "--name", "failing")


def prerequisites(place):
    reset(place)
    no_cli = bare_path(place, "no-cli")
    yield "no CLI", said(place.run(*LAUNCH, PATH=str(no_cli)), "launch", "no AWS CLI", "pip install awscli")
    yield "no credentials", said(place.run(*LAUNCH, without=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]), "launch", "no AWS credentials", "aws configure")
    yield "no region", said(place.run(*LAUNCH, without=["AWS_DEFAULT_REGION"]), "launch", "no region", "--region")
    yield "a region that is none", said(place.run(*LAUNCH, "--region", "ireland"), "launch", "'ireland' is not an AWS region")
    yield "a region that does not answer", said(place.run(*LAUNCH, "--region", "mars-north-1", AWS_ENDPOINT_URL="http://127.0.0.1:9"), "launch",
                                                "cannot be reached", "mars-north-1")
    expired = {"sts get-caller-identity": [{"err": "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: The security token included in the request is expired"}]}
    yield "expired credentials", said(place.run(*LAUNCH, fake=expired), "launch", "have expired")
    invalid = {"sts get-caller-identity": [{"err": "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The security token included in the request is invalid."}]}
    yield "wrong credentials", said(place.run(*LAUNCH, fake=invalid), "launch", "refuses the credentials")
    yield "no role given", said(place.run("launch", "--data", DATA), "launch", "no role", "--role")
    yield "a role that is not there", said(place.run("launch", "--data", DATA, "--role", "nobody"), "launch", "no role 'nobody'")
    yield "an image that is not there", said(place.run("launch", "--data", DATA, "--role", ROLE, "--image", "1-2-cpu"), "launch",
                                             "tundish:1-2-cpu is not in ECR", "scripts/push")
    yield "an image of another region", said(place.run(*LAUNCH[:5], "--image", IMAGE.replace(REGION, "eu-west-1")), "launch", "another region")
    yield "a bucket that is not there", said(place.run("launch", "--data", "s3://no-such-bucket-x/t", *LAUNCH[3:]), "launch", "no bucket no-such-bucket-x")
    yield "a bucket of another region", said(place.run("launch", "--data", f"s3://{ELSEWHERE}/t", *LAUNCH[3:]), "launch", "lies in eu-west-1", "--region eu-west-1")
    yield "no data", said(place.run("launch", "--data", f"s3://{BUCKET}/nothing", *LAUNCH[3:]), "launch", "nothing lies under", "aws s3 cp")
    yield "no data alone in Pipe mode", said(place.run("launch", "--data", f"s3://{BUCKET}/mixed", "--mode", "Pipe", *LAUNCH[3:]), "launch", "_SUCCESS")
    yield "a channel in a bucket of another region", said(place.run(*LAUNCH, "--channel", f"x=s3://{ELSEWHERE}/x"), "launch", "lies in eu-west-1")
    yield "checkpoints in a bucket that is not there", said(place.run(*LAUNCH, "--spot", "--checkpoints", "s3://no-such-bucket-x/c"), "launch", "no bucket no-such-bucket-x")
    for options in (("--batch", "s3://no-such-bucket-x/i"), ("--batch", f"s3://{BUCKET}/images", "--output", "s3://no-such-bucket-x/o"), ("--async", "s3://no-such-bucket-x/a")):
        yield f"no bucket for {options[-2]}", said(place.run(*DEPLOY, *options), "deploy", "no bucket no-such-bucket-x")
    count = place.run(*LAUNCH, "--count", "abc")
    yield "one sentence for a value that is none", said(count, "launch", "--count wants a whole number", status=2) or (count[2] if len(count[2].splitlines()) > 1 else "")
    yield "no value", said(place.run("deploy", "--poll", "1", "--count"), "deploy", "--count needs a value", status=2)
    yield "an ARM type", said(place.run(*LAUNCH, "--instance", "ml.c7g.xlarge"), "launch", "ARM", "ml.m5.xlarge")
    yield "--attach with --dry-run", said(place.run("launch", "--attach", "x", "--dry-run"), "launch", "--attach makes no request", status=2) or (f"{place.calls()}" if place.calls() else "")
    digest = place.client("ecr").describe_images(repositoryName="tundish", imageIds=[{"imageTag": TAG}])["imageDetails"][0]["imageDigest"]
    by_digest = place.run("launch", "--data", DATA, "--role", ROLE, "--image", f"{IMAGE.rsplit(':', 1)[0]}@{digest}", "--name", "by-digest", "-p", "epoch=2")
    yield "an image by its digest gets past the check", said(by_digest, "launch", "unknown name")
    missing = place.run("launch", "--data", DATA, "--role", ROLE, "--image", f"{IMAGE.rsplit(':', 1)[0]}@sha256:{64 * 'e'}", "--name", "by-digest")
    yield "a digest that is not there", said(missing, "launch", "tundish@sha256:eee", "is not in ECR")
    yield "a wrong hyperparameter", said(place.run(*LAUNCH, "-p", "epoch=2"), "launch", "unknown name", "epochs")
    yield "nothing was created by any of them", "" if not place.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] else "there is a job"


def described(status, secondary, reason=""):
    return {"out": {"TrainingJobName": "failing", "TrainingJobStatus": status, "SecondaryStatus": secondary, "FailureReason": reason,
                    "BillableTimeInSeconds": 30, "TrainingTimeInSeconds": 100, "SecondaryStatusTransitions": [{"StatusMessage": "first"}, {"StatusMessage": f"now {secondary}"}],
                    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
                    "FinalMetricDataList": [{"MetricName": "validation:accuracy", "Value": 0.9312}],
                    "ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"}}}


def job_failures(place):
    reset(place)
    creation = "sagemaker create-training-job"

    def refused(text):
        return place.run(*LAUNCH, fake={creation: [{"err": text}]})

    def ended(*answers):
        return place.run(*LAUNCH, fake={creation: [{"out": {}}], "sagemaker describe-training-job": list(answers)})

    yield "no permission", said(refused(DENIED.format("CreateTrainingJob")), "launch", "no permission for sagemaker:CreateTrainingJob")
    yield "quota", said(refused(QUOTA.format("CreateTrainingJob", "ml.m5.xlarge for training job")), "launch", "may have 0 of 'ml.m5.xlarge for training job usage'")
    yield "type not in the region", said(refused("An error occurred (ResourceLimitExceeded) when calling the CreateTrainingJob operation: The requested "
                                                 "resource training-job/ml.g5.xlarge is not available in this region"), "launch", "has no such instances")
    yield "role that cannot be assumed", said(refused("An error occurred (ValidationException) when calling the CreateTrainingJob operation: Could not assume role "
                                                      f"{ROLE}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role."),
                                              "launch", "trust policy")
    yield "name taken", said(refused("An error occurred (ResourceInUse) when calling the CreateTrainingJob operation: Training job names must be unique within an AWS account"),
                             "launch", "--name")
    yield "image format", said(refused("An error occurred (ValidationException) when calling the CreateTrainingJob operation: Unsupported manifest media type "
                                       "application/vnd.oci.image.index.v1+json for image x. Ensure that valid manifest media type is used for specified image."),
                               "launch", "--provenance=false")
    failed = ended(described("InProgress", "Starting"), described("InProgress", "Training"), described("Failed", "Failed", "AlgorithmError: channel 'train' is empty, exit code: 2"))
    yield "job failed", said(failed, "launch", "the job failed: AlgorithmError: channel 'train' is empty") or lacks(failed[1], "Starting: now Starting", "log: aws logs", "billed: 30 s")
    yield "no capacity", said(ended(described("Failed", "Failed", CAPACITY)), "launch", "no free instance of that type")
    yield "AWS failed inside", said(ended(described("Failed", "Failed", "InternalServerError: We encountered an internal error. Please try again.")), "launch", "run it again")
    yield "time limit", said(ended(described("Stopped", "MaxRuntimeExceeded")), "launch", "MaxRuntimeExceeded", "--max-run")
    gone = refused("Connection was closed before we received a valid response from endpoint URL")
    yield "the answer to the creation is lost", said(gone, "launch", "the training job failing may have been made all the same, and be billed", "scripts/teardown failing")
    good = ended({"err": "Connection was closed before we received a valid response from endpoint URL", "status": 255}, described("Completed", "Completed"))
    yield "a lost connection is borne, metrics are printed", f"{good}" if good[0] else lacks(good[1], "validation:accuracy", "0.9312")
    lost = ended({"err": DENIED.format("DescribeTrainingJob")})
    yield "may not look: the job runs on", said(lost, "launch", "no permission for sagemaker:DescribeTrainingJob") or lacks(lost[2], "may go on, and be billed", "scripts/teardown failing")


def endpoint_failures(place):
    reset(place)
    sagemaker = place.client("sagemaker")

    def nothing_left():
        left = [m["ModelName"] for m in sagemaker.list_models()["Models"]] + [c["EndpointConfigName"] for c in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
        return f"left: {left}" if left else ""

    for operation, command in (("CreateModel", "create-model"), ("CreateEndpointConfig", "create-endpoint-config"), ("CreateEndpoint", "create-endpoint")):
        result = place.run(*DEPLOY, fake={f"sagemaker {command}": [{"err": DENIED.format(operation)}]})
        lines = [line for line in result[2].splitlines() if "took back" not in line]
        yield f"no permission for {operation}: all taken back", said((result[0], result[1], "\n".join(lines)), "deploy", f"no permission for sagemaker:{operation}") or nothing_left()
    result = place.run(*DEPLOY, fake={"sagemaker create-endpoint": [{"err": QUOTA.format("CreateEndpoint", "ml.c5.large for endpoint")}]})
    yield "quota", lacks(result[2], "may have 0 of 'ml.c5.large for endpoint usage'") or nothing_left()
    reason = "The primary container for production variant AllTraffic did not pass the ping health check. Please check CloudWatch logs for this endpoint."
    result = place.run(*DEPLOY, fake={"sagemaker describe-endpoint": [{"out": {"EndpointStatus": "Creating"}}, {"out": {"EndpointStatus": "Failed", "FailureReason": reason}}]})
    yield "endpoint failed", said(result, "deploy", "did not pass the ping health check") or lacks(result[2], "aws logs", "scripts/teardown failing")
    place.run("teardown", "failing")
    model_error = ("An error occurred (ModelError) when calling the InvokeEndpoint operation: Received client error (400) from primary with message "
                   "\\\"not an image\\\"")
    result = place.run(*DEPLOY, fake={"sagemaker-runtime invoke-endpoint": [{"err": model_error}]})
    yield "test request refused", said(result, "deploy", "refuses the test request", "not an image") or lacks(result[2], "billed from now on", "scripts/teardown failing")
    taken = {"sagemaker create-endpoint-config": [{"err": "An error occurred (ValidationException) when calling the CreateEndpointConfig operation: Cannot "
                                                   "create already existing endpoint configuration \"arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/failing\"."}]}
    lost = {"sagemaker create-endpoint": [{"err": "Read timeout on endpoint URL: \"https://api.sagemaker.us-east-1.amazonaws.com/\""}]}
    result = place.run(*DEPLOY, fake=lost)
    yield "the answer to the last creation is lost", said(result, "deploy", "the endpoint failing may have been made all the same", "scripts/teardown failing") or (
        result[2] if "took back" in result[2] else "")
    place.run("teardown", "failing")
    yield "name taken", lacks(place.run(*DEPLOY, fake=taken)[2], "one of that name already: give another --name", "took back the model failing")
    place.run("teardown", "failing")
    yield "no such job", said(place.run("deploy", "--job", "nobody"), "deploy", "no training job nobody")
    running = {"sagemaker describe-training-job": [described("InProgress", "Training")]}
    yield "job still runs", said(place.run("deploy", "--job", "failing", fake=running), "deploy", "is InProgress")
    yield "no such model", said(place.run("deploy", "--model-data", f"s3://{BUCKET}/no/model.tar.gz", "--role", ROLE, "--image", IMAGE), "deploy", "there is no s3://")
    yield "CPU image on a GPU", said(place.run(*DEPLOY, "--instance", "ml.g5.xlarge"), "deploy", "scripts/image gpu")
    yield "retired type", said(place.run(*DEPLOY, "--instance", "ml.p3.2xlarge"), "deploy", "retired", "ml.g5.xlarge")
    yield "an ARM type", said(place.run(*DEPLOY, "--instance", "ml.c7g.large"), "deploy", "ARM", "ml.c5.large")
    for options, part in ((("--split", "TFRecord"), "no requests in TFRecord"), (("--split", "Line", "--content-type", "image/png"), "cannot cut up image/png"),
                          (("--split", "RecordIO", "--content-type", "text/csv"), "cannot cut up text/csv")):
        yield " ".join(options), said(place.run(*DEPLOY, "--batch", f"s3://{BUCKET}/images", *options), "deploy", part, status=2)
    yield "serverless and isolated", said(place.run(*DEPLOY, "--serverless", "--isolated"), "deploy", "isolates no serverless", status=2)
    yield "serverless memory", said(place.run(*DEPLOY, "--serverless", "--memory", "1000"), "deploy", "1024, 2048", status=2)


def teardowns(place):
    reset(place)
    running, stopped = {"out": {"TrainingJobName": "t", "TrainingJobStatus": "InProgress"}}, [{"out": {}}]
    result = place.run("teardown", "t", fake={"sagemaker describe-training-job": [running], "sagemaker stop-training-job": stopped})
    asked = [c for c in place.calls() if c[1] == "stop-training-job"]
    yield "a running job is stopped", f"{result}" if result[0] or not asked else lacks(result[1], "stopping training-job t")
    result = place.run("teardown", "t", fake={"sagemaker describe-training-job": [running], "sagemaker stop-training-job": [{"err": DENIED.format("StopTrainingJob")}]})
    yield "one that may not be stopped is named", said(result, "teardown", "1 of these") or lacks(result[2], "still there", "no permission for sagemaker:StopTrainingJob")
    yield "a name that is nothing's", said(place.run("teardown", "nobody"), "teardown", "1 of these")
    warm = {"out": {"TrainingJobName": "t", "TrainingJobStatus": "Completed", "WarmPoolStatus": {"Status": "Available"}}}
    result = place.run("teardown", "t", fake={"sagemaker describe-training-job": [warm], "sagemaker update-training-job": [{"out": {}}]})
    yield "kept instances are let go", f"{result}" if result[0] else lacks(result[1], "let the warm instances of t go")
    busy = "An error occurred (ValidationException) when calling the DeleteEndpoint operation: Cannot update in-progress endpoint \"arn:aws:sagemaker:us-east-1:1:endpoint/x\"."
    place.run(*DEPLOY[:-1], "tundish-y", "--no-wait")
    result = place.run("teardown", "tundish-y", fake={"sagemaker delete-endpoint": [{"err": busy}, {"err": busy}, {"out": {}}]})
    yield "an endpoint that is still being made is waited for", f"{result}" if result[0] else lacks(result[1] + result[2], "still at work", "removed endpoint tundish-y")
    result = place.run("teardown", "tundish-y", fake={"sagemaker delete-endpoint": [{"err": DENIED.format("DeleteEndpoint")}]})
    yield "an endpoint that may not be removed is named", said(result, "teardown", "1 of these") or lacks(result[2], "no permission for sagemaker:DeleteEndpoint")
    place.run("teardown", "tundish-y")
    place.run(*DEPLOY[:-1], "tundish-x", "--no-wait")
    status, out, err = place.run("teardown", "--list")
    yield "teardown --list", f"{err}" if status else lacks(out, "endpoint", "tundish-x", "billed")
    kept, nothing = {"out": [["tundish-kept", "Available"]]}, {"out": []}
    result = place.run("teardown", "--list", fake={"sagemaker list-training-jobs": [{"out": [["tundish-runs", "InProgress"]]}, nothing, kept, nothing]})
    yield "teardown --list shows instances that are kept", f"{result}" if result[0] else lacks(re.sub(" +", " ", result[1]), "tundish-runs InProgress billed",
                                                                                                  "tundish-kept kept warm billed")
    asked = [" ".join(call) for call in place.calls() if call[1] == "list-training-jobs"]
    wanted = ("--status-equals InProgress", "--status-equals Stopping", "--warm-pool-status-equals Available", "--warm-pool-status-equals InUse")
    yield "and asks for jobs by their status", "" if len(asked) == 4 and all(part in call for part, call in zip(wanted, asked)) else f"{asked}"
    for number in range(101):
        place.client("sagemaker").create_model(ModelName=f"tundish-many-{number}", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    listed = place.run("teardown", "--list")[1].count("tundish-many-")
    yield "teardown --list goes beyond a page of 100", "" if listed == 101 else f"{listed} of 101"
    for number in range(101):
        place.client("sagemaker").delete_model(ModelName=f"tundish-many-{number}")
    longest = "An error occurred (ValidationException) when calling the DescribeHyperParameterTuningJob operation: Member must have length less than or equal to 32"
    name = "tundish-" + 30 * "x"
    place.run(*DEPLOY[:-1], name, "--no-wait")
    result = place.run("teardown", name, "--wait", fake={"sagemaker describe-hyper-parameter-tuning-job": [{"err": longest}]})
    yield "a name longer than a tuning job's", f"{result}" if result[0] else lacks(result[1], f"removed endpoint {name}")
    status, out, err = place.run("teardown", "--all")
    yield "teardown --all asks first", said((status, out, err), "teardown", "nothing was done")
    status, out, err = place.run("teardown", "--all", "--yes", "--wait")
    yield "teardown --all --yes", f"{err}" if status else ("" if not place.client("sagemaker").list_endpoints()["Endpoints"] else "an endpoint is left")


def interrupts(place):
    reset(place)
    table = {"sagemaker create-training-job": [{"out": {}}], "sagemaker describe-training-job": [described("InProgress", "Training")],
             "sagemaker describe-endpoint": [{"out": {"EndpointStatus": "Creating"}}]}
    for what, command, ready, parts in (
            ("an interrupted launch says what runs on", LAUNCH, "Training", ("goes on and is billed", "scripts/teardown failing")),
            ("an interrupted deploy says what runs on", DEPLOY, "Creating", ("goes on", "billed from now on", "scripts/teardown failing"))):
        place.table.write_text(json.dumps(table))
        process = subprocess.Popen(place.full(*command), env={**place.environment, "FAKE_AWS": str(place.table)}, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        for line in process.stdout:
            if ready in line:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
        yield what, f"exit status {process.returncode}: {out}{err}" if process.returncode != 130 else lacks(err, *parts)
    for command, call, thing in ((LAUNCH, "create-training-job", "the training job"), (DEPLOY, "create-endpoint", "the endpoint")):
        place.table.write_text(json.dumps({f"sagemaker {call}": [{"out": {}, "sleep": 5}]}))
        place.aws_log.write_text("")
        process = subprocess.Popen(place.full(*command), env={**place.environment, "FAKE_AWS": str(place.table)}, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True)
        end = time.time() + SECONDS
        while f'"{call}"' not in place.aws_log.read_text() and time.time() < end:
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
        out, err = process.communicate(timeout=SECONDS)
        yield f"interrupted at {call}: it says what may be there", f"exit status {process.returncode}: {out}{err}" if process.returncode != 130 \
            else lacks(err, f"{thing} failing may have been made all the same, and be billed", "scripts/teardown failing") or (err if "took back" in err else "")
        place.run("teardown", "failing")


def helps(place):
    for script in sorted({command[0] for command in DRY_RUNS.values()}):
        status, out, err = place.run(script, "--help")
        yield f"{script} --help", f"exit status {status}" if status else lacks(out, "--dry-run", script)
        yield f"{script} --nonsense", said(place.run(script, "--nonsense"), script, "--nonsense", f"scripts/{script} --help", status=2)


# Calls whose permission has another name than the call.
ACTIONS = {("s3api", "list-objects-v2"): "s3:ListBucket", ("s3api", "head-object"): "s3:GetObject",
           ("ecr", "get-login-password"): "ecr:GetAuthorizationToken"}
SERVICES = {"s3api": "s3", "sagemaker-runtime": "sagemaker"}


def policy(name):
    page = (HOME / "README.md").read_text(encoding="utf-8")
    return json.loads(re.search(rf"<!-- policy: {name} -->\n```json\n(.*?)```", page, re.DOTALL)[1])


def permissions(place):
    """README's policies: JSON that AWS's grammar takes, and the user's one allows every call that the scripts made above."""
    for name in ("role", "user"):
        statements = policy(name)["Statement"]
        odd = [s for s in statements if set(s) != {"Effect", "Action", "Resource"}]
        yield f"policy {name}", f"{odd}" if odd else ""
    listed = [s["Action"] for s in policy("user")["Statement"]]
    allowed = {action for actions in listed for action in ([actions] if isinstance(actions, str) else actions)}
    needed = {ACTIONS.get(call) or f"{SERVICES.get(call[0], call[0])}:{call[1].title().replace('-', '')}" for call in place.made if call[0] != "configure"}
    yield f"the user's policy allows the {len(needed)} actions that were called", f"not in it: {sorted(needed - allowed)}" if needed - allowed else ""


GROUPS = (helps, dry_runs, prerequisites, pushes, launches, job_failures, tunings, deployments, endpoint_failures, teardowns, interrupts, permissions)


def guarded(group, place):
    """The group's checks; one that throws, for example since what it reads back was not created, ends its group as not ok."""
    try:
        yield from group(place)
    except Exception as error:  # pylint: disable=broad-except
        yield "its checks run to the end", f"{type(error).__name__}: {error}"


def find_tundish():
    built = sorted((HOME / "build" / "release").rglob("tundish"), key=lambda path: path.stat().st_mtime)
    return next((str(path) for path in reversed(built) if path.is_file() and os.access(path, os.X_OK)), shutil.which("tundish"))


def main():
    parser = argparse.ArgumentParser(usage="scripts/proof-aws --help tells")
    parser.add_argument("--clients", type=pathlib.Path, required=True)
    parser.add_argument("--tundish", type=os.path.abspath)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("only", nargs="*")
    options = parser.parse_args()
    tundish = options.tundish or find_tundish()
    if not tundish:
        print("proof-aws: there is no tundish under build/release or on PATH: build it (scripts/build)", file=sys.stderr)
        return 2
    folder = pathlib.Path(tempfile.mkdtemp(prefix="proof-aws."))
    place, failures, total = Place(folder, options.clients, tundish), 0, 0
    with moto_server(place):
        for group in GROUPS:
            if options.only and not any(word in group.__name__ for word in options.only):
                continue
            for what, problem in guarded(group, place):
                total, failures = total + 1, failures + bool(problem)
                print(f"{'not ok' if problem else 'ok'} {group.__name__}: {what}" + (f"\n    {problem}" if problem else ""), flush=True)
    if options.keep:
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"FAIL: {failures} of {total} checks" if failures else f"PASS: {total} checks")
    return 1 if failures or not total else 0


if __name__ == "__main__":
    sys.exit(main())
