"""Checks of scripts/proof-aws --sdk: README's Python, with SageMaker's SDKs of version 2 and 3 and with boto3, against moto."""
import json
import os
import re
import subprocess

from proofs.aws_place import ACCOUNT, BUCKET, HOME, REGION, TAG, lacks, reset
from proofs.aws_policies import allowed_actions

# Comes before README's lines: notes every call, and answers requests to an endpoint, for which moto takes text only.
PRELUDE = """
import io, json
import botocore.client, botocore.response
genuine = botocore.client.BaseClient._make_api_call
def noted(self, operation, arguments):
    with open("calls.log", "a") as log:
        log.write(json.dumps([self.meta.service_model.service_name, operation, arguments], default=lambda other: type(other).__name__) + "\\n")
    if operation == "InvokeEndpoint":
        answer = b"[0.1, 0.9]"
        return {"Body": botocore.response.StreamingBody(io.BytesIO(answer), len(answer)), "ContentType": "application/json",
                "InvokedProductionVariant": "AllTraffic", "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}}
    answer = genuine(self, operation, arguments)
    return {name: value for name, value in answer.items() if value != {}}  # moto's models have an empty VPC, AWS's none
botocore.client.BaseClient._make_api_call = noted
"""
PARTS = ("SageMaker Python SDK, version 2", "SageMaker Python SDK, version 3", "boto3")
SDK_SECONDS = 300
S3_ACTIONS = {"HeadObject": "GetObject", "HeadBucket": "ListBucket", "ListObjectsV2": "ListBucket"}


def page_parts():
    """{name: its lines} of README's Python, each with the lines that come before the first."""
    page = (HOME / "README.md").read_text(encoding="utf-8")
    block = next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if PARTS[0] in block)
    start, *rest = re.split(r"^# (" + "|".join(map(re.escape, PARTS)) + r").*\n", block, flags=re.MULTILINE)
    text = {name: start + lines for name, lines in zip(rest[::2], rest[1::2])}
    for word, value in (("ACCOUNT", ACCOUNT), ("REGION", REGION), ("TAG", TAG), ("BUCKET", BUCKET)):
        text = {name: re.sub(rf"\b{word}\b", value, lines) for name, lines in text.items()}
    return text


def ran(place, python, name, lines):
    """(what went wrong, [[service, operation, arguments], …])"""
    folder = place.folder / re.sub(r"\W", "-", name)
    folder.mkdir()
    (folder / "scripts").symlink_to(HOME / "scripts")
    (folder / "bin").mkdir()
    (folder / "bin" / "tundish").symlink_to(os.path.abspath(place.tundish))
    subprocess.run([str(python), str(HOME / "scripts" / "aws" / "document.py"), "picture", str(folder / "cat.png")], check=True)
    (folder / "page.py").write_text(PRELUDE + lines)
    (folder / "calls.log").touch()
    environment = {**place.environment, "PATH": f"{folder / 'bin'}:{place.environment['PATH']}", "SAGEMAKER_TELEMETRY_OPT_OUT": "true"}
    done = subprocess.run([str(python), "page.py"], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=SDK_SECONDS)
    calls = [json.loads(line) for line in (folder / "calls.log").read_text().splitlines()]
    return (f"exit status {done.returncode}: {done.stdout[-1500:]}" if done.returncode else lacks(done.stdout, "0.9")), calls


def action(service, operation):
    if service == "s3":
        operation = S3_ACTIONS.get(operation, operation)
    return f"{'sagemaker' if service == 'sagemaker-runtime' else service}:{operation}"


def one_sdk(place, python, name, lines):
    problem, calls = ran(place, python, name, lines)
    yield f"README's Python, {name}, runs to its end", problem
    asked = json.dumps([arguments for _, _, arguments in calls])
    strange = sorted(set(re.findall(r"s3://([^/\"\\\\]+)", asked)) - {BUCKET})
    yield f"{name}: nothing lies outside {BUCKET}", f"{strange}" if strange or f"s3://{BUCKET}/" not in asked else ""
    beyond = sorted({action(service, operation) for service, operation, _ in calls} - allowed_actions())
    yield f"{name}: the user's policy allows what it calls", f"not in it: {beyond}" if beyond else ""
    yield f"{name}: the job is as the page says", lacks(asked, '"OutputDataConfig": {"S3OutputPath": "s3://', '"validation:accuracy"') or (
        "" if name == PARTS[2] else lacks(asked, '"EnableManagedSpotTraining": true', '"MaxWaitTimeInSeconds": 7200', '"S3Uri": "s3://tundish-data/checkpoints/'))


def sdks(place):
    parts = page_parts()
    yield "the page has them all", "" if set(parts) == set(PARTS) else f"{sorted(parts)}"
    for name, python in zip(PARTS, (place.sdks[0], place.sdks[1], place.clients / "python")):
        reset(place)
        yield from one_sdk(place, python, name, parts[name])
    left = place.client("sagemaker").list_endpoints()["Endpoints"]
    yield "no endpoint is left", f"{[entry['EndpointName'] for entry in left]}" if left else ""
