# SPDX-License-Identifier: MIT
"""Follows the kernel through its first instructions, and checks at each stop what a port has to have done by then:
`fl bringup HOST:PORT`, for tools/port-check. The machine waits before its first instruction."""

import gdb

from . import devtree, kernel, memory, rings, sv39, symbols
from .headers import N, PAGE_SIZE
from .memory import IMAGE_OFFSET, Physical, Virtual
from .trouble import Trouble

FIRMWARE = range(0x80000000, N["IMAGE_LOAD"])
SUPERVISOR, MACHINE_MODE = 1, 3
MODES = {0: "user mode", SUPERVISOR: "S-mode", MACHINE_MODE: "M-mode"}
SV39 = 8
JUNK = 0xA5A5A5A5A5A5A5A5
PLANTED = 32  # words of the BSS
MASK = (1 << 64) - 1
LOG_LINES = 6
FRAMES = 8
STACK_NEAR = 1024  # bytes of the boot stack that the code before early_map() may have used
# Functions on the way from boot_main() to the payload, and what is done where each begins.
MILESTONES = (("boot_main", "the first C line of the kernel proper"), ("boot_options_read", "the device tree is read"),
              ("phys_init", "memory has answered"), ("probe_early", "the frames are counted"),
              ("arch_timer_init", "the console is found"), ("sched_start", "there are threads"),
              ("probe_devices", "the first thread runs"), ("boot_payload", "the devices are found"))


class Stuck(Exception):
    """The machine has stopped elsewhere, or is gone. The text says where."""


def word(value):
    """Returns a number in hexadecimal."""
    return f"0x{value:x}"


def linked(name):
    """Returns the address of a symbol as it is linked, for code and data of the image."""
    try:
        value = gdb.parse_and_eval(f"(unsigned long)&{name}")
    except gdb.error:
        raise Trouble(f"the kernel has no {name}: port-check looks for it") from None
    address = int(value) & MASK
    return address if address >= N["IMAGE_BASE"] else address + IMAGE_OFFSET


def loaded(name):
    """Returns the physical address of a symbol of the image."""
    return linked(name) - IMAGE_OFFSET


def csr(name):
    """Returns a control register."""
    try:
        return int(gdb.parse_and_eval("$" + name)) & MASK
    except (gdb.error, ValueError) as error:
        raise Trouble(f"QEMU does not tell {name}: {error}") from None


def where(pc):
    """Says in words where an address is."""
    if pc in FIRMWARE:
        return f"in the firmware, at {word(pc)}"
    linked_pc = pc + IMAGE_OFFSET if 0 <= pc - N["IMAGE_LOAD"] < N["IMAGE_MAX"] else pc
    said = gdb.execute(f"info symbol {linked_pc}", to_string=True).split(" in section")[0].strip()
    name = "at no function" if said.startswith("No symbol") else "in " + said.replace(" + ", "+")
    return f"{name}, at {word(pc)}"


class Machine:
    """The machine, which goes from stop to stop."""

    def go(self, *places):
        """Lets it run to one of these addresses, and returns that. Raises Stuck if it stops elsewhere."""
        stops = [gdb.Breakpoint(f"*{place}", type=gdb.BP_HARDWARE_BREAKPOINT, internal=True) for place in set(places)]
        try:
            gdb.execute("continue", to_string=True)
        except gdb.error as error:
            raise Stuck(f"the machine has ended ({error})") from None
        finally:
            for stop in stops:
                if stop.is_valid():
                    stop.delete()
        if gdb.selected_thread() is None:
            raise Stuck("the machine has ended")
        pc = memory.register("pc")
        if pc not in places:
            raise Stuck(f"it does not come; the hart is {where(pc)}")
        return pc


