/* SPDX-License-Identifier: MIT */
/* What the machine does once the kernel is up: run process 1, or the in-kernel tests. */
#pragma once

/* The kernel and the test kernel each define it. Runs in a kernel thread and never returns. */
void boot_payload(void) __attribute__((noreturn));
