# SPDX-License-Identifier: MIT
"""The commands of a student's tree: ./grade, ./hint and ./pack."""

import argparse
import os
import secrets
import shlex
import subprocess
import sys

from grader import bugs, build, filming, report, run
from grader.lab import Lab, Wrong, bugs_of, choose, with_musts

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
USAGE = 2
SEEDS = 1 << 32


def say(text):
    """Prints a line without buffering."""
    print(text, flush=True)


def load():
    """Returns the lab of this tree."""
    with open(os.path.join(ROOT, "lab/name"), encoding="utf-8") as file:
        return Lab(os.path.join(ROOT, "lab"), file.read().strip())


def write(path, text):
    """Writes a report to a file, or to the standard output for "-"."""
    if path == "-":
        say(text.rstrip("\n"))
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def grade(words):
    """./grade: returns 0 if all that was asked for passed, else 1."""
    parser = argparse.ArgumentParser(prog="./grade", description="Builds the kernel and runs the tests of this lab, each in "
                                     "a machine of its own.", epilog="A TEST is a test's name, or any part of it. Points of "
                                     "the kind keep pass from the start; they count once one of the kind gain passes.")
    parser.add_argument("tests", nargs="*", metavar="TEST", help="only these (all)")
    parser.add_argument("--list", action="store_true", help="show the tests, and run nothing")
    parser.add_argument("--why", metavar="TEST", help="run one test and show all that is known of it: what was expected and "
                        "what came, the kernel's report, the last faults, a film of the failing run, how to debug it")
    parser.add_argument("--json", metavar="FILE", nargs="?", const="-", help="write the results as JSON (Gradescope's)")
    parser.add_argument("--junit", metavar="FILE", nargs="?", const="-", help="write the results as JUnit's XML")
    parser.add_argument("--seed", type=int, help="the seed of the values in memory (another one each time)")
    parser.add_argument("--timeout", type=float, default=run.SECONDS, metavar="S", help="end a test after S seconds "
                        f"of processor time ({run.SECONDS})")
    options = parser.parse_args(words)
    lab = load()
    options.asked = choose(lab.points, [options.why] if options.why else options.tests)
    points = with_musts(lab.points, options.asked)
    if options.list:
        for point in options.asked:
            say(f"{point.name} ({point.worth}, {point.kind}): {point.says}")
        return 0
    if options.why and len(options.asked) > 1:
        raise Wrong(f"--why is for one test, and {len(options.asked)} have '{options.why}' in their names")
    seed = secrets.randbelow(SEEDS) if options.seed is None else options.seed
    return grade_points(lab, points, seed, options)


def write_reports(lab, seed, outcomes, broken, options, more=False):
    """Writes the reports that were asked for. If there are more points to run, those to standard output come later."""
    for path, make in ((options.json, lambda: report.as_json(lab.name, seed, outcomes, broken and "it does not compile:\n" + broken)),
                       (options.junit, lambda: report.as_junit(lab.name, outcomes, broken))):
        if path and not (more and path == "-"):
            write(path, make())


def grade_points(lab, points, seed, options):
    """Builds, runs the points and reports."""
    quiet = "-" in (options.json, options.junit)
    folder = build.set_up(ROOT, "grade")
    outcomes, broken, progress = [], "", build.Progress("grade")
    hosts = {}, ""
    try:
        build.kernel(folder, build.targets_of(ROOT, points), progress=progress)
        if any(point.on_host for point in points):
            hosts = build.host_programs(ROOT, folder, lab, lab.path("lib"), os.path.join(folder, "lab/host"), progress=progress)
    except build.Broken as error:
        broken = str(error)
        outcomes = [run.not_run(point, "it does not compile") for point in points]
    if not broken:
        guests = build.guests(ROOT, lab, lab.path("lib"), os.path.join(folder, "lab"))
        kernels = bugs.kernels(ROOT, bugs_of(points, ROOT), os.path.join(folder, "lab/bugs"), no_sources=lab.files())
        place = run.Place(ROOT, folder, guests, hosts, kernels=kernels)
        for number, point in enumerate(points):
            unfit = run.unfit(place, point, outcomes)
            outcomes.append(run.not_run(point, unfit) if unfit else
                            run.run(place, point, seed, bool(options.why), options.timeout))
            if not quiet:
                whole = options.why and point in options.asked
                say(explain(place, outcomes[-1], seed, options.timeout) if whole else report.line(outcomes[-1]))
            write_reports(lab, seed, [*outcomes, *run.not_run_yet(points[number + 1:])], "", options, number + 1 < len(points))
    if broken:
        write_reports(lab, seed, outcomes, broken, options)
    if not quiet:
        conclude(lab, points, outcomes, broken, seed)
    return 0 if all(one.passed for one in outcomes) else 1


