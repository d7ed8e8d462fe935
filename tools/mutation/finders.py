# SPDX-License-Identifier: MIT
"""The table of what finds each fence that is left out and each race: tests/mutants/found.tsv, which tools/mutants --note writes."""

import os
import re

from mutation import suites

FILE = "tests/mutants/found.tsv"
HEADING = """# What finds each bug that needs several harts or the strict machine to show, as it was measured: a fence that is left out,
# or a race of this folder; when CI runs that (commit or night); the test, and what fails in it. "-" is one that no test finds, and
# survivors.txt has the reason (that of memory order is one without a trial); "?" was not tried, or hung only, and no test was seen to
# fail. tools/mutants --note writes the rows of what it has tried, and --check misses those of new bugs.
"""
NOBODY, UNKNOWN = "-", "?"
SHARE = 0.9  # of those that are found is found for each commit
ADDRESS = re.compile(r"\b0x[0-9a-f]+")


def kind_of(bug):
    """Returns of what kind a bug of the table is, or None if it is not in there."""
    return "fence" if bug.kind == "fence" else "race" if bug.name.startswith("race-") else None


def load(root):
    """Returns {name: (share, test)}."""
    path, found = os.path.join(root, FILE), {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                if not line.startswith("#"):
                    name, share, *test = line.rstrip("\n").split("\t")
                    found[name] = share, test[0] if test else ""
    return found


def save(root, rows):
    """Writes the table."""
    with open(os.path.join(root, FILE), "w", encoding="utf-8") as file:
        file.write(HEADING)
        for name, row in sorted(rows.items()):
            file.write("\t".join([name, *filter(None, row)]) + "\n")


class Table:
    """The table while bugs are tried."""

    def __init__(self, root, bugs):
        self.root, self.names = root, {bug.name for bug in bugs if kind_of(bug)}
        self.rows = {name: row for name, row in load(root).items() if name in self.names}  # without those that are gone

    def note(self, result):
        """Puts a Result into it. A timeout alone may be that of a busy host."""
        if result.name in self.names and result.verdict in ("caught", "survived"):
            found = (UNKNOWN, "") if result.by.endswith("timeout") else (result.share, ADDRESS.sub("0x..", result.by))
            self.rows[result.name] = found if result.share else (NOBODY, "")
            save(self.root, self.rows)


def check(root, bugs):
    """Returns what is wrong with the table, a line each."""
    rows, wanted = load(root), {bug.name: bug for bug in bugs if kind_of(bug)}
    rows = {name: row for name, row in rows.items() if row[0] != UNKNOWN or name not in wanted}
    wrong = [f"{FILE}: no row for {name}: tools/mutants --note --only '{name}'" for name in sorted(wanted) if name not in load(root)]
    wrong += [f"{FILE}: there is no {name}" for name in rows if name not in wanted]
    for name, (share, test) in rows.items():
        reason = wanted[name].reason if name in wanted else ""
        if share == NOBODY and not reason and name in wanted:
            wrong.append(f"{FILE}: {name} is found by no test, and has no reason")
        elif share != NOBODY and (share not in suites.SHARES[:2] or not test):
            wrong.append(f"{FILE}: {name}: not commit or night and a test")
        elif share != NOBODY and reason:
            wrong.append(f"{FILE}: {name} is found by a test, and has a reason why not")
    for kind in ("fence", "race"):
        shares = [rows[name][0] for name, bug in wanted.items() if kind_of(bug) == kind and name in rows and rows[name][0] != NOBODY]
        if shares.count(suites.SHARES[0]) < SHARE * len(shares):
            wrong.append(f"{FILE}: for each commit, {shares.count(suites.SHARES[0])} of {len(shares)} are found of kind {kind}, less than nine tenths")
    return wrong
