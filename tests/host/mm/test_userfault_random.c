/* SPDX-License-Identifier: MIT */
/* R230: random requests of userfaultfd, accesses and verbs, in spaces that fork and swap, against arrays of pages. */
#include "large.h"
#include "one_swap.h"

#include <stdio.h>

#include "arch/hart.h"
#include "lib/string.h"
#include "mm/fault/userfault_event.h"

#define PAGES	   40u
#define BASE	   (AT + (BLOCK - PAGES / 2) * P) /* in two leaf tables */
#define SPACES	   3u
#define AREA_SLOTS 2048u
#define AT_BYTE	   8u /* where a page has its byte; all others are 0 */

#define MISSING VMA_UF_MISSING
#define WP	VMA_UF_WP

/* What a page is, without its protection. What has nothing and is protected is MARKED. */
enum content { NOTHING, ZEROS, BYTES, POISON };

struct cell {
	bool mapped;
	unsigned prot;
	unsigned owner; /* which of the space's userfaults; 0: none */
	unsigned modes; /* VMA_UF_*, 0 without an owner */
	enum content content;
	bool wp; /* counts with WP only, and is gone when that is set */
	unsigned char byte;
	unsigned id; /* of BYTES: the same in a space that has the same page */
};

/* The second userfault of a space asks for no write, protects holes, and follows fork. */
#define PLAIN	  1u
#define FOLLOWING 2u
#define OWNERS	  3u

static struct model {
	bool alive;
	struct space space;
	struct userfault *userfault[OWNERS];
	struct cell cell[PAGES];
} models[SPACES];

static unsigned next_id;

/* What the steps of a seed have come to. */
static unsigned nasked, nasked_wp, nbus, nmoved, nbusy, nfollowed, nswapped;

/* ---- random numbers ---- */

static uint64_t state;

static unsigned below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 20) % n;
}

struct range {
	unsigned first, end;
};

static struct range random_range(void)
{
	unsigned first = below(PAGES), n = 1 + (below(4) ? below(4) : below(PAGES));

	return (struct range){ first, MIN(first + n, PAGES) };
}

/* Often a half of all, so that there are large mappings that are alike. */
static struct range random_half(void)
{
	const unsigned first = below(2) ? PAGES / 2 : 0;

	return below(2) ? random_range() : (struct range){ first, first + PAGES / 2 };
}

static vaddr_t va_of(unsigned page)
{
	return BASE + page * P;
}

static bool all_mapped(const struct model *m, struct range range)
{
	for (unsigned i = range.first; i < range.end; i++)
		if (!m->cell[i].mapped)
			return false;
	return true;
}

static bool any_mapped(const struct model *m, struct range range)
{
	for (unsigned i = range.first; i < range.end; i++)
		if (m->cell[i].mapped)
			return true;
	return false;
}

/* ---- what a page means ---- */

static bool is_protected(const struct cell *cell)
{
	return cell->modes & WP && cell->wp;
}

/* May a page be given there? `page`: one with bytes, which replaces a mark and poison, too. */
static bool has_room(const struct cell *cell, bool page)
{
	if (page && cell->content == POISON)
		return true;
	return cell->content == NOTHING && (page || !is_protected(cell));
}

static void set_bytes(struct cell *cell, unsigned char byte)
{
	cell->content = BYTES;
	cell->byte = byte;
	cell->id = ++next_id;
}

static void become_nothing(struct cell *cell)
{
	cell->content = NOTHING;
	cell->wp = false;
}

/* How many pages of all spaces are the same as this one. */
static unsigned count_same(const struct cell *cell)
{
	unsigned n = 0;

	for (unsigned k = 0; k < SPACES; k++)
		for (unsigned i = 0; models[k].alive && i < PAGES; i++)
			n += models[k].cell[i].mapped && models[k].cell[i].content == BYTES &&
			     models[k].cell[i].id == cell->id;
	return n;
}

/* ---- the spaces against the arrays ---- */

static struct mmu_entry entry_of(struct model *m, unsigned page)
{
	struct mmu_entry entry;

	space_lock(&m->space);
	entry = entry_at(&m->space, va_of(page));
	space_unlock(&m->space);
	return entry;
}