def explain(place, outcome, seed, seconds):
    """Returns all that is known of a point, with a film of it if it has failed."""
    return report.why(place, outcome, () if outcome.passed else filming.film(place, outcome, seed, seconds))


def conclude(lab, points, outcomes, broken, seed):
    """Prints the end of a report."""
    if broken:
        say(f"== it compiles: FAIL\n{broken}")
    failed = [one for one in outcomes if not one.passed]
    if failed and not broken and len(outcomes) > 1:
        say(f"(more about the first that failed: {shlex.join(['./grade', '--why', failed[0].point.name, '--seed', str(seed)])})")
    if len(points) == len(lab.points):
        say(report.summary(outcomes))
    elif broken:
        say("score: 0")


def hint(words):
    """./hint: shows one hint."""
    parser = argparse.ArgumentParser(prog="./hint", description="Shows a hint. Later ones say more: try before you ask.")
    parser.add_argument("number", nargs="?", type=int, help="which one")
    options = parser.parse_args(words)
    hints = load().hints()
    if options.number is None:
        say(f"There are {len(hints)} hints: ./hint 1 shows the first.")
        return 0
    if not 1 <= options.number <= len(hints):
        raise Wrong(f"there are {len(hints)} hints, from 1 to {len(hints)}")
    say(hints[options.number - 1])
    return 0


def git(*words):
    """Runs git here; returns its output. Raises Wrong if it fails."""
    try:
        done = subprocess.run(["git", "-c", "safe.directory=" + os.path.realpath(ROOT), *words], cwd=ROOT, capture_output=True, check=False)
    except FileNotFoundError:
        raise Wrong("git is missing: sudo apt-get install git") from None
    if done.returncode:
        raise Wrong(f"git {words[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def pack(words):
    """./pack: writes the changes to the files of the lab since the start, committed or not."""
    parser = argparse.ArgumentParser(prog="./pack", description="Writes your changes to the files of this lab as a patch, to "
                                     "be handed in. Changes that are not committed are in it.")
    lab = load()
    parser.add_argument("file", nargs="?", default=lab.name + ".patch", help=f"where to ({lab.name}.patch)")
    options = parser.parse_args(words)
    base = git("merge-base", "HEAD", "release").decode().strip()
    text = git("diff", "--no-color", "--no-ext-diff", "--no-renames", base, "--", *lab.files())
    others = [name for name in git("diff", "--name-only", base).decode().split("\n")
              if name and name not in lab.files()]
    if not text:
        raise Wrong("there is nothing to hand in: none of the lab's files has changed (they are in lab/files.txt)")
    with open(options.file, "wb") as file:
        file.write(f"Lab: {lab.name}\n\n".encode() + text)
    say(f"{options.file}: {text.count(bytes([10]))} lines; hand in this file.")
    for name in others:
        say(f"It does not have {name}: that is no file of this lab, and the grader uses its own.")
    return 0


def main(name, words):
    """Returns the exit status of a command."""
    try:
        return {"grade": grade, "hint": hint, "pack": pack}[name](words)
    except Wrong as wrong:
        if str(wrong):
            print(f"{name}: {wrong}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python still flushes
        return USAGE
    except OSError as error:
        print(f"{name}: {error.filename}: {error.strerror}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return 130
