/* SPDX-License-Identifier: MIT */
/* Programs load, store and run, and the kernel copies: bytes and refusals are compared. */
#include <string.h>

#include "counts.h"
#include "expect.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/user_copy.h"
#include "mm/swap/swap_cache.h"
#include "ops.h"
#include "peek.h"
#include "swap_area.h"
#include "sync/interleave.h"

#define COPY_MAX (3 * PAGE_SIZE)

static vaddr_t address(const struct op *op, unsigned first)
{
	unsigned page = (unsigned)op->arg[first] % CELLS;

	return cell_va(page) + (unsigned)op->arg[first + 1] % PAGE_SIZE;
}

/* Bytes that differ from their neighbours. */
static void pattern(unsigned char *bytes, size_t n, int value)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(value + (int)i * 7 + (int)(i >> 8));
}

struct access {
	struct model_space *m;
	struct cell *c; /* NULL: where nobody looks */
	vaddr_t va;
	unsigned right;
	unsigned char value;
	int got;     /* the byte */
	int outcome; /* 0 or VM_* */
};

static void access_once(struct access *a)
{
	unsigned char *p;

	space_run(a->m);
	gave_up = false;
	last_outcome = 0;
	p = fake_access(a->va, a->right);
	a->outcome = p ? 0 : last_outcome;
	if (!p)
		return;
	a->got = *p;
	if (a->right == VM_PROT_WRITE)
		*p = a->value;
}

/*
 * Of a file that is being cut, beyond its new end: it may be seen still. Of one that is being written
 * to, beyond its old end: it may be seen already.
 */
static bool is_at_moving_end(const struct access *a)
{
	const struct cell *c = a->c;

	if (depth < 2 || !c || !c->mapped || c->file < 0 || c->file != busy.file || !c->from_file ||
	    (uint64_t)c->index << PAGE_SHIFT < files[c->file].size)
		return false;
	if (busy.kind == BUSY_TRUNCATE)
		return (uint64_t)c->index << PAGE_SHIFT < busy.size;
	return busy.kind == BUSY_BYTES;
}

/*
 * Refusals that were right at some moment: of an access that is stopped, one may be decided upon
 * before the world changes, and told after.
 */
static const struct access *stopped;
static unsigned right_once;

static unsigned outcome_bit(int outcome)
{
	if (outcome > VM_SEGV_MAPERR || outcome < VM_DYING)
		return 0;
	return 1u << (VM_SEGV_MAPERR - outcome);
}

static void note_outcome(void)
{
	const struct cell *c = stopped->c;

	right_once |= outcome_bit(c ? cell_outcome(c, c->prot, stopped->right) : VM_SEGV_MAPERR);
	if (!c || !c->mapped)
		right_once |= outcome_bit(VM_SEGV_STACK);
}

static bool was_right_once(const struct access *a)
{
	return depth == 1 && disturbed && right_once & outcome_bit(a->outcome);
}

/*
 * May a stack grow? What counts against a limit is just being unmapped, or what is below it is given
 * other permissions.
 */
static bool limit_is_moving(const struct access *a)
{
	return depth > 1 && busy.m == a->m && a->c && !a->c->mapped &&
	       (a->m->space.limit_as != UINT64_MAX || busy.kind == BUSY_MOVE ||
		busy.kind == BUSY_PROTECT);
}

/*
 * SIGBUS because the page could not be read from swap: the page is still out, and was not told of before. If
 * the world has changed meanwhile, it may have come back.
 */
static bool is_unread(const struct access *a)
{
	uint64_t slot;

	if (a->outcome != VM_BUS || !a->c || !swap_failed())
		return false;
	if (!a->c->mapped)
		return depth == 1 && disturbed;
	if (cell_outcome(a->c, a->c->prot, a->right) == VM_BUS)
		return false;
	if (!peek_slot(a->m, cell_number(a->m, a->c), &slot) || !area_is_unread(slot))
		return depth == 1 && disturbed;
	area_told(slot);
	return true;
}

static void check_outcome(const struct access *a)
{
	int want;

	if (was_right_once(a)) {
		peek_settle_stack(a->m); /* it may have grown before the refusal */
		return;
	}
	if (limit_is_moving(a)) {
		peek_settle_stack(a->m);
		if (a->outcome && !a->c->mapped)
			return;
	}

	if (a->c && busy_with(a->m, a->c, BUSY_PROTECT) && a->c->mapped) {
		want = cell_outcome(a->c, a->c->prot, a->right);
		expect(a->outcome == want || a->outcome == cell_outcome(a->c, busy.prot, a->right),
		       "an access that is being decided upon ended with %d", a->outcome);
		return;
	}
	if (a->c != cell_of(a->m, a->va))
		want = cell_outcome(a->c, a->c->prot, a->right);
	else
		want = expect_access(a->m, a->va, a->right);
	expect(a->outcome == want, "an access ended with %d, not %d", a->outcome, want);
}

