/* SPDX-License-Identifier: MIT */
/* The end of a process; that of process 1 is the end of the machine. */
#pragma once

/* Ends the running process; status as wait4 packs it (ABI_W_*). => no lock held */
void process_exit(int status) __attribute__((noreturn));

/*
 * Process 1 is gone: set by boot, never NULL from then on. status: what QEMU exits with, 0 to 255.
 * Never returns.
 */
extern void (*machine_exit_hook)(int status);
