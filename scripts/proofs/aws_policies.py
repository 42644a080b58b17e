"""Checks of scripts/proof-aws: README's policies."""
import json
import re

from proofs.aws_place import HOME

SCRIPTS = ("push", "launch", "tune", "deploy", "teardown")

# Calls whose permission has another name than the call.
ACTIONS = {("s3api", "list-objects-v2"): "s3:ListBucket", ("s3api", "head-object"): "s3:GetObject",
           ("ecr", "get-login-password"): "ecr:GetAuthorizationToken"}
SERVICES = {"s3api": "s3", "sagemaker-runtime": "sagemaker"}


def policy(name):
    page = (HOME / "README.md").read_text(encoding="utf-8")
    return json.loads(re.search(rf"<!-- policy: {name} -->\n```json\n(.*?)```", page, re.DOTALL)[1])


def allowed_actions():
    listed = [statement["Action"] for statement in policy("user")["Statement"]]
    return {action for actions in listed for action in ([actions] if isinstance(actions, str) else actions)}


# What the scripts print for people to run, and the permission that it needs.
PRINTED = {"aws s3 rm": "s3:DeleteObject", "aws ecr batch-delete-image": "ecr:BatchDeleteImage", "aws ecr delete-repository": "ecr:DeleteRepository",
           "aws logs filter-log-events": "logs:FilterLogEvents"}


def printed_commands():
    """The AWS commands in what the scripts print."""
    texts = [path.read_text(encoding="utf-8") for path in (*(HOME / "scripts" / "aws").glob("*.sh"), *(HOME / "scripts" / name for name in SCRIPTS))]
    found = {match for text in texts for match in re.findall(r"\baws (?:s3|ecr|logs) [a-z][a-z-]+", text)}
    return found - {"aws ecr get-login-password", "aws s3 cp"}


def permissions(place):
    """README's policies: JSON that AWS's grammar takes, and the user's one allows every call that the scripts made above."""
    for name in ("role", "user"):
        statements = policy(name)["Statement"]
        odd = [s for s in statements if set(s) != {"Effect", "Action", "Resource"}]
        yield f"policy {name}", f"{odd}" if odd else ""
    allowed = allowed_actions()
    needed = {ACTIONS.get(call) or f"{SERVICES.get(call[0], call[0])}:{call[1].title().replace('-', '')}" for call in place.made if call[0] != "configure"}
    yield f"the user's policy allows the {len(needed)} actions that were called", f"not in it: {sorted(needed - allowed)}" if needed - allowed else ""
    commands = printed_commands()
    odd = sorted(command for command in commands if PRINTED.get(command) not in allowed)
    yield f"and the {len(commands)} that are printed for people", f"not in it: {odd}" if odd or not commands else ""