static bool has_content(const struct cell *cell, struct mmu_entry entry)
{
	const unsigned char *bytes;

	switch (cell->content) {
	case NOTHING:
		return entry_empty(entry) || entry_state(entry) == ENTRY_MARKED;
	case POISON:
		return entry_state(entry) == ENTRY_POISONED;
	case ZEROS:
		return entry_has_page(entry) && entry_pfn(entry) == zero_pfn;
	default:
		if (entry_state(entry) == ENTRY_SWAP)
			return true; /* an access will see */
		if (!entry_has_page(entry) || entry_pfn(entry) == zero_pfn)
			return false;
		bytes = page_address(pfn_to_page(entry_pfn(entry)));
		return bytes[AT_BYTE] == cell->byte;
	}
}

static void check_page(struct model *m, unsigned page)
{
	const struct cell *cell = &m->cell[page];
	const struct mmu_entry entry = entry_of(m, page);
	const struct vma *vma = vma_find(&m->space, va_of(page));

	assert_int_equal(cell->mapped, vma != NULL);
	if (!vma) {
		assert_true(entry_empty(entry));
		return;
	}
	assert_int_equal(cell->prot, vma->prot);
	assert_int_equal(cell->modes, vma->flags & VMA_USERFAULT);
	if (cell->owner)
		assert_ptr_equal(m->userfault[cell->owner], vma->userfault);
	if (!has_content(cell, entry))
		print_message("page %u: content %u, state %d\n", page, cell->content,
			      (int)entry_state(entry));
	assert_true(has_content(cell, entry));
	if (cell->modes & WP)
		assert_int_equal(cell->wp, entry_is_wp(entry));
}

static void check_model(struct model *m)
{
	for (unsigned i = 0; i < PAGES; i++)
		check_page(m, i);
}

/* ---- accesses ---- */

static struct vm_wait asked_by;

/* As trap_fault() does, but a thread that a program is to be asked for ends here. */
static int serve_asking(vaddr_t va, unsigned access)
{
	struct space *running = list_entry(fake_active(), struct space, mmu);
	struct vm_wait wait;

	vm_wait_init(&wait);
	for (;;) {
		rig_outcome = vm_fault(running, va, access, &wait);
		if (rig_outcome != VM_WAIT || wait.why == WAITS_FOR_USERFAULT)
			break;
		assert_true(disk_count > 0);
		disk_end(below(disk_count), 0);
	}
	asked_by = wait;
	return rig_outcome;
}

/* It would wait at that userfault, whose program hears of it once. */
static void check_asked(struct model *m, unsigned page, bool writes, bool wp)
{
	struct userfault *userfault = m->userfault[m->cell[page].owner];
	struct userfault_waiter waiter;
	struct userfault_message message;

	assert_int_equal(VM_WAIT, rig_outcome);
	assert_int_equal(WAITS_FOR_USERFAULT, asked_by.why);
	assert_true(userfault_enter(&asked_by, asked_by.va, (int)page, &waiter));
	assert_ptr_equal(userfault, waiter.userfault);
	if (below(4)) {
		assert_true(userfault_next(userfault, &message));
		assert_true(message.address == va_of(page) && message.writes == writes &&
			    message.is_protected == wp && message.tid == (int)page);
	}
	if (below(3) == 0)
		userfault_wake(userfault, va_of(page), va_of(page) + P);
	userfault_leave(&waiter);
	assert_false(userfault_next(userfault, &message));
	nasked++;
	nasked_wp += wp;
}

/* Does the access end without a page? Then that is as it has to be. */
static bool is_denied(struct model *m, unsigned page, unsigned access, int got)
{
	const struct cell *cell = &m->cell[page];

	if (!cell->mapped || !(cell->prot & access)) {
		assert_int_equal(-1, got);
		assert_int_equal(cell->mapped ? VM_SEGV_ACCERR : VM_SEGV_MAPERR, rig_outcome);
		return true;
	}
	if (cell->content == POISON) {
		assert_int_equal(-1, got);
		assert_int_equal(VM_BUS, rig_outcome);
		nbus++;
		return true;
	}
	return false;
}

/* Where the entry allows the access already, no fault sets the outcome. */
static void op_load(struct model *m)
{
	const unsigned page = below(PAGES);
	struct cell *cell = &m->cell[page];
	int got;

	rig_run(&m->space);
	got = fake_load(va_of(page) + AT_BYTE);
	if (is_denied(m, page, VM_PROT_READ, got))
		return;
	if (cell->content == NOTHING && cell->modes & MISSING) {
		assert_int_equal(-1, got);
		check_asked(m, page, false, false);
		return;
	}
	if (cell->content == NOTHING)
		cell->content = ZEROS;
	assert_int_equal(cell->content == ZEROS ? 0 : cell->byte, got);
}