class Bringup:
    """The steps, in their order. Each returns what is wrong, as lines, and leaves the machine where the next one begins."""

    def __init__(self):
        self.machine = Machine()
        self.hart = self.tree = 0
        self.planted = []

    def hand_over(self):
        """The firmware has entered the kernel."""
        try:
            self.machine.go(N["IMAGE_LOAD"])
        except Stuck as stuck:
            return [f"the first instruction of the kernel, at {word(N['IMAGE_LOAD'])}, is never run: {stuck}"]
        mode, self.hart, self.tree = csr("priv"), memory.register("a0"), memory.register("a1")
        wrong = []
        if mode != SUPERVISOR:
            wrong.append(f"the kernel is entered in {MODES.get(mode, mode)}, not in S-mode")
        elif csr("satp"):
            wrong.append(f"the kernel is entered with paging on: satp is {word(csr('satp'))}, not 0")
        return wrong + self.check_tree()

    def check_tree(self):
        """Looks for the device tree in a1 and the hart of a0 in it. Reads it as the hart would."""
        inferior = gdb.selected_inferior()
        try:
            size = devtree.size_of(bytes(inferior.read_memory(self.tree, devtree.HEADER)))
            blob = bytes(inferior.read_memory(self.tree, size)) if size else b""
        except gdb.MemoryError:
            size = None
        if not size:
            return [f"a1 is {word(self.tree)}, and no device tree is there"]
        known = devtree.harts(blob)
        if self.hart not in known:
            return [f"a0 is {word(self.hart)}, and the device tree has the harts {', '.join(map(str, known)) or '(none)'}"]
        return []

    def plant(self):
        """Spoils what the firmware does not promise: registers but a0 and a1, and the memory where the BSS is."""
        for name in ("ra", "sp", "gp", "tp", *(f"t{i}" for i in range(7)), *(f"s{i}" for i in range(12)),
                     *(f"a{i}" for i in range(2, 8))):
            gdb.execute(f"set ${name} = {JUNK}", to_string=True)
        first, last = loaded("bss_start"), loaded("image_end") - 8
        step = (last - first) // (PLANTED - 1) & ~7
        self.planted = [*range(first, last, step), last, loaded("kernel_root"), loaded("image_leaf")]
        for place in self.planted:
            gdb.selected_inferior().write_memory(place, JUNK.to_bytes(8, "little"))

    def entry(self):
        """BSS and stack are ready for C."""
        self.plant()
        early = loaded("early_trap")
        try:
            pc = self.machine.go(loaded("early_map"), early, loaded("early_refuse"))
        except Stuck as stuck:
            return [f"early_map() is not reached: {stuck}"]
        if pc == early:
            return [self.trap()]
        if pc != loaded("early_map"):
            return [self.refusal()]
        wrong = []
        left = [place for place in self.planted if memory.read_physical_word(place)]
        if left:
            wrong.append(f"the BSS is not cleared: {len(left)} of {len(self.planted)} words that were looked at are left, the "
                         f"first at {word(left[0])} (bss_start is {word(loaded('bss_start'))}, image_end {word(loaded('image_end'))})")
        sp, top = memory.register("sp"), loaded("boot_stack_top")
        if not 0 <= top - sp <= STACK_NEAR:
            wrong.append(f"sp is {word(sp)}, not at the end of the boot stack, {word(top)}")
        elif sp % 16:
            wrong.append(f"sp is {word(sp)}, which is not a multiple of 16")
        if csr("stvec") != loaded("early_trap_entry"):
            wrong.append(f"stvec is {word(csr('stvec'))}, not early_trap_entry, {word(loaded('early_trap_entry'))}: a trap would "
                         "end nobody knows where")
        if csr("sstatus") & 2 or csr("sie"):
            wrong.append("interrupts are not off: sie and the bit SIE of sstatus should be 0")
        return wrong

    def trap(self):
        """Describes a trap before the kernel is up, of which early_trap() is told."""
        cause, pc, value = (memory.register(name) for name in ("a0", "a1", "a2"))
        return f"a trap: scause {cause & 0xFFFF}, stval {word(value)}; the instruction is {where(pc)}"

    def refusal(self):
        """Describes why early_refuse() is called."""
        text = bytes(gdb.selected_inferior().read_memory(memory.register("a1"), 64)).split(b"\0")[0].decode(errors="replace")
        return f"the kernel finds that this hart has no {text}, and gives up (early_refuse())"

    def paging(self):
        """The kernel runs on its own page tables, at its own addresses."""
        early, refuse = loaded("early_trap"), loaded("early_refuse")
        try:
            pc = self.machine.go(linked("arch_start"), early, refuse)
        except Stuck as stuck:
            return [f"arch_start() is not reached at its linked address, {word(linked('arch_start'))}: {stuck}"]
        if pc in (early, refuse):
            return [self.trap() if pc == early else self.refusal()]
        satp, root = csr("satp"), loaded("kernel_root")
        if satp >> 60 != SV39:
            return [f"satp is {word(satp)}: its mode is not Sv39"]
        wrong = []
        if (satp & (1 << 44) - 1) * PAGE_SIZE != root:
            wrong.append(f"satp is {word(satp)}, which is not kernel_root, at {word(root)}")
        sp, tp = memory.register("sp"), memory.register("tp")
        if not 0 <= linked("boot_stack_top") - sp <= STACK_NEAR:
            wrong.append(f"sp is {word(sp)}, not at the end of the boot stack, {word(linked('boot_stack_top'))}")
        if tp != linked("boot_thread"):
            wrong.append(f"tp is {word(tp)}, not boot_thread, {word(linked('boot_thread'))}")
        if csr("stvec") != linked("trap_entry"):
            wrong.append(f"stvec is {word(csr('stvec'))}, not trap_entry, {word(linked('trap_entry'))}")
        return wrong + self.check_arguments("arch_start()") + self.check_map(satp)

    def check_arguments(self, name):
        """Has a function the hart and the device tree that the firmware passed?"""
        hart, tree = memory.register("a0"), memory.register("a1")
        if (hart, tree) == (self.hart, self.tree):
            return []
        return [f"{name} gets hart {word(hart)} and device tree {word(tree)}; the firmware passed {word(self.hart)} and "
                f"{word(self.tree)}"]

    def check_map(self, satp):
        """Looks at the entries of the first page tables."""
        root = (satp & (1 << 44) - 1) * PAGE_SIZE
        pages = (("the kernel's text", linked("trap_entry"), loaded("trap_entry"), "RX"),
                 ("its read-only data", linked("rodata_end") - PAGE_SIZE, loaded("rodata_end") - PAGE_SIZE, "R"),
                 ("its data", linked("image_end") - PAGE_SIZE, loaded("image_end") - PAGE_SIZE, "RW"),
                 ("the direct map, where the device tree is,", N["DIRECT_MAP_BASE"] + self.tree, self.tree, "RW"))
        wrong = []
        with Physical():
            for what, va, pa, rights in pages:
                wrong += self.check_page(what, sv39.walk(memory.read_physical_word, root, va), va, pa, rights)
            guard = sv39.walk(memory.read_physical_word, root, linked("boot_stack_guard"))
            if sv39.translate(guard, linked("boot_stack_guard")) is not None:
                wrong.append("the page below the boot stack is mapped: an overflow would not be seen")
        return wrong

    @staticmethod
    def check_page(what, steps, va, pa, rights):
        """Returns what is wrong with the mapping of one page."""
        found = sv39.translate(steps, va)
        if found != pa:
            return [f"{what} at {word(va)} is {'not mapped' if found is None else 'mapped to ' + word(found)}, not to {word(pa)}"]
        entry = steps[-1].entry
        has = "".join(letter for letter in "RWX" if entry & N["PTE_" + letter])
        if has != rights:
            return [f"{what} at {word(va)} is mapped {has or 'without rights'}, not {rights}"]
        if entry & N["PTE_U"]:
            return [f"{what} at {word(va)} is mapped for user mode"]
        if not entry & N["PTE_A"] or ("W" in rights and not entry & N["PTE_D"]):
            return [f"{what} at {word(va)} lacks A or D in its entry: hardware that does not set them faults"]
        return []

    def start_up(self):
        """The kernel has started everything that its payload needs."""
        places = {linked(name): (name, says) for name, says in MILESTONES}
        off, halt, reached = linked("power_off"), linked("arch_hart_stop"), "arch_start()"
        while True:
            try:
                pc = self.machine.go(*places, off, halt)
            except Stuck as stuck:
                return [f"boot_payload() is not reached: {stuck}", f"the last that was reached: {reached}", *backtrace(), *log()]
            if pc in (off, halt):
                status = memory.register("a0") & 0xFF
                return [f"the kernel gives up: power_off({status})" if pc == off else "the kernel stops the hart",
                        f"the last that was reached: {reached}", *backtrace(), *log()]
            name, says = places.pop(pc)
            wrong = self.check_arguments("boot_main()") if name == "boot_main" else []
            if wrong:
                return wrong
            if name == "boot_payload":
                return []
            reached = f"{name}() ({says})"


