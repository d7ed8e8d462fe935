/* SPDX-License-Identifier: MIT */
/* What the machine is for once the kernel is up: process 1, or the in-kernel tests. */
#pragma once

/* boot/init.c in the kernel proper, tests/kernel/main.c in the test kernel. => in a kernel thread; never returns */
void boot_payload(void) __attribute__((noreturn));
