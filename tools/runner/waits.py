# SPDX-License-Identifier: MIT
"""Says in words what each thread waits for, of what process 1 has read in /proc (user/init_waits.h)."""

PATIENCE = 3.0  # seconds for the answer: where process 1 does not come to run, there is none
MOST_TEXT = 1 << 18  # bytes of it
MOST = 64  # threads that are shown

READS, WRITES = (63, 65, 67, 69, 286), (64, 66, 68, 70, 287)
LOCK_COMMANDS = (7, 38)  # F_SETLKW, F_OFD_SETLKW
OF_A_FILE = {
    22: "an event of {file}",
    32: "a lock of {file}",
    183: "a message of {file}",
    182: "room in {file}",
    **{number: "bytes of {file}" for number in READS},
    **{number: "room in {file}" for number in WRITES},
}
OTHERS = {
    72: "one of its descriptors",
    73: "one of {1} descriptors",
    95: "a child",
    98: "the futex at {0:#x}",
    101: "a time",
    115: "a time",
    133: "a signal",
    137: "a signal",
    188: "a message of queue {0}",
    189: "room in message queue {0}",
    192: "System V semaphores {0}",
    193: "System V semaphores {0}",
    220: "its child to execute a program or end",
    260: "a child",
    435: "its child to execute a program or end",
    449: "one of {1} futexes",
    0x4652: "an answer from a server",
    0x4653: "a call of a client",
    0x4655: "a call of a client",
}
STATES = {"T": "is stopped", "t": "is stopped by its tracer", "Z": "has ended, and its parent has not waited for it"}


def clean(text):
    """Makes what a program has named fit for a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def what(call, file):
    """Says what a thread that sleeps waits for."""
    words = call.split()
    if not words:
        return "waits"
    if len(words) < 7:
        return f"waits for the memory that it touches at pc {words[-1]}"
    number, arguments = int(words[0]), [int(word, 16) for word in words[1:7]]
    file = f"descriptor {arguments[0]}" + (f", {clean(file)}" if file else "")
    if number in OF_A_FILE:
        return "waits for " + OF_A_FILE[number].format(file=file)
    if number == 25 and arguments[1] in LOCK_COMMANDS:
        return f"waits for a lock of {file}"
    if number in OTHERS:
        return "waits for " + OTHERS[number].format(*arguments)
    return f"waits in system call {number}"


def describe(line):
    """Makes a sentence of one line of the answer."""
    pid, tid, state, call, file, name = line.split("\t")
    who = f"{clean(name)}[{pid}]" + ("" if tid == pid else f", thread {tid},")
    if state in STATES:
        return f"{who} {STATES[state]}"
    if state == "D":
        return f"{who} waits for a lock in the kernel"
    return f"{who} runs" if call == "running" else f"{who} {what(call, file)}"


def complete(answer):
    """Tells whether that is all of an answer, or too much."""
    return answer == b"\n" or answer.endswith(b"\n\n") or len(answer) > MOST_TEXT


def lines(answer):
    """Gives a sentence for each thread. What is no line of an answer is left out."""
    found = []
    for line in answer.decode(errors="replace").split("\n"):
        try:
            found += [describe(line)] if line else []
        except (ValueError, IndexError):
            continue
    return found[:MOST] + ([f"and {len(found) - MOST} more threads"] if len(found) > MOST else [])
