# SPDX-License-Identifier: MIT
"""One run from its options to its exit status: the program's streams joined to the machine that runs it."""

import errno
import os
import re
import signal
import time

from . import core, program, qemu, share, strict, swap
from . import root as roots
from .archive import Archive
from .failure import BROKEN, TIMEOUT, USAGE, Failure, Interrupted
from .log import Lines, Log, Uart, write_all
from .options import is_lesson
from .patience import LOOK, Patience
from .source import Sources
from .streams import MOST_HELD, Loop

DEFAULT_TIMEOUT = 600.0
MOST_IDLE = 20.0  # seconds, with --cpu-timeout
OFF_PATIENCE = 10.0  # seconds from the kernel's last line to the end of the machine,
OFF_CPU_PATIENCE = 1.0  # or of the CPU: a machine may be anything but idle
OFF_TICK = 0.1
LAST_WORDS = 2.0  # seconds for what a killed QEMU had written
CTRL_A = 0x01
FIRST_KEY = 0.5  # seconds that a machine gets to start reading, where it would lose what comes before
SPARE = 1 << 16  # bytes of a boot archive beside its programs
SERVERS = ("cpiofs", "madeup", "serve", "sockd", "ttyd")
# The programs in the image that serve sockets and pseudo-terminals, on machines that are not among the smallest, and their lines of /etc/servers.
SERVICES = {
    "sockd": "sockd /bin/sockd uid=71 gid=71 recovery=8m start=lazy file=/srv/socket:666\n",
    "ttyd": "ttyd /bin/ttyd uid=72 gid=72 recovery=16m start=lazy file=/srv/tty:666\n",
}
SERVICES_MEM = 32 << 20
STREAMS = ("standard input", "standard output", "standard error")
# No reason to fail: a reader that leaves, whose writer gets SIGPIPE; nohup's input, which can't be read.
EXPECTED = (None, errno.EPIPE, errno.EBADF), (None, errno.EPIPE), (None, errno.EPIPE)
TASTE = ("LANG", "LC_ALL", "LC_MESSAGES", "NO_COLOR")


class Place:
    """Where the build is: the folder, the kernel and the image's programs."""

    def __init__(self, folder, kernel="faultline.elf", init="init"):
        self.build = folder
        self.kernel = os.path.join(self.build, os.environ.get("FAULTLINE_KERNEL") or kernel)
        self.image_bin = os.path.join(self.build, "user")
        self.init = os.path.join(self.image_bin, init)
        self.server = os.path.join(self.image_bin, share.SERVER)  # for --share
        for path in (self.kernel, self.init):
            if not os.path.isfile(path):
                raise Failure(BROKEN, f"{path} is missing: it has not been built")


def nul_ended(words):
    """Joins words, each with a NUL behind it."""
    return b"".join(os.fsencode(word) + b"\0" for word in words)


def environment(options, chosen):
    """Makes the program's environment; the image's own programs learn what words and colours are wanted."""
    variables = {"HOME": "/", "TERM": os.environ.get("TERM") or "dumb", "PATH": "/bin:/usr/bin"}
    if options.user:
        variables["HOME"] = HOME
    if options.root:
        variables.update(roots.variables(options.root, options.user[0] if options.user else 0))
    if chosen.of_image:
        variables.update({name: os.environ[name] for name in TASTE if os.environ.get(name)})
    variables.update(text.split("=", 1) for text in options.env)
    return [f"{name}={value}" for name, value in variables.items()]


def size_of(host):
    """Gives the bytes of a file, or of all files of a folder."""
    if not os.path.isdir(host):
        return os.path.getsize(host) if os.path.exists(host) else 0
    return sum(size_of(os.path.join(where, name)) for where, _, names in os.walk(host) for name in names)


HOME = "/home/user"


