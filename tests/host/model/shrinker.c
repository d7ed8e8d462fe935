/* SPDX-License-Identifier: MIT */
/* Proves the shrinker: the model forgets a rule, and a short script must say which. */
#include "points.h"
#include "run.h"
#include "shrink.h"
#include "world.h"

#define STEPS	20000
#define RUNS	200
#define LONGEST 6 /* operations of the shrunken script */

static void run_some(struct run *run, void *arg)
{
	(void)arg;
	run_random(run, 1, STEPS);
}

/* NULL, or what went wrong. */
static const char *prove(struct run *run)
{
	if (run_apart(run, run_some, NULL, 120, false))
		return "the rule was not missed";
	if (!shrink(run, RUNS))
		return "the sequence does not fail by itself";
	if (run->script.count > LONGEST)
		return "the script is too long";
	if (run_script_apart(run, false))
		return "the script does not fail";
	plant = PLANT_NONE;
	return run_script_apart(run, true) ? NULL : "it fails with the rule, too";
}

int points_of_shrinker(void)
{
	struct run *run = run_shared();
	int bad = 0;

	printf("1..%d\n", PLANTS - 1);
	for (unsigned p = 1; p < PLANTS; p++) {
		const char *what;

		plant = p;
		what = prove(run);
		printf("# without the rule \"%s\": %zu operations\n", plant_names[p],
		       run->script.count);
		script_print(&run->script);
		if (what)
			printf("# %s: %s\n", what, run->why);
		printf("%s %u - %s\n", what ? "not ok" : "ok", p, plant_names[p]);
		bad |= what != NULL;
	}
	return bad;
}