static void op_store(struct model *m)
{
	const unsigned page = below(PAGES);
	const unsigned char byte = (unsigned char)(1 + below(255));
	struct cell *cell = &m->cell[page];
	bool waits_wp;
	int got;

	rig_run(&m->space);
	got = fake_store(va_of(page) + AT_BYTE, byte);
	if (is_denied(m, page, VM_PROT_WRITE, got))
		return;
	waits_wp = is_protected(cell) && cell->owner == PLAIN;
	if (cell->content == NOTHING && cell->modes & MISSING)
		waits_wp = false;
	if (waits_wp || (cell->content == NOTHING && cell->modes & MISSING)) {
		assert_int_equal(-1, got);
		check_asked(m, page, true, waits_wp);
		return;
	}
	assert_int_equal(0, got);
	cell->wp = false;
	if (cell->content == BYTES && count_same(cell) == 1)
		cell->byte = byte;
	else
		set_bytes(cell, byte);
}

/* ---- requests ---- */

/* Mostly one has the lower part, and the other the upper one. */
static unsigned usual_owner(unsigned page)
{
	return below(8) ? 1 + (page >= PAGES / 2) : 1 + below(2);
}

static void op_register(struct model *m)
{
	static const unsigned choice[] = { MISSING, WP, MISSING | WP };
	const struct range range = random_half();
	const unsigned owner = usual_owner(range.first), modes = choice[below(3)];
	int want = any_mapped(m, range) ? 0 : -EINVAL;

	for (unsigned i = range.first; i < range.end; i++)
		if (m->cell[i].mapped && m->cell[i].owner && m->cell[i].owner != owner)
			want = -EBUSY;
	assert_int_equal(want, vm_userfault_register(&m->space, va_of(range.first),
						     va_of(range.end), m->userfault[owner], modes));
	for (unsigned i = range.first; i < range.end && !want; i++) {
		struct cell *cell = &m->cell[i];

		if (!cell->mapped || (cell->owner == owner && (cell->modes & modes) == modes))
			continue;
		if (!(cell->modes & WP))
			cell->wp = false;
		cell->owner = owner;
		cell->modes = modes;
	}
}

static void forget(struct cell *cell)
{
	cell->owner = cell->modes = 0;
	cell->wp = false;
}

static void op_unregister(struct model *m)
{
	const struct range range = random_range();

	assert_int_equal(any_mapped(m, range) ? 0 : -EINVAL,
			 vm_userfault_unregister(&m->space, va_of(range.first), va_of(range.end)));
	for (unsigned i = range.first; i < range.end; i++)
		forget(&m->cell[i]);
}

static struct page *page_with(unsigned char byte)
{
	struct page *page = page_alloc_wait(0, PAGE_ANON);

	assert_non_null(page);
	memset(page_address(page), 0, P);
	((unsigned char *)page_address(page))[AT_BYTE] = byte;
	return page;
}

/* UFFDIO_COPY, and with byte 0 UFFDIO_ZEROPAGE. */
static void op_give(struct model *m)
{
	const unsigned at = below(PAGES);
	const unsigned char byte = (unsigned char)(below(3) ? 1 + below(255) : 0);
	struct cell *cell = &m->cell[at];
	const bool wp = byte && cell->modes & WP && below(2);
	struct page *page = byte ? page_with(byte) : NULL;
	int want = !cell->owner ? -ENOENT : has_room(cell, byte) ? 0 : -EEXIST;

	assert_int_equal(want, userfault_give(&m->space, va_of(at), &page, wp));
	assert_true(!page || want);
	if (page)
		page_put(page);
	if (want)
		return;
	if (byte)
		set_bytes(cell, byte);
	else
		cell->content = ZEROS;
	cell->wp = wp;
}

static void op_poison(struct model *m)
{
	const unsigned at = below(PAGES);
	struct cell *cell = &m->cell[at];
	int want = !cell->owner ? -ENOENT : has_room(cell, false) ? 0 : -EEXIST;

	assert_int_equal(want, userfault_poison(&m->space, va_of(at)));
	if (!want) {
		cell->content = POISON;
		cell->wp = false;
	}
}

