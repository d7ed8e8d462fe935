/* SPDX-License-Identifier: MIT */
/* mmap, munmap and mprotect: most of them good, some with one thing wrong. */
#include "vm_fuzz.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

struct mapping {
	char *addr;
	size_t len;
	int prot, flags, fd;
	off_t off;
	struct range r;
	enum kind kind;
	unsigned which; /* file, for the line */
	bool sealed; /* refused for that before all else here, on Linux after: nothing else may be wrong */
};

int some_prot(void)
{
	static const unsigned char weights[] = { 3, 6, 2, 14, 1, 2, 1, 5 };
	static const unsigned char wide_weights[] = { 3, 8, 1, 30, 1, 1, 0, 1 };

	return (int)pick(wide ? wide_weights : weights, 8);
}

void spoil(char **addr, size_t *len)
{
	switch (rnd(6)) {
	case 0:
		*addr += 1 + rnd(PAGE - 1);
		break;
	case 1:
		*len = 0;
		break;
	case 2:
		*len = -PAGE - rnd(2);
		break;
	case 3:
		*len = 1ul << 40;
		break;
	case 4:
		*addr = (char *)0xffffffc000000000;
		break;
	default:
		*addr = (char *)-PAGE;
		break;
	}
}

static void choose_kind(struct mapping *m)
{
	static const unsigned char weights[] = { 8, 3, 5, 4 };
	static const unsigned char wide_weights[] = { 30, 2, 2, 1 };
	static const int extras[] = { MAP_NORESERVE, MAP_POPULATE, MAP_STACK, MAP_LOCKED };

	m->kind = (enum kind)pick(wide ? wide_weights : weights, 4);
	m->flags = m->kind == KIND_SHARED || m->kind == KIND_FILE ? MAP_SHARED : MAP_PRIVATE;
	m->fd = -1;
	if (m->kind == KIND_PRIVATE || m->kind == KIND_SHARED) {
		m->flags |= MAP_ANONYMOUS;
	} else {
		m->fd = file_to_map(&m->which, &m->sealed);
		m->off = (off_t)(rnd(12) * PAGE);
		m->sealed = m->sealed && m->kind == KIND_FILE && (m->prot & PROT_WRITE);
	}
	if (one_in(3))
		m->flags |= extras[rnd(one_in(4) && !swaps ? 4 : 3)];
	if (m->kind == KIND_PRIVATE && !wide && one_in(10))
		m->flags |= MAP_GROWSDOWN;
}

static void choose_place(struct mapping *m)
{
	unsigned how = m->sealed ? 0 : rnd(10);

	m->r = how < 6 ? range_any() : one_in(4) ? range_any() : range_free();
	if (how < 6)
		m->flags |= MAP_FIXED;
	else if (how < 8)
		m->flags |= MAP_FIXED_NOREPLACE;
	m->addr = at(m->r.first);
	m->len = m->r.n * PAGE - (one_in(5) ? rnd(PAGE) : 0);
}

/* A stack grows where nothing is below it: within reach of a guard gap that is all of the arena. */
static void room_below(struct mapping *m)
{
	long value;

	m->r = (struct range){ 4 + rnd(16), 1 + rnd(4) };
	m->addr = at(m->r.first);
	m->len = m->r.n * PAGE;
	m->flags |= MAP_FIXED;
	value = CALL(SYS_munmap, at(0), m->r.first * PAGE);
	tell(OP_MUNMAP, value, "0+%u", m->r.first);
	arena_unmap((struct range){ 0, m->r.first });
}

/* Below 0x1000 the answer is another one here (docs/ABI.md): no address is 0. */
static void spoil_mapping(struct mapping *m)
{
	switch (rnd(6)) {
	case 0:
		m->flags &= ~(MAP_SHARED | MAP_PRIVATE);
		break;
	case 1:
		m->fd = file_bad(&m->which);
		/* One thing is wrong, not two. */
		m->flags &= ~(MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN);
		break;
	case 2:
		m->off = 1 + rnd(PAGE - 1);
		break;
	case 3:
		m->off = INT64_MAX & ~(off_t)(PAGE - 1);
		break;
	default:
		m->flags |= MAP_FIXED;
		spoil(&m->addr, &m->len);
		break;
	}
}

static void keep_mapping(const struct mapping *m, long value)
{
	unsigned page;

	if (value < 0)
		return;
	if (page_of((void *)value, &page))
		arena_map((struct range){ page, m->r.n }, m->prot, m->kind,
			  m->flags & MAP_GROWSDOWN);
	else /* how far down mappings without a place begin is nobody's business */
		(void)munmap((void *)value, m->len);
}

void do_mmap(void)
{
	struct mapping m = { .prot = some_prot() };
	long value;

	choose_kind(&m);
	choose_place(&m);
	if ((m.flags & MAP_GROWSDOWN) && one_in(2))
		room_below(&m);
	if (!m.sealed && one_in(16))
		spoil_mapping(&m);
	value = CALL(SYS_mmap, m.addr, m.len, m.prot, m.flags, m.fd, m.off);
	tell(OP_MMAP, place(value), "%u+%u, length %#lx, %s, flags %#x, file %u at %#lx", m.r.first,
	     m.r.n, m.len, prot_name(m.prot), m.flags, m.which, (long)m.off);
	keep_mapping(&m, value);
}

void do_munmap(void)
{
	struct range r = one_in(3) ? range_any() : range_mapped();
	char *addr = at(r.first);
	size_t len = r.n * PAGE;
	long value;

	if (one_in(12))
		spoil(&addr, &len);
	value = CALL(SYS_munmap, addr, len);
	tell(OP_MUNMAP, value, "%u+%u, %#lx at %#lx", r.first, r.n, len, place((long)addr));
	if (value == 0)
		arena_unmap(r);
}

/* Where the mapping of this page begins, if that is the same on any kernel: neighbours that are alike are one
 * mapping here, and may be two on Linux (docs/ABI.md). */
static bool stack_start(unsigned page, unsigned *start)
{
	while (page != 0 && page != main_pages && cells[page - 1].mapped &&
	       cells[page - 1].id == cells[page].id)
		page--;
	*start = page;
	return page == 0 || page == main_pages || !cells[page - 1].mapped || !cells[page - 1].grows;
}

static bool protect_from_start(struct range *r, int *prot)
{
	unsigned start;

	if (!cells[r->first].mapped || !stack_start(r->first, &start))
		return false;
	*prot |= PROT_GROWSDOWN;
	if (cells[r->first].grows) {
		r->n += r->first - start;
		r->first = start;
	}
	return true;
}

void do_mprotect(void)
{
	struct range r = one_in(8) ? range_any() : range_mapped();
	char *addr = at(r.first);
	size_t len = r.n * PAGE - (one_in(5) ? rnd(PAGE) : 0);
	int prot = some_prot(), asked = prot;
	long value;

	if (cells[r.first].grows ? one_in(3) : one_in(60))
		protect_from_start(&r, &asked);
	else if (one_in(12))
		spoil(&addr, &len);
	else if (one_in(40))
		asked |= one_in(2) ? 0x100 : PROT_GROWSUP;
	value = CALL(SYS_mprotect, addr, len, asked);
	tell(OP_MPROTECT, value, "%u+%u, %#lx at %#lx, %s %#x", r.first, r.n, len,
	     place((long)addr), prot_name(prot), (unsigned)asked);
	if (value == 0 && len != 0)
		arena_protect(r, prot);
	else if (value != -EINVAL) /* what is before the fault has changed */
		arena_protect((struct range){ r.first, area_end(r.first) - r.first }, PROT_UNKNOWN);
}
