/* SPDX-License-Identifier: MIT */
/* Ends processes. The end of process 1 is the end of the machine. */
#pragma once

struct process;

/*
 * Ends the running thread, and if it is the last one its process, with that status as wait4 packs it
 * (ABI_W_*), unless all threads have to end: then that has a status. Call with no lock held.
 */
void thread_exit(int status) __attribute__((noreturn));
/* Ends all threads of the running process. Waits for none: the last one does what is left to do. */
void process_exit(int status) __attribute__((noreturn));

/*
 * Called when process 1 has ended; never returns. Set during boot and not NULL from then on. status
 * is QEMU's exit status, 0 to 255.
 */
extern void (*machine_exit_hook)(int status);

/*
 * Called with a process that ends, when its descriptors and its memory have gone, and before its
 * parent is notified, if its `drives` is set: that it drives a device, perhaps. NULL until there are
 * such devices. It sleeps only for what the kernel itself does.
 */
extern void (*driver_exit_hook)(const struct process *process);
