/* SPDX-License-Identifier: MIT */
/* Pages that all threads change at once: an area at a fixed place, and the heap. */
#include "thread_vm.h"

#define AREA_AT	   ((char *)0x1b00000000)
#define AREA_PAGES 24u
#define HEAP_PAGES 12u
#define MARK	   0x7aul

struct place {
	char *at, *end; /* the end of the area that it is in */
	size_t len;
};

static char *heap_at;
static int file;

/*
 * What a thread stores: who, the offset in the page, which does not change when the page moves, and a number that only
 * grows.
 */
static uint64_t tag_new(const volatile void *at)
{
	uint64_t n = __atomic_add_fetch(&common->generations[me], 1, __ATOMIC_SEQ_CST);

	return MARK << 56 | (uint64_t)me << 48 | ((uintptr_t)at % PAGE / 8) << 36 | n;
}

static bool tag_is_right(uint64_t tag, const volatile void *at)
{
	unsigned who = tag >> 48 & 0xff;

	if (tag == 0)
		return true;
	return tag >> 56 == MARK && who < nthreads &&
	       (tag >> 36 & 0xfff) == (uintptr_t)at % PAGE / 8 &&
	       (tag & 0xfffffffff) <= __atomic_load_n(&common->generations[who], __ATOMIC_SEQ_CST);
}

void shared_begin(void)
{
	free(malloc(1)); /* the C library's part of the heap is below */
	heap_at = (char *)(((uintptr_t)CALL(SYS_brk, 0) + PAGE - 1) & ~(PAGE - 1));
	MUST(CALL(SYS_brk, heap_at) != (long)heap_at);
	MUST((file = memfd_create("all", 0)) < 0);
	MUST(ftruncate(file, AREA_PAGES * PAGE));
}

static struct place some_place(void)
{
	struct place p;
	unsigned n;

	if (one_in(4)) {
		p.at = heap_at + rnd(HEAP_PAGES) * PAGE;
		p.end = heap_at + HEAP_PAGES * PAGE;
	} else {
		p.at = AREA_AT + rnd(AREA_PAGES) * PAGE;
		p.end = AREA_AT + AREA_PAGES * PAGE;
	}
	n = 1 + rnd(one_in(4) ? 12 : 4);
	p.len = n * PAGE;
	if (p.len > (size_t)(p.end - p.at))
		p.len = (size_t)(p.end - p.at);
	return p;
}

/* ---- accesses ---- */

static void check_word(uint64_t value, const volatile void *at)
{
	if (!tag_is_right(value, at))
		wrong("%p holds %#lx, which nobody has stored there", at, value);
}

static void touch(void)
{
	struct place p = some_place();
	volatile char *at = p.at + rnd(PAGE / 64) * 64;
	bool writes = one_in(2) && !is_child;
	uint64_t value = 0;
	enum outcome is = writes ? store(at, tag_new(at)) : load(at, &value);

	if (is == DONE) {
		see(writes ? SEEN_STORE : SEEN_LOAD);
		check_word(value, at);
	} else {
		see(is == NOT_MAPPED ? SEEN_NOT_MAPPED : is == NO_RIGHT ? SEEN_NO_RIGHT : SEEN_BUS);
	}
}

/* Some words at once, by the kernel: all of them, or those before the first that it could not copy. */
static void copy(void)
{
	struct place p = some_place();
	size_t n = 1 + rnd(64), first = rnd((unsigned)(PAGE / 8 - n));
	uint64_t words[64] = { 0 };
	char *at = p.at + first * 8;
	bool writes = one_in(2) && !is_child;
	int err;

	for (size_t i = 0; writes && i < n; i++)
		words[i] = tag_new(at + i * 8);
	err = writes ? copy_to(at, words, n * 8) : copy_from(at, words, n * 8);
	if (err != 0 && err != -EFAULT && err != -EIO)
		wrong("a copy: %d", err);
	see(err ? SEEN_REFUSED_COPY : SEEN_COPY);
	for (size_t i = 0; !err && i < n; i++)
		check_word(words[i], at + i * 8);
}

/* ---- calls ---- */

static void expect_one_of(const char *what, long value, const int *errs)
{
	for (; *errs; errs++)
		if (value == -*errs)
			return;
	if (value < 0)
		wrong("%s: %s", what, strerrorname_np((int)-value));
}

static int some_prot(void)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RW, RW, RW, RW };

	return prots[rnd(6)];
}

static void do_mmap(void)
{
	static const int none[] = { 0 }, there[] = { EEXIST, 0 };
	struct place p = some_place();
	int flags = one_in(2) ? MAP_PRIVATE : MAP_SHARED, fd = -1;
	bool replaces = rnd(4) != 0;
	long value;

	if (one_in(3))
		fd = file;
	else
		flags |= MAP_ANONYMOUS;
	if (fd < 0 && (flags & MAP_PRIVATE) && one_in(8))
		flags |= MAP_GROWSDOWN;
	if (one_in(6))
		flags |= MAP_POPULATE;
	flags |= replaces ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	value = CALL(SYS_mmap, p.at, p.len, some_prot(), flags, fd,
		     fd < 0 ? 0 : rnd(AREA_PAGES) * PAGE);
	expect_one_of("mmap", value, replaces ? none : there);
	if (value >= 0 && value != (long)p.at)
		wrong("mmap at another address: %#lx", value);
}

/* What has moved to where nobody else looks, is looked at. */
static void look_elsewhere(char *at, size_t len)
{
	uint64_t value;

	for (size_t i = 0; i < len; i += 64) {
		value = 0;
		if (load(at + i, &value) == DONE)
			check_word(value, at + i);
	}
	MUST(munmap(at, len));
}

