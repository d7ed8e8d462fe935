/* SPDX-License-Identifier: MIT */
/* mmap: what it makes and what it replaces; the stack is made that way too. */
#include <limits.h>
#include <string.h>

#include "expect.h"
#include "ops.h"
#include "peek.h"

#include "mm/verbs/populate.h"

/* What the request that runs by itself, or the one at its pause, comes to. */
struct mapping {
	struct model_space *m;
	struct map_request request;
	unsigned from, to; /* cells, once they are known */
	unsigned how;
	struct cell like; /* the first one */
	bool committed;
};

static bool store_taken[STORES];
static struct mapping outer;

static int free_store(void)
{
	bool used[STORES];

	memcpy(used, store_taken, sizeof(used));
	for (unsigned n = 0; n < SPACES; n++) {
		for (unsigned i = 0; i < CELLS && spaces_[n].alive; i++) {
			if (spaces_[n].cell[i].store >= 0)
				used[spaces_[n].cell[i].store] = true;
		}
	}
	for (int i = 0; i < (int)STORES; i++) {
		if (!used[i])
			return i;
	}
	return -1;
}

static void want_shared(struct mapping *map, unsigned n)
{
	int store = n <= STORE_PAGES ? free_store() : -1;

	if (store < 0)
		return;
	map->request.flags ^= MAP_PRIVATE | MAP_SHARED;
	map->like.store = (signed char)store;
	map->like.shared = true;
	store_pages[store] = n;
	memset(stores[store], 0, sizeof(stores[store]));
}

static void want_segment(struct mapping *map, unsigned n, unsigned index)
{
	map->how &= ~(HOW_PLACE & ~HOW_NOREPLACE); /* where its file ends is an address */
	map->like.left = (long)(n * PAGE_SIZE * 2 / 3 + index * 97 % PAGE_SIZE);
	map->request.file_end = cell_va(map->from) + (vaddr_t)map->like.left;
	map->request.backend = &vma_elf;
	map->like.text = map->how & HOW_TEXT;
	map->request.vma_flags = map->like.text ? VMA_TEXT : 0;
}

/* As a descriptor is open, for reading only or for both. */
static void want_shared_file(struct mapping *map)
{
	bool readonly = map->how & HOW_READONLY;

	map->request.flags ^= MAP_PRIVATE | MAP_SHARED;
	map->request.vma_flags = readonly ? 0 : VMA_WRITER;
	map->request.max_prot &= readonly ? ~VM_PROT_WRITE : ~0u;
	map->like.shared = true;
	map->like.unwritable = readonly;
	map->like.writer = !readonly;
}

static void want_file(struct mapping *map, unsigned kind, unsigned n, unsigned index)
{
	unsigned file = (kind - KIND_FILE) % FILES;

	map->request.flags &= ~MAP_ANONYMOUS;
	map->request.object = files[file].object;
	map->like.file = (signed char)file;
	map->like.index = index % (FILE_PAGES - 4);
	map->like.left = LONG_MAX / 2;
	map->request.offset = (uint64_t)map->like.index << PAGE_SHIFT;
	if (kind >= KIND_SHARED_FILE)
		want_shared_file(map);
	else if (kind >= KIND_ELF)
		want_segment(map, n, index);
	map->like.from_file = (unsigned)MIN(map->like.left, (long)PAGE_SIZE);
}

/* No page of the file is shown that the model does not have. */
static unsigned length_of(const struct op *op)
{
	unsigned from, to, kind = (unsigned)op->arg[4] % KIND_END;

	op_range(op, &from, &to);
	if (kind < KIND_FILE)
		return to - from;
	return MIN(to - from, FILE_PAGES - (unsigned)op->arg[5] % (FILE_PAGES - 4));
}

