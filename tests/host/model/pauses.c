/* SPDX-License-Identifier: MIT */
/* Every verb stopped at each of its pauses, and every wait, with work of every kind and a kill there. */
#include <stdlib.h>
#include <string.h>

#include "busy.h"
#include "counts.h"
#include "points.h"
#include "run.h"
#include "scenes.h"
#include "shrink.h"

/* Up to here everything happens at each pause; behind it one thing in RARER. */
#define PAUSES_WHOLE	  5u
#define PAUSES_WHOLE_SWAP 2u
#define RARER		  16u
#define RUNS_LEAST	  20000u
#define MOVING_LEAST	  6u
#define POINTS_LEAST	  10u /* of what is woven */
#define SHRINK_RUNS	  300
#define TEXT_MAX	  4096

static void parse(struct script *script, const char *setup, unsigned at, const char *meanwhile)
{
	char text[TEXT_MAX];
	int n = snprintf(text, sizeof(text), "%s", setup);
	FILE *file;

	if (at)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "@%u %s\n", at, meanwhile);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "%s", scene_afterwards);
	file = fmemopen(text, (size_t)n, "r");
	if (!file || n >= TEXT_MAX || script_parse(file, script))
		failed("not a script:\n%s", text);
	fclose(file);
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void stop_at(struct run *run, const struct scene *scene, size_t last, unsigned at)
{
	unsigned whole = scene_has_swap(scene) ? PAUSES_WHOLE_SWAP : PAUSES_WHOLE;
	unsigned step = at <= whole ? 1 : RARER;

	for (unsigned i = at % step; i < scene_meanwhile_count(scene); i += step, run->runs++) {
		parse(&run->script, scene->setup, at, scene_meanwhile[i]);
		run->script.soft = (i + at) % 2;
		run_script(&run->script, 0, last);
	}
}

/* As stop_at(), with what is woven. */
static void weave_at(struct run *run, const struct scene *scene, size_t last, unsigned at,
		     unsigned step)
{
	for (unsigned i = at % step; i < scene_meanwhile_count(scene); i += step, run->runs++) {
		parse(&run->script, scene->setup, at, scene_meanwhile[i]);
		run->script.soft = (i + at) % 2;
		run->script.woven = true;
		run_script(&run->script, 0, last);
	}
}

/* One scene: how many pauses it has; then with each thing that can happen, at each of them. */
static void play(struct run *run, void *arg)
{
	const struct scene *scene = arg;
	size_t last = lines_of(scene->setup) - 1;
	unsigned pauses;

	parse(&run->script, scene->setup, 0, NULL);
	pauses = run_script(&run->script, 0, last);
	if (pauses < scene->least)
		failed("it pauses %u times, not %u", pauses, scene->least);
	for (unsigned at = 1; at <= MIN(pauses, 255u); at++)
		stop_at(run, scene, last, at);
	run->pauses += pauses;
	run->moving += (unsigned)counts.way[WAY_MOVING];
}

static unsigned weave_step;

static bool is_woven(struct script *script, const struct scene *scene)
{
	if (!scene_has_swap(scene))
		return false;
	parse(script, scene->setup, 0, NULL);
	return busy_is_woven(script->op[lines_of(scene->setup) - 1].verb);
}

static void weave(struct run *run, void *arg)
{
	const struct scene *scene = arg;
	size_t last = lines_of(scene->setup) - 1;
	unsigned points;

	parse(&run->script, scene->setup, 0, NULL);
	run->script.woven = true;
	points = run_script(&run->script, 0, last);
	if (points < POINTS_LEAST)
		failed("it has %u points, not %u", points, POINTS_LEAST);
	for (unsigned at = 1; at <= MIN(points, 255u); at++)
		weave_at(run, scene, last, at, weave_step);
	run->pauses += points;
}

/* One in a process of its own. Returns 0, or 1 after a report. */
static int play_apart(struct run *run, void (*fn)(struct run *run, void *arg), unsigned i,
		      unsigned number)
{
	bool good = run_apart(run, fn, (void *)(uintptr_t)&scenes[i], 3000, true);

	if (!good) {
		printf("# %s\n", run->why);
		shrink(run, SHRINK_RUNS);
		script_print(&run->script);
	}
	printf("%s %u - %s\n", good ? "ok" : "not ok", number, scenes[i].name);
	return !good;
}

int points_of_woven(unsigned step)
{
	struct run *run = run_shared();
	unsigned n = 0;
	int bad = 0;

	weave_step = step;
	for (unsigned i = 0; scenes[i].name; i++) {
		if (is_woven(&run->script, &scenes[i]))
			bad |= play_apart(run, weave, i, ++n);
	}
	printf("1..%u\n", n);
	printf("# stats: %u operations stopped at %u points, %u runs\n", n, run->pauses, run->runs);
	return bad;
}

int points_of_scenes(void)
{
	struct run *run = run_shared();
	int bad = 0;
	unsigned n = 0;

	while (scenes[n].name)
		n++;
	printf("1..%u\n", n);
	for (unsigned i = 0; i < n; i++)
		bad |= play_apart(run, play, i, i + 1);
	printf("# stats: %u verbs and waits stopped %u times, %u runs, %u looks at moving pages\n",
	       n, run->pauses, run->runs, run->moving);
	if (run->runs < RUNS_LEAST || run->moving < MOVING_LEAST) {
		printf("not ok %u - fewer than %u runs, or %u looks\n", n + 1, RUNS_LEAST,
		       MOVING_LEAST);
		bad = 1;
	}
	return bad;
}