def backtrace():
    """Returns the innermost functions, as far as gdb can tell."""
    try:
        with Virtual():
            text = gdb.execute(f"backtrace {FRAMES}", to_string=True)
    except gdb.error:
        return []
    return ["backtrace:"] + ["  " + line.strip() for line in text.splitlines() if line.startswith("#")]


def log():
    """Returns the last lines of the kernel's log, which are there even if no console shows them."""
    try:
        with Physical():
            lines = [*rings.LogRing().lines()] if kernel.is_up() else []
    except Trouble:
        return []
    return ["the kernel's log:"] + ["  " + line for line in lines[-LOG_LINES:]] if lines else ["the kernel's log is empty"]


STEPS = (("hand-over", Bringup.hand_over), ("entry", Bringup.entry), ("paging", Bringup.paging),
         ("start-up", Bringup.start_up))


def say(text):
    """Prints a line for the host."""
    gdb.write(f"bringup: {text}\n")
    gdb.flush()


def run(words):
    """fl bringup HOST:PORT: prints "passed STEP" for each step, or "failed STEP" and lines that say why."""
    symbols.connect(words)
    symbols.quietly("set backtrace past-main on")
    steps = Bringup()
    for name, step in STEPS:
        try:
            wrong = step(steps)
        except (Trouble, gdb.error, gdb.MemoryError) as trouble:
            wrong = [str(trouble)]
        say(f"{'failed' if wrong else 'passed'} {name}")
        for line in wrong:
            say("  " + line)
        if wrong:
            break
    symbols.quietly("kill")


def look(words):
    """fl where HOST:PORT: tells where a machine is that has stopped."""
    symbols.connect(words)
    say("  the hart is " + where(memory.register("pc")))
    for line in [*backtrace(), *log()]:
        say("  " + line)
