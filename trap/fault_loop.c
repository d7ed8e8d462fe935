/* SPDX-License-Identifier: MIT */
/* Detects endless fault loops: the same fault again and again, with no other event in between. */
#include "trap/fault_loop.h"

#include "base/hart.h"
#include "base/panic.h"

#ifdef FAULTLINE_HARDENED

/* A fault may take several rounds (FILL, then COW), but never this many. */
#define TURNS_MAX 1000

/* Private to the hart. */
struct last_fault {
	vaddr_t pc, addr;
	unsigned access;
	unsigned turns;
	uint64_t events; /* number of other events on this hart */
};

static struct last_fault last[HART_MAX]; /* each is private to its hart */

void loop_check(vaddr_t pc, vaddr_t addr, unsigned access)
{
	struct hart *hart = hart_this();
	struct last_fault *fault = &last[hart->index];
	uint64_t events = hart->counters[HART_SYSCALLS] + hart->counters[HART_SWITCHES] +
			  hart->counters[HART_HANDLED];

	if (fault->pc == pc && fault->addr == addr && fault->access == access &&
	    fault->events == events) {
		if (++fault->turns > TURNS_MAX)
			panic("endless fault loop: pc %#lx address %#lx access %#x", pc, addr,
			      access);
		return;
	}
	*fault = (struct last_fault){ .pc = pc, .addr = addr, .access = access, .events = events };
}

#endif