static void protect_cell(struct cell *cell, bool wp)
{
	if (cell->content == POISON || (cell->content == NOTHING && wp && cell->owner == PLAIN))
		return;
	cell->wp = wp;
}

static void op_protect_wp(struct model *m)
{
	const struct range range = random_half();
	const bool wp = below(3) != 0;
	int want = -ENOENT;

	for (unsigned i = range.first; i < range.end; i++) {
		if (!m->cell[i].mapped)
			continue;
		want = m->cell[i].modes & WP ? 0 : -ENOENT;
		if (want)
			break;
		protect_cell(&m->cell[i], wp);
	}
	assert_int_equal(want,
			 vm_userfault_protect(&m->space, va_of(range.first), va_of(range.end), wp));
}

static bool same_vma(const struct cell *a, const struct cell *b)
{
	return b->mapped && a->prot == b->prot && a->owner == b->owner && a->modes == b->modes;
}

/* Is the range in one mapping? Neighbours that are alike are one: the ledger says so. */
static bool in_one_vma(const struct model *m, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		if (!same_vma(&m->cell[first], &m->cell[i]))
			return false;
	return true;
}

static int may_move(const struct model *m, unsigned to, unsigned from, unsigned n, unsigned owner)
{
	if (!m->cell[to].mapped || !m->cell[from].mapped)
		return -ENOENT;
	if (!in_one_vma(m, to, n) || !in_one_vma(m, from, n) ||
	    m->cell[to].prot != m->cell[from].prot || !(m->cell[to].prot & VM_PROT_WRITE) ||
	    m->cell[to].owner != owner)
		return -EINVAL;
	return 0;
}

/* One page of UFFDIO_MOVE. What is in swap is not looked at: its slot may be another's, too. */
static int move_cell(struct model *m, unsigned to, unsigned from, bool holes, bool swapped)
{
	struct cell *source = &m->cell[from], *target = &m->cell[to];

	if (target->content != NOTHING || is_protected(target))
		return -EEXIST;
	if (source->content == NOTHING && !is_protected(source))
		return holes ? 0 : -ENOENT;
	if (source->content == NOTHING || source->content == POISON)
		return -EFAULT;
	if (source->content == BYTES && !swapped && count_same(source) > 1) {
		nbusy++;
		return -EBUSY;
	}
	target->content = source->content;
	target->byte = source->byte;
	target->id = source->id;
	target->wp = false;
	become_nothing(source);
	nmoved++;
	return 0;
}

static void op_move(struct model *m)
{
	const unsigned n = 1 + below(below(3) ? 3 : 20);
	unsigned to, from, owner, tries = 0;
	const bool holes = below(2);
	bool swapped[PAGES];
	unsigned moved = 0;
	size_t done;
	int want;

	for (unsigned i = 0; i < PAGES; i++)
		swapped[i] = entry_state(entry_of(m, i)) == ENTRY_SWAP;
	do {
		to = below(PAGES - n + 1);
		from = below(PAGES - n + 1);
		owner = usual_owner(to);
		want = may_move(m, to, from, n, owner);
	} while ((want || m->cell[from].content == NOTHING || m->cell[to].content != NOTHING) &&
		 ++tries < 20);
	while (!want && moved < n) {
		want = move_cell(m, to + moved, from + moved, holes, swapped[from + moved]);
		if (!want)
			swapped[to + moved] = swapped[from + moved];
		moved += !want;
	}
	assert_int_equal(want, vm_userfault_move(&m->space, va_of(to), va_of(from), n * P, holes,
						 m->userfault[owner], &done));
	assert_int_equal(moved * P, done);
}

static struct userfault *new_userfault(unsigned owner)
{
	struct userfault *userfault = userfault_create();

	assert_non_null(userfault);
	if (owner == FOLLOWING) {
		userfault->is_async = userfault->has_holes = true;
		userfault->tells = USERFAULT_FORKED;
	}
	return userfault;
}

/* The descriptor is closed, and another one opened. */
static void op_close(struct model *m)
{
	const unsigned owner = 1 + below(2);
	struct userfault *userfault = m->userfault[owner];

	if (below(4))
		return;
	userfault_close(userfault);
	vm_userfault_forget(&m->space, userfault);
	userfault_put(userfault);
	m->userfault[owner] = new_userfault(owner);
	for (unsigned i = 0; i < PAGES; i++)
		if (m->cell[i].owner == owner)
			forget(&m->cell[i]);
}

