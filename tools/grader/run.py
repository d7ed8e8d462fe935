# SPDX-License-Identifier: MIT
"""Runs points, each in a machine of its own, and judges what came."""

import os
import re
import shutil
import signal
import sys
import zlib

from grader import limits
from grader.build import target
from grader.mixing import mix

SECONDS = 30  # of processor time, for what never ends: a point takes less than three
CPU_SECONDS = 15  # the same, of the grader of many submissions
GRACE = 30  # for the runner to say where the machine was
RESULT = re.compile(r"result (\w+) (\d+)")
PANIC = re.compile(r"^(?:run\.sh: (?=kernel )|)((?:kernel )?panic: .*)$", re.MULTILINE)
KILLED_BY_KERNEL = re.compile(r"^\[ *\d+\.\d+\] \S+: (?:warning|error): (.*killed.*)$", re.MULTILINE)
OUT_OF_CPU = re.compile(r"^run\.sh: .* status -(9|24)\b", re.MULTILINE)
KILLED_FOR_CPU = (-signal.SIGKILL, 128 + signal.SIGKILL)
# What the strict machine reports: the first sentence, and where the kernel has changed the entry, if that is known.
MISSING_FENCE = re.compile(r"^strict: finding \d+: (.*)((?:\nstrict:   .*)*)", re.MULTILINE)
CHANGED_IN = re.compile(r"^strict:   changed at pc .*, in (.*)$", re.MULTILINE)
STRICT_SEEDS = 10**9
TAP_POINT = re.compile(r"^(not )?ok\b[ \d]*(?:- )?(.*)$", re.MULTILINE)
TAP_PLAN = re.compile(r"^1\.\.(\d+)$", re.MULTILINE)
TIMED_OUT = 124  # of ./run.sh
LAST = re.compile(r"^run\.sh: (.*)$", re.MULTILINE)
LEFT_ON = re.compile(r"the kernel has ended with status (\d+), but the machine did not go off")
SEED_BITS = 63
MADE = "/made"  # the machine's folder of the files that a point makes
ASLEEP = 0x8000000  # in memory of sifive_u that firmware and kernel leave alone (the L2 scratchpad); its ROM takes no data
SLEEP_FOR_EVER = 0xFFDFF06F10500073  # wfi, and a jump back to it
SECRET = 1 << 53  # numbers from here on are made from the seed, and say nothing to a reader
COUNTED_HERE = ("stray_lines", "kills_in_the_log", "status", "left_on")  # names that a program's results cannot have


class Place:
    """Where the things are that points need: the tree, its build, the grading programs for the guest and the host, the
    kernels with bugs, and a folder for the files that a point makes."""

    def __init__(self, root, build, guests, hosts, limited=limits.Limits(), kernels=None, made=None):
        self.root, self.build, self.guests, self.limited = root, build, guests, limited
        self.hosts, self.broken_hosts = hosts
        self.kernels = kernels or {}
        self.made = made or os.path.join(build, "lab/made")

    def guest(self, point):
        """Returns the file of the point's program."""
        return os.path.join(self.build, point.program) if point.of_student else self.guests[point.program]

    def kernel(self, point):
        """Returns the words of the environment that choose the point's kernel, if it is not the usual one."""
        chosen = self.kernels[point.bug] if point.bug else target(self.root, "hardened") if point.kernel else ""
        return {"FAULTLINE_KERNEL": chosen} if chosen else {}


class Outcome:
    """What came of a point: whether it passed, and if not, a sentence that says why."""

    def __init__(self, point, seed):
        self.point, self.seed = point, seed
        self.passed, self.why = False, ""
        self.expected, self.came = [], {}
        self.seen = {}  # what the grader itself has counted, under names that no program's results can take
        self.notes, self.faults, self.log, self.found = [], [], "", ""


def seed_of(point, seed):
    """Returns the seed of one point."""
    return mix(seed, zlib.crc32(point.name.encode())) >> (64 - SEED_BITS)


