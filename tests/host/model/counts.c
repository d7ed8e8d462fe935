/* SPDX-License-Identifier: MIT */
/* What a run has done, counted: for the report, and for the floors that keep it from falling. */
#include "counts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct counts counts;

static const char *const retry_names[RETRY_REASONS] = {
	[RETRY_VMA] = "vma",	   [RETRY_ENTRY] = "entry", [RETRY_SOURCE] = "source",
	[RETRY_TABLES] = "tables", [RETRY_RACE] = "race",
};

static const char *const way_names[WAYS] = {
	[WAY_REMAP_MOVE] = "remap-move",
	[WAY_REMAP_OVER] = "remap-over",
	[WAY_REMAP_KEEP] = "remap-keep",
	[WAY_REMAP_AGAIN] = "remap-again",
	[WAY_REMAP_GROW] = "remap-grow",
	[WAY_REMAP_SHRINK] = "remap-shrink",
	[WAY_REMAP_STACK] = "remap-stack",
	[WAY_REMAP_REFUSED] = "remap-refused",
	[WAY_MOVING] = "moving",
	[WAY_SHARED_WRITE] = "shared-write",
	[WAY_SHARED_BUS] = "shared-bus",
	[WAY_LOCK] = "lock",
	[WAY_LOCK_REFUSED] = "lock-refused",
	[WAY_KEPT_LOCKED] = "kept-locked",
	[WAY_NO_CHILD] = "no-child",
	[WAY_WIPED] = "wiped",
	[WAY_PUNCH] = "punch",
	[WAY_ALLOCATE] = "allocate",
};

static const char *const swap_names[SWAP_WAYS] = {
	[SWAP_WRITTEN] = "written",
	[SWAP_READ] = "read",
	[SWAP_WRITE_ERROR] = "write-error",
	[SWAP_READ_ERROR] = "read-error",
	[SWAP_CLUSTER] = "cluster",
	[SWAP_OVERTAKEN] = "overtaken",
	[SWAP_FULL] = "full",
	[SWAP_BUS] = "bus",
	[SWAP_AGAIN] = "again",
	[SWAP_COW] = "cow",
	[SWAP_FORKED] = "forked",
	[SWAP_OBJECT] = "object",
	[SWAP_FILE] = "file",
	[SWAP_PRIVATE] = "private",
	[SWAP_ON] = "on",
	[SWAP_OFF] = "off",
	[SWAP_OFF_BUSY] = "off-busy",
	[SWAP_OFF_ERROR] = "off-error",
};

void counts_of_space(const struct space *space)
{
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		counts.kind[i] += space->stats.kind[i];
	for (unsigned i = 0; i < RETRY_REASONS; i++)
		counts.retry[i] += space->stats.retry[i];
}

/* Calls fn for each figure. */
static void each(void (*fn)(const char *name, uint64_t n, void *arg), void *arg)
{
	char name[64];

	fn("steps", counts.steps, arg);
	fn("episodes", counts.episodes, arg);
	fn("pauses", counts.pauses, arg);
	fn("points", counts.points, arg);
	fn("waits.disk", counts.waits_disk, arg);
	fn("waits.busy", counts.waits_busy, arg);
	fn("waits.early", counts.early, arg);
	fn("killed", counts.killed, arg);
	fn("no-memory", counts.out_of_memory, arg);
	fn("refused", counts.refused, arg);
	fn("checks", counts.checks, arg);
	for (unsigned i = 0; i < OP_VERBS; i++) {
		snprintf(name, sizeof(name), "op.%s", verb_words[i].name);
		fn(name, counts.op[i], arg);
	}
	for (unsigned i = 0; i < OP_VERBS; i++) {
		snprintf(name, sizeof(name), "paused.%s", verb_words[i].name);
		fn(name, counts.nested[i], arg);
	}
	for (unsigned i = 0; i < FAULT_KINDS; i++) {
		snprintf(name, sizeof(name), "kind.%s", fault_kind_name(i));
		if (i != FAULT_USER_WP) /* the model has no userfault */
			fn(name, counts.kind[i], arg);
	}
	for (unsigned i = 0; i < RETRY_REASONS; i++) {
		snprintf(name, sizeof(name), "retry.%s", retry_names[i]);
		fn(name, counts.retry[i], arg);
	}
	for (unsigned i = 0; i < WAYS; i++) {
		snprintf(name, sizeof(name), "way.%s", way_names[i]);
		fn(name, counts.way[i], arg);
	}
	for (unsigned i = 0; i < SWAP_WAYS; i++) {
		snprintf(name, sizeof(name), "swap.%s", swap_names[i]);
		fn(name, counts.swap[i], arg);
	}
	for (unsigned i = 0; i < OP_VERBS; i++) {
		snprintf(name, sizeof(name), "out.%s", verb_words[i].name);
		fn(name, counts.out[i], arg);
	}
}

