/* SPDX-License-Identifier: MIT */
/* Makes a script that fails short: leaves out what it fails without. */
#include "shrink.h"

#include <ctype.h>
#include <string.h>

#include "world.h"

/* The shortest so far, what its failure is called, and how many tries are left. */
static struct script best;
static char kind[400];
static unsigned left;

/* A failure without its numbers; all that the model says is one kind. */
static void kind_of(const char *why, char *to)
{
	if (strncmp(why, "model:", 6) == 0)
		why = "model:";
	for (; *why; why++) {
		if (!isxdigit((unsigned char)*why))
			*to++ = *why;
	}
	*to = 0;
}

/* Is run->script as good as the best? Then it is the best. */
static bool try_it(struct run *run)
{
	char now[sizeof(kind)];

	if (!left)
		return false;
	left--;
	if (run_script_apart(run, false))
		return false;
	kind_of(run->why, now);
	if (strcmp(now, kind) != 0)
		return false;
	best = run->script;
	return true;
}

static bool try_without(struct run *run, size_t first, size_t n)
{
	run->script = best;
	memmove(&run->script.op[first], &run->script.op[first + n],
		(best.count - first - n) * sizeof(struct op));
	run->script.count -= n;
	return try_it(run);
}

/* Leaves out pieces of n, from the end on. */
static bool without_pieces(struct run *run, size_t n)
{
	bool better = false;

	for (size_t end = best.count; end > 0 && left;) {
		size_t first = end > n ? end - n : 0;

		better |= try_without(run, first, end - first);
		end = first < best.count ? first : best.count;
	}
	return better;
}

static void leave_out(struct run *run)
{
	for (size_t n = best.count / 2; n > 1 && left; n /= 2)
		without_pieces(run, n);
	while (left && without_pieces(run, 1))
		;
}

static bool try_number(struct run *run, size_t i, int *number, int value)
{
	size_t offset = (size_t)((char *)number - (char *)&best);

	(void)i;
	run->script = best;
	memcpy((char *)&run->script + offset, &value, sizeof(value));
	return try_it(run);
}

/* Nearer to nothing. */
static void lower(struct run *run, size_t i, int *number)
{
	if (*number <= 0 || try_number(run, i, number, 0))
		return;
	while (*number > 1 && left && try_number(run, i, number, *number / 2))
		;
	if (*number > 1)
		try_number(run, i, number, *number - 1);
}

/* What runs at a pause, by itself: then the operation that it interrupts may go. */
static void free_nested(struct run *run)
{
	for (size_t i = 0; i < best.count && left; i++) {
		if (!best.op[i].at)
			continue;
		run->script = best;
		run->script.op[i].at = 0;
		try_it(run);
	}
}

static void rename_space(struct op *op, int from)
{
	const struct verb_words *words = &verb_words[op->verb];

	for (unsigned a = 0; a < OP_ARGS && words->arg[a]; a++) {
		if (strcmp(words->arg[a], "space") == 0 && op->arg[a] == from)
			op->arg[a] = 0;
	}
}

/* All that is done in another space, in the first: then the forks that lead there may go. */
static void in_first_space(struct run *run)
{
	for (int space = 1; space < (int)SPACES && left; space++) {
		run->script = best;
		for (size_t i = 0; i < best.count; i++)
			rename_space(&run->script.op[i], space);
		try_it(run);
	}
}

/* Tries all in one space, without what makes and ends spaces: none of the others may do alone. */
static void in_one_space(struct run *run)
{
	size_t count = 0;

	run->script = best;
	for (size_t i = 0; i < best.count; i++) {
		struct op op = best.op[i];

		if (op.verb == OP_FORK || op.verb == OP_EXIT || op.verb == OP_STRIP)
			continue;
		for (int space = 1; space < (int)SPACES; space++)
			rename_space(&op, space);
		run->script.op[count++] = op;
	}
	run->script.count = count;
	if (count < best.count)
		try_it(run);
}

static void lower_all(struct run *run)
{
	for (size_t i = 0; i < best.count && left; i++) {
		struct op *op = &best.op[i];

		for (unsigned a = 0; a < OP_ARGS && verb_words[op->verb].arg[a]; a++)
			lower(run, i, &op->arg[a]);
		if (!op->fail)
			continue;
		run->script = best;
		run->script.op[i].fail = 0;
		try_it(run);
	}
}

bool shrink(struct run *run, unsigned runs)
{
	char why[sizeof(run->why)];

	left = runs;
	best = run->script;
	kind_of(run->why, kind);
	memcpy(why, run->why, sizeof(why));
	if (!try_it(run)) {
		run->script = best;
		memcpy(run->why, why, sizeof(why));
		return false;
	}
	leave_out(run);
	free_nested(run);
	in_first_space(run);
	in_one_space(run);
	leave_out(run);
	lower_all(run);
	leave_out(run);
	run->script = best;
	left = 1;
	try_it(run);
	run->script = best;
	return true;
}
