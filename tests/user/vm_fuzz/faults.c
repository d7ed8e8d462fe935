/* SPDX-License-Identifier: MIT */
/* Registered memory (userfaultfd), where a page that is not there is SIGBUS, or EFAULT of a call, and no thread resolves it. */
#include "vm_fuzz.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

/* Newer than the headers of some C libraries. */
#ifndef UFFDIO_POISON
#define UFFDIO_POISON _IOWR(UFFDIO, 8, struct uffdio_poison)
struct uffdio_poison {
	struct uffdio_range range;
	__u64 mode;
	__s64 updated;
};
#endif
#ifndef UFFDIO_MOVE
#define UFFDIO_MOVE _IOWR(UFFDIO, 5, struct uffdio_move)
struct uffdio_move {
	__u64 dst, src, len, mode;
	__s64 move;
};
#endif

#define DONTNEED_LOCKED 24
#define MOVED_AT_ONCE	20 /* more than the kernel takes in a piece */
#define UNCHANGED	77 /* in answer words, if the kernel writes nothing there */

bool faults;
static int uffd = -1;
static bool inherited; /* it is for the parent's memory */

static void open_anew(void)
{
	struct uffdio_api api = { .api = UFFD_API,
				  .features = UFFD_FEATURE_SIGBUS | UFFD_FEATURE_MISSING_SHMEM };
	long value;

	if (uffd >= 0)
		close(uffd);
	value = CALL(SYS_userfaultfd, O_NONBLOCK | UFFD_USER_MODE_ONLY);
	uffd = (int)value;
	for (unsigned i = 0; i < npages(); i++)
		cells[i].registered = false;
	inherited = false;
	if (value >= 0)
		value = answer(ioctl(uffd, UFFDIO_API, &api));
	tell(OP_UFFD, value, " ");
	if (value < 0)
		_exit(97);
}

void faults_begin(void)
{
	if (faults)
		open_anew();
}

void faults_fork(void)
{
	inherited = true;
}

/* In a child what is registered is its own memory: the parent's would be split where the parent does not know. */
static void need_own(void)
{
	if (inherited)
		open_anew();
}

void do_uffd(void)
{
	open_anew();
}

static void keep(struct range r, long value, bool registered)
{
	arena_cut(r);
	for (unsigned i = r.first; value == 0 && i < r.first + r.n; i++)
		cells[i].registered = registered;
}

static void drop(struct range r)
{
	tell(OP_MADVISE, CALL(SYS_madvise, at(r.first), r.n * PAGE, DONTNEED_LOCKED),
	     "%u+%u, advice %d", r.first, r.n, DONTNEED_LOCKED);
}

/* A child does not have on Linux what was only read before, and has it here: before it registers a range, it has nothing there. */
static void register_it(struct range r, bool spoils)
{
	char *addr = at(r.first);
	size_t len = r.n * PAGE;
	struct uffdio_register arg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	long value;

	if (is_child)
		drop(r);
	if (spoils && one_in(12))
		spoil(&addr, &len);
	else if (spoils && one_in(30))
		arg.mode = one_in(2) ? 0 : 8;
	arg.range.start = (uintptr_t)addr;
	arg.range.len = len;
	value = answer(ioctl(uffd, UFFDIO_REGISTER, &arg));
	tell(OP_REGISTER, value, "%u+%u, %#lx at %#lx, mode %u", r.first, r.n, len,
	     place((long)addr), (unsigned)arg.mode);
	keep(r, value, true);
}

void do_register(void)
{
	need_own();
	register_it(one_in(8) ? range_any() : range_mapped(), true);
}

void do_unregister(void)
{
	struct range r = one_in(8) ? range_any() : range_mapped();
	char *addr = at(r.first);
	size_t len = r.n * PAGE;
	struct uffdio_range arg;
	long value;

	need_own();
	if (one_in(12))
		spoil(&addr, &len);
	arg.start = (uintptr_t)addr;
	arg.len = len;
	value = answer(ioctl(uffd, UFFDIO_UNREGISTER, &arg));
	tell(OP_UNREGISTER, value, "%u+%u, %#lx at %#lx", r.first, r.n, len, place((long)addr));
	keep(r, value, false);
}

/* Zeros, or bytes from `from` on. */
static long give(struct range r, char *addr, size_t len, const void *from, unsigned mode)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)addr,
				    .src = (uintptr_t)from,
				    .len = len,
				    .mode = mode,
				    .copy = UNCHANGED };
	struct uffdio_zeropage zero = { .range = { (uintptr_t)addr, len },
					.mode = mode,
					.zeropage = UNCHANGED };
	long value = answer(from ? ioctl(uffd, UFFDIO_COPY, &copy)
				 : ioctl(uffd, UFFDIO_ZEROPAGE, &zero));
	long done = from ? copy.copy : zero.zeropage;

	tell(from ? OP_COPY : OP_ZEROPAGE, value,
	     "%u+%u, %#lx at %#lx, from %#lx, mode %u, done %ld", r.first, r.n, len,
	     place((long)addr), from ? place((long)from) : 0, mode, done);
	mix((uint64_t)done);
	return value;
}

