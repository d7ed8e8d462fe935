#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stands in for QEMU and a kernel in it, so that the runner's side of its contract is tested without either.

It speaks over the same channels (UART, monitor, ports), reads the same boot archive, and plays a few of
the behaviours of tests/system/guest/probe.c."""

import json
import os
import select
import socket
import sys
import threading
import time

OUT, ERR = 1, 2
REGISTERS = "\nCPU#0\n V      =   0\n pc       0000000000010123\n x0/zero  0000000000000000 x1/ra    ffffffff80200004\n"


def parse(words):
    """Gives {channel: socket} and the values of the options that matter."""
    channels, values = {}, {}
    for name, value in zip(words, words[1:]):
        if name == "-chardev":
            fields = dict(field.split("=") for field in value.split(",")[1:])
            channels[fields["id"]] = socket.socket(fileno=int(fields["fd"]))
        elif name in ("-initrd", "-append", "-m", "-smp"):
            values[name] = value
    return channels, values


def read_archive(path):
    """Gives {name: contents} of a cpio file."""
    with open(path, "rb") as file:
        data = file.read()
    files, at = {}, 0
    while True:
        size, name_size = (int(data[at + k : at + k + 8], 16) for k in (54, 94))
        name = data[at + 110 : at + 110 + name_size - 1].decode(errors="surrogateescape")
        at = (at + 110 + name_size + 3) & ~3
        if name == "TRAILER!!!":
            return files
        files[name.removeprefix("././")] = data[at : at + size]
        at = (at + size + 3) & ~3


def serve_monitor(channel):
    """Answers what the runner asks the monitor."""
    channel.sendall(b'{"QMP": {}}\r\n')
    for line in channel.makefile("rb"):
        answer = REGISTERS if b"human-monitor-command" in line else {}
        channel.sendall(json.dumps({"return": answer}).encode() + b"\r\n")


def serve_waits(channel):
    """Answers what the runner asks process 1."""
    while channel.recv(1):
        channel.sendall(b"2\t2\tS\t101 0x1 0x2 0x0 0x0 0x0 0x0 0x3 0x4\t\tprobe\n\n")


class Terminal:
    """A line discipline with echo, erase, end of file and Ctrl-C; no more than the tests type."""

    def __init__(self, uart):
        self.uart = uart

    def write(self, data):
        self.uart.sendall(data.replace(b"\n", b"\r\n"))

    def read(self):
        line = b""
        while True:
            byte = self.uart.recv(1)
            if byte == b"\x03":
                self.uart.sendall(b"^C\r\n")
                raise KeyboardInterrupt
            if byte in (b"\x04", b""):
                return line
            if byte == b"\x15":
                line = b""
                continue
            if byte == b"\x7f":
                line = line[:-1]
                self.uart.sendall(b"\b \b")
                continue
            byte = b"\n" if byte == b"\r" else byte
            self.write(byte)
            line += byte
            if byte == b"\n":
                return line


class Port:
    """One of the program's streams that is no terminal."""

    def __init__(self, channel):
        self.channel = channel

    def write(self, data):
        self.channel.sendall(data)

    def read(self):
        return self.channel.recv(65536)


