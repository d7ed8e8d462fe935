#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The coverage of FOLDERS by the host tests, as a test: what coverage.txt says must be reached.

usage: coverage.py FLOORS --run PROGRAM [ARGUMENT...] [--run ...]...
Each PROGRAM is a host test that was built with --coverage. COVERAGE_MISSED=1 shows the lines that were not run."""

import concurrent.futures
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TOOL = os.path.join(ROOT, "tools/coverage")
FOLDERS = ("mm", "lib", "desc", "proc", "drivers", "linux")


def split_runs(words):
    """Gives the command lines that stand between the words --run."""
    runs = []
    for word in words:
        if word == "--run":
            runs.append([])
        else:
            runs[-1].append(os.path.abspath(word) if os.path.exists(word) else word)
    return runs


def forget(folders):
    """Removes what earlier runs have counted, and what is known of objects that are built no more."""
    for folder in folders:
        for here, _folders, names in os.walk(folder):
            for name in names:
                base, suffix = os.path.splitext(name)
                if suffix == ".gcda" or suffix == ".gcno" and base + ".o" not in names:
                    os.remove(os.path.join(here, name))


def run_one(command):
    """Runs a test; gives what it said where it failed, else nothing."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False)
    return f"{os.path.basename(command[0])}: status {done.returncode}\n{done.stdout}" if done.returncode else ""


def measure(folders):
    """Gives {source: (lines, of which run, branches, of which taken)}; a build keeps counts of sources that are gone."""
    sources = [os.path.join(ROOT, name) for name in FOLDERS]
    done = subprocess.run([sys.executable, TOOL, "--table", *folders, "--", *sources], stdout=subprocess.PIPE, text=True, check=True)
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return {row[0]: tuple(map(int, row[1:])) for row in rows if os.path.exists(os.path.join(ROOT, row[0]))}


def show_missed(folders):
    """Prints the lines that were not run."""
    sources = [os.path.join(ROOT, name) for name in FOLDERS]
    done = subprocess.run([sys.executable, TOOL, "--missed", *folders, "--", *sources], stdout=subprocess.PIPE, text=True, check=True)
    source = ""
    for line in done.stdout.splitlines():
        if "not run:" in line:
            print(f"# {source}:{line.split(':')[1]}")
        source = line.split()[-1]


def percents(numbers):
    """Gives the shares of lines and branches, in percent as they are printed."""
    lines, run, branches, taken = numbers
    return (round(100.0 * run / lines, 1) if lines else 100.0, round(100.0 * taken / branches, 1) if branches else 100.0)


def add_folders(table):
    """Adds a row for each folder, of all that is in it."""
    for folder in FOLDERS:
        rows = [numbers for path, numbers in table.items() if path.startswith(folder + "/")]
        table[folder] = tuple(map(sum, zip(*rows)))


def floors(path):
    """Gives {source or folder: (lines, branches)} in percent."""
    with open(path, encoding="utf-8") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return {row[0]: tuple(map(float, row[1:3])) for row in rows}


def compare(table, least):
    """Prints the rows; gives what is below its floor."""
    fallen = []
    for name, numbers in sorted(table.items()):
        have, want = percents(numbers), least.get(name, least.get(name.split("/")[0] + "/*", least["*"]))
        print(f"# {have[0]:5.1f}% of {numbers[0]:4} lines  {have[1]:5.1f}% of {numbers[2]:4} branches  {name}")
        if have[0] < want[0] or have[1] < want[1]:
            fallen.append(f"{name}: {have[0]:.1f}% and {have[1]:.1f}%, less than {want[0]}% and {want[1]}%")
    return fallen + [f"{name} is gone" for name in least if name not in table and not name.endswith("*")]


def main(words):
    """Prints TAP; gives the exit status."""
    runs = split_runs(words[1:])
    folders = sorted({os.path.dirname(command[0]) for command in runs})
    forget(folders)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [text for text in pool.map(run_one, runs) if text]
    table = measure(folders)
    add_folders(table)
    fallen = failed + compare(table, floors(words[0]))
    for text in fallen:
        print("# " + text.replace("\n", "\n# "))
    for folder in FOLDERS:
        print("# stats: coverage of {}/: {:.1f}% of lines, {:.1f}% of branches".format(folder, *percents(table[folder])))
    if os.environ.get("COVERAGE_MISSED"):
        show_missed(folders)
    print("1..1\n" + ("not ok" if fallen else "ok") + " 1 - coverage of " + ", ".join(FOLDERS))
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
