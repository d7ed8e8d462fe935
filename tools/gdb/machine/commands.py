# SPDX-License-Identifier: MIT
"""The commands `fl WORD ARGUMENTS...`: their table, and the text of `fl help`."""

import gdb

from . import bringup, harts, pages, processes, rings, stops, symbols
from .memory import Physical
from .trouble import Trouble

HELP = """\
fl ps                        processes: pid, parent, state, resident pages, program
fl vmas [PID]                a process's VMAs: range, permissions, kind, flags, what they map
fl walk [PID] ADDRESS        the page-table walk of an address: each entry, and which bit refuses which access
fl page NUMBER [PID]         the struct page of a frame number or of an address (with PID: of that process)
fl faults [N]                the last N faults (16), newest last
fl harts                     the harts of the strict machine: which one runs, and where the others go on
fl log [N]                   the kernel's log from its ring, or its last N lines
fl film                      where the machine stands in the film that ./run.sh --film makes of it
fl break-fault PID|any|off   stop at each fault of that process, before it is resolved
fl break-fault N refused [PID]
                             stop at the N-th and later refused faults (of that process), when they are refused
fl user [FILE [PID]]         load the symbols of the running program, or of FILE
fl connect HOST:PORT [FILE]  connect to a machine that ./run.sh --gdb has started; FILE is its program
fl help                      this text

Without PID: the process that runs on the selected hart. Numbers may be expressions: $pc, &variable.
"""

COMMANDS = {
    "ps": processes.show_all,
    "harts": harts.show_all,
    "vmas": processes.show_vmas,
    "walk": pages.show_walk,
    "page": pages.show_page,
    "faults": rings.show_faults,
    "log": rings.show_log,
    "film": rings.show_film,
}
PLAIN = {  # these let gdb itself read memory; their words may be quoted, as file names may need
    "break-fault": stops.break_fault,
    "user": symbols.load_user,
    "connect": symbols.connect,
    "bringup": bringup.run,  # these two are for tools/port-check, and not in the help
    "where": bringup.look,
}


def split(text):
    """Splits a command into words; text in brackets stays together."""
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
    """Runs the command of a line."""
    words = split(text)
    name = words[0] if words else "help"
    if name == "help":
        gdb.write(HELP)
    elif name in PLAIN:
        PLAIN[name](gdb.string_to_argv(text)[1:])
    elif name in COMMANDS:
        arguments = COMMANDS[name].arguments(words[1:])  # gdb reads memory through the hart's translation here
        with Physical():
            COMMANDS[name](*arguments)
    else:
        raise Trouble(f"there is no '{name}': see fl help")


class Faultline(gdb.Command):
    """Shows a Faultline machine: `fl help` lists the commands."""

    def __init__(self):
        super().__init__("fl", gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        """Runs one command; an error becomes a message, not a traceback."""
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
