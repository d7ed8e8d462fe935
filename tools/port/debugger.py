# SPDX-License-Identifier: MIT
"""Has gdb look at a machine: along its first instructions, and where it has stopped."""

import os
import shutil
import subprocess

from runner.log import Lines

GDB = "gdb-multiarch"
SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "gdb/faultline.py")
MARK = "bringup: "
PATIENCE = 30.0  # seconds of CPU for gdb, from the moment the harts are stopped


def is_there():
    """Returns whether there is a gdb."""
    return shutil.which(GDB) is not None


def start(kernel, command):
    """Starts a gdb that does one command and ends."""
    return subprocess.Popen([GDB, "-nx", "-batch", "-x", SCRIPT, kernel, "-ex", command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Told:
    """What gdb has told so far: the steps that passed, the one that did not, and why."""

    def __init__(self, on_step=lambda name: None):
        self.passed, self.failed, self.why, self.other = [], None, [], []
        self.on_step = on_step

    def line(self, raw):
        """Takes a line of gdb's."""
        text = raw.decode(errors="replace").rstrip()
        if not text.startswith(MARK):
            self.other.append(text)
            return
        text = text[len(MARK):]
        if text.startswith("  "):
            self.why.append(text[2:])
            return
        verdict, _, name = text.partition(" ")
        if verdict == "passed":
            self.passed.append(name)
        else:
            self.failed = name
        self.on_step(name)


def follow(machine, gdb, told):
    """Lets machine and gdb run until gdb has ended. A machine that has had its time is stopped, which gdb notices."""
    lines = Lines(told.line)
    output = machine.loop.add_reader(gdb.stdout.fileno(), lines.feed, lines.finish)
    stopped = False
    while not output.ended:
        machine.loop.turn(0.2)
        if not machine.clock.is_over():
            continue
        if stopped:
            gdb.kill()
            told.why.append("gdb did not find out where the machine is")
            break
        stopped = True
        machine.stop()
        machine.clock.seconds = PATIENCE
        machine.clock.restart()
    gdb.wait()
    machine.loop.readers.remove(output)
    return stopped


def bring_up(machine, kernel, on_passed):
    """Follows the first instructions of a machine that waits for it; returns a Told."""
    told = Told(lambda name: step_done(machine, told, name, on_passed))
    machine.serve_gdb()
    follow(machine, start(kernel, f"fl bringup {machine.gdb}"), told)
    return told


def step_done(machine, told, name, on_passed):
    """Gives the next step its own time."""
    machine.clock.restart()
    if told.failed is None:
        on_passed(name)


def look(machine, kernel):
    """Returns lines that say where a machine is that has had its time."""
    machine.stop()
    machine.serve_gdb()
    machine.clock.restart()
    told = Told()
    follow(machine, start(kernel, f"fl where {machine.gdb}"), told)
    return told.why or ["gdb could not find out where the machine is: " + (told.other[-1] if told.other else "it said nothing")]