/* A line for each group: what is before the point. */
static void print_one(const char *name, uint64_t n, void *arg)
{
	char *last = arg;
	int group = (int)strcspn(name, ".");

	if (!name[group] || strncmp(last, name, (size_t)group + 1) != 0)
		printf("%s# %.*s:", *last ? "\n" : "", group, name);
	if (n && name[group])
		printf(" %s %" PRIu64, name + group + 1, n);
	else if (!name[group])
		printf(" %" PRIu64, n);
	snprintf(last, 64, "%s", name);
}

void counts_print(void)
{
	char last[64] = "";

	each(print_one, last);
	printf("\n");
}

#define FLOORS_MAX 100

struct floor {
	char name[64]; /* of one figure, or with a dot at its end of all that begin so */
	uint64_t least;
	bool known;
};

struct floors {
	struct floor floor[FLOORS_MAX];
	unsigned count, below;
};

/* false: more lines than there is room for */
static bool read_floors(FILE *file, struct floors *floors)
{
	char line[160];

	while (fgets(line, sizeof(line), file)) {
		struct floor *floor = &floors->floor[floors->count];

		if (floors->count == FLOORS_MAX)
			return false;
		if (*line != '#' && sscanf(line, "%63s %" SCNu64, floor->name, &floor->least) == 2)
			floors->count++;
	}
	return true;
}

static bool is_for(const struct floor *floor, const char *name)
{
	size_t length = strlen(floor->name);

	return floor->name[length - 1] == '.' && strncmp(floor->name, name, length) == 0;
}

/* The floor of a figure, or else that of its group. */
static struct floor *floor_of(struct floors *floors, const char *name)
{
	struct floor *group = NULL;

	for (unsigned i = 0; i < floors->count; i++) {
		if (strcmp(floors->floor[i].name, name) == 0)
			return &floors->floor[i];
		if (is_for(&floors->floor[i], name))
			group = &floors->floor[i];
	}
	return group;
}

static void compare_one(const char *name, uint64_t n, void *arg)
{
	struct floors *floors = arg;
	struct floor *floor = floor_of(floors, name);

	if (floor)
		floor->known = true;
	if (floor && n >= floor->least)
		return;
	if (floor)
		printf("# %s: %" PRIu64 ", fewer than %" PRIu64 "\n", name, n, floor->least);
	else
		printf("# %s: no floor\n", name);
	floors->below++;
}

unsigned counts_below(const char *path)
{
	static struct floors floors;
	FILE *file = fopen(path, "r");
	bool all = file && read_floors(file, &floors);

	if (file)
		fclose(file);
	if (!all) {
		printf("# %s can't be read\n", path);
		return 1;
	}
	each(compare_one, &floors);
	for (unsigned i = 0; i < floors.count; i++) {
		if (!floors.floor[i].known) {
			printf("# %s: no such figure\n", floors.floor[i].name);
			floors.below++;
		}
	}
	return floors.below;
}
