#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the payload on the strict machine with each option, as TAP; two equal runs must take equally many instructions.

usage: strict.py FIRMWARE PAYLOAD"""

import subprocess
import sys
import tempfile

OPTIONS_AT = 0x8001F000  # as in tools/strict/options.h
SECONDS = 300
MODES = {"plain": "ad=hw", "negative": "negative", "ad": "ad=fault", "speculate": "speculate=8 ad=spec", "evict": "evict=20",
         "asid": "ad=hw asid=2", "witness": "witness findings=0",
         "unseen": "witness negative findings=0", "upper": "upper", "harts": "harts=4 ids=40 contexts switch=5 eager=8 witness findings=0",
         "count": "harts=4 ids=40 switch=5 eager=8 count"}
FOUND = 86  # the status where the witness has found something
FINDERS = ("witness", "harts")  # in these modes it does
PAYLOAD, TEXT_SIZE = 0x80200000, 1 << 16  # where the payload's text is
BAD_DEEDS = 7  # as in payload.h


def run(firmware, payload, options, line=""):
    """Returns the status, and what the machine prints as lines."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(options.encode())
        file.flush()
        words = ["qemu-system-riscv64", "-machine", "virt", "-m", "64M", "-display", "none", "-monitor", "none", "-serial", "stdio",
                 "-no-reboot", "-icount", "shift=0,sleep=off", "-seed", "1", "-bios", firmware, "-kernel", payload, "-append", line,
                 "-device", f"loader,file={file.name},addr={OPTIONS_AT:#x},force-raw=on"]
        try:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as hangs:
            return None, (hangs.stdout or b"").decode(errors="replace").splitlines()
    return done.returncode, done.stdout.decode(errors="replace").splitlines()


def store_is_named(lines):
    """Returns whether a report about text says where the payload has stored to it."""
    found = [int(line.rpartition(" ")[2], 16) for line in lines if line.startswith("strict:   stored to at pc ")]
    return bool(found) and all(PAYLOAD <= pc < PAYLOAD + TEXT_SIZE for pc in found)


def instructions(lines):
    """Returns how many the payload has counted at its end."""
    return next((int(line.split()[1]) for line in lines if line.endswith(" instructions")), 0)


class Report:
    """Numbers the points of several runs."""

    def __init__(self):
        self.points = 0

    def point(self, good, name):
        """Prints one point."""
        self.points += 1
        print(f"{'ok' if good else 'not ok'} {self.points} - {name}", flush=True)

    def take(self, mode, status, lines, wanted):
        """Prints those of a run, and one for whether it came to its end."""
        planned, before = None, self.points
        for line in lines:
            words = line.split(" - ", 1)
            if line.startswith("1.."):
                planned = int(line[3:])
            elif len(words) == 2 and line.startswith(("ok ", "not ok ")):
                self.point(line.startswith("ok "), f"{mode}: {words[1]}")
            else:
                print("# " + line)
        self.point(status in wanted and planned == self.points - before, f"{mode}: to the end, with status {status}")


def main(firmware, payload):
    """Runs all modes."""
    report = Report()
    for mode, options in MODES.items():
        status, lines = run(firmware, payload, options, f"mode={mode}")
        report.take(mode, status, lines, [FOUND if mode in FINDERS else 0])
        if mode == "witness":
            report.point(store_is_named(lines), f"{mode}: a report says where text was stored to")
    for mode in ("evict", "harts"):
        counts = [instructions(run(firmware, payload, f"{MODES[mode]} seed={seed}", f"mode={mode}")[1]) for seed in (5, 5, 6)]
        report.point(counts[0] and counts[0] == counts[1], f"{mode}: equal seeds, equal runs: {counts[0]} instructions")
        report.point(counts[0] != counts[2], f"{mode}: another seed, another run: {counts[2]} instructions")
    for deed in range(BAD_DEEDS):
        report.take(f"bad deed {deed}", *run(firmware, payload, "harts=4 ids=40 negative speculate=1 evict=100 witness findings=0",
                                             f"mode=bad deed={deed}"), [0, FOUND])
    for text in ("evict", "evict=x", "ad=maybe", "asid=17", "nothing", "negative=1", "harts=0", "harts=9", "switch=0", "ids=101", "contexts=1", "astray=1", "silent=1", "count=1"):
        status, lines = run(firmware, payload, text)
        report.point(status == 2 and any("no such option" in line for line in lines), f"'{text}' is refused")
    print(f"1..{report.points}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
