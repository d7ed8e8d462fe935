/* SPDX-License-Identifier: MIT */
/* Pages of one thread between those of others: each call's result and each word is what a model says. */
#include "thread_vm.h"

#define OWN_AT	    ((char *)0x1a00000000)
#define BLOCK_PAGES 4u
#define BLOCKS	    8u
#define OWN_PAGES   (BLOCKS * BLOCK_PAGES)
#define FILE_PAGES  8u
#define WORDS	    4u
#define CONTENTS    (2 * OWN_PAGES)

enum kind { PRIVATE, SHARED, FILE_PRIVATE, FILE_SHARED, KINDS };

/* What a page holds: some words, and the others by their place alone. */
struct content {
	uint64_t words[WORDS];
	unsigned pattern; /* of a file: its page's number, from 1; 0: zeros */
};

struct page {
	bool mapped;
	unsigned char prot;
	enum kind kind;
	unsigned id; /* the same: made by one call, and not cut since */
	unsigned file_page;
	struct content *content;
};

static struct own {
	struct page pages[OWN_PAGES];
	struct content contents[CONTENTS], file[FILE_PAGES];
	unsigned file_pages; /* of the file that is mapped shared */
	int private_fd, shared_fd;
	unsigned last_id;
	uint64_t last_value;
} owns[MOST_THREADS];

static const unsigned short offsets[WORDS] = { 0, 1000, 2048, 4088 };

struct range {
	unsigned first, n;
};

/* Blocks of all threads alternate. */
static char *at(unsigned page)
{
	return OWN_AT +
	       ((page / BLOCK_PAGES * nthreads + me) * BLOCK_PAGES + page % BLOCK_PAGES) * PAGE;
}

static uint64_t pattern_word(unsigned pattern, unsigned offset)
{
	return pattern ? (uint64_t)pattern << 32 | offset : 0;
}

static void content_fill(struct content *content, unsigned pattern)
{
	content->pattern = pattern;
	for (unsigned i = 0; i < WORDS; i++)
		content->words[i] = pattern_word(pattern, offsets[i]);
}

static bool is_used(const struct content *content)
{
	for (unsigned i = 0; i < OWN_PAGES; i++)
		if (owns[me].pages[i].content == content)
			return true;
	return false;
}

static struct content *content_new(unsigned pattern)
{
	struct content *content = owns[me].contents;

	while (is_used(content))
		content++;
	content_fill(content, pattern);
	return content;
}

void own_begin(void)
{
	uint64_t words[PAGE / 8];

	for (unsigned i = 0; i < nthreads; i++) {
		struct own *own = &owns[i];

		own->private_fd = memfd_create("private", 0);
		own->shared_fd = memfd_create("shared", 0);
		for (unsigned page = 0; page < FILE_PAGES; page++) {
			for (unsigned word = 0; word < PAGE / 8; word++)
				words[word] = pattern_word(page + 1, word * 8);
			MUST(pwrite(own->private_fd, words, PAGE, page * (off_t)PAGE) != PAGE);
		}
		MUST(ftruncate(own->shared_fd, FILE_PAGES * PAGE));
		own->file_pages = FILE_PAGES;
	}
}

/* ---- the model ---- */

static enum outcome expected(const struct page *page, bool writes)
{
	if (!page->mapped)
		return NOT_MAPPED;
	if (!(page->prot & (writes ? PROT_WRITE : PROT_READ)))
		return NO_RIGHT;
	if ((page->kind == FILE_PRIVATE && page->file_page >= FILE_PAGES) ||
	    (page->kind == FILE_SHARED && page->file_page >= owns[me].file_pages))
		return BUS;
	return DONE;
}

static bool is_shared(const struct page *page)
{
	return page->kind == SHARED || page->kind == FILE_SHARED;
}

/* The page as it is before it is stored to. */
static void page_renew(struct page *page)
{
	page->content = NULL;
	if (page->kind == FILE_SHARED)
		page->content = &owns[me].file[page->file_page % FILE_PAGES];
	else if (page->kind == FILE_PRIVATE && page->file_page < FILE_PAGES)
		page->content = content_new(page->file_page + 1);
	else
		page->content = content_new(0);
}

