/* SPDX-License-Identifier: MIT */
/* The end of the machine, as those who decide it call it. */
#include "proc/machine.h"

#include "lib/assert.h"

void (*machine_exit_hook)(int status);

void machine_exit(int status)
{
	assert(machine_exit_hook);
	machine_exit_hook(status);
	assert_unreachable();
}
