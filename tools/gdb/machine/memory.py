# SPDX-License-Identifier: MIT
"""Reads the machine's memory by physical address, independent of the hart's mode and page tables."""

import struct

import gdb

from . import sv39
from .headers import N
from .trouble import Trouble

IMAGE_OFFSET = N["IMAGE_BASE"] - N["IMAGE_LOAD"]
STRING_MOST = 4096
VALUE_MOST = 65536  # the default of gdb's max-value-size


class Physical:
    """In this context QEMU takes the addresses of reads as physical. May be nested."""

    depth = 0

    def __enter__(self):
        if Physical.depth == 0:
            self.switch(1)
        Physical.depth += 1

    def __exit__(self, *_):
        Physical.depth -= 1
        if Physical.depth == 0:
            self.switch(0)

    @staticmethod
    def switch(on):
        """Switches QEMU's gdb server between physical and virtual addresses."""
        try:
            said = gdb.execute(f"maintenance packet Qqemu.PhyMemMode:{on}", to_string=True)
        except gdb.error as error:
            raise Trouble(f"no machine to look at: {error}") from None
        if '"OK"' not in said:
            raise Trouble("this is no QEMU that can read physical memory")


class Virtual:
    """Within a Physical, in this context addresses are virtual addresses of the selected hart again."""

    def __enter__(self):
        if Physical.depth:
            Physical.switch(0)

    def __exit__(self, *_):
        if Physical.depth:
            Physical.switch(1)


def read_physical(address, size):
    """Returns bytes of physical memory."""
    try:
        with Physical():
            return bytes(gdb.selected_inferior().read_memory(address, size))
    except gdb.MemoryError:
        raise Trouble(f"physical address 0x{address:x} can't be read") from None


def read_physical_word(address):
    """Returns a 64-bit word of physical memory."""
    return struct.unpack("<Q", read_physical(address, 8))[0]


def image_offset_of(va):
    """Returns virtual less physical address for an address of the kernel's image; None for others."""
    return IMAGE_OFFSET if 0 <= va - N["IMAGE_BASE"] < N["IMAGE_MAX"] else None


def to_physical(va):
    """Translates a kernel address: image and direct map by their offset, others by the kernel's page table."""
    if image_offset_of(va) is not None:
        return va - IMAGE_OFFSET
    if 0 <= va - N["DIRECT_MAP_BASE"] < N["DIRECT_MAP_SIZE"]:
        return va - N["DIRECT_MAP_BASE"]
    if va < N["DIRECT_MAP_BASE"]:
        raise Trouble(f"0x{va:x} is no kernel address")
    found = sv39.translate(sv39.walk(read_physical_word, symbol_address("kernel_root") - IMAGE_OFFSET, va), va)
    if found is None:
        raise Trouble(f"nothing is mapped at kernel address 0x{va:x}")
    return found


def read(va, size):
    """Returns bytes at a kernel address."""
    return read_physical(to_physical(va), size)


def fetch(type_name, va):
    """Returns the object of a type at a kernel address, as a gdb.Value that holds its bytes."""
    kind = gdb.lookup_type(type_name) if isinstance(type_name, str) else type_name
    if kind.sizeof > VALUE_MOST:  # gdb 13 crashes after it refuses
        raise Trouble(f"{kind} is too large to be read at once")
    return gdb.Value(read(va, kind.sizeof), kind)


def clean(raw):
    """Decodes bytes as text; control characters become "?"."""
    return "".join(letter if letter.isprintable() else "?" for letter in raw.decode(errors="replace"))


def string(va, most=STRING_MOST):
    """Returns the text at a kernel address, up to its NUL."""
    text = b""
    while b"\0" not in text and len(text) < most:
        page_left = -va % 64 or 64
        text += read(va, page_left)
        va += page_left
    return clean(text.split(b"\0")[0][:most])


def array_text(value):
    """Returns the text in a char array that was fetched."""
    low, high = value.type.range()
    raw = bytes(int(value[i]) & 0xFF for i in range(low, high + 1))
    return clean(raw.split(b"\0")[0])


def find_symbol(name, file=None):
    """Returns gdb's symbol of a kernel variable; a static one is found by its file."""
    if file is None:
        return gdb.lookup_global_symbol(name)
    for symbol in gdb.lookup_static_symbols(name):
        if symbol.symtab.filename.endswith(file):
            return symbol
    return None


def symbol_address(name, file=None):
    """Returns the linked address of a kernel variable or function."""
    symbol = find_symbol(name, file)
    if symbol is None:
        raise Trouble(f"the kernel's symbols lack {name}: is gdb started with the kernel's ELF file?")
    address = int(symbol.value().address)
    return address if address >= N["IMAGE_BASE"] else address + IMAGE_OFFSET


def variable(name, file=None):
    """Returns a kernel variable's value."""
    return fetch(find_symbol(name, file).type, symbol_address(name, file))


def offset_of(type_name, field):
    """Returns a field's offset in bytes. Searches unnamed members too."""
    for one in gdb.lookup_type(type_name).fields():
        if one.name == field:
            return one.bitpos // 8
    raise Trouble(f"{type_name} has no {field}: the kernel and these commands do not fit together")


def register(name):
    """Returns a register of the selected hart as an unsigned number."""
    try:
        with Virtual():  # gdb reads code to find the frame
            return int(gdb.newest_frame().read_register(name)) & (1 << 64) - 1
    except (gdb.error, ValueError) as error:
        raise Trouble(f"no machine to look at: {error}") from None
