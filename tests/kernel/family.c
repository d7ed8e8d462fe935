/* SPDX-License-Identifier: MIT */
/* Spaces that fork from one another, and what each byte in them may be. */
#include "tests/kernel/family.h"

#ifdef FAULTLINE_HARDENED

#include "abi/errno.h"
#include "abi/mman.h"
#include "lib/string.h"
#include "mm/fault/get_user_page.h"
#include "proc/wait.h"
#include "sync/preempt.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/weave.h"

#define SHOWN	  5
#define WORDS	  (PAGE_SIZE / sizeof(uint64_t))
#define PAGE_BITS 8 /* the lowest bits of a word: the number of its page, plus 1 */
#define TRIES	  4
#define LOST_IN	  16 /* one access in so many looks where a moving page may be seen too early */

struct object *family_object;
unsigned family_wrong;
struct family_counts family_counts;

static struct member members[FAMILY_MAX];
static struct family_cell shared[FAMILY_SHARED];
static uint64_t serial; /* of words: no two writes are of the same */

/* ---- what a page may have; under a space's lock, or with preemption off ---- */

static void cell_set(struct family_cell *cell, uint64_t word)
{
	cell->may[0] = word;
	cell->n = 1;
}

static bool cell_may(const struct family_cell *cell, uint64_t word)
{
	for (unsigned i = 0; i < cell->n; i++)
		if (cell->may[i] == word)
			return true;
	return cell->n == 0;
}

static void cell_allow(struct family_cell *cell, uint64_t word)
{
	if (cell_may(cell, word))
		return;
	if (cell->n == CELL_MAY)
		cell->n = 0;
	else
		cell->may[cell->n++] = word;
}

static void cell_write(struct family_cell *cell, uint64_t word)
{
	cell_set(cell, word);
	cell->written = true;
	if (cell->going)
		cell_allow(cell, 0);
}

static struct family_cell *cell_of(struct member *member, unsigned page)
{
	return page < FAMILY_PRIVATE ? &member->cells[page] : &shared[page - FAMILY_PRIVATE];
}

void family_discard_begin(struct member *member, unsigned page, unsigned n)
{
	preempt_disable();
	for (; n; page++, n--) {
		struct family_cell *cell = cell_of(member, page);

		cell->going = true;
		cell->discards++;
		cell->written = false;
		cell_allow(cell, 0);
	}
	preempt_enable();
}

void family_discard_end(struct member *member, unsigned page, unsigned n, bool done)
{
	preempt_disable();
	for (; n; page++, n--) {
		struct family_cell *cell = cell_of(member, page);

		cell->going = false;
		cell->discards++; /* of one that had begun before it was asked, too */
		if (done && !cell->written)
			cell_set(cell, 0);
	}
	preempt_enable();
}

/* ---- bytes ---- */

static uint64_t spread(uint64_t word, size_t i)
{
	return word ? word + i * 0x9e3779b97f4a7c15 : 0;
}

static void fill(uint64_t *words, uint64_t word)
{
	for (size_t i = 0; i < WORDS; i++)
		words[i] = spread(word, i);
}

static void complain(const char *what, const struct member *member, unsigned page, uint64_t word)
{
	if (family_wrong++ < SHOWN)
		ktest_note("%s: %#lx in page %u of member %u", what, (unsigned long)word, page,
			   (unsigned)(member - members));
}

static void check(struct member *member, unsigned page, const uint64_t *words)
{
	struct family_cell *cell = cell_of(member, page);

	family_counts.reads++;
	for (size_t i = 1; i < WORDS; i++) {
		if (words[i] != spread(words[0], i)) {
			complain("a torn page", member, page, words[i]);
			return;
		}
	}
	if (words[0] && words[0] % (1u << PAGE_BITS) != page + 1)
		complain("somebody else's page", member, page, words[0]);
	else if (!cell_may(cell, words[0]))
		complain("not what was written last", member, page, words[0]);
	else if (!cell->going)
		cell_set(cell, words[0]);
}

