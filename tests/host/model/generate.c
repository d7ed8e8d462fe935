/* SPDX-License-Identifier: MIT */
/* Random operations that make sense where the model stands. */
#include "generate.h"

#include "ops.h"
#include "swap_area.h"

#define NESTED_MAX 3
#define PAUSES_MAX 5
#define POINTS_MAX 40 /* of what is woven */

static uint64_t state;
static unsigned pauses_max;

void generate_seed(uint64_t seed, bool woven)
{
	pauses_max = woven ? POINTS_MAX : PAUSES_MAX;
	state = (seed + 1) *
		(seed ^ 0xd1342543de82ef95u); /* sequences of neighbours don't overlap */
	state ^= state >> 29;
}

static unsigned below(unsigned n)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (unsigned)((z ^ z >> 31) >> 16) % n;
}

/* How often: by itself, and at a pause. */
static const struct {
	unsigned alone, nested;
} weights[OP_VERBS] = {
	[OP_LOAD] = { 60, 60 },	 [OP_STORE] = { 70, 70 },   [OP_EXEC] = { 12, 10 },
	[OP_IN] = { 12, 6 },	 [OP_OUT] = { 16, 8 },	    [OP_CLEAR] = { 6, 3 },
	[OP_STRING] = { 6, 3 },	 [OP_PEER_IN] = { 6, 4 },   [OP_PEER_OUT] = { 8, 6 },
	[OP_MAP] = { 36, 16 },	 [OP_UNMAP] = { 14, 10 },   [OP_PROTECT] = { 24, 10 },
	[OP_DROP] = { 12, 6 },	 [OP_ADVISE] = { 12, 6 },   [OP_BRK] = { 14, 6 },
	[OP_STACK] = { 4, 1 },	 [OP_GROWSDOWN] = { 3, 1 }, [OP_LIMIT] = { 3, 1 },
	[OP_FORK] = { 30, 12 },	 [OP_EXIT] = { 5, 4 },	    [OP_STRIP] = { 1, 3 },
	[OP_RECLAIM] = { 8, 8 }, [OP_KILL] = { 0, 14 },	    [OP_TRIM] = { 3, 6 },
	[OP_DISK] = { 2, 10 },	 [OP_READ] = { 12, 6 },	    [OP_WRITE] = { 14, 8 },
	[OP_SIZE] = { 8, 10 },	 [OP_RENEW] = { 2, 0 },	    [OP_REMAP] = { 26, 12 },
	[OP_LOCK] = { 8, 3 },	 [OP_LOCK_ALL] = { 1, 1 },  [OP_MINCORE] = { 5, 2 },
	[OP_SYNC] = { 4, 1 },	 [OP_PUNCH] = { 5, 5 },	    [OP_ALLOCATE] = { 3, 3 },
	[OP_SWAPON] = { 8, 2 },	 [OP_SWAPOFF] = { 2, 2 },   [OP_ANSWER] = { 3, 12 },
	[OP_FAULTY] = { 2, 1 },
};

static unsigned weight(unsigned verb, bool nested)
{
	return nested ? weights[verb].nested : weights[verb].alone;
}

static unsigned char random_verb(bool nested)
{
	unsigned total = 0, verb = 0, at;

	for (unsigned i = 0; i < OP_VERBS; i++)
		total += weight(i, nested);
	at = below(total);
	while (at >= weight(verb, nested))
		at -= weight(verb++, nested);
	return (unsigned char)verb;
}

/* What the operation is about that the next ones run at the pauses of; NULL: none. */
static const struct op *outer;

static bool is_file_op(const struct op *op)
{
	return op->verb == OP_READ || op->verb == OP_WRITE || op->verb == OP_SIZE ||
	       op->verb == OP_PUNCH || op->verb == OP_ALLOCATE;
}

/* Its arguments are neither a space nor a file. */
static bool is_about_memory(const struct op *op)
{
	return op->verb == OP_RECLAIM || op->verb == OP_SWAPON || op->verb == OP_ANSWER ||
	       op->verb == OP_FAULTY;
}

static int random_file(void)
{
	if (outer && is_file_op(outer) && below(3))
		return outer->arg[0];
	return (int)below(FILES);
}

static int random_space(void)
{
	unsigned n;

	bool has_space = outer && !is_about_memory(outer) &&
			 (!is_file_op(outer) || outer->verb == OP_READ || outer->verb == OP_WRITE);

	if (has_space && below(4))
		return outer->arg[is_file_op(outer)];
	do
		n = below(SPACES);
	while (!spaces_[n].alive);
	return (int)n;
}