def on_host(place, point, seed):
    """Returns the words that run the point's program here."""
    return [place.hosts[point.program], point.test, str(seed), str(point.n)]


def make_files(place, point, seed):
    """Makes the files of a point, in place of those of the one before."""
    if not point.has_files:
        return
    with open(place.guest(point), "rb") as file:
        texts = point.files(seed, file.read())
    shutil.rmtree(place.made, ignore_errors=True)
    os.makedirs(place.made)
    for name, text in texts.items():
        with open(os.path.join(place.made, name), "wb") as file:
            file.write(text)


def made_files(place, point):
    """Returns the paths of the files that make_files() has made."""
    return [os.path.join(place.made, name) for name in sorted(os.listdir(place.made))] if point.has_files else []


def command(place, point, seed, more=()):
    """Returns the words for ./run.sh that run the point's program. Its files are in place.made."""
    name = os.path.basename(point.program)
    words_of_program = [] if point.of_student else [point.test, str(seed), str(point.n)]
    machine = ["--strict", str(seed % STRICT_SEEDS)] if point.is_strict else []
    files = ["--add", place.made + ":" + MADE] if point.has_files else []
    return [*point.options, *machine, *more, "--add", f"{place.guest(point)}:/bin/{name}", *files, "--", "/bin/" + name,
            *words_of_program]


def one_hart(point):
    """Returns QEMU's arguments that leave one hart for the firmware to choose. All others that have S-mode begin where they
    sleep for ever. (Hart 0 has none, and starts the firmware.)"""
    others = [hart for hart in range(1, point.harts + 1) if hart != point.hart] if point.hart else []
    words = ["-device", f"loader,addr={ASLEEP:#x},data={SLEEP_FOR_EVER:#x},data-len=8"] if others else []
    for hart in others:
        words += ["-device", f"loader,addr={ASLEEP:#x},cpu-num={hart}"]
    return words


def slow_disk(point):
    """Returns QEMU's arguments that make the swap disk as slow as the point wants it, as a list."""
    return [word for name, most in (("read", point.swap_reads), ("write", point.swap_writes)) if most
            for word in ("-set", f"drive.disk.throttling.iops-{name}={most}")]


def qemu_arguments(point):
    """Returns the arguments for QEMU that a point's own options ask for, as a list."""
    words_of_kernel = ["-append", point.only_word] if point.only_word else []  # after those of ./run.sh, which it replaces
    return [*one_hart(point), *slow_disk(point), *words_of_kernel]


def variables(place, point):
    """Returns what a person has to set to run a point as it was run: the kernel, a hart, and a disk that is slow."""
    arguments = qemu_arguments(point)
    return {**place.kernel(point), **({"FAULTLINE_QEMU": " ".join(arguments)} if arguments else {})}