class Guest:
    """The program, with its three streams."""

    def __init__(self, channels, files, words):
        terminal = Terminal(channels["uart"])
        self.streams = [Port(channels[name]) if name in channels else terminal
                        for name in ("stdin", "stdout", "stderr")]
        self.channels = channels
        self.files = files
        self.words = words
        self.late = False
        text = files["run/argv"].decode(errors="surrogateescape")
        self.argv = text.split("\0")[1:-1]
        self.path = text.split("\0")[0]

    def say(self, text, stream=OUT):
        self.streams[stream].write(text.encode(errors="surrogateescape"))

    def log(self, text):
        self.channels["log"].sendall(b"[    0.020000] " + text.encode() + b"\n")

    def run(self):
        """Plays the behaviour that the first argument names; gives its status."""
        name = self.argv[1]
        return getattr(self, "do_" + name)(*self.argv[2:]) or 0

    def do_cat(self):
        while data := self.streams[0].read():
            self.streams[OUT].write(data)

    def do_late(self, name, *words):
        self.late = True
        if name != "polls":
            self.streams[ERR].write(b"asleep\n")
        return getattr(self, "do_" + name)(*words)

    def do_polls(self):
        source, sink = self.streams[0].channel, self.streams[OUT].channel
        poll = select.poll()
        poll.register(source, select.POLLIN)
        poll.register(sink, 0)  # its end is told all the same
        while True:
            if self.late:
                self.streams[ERR].write(b"asleep\n")
            events = dict(poll.poll())
            if sink.fileno() in events:
                return 83
            data = source.recv(65536)
            if not data:
                return 0
            try:
                sink.sendall(data)
            except BrokenPipeError:
                return 83

    def do_through(self, status):
        self.do_cat()
        self.streams[ERR].write(b"done")
        return int(status)

    def do_head1(self):
        data = b""
        while b"\n" not in data and (more := self.streams[0].read()):
            data += more
        self.streams[OUT].write(data.partition(b"\n")[0] + b"\n")

    def do_exit(self, status):
        return int(status)

    def read(self, path):
        """Gives the contents of a file of the guest; a relative path begins at its working directory."""
        cwd = self.files["run/cwd"].decode(errors="surrogateescape")
        return self.files[os.path.normpath(os.path.join(cwd, path)).lstrip("/")]

    def do_kill(self, number):
        return 128 + int(number)

    def do_bytes(self, length):
        self.streams[OUT].write(bytes((i + i // 256 * 7) & 255 for i in range(int(length))))

    def do_both(self):
        self.streams[OUT].write(b"out\0\r\n\377")
        self.streams[ERR].write(b"err\0\r\n\376")

    def do_args(self, *_words):
        self.say("".join(f"[{word}]\n" for word in self.argv))

    def do_env(self):
        self.say(self.files["run/env"].decode().replace("\0", "\n"))

    def do_self(self):
        self.say("self data\n" if self.read(self.argv[0])[:4] == b"\x7fELF" else "no\n")

    def do_tty(self):
        terminal = "".join(str(int(isinstance(stream, Terminal))) for stream in self.streams)
        sizes = [word[8:] for word in self.words if word.startswith("winsize=")]
        self.say(f"tty {terminal} {(sizes or ['0x0'])[0]}\n")

    def do_winch(self):
        self.say("ready\n")
        columns, rows = self.channels["window"].makefile("rb").readline().decode().strip().split("x")
        self.say(f"winch {columns}x{rows}\n")

    def do_show(self, path):
        self.streams[OUT].write(self.read(path))

    def do_sleep(self, _seconds="1000"):
        self.say("asleep\n")
        while isinstance(self.streams[0], Terminal):
            self.streams[0].read()
        time.sleep(1000)

    do_spin = do_sleep

    def do_yes(self):
        while True:
            self.say("yes\n" * 1000)

    def do_echo(self):
        self.say("ready\n")
        while line := self.streams[0].read():
            self.say("got " + line.decode())
        self.say("end\n")

    def do_warn(self, *words):
        self.log("test: warning: " + (" ".join(words) or "take care"))

    def do_panic(self):
        self.log("kernel panic: for a test")
        self.log("panic: backtrace")
        os._exit(125)

    def do_ledger(self, status):
        self.log("mm: ledger: 1 frames, 1 free, 0 in files, all accounted for")
        return int(status)

    def do_lost(self):
        os._exit(3)


def main(words):
    """Boots, runs the program and goes off with its status."""
    if words == ["--version"]:
        print("QEMU emulator version 7.2.0")
        return 0
    channels, values = parse(words)
    words = values["-append"].split()
    threading.Thread(target=serve_monitor, args=(channels["monitor"],), daemon=True).start()
    threading.Thread(target=serve_waits, args=(channels["waits"],), daemon=True).start()
    channels["uart"].sendall(b"\nOpenSBI v0\nBanner : yes\n")
    if "fake=mute" in words:
        return 1
    if "loglevel=info" in words:
        channels["uart"].sendall(b"[    0.000100] boot: hello\n")
    channels["uart"].sendall(b"[    0.010000] console: log continues on port faultline.log\r\n")
    guest = Guest(channels, read_archive(values["-initrd"]), words)
    try:
        status = guest.run()
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        status = 141
    guest.log(f"power: off, status {status}")
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
