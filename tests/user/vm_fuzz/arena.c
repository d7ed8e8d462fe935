/* SPDX-License-Identifier: MIT */
/* What the arena is thought to hold. It only steers the choice of arguments: nothing is checked against it. */
#include "vm_fuzz.h"

struct cell cells[MOST_PAGES];
char *heap_at;
bool wide, swaps;
unsigned main_pages;
static unsigned last_id;

void arena_begin(void)
{
	memset(cells, 0, sizeof(cells));
	last_id = 0;
	main_pages = wide ? WIDE_PAGES : FEW_PAGES;
}

unsigned npages(void)
{
	return main_pages + HEAP_PAGES;
}

char *at(unsigned page)
{
	return page < main_pages ? MAIN_AT + page * PAGE : heap_at + (page - main_pages) * PAGE;
}

bool page_of(const volatile void *p, unsigned *page)
{
	uintptr_t main = (uintptr_t)p - (uintptr_t)MAIN_AT,
		  heap = (uintptr_t)p - (uintptr_t)heap_at;

	if (main < main_pages * PAGE)
		*page = (unsigned)(main / PAGE);
	else if (heap < HEAP_PAGES * PAGE)
		*page = main_pages + (unsigned)(heap / PAGE);
	else
		return false;
	return true;
}

unsigned area_end(unsigned page)
{
	return page < main_pages ? main_pages : npages();
}

/* Borders of blocks, pages near to these, or any. */
static unsigned some_wide_page(void)
{
	unsigned page = rnd(main_pages / BLOCK + 1) * BLOCK, near = rnd(7), how = rnd(4);

	if (how == 0)
		return rnd(main_pages);
	return how == 1 || page + near < 3 ? page : page + near - 3;
}

static unsigned some_page(void)
{
	if (wide && !one_in(20))
		return some_wide_page();
	return one_in(7) ? main_pages + rnd(HEAP_PAGES) : rnd(main_pages);
}

static unsigned some_length(unsigned most)
{
	unsigned n = 1 + rnd(one_in(6) ? 32 : 6);

	if (wide && one_in(2))
		n = one_in(3) ? 1 + rnd(3 * BLOCK) : (1 + rnd(3)) * BLOCK + rnd(5) - 2;
	else if (wide && one_in(4))
		n = (1 + rnd(2)) * BLOCK;
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
	unsigned start = some_page(), base = start < main_pages ? 0 : main_pages;
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
		while (r.first != 0 && r.first != main_pages && cells[r.first - 1].mapped &&
		       cells[r.first - 1].id == cells[r.first].id)
			r.first--;
	most = some_length(end - r.first);
	if (one_in(3))
		most = npages();
	while (r.n < most && r.first + r.n < end && cells[r.first + r.n].mapped &&
	       cells[r.first + r.n].id == cells[r.first].id)
		r.n++;
	return r;
}

struct range range_blocks(void)
{
	unsigned first = rnd(main_pages / BLOCK);

	return (struct range){ first * BLOCK, (1 + rnd(main_pages / BLOCK - first)) * BLOCK };
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
	for (unsigned i = 0; i < npages(); i++)
		if (cells[i].mapped && cells[i].nofork)
			arena_unmap((struct range){ i, 1 });
}
