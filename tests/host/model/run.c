/* SPDX-License-Identifier: MIT */
/* Runs scripts and random sequences, here or in a process that may die of it. */
#include "run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "busy.h"
#include "counts.h"
#include "generate.h"
#include "peek.h"
#include "shared.h"
#include "world.h"

#define EPISODE_STEPS 1000
#define CHECK_EVERY   200
#define SHORT_SCRIPT  64 /* checked after each operation */
#define SECONDS_MAX   5

/* Operations that stand at the pauses of the one at `i`. */
static size_t nested_after(const struct script *script, size_t i)
{
	size_t n = 0;

	while (i + 1 + n < script->count && script->op[i + 1 + n].at)
		n++;
	return n;
}

unsigned run_script(const struct script *script, size_t every, size_t op)
{
	unsigned pauses = 0;

	world_begin(script->soft, script->woven);
	for (size_t i = 0, n = 0; i < script->count; n++) {
		size_t nested = nested_after(script, i);

		run_op(&script->op[i], &script->op[i + 1], nested);
		pauses = i == op ? last_pauses() : pauses;
		i += 1 + nested;
		if (every && n % every == every - 1)
			peek_check();
	}
	peek_check();
	world_end();
	return pauses;
}

static void run_episode(struct script *script, uint64_t seed, uint64_t steps)
{
	generate_seed(seed, script->woven);
	script->count = 0;
	world_begin(script->soft, script->woven);
	for (uint64_t n = 1; n <= steps; n++) {
		struct op *op = &script->op[script->count];
		size_t count = generate(op, SCRIPT_MAX - script->count);

		script->count += count;
		run_op(op, op + 1, count - 1);
		counts.steps++;
		if (n % CHECK_EVERY == 0)
			peek_check();
	}
	peek_check();
	world_end();
}

void run_random(struct run *run, uint64_t seed, uint64_t steps)
{
	for (uint64_t episode = 0; steps; episode++) {
		uint64_t n = steps < EPISODE_STEPS ? steps : EPISODE_STEPS;

		run->script.soft = (seed + episode) % 2;
		run->script.woven = (seed + episode) % 8 >= 6;
		run_episode(&run->script, seed * 1000003 + episode, n);
		steps -= n;
	}
}

struct run *run_shared(void)
{
	return shared_memory(sizeof(struct run));
}

/* The line that tells what happened: the first with a colon. */
static void note_why(struct run *run, FILE *err, bool loud)
{
	char line[sizeof(run->why)];

	rewind(err);
	while (fgets(line, sizeof(line), err)) {
		if (loud)
			fprintf(stderr, "%s", line);
		line[strcspn(line, "\n")] = 0;
		if (!*run->why && strchr(line, ':'))
			snprintf(run->why, sizeof(run->why), "%s", line);
	}
}

static void child(struct run *run, void (*fn)(struct run *run, void *arg), void *arg,
		  unsigned seconds, int err, bool loud)
{
	if (dup2(err, 2) < 0)
		_exit(2);
	alarm(seconds);
	fn(run, arg);
	fflush(NULL);
	if (!loud)
		_exit(0); /* one of many tries: nobody asks for leaks */
	exit(0);
}

bool run_apart(struct run *run, void (*fn)(struct run *run, void *arg), void *arg, unsigned seconds,
	       bool loud)
{
	FILE *err = tmpfile();
	int status = 0;
	pid_t pid;

	fflush(NULL);
	run->why[0] = 0;
	pid = err ? fork() : -1;
	if (pid < 0)
		abort();
	if (pid == 0)
		child(run, fn, arg, seconds, fileno(err), loud);
	waitpid(pid, &status, 0);
	if (status)
		note_why(run, err, loud);
	if (status && !run->why[0])
		snprintf(run->why, sizeof(run->why), "status: %#x%s", (unsigned)status,
			 WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? ", too slow" : "");
	fclose(err);
	return status == 0;
}

static void run_it(struct run *run, void *arg)
{
	(void)arg;
	run_script(&run->script, run->script.count <= SHORT_SCRIPT ? 1 : CHECK_EVERY, 0);
}

bool run_script_apart(struct run *run, bool loud)
{
	return run_apart(run, run_it, NULL, SECONDS_MAX, loud);
}