/* The page where an access was SIGBUS is given. */
bool faults_mend(unsigned page)
{
	static char bytes[PAGE];

	if (!faults || inherited || one_in(2))
		return false;
	memset(bytes, (int)('A' + page % 26), sizeof(bytes));
	return give((struct range){ page, 1 }, at(page), PAGE, one_in(2) ? bytes : NULL, 0) == 0;
}

/*
 * Only what is one mapping on any kernel, as with mremap: a range over two is ENOENT.  Of a file that is mapped privately Linux maps
 * more than was touched, and what is mapped is there: all of it goes before.
 */
static bool some_place(struct range *r)
{
	for (int i = 0; i < 8; i++) {
		*r = range_one();
		if (cells[r->first].registered)
			break;
	}
	if (one_in(2)) {
		r->first += rnd(r->n);
		r->n = 1;
	}
	if (!cells[r->first].mapped || cells[r->first].kind != KIND_FILE_PRIVATE)
		return true;
	if (inherited)
		return false;
	drop(*r);
	return true;
}

static const char *some_source(struct range r)
{
	static char bytes[4 * PAGE];
	unsigned page = one_in(8) ? range_any().first : range_mapped().first;
	unsigned off = one_in(3) ? rnd(PAGE) : 0;

	if (one_in(3) && r.n <= 3) {
		uint64_t value = chance_word();

		for (size_t i = 0; i < sizeof(bytes); i += sizeof(value))
			memcpy(&bytes[i], &value, sizeof(value));
		return bytes + off;
	}
	return at(page) + off;
}

void do_give(void)
{
	struct range r;
	unsigned mode = one_in(4) ? 1 : one_in(40) ? 4 : 0;
	char *addr;
	size_t len;

	if (!some_place(&r))
		return;
	addr = at(r.first);
	len = r.n * PAGE;
	if (one_in(20))
		spoil(&addr, &len);
	(void)give(r, addr, len, one_in(3) ? NULL : some_source(r), mode);
}

void do_poison(void)
{
	struct uffdio_poison arg = { .mode = one_in(4)	  ? 1
					     : one_in(40) ? 4
							  : 0,
				     .updated = UNCHANGED };
	struct range r;
	char *addr;
	size_t len;
	long value;

	if (!some_place(&r))
		return;
	r.n = 1 + rnd(r.n < 3 ? r.n : 3);
	if (!inherited && one_in(2))
		drop(r);
	addr = at(r.first);
	len = r.n * PAGE;
	if (one_in(20))
		spoil(&addr, &len);
	arg.range = (struct uffdio_range){ (uintptr_t)addr, len };
	value = answer(ioctl(uffd, UFFDIO_POISON, &arg));
	tell(OP_POISON, value, "%u+%u, %#lx at %#lx, mode %u, done %ld", r.first, r.n, len,
	     place((long)addr), (unsigned)arg.mode, (long)arg.updated);
	mix((uint64_t)arg.updated);
}

/*
 * Has each page written, or nothing there. What a child and its parent have both is not moved; and when one of them has gone,
 * Linux knows that only after a write. What was only read a child has on one kernel, and not on the other.
 */
static void settle(struct range r)
{
	for (unsigned i = r.first; i < r.first + r.n; i++) {
		uint64_t zero = 0;

		if (one_in(6))
			drop((struct range){ i, 1 });
		else
			(void)try_access(ADD_WORD, at(i), &zero);
	}
}

/* Linux tells `-w-` from `rw-` where it compares the mappings; here a mapping that may be written may be read. */
static bool alike_but_for_reads(const struct cell *a, const struct cell *b)
{
	return (a->prot ^ b->prot) == PROT_READ || (a->prot | b->prot) & PROT_UNKNOWN;
}

void do_move(void)
{
	struct uffdio_move arg = { .mode = (one_in(2) ? 2 : 0) | (one_in(4) ? 1 : 0),
				   .move = UNCHANGED };
	struct range to, from;
	char *addr;
	size_t len;
	long value;

	need_own();
	if (!some_place(&to))
		return;
	for (int i = 0; i < 12; i++) {
		from = range_one();
		if (cells[from.first].kind == KIND_PRIVATE &&
		    cells[from.first].prot == cells[to.first].prot)
			break;
	}
	if (alike_but_for_reads(&cells[to.first], &cells[from.first]))
		return;
	if (from.n > to.n)
		from.n = to.n;
	if (from.n > MOVED_AT_ONCE)
		from.n = MOVED_AT_ONCE;
	to.n = from.n;
	if (!cells[to.first].registered && !one_in(4))
		register_it(to, false);
	if (one_in(2))
		drop(to);
	settle(from);
	addr = at(to.first);
	len = to.n * PAGE;
	if (one_in(20))
		spoil(&addr, &len);
	if (one_in(40))
		arg.mode = 4;
	arg.dst = (uintptr_t)addr;
	arg.src = (uintptr_t)at(from.first);
	arg.len = len;
	value = answer(ioctl(uffd, UFFDIO_MOVE, &arg));
	tell(OP_MOVE, value, "%u+%u from %u, %#lx at %#lx, mode %u, done %ld", to.first, to.n,
	     from.first, len, place((long)addr), (unsigned)arg.mode, (long)arg.move);
	mix((uint64_t)arg.move);
}
