/* SPDX-License-Identifier: MIT */
/* Random and written sequences of operations on mm, against the model: the test's command line. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"
#include "points.h"
#include "run.h"
#include "shrink.h"
#include "world.h"

#define SHRINK_RUNS  1500
#define STEPS_A_SEED 115000

static const char usage[] =
	"usage: test-mm-model [--seed N] [--steps N] [--floors FILE] [--plant RULE] [--shrink RUNS]\n"
	"       test-mm-model --replay FILE...\n"
	"       test-mm-model --scenes | --woven STEP | --shrinker\n"
	"RULE is one that the model forgets: drop, brk, protect, truncate, remap, lock, fork, punch.\n";

struct random_run {
	uint64_t seed, steps;
	const char *floors;
	unsigned shrink; /* how many runs that may take */
};

static void run_seed(struct run *run, void *arg)
{
	const struct random_run *what = arg;

	run_random(run, what->seed, what->steps);
	counts_print();
	printf("# stats: seed %" PRIu64 ", %" PRIu64 " steps, %" PRIu64 " episodes, %" PRIu64
	       " pauses\n",
	       what->seed, counts.steps, counts.episodes, counts.pauses);
	if (what->floors && counts_below(what->floors)) {
		fflush(stdout); /* which */
		failed("figures fell below %s", what->floors);
	}
}

/* The shrunken script is the report. */
static void report(struct run *run, unsigned runs)
{
	printf("# %s\n", run->why);
	if (!shrink(run, runs))
		printf("# the sequence does not fail by itself; whole:\n");
	printf("# replay this with --replay, without \"# \" (it fails with: %s):\n", run->why);
	script_print(&run->script);
}

static int random_seed(struct random_run *what)
{
	struct run *run = run_shared();
	bool good;

	printf("1..1\n");
	good = run_apart(run, run_seed, what, 3600, true);
	if (!good)
		report(run, what->shrink);
	fflush(NULL);
	printf("%s 1 - seed %" PRIu64 "\n", good ? "ok" : "not ok", what->seed);
	return !good;
}

static int replay(char *const *paths, int n)
{
	struct run *run = run_shared();
	int bad = 0;

	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		const char *slash = strrchr(paths[i], '/');
		FILE *file = fopen(paths[i], "r");
		unsigned line = file ? script_parse(file, &run->script) : 1;
		bool good = !line && run_script_apart(run, true);

		if (file)
			fclose(file);
		if (line)
			printf("# line %u is no operation\n", line);
		else if (!good)
			printf("# %s\n", run->why);
		printf("%s %d - %s\n", good ? "ok" : "not ok", i + 1, slash ? slash + 1 : paths[i]);
		bad |= !good;
	}
	return bad;
}

static enum plant plant_of(const char *name)
{
	for (unsigned i = 0; i < PLANTS; i++) {
		if (strcmp(name, plant_names[i]) == 0)
			return i;
	}
	fputs(usage, stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", 1, NULL, 's' },     { "steps", 1, NULL, 'n' },
		{ "floors", 1, NULL, 'f' },   { "plant", 1, NULL, 'p' },
		{ "replay", 0, NULL, 'r' },   { "scenes", 0, NULL, 'P' },
		{ "shrinker", 0, NULL, 'S' }, { "woven", 1, NULL, 'w' },
		{ "shrink", 1, NULL, 'k' },   { NULL, 0, NULL, 0 },
	};
	struct random_run what = { .seed = 1, .steps = STEPS_A_SEED, .shrink = SHRINK_RUNS };
	int c;

	world_boot();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			what.seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			what.steps = strtoull(optarg, NULL, 0);
			break;
		case 'f':
			what.floors = optarg;
			break;
		case 'p':
			plant = plant_of(optarg);
			break;
		case 'k':
			what.shrink = (unsigned)atoi(optarg);
			break;
		case 'r':
			return replay(argv + optind, argc - optind);
		case 'P':
			return points_of_scenes();
		case 'w':
			return points_of_woven((unsigned)MAX(atoi(optarg), 1));
		case 'S':
			return points_of_shrinker();
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	return random_seed(&what);
}