def add_names(archive, options):
    """Adds the files in which C libraries look names up, but for those that --add has brought."""
    uid, gid = options.user or (0, 0)
    user = f"user:x:{uid}:{gid}:user:{HOME}:/bin/sh\n" if uid else ""
    group = f"user:x:{gid}:\n" if gid else ""
    for path, text in (
        ("/etc/passwd", "root:x:0:0:root:/:/bin/sh\n" + user),
        ("/etc/group", "root:x:0:\n" + group),
        ("/etc/hosts", "127.0.0.1 localhost\n"),
        ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    ):
        if not archive.has(path):
            archive.add_bytes(path, text.encode())


def has_image(chosen):
    """Tells whether the one to run is the prompt or a script of it, which can start the image's others, or the tour, which
    ends in the prompt."""
    return chosen.guest in ("/bin/sh", "/bin/tour") or "/bin/sh" in chosen.needs


def add_image(archive, options, place, chosen):
    """Adds the image's other programs: the prompt first, the servers last, as far as a small memory has room for them."""
    left = qemu.initrd_room(options.mem, 7) - SPARE - sum(os.path.getsize(path) for path in (place.init, chosen.host))
    left -= sum(size_of(host) for host in [*(host for host, _ in options.add), *chosen.needs.values()])
    left -= size_of(place.server) if options.share else 0
    names = (name for name in os.listdir(place.image_bin) if not name.startswith(core.PREFIX))
    for name in sorted(names, key=lambda name: (name != "sh", name in SERVERS, name)):
        path = os.path.join(place.image_bin, name)
        if name not in ("init", share.SERVER) and path != chosen.host and os.path.isfile(path) and os.access(path, os.X_OK):
            left -= os.path.getsize(path)
            if left >= 0 or name == "sh":
                archive.add_program("/bin/" + name, path)


def add_files(archive, options, place, chosen, cwd):
    """Adds what a program finds in memory, which is its root."""
    archive.add_folder("/tmp", 0o1777)
    archive.add_folder(cwd)
    for folder in program.folders_named(chosen.argv[0], cwd):
        archive.add_folder(folder)
    if has_image(chosen):
        add_image(archive, options, place, chosen)
    for path, host in chosen.needs.items():
        archive.add_program(path, host)
    for host, path in options.add:
        archive.add_tree(path, host)
    if has_image(chosen):
        add_names(archive, options)


def all_shares(options):
    """Lists the folders that the machine gets: that of --root comes first."""
    return ([options.root.share] if options.root else []) + options.share


def user_orders(options, cwd):
    """Gives what init is told of the program's user: the ids, ours on the host, and the folders that are to be the user's."""
    folders = [] if options.root else list(dict.fromkeys([HOME, cwd] if cwd != "/" else [HOME]))
    return [str(number) for number in (*options.user, os.geteuid(), os.getegid())] + folders


def add_services(archive, options, place):
    """Adds the servers that process 1 starts when a program asks for the first socket, or opens /dev/ptmx."""
    lines = ""
    for name, line in SERVICES.items():
        path = os.path.join(place.image_bin, name)
        room = qemu.initrd_room(options.mem, 7) - SPARE - size_of(path)
        if options.mem >= SERVICES_MEM and archive.size() <= room and os.path.exists(path):
            archive.add_program("/bin/" + name, path)
            lines += line
    if lines and not archive.has("/etc/servers"):
        archive.add_bytes("/etc/servers", lines.encode())


def add_user(archive, options):
    """Adds the user's folder and names, unless the root is a folder of the host's, which has its own."""
    if not options.root:
        archive.add_folder(HOME)
        add_names(archive, options)


def add_orders(archive, options, chosen):
    """Adds what process 1 reads of what it is to run."""
    archive.add_bytes("/run/argv", nul_ended([chosen.guest, *chosen.argv]))
    archive.add_bytes("/run/env", nul_ended(environment(options, chosen)))
    if options.swap is not None:
        archive.add_bytes("/run/swap", nul_ended([swap.DEVICE]))


def add_core_program(archive, options, chosen):
    """Adds the program of a run of the core, and the files of --add."""
    for host, path in options.add:
        archive.add_tree(path, host)
    archive.add_program(chosen.guest, chosen.host)
    add_orders(archive, options, chosen)


