"""Checks of scripts/proof-aws: deploy and teardown, Ctrl-C, and README's policies."""
import json
import os
import re
import signal
import subprocess
import time

from proofs.aws_jobs import described
from proofs.aws_place import (
    BUCKET, DATA, DENIED, DEPLOY, IMAGE, LAUNCH, QUOTA, ROLE, SECONDS, TAG, differences, lacks, reset, said)


NOT_THERE = {"err": "An error occurred (NoSuchKey) when calling the GetObject operation: The specified key does not exist."}


def asynchronous(*answers):
    """An asynchronous endpoint, and what S3 has, in turn: at the place of the answer, at that of the failure, and so on."""
    places = {"OutputLocation": f"s3://{BUCKET}/answers/1.out", "FailureLocation": f"s3://{BUCKET}/answers/1-error.out"}
    return {"sagemaker-runtime invoke-endpoint-async": [{"out": places}], "s3api get-object": [*answers]}


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
                                 "--image", TAG.replace("cpu", "gpu"), "--name", "three", "--async", f"s3://{BUCKET}/answers", "--instance", "ml.g4dn.xlarge", fake=asynchronous(NOT_THERE, NOT_THERE, {"file": '{"probability": 0.8}'}))
    yield "deploy --async on a GPU", f"exit status {status}: {err}" if status else lacks(out, "the answer will be at s3://", f"s3://{BUCKET}/answers/test-three",
                                                                                         'test request, image/png: {"probability": 0.8}')
    config = sagemaker.describe_endpoint_config(EndpointConfigName="three")
    sent = place.sent("create-endpoint-config")
    yield "its configuration", differences(config.get("AsyncInferenceConfig", sent["AsyncInferenceConfig"]), {
        "OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/answers", "S3FailurePath": f"s3://{BUCKET}/answers"}}) \
        or differences(sent["ProductionVariants"][0], {"InferenceAmiVersion": "al2-ami-sagemaker-inference-gpu-2-1"})
    status, out, err = place.run("deploy", "--model-data", f"s3://{BUCKET}/models/model.tar.gz", "--role", ROLE, "--image", TAG, "--name", "four",
                                 "--batch", f"s3://{BUCKET}/images", "--output", f"s3://{BUCKET}/out")
    yield "deploy --batch", f"exit status {status}: {out}{err}" if status else lacks(out, "answers in s3://", "nothing of the job runs on")
    yield "its job", differences(sagemaker.describe_transform_job(TransformJobName="four"), {"ModelName": "four", "BatchStrategy": "SingleRecord"})
    status, out, err = place.run("teardown", "one", "two", "three")
    left = [e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]] + [m["ModelName"] for m in sagemaker.list_models()["Models"]] \
        + [c["EndpointConfigName"] for c in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
    yield "teardown removes it all", f"exit status {status}: {err}" if status else (f"left: {left}" if left else lacks(out, "removed endpoint one", "S3"))


OLD_CLI = ("Parameter validation failed:\nUnknown parameter in ProductionVariants[0]: \"RoutingConfig\", must be one of: VariantName, ModelName, "
           "InitialInstanceCount, InstanceType, InitialVariantWeight")


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
    result = place.run(*DEPLOY, fake={"sagemaker-runtime invoke-endpoint": [{"out": {}}]})
    yield "no answer to the test request is a failure", said(result, "deploy", "answer to the test request is empty") or lacks(result[2], "billed from now on", "scripts/teardown failing")
    place.run("teardown", "failing")
    result = place.run(*DEPLOY, "--async", f"s3://{BUCKET}/answers", fake=asynchronous(NOT_THERE, {"file": "not an image"}))
    yield "an asynchronous test request that failed", said(result, "deploy", "failed at the test request: not an image") or lacks(result[2], "billed from now on")
    place.run("teardown", "failing")
    for status, part in (("Deleting", "somebody is removing the endpoint failing"), ("", "somebody has removed failing")):
        gone = {"err": "An error occurred (ValidationException) when calling the DescribeEndpoint operation: Could not find endpoint \"failing\"."}
        result = place.run(*DEPLOY, fake={"sagemaker describe-endpoint": [{"out": {"EndpointStatus": "Creating"}}, {"out": {"EndpointStatus": status}} if status else gone]})
        yield f"an endpoint that somebody else removes ({status or 'gone'})", said(result, "deploy", part, "scripts/teardown failing") or (
            result[2] if "billed from now on" in result[1] + result[2] else "")
        place.run("teardown", "failing")
    result = place.run(*DEPLOY, fake={"sagemaker create-endpoint-config": [{"err": OLD_CLI, "status": 252}]})
    yield "a CLI that is too old", lacks(result[2], "this AWS CLI is too old, it does not know RoutingConfig", "pip install --upgrade awscli") or nothing_left()
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
    for retired in ("ml.p3.2xlarge", "ml.p3dn.24xlarge"):
        yield f"retired type {retired}", said(place.run(*DEPLOY, "--instance", retired), "deploy", "retired", "ml.g5.xlarge")
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
    result = place.run("teardown", "tundish-y", "--wait", fake={"sagemaker delete-endpoint": [{"err": DENIED.format("DeleteEndpoint")}]})
    yield "--wait does not wait for what was refused", said(result, "teardown", "1 of these are not done")
    there, throttled = {"out": {"EndpointStatus": "Deleting"}}, {"err": "An error occurred (ThrottlingException) when calling the DescribeEndpoint operation: Rate exceeded"}
    gone = {"err": "An error occurred (ValidationException) when calling the DescribeEndpoint operation: Could not find endpoint \"x\"."}
    for what, answers, problem in (("--wait bears a throttle", [there, throttled, there, gone], ""), ("--wait takes no refusal for the end", [
            there, there, {"err": DENIED.format("DescribeEndpoint")}], "nobody knows whether the endpoint tundish-y is gone")):
        result = place.run("teardown", "tundish-y", "--wait", fake={"sagemaker delete-endpoint": [{"out": {}}], "sagemaker describe-endpoint": answers})
        looks = sum(call[1] == "describe-endpoint" for call in place.calls())
        yield what, (said(result, "teardown", "1 of these") or lacks(result[2], problem)) if problem else (
            f"{result}" if result[0] else "" if looks == 4 else f"{looks} looks, not 4")
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
    for command, call, parts in (
            (LAUNCH, "sagemaker create-training-job", ("the training job failing may have been made all the same, and be billed",)),
            (DEPLOY, "sagemaker create-endpoint", ("the endpoint failing may have been made all the same, and be billed",)),
            (DEPLOY, "sagemaker-runtime invoke-endpoint", ("the endpoint failing goes on", "billed from now on"))):
        place.table.write_text(json.dumps({call: [{"out": {}, "sleep": 5}]}))
        place.aws_log.write_text("")
        process = subprocess.Popen(place.full(*command), env={**place.environment, "FAKE_AWS": str(place.table)}, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True)
        end = time.time() + SECONDS
        while f'"{call.split()[1]}"' not in place.aws_log.read_text() and time.time() < end:
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
        out, err = process.communicate(timeout=SECONDS)
        yield f"interrupted at {call}: it says what may be there", f"exit status {process.returncode}: {out}{err}" if process.returncode != 130 \
            else lacks(err, *parts, "scripts/teardown failing") or (err if "took back" in err else "")
        place.run("teardown", "failing")