static void check_load(const struct access *a, unsigned char want)
{
	unsigned off = a->va & PAGE_MASK;

	if (a->c->either || (a->c->freed && a->got == 0))
		return;
	if (busy_with(a->m, a->c, BUSY_DROP) && !a->c->shared &&
	    a->got == cell_dropped_byte(a->c, off))
		return;
	if (busy_with(a->m, a->c, BUSY_DROP) && !a->c->shared)
		a->c->either = true;
	expect(a->got == want, "a load gave %#x, not %#x", (unsigned)a->got, want);
}

static void check_access(const struct access *a)
{
	unsigned char *bytes;

	if (is_at_moving_end(a)) {
		int want = cell_outcome(a->c, a->c->prot, a->right);

		expect(a->outcome == 0 || a->outcome == VM_BUS || a->outcome == want,
		       "at a moving end an access ended with %d", a->outcome);
		a->c->either = true;
		return;
	}
	check_outcome(a);
	counts.refused += a->outcome != 0;
	counts.way[WAY_SHARED_BUS] += a->outcome == VM_BUS && a->c->shared && a->c->file >= 0;
	if (a->outcome)
		return;
	counts.way[WAY_SHARED_WRITE] += a->right == VM_PROT_WRITE && a->c->shared &&
					a->c->file >= 0;
	busy_touched(a->m, a->c);
	bytes = cell_bytes(a->c, a->right == VM_PROT_WRITE);
	if (a->right == VM_PROT_WRITE)
		bytes[a->va & PAGE_MASK] = a->value;
	else
		check_load(a, bytes[a->va & PAGE_MASK]);
}

/* For the floors. */
static void note_touch(const struct access *a)
{
	unsigned i = a->c ? cell_number(a->m, a->c) : 0;
	uint64_t slot;

	if (!swap_is_on() || !a->c || !peek_slot(a->m, i, &slot))
		return;
	note_out(a->m, i, i + 1);
	if (a->right == VM_PROT_WRITE && !a->c->shared)
		counts.swap[SWAP_COW] += peek_slot_shared(a->m, slot);
}

void op_touch(const struct op *op)
{
	struct access a = { .m = space_accessible(op->arg[0]) };
	unsigned tries = 3;

	if (!a.m)
		return;
	a.va = address(op, 1);
	a.c = cell_of(a.m, a.va);
	a.value = (unsigned char)op->arg[3];
	a.right = op->verb == OP_STORE	? VM_PROT_WRITE
		  : op->verb == OP_EXEC ? VM_PROT_EXEC
					: VM_PROT_READ;
	if (depth == 1) {
		stopped = &a;
		right_once = 0;
		note_outcome();
		busy.changed = note_outcome;
	}
	note_touch(&a);
	access_once(&a);
	/* As a trap does. Where it is woven, another thread may have had the last free frames for a moment. */
	while (a.outcome == VM_OOM && (out_of_memory() || (depth == 1 && disturbed && tries--))) {
		memory_back();
		access_once(&a);
	}
	if (!a.outcome)
		a.c = busy_shown(a.m, a.c);
	counts.way[WAY_MOVING] += a.c != cell_of(a.m, a.va);
	if (gave_up)
		expect(a.m->locked || interleave_hook, "a wait for a verb that is none");
	else if (is_unread(&a))
		counts.swap[SWAP_BUS]++;
	else if (a.m->dying)
		expect(a.outcome == VM_DYING || a.outcome == 0 || killed || was_right_once(&a),
		       "in a dying space an access ended with %d", a.outcome);
	else if (!killed || depth > 1 || !a.outcome)
		check_access(&a);
	if (a.m->dying && !a.outcome && a.c && a.c->shared && a.right == VM_PROT_WRITE)
		cell_bytes(a.c, true)[a.va & PAGE_MASK] = a.value;
}

/* Goes through the pages of n bytes at va up to the first that refuses. */
static size_t model_span(struct model_space *m, vaddr_t va, size_t n, unsigned right,
			 void (*move)(unsigned char *at, void *bytes, size_t n), void *bytes)
{
	size_t done = 0;

	while (done < n) {
		size_t part = MIN(n - done, PAGE_SIZE - ((va + done) & PAGE_MASK));
		struct cell *c;

		if (expect_access(m, va + done, right))
			break;
		c = cell_of(m, va + done);
		busy_touched(m, c);
		move(cell_bytes(c, right == VM_PROT_WRITE) + ((va + done) & PAGE_MASK),
		     (unsigned char *)bytes + done, part);
		done += part;
	}
	return done;
}

static void move_in(unsigned char *at, void *bytes, size_t n)
{
	memcpy(bytes, at, n);
}

static void move_out(unsigned char *at, void *bytes, size_t n)
{
	memcpy(at, bytes, n);
}

size_t model_in(struct model_space *m, vaddr_t va, unsigned char *to, size_t n)
{
	return model_span(m, va, n, VM_PROT_READ, move_in, to);
}

size_t model_out(struct model_space *m, vaddr_t va, const unsigned char *from, size_t n)
{
	return model_span(m, va, n, VM_PROT_WRITE, move_out, (void *)(uintptr_t)from);
}

