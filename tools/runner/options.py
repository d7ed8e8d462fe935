# SPDX-License-Identifier: MIT
"""The command line of ./run.sh: what may be asked for, and the text that explains it."""

import os

from . import board, core, root, share, strict, swap
from .failure import USAGE, Failure
from .swap import UNITS

HELP = """\
usage: ./run.sh [OPTION]... [-- PROGRAM [ARG...]]

Boots Faultline in QEMU, runs one program on it and ends with its status. PROGRAM with a
slash is a riscv64 ELF file of this machine, static or with its libraries here, or a script,
or the path that --add gives one; without a slash it is looked up in the image's /bin, then in this
directory. Without PROGRAM a guided tour runs (with --swap 128M, and on one hart --icount);
on a terminal a prompt follows, which "-- sh" gives alone.
Standard input, output and error are the program's own.

  --mem SIZE               memory of the machine, as 64M or 1G (256M); 16M is the least, with --core 10M
  --swap SIZE|FILE         a swap disk: an empty one as 512M or 2G for this run, or a file or
                           block device that mkswap has prepared (./64 is a file)
  --harts N                number of harts; the kernel runs on up to 16 of them (as many as the host has
                           processors, 4 at most; 1 with --icount, --record, --film, --strict or
                           --gdb, on other machines than virt, in the tour, and in a lab)
  --machine NAME           QEMU's machine: virt, sifive_u or spike; the last two have no disk
                           and no shared folder, and one console for all streams (virt)
  --append ARGS            words added to the kernel's command line
  --timeout S              end after S seconds, 0: never (600; never on a terminal)
  --cpu-timeout S          end after S seconds of QEMU's processor time, or 20 s in which no hart ran:
                           a busy host does not shorten that
  --icount                 time is the number of instructions: for measuring (one hart,
                           or --strict)
  --env NAME=VALUE         set a variable of the program's environment
  --add HOSTFILE[:PATH]    copy a file or a folder into the guest, as PATH; without PATH
                           it keeps its name and lies in the working directory
  --root DIR[:ro|:setid][:exclusive]
                           a folder of the host's is the guest's root, with /dev, /proc and /tmp of
                           the guest's own; PROGRAM is a path or name in it (its /bin/sh)
  --share DIR[:PATH][:ro|:setid][:exclusive]
                           a folder of the host's, as PATH (/mnt): what is read and written is read
                           and written on the host; with :ro it is only read, with :setid the guest
                           may set set-user-ID and set-group-ID bits; with :exclusive nobody else
                           changes it meanwhile, so names and attributes are kept
  --user UID[:GID]         the program runs as that user and group (0); who runs this on the host is that
                           user for --root and --share, too
  --device NAME            a device that the kernel does not drive is the program's: a kind, as
                           virtio-rng, or its node's name; it is descriptor 3, the next one 4
  --log FILE               kernel and firmware messages go to FILE, not to standard error
  --record FILE            each fault, every other change of a page table, and each thread and
                           program that begins or ends, go to FILE, for tools/journal (virt);
                           with --icount, unless --harts asks for more or with --gdb
  --film FILE.html         the same as a page to look at in a browser, fault by fault
  --strict [SEED]          the firmware is the strict machine (tools/strict/README.md), on which a
                           fence that the kernel lacks shows; up to 8 harts, which are
                           switched at instants that SEED chooses (virt)
  --strict-opt OPTION,...  what that machine does, of negative, speculate=N, evict=N,
                           ad=hw|fault|spec, asid=BITS, witness, findings=N (all), and
                           switch=N, eager=N, ids=N, boot=N, contexts, astray, silent
  --strict-json FILE       what that machine reports goes to FILE, too, as a line of JSON each
  --core                   the core alone, without the Linux layer, runs PROGRAM, which is static, with one
                           console; without PROGRAM a tour of six programs that need no C library,
                           with 16M of memory and a disk to swap to (virt). A lab's tree that has
                           no Linux layer needs no --core
  --gdb                    wait for gdb before the first instruction
  --verbose                all messages, not only warnings and worse
  --version                the version of these sources, which the kernel's first line of log has, too
  --help                   this text

Exit status: the program's, 128+N if signal N killed it; 2 wrong usage, 124 time-out,
125 a kernel panic, no machine, or output that could not be written, 126 not a riscv64 ELF file, 127 it or its libraries not found.
On a terminal, Ctrl-A X ends the machine and Ctrl-A Ctrl-A sends one Ctrl-A.

FAULTLINE_BUILD names a build folder to use as it is, FAULTLINE_KERNEL a kernel in it (or
a path), FAULTLINE_QEMU more arguments for QEMU, FAULTLINE_HARTS the number of harts where
neither --harts nor --icount is given.
"""