static void want(struct mapping *map, const struct op *op)
{
	unsigned n = length_of(op), kind = (unsigned)op->arg[4] % KIND_END;

	map->how = (unsigned)op->arg[6] % HOW_END;
	map->from = (unsigned)op->arg[1] % CELLS;
	map->to = map->from + n;
	map->like = (struct cell){ .mapped = true, .store = -1, .file = -1 };
	map->like.prot = (unsigned char)prot_of(op->arg[3]);
	map->request =
		(struct map_request){ .len = n * PAGE_SIZE,
				      .prot = (unsigned)op->arg[3] % 8,
				      .max_prot = VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC,
				      .flags = MAP_PRIVATE | MAP_ANONYMOUS };
	if (map->how & HOW_POPULATE)
		map->request.flags |= MAP_POPULATE;
	if (map->how & HOW_NORESERVE)
		map->request.flags |= MAP_NORESERVE;
	if (map->how & HOW_LOCKED)
		map->request.flags |= MAP_LOCKED;
	map->like.locked = map->how & HOW_LOCKED;
	if (kind == KIND_SHARED)
		want_shared(map, n);
	else if (kind >= KIND_FILE)
		want_file(map, kind, n, (unsigned)op->arg[5]);
}

/* Where it will be; false: at a place that is not looked at. */
static bool place(struct mapping *map)
{
	unsigned n = map->to - map->from, how = map->how & HOW_PLACE, at;

	map->request.addr = cell_va(map->from);
	if (how == HOW_FIXED || how == HOW_NOREPLACE) {
		map->request.flags |= how == HOW_FIXED ? MAP_FIXED : MAP_FIXED_NOREPLACE;
		return true;
	}
	if (how == HOW_FREE || map->from >= WINDOW_CELLS)
		map->request.addr = 0;
	if (map->request.addr && model_has_room(map->m, map->from, map->to))
		return true;
	if (!model_highest_room(map->m, n, &at))
		return false;
	map->from = at;
	map->to = at + n;
	return true;
}

static int expected(const struct mapping *map)
{
	const struct model_space *m = map->m;
	size_t len = map->request.len, replaced = 0;
	bool data = !map->like.shared && !map->like.stack;

	if (len == 0)
		return -EINVAL;
	if ((map->how & HOW_PLACE) == HOW_NOREPLACE && !model_is_free(m, map->from, map->to))
		return -EEXIST;
	if (map->like.unwritable && map->request.prot & VM_PROT_WRITE)
		return -EACCES;
	if ((map->how & HOW_PLACE) == HOW_FIXED) {
		for (unsigned i = map->from; i < map->to; i++)
			replaced += m->cell[i].mapped ? PAGE_SIZE : 0;
	}
	if (!expect_may_expand(m, map->like.prot, data, len) &&
	    (!replaced || !expect_may_expand(m, map->like.prot, data, len - replaced)))
		return -ENOMEM;
	if (map->like.text && file_has_writers((unsigned)map->like.file))
		return -ETXTBSY;
	return map->like.writer && file_is_text((unsigned)map->like.file) ? -ETXTBSY : 0;
}

static void commit(struct mapping *map)
{
	if (map->committed)
		return;
	map->committed = true;
	model_unmap(map->m, map->from, map->to);
	for (unsigned i = map->from; i < map->to; i++) {
		struct cell *c = &map->m->cell[i];

		if (i == map->from)
			memcpy(c, &map->like, offsetof(struct cell, bytes));
		else
			cell_continue(c, c - 1);
		memset(c->bytes, 0, PAGE_SIZE);
	}
	note_seen(&map->like);
	if (depth == 1)
		busy.kind = BUSY_BYTES; /* filled ahead from now on */
}

static void commit_outer(void)
{
	commit(&outer);
}

int model_populate(struct model_space *m, unsigned from, unsigned to, unsigned right)
{
	for (unsigned i = from; i < to; i++) {
		struct cell *c = &m->cell[i];
		unsigned wanted = right & ~ACCESS_POPULATE;
		int outcome;

		if (right & ACCESS_POPULATE && c->prot & VM_PROT_WRITE && !c->shared)
			wanted |= VM_PROT_WRITE;
		outcome = cell_outcome(c, c->prot, wanted);
		if (outcome)
			return outcome;
		(void)cell_bytes(c, wanted & VM_PROT_WRITE);
	}
	return 0;
}

