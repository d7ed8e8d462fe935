# SPDX-License-Identifier: MIT
"""The strict machine (tools/strict/README.md): its firmware, what it is told to do, and what it reports."""

import os
import re

from .failure import BROKEN, USAGE, Failure
from .lean import which

FIRMWARE = "tools/strict/strict.elf"  # in the build folder
OPTIONS_AT, OPTIONS_SIZE = 0x8001F000, 256  # as in tools/strict/options.h
MOST_HARTS = 8  # as in tools/strict/harts.h

FOUND = 86  # QEMU's status where a fence is missing
START, END = b"\x1e", b"\x1f"  # around a report (tools/strict/report.c)
PC = re.compile(r"\bpc (0x[0-9a-f]+)")
# Compiled where there is a report: few runs have any.
FIELDS = (("finding", r"^strict: finding (\d+): "), ("what", r"(?m)^strict: finding \d+: (.*)$"),
          ("address", r" address (0x[0-9a-f]+)"), ("asid", r", ASID (\d+)"),
          ("cached", r"a TLB may have: (.*)"), ("tables", r"the tables have: (.*)"),
          ("before", r"before the change: (.*)"), ("changed_at", r"changed at pc (0x[0-9a-f]+)"),
          ("stored_at", r"stored to at pc (0x[0-9a-f]+)"),
          ("rule", r"the specification: (.*)"), ("hart", r"(?m)^strict:   hart (\d+)"),
          ("cached_by", r", of hart (\d+)"), ("changed_by", r", by hart (\d+)"),
          ("seed", r", seed (\d+)"), ("found_at", r"found at pc (0x[0-9a-f]+)"))


def parse_seed(text):
    """Turns the SEED of --strict into an option of the firmware's."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Failure(USAGE, f"--strict wants a number as its seed, not '{text}'")
    return "seed=" + text


def parse_options(text):
    """Checks that the options fit; the firmware knows which there are."""
    if not text or len(text) >= OPTIONS_SIZE - len(" harts=8 seed=") - 18 or not text.isascii():
        raise Failure(USAGE, f"--strict-opt wants options such as negative,evict=100, not '{text}'")
    return text


def check(options):
    """Refuses what does not go together."""
    for name, value in (("--strict-opt", options.strict_opt), ("--strict-json", options.strict_json)):
        if value and options.strict is None:
            raise Failure(USAGE, f"{name} is for --strict")
    if options.strict is not None and (options.harts > MOST_HARTS or options.machine.name != "virt"):
        raise Failure(USAGE, f"--strict works with --machine virt only, and with {MOST_HARTS} harts at most")


class Firmware:
    """A firmware for the machine; its options lie in a descriptor that QEMU inherits."""

    def __init__(self, build, options):
        texts, json_path = options.strict_opt, options.strict_json
        self.path = os.path.join(build, FIRMWARE)
        if not os.path.isfile(self.path):
            raise Failure(BROKEN, f"{self.path} is missing: build it by ninja -C {build} {FIRMWARE}")
        try:
            self.json = open(json_path, "w", encoding="utf-8") if json_path else None
        except OSError as error:
            raise Failure(USAGE, f"--strict-json: {json_path}: {error.strerror}") from error
        self.options = os.memfd_create("strict")
        os.write(self.options, " ".join([*texts, f"harts={options.harts}", options.strict]).encode())

    def arguments(self):
        """Gives QEMU's arguments for the options."""
        return ["-device", f"loader,file=/proc/self/fd/{self.options},addr={OPTIONS_AT:#x},force-raw=on"]


def places(kernel, text):
    """Gives {pc: "f() at file:line < caller() at file:line"} for the addresses in the kernel of a report; inlined callers only."""
    pcs = sorted({pc for pc in PC.findall(text) if int(pc, 16) >> 63})
    tool = which("riscv64-linux-gnu-addr2line")
    if not tool or not pcs:
        return {}
    import subprocess  # no other run needs it

    done = subprocess.run([tool, "-a", "-i", "-f", "-s", "-e", kernel, *pcs], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=False)
    found, lines = {}, done.stdout.decode(errors="replace").splitlines()
    for line in lines:
        if line.startswith("0x"):
            rows = found.setdefault(f"{int(line, 16):#x}", [])
        else:
            rows.append(line.partition(" ")[0])
    return {pc: " < ".join(f"{name}() at {at}" for name, at in zip(rows[::2], rows[1::2])) for pc, rows in found.items()
            if rows[:1] != ["??"]}


class Reports:
    """Takes the firmware's reports out of what comes over the UART, and shows them."""

    def __init__(self, kernel, write, on_data, json_file=None):
        self.kernel, self.write, self.on_data, self.json_file = kernel, write, on_data, json_file
        self.held = None  # of a report that has begun
        self.found = 0

    def feed(self, data):
        """Takes more bytes."""
        while data:
            if self.held is None:
                before, start, data = data.partition(START)
                if before:
                    self.on_data(before)
                self.held = b"" if start else None
            else:
                text, end, data = data.partition(END)
                self.held += text
                if end:
                    self._show(self.held.replace(b"\r", b"").decode(errors="replace"))
                    self.held = None

    def _show(self, text):
        self.found += 1
        where = places(self.kernel, text)
        for line in text.splitlines():
            known = [where[pc] for pc in PC.findall(line) if pc in where]
            self.write((line + (f", in {known[0]}" if known else "")).encode())
        if self.json_file:
            import json  # no other run needs it

            fields = {name: match.group(1) for name, match in ((name, re.search(regex, text)) for name, regex in FIELDS) if match}
            fields.update({name + "_in": where[fields[name]] for name in ("changed_at", "stored_at", "found_at") if fields.get(name) in where})
            self.json_file.write(json.dumps(fields) + "\n")
            self.json_file.flush()
