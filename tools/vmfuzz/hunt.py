# SPDX-License-Identifier: MIT
"""Searches, from seeds, for the few steps that show a difference between two kernels."""

import difflib
import re
from concurrent.futures import ThreadPoolExecutor

from . import shrink

SUB_STEP = re.compile(r"^(\d+(?:\.\d+)+) ")
LOOK = re.compile(r"^(end|[\d.]+) (page|file) \d+")
AT_ONCE = 40000  # the most steps in one boot
WIDE = 40        # so many steps take as long as one in a wide arena
CHECK = 100      # steps from one hash to the next


class Plan:
    """A run: a seed and its steps, and words that are the program's for all of them, such as `wide`."""

    def __init__(self, seed, steps=0, only="", but="", words=""):
        numbers = [int(text) for text in re.findall(r"\d+", only)]
        self.seed, self.only, self.but, self.words = seed, only, but, words
        self.steps = steps or max(numbers, default=0)

    def line(self, word=""):
        """Returns the program's input line."""
        words = [str(self.seed), str(self.steps), word]
        words += [f"only={self.only}"] if self.only else []
        words += [f"but={self.but}"] if self.but else []
        words += [self.words]
        return " ".join(filter(None, words))


def both(other, ours, lines):
    """Runs the same lines on both kernels; returns the two lists of results."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda side: side.run(lines), (other, ours)))


def portions(plans):
    """Splits a list of plans into parts that one boot can run."""
    portion, size = [], 0
    for plan in plans:
        weight = plan.steps * (WIDE if "wide" in plan.words else 1)
        if portion and size + weight > AT_ONCE:
            yield portion
            portion, size = [], 0
        portion.append(plan)
        size += weight
    if portion:
        yield portion


def first_that_differs(other, ours, plans):
    """Returns the index of the first plan whose runs end differently, or None."""
    done = 0
    for portion in portions(plans):
        theirs, mine = both(other, ours, [plan.line("quiet") for plan in portion])
        for number, (one, two) in enumerate(zip(theirs, mine)):
            if one != two:
                return done + number
        done += len(portion)
    return None


def last_step(theirs, mine, steps):
    """Returns the step of the first hash that differs, up to which a run has to go. A hash is printed every CHECK steps."""
    for number, (one, two) in enumerate(zip(theirs, mine), 1):
        if one != two:
            return min(number * CHECK, steps)
    return steps


def shrink_plan(other, ours, plan):
    """Removes what the difference does not need: steps, then steps of children."""

    def try_steps(candidates):
        return first_that_differs(other, ours, [Plan(plan.seed, only=shrink.ranges(c), words=plan.words) for c in candidates])

    kept = shrink.ddmin(list(range(1, plan.steps + 1)), try_steps)
    only = shrink.ranges(sorted(kept))
    lines = other.run([Plan(plan.seed, only=only, words=plan.words).line("verbose")])[0]
    subs = list(dict.fromkeys(found.group(1) for found in map(SUB_STEP.match, lines) if found))

    def try_subs(candidates):
        plans = [Plan(plan.seed, only=only, but=",".join(shrink.without(subs, c)), words=plan.words) for c in candidates]
        return first_that_differs(other, ours, plans)

    needed = shrink.ddmin(subs, try_subs) if subs else []
    return Plan(plan.seed, only=only, but=",".join(shrink.without(subs, needed)), words=plan.words)


def steps_of(lines):
    """Returns the lines of the steps, without the totals."""
    end = next((at for at, line in enumerate(lines) if line.startswith("mmap:")), len(lines))
    return lines[:end]


def replay(other, ours, plan):
    """Prints a run's lines, and both kernels' lines where they differ; returns 1 if they do."""
    theirs, mine = (steps_of(runs[0]) for runs in both(other, ours, [plan.line("verbose")]))
    print("fuzz-vm " + "".join(f"--{word} " for word in plan.words.split()) + f"--replay {plan.seed} {plan.only}" + (f" --but {plan.but}" if plan.but else ""))
    print(f"  - {other.name}, + {ours.name}")
    for line in difflib.ndiff(theirs, mine):
        if line[0] in "-+" or (line[0] == " " and not LOOK.match(line[2:])):
            print("  " + line)
    return int(theirs != mine)


def hunt(other, ours, seeds, steps, words=""):
    """Runs seeds, shrinks each that differs and prints it; returns 1 if one did."""
    plans = [Plan(seed, steps, words=words) for seed in seeds]
    differing = 0
    for portion in portions(plans):
        theirs, mine = both(other, ours, [plan.line() for plan in portion])
        for plan, one, two in zip(portion, theirs, mine):
            print(f"seed {plan.seed}: {'the same' if one == two else 'differs'}", flush=True)
            if one != two:
                differing += 1
                replay(other, ours, shrink_plan(other, ours, Plan(plan.seed, last_step(one, two, steps), words=words)))
    return int(differing > 0)
