/* SPDX-License-Identifier: MIT */
/* Which operation is which, and what several of them need. */
#include "ops.h"

#include <limits.h>
#include <string.h>

#include "counts.h"
#include "disk.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/relieve.h"
#include "mm/swap/swap_cache.h"
#include "peek.h"
#include "swap_area.h"

/* The operation that runs now. */
static struct {
	unsigned char verb;
	unsigned errors;     /* of the swap disk, when it began */
	bool was_unread;     /* some could be told of then */
	unsigned tries_left; /* UINT_MAX: it has not been repeated */
	bool noted;
} now;

/* Of the operation that stands by itself: where its thread lives. */
static struct model_space *thread_space;

struct model_space *ops_thread_space(void)
{
	return thread_space && thread_space->alive ? thread_space : NULL;
}

bool swap_failed(void)
{
	return now.was_unread || area_errors != now.errors;
}

/* Each error is told at most once, so that so many tries must do. */
static bool was_unread(void)
{
	if (now.tries_left == UINT_MAX)
		now.tries_left = area_unread();
	if (!now.tries_left)
		return false;
	now.tries_left--;
	area_quiet = true;
	counts.swap[SWAP_AGAIN]++;
	return true;
}

bool run_again(bool is_short)
{
	if (out_of_memory()) {
		memory_back();
		return true;
	}
	return is_short && swap_failed() && was_unread();
}

static void note_once(bool is_out)
{
	counts.out[now.verb] += is_out && !now.noted;
	now.noted |= is_out;
}

void note_out(struct model_space *m, unsigned from, unsigned to)
{
	unsigned n = 0;

	if (swap_is_on() && to <= CELLS)
		n = peek_out(m, from, to);
	note_once(n != 0);
	counts.swap[SWAP_FORKED] += now.verb == OP_FORK ? n : 0;
}

void note_any_out(void)
{
	note_once(swap_is_on() && swap_out_count() != 0);
}

void note_file_out(unsigned f)
{
	note_once(files[f].object->nswapped != 0);
}

void op_range(const struct op *op, unsigned *from, unsigned *to)
{
	unsigned n = (unsigned)op->arg[2] % (WINDOW_CELLS + 1);

	*from = (unsigned)op->arg[1] % CELLS;
	*to = MIN(*from + n, region_end(*from));
}

void verb_begin(struct model_space *m, enum busy_kind kind, unsigned from, unsigned to)
{
	m->locked++;
	note_out(m, from, to);
	if (depth > 1)
		return;
	busy = (struct busy){ .kind = kind, .m = m, .from = from, .to = to, .file = -1 };
}

void verb_end(struct model_space *m)
{
	m->locked--;
	if (depth == 1)
		busy = (struct busy){ .file = -1 };
}

void bytes_begin(struct model_space *m, unsigned from, int file)
{
	note_out(m, from, MIN(from + 4, region_end(from)));
	if (depth > 1)
		return;
	busy = (struct busy){ .kind = BUSY_BYTES, .m = m, .from = from, .file = file };
	busy.to = MIN(from + 4, region_end(from));
	for (unsigned i = busy.from; i < busy.to; i++)
		note_seen(&m->cell[i]);
}

bool is_loose(const struct model_space *m)
{
	if (m->dying || gave_up)
		return true;
	if (depth == 1)
		return disturbed;
	return busy.m == m || busy.file >= 0 || busy_moves_shared();
}

void settle_range(struct model_space *m, vaddr_t va, size_t n)
{
	peek_settle_stack(m);
	if (depth == 1)
		peek_settle_shared();
	for (vaddr_t at = ALIGN_DOWN(va, PAGE_SIZE); at < va + n; at += PAGE_SIZE) {
		struct cell *c = cell_of(m, at);

		if (c && depth > 1) {
			peek_settle_shown(m, cell_number(m, c));
			c->either = true;
		} else if (c && !m->dying)
			peek_settle(m, cell_number(m, c));
	}
}

void settle_all(struct model_space *m)
{
	settle_range(m, 0, 0);
	for (unsigned i = 0; i < CELLS; i++) {
		if (depth > 1)
			m->cell[i].either = true;
		else if (!m->dying)
			peek_settle(m, i);
	}
}

void model_unmap(struct model_space *m, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct cell *c = &m->cell[i];

		memset(c, 0, offsetof(struct cell, bytes));
		c->store = c->file = -1;
	}
}

bool model_is_free(const struct model_space *m, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		if (m->cell[i].mapped)
			return false;
	}
	return true;
}

/* The next one above must not be a stack: its guard is more than a region. */
bool model_has_room(const struct model_space *m, unsigned from, unsigned to)
{
	unsigned end = region_end(from), above = to;

	while (above < end && !m->cell[above].mapped)
		above++;
	return model_is_free(m, from, to) && (above >= end || !m->cell[above].stack);
}

bool model_highest_room(const struct model_space *m, unsigned n, unsigned *from)
{
	for (unsigned i = WINDOW_CELLS - MIN(n, WINDOW_CELLS) + 1; i-- > 0;) {
		if (n > WINDOW_CELLS || !model_has_room(m, i, i + n))
			continue;
		*from = i;
		return true;
	}
	return false;
}

