/* SPDX-License-Identifier: MIT */
/* A stop of the core's tour: after fork() both have one frame; who writes first gets a copy, the other what is left. */
#include "abi/faultline.h"
#include "core/core.h"

int main(int argc, char **argv, char **envp)
{
	volatile char *memory = new_memory(1);
	int status = -1;
	long pid;

	(void)argc, (void)argv, (void)envp;
	tour_title(
		"copy-on-write",
		"A child of fork() writes to a page that it shares with its parent, and then the parent does.");
	*memory = 'a';
	pid = sys_fork();
	if (pid == 0) {
		*memory = 'b';
		check("the child's write was a COW",
		      fault_at(memory) == FAULTLINE_COW && *memory == 'b', "yes");
		check("COW faults of the child", faults(FAULTLINE_COW, memory, 1) == 1,
		      digits(faults(FAULTLINE_COW, memory, 1)));
		sys_exit(0);
	}
	check("the child was waited for", sys_wait4(pid, &status, 0) == pid && status == 0, "yes");
	check("the parent has its own byte", *memory == 'a', "yes");
	*memory = 'c';
	check("the parent's write was a REUSE: nothing is copied",
	      fault_at(memory) == FAULTLINE_REUSE, "yes");
	check("REUSE faults of the parent", faults(FAULTLINE_REUSE, memory, 1) == 1,
	      digits(faults(FAULTLINE_REUSE, memory, 1)));
	return 0;
}
