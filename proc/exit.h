/* SPDX-License-Identifier: MIT */
/* Hooks at the end of a process, for drivers and for the boot. */
#pragma once

struct process;

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