USUAL_HARTS = 4
TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GRADE = os.path.join(TREE, "grade")  # of a lab's tree,
LAYER = os.path.join(TREE, "linux")  # which may have none
USUAL_MEM = 256 << 20
LEAST_MEM = 16 << 20  # the kernel refuses less too: boot/main.c


class Options:
    """What one run was asked for."""

    def __init__(self):
        self.mem = None
        self.harts = None
        self.machine = board.BOARDS["virt"]
        self.swap = None
        self.append = []
        self.timeout = self.cpu_timeout = None
        self.icount = False
        self.env = []
        self.add = []
        self.root = None
        self.share = []
        self.device = []
        self.user = None  # (uid, gid)
        self.log = None
        self.record = None
        self.film = None
        self.strict = None  # its seed, as an option of the firmware's
        self.strict_opt = []
        self.strict_json = None
        self.core = False
        self.gdb = False
        self.verbose = False
        self.help = self.version = False
        self.program = []


def parse_size(text):
    """Turns "64M" into bytes."""
    digits, unit = text[:-1], text[-1:].upper()
    if text.isascii() and text.isdigit():
        raise Failure(USAGE, f"--mem wants a unit behind the number: {text}M, or {text}G")
    if not (digits.isascii() and digits.isdigit()) or unit not in UNITS or int(digits) == 0:
        raise Failure(USAGE, f"--mem wants a size such as 64M or 1G, not '{text}'")
    return int(digits) * UNITS[unit]


def check_size(size, is_core):
    """Refuses what the kernel would refuse, too."""
    least = core.LEAST_MEM if is_core else LEAST_MEM
    if size < least:
        unit = "M" if size % UNITS["M"] == 0 else "K"
        raise Failure(USAGE, f"--mem {size // UNITS[unit]}{unit} is too little: the least is {least >> 20}M")


def parse_harts(text):
    """Turns "4" into a count, which may be more than the machine can have."""
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) == 0:
        raise Failure(USAGE, f"--harts wants a number such as 4, not '{text}'")
    return int(text)


def seconds_for(name):
    """Gives what turns "2.5" into seconds for an option; 0 stands for no time-out."""

    def parse_seconds(text):
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= 1e8:
            raise Failure(USAGE, f"{name} wants a number of seconds, not '{text}'")
        return seconds

    return parse_seconds


def parse_env(text):
    """Checks one NAME=VALUE."""
    if text.find("=") < 1:
        raise Failure(USAGE, f"--env wants NAME=VALUE, not '{text}'")
    return text


def parse_add(text):
    """Splits HOSTFILE[:PATH] at its last colon. Without PATH the path is the file's name alone: it is relative to
    the guest's working directory."""
    host, colon, path = text.rpartition(":")
    if not colon:
        host, path = text, ""
    if not host:
        raise Failure(USAGE, f"--add wants HOSTFILE[:PATH], not '{text}'")
    if path and not path.startswith("/"):
        raise Failure(USAGE, f"--add wants an absolute path after the last colon, not '{path}'")
    try:
        os.stat(host)
    except OSError as error:
        raise Failure(USAGE, f"--add: {host}: {error.strerror}") from None
    name = os.path.basename(os.path.realpath(host) if host.endswith("/") else host)
    return host, path + name if path.endswith("/") else path or name


def parse_user(text):
    """Splits UID[:GID]; the group's number is the user's if it is not given."""
    uid, _, gid = text.partition(":")
    ids = (uid, gid or uid)
    if text.endswith(":") or not all(part.isascii() and part.isdigit() and int(part) < 0xffffffff for part in ids):
        raise Failure(USAGE, f"--user wants UID[:GID], as numbers, not '{text}'")
    return int(ids[0]), int(ids[1])