/* ---- verbs ---- */

static void map_cells(struct model *m, struct range range)
{
	assert_int_equal(va_of(range.first),
			 rig_map(&m->space, va_of(range.first), (range.end - range.first) * P, RW,
				 ANON | MAP_FIXED));
	for (unsigned i = range.first; i < range.end; i++)
		m->cell[i] = (struct cell){ .mapped = true, .prot = RW };
}

/* What is mapped nowhere is so soon again. */
static void op_map(struct model *m)
{
	map_cells(m, random_range());
	for (unsigned i = 0; i < PAGES; i++)
		if (!m->cell[i].mapped)
			map_cells(m, (struct range){ i, i + 1 });
}

static void op_unmap(struct model *m)
{
	const struct range range = random_range();

	assert_int_equal(0, vm_unmap(&m->space, va_of(range.first), (range.end - range.first) * P));
	memset(&m->cell[range.first], 0, (range.end - range.first) * sizeof(struct cell));
}

static void op_protect(struct model *m)
{
	static const unsigned choice[] = { PROT_NONE, PROT_READ, RW, RW };
	const bool all = below(2);
	const struct range range = all ? random_half() : random_range();
	const unsigned prot = all ? RW : choice[below(4)];

	if (!all_mapped(m, range))
		return;
	assert_int_equal(
		0, vm_protect(&m->space, va_of(range.first), (range.end - range.first) * P, prot));
	for (unsigned i = range.first; i < range.end; i++)
		m->cell[i].prot = prot;
}

static void op_drop(struct model *m)
{
	const struct range range = random_range();

	if (!all_mapped(m, range))
		return;
	assert_int_equal(0, vm_madvise(&m->space, va_of(range.first), (range.end - range.first) * P,
				       MADV_DONTNEED));
	for (unsigned i = range.first; i < range.end; i++)
		become_nothing(&m->cell[i]);
}

/* mremap to another place, over what is there. Nothing is registered at the new one. */
static void op_remap(struct model *m)
{
	const unsigned n = 1 + below(8), from = below(PAGES - n + 1), to = below(PAGES - n + 1);
	struct cell moved[8];
	vaddr_t at;

	if (!m->cell[from].mapped || !in_one_vma(m, from, n) || (to < from + n && from < to + n))
		return;
	assert_int_equal(0, vm_remap(&m->space, va_of(from), n * P, n * P,
				     MREMAP_MAYMOVE | MREMAP_FIXED, va_of(to), &at));
	memcpy(moved, &m->cell[from], n * sizeof(moved[0]));
	memset(&m->cell[from], 0, n * sizeof(moved[0]));
	memcpy(&m->cell[to], moved, n * sizeof(moved[0]));
	for (unsigned i = to; i < to + n; i++)
		forget(&m->cell[i]);
}

/* The child's userfault, of which the program hears while the parent waits. */
static struct userfault *heard, *parents;

static int hear_of_child(struct vm_wait *wait)
{
	struct userfault_news news;

	if (!wait || wait->why != WAITS_FOR_VERB)
		return disk_pause(wait);
	assert_true(userfault_next_event(parents, &news));
	heard = news.child;
	userfault_child_told(parents, heard, true);
	return 0;
}

static void hear_of_fork(struct model *parent)
{
	struct userfault_event *events = userfault_take_events(&parent->space);
	struct userfault *lost;

	heard = NULL;
	parents = parent->userfault[FOLLOWING];
	rig_pause = hear_of_child;
	while (events) {
		events = userfault_end_event(events, true, &lost);
		assert_null(lost);
	}
	rig_pause = disk_pause;
}

static void op_fork(struct model *m)
{
	struct model *child = models;
	bool follows = false;

	while (child < models + SPACES && child->alive)
		child++;
	if (child == models + SPACES)
		return;
	rig_create(&child->space);
	assert_int_equal(0, vm_fork(&m->space, &child->space));
	hear_of_fork(m);
	child->alive = true;
	memcpy(child->cell, m->cell, sizeof(child->cell));
	for (unsigned i = 0; i < PAGES; i++) {
		if (child->cell[i].owner == FOLLOWING)
			follows = true;
		else
			forget(&child->cell[i]);
	}
	assert_int_equal(follows, heard != NULL);
	nfollowed += follows;
	child->userfault[PLAIN] = new_userfault(PLAIN);
	child->userfault[FOLLOWING] = heard ?: new_userfault(FOLLOWING);
}

