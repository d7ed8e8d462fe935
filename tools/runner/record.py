# SPDX-License-Identifier: MIT
"""--record: the machine's memory is a file here, so that the journal that the kernel keeps in it can be read (docs/journal.md)."""

import ctypes
import mmap
import os
import stat
import struct
import threading

from recording import file

from .failure import BROKEN, USAGE, Failure

PAGE = 4096
MAGIC = b"Faultline/journal\0"
HEADER = struct.Struct("<24sIIQQQ")  # magic, version, bytes of a record, records, ticks a second, its address
HEAD, WAITS, ENDED, TAIL, STOP = 64, 72, 80, 128, 136
ROUND = 8192  # QEMU rounds the size of memory up to a multiple of it
RING = 4 << 20  # bytes, which the machine gets besides its own
RAM = 0x80000000  # where the memory of the board virt begins
MASK = 0xFFFFFFFF  # of a record's number
AT_ONCE = 4096  # records that are copied in one go
AROUND_MOST = 2  # between the records of a round and of its fault's end
PAUSE = 0.002  # seconds between two looks
SEARCH_PAUSE = 0.02  # the same until the journal is found


class Recorder:
    """Copies the journal of one machine into a file, from its begin to its end."""

    def __init__(self, path, mem, is_counted):
        self.path, self.failed, self.counted = path, None, file.COUNTED if is_counted else 0
        self.record = file.LINE.size
        if os.path.exists(path) and not os.path.isfile(path) and not stat.S_ISCHR(os.stat(path).st_mode):
            raise Failure(USAGE, f"--record: {path} is no regular file")
        try:
            self.out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise Failure(BROKEN, f"--record: {path}: {error.strerror}") from None
        self.fd = os.memfd_create("memory")
        self.nbytes = mem
        os.ftruncate(self.fd, mem)
        self.ram = mmap.mmap(self.fd, mem)
        self.header = None
        self.before = b""  # the last few records
        self.time, self.ticks = 0, 1  # of the last record
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._follow, daemon=True)

    def arguments(self):
        """Gives QEMU's arguments: the memory is this file."""
        return ["-object", f"memory-backend-file,id=memory,size={self.nbytes},mem-path=/proc/self/fd/{self.fd},share=on",
                "-machine", "memory-backend=memory"]

    def start(self):
        """Begins to read."""
        self.thread.start()

    def finish(self):
        """Reads the rest of a machine that has ended. Returns why the recording is not whole, or None."""
        self.over.set()
        self.thread.join()
        os.close(self.out)
        return f"--record: {self.path}: {self.failed}" if self.failed else None

    def _word(self, at):
        """Gives a word of the header. (The module struct would read it byte by byte, while the kernel writes it.)"""
        return ctypes.c_uint64.from_buffer(self.ram, self.header + at).value

    def _set_word(self, at, value):
        """Writes one at once, for the same reason."""
        ctypes.c_uint64.from_buffer(self.ram, self.header + at).value = value

    def _pages(self):
        """Yields the offsets of all pages that have been written."""
        at = 0
        while at < self.nbytes:
            try:
                at = os.lseek(self.fd, at, os.SEEK_DATA)
            except OSError:
                return
            end = os.lseek(self.fd, at, os.SEEK_HOLE)
            yield from range(at, end, PAGE)
            at = end

    def _find(self):
        """Looks for the journal; returns whether it is there. A copy of it has another address in it."""
        for at in self._pages():
            if self.ram[at:at + len(MAGIC)] != MAGIC:
                continue
            _, version, nbytes, count, ticks, address = HEADER.unpack_from(self.ram, at)
            if address != RAM + at:
                continue
            self.header = at
            if version != file.VERSION:
                raise ValueError(f"the kernel writes version {version} of the journal, this is for {file.VERSION}")
            self.record, self.count, self.ticks = nbytes, count, ticks
            self._write(file.HEADER.pack(file.MAGIC, version, nbytes, self.counted, ticks))
            return True
        return False

    def _write(self, data):
        while data:
            data = data[os.write(self.out, data):]

    def _complete(self, first, tail, most):
        """Counts the records that are complete, from the place `first` on. Each has its number then, and a stale one until then."""
        start = self.header + PAGE + first * self.record
        with memoryview(self.ram) as ram, ram[start:start + most * self.record] as places, places.cast("I") as words:
            found = words[::self.record // 4].tolist() if words[0] == tail + 1 & MASK else []
        return next((at for at, seq in enumerate(found) if seq != tail + 1 + at & MASK), len(found))

    def _drain(self):
        """Copies what is complete. A record that was begun is waited for, and so are all behind it."""
        head, tail = self._word(HEAD), self._word(TAIL)
        while tail < head:
            first = tail % self.count
            number = self._complete(first, tail, min(head - tail, self.count - first, AT_ONCE))
            if not number:
                break
            start = self.header + PAGE + first * self.record
            self._take(self.ram[start:start + number * self.record], tail)
            tail += number

    def _take(self, data, tail):
        """Writes records, of which the first has the number `tail`."""
        self._write(data)
        tail += len(data) // self.record
        self.before = (self.before + data)[-AROUND_MOST * self.record - self.record:]
        for fields in file.LINE.iter_unpack(data[-AROUND_MOST * self.record - self.record:]):
            if fields[1] != file.AROUND:
                self.time = fields[8]
        self._set_word(TAIL, tail)

    def _fault_is_open(self):
        """Tells whether the next record is the end of a fault that was resolved. Gives the round's, or None."""
        for fields in reversed(list(file.LINE.iter_unpack(self.before))):
            if fields[1] != file.AROUND:
                return fields if fields[1] == file.ROUND and fields[3] & file.ENDS else None
        return None

    def _drain_all(self):
        """The machine has ended: also copies what comes behind the faults that were not over."""
        self._drain()
        while not self._word(ENDED) and self._word(TAIL) < self._word(HEAD):
            fields, tail = self._fault_is_open(), self._word(TAIL)
            if fields is None:
                raise ValueError(f"record {tail + 1} is damaged")
            _, _, hart, _, pid, tid, space, _, time, *_ = fields
            self._take(file.pack(tail + 1, file.OPEN, hart, 0, space, pid, tid, 0, time, 0, 0, 0, 0), tail)
            self._drain()

    def _follow(self):
        try:
            while True:
                last = self.over.is_set()
                if self.header is not None or self._find():
                    (self._drain_all if last else self._drain)()
                if last:
                    break
                self.over.wait(PAUSE if self.header is not None else SEARCH_PAUSE)
            if self.header is None:
                raise ValueError("the kernel has kept no journal")
            if self._word(ENDED):
                raise ValueError("the journal has ended: too much has changed at once for its ring")
            count = self._word(TAIL)
            self._write(file.pack(count + 1, file.CLOSED, 0, 0, 0, 0, 0, self._word(WAITS) & MASK, self.time, count, 0, 0, 0))
        except OSError as error:
            self._stop(error.strerror)
        except Exception as error:  # whatever it is, the machine must not wait for us
            self._stop(str(error))

    def _stop(self, why):
        """The machine goes on without. What has been written ends with a whole record."""
        self.failed = why
        if self.header is None:
            return
        self.failed += f"; the recording is whole up to {self.time / self.ticks:.6f} s"
        self._set_word(STOP, 1)
        size = os.fstat(self.out).st_size - file.HEADER.size
        if size > 0:
            os.ftruncate(self.out, file.HEADER.size + size - size % self.record)
