# SPDX-License-Identifier: MIT
"""The steps of a bring-up, in their order: what each shows, what a failure means, and what to read then."""


class Step:
    """One step. `tests` are patterns of in-kernel tests; None: gdb, or a run of programs, shows it."""

    def __init__(self, name, shows, means, read, tests=None):
        self.name, self.shows, self.means, self.read, self.tests = name, shows, means, read, tests


STEPS = (
    Step("hand-over", "the firmware enters the kernel in S-mode, with a hart and a device tree",
         "The image is not where the firmware jumps to, or not in S-mode: the machine has no firmware, or RAM elsewhere.",
         "arch/riscv/layout.h (IMAGE_LOAD), arch/riscv/kernel.ld.S; docs/porting.md, step 1"),
    Step("entry", "before the first C line: traps are caught, the BSS is zero, sp is on the boot stack",
         "The first instructions rely on something that the firmware does not promise.",
         "arch/riscv/start.S up to `call early_map`; docs/porting.md, step 2"),
    Step("paging", "the kernel runs on its first page tables, at its own addresses",
         "The first page tables are wrong, or the jump that follows the write of satp.",
         "arch/riscv/early.c:early_map(), arch/riscv/start.S from there on, arch/riscv/sv39.h; docs/porting.md, step 3"),
    Step("start-up", "everything from boot_main() to the payload: device tree, memory, timer, threads, devices",
         "The start-up meets something that this machine's device tree does not say, or says otherwise; the log says which.",
         "boot/main.c:boot_main() and boot_thread(), boot/device_tree.c, drivers/probe.c; docs/porting.md, step 4"),
    Step("console", "what the kernel prints comes out",
         "The driver of the console does not send, or no driver knows the UART and the firmware's console is silent.",
         "drivers/uart_kind.h, drivers/uart.c, arch/riscv/console.c; docs/porting.md, step 5", "arch_console_*"),
    Step("interrupts", "interrupts go off and on, time goes on, the timer interrupts",
         "Trap entry and return, the interrupt flags or the timer are wrong: no sleep ends, and no thread is preempted.",
         "arch/include/arch/irqflags.h, timer.h and hart.h there, arch/riscv/entry.S, arch/riscv/timer.c; docs/porting.md, step 6",
         "arch_irq_*,arch_time*,arch_isa_*,arch_hart_*,hart_*"),
    Step("pages", "pages, the kernel's own map, page tables of user spaces, and their fences",
         "Entries or tables are not what arch/entry.h and arch/mmu.h promise to mm/.",
         "arch/include/arch/page.h, bootmap.h, entry.h and mmu.h there, tests/host/arch/test_entry.c; docs/porting.md, step 7",
         "arch_page_*,arch_boot_*,arch_mmu_*,arch_asid_*,arch_witness_*,describe_*,kernel_map_*"),
    Step("user copies", "copies from and to user memory are exact, and end at the byte that is refused",
         "A fault of the kernel's own copy does not come back to its fixup, or a copy is not exact.",
         "arch/include/arch/usercopy.h, arch/riscv/usercopy.S, arch/riscv/fixup.c; docs/porting.md, step 8",
         "arch_copy_*,arch_clear_*,arch_words_*"),
    Step("threads", "threads switch, frames begin as they should, a backtrace has names",
         "A switch loses a register or the stack, or frames are laid out otherwise than the assembly believes.",
         "arch/include/arch/context.h, frame.h and backtrace.h there, arch/riscv/switch.S; docs/porting.md, step 9",
         "arch_switch_*,arch_frame_*,arch_backtrace_*,arch_symbol_*"),
    Step("user mode", "programs run, their faults tell address, cause and PC, signals come and go",
         "The facts of a fault are read wrongly, or registers are lost on the way out of user mode or back.",
         "arch/riscv/trap.c, arch/riscv/entry.S, arch/include/arch/upcall.h, linux/arch/riscv/signal.c; docs/porting.md, step 10",
         "trap_*,arch_signal_*,arch_sigreturn_*,arch_regs_*,arch_fpregs_*"),
    Step("devices", "the drivers that the machine needs",
         "A driver does not find its device, or the device does not answer as it believes.",
         "drivers/probe.c, drivers/plic.c, the driver; docs/porting.md, step 11", "device_*"),
    Step("programs", "./run.sh: a program reads the console, writes to it, and its status comes back",
         "Input does not come by interrupts, or the machine does not end with the program's status.",
         "drivers/uart.c:uart_listen(), drivers/plic.c, base/power.c, tools/runner/board.py; docs/porting.md, step 12"),
)


def find(text):
    """Returns the index of a step by its number or name; None if there is none."""
    names = [step.name for step in STEPS]
    if text.isdigit():
        return int(text) - 1 if 1 <= int(text) <= len(STEPS) else None
    return names.index(text) if text in names else None
