#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One parser's fuzzer as a test: its corpus, mutations of that, and the coverage of its sources by the corpus.

usage: fuzz.py NAME FUZZ [COVER SOURCE...]
FUZZ is the program under the sanitizers, COVER the same with --coverage; without it no coverage is measured. The corpus is
corpus/NAME.txt. What floors.txt says of NAME must be reached. FUZZ_SEED and FUZZ_EXECUTIONS make it another or a longer run."""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

import corpus  # noqa: E402

COLUMNS = ("executions", "accepted", "lines", "branches")


def floors(name):
    """Gives what a parser's run has to reach, by column."""
    with open(os.path.join(HERE, "floors.txt"), encoding="utf-8") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    known = {row[0]: dict(zip(COLUMNS, map(float, row[1:]))) for row in rows}
    return known.get(name, known["*"])


def show_find(path):
    """Tells the input that ended a fuzzer's process."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(4), "little")
        data = file.read(size)
    print(f"# the input, {size} bytes:")
    for line in corpus.to_text(data).splitlines()[:64]:
        print("# " + line)


def run(program, folder, executions, seed):
    """Runs a fuzzer; gives the numbers that it prints, None where it has found something."""
    current = os.path.join(folder, "current")
    done = subprocess.run([program, folder, str(executions), str(seed), current], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if done.returncode == 0:
        words = done.stdout.splitlines()[-1].split()
        return dict(zip(words[::2], map(int, words[1::2])))
    for line in done.stdout.splitlines()[-60:]:
        print("# " + line)
    print(f"# status {done.returncode}")
    if os.path.exists(current):
        show_find(current)
    return None


def cover(program, folder, sources):
    """Runs the corpus for its coverage; gives (lines, of which run, branches, of which taken)."""
    built = program + ".p"
    for name in os.listdir(built):
        if name.endswith(".gcda"):
            os.remove(os.path.join(built, name))
    if run(program, folder, 0, 1) is None:
        return None
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tools/coverage"), "--table", built, "--", *sources], text=True,
                          stdout=subprocess.PIPE, check=True)
    rows = [[int(word) for word in line.split("\t")[1:]] for line in done.stdout.splitlines()]
    if len(rows) != len(sources):
        raise SystemExit(f"{len(rows)} of {len(sources)} sources were built")
    return [sum(column) for column in zip(*rows)]


class Points:
    """Prints points of TAP."""

    def __init__(self, name):
        self.name = name
        self.count = self.failed = 0

    def point(self, good, what):
        """Prints one."""
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {self.name}: {what}", flush=True)


def main(words):
    """Gives 0 if nothing was found and every floor is reached."""
    name, fuzz, *covered = words
    floor, points = floors(name), Points(name)
    if not covered:
        del floor["lines"], floor["branches"]
    seed = int(os.environ.get("FUZZ_SEED", "1"))
    executions = int(os.environ.get("FUZZ_EXECUTIONS", floor["executions"]))
    path = os.path.join(HERE, "corpus", name + ".txt")
    floor = {"inputs": len(corpus.read(path)[0]), **floor, "executions": executions}
    folder = tempfile.mkdtemp(prefix=f"fuzz-{name}-")
    try:
        print(f"1..{1 + len(floor)}")
        corpus.write(path, folder)
        got = run(fuzz, folder, executions, seed)
        points.point(got is not None, "nothing found")
        seen = cover(covered[0], folder, covered[1:]) if got and covered else None
    finally:
        shutil.rmtree(folder)
    if got:
        got["accepted"] = 100.0 * got["accepted"] / max(got["executions"], 1)
        said = f"seed {seed}, {got['inputs']} inputs, {got['executions']} executions ({got['accepted']:.0f}% accepted)"
        if seen:
            got["lines"], got["branches"] = 100.0 * seen[1] / seen[0], 100.0 * seen[3] / max(seen[2], 1)
            said += f", {got['lines']:.1f}% of {seen[0]} lines, {got['branches']:.1f}% of {seen[2]} branches"
        print(f"# stats: fuzz {name}: {said}")
    for column in floor:
        number = (got or {}).get(column, 0)
        points.point(number >= floor[column], f"{column}: {number:.10g}, at least {floor[column]:.10g}")
    return 1 if points.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