struct copy {
	struct model_space *m;
	vaddr_t va;
	size_t n;
	size_t done;
	int result; /* op_peer */
	unsigned char bytes[COPY_MAX];
};

static bool copy_prepare(struct copy *copy, const struct op *op)
{
	copy->m = space_at(op->arg[0]);
	if (!copy->m)
		return false;
	copy->va = address(op, 1);
	copy->n = (unsigned)op->arg[3] % COPY_MAX;
	pattern(copy->bytes, copy->n, op->arg[4]);
	bytes_begin(copy->m, (unsigned)op->arg[1] % CELLS, -1);
	return true;
}

/* Was a part given up by MADV_FREE? It may have been dropped before it was read, or after that. */
static bool has_freed(const struct copy *copy)
{
	vaddr_t va = ALIGN_DOWN(copy->va, PAGE_SIZE);

	for (; va < copy->va + copy->n; va += PAGE_SIZE) {
		const struct cell *c = cell_of(copy->m, va);

		if (c && c->freed)
			return true;
	}
	return false;
}

/* What went is compared: `in` came to copy->bytes, else it came from there. */
static void copy_check(struct copy *copy, bool in)
{
	unsigned char want[COPY_MAX];
	size_t n;

	if (is_loose(copy->m) || killed || (in && has_freed(copy))) {
		settle_range(copy->m, copy->va, copy->n);
		return;
	}
	n = in ? model_in(copy->m, copy->va, want, copy->n)
	       : model_out(copy->m, copy->va, copy->bytes, copy->n);
	expect(copy->done == n, "%lu bytes were copied, not %lu", (unsigned long)copy->done,
	       (unsigned long)n);
	expect(!in || !memcmp(copy->bytes, want, n), "other bytes were copied");
}

static size_t copy_once(struct copy *copy, const struct op *op)
{
	space_run(copy->m);
	switch (op->verb) {
	case OP_IN:
		return user_copy_in_some(copy->bytes, copy->va, copy->n);
	case OP_OUT:
		return user_copy_out_some(copy->va, copy->bytes, copy->n);
	default:
		return user_clear_some(copy->va, copy->n);
	}
}

void op_copy(const struct op *op)
{
	struct copy copy;

	if (!copy_prepare(&copy, op))
		return;
	if (op->verb == OP_CLEAR)
		memset(copy.bytes, 0, copy.n);
	do
		copy.done = copy_once(&copy, op);
	while (run_again(copy.done < copy.n));
	copy_check(&copy, op->verb == OP_IN);
}

/* The length up to a NUL, or why there is none. Pages behind it are not looked at. */
static ssize_t model_string(struct copy *copy, unsigned char *want)
{
	size_t done = 0;

	while (done < copy->n) {
		vaddr_t va = copy->va + done;
		size_t part = MIN(copy->n - done, PAGE_SIZE - (va & PAGE_MASK));
		const unsigned char *nul;

		if (model_in(copy->m, va, want + done, part) < part)
			return -EFAULT;
		nul = memchr(want + done, 0, part);
		if (nul)
			return nul - want;
		done += part;
	}
	return -ENAMETOOLONG;
}

void op_string(const struct op *op)
{
	unsigned char want[COPY_MAX];
	struct copy copy;
	ssize_t got, expected;

	if (!copy_prepare(&copy, op) || !copy.n)
		return;
	space_run(copy.m);
	do
		got = user_copy_string((char *)copy.bytes, copy.va, copy.n);
	while (run_again(got == -EFAULT));
	if (is_loose(copy.m) || killed || has_freed(&copy)) {
		settle_range(copy.m, copy.va, copy.n);
		return;
	}
	expected = model_string(&copy, want);
	expect(got == expected, "a string ended with %ld, not %ld", (long)got, (long)expected);
	expect(got < 0 || !memcmp(copy.bytes, want, (size_t)got + 1), "it is another string");
}

static int peer_once(struct copy *copy, bool in)
{
	return in ? vm_copy_from(&copy->m->space, copy->bytes, copy->va, copy->n)
		  : vm_copy_to(&copy->m->space, copy->va, copy->bytes, copy->n);
}

/* Another process's memory: all, or an error. */
void op_peer(const struct op *op)
{
	bool in = op->verb == OP_PEER_IN;
	struct copy copy;

	if (!copy_prepare(&copy, op))
		return;
	do
		copy.result = peer_once(&copy, in);
	while (run_again(copy.result != 0));
	copy.done = copy.n;
	if (copy.result && !is_loose(copy.m) && !killed) {
		expect(copy.result == -EFAULT, "a copy from afar ended with %d", copy.result);
		copy.done = in ? model_in(copy.m, copy.va, copy.bytes, copy.n)
			       : model_out(copy.m, copy.va, copy.bytes, copy.n);
		expect(copy.done < copy.n, "a copy from afar was refused");
		return;
	}
	copy_check(&copy, in);
}
