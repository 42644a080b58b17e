"""Checks of scripts/proof-aws: the JSON of every --dry-run against botocore's model of the operation."""
import json
import re

import botocore.session
from botocore.validate import ParamValidator

from proofs.aws_place import BUCKET, DATA, IMAGE, ROLE, bare_path, lacks


def unfit(shape, value, where=""):
    """What ParamValidator leaves out: enums, patterns, lengths. The first that does not fit, or ""."""
    if shape.type_name == "structure":
        return next(filter(None, (unfit(shape.members[name], inner, f"{where}.{name}") for name, inner in value.items())), "")
    if shape.type_name == "list":
        return next(filter(None, (unfit(shape.member, inner, f"{where}[]") for inner in value)), "")
    if shape.type_name == "map":
        return next(filter(None, (unfit(shape.key, k, where) or unfit(shape.value, v, where) for k, v in value.items())), "")
    if shape.type_name in ("integer", "long", "float", "double"):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        return f"{where}: {value} is not within {low}..{high}" if (low is not None and value < low) or (high is not None and value > high) else ""
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
    shown = json.loads(text)
    for name, request in [pair for part in (shown if isinstance(shown, list) else [shown]) for pair in part.items()]:
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
    "teardown": ('"EndpointName": "tundish-1"', '"EndpointName": "tundish-2"', '"ModelName": "tundish-1"', '"ModelName": "tundish-2"'),
    "batch transform of lines": ('"ContentType": "application/jsonlines"', '"Accept": "application/jsonlines"', '"SplitType": "Line"'),
    "batch transform of records": ('"ContentType": "application/x-recordio"', '"Accept": "application/jsonlines"'),
    "tune over a grid": ('"MaxNumberOfTrainingJobs": 6',),
}


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
