/* SPDX-License-Identifier: MIT */
/* The fake machine's trap frame: nothing on the host makes one. */
#pragma once

#include "lib/types.h"

struct trap_frame {
	vaddr_t pc;
};

static inline vaddr_t frame_pc(const struct trap_frame *frame)
{
	return frame->pc;
}
