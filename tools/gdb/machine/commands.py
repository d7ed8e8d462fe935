# SPDX-License-Identifier: MIT
"""The commands: `fl WORD ARGUMENTS...`, each a function elsewhere, and what `fl help` says."""

import gdb

from . import pages, processes, rings, stops, symbols
from .memory import Physical
from .trouble import Trouble

HELP = """\
fl ps                        processes: pid, parent, state, resident pages, program
fl vmas [PID]                a process's VMAs: range, rights, kind, flags, what they map
fl walk [PID] ADDRESS        the page-table walk of an address, each entry in words, and who is refused by which bit
fl page NUMBER [PID]         the struct page of a frame number or of an address (with PID: of that process)
fl faults [N]                the last N faults (16), newest last
fl log [N]                   the kernel's log from its ring, or its last N lines
fl break-fault PID|any|off   stop at each fault of that process, before it is served
fl break-fault N refused [PID]
                             stop at refused faults (of that process) from the N-th on, once they are refused
fl user [FILE [PID]]         load a program's symbols: the running one's, or FILE's
fl connect HOST:PORT [FILE]  go to a machine that ./run.sh --gdb has started; FILE is its program
fl help                      this text

PID: without it, the process that runs on the selected hart. Numbers may be expressions: $pc, &variable.
"""

COMMANDS = {
    "ps": processes.show_all,
    "vmas": processes.show_vmas,
    "walk": pages.show_walk,
    "page": pages.show_page,
    "faults": rings.show_faults,
    "log": rings.show_log,
}
PLAIN = {  # these let gdb itself look at memory; their words may be quoted, as file names want
    "break-fault": stops.break_fault,
    "user": symbols.load_user,
    "connect": symbols.connect,
}


def split(text):
    """Splits a command's words; what is in brackets stays together."""
    words, depth, word = [], 0, ""
    for letter in text + " ":
        depth += (letter in "([") - (letter in ")]")
        if letter.isspace() and depth <= 0:
            words += [word] if word else []
            word = ""
        else:
            word += letter
    return words + ([word.strip()] if word.strip() else [])


def run(text):
    """Does what a line says."""
    words = split(text)
    name = words[0] if words else "help"
    if name == "help":
        gdb.write(HELP)
    elif name in PLAIN:
        PLAIN[name](gdb.string_to_argv(text)[1:])
    elif name in COMMANDS:
        arguments = COMMANDS[name].arguments(words[1:])  # while gdb reads memory as the hart does
        with Physical():
            COMMANDS[name](*arguments)
    else:
        raise Trouble(f"there is no '{name}': see fl help")


class Faultline(gdb.Command):
    """Looks at a Faultline machine: `fl help` lists what there is."""

    def __init__(self):
        super().__init__("fl", gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        """Runs one command; trouble is said, not thrown about."""
        try:
            run(argument)
        except Trouble as trouble:
            raise gdb.GdbError(f"fl: {trouble}") from None

    def complete(self, text, _word):
        """Completes the command's name."""
        return [name for name in (*COMMANDS, *PLAIN, "help") if name.startswith(text)]


def register():
    """Makes the commands and functions known to gdb."""
    Faultline()
    stops.PidFunction()
    gdb.events.stop.connect(symbols.on_stop)