def build_archive(options, place, chosen, cwd):
    """Writes the boot archive of a run and gives its descriptor."""
    archive = Archive()
    if not options.root:
        add_files(archive, options, place, chosen, cwd)
    if not chosen.shared:
        archive.add_program(chosen.guest, chosen.host)
    archive.add_program("/init", place.init)
    add_orders(archive, options, chosen)
    archive.add_bytes("/run/cwd", os.fsencode(cwd))
    if options.root:
        archive.add_bytes("/run/root", nul_ended(roots.orders(options.root, chosen.of_image)))
    if options.user:
        archive.add_bytes("/run/user", nul_ended(user_orders(options, cwd)))
        add_user(archive, options)
    if options.device:
        archive.add_bytes("/run/device", nul_ended(options.device))
    shares = all_shares(options)
    if shares:
        archive.add_program("/bin/" + share.SERVER, place.server)
        archive.add_bytes("/run/share", nul_ended(share.orders(shares)))
    add_services(archive, options, place)
    fd = os.memfd_create("initrd")
    with open(fd, "wb", closefd=False) as file:
        size = archive.write(file)
    qemu.check_fits(size, options.mem)
    return fd


def log_level(options):
    """Says what the kernel shows: in a file, notices do not disturb what the program shows."""
    if options.verbose:
        return "info"
    return "notice" if options.log else "warn"


