/* SPDX-License-Identifier: MIT */
/* What the kernel says about the machine. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/faultline.h"

static inline uint64_t frames_free(void)
{
	struct faultline_machine machine;

	if (syscall(SYS_faultline, FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0) != 1)
		exit(91);
	return machine.free_frames;
}