/* Mostly one of a few, so that operations meet. */
static unsigned within(unsigned first, unsigned count, unsigned hot)
{
	return first + (below(4) ? hot + below(12) : below(count));
}

static int random_page(void)
{
	unsigned region = below(16);

	if (outer && outer->verb == OP_REMAP && below(3) == 0)
		return outer->arg[4] + (int)below(8);
	if (outer && !is_file_op(outer) && !is_about_memory(outer) && below(3))
		return MAX(outer->arg[1] - (below(3) ? 0 : 3), 0) + (int)below(6);
	if (below(6) == 0)
		return 0;
	if (region < 9)
		return (int)within(0, WINDOW_CELLS, WINDOW_CELLS / 2 - 6);
	if (region < 11)
		return (int)within(HEAP_FIRST, HEAP_CELLS, 0);
	if (region < 15)
		return (int)within(STACK_FIRST, STACK_CELLS, STACK_CELLS - 12);
	return (int)within(BELOW_FIRST, BELOW_CELLS, BELOW_CELLS - 12);
}

/* Near the ends of a page half of the time. */
static int random_offset(void)
{
	switch (below(4)) {
	case 0:
		return 0;
	case 1:
		return PAGE_SIZE - 1 - below(16);
	default:
		return (int)below(PAGE_SIZE);
	}
}

static int random_length(void)
{
	return (int)(below(3) ? 1 + below(200) : below(3 * PAGE_SIZE));
}

static int random_pages(void)
{
	if (below(200) == 0)
		return 0;
	return (int)(below(4) ? 1 + below(20) : 1 + below(WINDOW_CELLS));
}

static int random_prot(void)
{
	static const unsigned char prot[] = { 3, 3, 3, 3, 3, 1, 1, 0, 2, 5, 7, 4 };

	return prot[below(sizeof(prot))];
}

static int random_how(void)
{
	int how = below(3) ? HOW_FIXED : (int)below(4);

	how |= below(3) ? 0 : HOW_POPULATE;
	how |= below(10) ? 0 : HOW_NORESERVE;
	how |= below(4) ? 0 : HOW_READONLY;
	how |= below(16) ? 0 : HOW_LOCKED;
	return how | (below(4) ? 0 : HOW_TEXT);
}

static void random_transfer(struct op *op)
{
	op->arg[0] = random_file();
	op->arg[1] = random_space();
	op->arg[2] = random_page();
	op->arg[3] = random_offset();
	op->arg[4] = random_length();
	op->arg[5] = (int)below(FILE_PAGES * PAGE_SIZE);
}

/* Mostly a part of one mapping. */
static void random_run(struct op *op)
{
	const struct model_space *m = &spaces_[op->arg[0]];
	unsigned from = (unsigned)op->arg[1] % CELLS, to;

	for (unsigned tries = 8; tries && !m->cell[from].mapped; tries--)
		from = (unsigned)random_page() % CELLS;
	for (to = from; to < region_end(from) && m->cell[to].mapped; to++) {
		if (m->cell[to].prot != m->cell[from].prot ||
		    m->cell[to].file != m->cell[from].file)
			break;
	}
	op->arg[1] = (int)from;
	op->arg[2] = below(8) ? (int)(1 + below(MAX(to - from, 1u))) : (int)below(40);
	if (below(2))
		op->arg[2] = (int)(to - from); /* up to its end, so that it can grow */
}

static void random_remap(struct op *op)
{
	static const unsigned char flags[] = { 0, 1, 1, 1, 3, 3, 3, 3, 3, 3, 5, 7, 7 };

	random_run(op);
	op->arg[5] = below(30) ? flags[below(sizeof(flags))] : (int)below(16);
	op->arg[4] = random_page();
	switch (below(4)) {
	case 0:
		op->arg[3] = below(20) ? 1 + (int)below(40) : 0;
		break;
	case 1:
		op->arg[3] = op->arg[2] + (int)below(8);
		break;
	default:
		op->arg[3] = op->arg[2];
	}
	if (below(20) == 0)
		op->arg[2] = 0;
}