def build_machine(options, place, terminal, initrd, disk):
    """Says what QEMU is to boot."""
    machine = qemu.Machine(place.kernel, options.mem, options.harts)
    machine.board = options.machine
    if options.strict is not None:
        machine.firmware = strict.Firmware(place.build, options)
        machine.harts = 1  # which plays them all
    machine.initrd, machine.disk = initrd, disk
    machine.shares = all_shares(options)
    machine.icount, machine.awake = options.icount, terminal.present
    if options.gdb:
        machine.gdb_port, machine.gdb_lock = qemu.reserve_gdb_port()
    machine.extra = os.environ.get("FAULTLINE_QEMU", "").split()
    machine.words.append("loglevel=" + log_level(options))
    machine.window = terminal.size() if terminal.present else None
    if machine.window:
        machine.words.append("winsize=%dx%d" % machine.window)
    if not options.machine.has_virtio and not terminal.present and not options.core:
        machine.words.append("console=plain")
    if options.record:
        from . import record  # no other run needs it

        machine.mem = -(-(machine.mem + record.RING) // record.ROUND) * record.ROUND
        machine.recorder = record.Recorder(options.record, machine.mem, options.icount)
        machine.words.append(f"journal={record.RING >> 10}")
    if is_lesson(options):
        machine.words.append("thp=never")
    machine.words += options.append
    return machine


class Typed:
    """What is on its way to the console, held back until the kernel listens."""

    def __init__(self):
        self.typed = bytearray()

    def take(self, most):
        """Gives so many bytes of what may go on, at most."""
        typed, self.typed = self.typed[:most], self.typed[most:]
        return typed


class Keys(Typed):
    """What is typed; Ctrl-A is ours."""

    def __init__(self):
        super().__init__()
        self.after_ctrl_a = False

    def feed(self, data):
        """Takes what was typed."""
        for byte in data:
            if self.after_ctrl_a:
                self.after_ctrl_a = False
                if byte in b"xX":
                    raise Interrupted(0)
                self.typed += bytes([byte] if byte == CTRL_A else [CTRL_A, byte])
            elif byte == CTRL_A:
                self.after_ctrl_a = True
            else:
                self.typed.append(byte)


class Bytes(Typed):
    """An input that is no terminal's, for a console that is none either: the core's has no end."""

    def __init__(self, to_uart):
        super().__init__()
        self.to_uart = to_uart

    def full(self):
        """Tells whether no more should be read."""
        return len(self.typed) >= MOST_HELD or self.to_uart.full()

    def feed(self, data):
        """Takes what was read."""
        self.typed += data

    def end(self):
        """Takes the end."""


class Text(Bytes):
    """An input that is no terminal's, for a console that stands for it: lines, and an end."""

    END = b"\4"
    QUOTE = b"\26"
    SPECIAL = re.compile(rb"[\4\10\22\25\26\27\177]")  # what the console would take for a key

    def __init__(self, to_uart):
        super().__init__(to_uart)
        self.in_line = False

    def feed(self, data):
        """Takes what was read."""
        self.in_line = not data.endswith(b"\n")
        self.typed += self.SPECIAL.sub(lambda key: self.QUOTE + key.group(), data)

    def end(self):
        """Takes the end: the first key ends a line that has begun."""
        self.typed += self.END * (1 + self.in_line)


def hung_up():
    """Ends the run when its terminal is gone, even where no signal tells so: nobody could end it any more."""
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        raise Interrupted(signal.SIGHUP)


class Session:
    """A machine that runs, and everything that is joined to it."""

    def __init__(self, options, terminal, log, machine):
        self.options = options
        self.terminal = terminal
        self.log = log
        self.machine = machine
        self.loop = Loop()
        self.ends = []  # (descriptor, what reads or writes it) of each of the program's streams
        self.keys = Keys()
        self.reports = None  # what takes those of the strict machine
        self.next_key = 0.0  # when the next may be sent on
        self.plain = not machine.board.has_virtio and not terminal.present
        ports = [name for fd, name in enumerate(qemu.PORTS[:3]) if not terminal.streams[fd] and machine.board.has_virtio]
        window = ["window"] if terminal.present and machine.board.has_virtio else []
        log = ["log"] if machine.board.log_is_apart else []
        waits = ["waits"] if machine.board.has_virtio else []
        self.answer = b""  # of process 1, when it was asked what the threads wait for
        self.qemu = qemu.Qemu(machine, ["uart", "monitor", *ports, *log, *window, *waits])
        if machine.recorder:
            machine.recorder.start()
        try:
            self._join(ports)
        except BaseException:
            self.qemu.kill()
            raise

    def _join(self, ports):
        self.monitor = self.loop.add_reader(self._fd("monitor"), lambda data: None)
        if self.machine.board.log_is_apart:
            lines = Lines(lambda line: self.log.kernel_line(line, True))
            self.loop.add_reader(self._fd("log"), lines.feed, lines.finish)
        self._join_uart()
        if self.machine.board.has_virtio:
            self.to_waits = self.loop.add_writer(self._fd("waits"))
            self.loop.add_reader(self._fd("waits"), self._take_answer)
        if self.terminal.present and self.machine.board.has_virtio:
            self._join_window()
        if "stdin" in ports:
            writer = self.loop.add_writer(self._fd("stdin"))
            self.ends.append((0, self.loop.add_reader(0, writer.put, lambda: writer.end(self._end_input), writer)))
        for fd, name in ((1, "stdout"), (2, "stderr")):
            if name in ports:
                self._join_output(fd, name)

    def _fd(self, name):
        return self.qemu.channels[name].fileno()

    def _end_input(self):
        self.qemu.channels["stdin"].shutdown(1)

    def _join_output(self, fd, name):
        writer = self.loop.add_writer(fd)
        self.ends.append((fd, writer))
        reader = self.loop.add_reader(self._fd(name), writer.put, None, writer)

        def close():  # nobody reads it any more: the guest's writer shall know
            reader.stop()
            self.qemu.channels[name].shutdown(2)

        writer.on_broken = close

    def _join_uart(self):
        writer = None  # on a machine without ports, what is not read at once is lost: the output is held, however much
        if not self.machine.board.has_virtio:
            self.uart = self._join_console()
        elif self.terminal.present:
            writer = self.loop.add_writer(self.terminal.output)
            self.uart = Uart(self.log, writer.put)
        else:
            self.uart = Uart(self.log, Lines(self.log.stray_line).feed)
        if self.machine.firmware:
            self.reports = strict.Reports(self.machine.kernel, self.log.write, self.uart.feed, self.machine.firmware.json)
        feed = self.reports.feed if self.reports else self.uart.feed
        self.loop.add_reader(self._fd("uart"), feed, self.uart.finish, writer)
        self.to_uart = self.loop.add_writer(self.qemu.inputs["uart"])
        if self.terminal.input is not None:
            # However much the machine has not taken yet: behind it may come the Ctrl-A X that ends it.
            self.loop.add_reader(self.terminal.input, self.keys.feed, hung_up)
        elif self.plain and (self.options.program or not self.options.core):
            self.keys = (Bytes if self.options.core else Text)(self.to_uart)
            self.ends.append((0, self.loop.add_reader(0, self.keys.feed, self.keys.end, self.keys)))

    def _join_console(self):
        """Joins a console that has all streams."""
        output = self.loop.add_writer(self.terminal.output if self.terminal.present else 1)
        if self.plain:
            self.ends.append((1, output))
        return Uart(self.log, output.put)

    def _join_window(self):
        """Has the loop wake up when a signal comes: SIGWINCH, or SIGCONT, before which the window may have changed."""
        self.to_window = self.loop.add_writer(self._fd("window"))
        self.loop.add_reader(self._fd("window"), lambda data: None)
        woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGWINCH, lambda *_: None)
        self.loop.add_reader(woken, lambda data: self._tell_size())
        self._tell_size()

    def _tell_size(self):
        size = self.terminal.size()
        if size and size != self.machine.window:
            self.machine.window = size
            self.to_window.put(b"%dx%d\n" % size)

    def _take_answer(self, data):
        self.answer += data

    def ask_waits(self):
        """Asks process 1 what the threads wait for. Gives a sentence for each, none if it does not answer."""
        from . import waits  # no other run needs it

        if not self.machine.board.has_virtio or not self.log.spoke or self.options.gdb:
            return []
        until = time.monotonic() + waits.PATIENCE
        self.to_waits.put(b"?")
        while not waits.complete(self.answer) and not self.monitor.ended and time.monotonic() < until:
            self.loop.turn(until - time.monotonic())
        return waits.lines(self.answer)

    def run(self, deadline):
        """Moves bytes until the machine has gone off; a deadline is None or a monotonic time. Raises TimeoutError with the
        reason if that takes too long."""
        patience = Patience(self.qemu.pid, self.options.cpu_timeout, MOST_IDLE) if self.options.cpu_timeout else None
        while not self.monitor.ended and self.log.power_off is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"no end within {limit(self.options, self.terminal):g} s")
            why = patience.look() if patience else ""
            if why:
                raise TimeoutError(why)
            if patience:
                left = LOOK if left is None else min(LOOK, left)
            self.loop.turn(self._pass_keys(left))
        self._await_end()
        self.drain(None)
        return self.qemu.wait()

    def _await_end(self):
        """Waits until the machine is off, which its kernel has announced."""
        started, used = time.monotonic(), self.qemu.cpu_seconds()
        while not self.monitor.ended:
            if time.monotonic() - started > OFF_PATIENCE or self.qemu.cpu_seconds() - used > OFF_CPU_PATIENCE:
                raise Failure(BROKEN, f"the kernel has ended with status {self.log.power_off}, but the machine did not go off")
            self.loop.turn(OFF_TICK)

    def _pass_keys(self, left):
        """Sends on what was typed. Gives after how many seconds that is to be done again, at most `left`."""
        pace, now = self.machine.board.pace, time.monotonic()
        if not self.uart.handed_over or not self.keys.typed:
            return left
        if pace == 0:
            self.to_uart.put(self.keys.take(MOST_HELD))
            return left
        if not self.next_key:
            self.next_key = now + FIRST_KEY
        if now >= self.next_key:
            self.to_uart.put(self.keys.take(1))
            self.next_key = now + pace
        return pace if left is None else min(pace, left)

    def drain(self, seconds):
        """Writes out what the machine had sent before it ended."""
        until = None if seconds is None else time.monotonic() + seconds
        mine = {channel.fileno() for channel in self.qemu.channels.values()}
        self.loop.readers = [reader for reader in self.loop.readers if reader.fd in mine]
        self.loop.writers = [writer for writer in self.loop.writers if writer.fd not in mine]
        while self.loop.busy() or any(not reader.ended for reader in self.loop.readers):
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return
            self.loop.turn(left)


    def check_streams(self):
        """Fails where one of the program's streams, or the log, did not take or give all that it should have."""
        for fd, end in self.ends:
            if end.error not in EXPECTED[fd]:
                raise Failure(BROKEN, f"{STREAMS[fd]}: {os.strerror(end.error)}")
        if self.log.error:
            raise Failure(BROKEN, f"--log: {self.options.log}: {os.strerror(self.log.error)}")