static void end_model(struct model *m)
{
	for (unsigned owner = 1; owner < OWNERS; owner++)
		userfault_close(m->userfault[owner]);
	rig_run(&m->space);
	rig_destroy(&m->space);
	for (unsigned owner = 1; owner < OWNERS; owner++)
		userfault_put(m->userfault[owner]);
	memset(m, 0, sizeof(*m));
}

static void op_end(struct model *m)
{
	unsigned n = 0;

	for (unsigned k = 0; k < SPACES; k++)
		n += models[k].alive;
	if (n > 1 && below(3) == 0)
		end_model(m);
}

/* What has not been used goes to swap. */
static void op_swap_out(struct model *m)
{
	if (below(4))
		return;
	(void)reclaim(60);
	disk_end_all();
	for (unsigned i = 0; i < PAGES; i++)
		nswapped += entry_state(entry_of(m, i)) == ENTRY_SWAP;
}

/* ---- seeds ---- */

/* The next operation whose weights, summed up, are above a random number. */
static const struct operation {
	void (*run)(struct model *m);
	unsigned weight;
} operations[] = {
	{ op_load, 12 },     { op_store, 16 },	    { op_give, 14 },	{ op_move, 14 },
	{ op_register, 12 }, { op_protect_wp, 14 }, { op_poison, 4 },	{ op_drop, 8 },
	{ op_protect, 3 },   { op_unregister, 2 },  { op_close, 1 },	{ op_map, 1 },
	{ op_unmap, 1 },     { op_remap, 2 },	    { op_swap_out, 4 }, { op_fork, 3 },
	{ op_end, 6 },
};

static void op_any(struct model *m)
{
	unsigned all = 0, at;
	size_t i = 0;

	for (size_t k = 0; k < ARRAY_SIZE(operations); k++)
		all += operations[k].weight;
	for (at = below(all); at >= operations[i].weight; i++)
		at -= operations[i].weight;
	operations[i].run(m);
}

static struct model *random_model(void)
{
	struct model *m;

	do
		m = &models[below(SPACES)];
	while (!m->alive);
	return m;
}

static void run_seed(uint64_t seed, unsigned steps)
{
	state = seed * 0x9e3779b97f4a7c15u + 1;
	objects_before = rig_objects();
	begin_disk(AREA_SLOTS);
	fake_fault = serve_asking;
	arch_ad_soft_set(seed % 3 == 2);
	memset(models, 0, sizeof(models));
	rig_create(&models[0].space);
	models[0].alive = true;
	for (unsigned owner = 1; owner < OWNERS; owner++)
		models[0].userfault[owner] = new_userfault(owner);
	if (seed % 4 == 2)
		space_share(&models[0].space);
	map_cells(&models[0], (struct range){ 0, PAGES });
	for (unsigned n = 1; n <= steps; n++) {
		struct model *m = random_model();

		op_any(m);
		if (m->alive)
			check_model(m);
		if (n % 256 == 0)
			rig_check();
	}
	for (unsigned k = 0; k < SPACES; k++) {
		if (!models[k].alive)
			continue;
		check_model(&models[k]);
		end_model(&models[k]);
	}
	disk_end_all();
	disk_stop();
	arch_ad_soft_set(false);
	check_gone();
}

static void grab_nothing(struct space *child)
{
	(void)child;
}

/* Seeds that differ in who maintains A and D, and in whether threads share the first space. */
TEST(userfault_random)
{
	const uint64_t first = test_random() / 2;

	rig_start(4096);
	mm_host.grab_space = grab_nothing;
	thp_mode = THP_NEVER;
	for (uint64_t seed = first; seed < first + 12; seed++)
		run_seed(seed, test_steps(3000));
	printf("# %u asked, %u of protected pages, %u poisoned; %u moved, %u busy; %u followed, %u in swap\n",
	       nasked, nasked_wp, nbus, nmoved, nbusy, nfollowed, nswapped);
	assert_true(nasked > 0 && nasked_wp > 0 && nbus > 0 && nmoved > 0 && nbusy > 0 &&
		    nfollowed > 0 && nswapped > 0);
}
