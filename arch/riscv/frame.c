/* SPDX-License-Identifier: MIT */
/* A trap frame as text. */
#include "arch/frame.h"

#include "lib/bits.h"
#include "lib/format.h"

static const char names[31][4] = { "ra", "sp",	"gp",  "tp", "t0", "t1", "t2", "s0",
				   "s1", "a0",	"a1",  "a2", "a3", "a4", "a5", "a6",
				   "a7", "s2",	"s3",  "s4", "s5", "s6", "s7", "s8",
				   "s9", "s10", "s11", "t3", "t4", "t5", "t6" };

#define PER_LINE 4

void arch_frame_print(const struct trap_frame *frame, void (*emit)(const char *line))
{
	char line[120];
	size_t pos = 0;

	kappendf(line, sizeof(line), &pos, "pc  %016lx status %016lx cause %lu stval %016lx",
		 frame->pc, frame->status, frame->cause, frame->stval);
	emit(line);
	pos = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		kappendf(line, sizeof(line), &pos, "%-3s %016lx ", names[i], frame->x[i]);
		if (i % PER_LINE == PER_LINE - 1 || i == ARRAY_SIZE(names) - 1) {
			emit(line);
			pos = 0;
		}
	}
}