void note_seen(const struct cell *c)
{
	if (c->file >= 0 && c->shared)
		files[c->file].seen = true;
}

static unsigned others_alive(const struct model_space *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SPACES; i++)
		n += spaces_[i].alive && !spaces_[i].dying && &spaces_[i] != m;
	return n;
}

static void op_exit(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);

	if (!m || m->users || !others_alive(m))
		return;
	note_out(m, 0, CELLS);
	space_end(m);
}

static void op_strip(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);

	if (!m || !others_alive(m))
		return;
	note_out(m, 0, CELLS);
	m->dying = true;
	vm_oom_reap(&m->space);
}

/* The thread of the operation that is stopped: its pause says so. */
static void op_kill(const struct op *op)
{
	(void)op;
	if (depth < 2 || !thread_space || !others_alive(thread_space))
		return;
	killed = true;
	counts.killed++;
}

static void op_limit(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);
	uint64_t mapped;

	if (!m || m->locked)
		return;
	mapped = m->space.mapped_bytes;
	m->space.limit_as = op->arg[1] ? mapped + (uint64_t)op->arg[1] * PAGE_SIZE : UINT64_MAX;
	m->space.limit_data = op->arg[2] ? m->space.data_bytes + (uint64_t)op->arg[2] * PAGE_SIZE
					 : UINT64_MAX;
}

static void op_trim(const struct op *op)
{
	(void)op;
	note_any_out();
	mm_trim();
}

static void op_reclaim(const struct op *op)
{
	note_any_out();
	(void)reclaim((size_t)op->arg[0]);
	counts.swap[SWAP_FULL] += swap_is_on() && swap_free() == 0;
}

static void op_disk(const struct op *op)
{
	(void)op;
	note_any_out();
	disk_complete();
	area_complete();
}

static void (*const functions[OP_VERBS])(const struct op *op) = {
	[OP_LOAD] = op_touch,	 [OP_STORE] = op_touch,	      [OP_EXEC] = op_touch,
	[OP_IN] = op_copy,	 [OP_OUT] = op_copy,	      [OP_CLEAR] = op_copy,
	[OP_STRING] = op_string, [OP_PEER_IN] = op_peer,      [OP_PEER_OUT] = op_peer,
	[OP_MAP] = op_map,	 [OP_UNMAP] = op_unmap,	      [OP_PROTECT] = op_protect,
	[OP_DROP] = op_drop,	 [OP_ADVISE] = op_advise,     [OP_BRK] = op_brk,
	[OP_STACK] = op_stack,	 [OP_GROWSDOWN] = op_protect, [OP_LIMIT] = op_limit,
	[OP_FORK] = op_fork,	 [OP_EXIT] = op_exit,	      [OP_STRIP] = op_strip,
	[OP_KILL] = op_kill,	 [OP_TRIM] = op_trim,	      [OP_RECLAIM] = op_reclaim,
	[OP_DISK] = op_disk,	 [OP_READ] = op_read,	      [OP_WRITE] = op_write,
	[OP_SIZE] = op_size,	 [OP_RENEW] = op_renew,	      [OP_REMAP] = op_remap,
	[OP_LOCK] = op_lock,	 [OP_LOCK_ALL] = op_lock_all, [OP_MINCORE] = op_mincore,
	[OP_SYNC] = op_sync,	 [OP_PUNCH] = op_punch,	      [OP_ALLOCATE] = op_allocate,
	[OP_SWAPON] = op_swapon, [OP_SWAPOFF] = op_swapoff,   [OP_ANSWER] = op_answer,
	[OP_FAULTY] = op_faulty,
};

/* Which argument is the space that the operation's thread lives in; -1: none. */
static int space_arg(const struct op *op)
{
	switch (op->verb) {
	case OP_READ:
	case OP_WRITE:
		return 1;
	case OP_EXIT:
	case OP_STRIP:
	case OP_KILL:
	case OP_TRIM:
	case OP_RECLAIM:
	case OP_DISK:
	case OP_SIZE:
	case OP_RENEW:
	case OP_PUNCH:
	case OP_ALLOCATE:
	case OP_SWAPON:
	case OP_SWAPOFF:
	case OP_ANSWER:
	case OP_FAULTY:
		return -1;
	default:
		return 0;
	}
}

void op_run(const struct op *op)
{
	typeof(now) outer = now;
	bool was_quiet = area_quiet;
	int arg = space_arg(op);
	struct model_space *m = arg < 0 ? NULL : space_at(op->arg[arg]);

	counts.op[op->verb]++;
	if (depth == 1)
		thread_space = m;
	if (m)
		m->users++;
	now = (typeof(now)){ .verb = op->verb,
			     .errors = area_errors,
			     .was_unread = area_unread() != 0,
			     .tries_left = UINT_MAX };
	area_quiet = false;
	functions[op->verb](op);
	now = outer;
	area_quiet = was_quiet;
	if (m)
		m->users--;
}

void ops_end_dying(void)
{
	if (killed && thread_space && thread_space->alive)
		thread_space->dying = true;
	for (unsigned n = 0; n < SPACES; n++) {
		if (spaces_[n].alive && spaces_[n].dying)
			space_end(&spaces_[n]);
	}
	thread_space = NULL;
}
