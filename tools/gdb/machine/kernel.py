# SPDX-License-Identifier: MIT
"""The kernel's own structures: lists and trees with a bound on each loop, processes, address spaces."""

import gdb

from . import memory
from .memory import fetch, offset_of
from .trouble import Trouble

LIST_MOST = 5000
HARTS_MOST = 512


def members(head, type_name, link, what):
    """Yields the addresses of a list's members; raises Trouble if the list is broken."""
    offset, before = offset_of(type_name, link), head
    at = int(fetch("struct list", head)["next"])
    if at == 0:
        return
    for count in range(LIST_MOST):
        if at == head:
            return
        try:
            node = fetch("struct list", at)
        except Trouble as trouble:
            raise Trouble(f"{what} is broken after {count}: {trouble}") from None
        if int(node["prev"]) != before:
            raise Trouble(f"{what} is broken after {count}: 0x{at:x} does not point back to 0x{before:x}")
        yield at - offset
        before, at = at, int(node["next"])
    raise Trouble(f"{what} is broken: no end after {LIST_MOST}")


def in_order(root, offset, what):
    """Yields the addresses of a tree's members in order; raises Trouble if the tree is broken."""
    stack, at, seen = [], root, set()
    while at or stack:
        while at:
            if at in seen:
                raise Trouble(f"{what} is broken: 0x{at:x} is in it twice")
            seen.add(at)
            try:
                node = fetch("struct tree_node", at)
            except Trouble as trouble:
                raise Trouble(f"{what} is broken after {len(seen) - 1}: {trouble}") from None
            stack.append((at, int(node["child"][1])))
            at = int(node["child"][0])
        here, at = stack.pop()
        yield here - offset


def is_up():
    """Returns whether the kernel has set up its per-hart data."""
    return int(memory.variable("hart_count")) != 0


def require_up():
    """Raises Trouble before that."""
    if not is_up():
        raise Trouble("the kernel has not set itself up yet: try again after boot_main")


class Process:
    """One struct process, read once."""

    def __init__(self, address):
        self.address = address
        self.value = fetch("struct process", address)
        self.pid = int(self.value["pid"])
        self.state = enum_word(self.value["state"].cast(gdb.lookup_type("enum process_state")), "PROCESS_")
        self.leader = int(self.value["leader"])
        self.comm = memory.array_text(fetch("struct thread", self.leader)["name"]) if self.leader else "?"
        self.uspace = int(self.value["uspace"])

    def parent_pid(self):
        """Returns the parent's pid, 0 for process 1."""
        parent = int(self.value["parent"])
        return int(fetch("struct process", parent)["pid"]) if parent else 0

    def path(self):
        """Returns the running program's path in the guest; "" before the first exec."""
        exe = int(self.value["exe"])
        return memory.string(exe + offset_of("struct exe", "name")) if exe else ""

    def threads(self):
        """Returns the addresses of its threads."""
        head = self.address + offset_of("struct process", "threads")
        return list(members(head, "struct thread", "process_link", f"the list of threads of process {self.pid}"))

    def doing(self):
        """Returns what its threads do, in a few words: of several, what one on a hart does, or the leader."""
        if self.state != "alive" or not self.leader:
            return self.state
        threads = self.threads()
        many = f", {len(threads)} threads" if len(threads) > 1 else ""
        for hart in harts():
            if int(hart["current"]) in threads:
                return f"on hart {int(hart['index'])}{many}"
        return enum_word(fetch("struct thread", self.leader)["state"], "THREAD_") + many

    def space(self):
        """Returns its struct space."""
        if not self.uspace:
            raise Trouble(f"process {self.pid} ({self.comm}) has no address space any more")
        return fetch("struct space", self.uspace + offset_of("struct uspace", "space"))


def enum_word(value, prefix):
    """Returns an enumerator without its prefix, in lower case, or the number if it has no name."""
    for field in value.type.strip_typedefs().fields():
        if field.enumval == int(value) and field.name.startswith(prefix):
            return field.name[len(prefix):].lower()
    return f"?{int(value)}"


def harts():
    """Returns the harts that are online."""
    require_up()
    size, first = gdb.lookup_type("struct hart").sizeof, memory.symbol_address("harts")
    count = min(int(memory.variable("hart_count")), HARTS_MOST)
    return [fetch("struct hart", first + i * size) for i in range(count)]


def processes():
    """Yields all processes."""
    if not is_up():
        return
    for address in members(memory.symbol_address("process_list"), "struct process", "all", "the list of processes"):
        yield Process(address)


def process(pid):
    """Finds a process by its pid."""
    require_up()
    for one in processes():
        if one.pid == pid:
            return one
    raise Trouble(f"there is no process {pid}")


def selected_hart():
    """Returns the hart that gdb has selected, or None if the kernel does not use it."""
    chosen, online = gdb.selected_thread(), harts()
    for hart in online:
        if chosen is None or len(online) == 1 or int(hart["id"]) == chosen.num - 1:
            return hart
    return None


def current():
    """Returns the process that the selected hart runs; None if it runs a kernel thread or none yet."""
    hart = selected_hart() if is_up() else None
    thread = int(hart["current"]) if hart is not None else 0
    owner = int(fetch("struct thread", thread)["process"]) if thread else 0
    return Process(owner) if owner else None


def vmas(space):
    """Yields the struct vma of a space, lowest first."""
    offset = offset_of("struct vma", "node")
    for address in in_order(int(space["vmas"]["root"]), offset, "the tree of VMAs"):
        yield fetch("struct vma", address)


def backend_name(vma):
    """Returns what kind of memory a VMA maps."""
    backend = int(vma["backend"])
    return memory.string(int(fetch("struct vma_backend", backend)["name"])) if backend else "none"


def find_vma(space, va):
    """Returns the VMA that holds an address, or None."""
    for vma in vmas(space):
        if int(vma["start"]) <= va < int(vma["end"]):
            return vma
    return None