def verdict(log, status, said, board, kernel, found):
    """Makes the exit status of a machine that has gone off, or says what was wrong with it. The strict machine has made so
    many reports."""
    if log.panic is not None:
        raise Failure(BROKEN, f"kernel panic: {log.panic}")
    if found and status == strict.FOUND:
        return status
    if log.power_off is not None and status == (log.power_off & 0xFF if board.gives_status else 0):
        if qemu.closes_ledger(kernel) and not log.ledger and log.power_off != BROKEN:  # which also is a boot that failed
            raise Failure(BROKEN, f"the kernel has ended with status {log.power_off} without a look at its ledger")
        return log.power_off & 0xFF
    for line in said.splitlines():
        log.write(os.fsencode(line))
    if not log.spoke and share.refused(said):
        raise Failure(BROKEN, "--share, --root: QEMU refuses the folder, or has no virtio-9p device")
    if not log.spoke:
        log.show_withheld()
        words = said.strip().rpartition("\n")[2].removeprefix(qemu.QEMU + ": ")
        raise Failure(BROKEN, f"QEMU ended with status {status} before the kernel said anything" + (words and f": {words}"))
    raise Failure(BROKEN, f"the machine went off with status {status} but the kernel did not say so")


def limit(options, terminal):
    """Says after how many seconds a run ends, None for never."""
    if options.timeout is not None:
        return options.timeout or None
    return None if terminal.present or options.gdb or options.cpu_timeout else DEFAULT_TIMEOUT


