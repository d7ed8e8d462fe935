/* SPDX-License-Identifier: MIT */
/* What the machine does once the kernel is up: run process 1, or the in-kernel tests. */
#pragma once

/*
 * Defined by boot/init.c in the kernel proper and by tests/kernel/main.c in the test kernel. Runs
 * in a kernel thread and never returns.
 */
void boot_payload(void) __attribute__((noreturn));
