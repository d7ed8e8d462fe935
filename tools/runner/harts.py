# SPDX-License-Identifier: MIT
"""Asks QEMU's monitor where each hart is, for the report of a machine that did not come to an end."""

import re
import select
import time

from . import elf

PATIENCE = 5.0
REGISTER = re.compile(r"\b(?:x\d+/)?(pc|ra|satp)\s+([0-9a-f]{16})\b")
FIRMWARE = range(0x80000000, 0x80200000)


class Monitor:
    """A QMP connection, spoken synchronously."""

    def __init__(self, channel, patience=PATIENCE):
        self.channel = channel
        self.data = b""
        self.deadline = time.monotonic() + patience
        self.ask("qmp_capabilities")

    def _answer(self):
        import json  # no other run needs it

        while True:
            line, newline, rest = self.data.partition(b"\n")
            if newline:
                self.data = rest
                message = json.loads(line)
                if "return" in message or "error" in message:
                    return message.get("return")
                continue
            poll = select.poll()
            poll.register(self.channel, select.POLLIN)
            if not poll.poll(max(self.deadline - time.monotonic(), 0) * 1000):
                raise TimeoutError
            more = self.channel.recv(1 << 16)
            if not more:
                raise ConnectionError
            self.data += more

    def ask(self, command, **arguments):
        """Has a command done and gives its answer."""
        import json  # as above

        request = {"execute": command, "arguments": arguments}
        self.channel.sendall(json.dumps(request).encode() + b"\n")
        return self._answer()


def parse_registers(text):
    """Gives (hart, pc, ra, satp) for each hart of an "info registers -a"."""
    found = []
    for part in re.split(r"(?m)^CPU#", text)[1:]:
        registers = {name: int(value, 16) for name, value in REGISTER.findall(part)}
        found.append((int(re.match(r"\d+", part).group()), *(registers.get(name, 0) for name in ("pc", "ra", "satp"))))
    return found


def place(address, paged, kernel, program):
    """Says in words where an address is. Before paging is on, the kernel runs at physical addresses."""
    if address in FIRMWARE:
        return "in the firmware"
    of_kernel = address >= (1 << 63 if paged else FIRMWARE.stop)
    symbols = kernel if of_kernel else program
    name = symbols.at(address) if symbols else None
    if of_kernel:
        return f"in {name or '?'} of the kernel"
    return f"in {name} of the program" if name else "in a program"


def load_symbols(path):
    """Reads a file's symbols, none if that cannot be done."""
    try:
        return elf.Symbols(path) if path else None
    except (OSError, ValueError, IndexError):
        return None


def report(channel, kernel_path, program_path=None, goes_on=False):
    """Gives a line for each hart, or one that says why there is none. The machine stops, unless it goes on afterwards."""
    try:
        channel.setblocking(True)
        monitor = Monitor(channel)
        monitor.ask("stop")
        text = monitor.ask("human-monitor-command", **{"command-line": "info registers -a"})
        if goes_on:
            monitor.ask("cont")
    except (OSError, ValueError):
        return ["QEMU did not say where the harts are"]
    kernel, program = load_symbols(kernel_path), load_symbols(program_path)
    lines = []
    for hart, pc, ra, satp in parse_registers(text or ""):
        lines.append(f"hart {hart}: pc {pc:#018x} {place(pc, satp, kernel, program)}, "
                     f"ra {ra:#018x} {place(ra, satp, kernel, program)}")
    return lines
