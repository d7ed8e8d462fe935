# SPDX-License-Identifier: MIT
"""Which tests only repeat others? One that kills bugs, but none that no other test kills, may go. Several of these may need each
other: so they are struck one after the other, those that kill least first, as long as each bug is killed by a test that stays."""

from mutation.suites import ENDS_AFTER

BETWEEN = " | "


def read(path):
    """Returns {test point: the bugs that it kills} of a table of tools/mutants --every. What a program's early end would have
    failed besides is not known, so such an end counts as a test of its own that stays."""
    kills = {}
    with open(path, encoding="utf-8") as file:
        rows = {row[0]: row[1:3] for row in (line.rstrip("\n").split("\t") for line in file if not line.startswith("#"))}
    for bug, (verdict, by) in rows.items():
        for point in by.split(BETWEEN) if verdict == "caught" else ():
            kills.setdefault(point, set()).add(bug)
    return kills


def counts(kills, bugs):
    """Returns how many tests kill each of these bugs."""
    return {bug: sum(bug in mine for mine in kills.values()) for bug in bugs}


def strike(kills):
    """Returns the tests that may all go, in the order in which they were struck."""
    killers = counts(kills, set().union(*kills.values()))
    struck = []
    for point in sorted(kills, key=lambda point: (len(kills[point]), point)):
        if ENDS_AFTER not in point and all(killers[bug] > 1 for bug in kills[point]):
            struck.append(point)
            for bug in kills[point]:
                killers[bug] -= 1
    return struck


def report(path):
    """Returns the lines that say so: the test, how many bugs it kills, and which one that stays kills all of them, or else "several"."""
    kills = read(path)
    struck = strike(kills)
    lines = [f"{len(kills)} tests kill {len(set().union(*kills.values()))} bugs; {len(struck)} of them kill none alone, and may go"]
    for point in struck:
        others = [other for other in sorted(kills) if other not in struck and kills[point] <= kills[other]]
        lines.append(f"{point}\t{len(kills[point])}\t{others[0] if others else 'several'}")
    return lines
