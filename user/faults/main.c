/* SPDX-License-Identifier: MIT */
/* /bin/faults: runs one or all of the programs that handle their own page faults. */
#include <stdio.h>
#include <string.h>

#include "faults.h"

static const struct {
	const char *name;
	void (*run)(struct faults_result *ret);
	const char *format; /* faults, then the two figures */
} programs[] = {
	{ "collector", collector_run,
	  "a copying collector beside its program: %ld faults, %ld collections, %ld cells copied" },
	{ "checkpoint", checkpoint_run,
	  "checkpoints of a program that goes on: %ld faults, %ld checkpoints, %ld pages saved" },
	{ "computed", computed_run,
	  "1 GiB of square roots: %ld faults, %ld roots asked for, %ld pages at most" },
	{ "segment", segment_run,
	  "a stack that a handler makes longer: %ld faults, %ld pages, %ld times at its limit" },
	{ "restore", restore_run,
	  "a saved image that comes when touched: %ld faults, %ld look-ups, %ld pages in it" },
	{ "migrate", migrate_run,
	  "a sort that moves to another process: %ld pages, %ld numbers, %ld steps before that" },
	{ "snapshot", snapshot_run,
	  "snapshots of a program by its thread: %ld faults, %ld snapshots, %ld pages saved" },
};

int main(int argc, char **argv)
{
	int status = argc > 2 ? 2 : 0, run = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]) && !status; i++) {
		struct faults_result result = { 0 };

		if (argc == 2 && strcmp(argv[1], programs[i].name) != 0)
			continue;
		programs[i].run(&result);
		printf(programs[i].format, result.faults, result.figures[0], result.figures[1]);
		printf(": %s\n", result.right ? "right" : "WRONG");
		status = result.right ? 0 : 1;
		run++;
	}
	if (run || status == 1)
		return status;
	fprintf(stderr,
		"usage: faults [collector|checkpoint|computed|segment|restore|migrate|snapshot]\n");
	return 2;
}
