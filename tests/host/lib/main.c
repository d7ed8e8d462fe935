/* SPDX-License-Identifier: MIT */
/* The main program of host tests: runs what TEST() has registered. */
#include <stdlib.h>
#include <string.h>

#include "test.h"

const char *test_argument;

static const struct host_test *current;

static void run_current(void)
{
	if (test_setup)
		test_setup();
	current->run();
}

static void run_one(void **state)
{
	current = *state;
	isolated_run(run_current);
}

/* The compiler may have changed the order. */
static int by_line(const void *a, const void *b)
{
	const struct host_test *const *x = a, *const *y = b;

	return (int)(*x)->line - (int)(*y)->line;
}

int main(int argc, char **argv)
{
	size_t n = (size_t)(__stop_host_tests - __start_host_tests);
	const struct host_test **sorted = calloc(n, sizeof(struct host_test *));
	struct CMUnitTest *tests = calloc(n, sizeof(*tests));
	const char *slash = strrchr(argv[0], '/');
	int failed;

	if (!sorted || !tests)
		return 2;
	test_argument = argc > 1 ? argv[1] : NULL;
	memcpy(sorted, __start_host_tests, n * sizeof(struct host_test *));
	qsort(sorted, n, sizeof(struct host_test *), by_line);
	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ sorted[i]->name, run_one, NULL, NULL,
						(void *)(uintptr_t)sorted[i] };
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = _cmocka_run_group_tests(slash ? slash + 1 : argv[0], tests, n, NULL, NULL);
	free(sorted);
	free(tests);
	return failed;
}