static void page_forget(struct page *page)
{
	*page = (struct page){ 0 };
}

/* The range is one of its own from now on, and so is what is behind it. */
static void cut(struct range r)
{
	struct page *pages = owns[me].pages;
	unsigned end = r.first / BLOCK_PAGES * BLOCK_PAGES + BLOCK_PAGES, old = 0;

	if (r.first + r.n < end) {
		old = pages[r.first + r.n].id;
		owns[me].last_id++;
		for (unsigned i = r.first + r.n; i < end && pages[i].id == old; i++)
			pages[i].id = owns[me].last_id;
	}
	for (unsigned i = r.first; i < r.first + r.n; i++) {
		if (i == r.first || pages[i].id != old)
			owns[me].last_id++;
		old = pages[i].id;
		pages[i].id = owns[me].last_id;
	}
}

/* How many pages of the range are mapped before the first that is not. */
static unsigned mapped_until(struct range r)
{
	unsigned n = 0;

	while (n < r.n && owns[me].pages[r.first + n].mapped)
		n++;
	return n;
}

static struct range some_range(void)
{
	struct range r = { rnd(OWN_PAGES), 1 };

	r.n += rnd(BLOCK_PAGES - r.first % BLOCK_PAGES);
	return r;
}

static void expect_result(const char *what, long is, long should_be, struct range r)
{
	if (is != should_be)
		wrong("%s of %u pages from %u: %ld, not %ld", what, r.n, r.first, is, should_be);
}

/* ---- accesses ---- */

static void touch(bool by_kernel)
{
	unsigned number = rnd(OWN_PAGES), word = rnd(WORDS);
	struct page *page = &owns[me].pages[number];
	bool writes = one_in(2) && !(is_child && is_shared(page));
	enum outcome right = expected(page, writes), is = DONE;
	uint64_t value = (uint64_t)(me + 1) << 56 | ++owns[me].last_value;
	char *to = at(number) + offsets[word];
	int err;

	if (by_kernel) {
		err = writes ? copy_to(to, &value, 8) : copy_from(to, &value, 8);
		if (err != (right == DONE ? 0 : -EFAULT))
			wrong("a copy %s own page %u: %d", writes ? "to" : "from", number, err);
		is = err ? BUS : DONE;
	} else {
		is = writes ? store(to, value) : load(to, &value);
		if (is != right)
			wrong("%s own page %u: %d, not %d", writes ? "a store to" : "a load from",
			      number, is, right);
	}
	if (is != DONE || right != DONE)
		return;
	if (writes)
		page->content->words[word] = value;
	else if (value != page->content->words[word])
		wrong("own page %u, word %u, kind %d: %#lx, not %#lx", number, word, page->kind,
		      value, page->content->words[word]);
}

static void check_page(unsigned number)
{
	const struct page *page = &owns[me].pages[number];
	uint64_t value = 0, right;
	enum outcome is = load(at(number), &value);
	unsigned next = 0;

	if (is != expected(page, false))
		wrong("own page %u: %d, not %d", number, is, expected(page, false));
	if (is != DONE || expected(page, false) != DONE)
		return;
	for (unsigned offset = 0; offset < PAGE; offset += 8) {
		right = pattern_word(page->content->pattern, offset);
		if (next < WORDS && offset == offsets[next])
			right = page->content->words[next++];
		value = *(volatile uint64_t *)(at(number) + offset);
		if (value != right) {
			wrong("own page %u at %u, kind %d: %#lx, not %#lx", number, offset,
			      page->kind, value, right);
			return;
		}
	}
}

void own_check(void)
{
	for (unsigned i = 0; i < OWN_PAGES; i++)
		check_page(i);
}

/* ---- calls ---- */

static const int prots[] = { PROT_NONE, PROT_READ, RW, RW, RW };