def environment(place, point):
    """Returns the environment of ./run.sh: nothing of ours but what it needs."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "FAULTLINE_KERNEL") if name in os.environ}
    # Less room for QEMU's translations than its usual gigabyte, most of which a short run never uses.
    return {**known, "FAULTLINE_HARTS": "1", "TERM": "dumb", "LC_ALL": "C", "FAULTLINE_BUILD": place.build,
            "FAULTLINE_QEMU": " ".join(["-accel tcg,tb-size=32", *qemu_arguments(point)]), **place.kernel(point)}


def read_lines(outcome, text):
    """Takes what the program printed; counts lines that it did not print for the grader."""
    stray = 0
    for line in text.split("\n"):
        if line.endswith("\r"):  # a terminal's end of a line, which the program has not written
            line, stray = line[:-1], stray + 1
        word, _, rest = line.partition(" ")
        match = RESULT.fullmatch(line)
        if match:
            outcome.came.setdefault(match.group(1), []).append(int(match.group(2)))
        elif word == "failed":
            outcome.notes.append(rest)
        elif word == "first":
            outcome.first = getattr(outcome, "first", "") or rest
        elif word == "fault":
            outcome.faults.append(rest)
        else:
            stray += bool(line)
    outcome.seen["stray_lines"] = [stray]


def take(outcome, done):
    """Takes what a command has written, and counts what the programs cannot tell."""
    outcome.log = done.err.decode(errors="replace")
    read_lines(outcome, done.out.decode(errors="replace"))
    outcome.seen["kills_in_the_log"] = [len(KILLED_BY_KERNEL.findall(outcome.log))]
    outcome.seen["status"] = [done.status] if done.status is not None else []
    left_on = LEFT_ON.fullmatch(([""] + LAST.findall(outcome.log))[-1])
    outcome.seen["left_on"] = [int(left_on.group(1))] if left_on else []


def how_it_ended(done, on_host):
    """Returns why the end of the machine, or of a program that ran here, is no good one, or ""."""
    err = done.err.decode(errors="replace")
    panic, killed, last = PANIC.search(err), KILLED_BY_KERNEL.search(err), LAST.findall(err)
    if panic:
        return panic.group(1)
    if done.stopped:
        return done.stopped
    if OUT_OF_CPU.search(err) or (on_host and done.status in KILLED_FOR_CPU):
        return "no end: it has used up its time on the CPU"
    if done.status in (124, 125) and last:
        return last[-1]
    if done.status < 0:
        return f"the program was killed by {signal.Signals(-done.status).name}"
    if done.status > 128:
        name = signal.Signals(done.status - 128).name if done.status - 128 in set(signal.Signals) else "a signal"
        return f"the program was killed by {name}" + (f" ({killed.group(1)})" if killed else "")
    return ""


def missing_fence(text):
    """Returns what the strict machine has reported first, as a sentence, or ""."""
    found = MISSING_FENCE.search(text)
    if not found:
        return ""
    place = CHANGED_IN.search(found.group(2))
    return f"a fence is missing: {found.group(1)}" + (f"; the entry was changed in {place.group(1)}" if place else "")


def differences(expected, came, explained=False):
    """Yields a sentence for each value that is not what one of the answers has. If the program has explained what is wrong,
    numbers that say nothing are left out."""
    for name, values in expected.items():
        values = values if isinstance(values, list) else [values]
        found = came.get(name, [])
        if not found:
            yield f"{words(name)}: no answer"
        elif len(found) != len(values):
            yield f"{words(name)}: {len(found)} answers, {len(values)} expected"
        else:
            for one, other in zip(found, values):
                if one != other:
                    secret = explained and max(one, other) >= SECRET
                    yield f"{words(name)}: wrong" if secret else f"{words(name)}: {one} came, {other} expected"
                    break


def words(name):
    """Returns a name of a result as words."""
    return name.replace("_", " ")


def over(limits_of, came):
    """Yields a sentence for each limit that is exceeded."""
    for name, most in limits_of.items():
        found = came.get(name, [])
        if len(found) != 1:
            yield f"{words(name)}: no answer"
        elif found[0] > most:
            yield f"{found[0]} {words(name)}, {most} allowed"


def judge(outcome, done):
    """Decides whether the point has passed, and why not."""
    came = {**outcome.came, **outcome.seen}
    wrong = [*over(outcome.point.limits, came)]
    first = getattr(outcome, "first", "")
    wrong += min(([*differences(answers, came, first)] for answers in outcome.expected), key=len)
    if wrong and first:
        wrong[0] += "; first: " + first
    stays_on = outcome.seen["left_on"] and "left_on" in outcome.expected[0]
    ended = "" if stays_on else how_it_ended(done, outcome.point.on_host)
    fence = missing_fence(outcome.log) if outcome.point.is_strict else ""
    reasons = [fence] * bool(fence) + [ended] * bool(ended) + outcome.notes + wrong
    if not reasons and done.status != 0 and "status" not in outcome.expected[0]:
        reasons = [f"the program ended with status {done.status}"]
    outcome.passed, outcome.why = not reasons, reasons[0] if reasons else ""


def run(place, point, seed, why=False, seconds=SECONDS, words=()):
    """Runs a point and returns its Outcome. `why` also gets the last faults of the machine; `words` are more options for
    ./run.sh."""
    outcome = Outcome(point, seed_of(point, seed))
    outcome.expected = point.expected(outcome.seed)
    make_files(place, point, outcome.seed)
    if place.limited.strict:
        seconds = min(seconds, place.limited.cpu - 1)  # so that the runner ends the machine, and says where it was
    more = ["--timeout", "0", "--cpu-timeout", f"{seconds:g}"] + (["--env", "LAB_FAULTS=1"] if why else []) + [*words]
    if point.on_host:
        words_to_run = on_host(place, point, outcome.seed)
    else:
        runner = os.path.join(place.root, "tools/run.py")
        python = limits.python() if place.limited.strict else sys.executable
        words_to_run = [python, "-I", "-S", "-B", runner, *command(place, point, outcome.seed, more)]
    done = limits.run(words_to_run, seconds + (0 if point.on_host else GRACE), place.limited, cwd="/",
                      env=environment(place, point), pieces=point.input(outcome.seed))
    if point.of_student:
        outcome.log = done.err.decode(errors="replace")
        judge_tests(outcome, done)
    else:
        take(outcome, done)
        judge(outcome, done)
    return outcome


def mistakes(done, points):
    """Yields what is wrong with a run of tests but for the tests that fail."""
    ended = how_it_ended(done, False)
    if ended:
        yield ended
    plan = TAP_PLAN.findall(done.out.decode(errors="replace"))
    if len(plan) != 1 or int(plan[0]) != len(points) or not points:
        yield f"{len(points)} tests of {' and '.join(plan) or 'no plan'} ran"
    elif done.status:
        yield f"the program ended with status {done.status}"


def judge_tests(outcome, done):
    """Judges tests that a student wrote: they have to pass, or to find the bug that the kernel has. A bug is found if a test
    fails, or if the kernel panics or the run does not end; a program that dies for another reason has found nothing."""
    text = done.out.decode(errors="replace")
    outcome.notes = [line for line in text.splitlines() if line.startswith(("not ok", "#", "Bail out"))]
    points = TAP_POINT.findall(text)
    failed = [f"'{name}' fails" if name else "a test fails" for bad, name in points if bad]
    wrong = [*mistakes(done, points)]
    if outcome.point.bug:
        if PANIC.search(done.err.decode(errors="replace")) or done.stopped or done.status == TIMED_OUT:
            failed += wrong[:1]
        outcome.passed, outcome.found = bool(failed), failed[0] if failed else ""
        outcome.why = "" if failed else "; ".join(["no test fails where the kernel has this bug", *wrong[:1]])
    else:
        reasons = wrong[:1] * bool(done.stopped or done.status == TIMED_OUT) + failed + wrong
        outcome.passed, outcome.why = not reasons, reasons[0] if reasons else ""
        outcome.found = outcome.why


def unfit(place, point, outcomes):
    """Returns why a point need not be run, or "": tests that fail on the right kernel find no bug, and mm/ may not have
    compiled on the host. The first of its points then has the compiler's errors."""
    if point.on_host and point.program not in place.hosts:
        told = [one.point.name for one in outcomes if one.point.on_host]
        return "mm/ does not compile for this computer" + (f" (see '{told[0]}')" if told else ": " + place.broken_hosts)
    if point.bug and any(one.point.kind == "must" and not one.passed for one in outcomes):
        return "not run: your tests fail on a kernel without a bug"
    return ""


def not_run(point, why):
    """Returns the Outcome of a point that is not run."""
    outcome = Outcome(point, 0)
    outcome.why = why
    return outcome


def not_run_yet(points):
    """Returns the Outcomes of points while those before them are run."""
    return [not_run(point, "not run yet") for point in points]
