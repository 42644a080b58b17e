"""Checks of scripts/proof-aws: push, launch and tune - what is needed, what they create, and how they fail."""
import shutil

from proofs.aws_place import (
    ACCOUNT, BUCKET, CAPACITY, DATA, DENIED, DEPLOY, ELSEWHERE, FAKE_DOCKER, IMAGE, LAUNCH, QUOTA, REGION, ROLE, TAG, bare_path,
    differences, lacks, reset, said)


def prerequisites(place):
    reset(place)
    no_cli = bare_path(place, "no-cli")
    yield "no CLI", said(place.run(*LAUNCH, PATH=str(no_cli)), "launch", "no AWS CLI", "pip install awscli")
    yield "no credentials", said(place.run(*LAUNCH, without=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]), "launch", "no AWS credentials", "aws configure")
    yield "no region", said(place.run(*LAUNCH, without=["AWS_DEFAULT_REGION"]), "launch", "no region", "--region")
    yield "a region that is none", said(place.run(*LAUNCH, "--region", "ireland"), "launch", "'ireland' is not an AWS region")
    yield "a region that does not answer", said(place.run(*LAUNCH, "--region", "mars-north-1", AWS_ENDPOINT_URL="http://127.0.0.1:9"), "launch",
                                                "cannot be reached", "mars-north-1")
    identity = "sts get-caller-identity"
    for what, text, parts in (
            ("a certificate that has expired", "SSL validation failed for https://sts.us-east-1.amazonaws.com/ [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify "
             "failed: certificate has expired (_ssl.c:992)", ("not trusted", "AWS_CA_BUNDLE")),
            ("a proxy that does not answer", 'Failed to connect to proxy URL: "http://proxy:3128"', ("proxy", "HTTPS_PROXY")),
            ("a clock that is wrong", "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Signature expired: "
             "20261122T120000Z is now earlier than 20261122T130000Z", ("set this machine's clock",)),
            ("a session that has expired", "Error when retrieving token from sso: Token has expired and refresh failed", ("have expired", "aws sso login"))):
        yield what, said(place.run(*LAUNCH, fake={identity: [{"err": text, "status": 255}]}), "launch", *parts)
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
    yield "instances kept for longer than AWS does", said(place.run(*LAUNCH, "--keep-alive", "99999"), "launch", "1 to 3600", status=2)
    yield "two channels of one name", said(place.run(*LAUNCH, "--channel", f"train={DATA}"), "launch", "two channels are named 'train'", status=2)
    yield "--attach with --dry-run", said(place.run("launch", "--attach", "x", "--dry-run"), "launch", "--attach makes no request", status=2) or (f"{place.calls()}" if place.calls() else "")
    digest = place.client("ecr").describe_images(repositoryName="tundish", imageIds=[{"imageTag": TAG}])["imageDetails"][0]["imageDigest"]
    by_digest = place.run("launch", "--data", DATA, "--role", ROLE, "--image", f"{IMAGE.rsplit(':', 1)[0]}@{digest}", "--name", "by-digest", "-p", "epoch=2")
    yield "an image by its digest gets past the check", said(by_digest, "launch", "unknown name")
    missing = place.run("launch", "--data", DATA, "--role", ROLE, "--image", f"{IMAGE.rsplit(':', 1)[0]}@sha256:{64 * 'e'}", "--name", "by-digest")
    yield "a digest that is not there", said(missing, "launch", "tundish@sha256:eee", "is not in ECR")
    yield "a wrong hyperparameter", said(place.run(*LAUNCH, "-p", "epoch=2"), "launch", "unknown name", "epochs")
    yield "nothing was created by any of them", "" if not place.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] else "there is a job"


def pushes(place):
    reset(place)
    ecr = place.client("ecr")
    status, out, err = place.run("push", "tundish:1.0-ab-cpu", "--repository", "fresh")
    digest = ecr.describe_images(repositoryName="fresh", imageIds=[{"imageTag": "1.0-ab-cpu"}])["imageDetails"][0]["imageDigest"]
    yield "push makes the repository and prints the digest", f"exit status {status}: {out}{err}" if status else lacks(out, "made the repository fresh", digest, "billed as storage",
                                                                                                           "docker logout")
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
    yield "a format that SageMaker refuses", said(index, "push", "--provenance=false", "type=image,oci-mediatypes=false")
    for engine in ("podman", "buildah"):
        shutil.copy(place.bin / "docker", place.bin / engine)
        status, out, err = place.run("push", f"tundish:{engine}-cpu", "--engine", engine)
        pushed = [call for call in place.docker_calls() if call[1] == "push"]
        yield f"push with {engine} in Docker's format", f"{err}" if status else ("" if pushed and "v2s2" in pushed[0] else f"{pushed}")
    place.run("push", "tundish:named-cpu", TUNDISH_ENGINE="buildah")
    yield "push with what TUNDISH_ENGINE names", "" if {call[0] for call in place.docker_calls()} == {"buildah"} else f"{place.docker_calls()}"


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
    for what, arguments in (("a range and a setting of one hyperparameter", ("--range", "batch_size=64..512", "-p", "mini_batch_size=32")),
                            ("the two spellings of one", ("--range", "learning_rate=0.1..0.2", "-p", "learning-rate=0.5")),
                            ("two ranges of one", ("--range", "batch_size=64..128", "--range", "mini_batch_size=32,64"))):
        alike = place.run("tune", "--dry-run", "--data", DATA, *arguments)
        yield what, said(alike, "tune", "would fail at once with", arguments[1].split("=")[0]) or (alike[1] and f"a request: {alike[1]}")
    going = {look: [{"out": {**tuned("Deleting")["out"], "HyperParameterTuningJobStatus": "DeleteFailed"}}]}
    yield "a tuning job that somebody removes ends the wait", said(place.run("tune", "--attach", "search", fake=going), "tune", "somebody removes", "DeleteFailed")
    yield "a metric that is none", said(place.run(*tune, "--objective", "accuracy"), "tune", "validation:accuracy", status=2)


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
    yield "type that the region has not", said(refused("An error occurred (ValidationException) when calling the CreateTrainingJob operation: The instance type "
                                                       "ml.c7i.large is not supported in region us-east-1"), "launch", "has no such instances", "ml.c7i.large")
    yield "bucket of another region", said(refused("An error occurred (ValidationException) when calling the CreateTrainingJob operation: The S3 bucket 'x' is not in "
                                                   "the same region as the job"), "launch", "bucket lies in another region")
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