def follow(session, options, terminal, chosen):
    """Runs a session to its end, whatever that is, and gives the exit status."""
    seconds, status = limit(options, terminal), None
    try:
        terminal.make_raw()
        status = session.run(None if seconds is None else time.monotonic() + seconds)
    except TimeoutError as late:
        from . import harts  # no other run needs it, nor what it loads

        # First the harts: an answer changes where they are.
        lines = harts.report(session.qemu.channels["monitor"], session.machine.kernel, chosen.host, not options.gdb)
        lines = session.ask_waits() + lines
        session.qemu.kill()
        session.drain(LAST_WORDS)
        if not session.log.spoke:
            session.log.show_withheld()
        for line in lines:
            session.log.write(b"run.sh: " + os.fsencode(line))
        raise Failure(TIMEOUT, str(late)) from None
    except Interrupted:
        session.qemu.kill()
        session.drain(0.2)
        raise
    finally:
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        terminal.restore()
        session.qemu.kill()
        short = session.machine.recorder and session.machine.recorder.finish()
        if short and status is None:
            session.log.write(b"run.sh: " + os.fsencode(short))
    try:
        status = verdict(session.log, status, session.qemu.said(), options.machine, session.machine.kernel,
                         session.reports.found if session.reports else 0)
        session.check_streams()
    except Failure:
        if short:
            session.log.write(b"run.sh: " + os.fsencode(short))
        raise
    if short:
        raise Failure(BROKEN, short)
    return status


def say_gdb(machine, root, host, who="run.sh"):
    """Tells how to reach the machine that waits: a line to paste into another terminal."""
    script = os.path.join(root, "tools/gdb/faultline.py")
    connect = f"fl connect localhost:{machine.gdb_port} {os.path.abspath(host)}"
    words = ["gdb-multiarch", "-q", "-x", script, os.path.abspath(machine.kernel), "-ex", connect]
    import shlex  # no other run needs it

    write_all(2, os.fsencode(f"{who}: waiting for: {shlex.join(words)}\n"))