static void write(struct member *member, unsigned page, uint64_t *words)
{
	uint64_t word = ++serial << PAGE_BITS | (page + 1);

	family_counts.writes++;
	fill(words, word);
	cell_write(cell_of(member, page), word);
	if (member->child && page < FAMILY_PRIVATE)
		cell_allow(&member->child->cells[page], word);
}

/* ---- accesses ---- */

vaddr_t family_va(const struct member *member, unsigned page)
{
	if (page >= FAMILY_PRIVATE)
		return FAMILY_FILE + (page - FAMILY_PRIVATE) * PAGE_SIZE;
	return (member->there[page] ? FAMILY_THERE : FAMILY_HERE) + page * PAGE_SIZE;
}

static vaddr_t look_at(const struct member *member, unsigned page)
{
	vaddr_t va = family_va(member, page);

	return page < FAMILY_PRIVATE && weave_below(LOST_IN) == 0 ? va ^ FAMILY_HERE ^ FAMILY_THERE
								  : va;
}

/* Is it there for a program's store? The hardware sets A and D by itself, or has to find them set. */
static bool may_store(struct mmu_entry *slot)
{
	const unsigned flags = ENTRY_ACCESSED | ENTRY_DIRTY;
	struct mmu_entry old = entry_load(slot);

	if (!(entry_prot(old) & VM_PROT_WRITE))
		return false;
	if ((entry_flags(old) & flags) == flags)
		return true;
	return arch_sets_accessed() &&
	       entry_cas(slot, old, entry_with(old, entry_prot(old), entry_flags(old) | flags));
}

static bool may_load(struct mmu_entry *slot)
{
	struct mmu_entry old = entry_load(slot);

	if (!(entry_prot(old) & VM_PROT_READ))
		return false;
	if (entry_flags(old) & ENTRY_ACCESSED)
		return true;
	return arch_sets_accessed() &&
	       entry_cas(slot, old,
			 entry_with(old, entry_prot(old), entry_flags(old) | ENTRY_ACCESSED));
}

/* Was the page of the entry protected from this? */
static void check_prot(const struct member *member, unsigned page, unsigned access)
{
	if (page < FAMILY_PRIVATE && !(member->prot[page] & access))
		complain("an access that mprotect has forbidden", member, page, access);
}

/*
 * One access of a program, as if it were one instruction: the entry is there while it is made.
 * `only`: to this page, which is held. Returns false if it takes a fault.
 */
static bool access(struct member *member, unsigned number, vaddr_t va, bool store,
		   const struct page *only)
{
	struct mmu_entry *slot = arch_mmu_lookup(&member->us->space.mmu, va);
	struct page *page;

	if (!slot || !entry_has_page(entry_load(slot)) ||
	    !(store ? may_store(slot) : may_load(slot)))
		return false;
	page = pfn_to_page(entry_pfn(entry_load(slot)));
	if (only && page != only)
		return false;
	check_prot(member, number, store ? WRITE : READ);
	if (store)
		write(member, number, page_address(page));
	else
		check(member, number, page_address(page));
	return true;
}

/* Tries again after each fault, but not for ever: others may take the page away each time. */
static void access_by_fault(struct member *member, unsigned number, vaddr_t va, bool store)
{
	struct space *space = &member->us->space;
	struct vm_wait wait = { 0 };
	int result = 0;

	for (unsigned i = 0; i < TRIES && !result; i++) {
		bool done;

		space_lock(space);
		done = access(member, number, va, store, NULL);
		space_unlock(space);
		if (done)
			return;
		result = vm_fault(space, va, store ? WRITE : READ, &wait);
		if (result == VM_WAIT)
			result = thread_wait(wait.queue, wait.seq);
	}
}

static bool is_mapped(const struct member *member, vaddr_t va, const struct page *page)
{
	struct mmu_entry *slot = arch_mmu_lookup(&member->us->space.mmu, va);

	return slot && entry_has_page(entry_load(slot)) &&
	       pfn_to_page(entry_pfn(entry_load(slot))) == page;
}

