/* SPDX-License-Identifier: MIT */
/* R130, R131. Programs that have as much as they may of what the kernel counts, searches or walks. */

/*
 * holds CASE...: runs each case in a child. How long the kernel kept the hart meanwhile, it says
 * itself at its end: tests/system/holds.py.
 */

#include "../../user/t.h"

#include <stdbool.h>

static void check(bool right, const char *what)
{
	if (right)
		return;
	say("# %s: %s\n", what, strerror(errno));
	_exit(1);
}

#define MUST(call) check((call) >= 0, #call)

/* Waits for the children, which all must end well. */
static void bury_all(void)
{
	int status;

	while (wait(&status) > 0)
		check(status == 0, "a child");
}

/* ---- sparse: pages of a file, each with a path of its own in the index ---- */

#define SPARSE_PAGES 40

static void sparse(void)
{
	int file = memfd_create("sparse", 0);

	MUST(ftruncate(file, 1L << 62));
	for (long i = 0; i < SPARSE_PAGES; i++)
		MUST(pwrite(file, "x", 1, i * ((1L << 62) / SPARSE_PAGES) + (i * 977 << 12)));
	MUST(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1L << 61, 1L << 61));
	MUST(ftruncate(file, 0));
}

/* ---- all of them ---- */

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "sparse", sparse },
};

static bool run_case(const char *name)
{
	int status = 1;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(name, cases[i].name) != 0)
			continue;
		if (fork() == 0) {
			cases[i].run();
			bury_all();
			_exit(0);
		}
		wait(&status);
	}
	say("%s: %s\n", name, status == 0 ? "done" : "failed");
	return status == 0;
}

int main(int argc, char **argv)
{
	bool done = true;

	for (int i = 1; i < argc; i++)
		done &= run_case(argv[i]);
	return !done;
}