static void do_mmap(void)
{
	struct range r = some_range();
	enum kind kind = (enum kind)rnd(KINDS);
	int prot = prots[rnd(5)], fd = -1, flags;
	unsigned file_page = rnd(FILE_PAGES), n = 0;
	bool is_free;
	long value;

	for (unsigned i = 0; i < r.n; i++)
		n += owns[me].pages[r.first + i].mapped;
	is_free = n == 0;
	flags = kind == SHARED || kind == FILE_SHARED ? MAP_SHARED : MAP_PRIVATE;
	if (kind == PRIVATE || kind == SHARED)
		flags |= MAP_ANONYMOUS;
	else
		fd = kind == FILE_SHARED ? owns[me].shared_fd : owns[me].private_fd;
	flags |= one_in(4) ? MAP_FIXED_NOREPLACE : MAP_FIXED;
	if (one_in(4))
		flags |= one_in(2) ? MAP_POPULATE : MAP_NORESERVE;
	value = CALL(SYS_mmap, at(r.first), r.n * PAGE, prot, flags, fd,
		     fd >= 0 ? (off_t)(file_page * PAGE) : 0);
	if (!is_free && (flags & MAP_FIXED_NOREPLACE)) {
		expect_result("mmap", value, -EEXIST, r);
		return;
	}
	expect_result("mmap", value, (long)at(r.first), r);
	cut(r);
	owns[me].last_id++;
	for (unsigned i = 0; i < r.n; i++) {
		struct page *page = &owns[me].pages[r.first + i];

		*page = (struct page){ .mapped = true,
				       .prot = (unsigned char)prot,
				       .kind = kind,
				       .id = owns[me].last_id,
				       .file_page = fd >= 0 ? file_page + i : 0 };
		page_renew(page);
	}
}

static void do_munmap(void)
{
	struct range r = some_range();

	expect_result("munmap", CALL(SYS_munmap, at(r.first), r.n * PAGE), 0, r);
	cut(r);
	for (unsigned i = 0; i < r.n; i++)
		page_forget(&owns[me].pages[r.first + i]);
}

static void do_mprotect(void)
{
	struct range r = some_range();
	int prot = prots[rnd(5)];
	unsigned n = mapped_until(r);

	expect_result("mprotect", CALL(SYS_mprotect, at(r.first), r.n * PAGE, prot),
		      n == r.n ? 0 : -ENOMEM, r);
	cut(r);
	for (unsigned i = 0; i < n; i++)
		owns[me].pages[r.first + i].prot = (unsigned char)prot;
}

static void do_madvise(void)
{
	static const int advices[] = { MADV_DONTNEED, MADV_DONTNEED, MADV_DONTNEED, MADV_WILLNEED,
				       MADV_COLD,     MADV_PAGEOUT,  MADV_PAGEOUT };
	struct range r = some_range();
	int advice = advices[rnd(7)];
	bool whole = mapped_until(r) == r.n;

	expect_result("madvise", CALL(SYS_madvise, at(r.first), r.n * PAGE, advice),
		      whole ? 0 : -ENOMEM, r);
	if (advice != MADV_DONTNEED)
		return;
	for (unsigned i = r.first; i < r.first + r.n; i++)
		if (owns[me].pages[i].mapped && !is_shared(&owns[me].pages[i]))
			page_renew(&owns[me].pages[i]);
}

static void do_sync_and_look(void)
{
	struct range r = some_range();
	bool whole = mapped_until(r) == r.n;
	unsigned char vec[BLOCK_PAGES];

	expect_result("msync", CALL(SYS_msync, at(r.first), r.n * PAGE, MS_SYNC),
		      whole ? 0 : -ENOMEM, r);
	expect_result("mincore", CALL(SYS_mincore, at(r.first), r.n * PAGE, vec),
		      whole ? 0 : -ENOMEM, r);
}

/* Whether memory can be locked depends on more than this thread; no page is locked afterwards. */
static void do_lock(void)
{
	struct range r = some_range();
	bool whole = mapped_until(r) == r.n;
	long value = CALL(SYS_mlock, at(r.first), r.n * PAGE);

	if (value != 0 && value != -ENOMEM && value != -EAGAIN)
		wrong("mlock: %ld", value);
	expect_result("munlock", CALL(SYS_munlock, at(r.first), r.n * PAGE), whole ? 0 : -ENOMEM,
		      r);
	cut(r);
}

