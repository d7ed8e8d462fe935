# SPDX-License-Identifier: MIT
"""Learns which lines of the kernel each part of the suites executes, and what it costs; a file keeps what was learnt.

In the guest QEMU's plugin tells the blocks (mutation/guest.py). For host tests and fuzzers gcov tells the lines, where beside
the test stands a program that counts its coverage. The others count as executing all functions of the files that they are
built of.
"""

import hashlib
import json
import os
import subprocess
import tempfile

from mutation import area, guest, jobs, units

KEPT = "reach.json"
NOT_MEASURED = ("docs/", "tools/", "tests/host/tools/", "tests/mutants/", "labs/", ".")
OPTIONS = ["-Dcoverage=true", "-Ddebug=false"]
SUITE_SECONDS = 1800.0


def key_of(root):
    """Returns what changes with the sources of kernel and tests."""
    total = hashlib.sha256()
    for name in sorted(area.files_of(root)):
        path = os.path.join(root, name)
        if name.startswith(NOT_MEASURED) or name.endswith(".md") or os.path.islink(path):
            continue
        total.update(name.encode() + b"\0")
        with open(path, "rb") as file:
            total.update(hashlib.sha256(file.read()).digest())
    return total.hexdigest()


def gcov_lines(root, folder):
    """Returns {path: lines} that the programs have executed whose .gcda files are in a folder."""
    data = [os.path.join(here, name) for here, _, names in os.walk(folder) for name in names if name.endswith(".gcda")]
    if not data:
        return None
    done = subprocess.run(["gcov", "--json-format", "--stdout", *data], cwd=folder, capture_output=True, check=True)
    found, known = {}, {}
    for text in done.stdout.splitlines():
        for file in json.loads(text)["files"]:
            path = guest.below(root, file["file"], known)
            if path:
                numbers = {line["line_number"] for line in file["lines"] if line["count"]}
                found[path] = found.get(path, 0) | guest.bits(numbers)
    return found


class Reach:
    """What each unit executes. It is learnt in a slot whose build has no bugs."""

    def __init__(self, root, slot, folder):
        self.root, self.slot, self.path = root, slot, os.path.join(folder, KEPT)
        self.key, self.known = key_of(root), {}
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                kept = json.load(file)
            if kept["key"] == self.key:
                self.known = kept["units"]

    def save(self):
        """Writes what is known."""
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump({"key": self.key, "units": self.known}, file)
        os.rename(self.path + ".new", self.path)

    def learn(self, found, tell, count):
        """Runs the units that are not known, so many at once; returns those that fail, with what fails."""
        todo = [unit for unit in found if unit.name not in self.known]
        kernels = guest.Kernels(self.root, self.slot.build)
        kernels.read({name for unit in todo for name in unit.test.needs})

        def worker_of(job):
            shim = guest.Shim(os.path.join(self.slot.folder, f"shim-{job}"), os.path.join(self.slot.build, guest.PLUGIN))
            return lambda unit: self.on_host(unit) if unit.stage == "host" else self.in_guest(unit, shim, kernels)

        for number, (unit, learnt) in enumerate(jobs.spread(todo, worker_of, count), 1):
            seconds, insns, lines, failed = learnt
            tell(f"{number}/{len(todo)} {unit.name}: {seconds:.1f} s" + (f", fails: {failed}" if failed else ""))
            self.known[unit.name] = {"seconds": round(seconds, 2), "insns": insns, "failed": failed or "",
                                     "lines": None if lines is None else {path: f"{mask:x}" for path, mask in lines.items()}}
            if number % 20 == 0 or number == len(todo):
                self.save()
        return [(unit, self.known[unit.name]["failed"]) for unit in found if self.known[unit.name]["failed"]]

    def give(self, found):
        """Gives units of another slot what is known of them; returns those that pass without a bug."""
        for unit in found:
            known = self.known.get(unit.name, {"seconds": 1.0, "insns": 0, "lines": None, "failed": "not known"})
            unit.seconds, unit.insns = known["seconds"], known["insns"]
            unit.lines = None if known["lines"] is None else {path: int(mask, 16) for path, mask in known["lines"].items()}
        return [unit for unit in found if not self.known.get(unit.name, {"failed": True})["failed"]]

    @staticmethod
    def in_guest(unit, shim, kernels):
        """Runs a unit with the plugin; returns (seconds, instructions, lines, what failed)."""
        shim.record()
        unit.test.env["PATH"], unit.test.limit = shim.path, SUITE_SECONDS
        group, before = units.Group([unit], [unit.part]), units.cpu()
        failed, _ = unit.test.run_with(group.words)
        seconds = units.cpu() - before
        lines, insns = kernels.executed(shim.runs())
        return seconds, insns, lines, failed

    def on_host(self, unit):
        """Runs the program that counts coverage in the place of a host test."""
        program = units.name_of(unit.test.program, self.slot.build)
        if program is None:
            return 1.0, 0, None, None
        with tempfile.TemporaryDirectory(prefix="mutants-gcov-") as folder:
            before = units.cpu()
            words = list(unit.test.words)
            words[unit.test.at] = os.path.join(self.slot.build, program)
            subprocess.run(words, cwd=unit.test.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False, timeout=SUITE_SECONDS,
                           env={**unit.test.env, "GCOV_PREFIX": folder})
            seconds = units.cpu() - before
            self.place_notes(folder)
            return seconds, 0, gcov_lines(self.root, folder), None

    def place_notes(self, folder):
        """Puts the notes of the compiler beside the counts, as gcov wants them."""
        for here, _, names in os.walk(folder):
            for name in names:
                notes = os.path.join("/" + os.path.relpath(here, folder), os.path.splitext(name)[0] + ".gcno")
                if name.endswith(".gcda") and os.path.exists(notes):
                    os.symlink(notes, os.path.join(here, os.path.basename(notes)))


def learn_all(root, folder, stages, tell, jobs, cpus):
    """
    Returns what is known of all units of some stages, with the slot that has been built for that, where bugs may be woven
    now. Without a change of the sources nothing is built: the slot may have the bugs of the last sample.
    """
    slot = area.Slot(folder, "generated")
    known = Reach(root, slot, folder)
    built = os.path.join(slot.folder, "built")
    found = units.load_built(slot, stages, cpus) if known.known and os.path.exists(built) else []
    if not found or any(unit.name not in known.known for unit in found):
        prepare(root, slot, stages, tell, cpus)
        area.touch(built)
        found = units.load(slot, stages)
    for unit, failed in known.learn(found, tell, jobs):
        tell(f"left out, for it fails without a bug: {unit.name}: {failed}")
    return known


def prepare(root, slot, stages, tell, cpus):
    """Builds the tree as it is, with no bug."""
    if not slot.prepare(root, {}, OPTIONS):
        raise SystemExit("mutants: it cannot be set up: " + slot.said())
    tell("building what is run without bugs")
    if not slot.ninja(cpus, needed(slot, stages)):
        raise SystemExit("mutants: it does not compile: " + slot.said())


def needed(slot, stages):
    """Returns the build targets: all that tests of these stages run in QEMU, and the programs that count coverage."""
    found = {guest.PLUGIN}
    for test in slot.tests():
        if test["suite"][0].rpartition(":")[2] in set(stages) - {"host"}:
            found |= set(test["needs"])
    if "host" not in stages:
        return sorted(found)
    covers = [os.path.relpath(name, slot.build) for target in slot.introspect("targets") if target["type"] == "executable"
              for name in target["filename"] if os.path.basename(name).startswith("cover-")]
    return sorted(found | set(covers))
