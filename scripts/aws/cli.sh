#!/usr/bin/env bash
# cli.sh - what scripts/push, launch, tune, deploy and teardown share: arguments, the AWS CLI, its errors as sentences, requests.
# Sourced by them, never run. After `need_aws`: $region, $account, $partition. Below, a "request" is the JSON of one operation.
# shellcheck disable=SC2034  # its variables are read by those scripts

self=$(basename "$0")
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tundish-$self.XXXXXX")
region="" account="" partition=aws dry_run=no answer="" poll=15
requests=()  # of a dry run: operation, JSON, operation, JSON, …
sending=""  # what the request under way makes, such as "the training job NAME", until it is known whether it was made
bucket_seen=" "  # buckets that need_bucket has looked at

# finish: at the end, however it comes. A request whose answer did not arrive may have made something that is billed.
finish() {
    [[ -z $sending ]] || note "$sending may have been made all the same, and be billed: scripts/teardown $name --region $region ends it"
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM
export AWS_PAGER=""  # version 2 of the CLI opens a pager otherwise

fail() { echo "$self: $*" >&2; exit 1; }
wrong() { echo "$self: $*; see scripts/$self --help" >&2; exit 2; }
note() { echo "$self: $*" >&2; }
usage() { sed -n '2,/^set -euo/{/^set -euo/!s/^# \{0,1\}//p}' "$0"; }
value() { [[ $# -ge 2 && -n $2 ]] || wrong "$1 needs a value"; echo "$2"; }
number() {
    local text
    text=$(value "$@") || exit 2
    [[ $text =~ ^[1-9][0-9]*$ ]] || wrong "$1 wants a whole number from 1, not '$text'"
    echo "$text"
}
document() { python3 "$home/scripts/aws/document.py" "$@"; }
make() { document make "$@"; }
field() { document get "$2" <<<"$1"; }  # JSON PATH
new_name() { echo "tundish-$(date -u +%Y%m%d-%H%M%S)"; }
check_name() {  # NAME LONGEST: what all of SageMaker's names may be
    [[ $1 =~ ^[a-zA-Z0-9](-*[a-zA-Z0-9])*$ && ${#1} -le $2 ]] \
        || wrong "'$1' cannot be a name: letters, digits and '-' between them, at most $2 characters"
}

# --- the AWS CLI ---------------------------------------------------------------------------------------------------------------

# try SERVICE COMMAND …: the answer on stdout; on failure status 1, and the CLI's message is what `explain` reads.
try() { aws "$@" --region "$region" --output json 2>"$scratch/problem"; }
call() { try "$@" || fail "$(explain)"; }

problem_has() { grep -qE "$1" "$scratch/problem"; }
is_missing() { problem_has "ResourceNotFound|RecordNotFound|[Cc]ould not find|[Nn]ot found|does not exist|can.t find"; }
problem_part() { tr '\n' ' ' <"$scratch/problem" | sed -nE "s/.*$1.*/\\1/p"; }

# explain: the last failure of `try` as one sentence that says what to do.
explain() {
    if problem_has 'Unable to locate credentials|NoCredentials|credentials were not found'; then
        echo "there are no AWS credentials: run 'aws configure' or 'aws sso login', or set AWS_PROFILE"
    elif problem_has 'could not be found.*profile|config profile'; then
        echo "there is no AWS profile '${AWS_PROFILE-}': 'aws configure list-profiles' lists those that are"
    elif problem_has 'Unknown parameter in|[Ii]nvalid choice|Unknown options'; then explain_age
    elif problem_has 'SSL validation failed|CERTIFICATE_VERIFY_FAILED|certificate.*(expired|verify)'; then
        echo "the connection to AWS is not trusted: is this machine's clock right? Behind a proxy with certificates of its own set" \
            "AWS_CA_BUNDLE to their file ($(plain_problem))"
    elif problem_has '[Pp]roxy'; then
        echo "the way to AWS goes through a proxy that does not let it pass: see HTTPS_PROXY and NO_PROXY ($(plain_problem))"
    elif problem_has 'Signature (expired|not yet current)|RequestTimeTooSkewed|RequestExpired'; then
        echo "AWS refuses the time of the request: set this machine's clock"
    elif problem_has 'ExpiredToken|SSO Token|([Tt]oken|[Ss]ession|[Cc]redentials).*(expired|refresh failed)'; then
        echo "the AWS credentials have expired: run 'aws sso login' or fetch new ones"
    elif problem_has 'InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure|InvalidAccessKeyId|OptInRequired'; then
        echo "AWS refuses the credentials: they are wrong, or region $region is not enabled for their account"
    elif problem_has 'Could not connect to the endpoint|EndpointConnectionError|Name or service not known|timeout on endpoint'; then
        echo "AWS cannot be reached in region '$region': is that its name, and is there a network?"
    elif problem_has 'Invalid endpoint|InvalidRegion|not a valid region|region_name .* match'; then
        echo "'$region' is not an AWS region: give --region, for example --region eu-west-1"
    else
        explain_request
    fi
}

explain_request() {
    if problem_has 'not authorized to perform|AccessDenied|Forbidden|\(403\)'; then explain_access
    elif problem_has 'ResourceLimitExceeded|LimitExceeded'; then explain_quota
    elif problem_has 'Could not assume role|assume the role|role.*(is invalid|cannot be found)'; then
        echo "SageMaker may not take on the role: it must exist, and its trust policy must name sagemaker.amazonaws.com (README, Permissions)"
    elif problem_has 'Unsupported manifest media type'; then
        echo "SageMaker does not take the image's format: $(format_advice)"
    elif problem_has 'Requested image|image .*(not found|does not exist)|ImageNotFound|RepositoryNotFound'; then
        echo "the image is not in ECR in $region: run scripts/push --region $region"
    elif problem_has 'NoSuchBucket|bucket does not exist'; then echo "there is no such S3 bucket"
    elif problem_has 'nstance type.*(not supported|not available|unavailable|unsupported)'; then
        echo "region $region has no such instances: take another --instance or --region ($(plain_problem))"
    elif problem_has 'PermanentRedirect|IllegalLocationConstraint|AuthorizationHeaderMalformed|([Bb]ucket|S3 ).*region|region.*([Bb]ucket|S3 )'; then
        echo "the S3 bucket lies in another region than $region: give --region, or copy the data ($(plain_problem))"
    elif problem_has 'ThrottlingException|Rate exceeded|TooManyRequests'; then
        echo "AWS asks for fewer calls a minute: run it again in a moment"
    elif problem_has 'already exist|ResourceInUse'; then 
        echo "there is one of that name already: give another --name (if it is this one, of a request that was cut off: scripts/teardown ${name:-NAME})"
    else echo "AWS said: $(plain_problem)"
    fi
}

format_advice() {
    echo "build it with scripts/image and scripts/push it again; by hand: 'docker build --provenance=false --sbom=false" \
        "--output type=image,oci-mediatypes=false', or push it with podman or buildah"
}

# explain_age: this CLI does not know a part of the request, or the command.
explain_age() {
    local part
    part=$(problem_part 'Unknown parameter in [^:]*: \"([A-Za-z]+)\"')
    [[ -n $part ]] || part=$(problem_part 'Unknown options: ([^ ,]+)')
    echo "this AWS CLI is too old${part:+, it does not know $part} (aws --version; README, On SageMaker, says which will do): pip install --upgrade awscli"
}

explain_access() {
    local action resource
    action=$(problem_part 'not authorized to perform: ([a-zA-Z0-9-]+:[a-zA-Z]+)')
    resource=$(problem_part 'on resource: ([^ ]+)')
    [[ -n $action ]] || action=$(problem_part 'when calling the ([A-Za-z0-9]+) operation')
    echo "you have no permission for ${action:-this}${resource:+ on $resource}: ask for the policy in README, Permissions"
}

explain_quota() {
    local limit amount
    limit=$(problem_part "service limit '([^']+)' is")
    amount=$(problem_part "service limit '[^']+' is ([0-9]+)")
    if problem_has 'not available in this region'; then echo "region $region has no such instances: take another --instance or --region"
    elif [[ -n $limit ]]; then
        echo "quota: this account may have $amount of '$limit' in $region: take another --instance, stop something, or ask for more" \
            "in the console's Service Quotas"
    else echo "quota: $(plain_problem)"
    fi
}

plain_problem() {
    tr -s '\n ' ' ' <"$scratch/problem" | sed -E 's/^ *(aws: *\[ERROR\]: *)?(An error occurred )?//; s/ $//' | cut -c 1-400
}

need_aws() {
    command -v python3 >/dev/null || fail "python3 is missing: install it (apt-get install python3)"
    if [[ $dry_run == no ]]; then
        command -v aws >/dev/null || fail "there is no AWS CLI: install it (pip install awscli)"
    fi
    find_region
    if [[ $dry_run == yes ]]; then assume_account; else find_account; fi
}

find_region() {
    region=${region:-${AWS_REGION:-${AWS_DEFAULT_REGION-}}}
    if [[ -z $region ]] && command -v aws >/dev/null; then region=$(aws configure get region 2>/dev/null || true); fi
    if [[ -z $region && $dry_run == yes ]]; then region=us-east-1; note "no region is set: the dry run shows us-east-1"; fi
    [[ -n $region ]] || fail "there is no region: give --region, set AWS_REGION, or run 'aws configure'"
    [[ $region =~ ^[a-z]+(-[a-z]+)+-[0-9]+$ ]] || fail "'$region' is not an AWS region: give --region, for example --region eu-west-1"
    case "$region" in cn-*) partition=aws-cn ;; us-gov-*) partition=aws-us-gov ;; esac
}

find_account() {
    local identity
    identity=$(call sts get-caller-identity)
    account=$(field "$identity" Account)
    note "account $account, region $region"
}

assume_account() {
    account=${AWS_ACCOUNT_ID:-111122223333}
    [[ -n ${AWS_ACCOUNT_ID-} ]] || note "a dry run asks nobody for the account: it shows $account (AWS_ACCOUNT_ID sets it)"
}

# need_role: $role becomes an ARN, of a role that is there. Who may not look roles up must give the ARN, and is believed.
need_role() {
    role=${role:-${TUNDISH_ROLE-}}
    if [[ -z $role && $dry_run == yes ]]; then role=tundish; note "no --role: the dry run shows one named tundish"; fi
    [[ -n $role ]] || fail "there is no role: give --role NAME_OR_ARN or set TUNDISH_ROLE (README, Permissions, says how to make one)"
    local arn=$role name=${role##*/} found
    if [[ $role != arn:* ]]; then arn="arn:$partition:iam::$account:role/$role"; fi
    if [[ $dry_run == no ]]; then
        if found=$(try iam get-role --role-name "$name"); then arn=$(field "$found" Role.Arn)
        elif problem_has 'NoSuchEntity|cannot be found'; then
            fail "there is no role '$name' in account $account: make it as README, Permissions, says, or give another --role"
        elif ! problem_has 'AccessDenied|not authorized'; then fail "$(explain)"
        fi
    fi
    role=$arn
}

# --- requests ------------------------------------------------------------------------------------------------------------------

# send SERVICE COMMAND REQUEST: makes the call and leaves its reply in $answer; in a dry run the request is kept to be shown.
send() {
    if [[ $dry_run == yes ]]; then
        requests+=("$(operation "$2")" "$3")
        answer="{}"
    elif ! answer=$(try "$1" "$2" --cli-input-json "$3"); then
        answer_lost || sending=""
        fail "$(explain)"
    fi
}
answer_lost() { problem_has 'Could not connect|[Tt]imeout|timed out|[Cc]onnection|InternalFailure|InternalServer|ServiceUnavailable'; }
operation() { sed -E 's/(^|-)([a-z])/\U\2/g' <<<"$1"; }  # create-model: CreateModel
show_requests() { document show "${requests[@]}"; }

# --- images, executable, S3 ----------------------------------------------------------------------------------------------------

find_tundish() {
    [[ -n $tundish ]] || tundish=$(find "$home/build/release/" -type f -name tundish -perm -u+x -printf '%T@ %p\n' 2>/dev/null \
        | sort -rn | head -n 1 | cut -d ' ' -f 2- || true)
    [[ $tundish == */* ]] || tundish=$(command -v "${tundish:-tundish}" || true)
    [[ -n $tundish ]] || fail "there is no tundish under build/release or on PATH: build it (scripts/build) or give --tundish FILE"
    [[ -x $tundish ]] || fail "$tundish is not an executable"
}

# need_instance TYPE VERB CPU GPU: one that AWS still has, and that can run the image; CPU and GPU are types that could be taken instead.
need_instance() {
    [[ $1 =~ ^ml\.[a-z0-9-]+\.[a-z0-9]+$ ]] || wrong "'$1' is not a SageMaker instance type, such as $3"
    case "$1" in
        ml.p2.* | ml.p3.* | ml.p3dn.*) fail "AWS has retired $1: take $4 or ml.g6.xlarge (README, Instances)" ;;
        ml.trn* | ml.inf*) fail "$1 has no CPU or GPU that tundish could $2 on: take $4 or $3" ;;
    esac
    [[ ! $1 =~ ^ml\.([a-z]+[0-9]+g[a-z]*|p6e-[a-z0-9]+)\. ]] || fail "$1 has ARM processors and tundish's image is for x86-64: take $3 or $4"
}

image_kind() { case "$1" in ml.g* | ml.p*) echo gpu ;; *) echo cpu ;; esac; }  # INSTANCE

# default_tag KIND: the tag that scripts/image gives an image of this working tree.
default_tag() {
    local version commit
    version=$(sed -nE 's/^project\(tundish VERSION ([0-9.]+).*/\1/p' "$home/CMakeLists.txt" 2>/dev/null || true)
    commit=$(git -C "$home" rev-parse --short HEAD 2>/dev/null || true)
    if [[ -n $commit && -n $(git -C "$home" status --porcelain) ]]; then commit+=-dirty; fi
    echo "${version:-0.0.0}-${commit:+$commit-}$1"
}

registry() {
    local suffix=amazonaws.com
    [[ $partition != aws-cn ]] || suffix=amazonaws.com.cn
    echo "$account.dkr.ecr.$region.$suffix"
}

# need_image KIND: $image becomes a full name in ECR: from a tag, or from nothing, of an image that was pushed.
need_image() {
    local which repository
    [[ -n $image ]] || image="tundish:$(default_tag "$1")"
    if [[ $image != */* ]]; then
        [[ $image == *:* ]] || image="tundish:$image"
        image="$(registry)/$image"
    fi
    [[ $dry_run == no && $image == *.dkr.ecr.*:* ]] || return 0
    [[ $image == *".dkr.ecr.$region."* ]] || fail "the image $image lies in another region than $region: scripts/push --region $region pushes it there"
    repository=${image#*/}
    if [[ $image == *@* ]]; then which=imageDigest=${image##*@} repository=${repository%%@*} repository=${repository%:*}
    else which=imageTag=${image##*:} repository=${repository%:*}
    fi
    if ! try ecr describe-images --repository-name "$repository" --image-ids "$which" --registry-id "${image%%.*}" >/dev/null; then
        if problem_has 'ImageNotFound|RepositoryNotFound'; then
            fail "the image ${image#*/} is not in ECR in $region: run scripts/push --region $region, or give --image"
        elif ! problem_has 'AccessDenied|not authorized'; then fail "$(explain)"
        fi
    fi
}

bucket_of() { local rest=${1#s3://}; echo "${rest%%/*}"; }
check_s3() { [[ $2 =~ ^s3://[a-z0-9][a-z0-9.-]+(/.*)?$ ]] || wrong "$1 wants s3://BUCKET/PREFIX, not '$2'"; }

# need_bucket URI: it is there, may be read, and lies in $region. Who may not ask for the place is believed.
need_bucket() {
    local bucket place
    bucket=$(bucket_of "$1")
    [[ $bucket_seen != *" $bucket "* ]] || return 0
    bucket_seen+="$bucket "
    if place=$(try s3api get-bucket-location --bucket "$bucket"); then
        place=$(field "$place" LocationConstraint)
        case "$place" in "") place=us-east-1 ;; EU) place=eu-west-1 ;; esac
        [[ $place == "$region" ]] || fail "bucket $bucket lies in $place and the region is $region: give --region $place, or copy the data"
    elif problem_has NoSuchBucket; then fail "there is no bucket $bucket"
    elif ! problem_has 'AccessDenied|not authorized|Forbidden'; then fail "$(explain)"
    fi
}

# --- waiting -------------------------------------------------------------------------------------------------------------------

# nap: sleeps so that Ctrl-C is heeded at once.
nap() { sleep "$poll" & wait $! || true; }

# describe COMMAND …: like try, but a lost network or a throttle is borne ten times before it counts.
describe() {
    local attempt
    for ((attempt = 0; attempt < 10; attempt++)); do
        if try sagemaker "$@"; then return 0; fi
        problem_has 'Could not connect|timeout|Throttling|Rate exceeded|InternalFailure|ServiceUnavailable|Connection' || return 1
        sleep "$poll"
    done
    return 1
}

# reason_in_words TEXT: a FailureReason, with what to do where AWS does not say it.
reason_in_words() {
    case "$1" in
        *CapacityError* | *"Unable to provision requested ML compute capacity"* | *InsufficientInstanceCapacity* | *InsufficientCapacity*)
            echo "AWS has no free instance of that type in $region at the moment: try again later, or take another --instance or --region" ;;
        *InternalServerError* | *"internal error"*) echo "AWS failed inside ($1): run it again" ;;
        *"did not pass the ping health check"*) echo "$1 (the container's log says why: see below)" ;;
        "") echo "AWS gives no reason; see the log" ;;
        *) echo "$1" ;;
    esac
}