static void do_mremap(void)
{
	static const int errs[] = { EFAULT, EINVAL, ENOMEM, EAGAIN, 0 };
	struct place from = some_place(), to = some_place();
	size_t len = one_in(2) ? from.len : to.len;
	int flags = MREMAP_MAYMOVE;
	char *right = from.at;
	long value;

	switch (rnd(5)) {
	case 0: /* in place */
		flags = 0;
		if (len > (size_t)(from.end - from.at))
			len = from.len;
		break;
	case 1: /* away */
		flags |= MREMAP_DONTUNMAP;
		len = from.len;
		right = NULL;
		break;
	default:
		right = to.at;
		flags |= MREMAP_FIXED;
		if (len > (size_t)(to.end - to.at))
			len = to.len;
		if (len == from.len && one_in(3))
			flags |= MREMAP_DONTUNMAP;
		break;
	}
	value = CALL(SYS_mremap, from.at, from.len, len, flags, to.at);
	expect_one_of("mremap", value, errs);
	see(value < 0 ? SEEN_REFUSED_MOVE : SEEN_MOVE);
	if (value >= 0 && right && value != (long)right)
		wrong("mremap to another address: %#lx", value);
	if (value >= 0 && !right)
		look_elsewhere((char *)value, len);
}

static void do_madvise(void)
{
	static const int errs[] = { ENOMEM, EINVAL, EAGAIN, EBADF, EFAULT, 0 };
	static const int advices[] = { MADV_DONTNEED,	MADV_DONTNEED, MADV_FREE,
				       MADV_WILLNEED,	MADV_COLD,     MADV_PAGEOUT,
				       MADV_DONTFORK,	MADV_DOFORK,   MADV_DOFORK,
				       MADV_WIPEONFORK, MADV_RANDOM,   MADV_KEEPONFORK,
				       MADV_NORMAL };
	struct place p = some_place();

	expect_one_of(
		"madvise",
		CALL(SYS_madvise, p.at, p.len, advices[rnd(sizeof(advices) / sizeof(*advices))]),
		errs);
}

static void do_small(void)
{
	static const int errs[] = { ENOMEM, EAGAIN, EINVAL, EBUSY, 0 };
	struct place p = some_place();
	unsigned char vec[AREA_PAGES];

	switch (rnd(5)) {
	case 0:
		expect_one_of("msync", CALL(SYS_msync, p.at, p.len, MS_SYNC), errs);
		break;
	case 1:
		expect_one_of("mincore", CALL(SYS_mincore, p.at, p.len, vec), errs);
		break;
	case 2:
		expect_one_of("mlock", CALL(SYS_mlock, p.at, p.len), errs);
		break;
	default:
		expect_one_of("munlock", CALL(SYS_munlock, p.at, p.len), errs);
		break;
	}
}

/* The break is where some thread has put it. */
static void do_brk(void)
{
	char *to = heap_at + rnd(HEAP_PAGES + 1) * PAGE;
	long value;

	if (one_in(2)) /* what is mapped there would be in its way */
		MUST(munmap(heap_at, HEAP_PAGES * PAGE));
	value = CALL(SYS_brk, to);

	if (value < (long)heap_at || value > (long)(heap_at + HEAP_PAGES * PAGE) || value % PAGE)
		wrong("brk: %#lx", value);
	if (value == (long)to)
		see(SEEN_HEAP_MOVED);
}

static void do_file(void)
{
	if (is_child)
		return;
	if (one_in(2))
		MUST(ftruncate(file, rnd(AREA_PAGES + 1) * PAGE));
	else
		MUST(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       rnd(AREA_PAGES) * PAGE, (1 + rnd(4)) * PAGE));
}

/* Others change it as well: only what a call answers is known. */
void shared_step(void)
{
	static const int munmap_errs[] = { 0 }, mprotect_errs[] = { ENOMEM, 0 };
	struct place p = some_place();
	unsigned what = rnd(32);

	if (what < 11)
		touch();
	else if (what < 15)
		copy();
	else if (what < 20)
		do_mmap();
	else if (what < 21)
		expect_one_of("munmap", CALL(SYS_munmap, p.at, p.len), munmap_errs);
	else if (what < 24)
		expect_one_of("mprotect", CALL(SYS_mprotect, p.at, p.len, some_prot()),
			      mprotect_errs);
	else if (what < 27)
		do_mremap();
	else if (what < 29)
		do_madvise();
	else if (what < 30)
		(one_in(2) ? do_small : do_brk)();
	else if (what < 31)
		do_brk();
	else
		do_file();
}

/* ---- while nobody changes anything ---- */

static uint64_t page_hash(char *at, uint64_t hash)
{
	uint64_t value = 0, copied = 0;
	enum outcome is = load(at, &value);
	int err = copy_from(at, &copied, 8);

	if ((is == DONE) != (err == 0) || (err != 0 && err != -EFAULT))
		wrong("%p: %d for a load, %d for a copy", at, is, err);
	else if (is == DONE && copied != value)
		wrong("%p: %#lx by a load, %#lx by a copy", at, value, copied);
	hash = (hash ^ (uint64_t)is) * 0x100000001b3;
	for (unsigned i = 0; is == DONE && i < PAGE; i += 64) {
		is = load(at + i, &value);
		check_word(value, at + i);
		hash = (hash ^ value) * 0x100000001b3;
	}
	return hash;
}

uint64_t shared_hash(void)
{
	uint64_t hash = 1;

	for (unsigned i = 0; i < AREA_PAGES; i++)
		hash = page_hash(AREA_AT + i * PAGE, hash);
	for (unsigned i = 0; i < HEAP_PAGES; i++)
		hash = page_hash(heap_at + i * PAGE, hash);
	return hash;
}