static void do_truncate(void)
{
	struct own *own = &owns[me];
	unsigned n = rnd(FILE_PAGES + 1);

	if (is_child)
		return;
	MUST(ftruncate(own->shared_fd, (off_t)(n * PAGE)));
	for (unsigned i = n; i < FILE_PAGES; i++)
		content_fill(&own->file[i], 0);
	own->file_pages = n;
}

static bool overlap(struct range a, struct range b)
{
	return a.first < b.first + b.n && b.first < a.first + a.n;
}

static void move(struct range from, bool stays)
{
	struct page moved[BLOCK_PAGES];
	struct range to = { rnd(BLOCKS) * BLOCK_PAGES + rnd(BLOCK_PAGES - from.n + 1), from.n };
	struct page *pages = owns[me].pages;
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (stays ? MREMAP_DONTUNMAP : 0);
	long value;

	if (overlap(from, to))
		return;
	value = CALL(SYS_mremap, at(from.first), from.n * PAGE, to.n * PAGE, flags, at(to.first));
	expect_result(stays ? "mremap that leaves the place" : "mremap", value, (long)at(to.first),
		      from);
	memcpy(moved, &pages[from.first], from.n * sizeof(*pages));
	cut(from);
	cut(to);
	for (unsigned i = 0; i < from.n; i++)
		page_forget(&pages[to.first + i]);
	owns[me].last_id++;
	for (unsigned i = 0; i < from.n; i++) {
		struct page *old = &pages[from.first + i], *new = &pages[to.first + i];

		*new = moved[i];
		new->id = owns[me].last_id;
		if (!stays)
			page_forget(old);
		else if (!is_shared(old))
			page_renew(old);
	}
}

static void shrink(struct range from)
{
	struct range rest = { from.first + 1, from.n - 1 };

	if (rest.n == 0)
		return;
	expect_result("mremap", CALL(SYS_mremap, at(from.first), from.n * PAGE, PAGE, 0),
		      (long)at(from.first), from);
	cut(rest);
	for (unsigned i = 0; i < rest.n; i++)
		page_forget(&owns[me].pages[rest.first + i]);
}

/* In its place, where the next page is this thread's too. */
static void grow(struct range from)
{
	struct page *pages = owns[me].pages, *last = &pages[from.first + from.n - 1];
	bool has_room = (from.first + from.n) % BLOCK_PAGES != 0;
	long value;

	/* What is shared without a file does not grow: SIGBUS behind its end. */
	if (!has_room || last->kind == SHARED)
		return;
	value = CALL(SYS_mremap, at(from.first), from.n * PAGE, (from.n + 1) * PAGE, 0);
	if (last[1].mapped) {
		expect_result("mremap", value, -ENOMEM, from);
		return;
	}
	expect_result("mremap", value, (long)at(from.first), from);
	last[1] = *last;
	last[1].file_page++;
	page_renew(&last[1]);
}

static void do_mremap(void)
{
	struct page *pages = owns[me].pages;
	struct range from = { rnd(OWN_PAGES), 1 };

	if (!pages[from.first].mapped)
		return;
	while ((from.first + from.n) % BLOCK_PAGES != 0 &&
	       pages[from.first + from.n].id == pages[from.first].id)
		from.n++;
	switch (rnd(6)) {
	case 0:
		shrink(from);
		break;
	case 1:
		grow(from);
		break;
	default:
		move(from, one_in(3));
		break;
	}
}

void own_step(void)
{
	unsigned what = rnd(32);

	if (what < 14)
		touch(false);
	else if (what < 17)
		touch(true);
	else if (what < 21)
		do_mmap();
	else if (what < 22)
		do_munmap();
	else if (what < 25)
		do_mprotect();
	else if (what < 28)
		do_mremap();
	else if (what < 30)
		do_madvise();
	else if (what < 31)
		(one_in(2) ? do_lock : do_sync_and_look)();
	else
		(one_in(3) ? do_truncate : own_check)();
}
