#!/usr/bin/env python3
"""document.py - the JSON of the AWS scripts: made, read and shown here, so that no shell script pastes strings together.

    document.py make PATH=TEXT PATH:=JSON PATH?=TEXT …    an object; 0, 1, … in a PATH are places of a list, ?= leaves empty out
    document.py pairs NAME=TEXT …                         a flat object of strings; a NAME that comes twice is an error
    document.py get PATH <JSON                            the text at PATH, nothing where there is none
    document.py show OPERATION JSON …                     the requests of a dry run: {operation: request, …}, or [{operation: request}, …] where
                                                          an operation comes twice
    document.py metrics <JSON                             a training job's final metrics, a line each
    document.py ranges HYPERPARAMETERS NAME=RANGE …       ParameterRanges of a tuning job; HYPERPARAMETERS is tundish's own list
    document.py picture FILE                              a PNG of 32×32 pixels

Exit status: 0; 2 with one sentence on stderr when what was given makes no sense.
"""
import json
import re
import struct
import sys
import zlib


def wrong(sentence):
    print(sentence, file=sys.stderr)
    sys.exit(2)


def put(node, path, value):
    """Sets `value` at the dotted `path` below `node`, making objects and lists on the way."""
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part, following in zip(way, [*way[1:], last]):
        fresh = [] if isinstance(following, int) else {}
        if isinstance(part, int):
            while len(node) <= part:
                node.append(fresh)
        elif part not in node:
            node[part] = fresh
        node = node[part]
    if isinstance(last, int):
        node.append(value)
    else:
        node[last] = value


def make(assignments):
    made = {}
    for assignment in assignments:
        path, kind, text = re.match(r"([\w.]+)(:=|\?=|=)(.*)", assignment, re.DOTALL).groups()
        if kind == ":=":
            put(made, path, json.loads(text))
        elif text or kind == "=":
            put(made, path, text)
    return made


def pairs(assignments):
    made = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not name or not equals:
            wrong(f"'{assignment}' is not name=value")
        if name in made:
            wrong(f"'{name}' is given twice")
        made[name] = text
    return made


def get(path):
    node = json.load(sys.stdin)
    for part in path.split("."):
        try:
            node = node[int(part) if isinstance(node, list) else part]
        except (KeyError, IndexError, TypeError):
            return ""
    if node is None:
        return ""
    return node if isinstance(node, str) else json.dumps(node)


def show(operations, requests):
    if len(set(operations)) < len(operations):
        return [{operation: request} for operation, request in zip(operations, requests)]
    return dict(zip(operations, requests))


def metrics():
    found = json.load(sys.stdin).get("FinalMetricDataList") or []
    return "\n".join(f"  {m['MetricName']:<28} {m['Value']:.6g}" for m in found)


def scale(low, high):
    """Logarithmic where the range spans more than a factor of ten, as learning rates do."""
    return "Logarithmic" if low > 0 and high / low > 10 else "Linear"


def check_value(name, parameter, value):
    """One value of a range against what tundish says of the hyperparameter."""
    specification = next(iter((parameter.get("Range") or {}).values()), {})
    names = specification.get("Values")
    if names and value not in names:
        wrong(f"--range {name}: '{value}' is none of {', '.join(names)}")
    if "MinValue" in specification:
        low, high = specification["MinValue"], specification["MaxValue"]
        try:
            fits = float(low) <= (int if parameter["Type"] == "Integer" else float)(value) <= float(high)
        except ValueError:
            wrong(f"--range {name}: '{value}' is no {'whole ' if parameter['Type'] == 'Integer' else ''}number")
        if not fits:
            wrong(f"--range {name}: {value} is not within {low}..{high}")


def value_list(name, parameter, text):
    values = text.split(",")
    if not all(values) or len(set(values)) < len(values) or len(values) > 30:
        wrong(f"--range {name}={text}: give at most 30 values, each once, with single commas between")
    for value in values:
        check_value(name, parameter, value)
    return {"Name": name, "Values": values}


def number_range(name, low, high, parameter):
    whole = parameter["Type"] == "Integer"
    try:
        low_value, high_value = (int if whole else float)(low), (int if whole else float)(high)
    except ValueError:
        wrong(f"--range {name}={low}..{high}: both ends must be {'whole numbers' if whole else 'numbers'}")
    if not low_value < high_value:
        wrong(f"--range {name}={low}..{high}: the first end must be the smaller one")
    for value in (low, high):
        check_value(name, parameter, value)
    return {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": scale(low_value, high_value)}


def ranges(described, assignments):
    known = {parameter["Name"]: parameter for parameter in json.loads(described)}
    made = {"ContinuousParameterRanges": [], "IntegerParameterRanges": [], "CategoricalParameterRanges": []}
    for name, text in pairs(assignments).items():
        parameter = known.get(name) or wrong(f"--range {name}: tundish has no hyperparameter of that name")
        if not parameter["IsTunable"]:
            wrong(f"--range {name}: it cannot be tuned, only set (-p {name}=VALUE)")
        ends = re.fullmatch(r"(.+?)\.\.(.+)", text)
        if not ends:
            made["CategoricalParameterRanges"].append(value_list(name, parameter, text))
        elif parameter["Type"] in ("Integer", "Continuous"):
            made[parameter["Type"] + "ParameterRanges"].append(number_range(name, *ends.groups(), parameter))
        else:
            wrong(f"--range {name}={text}: it is one of several words; give them with commas between")
    return {kind: entries for kind, entries in made.items() if entries}


def picture(path):
    """Colours that run from corner to corner: any classifier has an answer to it."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes(value for x in range(32) for value in (8 * x, 8 * y, 255 - 4 * (x + y))) for y in range(32))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def main():
    verb, rest = (sys.argv[1:2] or ["--help"])[0], sys.argv[2:]
    if verb == "make":
        print(json.dumps(make(rest)))
    elif verb == "pairs":
        print(json.dumps(pairs(rest)))
    elif verb == "get":
        print(get(rest[0]))
    elif verb == "show":
        print(json.dumps(show(rest[::2], [json.loads(text) for text in rest[1::2]]), indent=2))
    elif verb == "metrics":
        print(metrics())
    elif verb == "ranges":
        print(json.dumps(ranges(rest[0], rest[1:])))
    elif verb == "picture":
        picture(rest[0])
    else:
        print(__doc__.strip())


if __name__ == "__main__":
    main()