/* The arguments after space and page. */
static void random_rest(struct op *op)
{
	switch (op->verb) {
	case OP_MAP:
		op->arg[4] = below(3) ? (int)below(KIND_END) : KIND_ANON;
		op->arg[4] = below(8) ? op->arg[4] : KIND_SHARED_FILE + (int)below(FILES);
		op->arg[5] = (int)below(FILE_PAGES);
		op->arg[6] = random_how();
		__attribute__((fallthrough));
	case OP_PROTECT:
	case OP_GROWSDOWN:
		op->arg[3] = random_prot();
		__attribute__((fallthrough));
	case OP_UNMAP:
		op->arg[2] = random_pages();
		break;
	case OP_DROP:
		op->arg[2] = random_pages();
		op->arg[3] = below(4) == 0;
		break;
	case OP_ADVISE:
		op->arg[2] = random_pages();
		op->arg[3] = below(3) ? (int)below(ADVISE_END) : ADVISE_PAGEOUT;
		break;
	case OP_REMAP:
		random_remap(op);
		break;
	case OP_LOCK:
	case OP_MINCORE:
	case OP_SYNC:
		random_run(op);
		op->arg[3] = (int)below(8);
		break;
	default:
		op->arg[2] = random_offset();
		op->arg[3] = op->verb == OP_STORE ? (int)below(256) : random_length();
		op->arg[4] = (int)below(256);
	}
}

static void random_args(struct op *op)
{
	switch (op->verb) {
	case OP_READ:
	case OP_WRITE:
		random_transfer(op);
		break;
	case OP_SIZE:
		op->arg[0] = random_file();
		op->arg[1] = (int)below(FILE_PAGES * PAGE_SIZE);
		break;
	case OP_RENEW:
		op->arg[0] = random_file();
		break;
	case OP_RECLAIM:
		op->arg[0] = 1 + (int)below(FILE_PAGES);
		break;
	case OP_PUNCH:
	case OP_ALLOCATE:
		op->arg[0] = random_file();
		op->arg[1] = (int)below(FILE_PAGES * PAGE_SIZE);
		op->arg[1] &= below(3) ? ~0 : ~(int)PAGE_MASK;
		op->arg[2] = (int)below((below(4) ? 6 : FILE_PAGES) * PAGE_SIZE);
		op->arg[3] = (int)below(2);
		break;
	case OP_LOCK_ALL:
		op->arg[0] = random_space();
		op->arg[1] = below(3) ? 0 : (int)below(8);
		break;
	case OP_BRK:
		op->arg[0] = random_space();
		op->arg[1] = (int)below((HEAP_CELLS - 2) * PAGE_SIZE);
		op->arg[1] &= below(3) ? ~0 : ~(int)PAGE_MASK;
		break;
	case OP_LIMIT:
		op->arg[0] = random_space();
		op->arg[1] = below(3) ? 0 : 1 + (int)below(40);
		op->arg[2] = below(3) ? 0 : 1 + (int)below(40);
		break;
	case OP_SWAPON:
		op->arg[0] = (int)below(below(2) ? AREA_PAGES : 48);
		op->arg[1] = below(3) ? 0 : (int)below(4);
		break;
	case OP_ANSWER:
		op->arg[0] = (int)below(8);
		op->arg[1] = below(4) == 0;
		break;
	case OP_FAULTY:
		op->arg[0] = below(2) ? 0 : 1 + (int)below(6);
		op->arg[1] = below(2) ? 0 : 1 + (int)below(6);
		break;
	case OP_SWAPOFF:
		break;
	case OP_STACK:
	case OP_FORK:
	case OP_EXIT:
	case OP_STRIP:
		op->arg[0] = random_space();
		op->arg[1] = (int)below(SPACES);
		break;
	default:
		op->arg[0] = random_space();
		op->arg[1] = random_page();
		random_rest(op);
	}
}

static void drop_unnamed(struct op *op)
{
	for (unsigned i = 0; i < OP_ARGS; i++) {
		if (!verb_words[op->verb].arg[i])
			for (; i < OP_ARGS; i++)
				op->arg[i] = 0;
	}
}

static void random_op(struct op *op, bool nested)
{
	*op = (struct op){ .verb = random_verb(nested) };
	random_args(op);
	drop_unnamed(op);
	op->at = nested ? (unsigned char)(below(2) ? 1 : 1 + below(pauses_max)) : 0;
	op->fail = below(14) ? 0 : (unsigned char)(1 + below(6));
}

size_t generate(struct op *ops, size_t room)
{
	size_t n = 1;

	outer = NULL;
	random_op(ops, false);
	if (below(2))
		return n;
	outer = ops;
	for (unsigned i = below(NESTED_MAX + 1); i && n < room; i--)
		random_op(&ops[n++], true);
	return n;
}