/* A pinned page stays where it is, unless it is thrown away or moved, or the space ends. */
static void check_pinned(struct member *member, unsigned number, vaddr_t va,
			 const struct page *page, uint64_t discards)
{
	if (number >= FAMILY_PRIVATE || member->us->space.dying ||
	    cell_of(member, number)->discards != discards)
		return;
	if (!is_mapped(member, va, page) &&
	    !is_mapped(member, va ^ FAMILY_HERE ^ FAMILY_THERE, page))
		complain("a pinned page has gone", member, number, 0);
}

static void access_held(struct member *member, unsigned number, vaddr_t va, bool store)
{
	uint64_t discards = cell_of(member, number)->discards;
	struct space *space = &member->us->space;
	unsigned how = store ? WRITE : READ;
	struct page *page;

	if (get_user_page(space, va, how, &page))
		return;
	space_lock(space);
	(void)access(member, number, va, store, page);
	if (store && !cell_of(member, number)->going)
		check_pinned(member, number, va, page, discards);
	space_unlock(space);
	put_user_page(space, page, how);
}

void family_read(struct member *member, unsigned page, bool remote)
{
	vaddr_t va = look_at(member, page);

	if (remote)
		access_held(member, page, va, false);
	else
		access_by_fault(member, page, va, false);
}

void family_write(struct member *member, unsigned page, bool remote)
{
	vaddr_t va = look_at(member, page);

	if (remote)
		access_held(member, page, va, true);
	else
		access_by_fault(member, page, va, true);
}

/* ---- mappings ---- */

static int map_at(struct member *member, vaddr_t at, unsigned n, struct object *object)
{
	struct map_request request = { .addr = at,
				       .len = n * PAGE_SIZE,
				       .prot = READ_WRITE,
				       .max_prot = READ | WRITE | EXEC,
				       .object = object,
				       .flags = MAP_FIXED };
	vaddr_t ret;

	request.flags |= object ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	return vm_map(&member->us->space, &request, &ret);
}

/* Nothing is there yet. If it fails, nothing will be. */
static void map(struct member *member, unsigned page, unsigned n, bool there)
{
	memset(&member->there[page], there, n);
	memset(&member->prot[page], READ_WRITE, n);
	(void)map_at(member, family_va(member, page), n, NULL);
}

void family_unmap_and_map(struct member *member, unsigned page, unsigned n, bool there)
{
	struct space *space = &member->us->space;
	vaddr_t offset = page * PAGE_SIZE;
	int err;

	family_discard_begin(member, page, n);
	err = vm_unmap(space, FAMILY_HERE + offset, n * PAGE_SIZE);
	if (!err)
		err = vm_unmap(space, FAMILY_THERE + offset, n * PAGE_SIZE);
	if (!err)
		map(member, page, n, there);
	family_discard_end(member, page, n, err == 0);
}

void family_protect(struct member *member, unsigned page, unsigned n, unsigned prot)
{
	int err;

	for (unsigned i = page; i < page + n; i++)
		member->prot[i] |= (uint8_t)prot;
	err = vm_protect(&member->us->space, family_va(member, page), n * PAGE_SIZE, prot);
	if (!err)
		memset(&member->prot[page], (int)prot, n);
}

void family_move(struct member *member, unsigned page, unsigned n)
{
	vaddr_t from = family_va(member, page), ret;

	for (unsigned i = 1; i < n; i++)
		if (member->there[page + i] != member->there[page])
			return;
	if (vm_remap(&member->us->space, from, n * PAGE_SIZE, n * PAGE_SIZE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, from ^ FAMILY_HERE ^ FAMILY_THERE, &ret) == 0)
		memset(&member->there[page], !member->there[page], n);
}

/* ---- members ---- */

static void add_counts(const struct member *member)
{
	const struct space_stats *stats = &member->us->space.stats;

	for (unsigned i = 0; i < FAULT_KINDS; i++)
		family_counts.kind[i] += stats->kind[i];
	for (unsigned i = 0; i < RETRY_REASONS; i++)
		family_counts.retry[i] += stats->retry[i];
	family_counts.major += stats->major;
}

static struct member *take_place(void)
{
	struct member *found = NULL;

