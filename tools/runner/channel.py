# SPDX-License-Identifier: MIT
"""The channels between the runner and QEMU: our end of each, and QEMU's arguments for the other end."""

import fcntl
import os
import socket

PORTS = ("stdin", "stdout", "stderr", "log", "window", "waits")


class Sockets:
    """A channel in both directions: the UART, the monitor, or a port of that name. `ours` is a socket."""

    def __init__(self, name):
        self.name = name
        self.ours, self.end = socket.socketpair()
        self.ours.setblocking(False)
        self.input_fd = self.ours.fileno()
        self.theirs = [self.end.fileno()]

    def arguments(self):
        """Gives QEMU's arguments for it."""
        args = ["-chardev", f"socket,id={self.name},fd={self.end.fileno()}"]
        if self.name == "uart":
            return args + ["-serial", "chardev:uart"]
        if self.name == "monitor":
            return args + ["-mon", "chardev=monitor,mode=control"]
        return args + ["-device", f"virtserialport,bus=ports.0,nr={PORTS.index(self.name) + 1},"
                       f"chardev={self.name},name=faultline.{self.name}"]

    def close_theirs(self):
        """Closes the end that QEMU has now."""
        self.end.close()


class Pipes:
    """A channel of a UART whose bytes QEMU drops if there is no room. A socket has room for a few hundred of them, because
    each is sent by itself; a pipe has room for many thousands. QEMU opens them by name, in a folder of the runner's.
    `ours` is read from, and input_fd is written to."""

    SIZE = 1 << 20

    def __init__(self, name, folder):
        self.name = name
        self.place = os.path.join(folder, name)
        output, their_output = os.pipe()
        their_input, self.input_fd = os.pipe()
        self.ours = open(output, "rb", buffering=0)
        for fd in (output, self.input_fd):
            os.set_blocking(fd, False)
        self.theirs = [their_output, their_input]
        try:
            fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, self.SIZE)
        except OSError:
            pass  # more than this user may have
        os.symlink(f"/proc/self/fd/{their_output}", self.place + ".out")
        os.symlink(f"/proc/self/fd/{their_input}", self.place + ".in")

    def arguments(self):
        """Gives QEMU's arguments for it: the first is the machine's first UART, and so on."""
        place = self.place.replace(",", ",,")
        return ["-chardev", f"pipe,id={self.name},path={place}", "-serial", f"chardev:{self.name}"]

    def close_theirs(self):
        """Closes the ends that QEMU has now."""
        for fd in self.theirs:
            os.close(fd)
