/* SPDX-License-Identifier: MIT */
/* What is under way: the operation that was stopped at a pause, and what others may see of it. */
#include "busy.h"

#include <string.h>

#include "counts.h"
#include "disk.h"
#include "mm/check/alloc_fail.h"
#include "mm/host.h"
#include "ops.h"
#include "peek.h"
#include "swap_area.h"
#include "sync/interleave.h"
#include "sync/waitq.h"

#define SLEEPERS 64

/* Who had to wait for what was stopped: asks again when that is done. */
struct sleeper {
	struct op op;
	struct waitq *queue;
	uint64_t seq;
};

struct busy busy;
unsigned depth, looking;
bool killed, disturbed, gave_up;
int last_outcome;

static const struct op *at_pauses;
static size_t nat_pauses;
static unsigned pause_number;
static struct sleeper sleepers[SLEEPERS];
static unsigned nsleepers;
static const struct op *running; /* the innermost */
static bool armed;

bool out_of_memory(void)
{
	return armed && !alloc_fail_at;
}

void memory_back(void)
{
	counts.out_of_memory += out_of_memory();
	alloc_fail_at = 0;
	armed = false;
}

unsigned last_pauses(void)
{
	return pause_number;
}

bool busy_with(const struct model_space *m, const struct cell *c, enum busy_kind kind)
{
	size_t i = (size_t)(c - m->cell);

	return depth > 1 && busy.kind == kind && busy.m == m && i >= busy.from && i < busy.to;
}

struct cell *busy_shown(struct model_space *m, struct cell *c)
{
	unsigned k;

	if (!c || !busy_with(m, c, BUSY_MOVE) || !peek_is_moving_to(m, cell_number(m, c)))
		return c;
	k = cell_number(m, c) - busy.from;
	return k < busy.nold ? &m->cell[busy.old + k] : c;
}

bool busy_moves_shared(void)
{
	for (unsigned i = busy.from; i < busy.to && busy.m && busy.kind == BUSY_BYTES; i++) {
		if (busy.m->cell[i].shared)
			return true;
	}
	return false;
}

/* Does what is stopped move bytes of the same shared memory or file? */
static bool shows_the_same(const struct cell *c)
{
	for (unsigned i = busy.from; i < busy.to && busy.m; i++) {
		const struct cell *other = &busy.m->cell[i];

		if (other->shared && other->store == c->store && other->file == c->file)
			return true;
	}
	return false;
}

void busy_touched(struct model_space *m, struct cell *c)
{
	if (busy_with(m, c, BUSY_DROP) || busy_with(m, c, BUSY_FORK) || busy_with(m, c, BUSY_BYTES))
		c->either = true;
	if (depth > 1 && busy.kind == BUSY_BYTES && c->file >= 0 && c->file == busy.file)
		c->either = true;
	if (depth > 1 && busy.kind == BUSY_BYTES && c->shared && shows_the_same(c))
		c->either = true;
}

/* A thread of its own runs: its space, its memory failures, its outcome. */
static void run_nested(const struct op *op)
{
	struct mmu *was = fake_active();
	uint64_t fail_at = alloc_fail_at;
	const struct op *outer = running;
	bool outer_armed = armed;

	if (ops_thread_space())
		peek_settle_stack(ops_thread_space()); /* its own fault may have grown it */
	depth = 2;
	gave_up = false;
	disturbed = true;
	(void)alloc_fail_take();
	alloc_fail_at = op->fail;
	armed = op->fail != 0;
	running = op;
	counts.nested[op->verb]++;
	op_run(op);
	memory_back();
	gave_up = false;
	running = outer;
	armed = outer_armed;
	alloc_fail_at = fail_at;
	depth = 1;
	arch_mmu_activate(was);
	if (busy.changed)
		busy.changed();
}

/* Of whoever runs at a pause and has to wait for what is stopped there: a verb, or a read that is to begin. */
static int sleep_for_stopped(const struct vm_wait *wait)
{
	counts.waits_busy++;
	gave_up = true;
	expect(nsleepers < SLEEPERS, "too many sleepers");
	sleepers[nsleepers++] = (struct sleeper){ *running, wait->queue, wait->seq };
	return -EINTR;
}

static bool waits_for_verb(const struct vm_wait *wait)
{
	for (unsigned n = 0; n < SPACES; n++) {
		if (wait && wait->queue == &spaces_[n].space.busy_done)
			return true;
	}
	return false;
}

static void run_at_pause(void)
{
	unsigned number = ++pause_number;

	lockorder_assert_none_spinning();
	looking++;
	if (busy.commit && (!busy.m || !busy.m->space.busy_end)) {
		busy.commit();
		busy.commit = NULL;
	}
	if (busy.again)
		busy.again();
	for (size_t i = 0; i < nat_pauses && !killed; i++) {
		if (at_pauses[i].at == number)
			run_nested(&at_pauses[i]);
	}
	looking--;
}

