/* SPDX-License-Identifier: MIT */
/* What the machine does once the kernel is up: run process 1, or the in-kernel tests. */
#pragma once

#include "lib/types.h"

/* What each image has one of. Runs in a kernel thread and never returns. */
void boot_payload(void) __attribute__((noreturn));

/* With fewer bytes of memory, the image does not start: its archive would not fit between firmware, image and device tree. */
extern const uint64_t payload_ram_least;