def parse_text(text):
    """Takes any text that is not empty."""
    if not text:
        raise Failure(USAGE, "an option has an empty value")
    return text


FLAGS = {"--icount", "--core", "--gdb", "--verbose", "--help", "--version"}
VALUES = {
    "--mem": parse_size,
    "--harts": parse_harts,
    "--machine": board.parse,
    "--swap": swap.parse,
    "--append": str,
    "--timeout": seconds_for("--timeout"),
    "--cpu-timeout": seconds_for("--cpu-timeout"),
    "--env": parse_env,
    "--add": parse_add,
    "--root": root.parse,
    "--share": share.parse,
    "--device": parse_text,
    "--user": parse_user,
    "--log": parse_text,
    "--record": parse_text,
    "--film": parse_text,
    "--strict-opt": strict.parse_options,
    "--strict-json": parse_text,
}
NUMBERS = {"--strict": strict.parse_seed}  # a number may follow; without one it is 1


def take_value(name, inline, rest):
    """Finds the value of an option that has one: after "=", or the next word."""
    if inline is not None:
        return inline
    if not rest:
        raise Failure(USAGE, f"{name} wants a value")
    return rest.pop(0)


def take_option(options, word, rest):
    """Takes one option, and its value from the words after it."""
    name, equals, inline = word.partition("=")
    if name == "-h":
        name = "--help"
    field = name[2:].replace("-", "_")
    if name in NUMBERS:
        number = inline if equals else rest.pop(0) if rest and rest[0].isdigit() else "1"
        setattr(options, field, NUMBERS[name](number))
    elif name in FLAGS and not equals:
        setattr(options, field, True)
    elif name in VALUES:
        value = VALUES[name](take_value(name, inline if equals else None, rest))
        if isinstance(getattr(options, field), list):
            getattr(options, field).append(value)
        else:
            setattr(options, field, value)
    elif word.startswith("-"):
        raise Failure(USAGE, f"unknown option {word}, see --help")
    else:
        raise Failure(USAGE, f"'{word}' is no option: the program comes after --, see --help")


def host_processors():
    """Says on how many processors of the host this process may run."""
    return len(os.sched_getaffinity(0))


def is_tour(options):
    """Tells whether nothing was asked for but to be shown around."""
    return not options.program and not options.root


def is_lesson(options):
    """Tells whether this is the tour or a lab: there a fault is one page."""
    return is_tour(options) or options.program[:1] == ["tour"] or os.path.exists(GRADE)


def usual_harts(options):
    """Says on how many harts a run is that asks for no number: on one where two runs are to be alike or a debugger looks."""
    if options.icount or options.record or options.film or options.strict is not None or options.gdb or \
            options.machine.name != "virt" or is_tour(options) or os.path.exists(GRADE):
        return 1
    return min(host_processors(), USUAL_HARTS)


def parse(words, usual=lambda options: 1):
    """Parses the whole command line; usual(options) is the number of harts if neither that nor the environment has one."""
    options, rest = Options(), list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            options.program, rest = rest, []
        else:
            take_option(options, word, rest)
    options.core = options.core or not os.path.isdir(LAYER)
    if options.core:
        core.check(options)
        options.machine = board.CORE if options.machine.name == "virt" else options.machine
    options.mem = options.mem or (core.TOUR_MEM if options.core and not options.program else USUAL_MEM)
    check_size(options.mem, options.core)
    many = os.environ.get("FAULTLINE_HARTS")
    if many and options.harts is None and (options.strict is not None or not options.icount):
        options.harts = parse_harts(many)
    if options.harts is None:
        options.harts = usual(options)
    if options.icount and options.harts > 1 and options.strict is None:
        raise Failure(USAGE, "--icount works with one hart only, or with --strict")
    if (options.record or options.film) and (options.strict is not None or options.machine.name != "virt"):
        raise Failure(USAGE, f"--{'record' if options.record else 'film'} works on the machine virt only, and not with --strict")
    strict.check(options)
    share.check(options.share)
    root.check(options)
    board.check(options)
    return options