	preempt_disable();
	for (unsigned i = 0; i < FAMILY_MAX && !found; i++)
		if (!members[i].taken)
			found = &members[i];
	if (found)
		found->taken = true;
	preempt_enable();
	return found;
}

static unsigned count_live(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FAMILY_MAX; i++)
		n += members[i].live;
	return n;
}

struct member *family_get_next(unsigned *next)
{
	struct member *found = NULL;

	preempt_disable();
	while (*next < FAMILY_MAX && !found) {
		found = members[*next].live ? &members[*next] : NULL;
		++*next;
	}
	if (found)
		found->users++;
	preempt_enable();
	return found;
}

/* (There is always one.) */
struct member *family_get(void)
{
	unsigned next = (unsigned)weave_below(FAMILY_MAX);
	struct member *found = family_get_next(&next);

	next = 0;
	return found ?: family_get_next(&next);
}

void family_put(struct member *member)
{
	bool last;

	preempt_disable();
	last = --member->users == 0 && !member->live;
	preempt_enable();
	if (!last)
		return;
	add_counts(member);
	uspace_put_by_test(member->us);
	atomic_store(&member->taken, false);
}

bool family_leave(struct member *member)
{
	bool leaves;

	preempt_disable();
	leaves = member->live && count_live() > 1;
	if (leaves)
		member->live = false;
	family_counts.exits += leaves;
	preempt_enable();
	return leaves;
}

/* The child may have what the parent has now, and what is written until it is complete. */
static void fork_begin(struct member *parent, struct member *child)
{
	preempt_disable();
	memcpy(child->there, parent->there, sizeof(child->there));
	memcpy(child->prot, parent->prot, sizeof(child->prot));
	memcpy(child->cells, parent->cells, sizeof(child->cells));
	parent->child = child;
	preempt_enable();
}

static int fork_into(struct member *parent, struct member *child)
{
	int err;

	mutex_lock_nested(&child->us->mmap_lock);
	fork_begin(parent, child);
	err = vm_fork(&parent->us->space, &child->us->space);
	parent->child = NULL;
	uspace_unlock(child->us);
	return err;
}

static void publish(struct member *member)
{
	member->users = 0;
	member->child = NULL;
	atomic_store(&member->live, true);
}

void family_fork(struct member *parent)
{
	struct member *child = take_place();
	int err = -ENOMEM;

	if (!child)
		return;
	uspace_lock(parent->us);
	child->us = uspace_create_for_test();
	if (child->us)
		err = fork_into(parent, child);
	uspace_unlock(parent->us);
	if (!err) {
		family_counts.forks++;
		publish(child);
		return;
	}
	if (child->us)
		uspace_put_by_test(child->us);
	atomic_store(&child->taken, false);
}

static void cells_clear(struct family_cell *cells, unsigned n)
{
	memset(cells, 0, n * sizeof(*cells));
	for (unsigned i = 0; i < n; i++)
		cell_set(&cells[i], 0);
}

bool family_begin(void)
{
	struct member *first = &members[0];

	memset(members, 0, sizeof(members));
	cells_clear(first->cells, FAMILY_PRIVATE);
	cells_clear(shared, FAMILY_SHARED);
	family_object = object_create_anon(FAMILY_SHARED * PAGE_SIZE);
	first->us = family_object ? uspace_create_for_test() : NULL;
	if (!first->us)
		return false;
	first->us->space.limit_as = first->us->space.limit_data = UINT64_MAX;
	first->taken = true;
	uspace_lock(first->us);
	map(first, 0, FAMILY_PRIVATE, false);
	EXPECT_EQ(0, map_at(first, FAMILY_FILE, FAMILY_SHARED, family_object));
	uspace_unlock(first->us);
	publish(first);
	return true;
}

void family_leave_object(void)
{
	object_put(family_object);
}

void family_end(void)
{
	for (unsigned i = 0; i < FAMILY_MAX; i++) {
		if (!members[i].taken)
			continue;
		EXPECT_EQ(0, members[i].users);
		add_counts(&members[i]);
		uspace_put_by_test(members[i].us);
	}
}

#endif
