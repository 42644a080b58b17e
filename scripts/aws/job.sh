#!/usr/bin/env bash
# job.sh - what scripts/launch and scripts/tune share: the options of a training job, its checks, the parts of its request.
# Sourced by them after cli.sh, never run.
# shellcheck disable=SC2034,SC2154  # its variables are read by those scripts, and some are cli.sh's

name="" data="" validation="" image="" role="" instance=ml.m5.xlarge count=1 mode=File content_type="" output="" volume=30
max_run=14400 tundish="" wait_for_it=yes isolated=no sharded=no attributes="" attach="" metrics=""
channels=() parameters=()

# job_option ARGUMENT…: reads one option and sets $used to the number of arguments that it took, 0 for one that is not known here.
# Never part of a condition: bash would go on after a wrong value.
job_option() {
    used=2
    case "$1" in
        --data) data=$(value "$@"); check_s3 "$1" "$data" ;;
        --validation) validation=$(value "$@"); check_s3 "$1" "$validation" ;;
        --channel) channels+=("$(value "$@")"); check_channel "${channels[-1]}" ;;
        --image) image=$(value "$@") ;;
        --role) role=$(value "$@") ;;
        --instance) instance=$(value "$@") ;;
        --count) count=$(number "$@") ;;
        --mode) mode=$(value "$@") ;;
        --content-type) content_type=$(value "$@") ;;
        --attributes) attributes=$(value "$@") ;;
        --output) output=$(value "$@"); check_s3 "$1" "$output" ;;
        --volume) volume=$(number "$@") ;;
        --max-run) max_run=$(number "$@") ;;
        --name) name=$(value "$@") ;;
        --region) region=$(value "$@") ;;
        --tundish) tundish=$(value "$@") ;;
        --poll) poll=$(number "$@") ;;
        --attach) attach=$(value "$@"); name=$attach ;;
        -p) parameters+=("$(value "$@")") ;;
        --sharded) sharded=yes; used=1 ;;
        --isolated) isolated=yes; used=1 ;;
        --no-wait) wait_for_it=no; used=1 ;;
        --dry-run) dry_run=yes; used=1 ;;
        -h | --help) usage; exit 0 ;;
        *) used=0 ;;
    esac
}
check_channel() { [[ $1 == ?*=s3://* ]] || wrong "--channel wants NAME=s3://BUCKET/PREFIX, not '$1'"; check_s3 --channel "${1#*=}"; }

# check_attach: what --attach excludes.
check_attach() { [[ $dry_run == no ]] || wrong "--attach makes no request that --dry-run could show"; }

check_job() {
    [[ -n $data ]] || wrong "--data s3://BUCKET/PREFIX is needed"
    case "$mode" in File | Pipe | FastFile) ;; *) wrong "--mode is File, FastFile or Pipe, not '$mode'" ;; esac
    need_instance "$instance" train ml.m5.xlarge ml.g5.xlarge
    check_channel_names
    if [[ -n $attributes && ! $attributes =~ ^[^,]+,[^,]+$ ]]; then wrong "--attributes wants two names, IMAGE,LABEL, not '$attributes'"; fi
    if [[ -n $attributes && $mode != Pipe ]]; then wrong "--attributes (augmented manifests) needs --mode Pipe"; fi
    output=${output:-s3://$(bucket_of "$data")/tundish}
}

# check_channel_names: AWS takes a job with two channels of one name for a mistake, after it was sent.
check_channel_names() {
    local each seen=" train ${validation:+validation }"
    for each in "${channels[@]%%=*}"; do
        [[ $seen != *" $each "* ]] || wrong "two channels are named '$each': --data is 'train', --validation is 'validation'"
        seen+="$each "
    done
}

# check_parameters [NAME=VALUE…]: the executable reads these, or those of -p, as it would in the job. It has no data here, and says so
# when nothing else is wrong.
check_parameters() {
    local text reply
    [[ $# -gt 0 ]] || set -- "${parameters[@]}"
    text=$(document pairs "$@") || exit 2
    mkdir -p "$scratch/job/input/config"
    printf '%s' "$text" >"$scratch/job/input/config/hyperparameters.json"
    reply=$("$tundish" train --root "$scratch/job" 2>&1 || true)
    [[ $reply == *"no 'train' channel"* ]] || fail "the job would fail at once${values:+ with $values}: $(cause_of "$reply")"
}
cause_of() { sed -nE 's/^[^ ]+ error //p' <<<"$1" | sed -E "s# \([^ ]*hyperparameters.json\)##"; }

check_data() {
    need_bucket "$data"
    need_bucket "$output"
    data_there --data "$data"
    if [[ -n $validation ]]; then need_bucket "$validation"; data_there --validation "$validation"; fi
    local entry
    for entry in "${channels[@]}"; do need_bucket "${entry#*=}"; done
}

# data_there OPTION URI: something lies under it, and in Pipe mode nothing but data.
data_there() {
    local bucket prefix listed odd
    bucket=$(bucket_of "$2") prefix=${2#s3://*/}
    [[ $2 == s3://*/* ]] || prefix=""
    listed=$(call s3api list-objects-v2 --bucket "$bucket" --prefix "$prefix" --max-keys 1000 --query 'Contents[].Key' | tr -d '[]," ')
    [[ -n $listed && $listed != null ]] || fail "nothing lies under $2: upload the data first (aws s3 cp --recursive FOLDER $2)"
    [[ $mode == Pipe && -z $attributes ]] || return 0
    odd=$(grep -E '(^|/)(_SUCCESS|test_batch\.bin|test\.bin|[^/]*\.(txt|html|md|idx|json|lst))$' <<<"$listed" | head -n 3 | paste -sd ' ' || true)
    [[ -z $odd ]] || fail "in Pipe mode everything under $2 goes into the stream, and $odd is no training data: move it elsewhere"
}

# The parts of a request that a training job and a tuning job's training jobs share, as arguments of `make`.
channel_parts() {
    local number=0 entry
    one_channel train "$data"
    if [[ -n $validation ]]; then one_channel validation "$validation"; fi
    for entry in "${channels[@]}"; do
        one_channel "${entry%%=*}" "${entry#*=}"
    done
}

one_channel() {  # NAME URI
    local at=InputDataConfig.$number distribution=FullyReplicated
    if [[ $sharded == yes && $1 == train ]]; then distribution=ShardedByS3Key; fi
    parts+=("$at.ChannelName=$1" "$at.InputMode=$mode" "$at.ContentType?=$content_type"
        "$at.DataSource.S3DataSource.S3Uri=$2" "$at.DataSource.S3DataSource.S3DataDistributionType=$distribution")
    if [[ -n $attributes ]]; then
        parts+=("$at.DataSource.S3DataSource.S3DataType=AugmentedManifestFile" "$at.RecordWrapperType=RecordIO"
            "$at.DataSource.S3DataSource.AttributeNames.0=${attributes%%,*}"
            "$at.DataSource.S3DataSource.AttributeNames.1=${attributes#*,}")
    else
        parts+=("$at.DataSource.S3DataSource.S3DataType=S3Prefix" "$at.RecordWrapperType=None" "$at.CompressionType=None")
    fi
    number=$((number + 1))
}

job_parts() {
    parts=("AlgorithmSpecification.TrainingImage=$image" "AlgorithmSpecification.TrainingInputMode=$mode"
        "AlgorithmSpecification.MetricDefinitions:=$metrics" "RoleArn=$role")
    channel_parts
    parts+=("OutputDataConfig.S3OutputPath=$output" "ResourceConfig.InstanceType=$instance"
        "ResourceConfig.InstanceCount:=$count" "ResourceConfig.VolumeSizeInGB:=$volume"
        "StoppingCondition.MaxRuntimeInSeconds:=$max_run")
    if [[ $isolated == yes ]]; then parts+=("EnableNetworkIsolation:=true"); fi
}

# prepare_job: all checks, first those that cost nothing.
prepare_job() {
    check_job
    find_tundish
    metrics=$("$tundish" describe --metrics) || fail "$tundish describe --metrics failed"
    check_parameters
    need_aws
    need_role
    need_image "$(image_kind "$instance")"
    if [[ $dry_run == no ]]; then check_data; fi
}

logs_command() {  # LOG_GROUP PREFIX
    echo "aws logs filter-log-events --region $region --log-group-name $1 --log-stream-name-prefix $2 --query 'events[].message' --output text"
}
