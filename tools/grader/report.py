# SPDX-License-Identifier: MIT
"""Says what came of the points: lines for people, JSON for Gradescope and others, JUnit, and the reasons of one failure."""

import json
import shlex
from xml.sax import saxutils

from grader.run import command, on_host, variables, words

VALUES_SHOWN = 8  # of a result that a program tells often
LATER = "counts once a gain passes"


def counts(outcomes):
    """Returns whether points count: one of the kind gain has passed, and all of the kind must."""
    if any(outcome.point.kind == "must" and not outcome.passed for outcome in outcomes):
        return False
    return any(outcome.passed and outcome.point.kind == "gain" for outcome in outcomes)


def earned(outcome, counting):
    """Returns the points that an outcome is worth."""
    return outcome.point.worth if outcome.passed and counting else 0


def score(outcomes):
    """Returns (points earned, points there are)."""
    counting = counts(outcomes)
    return sum(earned(one, counting) for one in outcomes), sum(one.point.worth for one in outcomes)


def line(outcome):
    """Returns the line of one point."""
    verdict = ("OK" if outcome.passed else "FAIL: " + outcome.why) + f" ({outcome.found})" * bool(outcome.passed and outcome.found)
    return f"== {outcome.point.name} ({outcome.point.worth}): {verdict}"


def summary(outcomes):
    """Returns the last lines."""
    got, most = score(outcomes)
    lines = []
    if any(one.point.kind == "must" and not one.passed for one in outcomes):
        lines.append("(a test fails on a kernel without a bug: no point counts)")
    elif not counts(outcomes) and any(one.passed for one in outcomes):
        lines.append(f"(what passes so far did so from the start: it {LATER})")
    return "\n".join([*lines, f"score: {got}/{most}"])


def as_json(lab, seed, outcomes, said="", more=None):
    """Returns the results as Gradescope reads them, with a few more fields. `said` is of none of the tests, and `more` is what
    Gradescope leaves alone. It hides points of another lab, as hidden ones are, until the teacher publishes the grades."""
    got, most = score(outcomes)
    counting = counts(outcomes)
    tests = [{"name": one.point.name, "score": earned(one, counting), "max_score": one.point.worth,
              "status": "passed" if one.passed else "failed", "kind": one.point.kind,
              "output": one.why or one.point.says,
              **({} if one.point.lab.name == lab else {"visibility": "after_published"})} for one in outcomes]
    result = {"lab": lab, "seed": seed, "score": got, "max_score": most, "tests": tests}
    if said:
        result["output"] = said
    if more:
        result["extra_data"] = more
    return json.dumps(result, indent=1) + "\n"


def as_junit(lab, outcomes, broken=""):
    """Returns the results as JUnit's XML."""
    failed = sum(not one.passed for one in outcomes)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>',
             f'<testsuite name={saxutils.quoteattr("lab " + lab)} tests="{len(outcomes)}" failures="{failed}">']
    for one in outcomes:
        name = f" <testcase classname={saxutils.quoteattr(lab)} name={saxutils.quoteattr(one.point.name)}"
        why = "it does not compile: " + broken if broken else one.why
        text = clean(why)
        lines.append(name + ("/>" if one.passed else f"><failure message={saxutils.quoteattr(text)}/></testcase>"))
    return "\n".join([*lines, "</testsuite>", ""])


def clean(text):
    """Leaves out characters that XML cannot hold."""
    return "".join(letter for letter in text if letter in "\t\n" or " " <= letter < "\ud800")


def brief(values):
    """Returns values as text, of many only the first."""
    values = values if isinstance(values, list) else [values]
    text = " ".join(map(str, values[:VALUES_SHOWN]))
    return text if len(values) <= VALUES_SHOWN else f"{text} ... ({len(values)} of them)"


def shown(answers, limits):
    """Returns expected values in words."""
    exact = [f"{words(name)} = {brief(value)}" for name, value in answers.items()]
    return ", ".join(exact + [f"{words(name)} <= {most}" for name, most in limits.items()])


def with_gdb(place, outcome):
    """Returns the lines that say how a machine is run with gdb."""
    settings = [f"{name}={shlex.quote(value)}" for name, value in variables(place, outcome.point).items()]
    gdb = shlex.join(["./run.sh", "--gdb", *command(place, outcome.point, outcome.seed)])
    point = outcome.point
    fed = f" < FILE, with what {point.test}_input({outcome.seed}, {point.n}) of {point.lab.path('expect.py')} returns" * point.has_input
    return ["  with gdb, which docs/debugging.md explains:", "    " + " ".join([*settings, gdb]) + fed]


def why_tests(place, outcome, film=()):
    """Returns all that is known of a run of tests that the student wrote."""
    log = [text for text in outcome.log.splitlines() if text.strip()]
    return "\n".join([line(outcome), "  " + outcome.point.says, "  what failed: " + (outcome.found or "nothing"),
                      *("    " + note for note in outcome.notes),
                      "  the kernel's report:" + ("" if log else " none"), *("    " + text for text in log),
                      *film, *with_gdb(place, outcome)])


def why(place, outcome, film=()):
    """Returns all that is known of one outcome. `film` are lines about its film."""
    point = outcome.point
    asked = {name: values for name, values in outcome.seen.items() if name in point.limits or name in outcome.expected[0]}
    came = ", ".join(f"{words(name)} = {brief(values)}" for name, values in {**outcome.came, **asked}.items())
    log = [text for text in outcome.log.splitlines() if text.strip()]
    if point.of_student:
        return why_tests(place, outcome, film)
    lines = [line(outcome), "  " + point.says,
             "  runs      " + shlex.join([point.program, point.test, str(outcome.seed), str(point.n)])
             + f" ({point.lab.path('host' if point.on_host else 'guest', point.program + '.c')})",
             "  expected  " + "\n         or ".join(shown(answers, point.limits) for answers in outcome.expected),
             "  came      " + (came or "nothing")]
    lines += ["            " + note for note in outcome.notes]
    lines += ["  the kernel's report:" + ("" if log else " none")] + ["    " + text for text in log]
    if point.on_host and point.program not in place.hosts:
        return "\n".join([*lines, *film])
    if point.on_host:
        gdb = shlex.join(["gdb", "--args", *on_host(place, point, outcome.seed)])
        return "\n".join([*lines, *film, "  it runs mm/ on this machine (docs/testing.md); with gdb:", "    " + gdb])
    lines += [f"  the last {len(outcome.faults)} faults:" if outcome.faults else
              "  the last faults: the machine ended before it could show them"] + ["    " + text for text in outcome.faults]
    return "\n".join([*lines, *film, *with_gdb(place, outcome)])
