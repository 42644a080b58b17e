"""The checks of scripts/proof-aws; see there. Run by it, in its environment."""
import argparse
import os
import pathlib
import shutil
import signal
import sys
import tempfile

from proofs.aws_endpoints import deployments, endpoint_failures, interrupts, teardowns
from proofs.aws_jobs import job_failures, launches, prerequisites, pushes, tunings
from proofs.aws_place import HOME, Place, lacks, moto_server, said
from proofs.aws_policies import permissions
from proofs.aws_requests import DRY_RUNS, dry_runs
from proofs.aws_sdks import sdks


def helps(place):
    for script in sorted({command[0] for command in DRY_RUNS.values()}):
        status, out, err = place.run(script, "--help")
        yield f"{script} --help", f"exit status {status}" if status else lacks(out, "--dry-run", script)
        yield f"{script} --nonsense", said(place.run(script, "--nonsense"), script, "--nonsense", f"scripts/{script} --help", status=2)


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
    parser.add_argument("--sdk", type=pathlib.Path, nargs=2, help="Python with each of SageMaker's SDKs")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("only", nargs="*")
    options = parser.parse_args()
    tundish = options.tundish or find_tundish()
    if not tundish:
        print("proof-aws: there is no tundish under build/release or on PATH: build it (scripts/build)", file=sys.stderr)
        return 2
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it, and that is inherited
    folder = pathlib.Path(tempfile.mkdtemp(prefix="proof-aws."))
    place, failures, total = Place(folder, options.clients, tundish), 0, 0
    place.sdks = options.sdk
    with moto_server(place):
        for group in (*GROUPS, *((sdks,) if options.sdk else ())):
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