def tour_disk(options):
    """Makes a swap disk for the tour, which can do without: nobody has asked for it. Gives its descriptor, or None."""
    if not options.machine.has_virtio:
        return None
    try:
        disk = swap.create(swap.TOUR)
    except Failure:
        return None
    options.swap = swap.TOUR
    return disk


def choose(options, place, cwd):
    """Finds the program. Gives it, and what finds the host's file at a path of the guest."""
    if options.root:
        chosen = roots.resolve(options.program, options.root, place.image_bin, options.share, options.env)
        return chosen, lambda guest: roots.find(guest, options.root, options.share)
    chosen = program.resolve(options.program, place.image_bin, cwd, options.add, options.share, options.env)
    return chosen, lambda guest: program.find_host(guest, chosen, place.image_bin, options.add, options.share)


def check(options):
    """Refuses what can be seen to be wrong before anything is built: a swap disk, or a program with a slash."""
    if isinstance(options.swap, str):
        os.close(swap.open_file(options.swap))
    if options.program and not options.root:
        program.check_early(options.program[0], working_directory(), options.add, options.share)


def check_output(option, path, options, chosen):
    """Refuses an output that would be written over what the run reads or writes."""
    others = [chosen.host, options.log, options.swap, *(host for host, _ in options.add)]
    for other in others:
        if isinstance(other, str) and os.path.exists(other) and os.path.exists(path) and os.path.samefile(other, path):
            raise Failure(USAGE, f"--{option}: {path} is a file that the run uses")
    if option == "film" and options.record and os.path.realpath(options.record) == os.path.realpath(path):
        raise Failure(USAGE, f"--film: {path} is the file of --record")


def run(options, folder, root, terminal):
    """Does what ./run.sh was asked for and gives its exit status. `folder` is that of the build, `root` the project."""
    if not options.machine.has_virtio:
        terminal.unite(not options.core or bool(options.program))
    place = Place(folder, core.KERNEL, "core-init") if options.core else Place(folder)
    cwd = "/" if options.root else working_directory()
    is_tour = not options.program and not options.root
    if (is_tour or options.film or (options.record and not options.gdb)) and options.harts == 1:
        options.icount = True  # the tour, a film and a journal show instructions
    options.add = [(host, os.path.join(cwd, path)) for host, path in options.add]
    is_core_tour = options.core and is_tour
    chosen, find = core.choose(place.image_bin) if is_core_tour else choose(options, place, cwd)
    filming = None
    if options.film:
        from . import film  # no other run needs it

        check_output("film", options.film, options, chosen)
        filming = film.Filming(options, place, chosen)
    if options.record:
        check_output("record", options.record, options, chosen)
    if is_core_tour:
        disk, initrd = swap.create(2 * options.mem), core.build_archive(place.image_bin)
    else:
        disk = tour_disk(options) if is_tour and not options.swap else swap.open_disk(options.swap)
        initrd = core.build_archive(place.image_bin, lambda archive: add_core_program(archive, options, chosen)) if options.core \
            else build_archive(options, place, chosen, cwd)
    machine = build_machine(options, place, terminal, initrd, disk)
    file = open_log(options.log)
    if options.gdb:
        say_gdb(machine, root, chosen.host)
    session = Session(options, terminal, Log(options, terminal, file, Sources(find)), machine)
    os.close(initrd)
    if disk is not None:
        os.close(disk)
    signal.signal(signal.SIGCONT, lambda *_: terminal.make_raw())
    if filming:
        return filming.run(lambda: follow(session, options, terminal, chosen))
    return follow(session, options, terminal, chosen)


def working_directory():
    """Gives the path of the directory that this runs in."""
    try:
        return os.getcwd()
    except OSError as error:
        raise Failure(BROKEN, f"the working directory: {error.strerror}") from None


def open_log(path):
    """Opens the file of --log."""
    if path is None:
        return None
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise Failure(BROKEN, f"--log: {path}: {error.strerror}") from None
