/* SPDX-License-Identifier: MIT */
/* The steps: which there are, what is left out, and children that take some of their own. */
#include "vm_fuzz.h"

#define MOST_DEPTH 2u

static const struct {
	void (*run)(void);		    /* NULL: fork */
	unsigned char weight, wide, faults; /* the last: as well, with that word */
} steps[] = {
	{ do_touch, 90, 50, 0 },    { do_mmap, 30, 12, 0 },   { do_munmap, 10, 12, 0 },
	{ do_mprotect, 22, 16, 0 }, { do_mremap, 24, 16, 0 }, { do_madvise, 24, 40, 0 },
	{ do_msync, 4, 1, 0 },	    { do_mincore, 8, 2, 0 },  { do_lock, 8, 6, 0 },
	{ do_lock_all, 2, 1, 0 },   { do_brk, 6, 1, 0 },      { do_fetch, 5, 1, 0 },
	{ do_copy, 24, 20, 0 },	    { do_pipe, 8, 12, 0 },    { do_size, 9, 2, 0 },
	{ do_seal, 1, 0, 0 },	    { do_memfd, 2, 1, 0 },    { do_sweep, 0, 50, 0 },
	{ do_renew, 0, 30, 0 },	    { do_uffd, 0, 0, 1 },     { do_register, 0, 0, 40 },
	{ do_unregister, 0, 0, 8 }, { do_give, 0, 0, 40 },    { do_poison, 0, 0, 6 },
	{ do_move, 0, 0, 24 },	    { NULL, 8, 16, 0 },
};
#define NSTEPS (sizeof(steps) / sizeof(steps[0]))

bool is_child;
static const struct plan *plan;

static bool left_out(uint64_t path)
{
	for (unsigned i = 0; i < plan->nleft_subs; i++)
		if (plan->left_subs[i] == path)
			return true;
	return false;
}

static void fork_at(uint64_t path, unsigned depth);

static void step(uint64_t path, unsigned depth)
{
	unsigned char weights[NSTEPS];
	void (*run)(void);

	for (unsigned i = 0; i < NSTEPS; i++)
		weights[i] = (unsigned char)((wide ? steps[i].wide : steps[i].weight) +
					     (faults ? steps[i].faults : 0));
	if (depth == MOST_DEPTH)
		weights[NSTEPS - 1] = 0;
	chance_begin(plan->seed, path);
	tally_step(path);
	run = steps[pick(weights, NSTEPS)].run;
	if (run)
		run();
	else
		fork_at(path, depth);
}

static void sub_steps(uint64_t path, unsigned depth, unsigned first, unsigned n)
{
	for (unsigned k = first; k < first + n; k++) {
		uint64_t sub = SUB_PATH(path, depth + 1, k);

		if (!left_out(sub))
			step(sub, depth + 1);
	}
	tally_step(path);
}

struct parts {
	unsigned childs, parents, last; /* steps of each, one after the other */
	bool looks;
	int status;
};

static void child(uint64_t path, unsigned depth, const struct parts *parts, int done, int go)
{
	char c = 0;

	is_child = true;
	arena_fork();
	faults_fork();
	if (read(go, &c, 1) != 1)
		_exit(95);
	sub_steps(path, depth, 1, parts->childs);
	if (write(done, &c, 1) != 1 || read(go, &c, 1) != 1)
		_exit(95);
	sub_steps(path, depth, 1 + parts->childs + parts->parents, parts->last);
	if (parts->looks)
		do_look();
	else if (wide)
		do_glance();
	_exit(parts->status);
}

/* A child takes some steps, then the parent, then the child again, so that each sees what the other has done. */
static void fork_at(uint64_t path, unsigned depth)
{
	struct parts parts = { rnd(6), rnd(4), rnd(6), one_in(wide ? 12 : 3), (int)rnd(90) };
	int done[2], go[2], status = 0;
	char c = 0;
	pid_t pid;

	if (pipe(done) != 0 || pipe(go) != 0)
		_exit(95);
	pid = fork();
	if (pid == 0) {
		close(done[0]);
		close(go[1]);
		child(path, depth, &parts, done[1], go[0]);
	}
	tell(OP_FORK, pid < 0 ? -errno : 0, " ");
	close(done[1]);
	close(go[0]);
	if (write(go[1], &c, 1) == 1 && read(done[0], &c, 1) == 1) {
		sub_steps(path, depth, 1 + parts.childs, parts.parents);
		if (write(go[1], &c, 1) != 1)
			_exit(95);
	}
	close(done[0]);
	close(go[1]);
	if (waitpid(pid, &status, 0) != pid)
		_exit(95);
	mix((uint64_t)status);
	note("the child has ended: %#x", (unsigned)status);
	if (wide)
		do_glance();
}

static void look_at_all(unsigned number)
{
	tally_step(number);
	do_look();
}

/* Every hundredth step is a look at all that can be seen; so is the end. */
void steps_run(const struct plan *p)
{
	plan = p;
	for (unsigned i = 1; i <= plan->steps; i++) {
		if (plan->left[i])
			continue;
		if (i % LOOK_EVERY != 0) {
			step(i, 0);
			continue;
		}
		look_at_all(i);
		if (!plan->quiet)
			say("%u: %016lx\n", i, (long)tally->hash);
	}
	look_at_all(0);
	say("end: %016lx\n", (long)tally->hash);
}
