/* SPDX-License-Identifier: MIT */
/* A machine for each host test of mm, and a process: mm's variables start out once. */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake.h"
#include "mm/phys/memmap.h"

void memory_start(size_t nframes, const struct phys_range *reserved, unsigned nreserved)
{
	struct phys_range ram = { FAKE_PHYS_BASE, FAKE_PHYS_BASE + nframes * PAGE_SIZE };

	fake_arena_init(nframes);
	assert_int_equal(phys_init(&ram, 1, reserved, nreserved), 0);
}

/* In the child: the one test, its report on standard error. */
static void run_alone(void *fn)
{
	const struct CMUnitTest tests[] = {
		{ "alone", (CMUnitTestFunction)(uintptr_t)fn, NULL, NULL, NULL },
	};

	if (dup2(2, 1) < 0)
		_exit(2);
	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	exit(cmocka_run_group_tests_name("alone", tests, NULL, NULL) != 0);
}

void isolated_run(void **state)
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run_alone(*state);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (status != 0)
		fail_msg("it ended with status %#x; its report is on standard error",
			 (unsigned)status);
}