/* No disk has anything to answer, and nothing has happened since it was asked. */
static bool waits_for_nobody(const struct vm_wait *wait)
{
	return wait && !disk_pending() && !area_pending() && waitq_sample(wait->queue) == wait->seq;
}

static int pause_in_model(struct vm_wait *wait)
{
	bool sleeps = waits_for_verb(wait) || waits_for_nobody(wait);

	counts.pauses++;
	if (wait && !sleeps)
		disk_waited();
	if (depth > 1)
		return sleeps ? sleep_for_stopped(wait) : 0;
	expect(!sleeps, "a wait, and there is nothing to wait for");
	run_at_pause();
	return killed ? -EINTR : 0;
}

/* A page is zeroed or copied: another hart would go on meanwhile. */
static void meanwhile(void)
{
	if (depth == 1)
		run_at_pause();
}

/* Of these, the model knows what may be seen of them at any moment. */
bool busy_is_woven(unsigned verb)
{
	switch (verb) {
	case OP_LOAD:
	case OP_STORE:
	case OP_EXEC:
	case OP_IN:
	case OP_OUT:
	case OP_CLEAR:
	case OP_STRING:
	case OP_PEER_IN:
	case OP_PEER_OUT:
	case OP_DROP:
	case OP_EXIT:
	case OP_TRIM:
	case OP_RECLAIM:
	case OP_SWAPOFF:
		return true;
	default:
		return false;
	}
}

/* Another hart would go on where this one takes a lock, or has released the last, or looks again at a fault. */
static void at_point(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind == INTERLEAVE_GRANTING || kind == INTERLEAVE_UNMAPPED ||
	    class > LOCK_LAST_PREEMPTIBLE)
		return;
	if (depth != 1 || looking || !busy_is_woven(running->verb) ||
	    lockorder_this_hart()->depth || arch_preempt()->count)
		return;
	counts.points++;
	run_at_pause();
}

static struct model_space *active_space(void)
{
	for (unsigned n = 0; n < SPACES; n++) {
		if (fake_active() == &spaces_[n].space.mmu)
			return &spaces_[n];
	}
	failed("an access, and no space is active");
}

/* A program's fault: waits as a thread would, and asks again from the start. */
static int serve(vaddr_t va, unsigned access)
{
	struct model_space *m = active_space();
	struct vm_wait wait = { 0 };
	int result;

	do {
		result = vm_fault(&m->space, va, access, &wait);
		if (result != VM_WAIT)
			break;
		expect(wait.queue, "a wait for nothing");
		result = pause_in_model(&wait);
	} while (!result);
	last_outcome = result;
	return result;
}

static bool mmap_locked(struct space *space)
{
	for (unsigned n = 0; n < SPACES; n++) {
		if (space == &spaces_[n].space)
			return spaces_[n].locked;
	}
	return false;
}

void busy_reset(bool woven)
{
	interleave_hook = woven ? at_point : NULL;
	looking = 0;
	mm_host.pause = pause_in_model;
	mm_host.mmap_locked = mmap_locked;
	fake_fault = serve;
	fake_meanwhile = meanwhile;
	busy = (struct busy){ .file = -1 };
	depth = 0;
	nsleepers = 0;
	nat_pauses = 0;
	killed = disturbed = gave_up = false;
}

static void run_alone(const struct op *op)
{
	for (unsigned f = 0; f < FILES; f++)
		files[f].seen = false;
	busy = (struct busy){ .file = -1 };
	depth = 1;
	pause_number = 0;
	killed = disturbed = gave_up = false;
	running = op;
	(void)alloc_fail_take();
	alloc_fail_at = op->fail;
	armed = op->fail != 0;
	op_run(op);
	memory_back();
	busy = (struct busy){ .file = -1 };
	depth = 0;
}

/* It is done: who waited for it was woken, and gets through now. */
static void wake_sleepers(void)
{
	unsigned n = nsleepers;

	nsleepers = 0;
	for (unsigned i = 0; i < n; i++) {
		struct sleeper sleeper = sleepers[i];

		if (waitq_sample(sleeper.queue) ==
		    sleeper.seq) { /* who had begun the read was killed */
			disk_complete();
			area_complete();
		}
		expect(waitq_sample(sleeper.queue) != sleeper.seq, "a thread sleeps on");
		sleeper.op.at = sleeper.op.fail = 0;
		run_alone(&sleeper.op);
	}
}

void run_op(const struct op *op, const struct op *nested, size_t nnested)
{
	at_pauses = nested;
	nat_pauses = nnested;
	run_alone(op);
	peek_settle_either();
	nat_pauses = 0;
	ops_end_dying();
	wake_sleepers();
}
