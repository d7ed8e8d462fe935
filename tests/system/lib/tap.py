# SPDX-License-Identifier: MIT
"""A few lines of TAP: cases are functions, an assertion that fails is a point that failed."""

import os
import resource
import sys
import time
import traceback

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../tools")
CASES = []
PARTS = {}  # in which part those of them run that are not in `most`
# Which run if none is named: those of a part, of which `most` are those that do not take long; otherwise all.
PART = os.environ.get("FAULTLINE_CASES")


class Skip(Exception):
    """Ends a case that cannot be tried here; says why."""


def case(function):
    """Marks a function as a test; its name is the point's, its docstring what it shows."""
    CASES.append(function)
    return function


def long_case(function):
    """Marks a test that takes long, which the suite nightly runs."""
    PARTS[function] = "rest"
    return case(function)


def each_part(function):
    """Marks a test that looks at what the cases before it have measured: it runs in each part."""
    PARTS[function] = "each"
    return case(function)


def soak_case(function):
    """Marks a test that takes long and is like another one, which the suite soak runs."""
    PARTS[function] = "soak"
    return case(function)


def equal(expected, actual, what="it"):
    """Fails with both values where they differ."""
    if actual != expected:
        raise AssertionError(f"{what}: expected {shorten(expected)}, actual {shorten(actual)}")


def has(text, part, what="it"):
    """Fails where a text lacks a part."""
    if part not in text:
        raise AssertionError(f"{what}: expected {shorten(part)} in it, actual {shorten(text)}")


def lacks(text, part, what="it"):
    """Fails where a text has a part."""
    if part in text:
        raise AssertionError(f"{what}: expected no {shorten(part)} in it, actual {shorten(text)}")


def shorten(value):
    """Shows a value, its middle left out where it is long."""
    text = repr(value)
    return text if len(text) <= 1000 else text[:500] + " ... " + text[-500:]


def cpu_seconds():
    """Returns the processor time of this process and of the children that have ended."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def run_case(number, function):
    """Runs one case and prints its point; tells whether it did not fail."""
    name = function.__name__.replace("_", " ")
    started, used = time.monotonic(), cpu_seconds()
    verdict, remark = "ok", ""
    try:
        function()
    except Skip as skip:
        remark = f" # SKIP {skip}"
    except Exception:  # whatever it is, it is this point's failure and not the end of the others
        verdict = "not ok"
        for line in traceback.format_exc().splitlines():
            print("# " + line)
    print(f"# {time.monotonic() - started:.1f} s, of a processor {cpu_seconds() - used:.1f} s")
    print(f"{verdict} {number} - {name}{remark}", flush=True)
    return verdict == "ok"


def unknown(words):
    """Says which of the words are in no case's name, and what could be said instead."""
    sys.path.append(TOOLS)
    import spelling  # no other run needs it

    names = [function.__name__ for function in CASES]
    return [spelling.explain("case", word, names, "without a name all run") for word in words
            if not any(word in name for name in names)]


def is_wanted(function, words):
    """Tells whether a case runs."""
    if words:
        return any(word in function.__name__ for word in words)
    return PART not in ("most", "rest", "soak") or PARTS.get(function, "most") in (PART, "each")


def main():
    """Runs all cases, or those whose names hold one of the arguments."""
    words = [word.replace(" ", "_") for word in sys.argv[1:]]
    complaints = unknown(words) if words else []
    for line in complaints:
        print(f"{os.path.basename(sys.argv[0])}: {line}", file=sys.stderr)
    if complaints:
        sys.exit(2)
    wanted = [function for function in CASES if is_wanted(function, words)]
    print(f"1..{len(wanted)}", flush=True)
    good = [run_case(number, function) for number, function in enumerate(wanted, 1)]
    sys.exit(0 if all(good) else 1)
