/* SPDX-License-Identifier: MIT */
/* The end of the machine, as those who decide it call it. */
#pragma once

/*
 * Process 1 is gone: set by boot, never NULL from then on. status: what QEMU exits with, 0 to 255.
 * Never returns.
 */
extern void (*machine_exit_hook)(int status);

void machine_exit(int status) __attribute__((noreturn));