void model_fill(struct model_space *m, unsigned from, unsigned to, unsigned right)
{
	if (is_loose(m) || killed || out_of_memory() || swap_failed())
		settle_range(m, cell_va(from), (to - from) * PAGE_SIZE);
	else
		(void)model_populate(m, from, to, right);
}

static void check_filled(const struct mapping *map)
{
	if (map->like.locked ? !map->like.onfault : (map->how & HOW_POPULATE) != 0)
		model_fill(map->m, map->from, map->to, lock_right(map->like.prot));
}

static void check_map(struct mapping *map, int want, int result, vaddr_t at)
{
	if (result == -ENOMEM && out_of_memory())
		return;
	if (map->like.file >= 0 && (result == -ETXTBSY || want == -ETXTBSY) && depth > 1)
		want = result;
	if (result == -ENOMEM && limit_is_open(map->m))
		return;
	expect(result == want, "mmap ended with %d, not %d", result, want);
	if (result)
		return;
	expect(at == cell_va(map->from), "mmap chose another place");
	commit(map);
	check_filled(map);
}

/* Out of sight: it has to be there, and goes at once. */
static void map_elsewhere(struct mapping *map)
{
	vaddr_t at;

	verb_begin(map->m, BUSY_NONE, 0, 0);
	if (vm_map(&map->m->space, &map->request, &at) == 0) {
		expect(!cell_of(map->m, at), "mmap found room where there is none");
		memory_back();
		expect(vm_unmap(&map->m->space, at, map->request.len) == 0, "it can't go");
	}
	verb_end(map->m);
}

static void map_here(struct mapping *map)
{
	int store = map->like.store, want = expected(map), result;
	vaddr_t at = 0;

	map->like.locked |= map->m->future;
	map->like.onfault = map->m->future_onfault;
	if (store >= 0)
		store_taken[store] = true;
	verb_begin(map->m, BUSY_UNMAP, map->from, map->to);
	if (depth == 1) {
		outer = *map;
		map = &outer;
		busy.commit = commit_outer;
	}
	result = vm_map(&map->m->space, &map->request, &at);
	if (!map->m->dying)
		check_map(map, want, result, at);
	verb_end(map->m);
	if (store >= 0)
		store_taken[store] = false;
}

void op_map(const struct op *op)
{
	struct mapping map = { .m = space_at(op->arg[0]) };

	if (!map.m || map.m->locked)
		return;
	want(&map, op);
	if (place(&map) || map.from == map.to)
		map_here(&map);
	else
		map_elsewhere(&map);
}

/* Takes the old one away, and makes one of n pages. */
void op_stack(const struct op *op)
{
	struct mapping map = { .m = space_at(op->arg[0]) };
	unsigned n = (unsigned)op->arg[1] % 8;

	if (!map.m || map.m->locked)
		return;
	verb_begin(map.m, BUSY_UNMAP, STACK_FIRST, STACK_FIRST + STACK_CELLS);
	if (vm_unmap(&map.m->space, STACK_VA, STACK_CELLS * PAGE_SIZE) == 0)
		model_unmap(map.m, STACK_FIRST, STACK_FIRST + STACK_CELLS);
	else
		expect(out_of_memory(), "the stack can't be unmapped");
	verb_end(map.m);
	if (map.m->dying || out_of_memory())
		return;
	map.from = STACK_FIRST + STACK_CELLS - n;
	map.to = map.from + n;
	map.like = (struct cell){ .mapped = true, .stack = true, .store = -1, .file = -1 };
	map.like.prot = VM_PROT_READ | VM_PROT_WRITE;
	map.request = (struct map_request){ .addr = cell_va(map.from),
					    .len = n * PAGE_SIZE,
					    .prot = VM_PROT_READ | VM_PROT_WRITE,
					    .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
						     MAP_GROWSDOWN };
	map_here(&map);
}
