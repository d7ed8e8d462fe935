/* SPDX-License-Identifier: MIT */
/* A test in a process of its own: what it changes and how it ends is nothing to the others. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void (*isolated)(void);

static void run_isolated(void **state)
{
	(void)state;
	isolated();
}

/* In the child: the one test, its report on standard error. */
static _Noreturn void run_alone(void)
{
	const struct CMUnitTest tests[] = {
		{ "alone", run_isolated, NULL, NULL, NULL },
	};

	if (dup2(2, 1) < 0)
		_exit(2);
	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	exit(cmocka_run_group_tests_name("alone", tests, NULL, NULL) != 0);
}

void isolated_run(void (*fn)(void))
{
	int status = 0;
	pid_t child;

	isolated = fn;
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run_alone();
	assert_int_equal(child, waitpid(child, &status, 0));
	if (status != 0)
		fail_msg("it ended with status %#x; its report is on standard error",
			 (unsigned)status);
}
