/* SPDX-License-Identifier: MIT */
/* What the arena is thought to hold. It only steers the choice of arguments: nothing is checked against it. */
#include "vm_fuzz.h"

struct cell cells[NPAGES];
char *heap_at;
static unsigned last_id;

void arena_begin(void)
{
	memset(cells, 0, sizeof(cells));
	last_id = 0;
}

char *at(unsigned page)
{
	return page < MAIN_PAGES ? MAIN_AT + page * PAGE : heap_at + (page - MAIN_PAGES) * PAGE;
}

bool page_of(const volatile void *p, unsigned *page)
{
	uintptr_t main = (uintptr_t)p - (uintptr_t)MAIN_AT,
		  heap = (uintptr_t)p - (uintptr_t)heap_at;

	if (main < MAIN_PAGES * PAGE)
		*page = (unsigned)(main / PAGE);
	else if (heap < HEAP_PAGES * PAGE)
		*page = MAIN_PAGES + (unsigned)(heap / PAGE);
	else
		return false;
	return true;
}

unsigned area_end(unsigned page)
{
	return page < MAIN_PAGES ? MAIN_PAGES : NPAGES;
}

static unsigned some_page(void)
{
	return one_in(7) ? MAIN_PAGES + rnd(HEAP_PAGES) : rnd(MAIN_PAGES);
}

static unsigned some_length(unsigned most)
{
	unsigned n = 1 + rnd(one_in(6) ? 32 : 6);

	return n < most ? n : most;
}

struct range range_any(void)
{
	struct range r = { .first = some_page() };

	r.n = some_length(area_end(r.first) - r.first);
	return r;
}

/* The first page from a chance one on that is mapped, or is not; any, where there is none. */
static unsigned page_like(bool mapped)
{
	unsigned start = some_page(), base = start < MAIN_PAGES ? 0 : MAIN_PAGES;
	unsigned size = area_end(start) - base;

	for (unsigned i = 0; i < size; i++) {
		unsigned page = base + (start - base + i) % size;

		if (cells[page].mapped == mapped)
			return page;
	}
	return start;
}

static struct range range_like(bool mapped)
{
	struct range r = { page_like(mapped), 1 };
	unsigned most = some_length(area_end(r.first) - r.first);

	while (r.n < most && cells[r.first + r.n].mapped == mapped)
		r.n++;
	return r;
}

struct range range_mapped(void)
{
	return range_like(true);
}

struct range range_free(void)
{
	return range_like(false);
}

struct range range_one(void)
{
	struct range r = { page_like(true), 1 };
	unsigned end = area_end(r.first), most;

	if (one_in(2))
		while (r.first != 0 && r.first != MAIN_PAGES && cells[r.first - 1].mapped &&
		       cells[r.first - 1].id == cells[r.first].id)
			r.first--;
	most = some_length(end - r.first);
	if (one_in(3))
		most = NPAGES;
	while (r.n < most && r.first + r.n < end && cells[r.first + r.n].mapped &&
	       cells[r.first + r.n].id == cells[r.first].id)
		r.n++;
	return r;
}

/* What is in the range, and what is behind it, may be mappings of their own from now on. */
void arena_cut(struct range r)
{
	unsigned end = area_end(r.first), old = 0;

	for (unsigned i = r.first; i < end; i++) {
		unsigned id = cells[i].id;

		if (i >= r.first + r.n && (i == 0 || id != old) && i != r.first + r.n)
			break;
		if (i == r.first || i == r.first + r.n || id != old)
			last_id++;
		old = id;
		cells[i].id = last_id;
	}
}

void arena_map(struct range r, int prot, enum kind kind, bool grows)
{
	arena_cut(r);
	last_id++;
	for (unsigned i = r.first; i < r.first + r.n; i++)
		cells[i] = (struct cell){
			.id = last_id,
			.mapped = true,
			.grows = grows,
			.prot = (unsigned char)prot,
			.kind = (unsigned char)kind,
		};
}

void arena_unmap(struct range r)
{
	arena_cut(r);
	for (unsigned i = r.first; i < r.first + r.n; i++)
		cells[i].mapped = false;
}

void arena_protect(struct range r, int prot)
{
	arena_cut(r);
	for (unsigned i = r.first; i < r.first + r.n; i++)
		cells[i].prot = (unsigned char)prot;
}

/* Asks the kernel which pages of the range are mapped: after stacks may have grown, or calls failed half-way. */
void arena_sync(struct range r)
{
	for (unsigned i = r.first + r.n; i-- > r.first;) {
		unsigned char vec;
		bool mapped = mincore(at(i), PAGE, &vec) == 0;

		if (mapped && !cells[i].mapped) {
			if (i + 1 < area_end(i) && cells[i + 1].mapped && cells[i + 1].grows)
				cells[i] = cells[i + 1];
			else
				arena_map((struct range){ i, 1 }, PROT_UNKNOWN, KIND_PRIVATE,
					  false);
		} else if (!mapped && cells[i].mapped) {
			arena_unmap((struct range){ i, 1 });
		}
	}
}

void arena_fork(void)
{
	for (unsigned i = 0; i < NPAGES; i++)
		if (cells[i].mapped && cells[i].nofork)
			arena_unmap((struct range){ i, 1 });
}
