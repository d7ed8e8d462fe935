/* SPDX-License-Identifier: MIT */
/* The witness: notes page tables and text, keeps suspects, and holds them against the shadows. */
#include "witness.h"

#include "insn.h"
#include "lib/bits.h"
#include "notes.h"
#include "options.h"
#include "pte.h"
#include "report.h"
#include "shadow.h"
#include "store.h"

#define TEST_DEVICE_PAGE 0x100000ul

/* An entry that grants less than before, and what a shadow may have of it. */
struct suspect {
	uint64_t va; /* the first address that the entry maps */
	uint64_t old, pc;
	uint32_t fences[MAX_HARTS]; /* how many full fences there had been */
	uint32_t root; /* the frame of the root that has it; NO_ROOT if there are several */
	uint8_t level;
	uint8_t hart; /* the number of the one that has changed it */
	bool reused;  /* its frame got another use */
	bool is_trapped;
	bool is_write_only; /* no more is lost than the right to write */
	bool is_split;	    /* a superpage has become a table */
};

#define NSUSPECTS 256u

static struct suspect suspects[NSUSPECTS];
static unsigned nsuspects;
static uint32_t text_stores;
static bool promised;
static uint64_t nowed; /* the kernel says so often that it owes fences for the right to write */

/* What is known of each hart. */
static struct {
	uint32_t full_fences;
	uint32_t text_stores; /* how many there had been at its last FENCE.I */
	bool text_fenced;     /* since it has returned to user mode */
	/* A user page that may be executed was entered, and there was no FENCE.I since. */
	bool is_text_owed;
	bool doubts; /* shadow_doubt() since it has returned to user mode */
	uint64_t text_va, text_pc, text_entry;
} known[MAX_HARTS], *mine = known;

/* What is added to a physical address to get one at which the kernel writes to it. */
#define NOFFSETS 4u
static uint64_t offsets[NOFFSETS];
static unsigned noffsets, next_offset;

/*
 * What is known of notes holds as long as the generation is the same: until a table is linked or
 * unlinked, satp changes, or a note is added or dropped.
 */
static uint32_t generation = 1;
static uint64_t last_walked; /* the table in which the last walk ended whose tables have notes */

static void tables_have_changed(void)
{
	generation++;
	last_walked = 0;
}

static bool enabled(void)
{
	return options.witness;
}

/* SRET traps as long as there is something to look at. */
static void trap_sret(void)
{
	if (nsuspects || mine->is_text_owed || mine->text_fenced || mine->doubts ||
	    (promised && shadow_current() != NO_SHADOW && shadow_is_mixed(shadow_current())))
		csr_set(mstatus, MSTATUS_TSR);
	else
		csr_clear(mstatus, MSTATUS_TSR);
}

/* ---- notes ---- */

static void learn_offset(uint64_t va, uint64_t address)
{
	for (unsigned i = 0; i < noffsets; i++)
		if (offsets[i] == va - address)
			return;
	offsets[next_offset++ % NOFFSETS] = va - address;
	noffsets = MIN(noffsets + 1, NOFFSETS);
}

/* Returns the note on a frame of this kind, which is made if there is none. NULL: it can't be noted. */
static struct note *note_get(uint64_t address, enum note_kind kind)
{
	struct note *note = note_find(address);

	if (note && note->kind == kind)
		return note;
	tables_have_changed();
	if (note)
		note_drop(note);
	note = note_add(address, kind);
	if (note)
		shadow_watch(ALIGN_DOWN(address, PAGE_SIZE), offsets, noffsets);
	return note;
}

static uint32_t frame_of(uint64_t address)
{
	return (uint32_t)(address / PAGE_SIZE);
}

static uint32_t root_in_use(void)
{
	return frame_of(satp_root(running->satp));
}

/* The first address that the table of a level maps which has the entry for va. */
static uint64_t table_base(uint64_t va, unsigned level)
{
	return level == LEVELS - 1 ? 0 : ALIGN_DOWN(va, level_size(level + 1));
}

static void note_tables_below(uint64_t address, unsigned level, uint64_t va, uint32_t root);

static void note_table(uint64_t address, unsigned level, uint64_t va, uint64_t *parent,
		       uint32_t root)
{
	struct note *note = note_find(address);
	uint64_t base = table_base(va, level);

	if (!is_kernel_ram(address, PAGE_SIZE))
		return;
	if (note && note->kind == NOTE_TABLE && note->level == level && note->va == base) {
		if (note->root != root)
			note->root = NO_ROOT;
		return;
	}
	note = note_get(address, NOTE_TABLE);
	if (!note)
		return;
	note->level = (uint8_t)level;
	note->va = base;
	note->parent = parent;
	note->root = root;
	if (level > 0)
		note_tables_below(address, level, base, root);
}

/* The tables that an unknown table points to: they may have been linked before it was. */
static void note_tables_below(uint64_t address, unsigned level, uint64_t va, uint32_t root)
{
	uint64_t *slot = (uint64_t *)address, *end = slot + PTE_ENTRIES;

	for (; slot < end; slot++, va += level_size(level))
		if (*slot & PTE_V && !pte_is_leaf(*slot) && !note_find(pte_address(*slot)))
			note_table(pte_address(*slot), level - 1, va_canonical(va), slot, root);
}

static bool is_live(struct note *note);

/* Where no hart uses it, and all of it must be fenced before one does, its tables may change. */
static bool is_watched_for(unsigned shadow)
{
	return !promised || shadow_is_current(shadow) ||
	       !(shadow_is_mixed(shadow) || shadow_doubters(shadow));
}

/* Is the table of a note still one? The tables above it are asked, too. */
static bool look_if_live(struct note *note)
{
	uint64_t address = (uint64_t)note->frame * PAGE_SIZE;
	struct note *above;
	struct mapping mapping;

	if (note->frame == root_in_use())
		return true;
	if (!note->parent) {
		for (unsigned i = 0; i < shadow_count(); i++)
			if (satp_root(shadow_satp(i)) == address && is_watched_for(i))
				return true;
		return false;
	}
	above = note_find((uint64_t)note->parent);
	/* A level at a time: a table that points to itself is above itself. */
	if (above && above->kind == NOTE_TABLE && above->level == note->level + 1u &&
	    pte_address(*note->parent) == address && *note->parent & PTE_V &&
	    !pte_is_leaf(*note->parent) && is_live(above))
		return true;
	/* It may be reached from the root in use, too. */
	(void)walk(running->satp, note->va, LOOK, SUPERVISOR, &mapping);
	if (note->level < mapping.level || !mapping.slots[note->level] ||
	    ALIGN_DOWN((uint64_t)mapping.slots[note->level], PAGE_SIZE) != address)
		return false;
	note->parent = mapping.slots[note->level + 1];
	return true;
}

static bool is_live(struct note *note)
{
	if (note->live == generation)
		return true;
	if (!look_if_live(note))
		return false;
	note->live = generation;
	return true;
}

/* ---- text ---- */

#define NSCANNED 16u
static uint64_t scanned[NSCANNED]; /* superpages */
static unsigned nscanned;

/*
 * The kernel's FENCE.I, and what else the firmware has to see, are replaced by instructions that trap. The last one may end
 * in the next page: of a kernel, that is also the next in memory.
 */
static void patch_text(uint64_t address, uint64_t size)
{
	const uint16_t *end = (uint16_t *)(address + size);
	bool patched = false;

	if (!is_kernel_ram(address, size + sizeof(*end)))
		end--;
	for (volatile uint16_t *at = (uint16_t *)address; at < end; at++)
		if (at[0] == (INSN_FENCE_I & 0xffff) && at[1] == INSN_FENCE_I >> 16) {
			at[0] = INSN_FENCE_TRAP & 0xffff;
			patched = true;
		} else if (options.count && at[0] == (INSN_PAUSE & 0xffff) &&
			   at[1] == INSN_PAUSE >> 16) {
			at[0] = INSN_PAUSE_TRAP & 0xffff;
			patched = true;
		}
	if (patched)
		asm volatile("fence.i" ::: "memory");
}

static void patch_superpage(uint64_t address, uint64_t size)
{
	for (unsigned i = 0; i < nscanned; i++)
		if (scanned[i] == address)
			return;
	if (nscanned < NSCANNED && is_kernel_ram(address, size)) {
		scanned[nscanned++] = address;
		patch_text(address, size);
	}
}

bool witness_text_is_old(const struct mapping *mapping)
{
	const struct note *note;

	if (!enabled() || mapping->level > 0 || !(mapping->pte & PTE_X))
		return false;
	note = note_find(pte_address(mapping->pte));
	return note && note->kind == NOTE_TEXT && note->last_written > mine->text_stores;
}

/* A page will be executed, perhaps. */
static void look_at_text(uint64_t va, const struct mapping *mapping)
{
	uint64_t address = pte_address(mapping->pte);
	bool is_new = !note_find(address);
	struct note *note;

	if (mapping->level > 0) {
		if (!(mapping->pte & PTE_U))
			patch_superpage(address, level_size(mapping->level));
		return;
	}
	/* A page that may be written, too, is the program's own business: it would trap at each turn. */
	if (!is_kernel_ram(address, PAGE_SIZE) || mapping->pte & PTE_W)
		return;
	note = note_get(address, NOTE_TEXT);
	if (!note)
		return;
	if (note->last_written > mine->text_stores) {
		report_text_stored(va, mapping->pte, note->stored_pc);
		note->last_written = 0; /* once */
	}
	if (!(mapping->pte & PTE_U) && (is_new || note->written))
		patch_text(address, PAGE_SIZE);
	note->written = 0;
	shadow_watch(address, offsets, noffsets);
}

void witness_fence_i(const struct hart *hart)
{
	known[hart->number].text_stores = text_stores;
	known[hart->number].text_fenced = true;
	known[hart->number].is_text_owed = false;
	trap_sret();
}

/* ---- suspects ---- */

static void suspect_report(enum occasion occasion, const struct suspect *suspect,
			   const struct stale *stale, unsigned shadow)
{
	report_stale(occasion, stale, shadow, suspect->old, suspect->pc, &harts[suspect->hart]);
}

static void suspect_remove(unsigned i)
{
	suspects[i] = suspects[--nsuspects];
}

static uint64_t last_of(const struct suspect *suspect)
{
	return suspect->va + level_size(suspect->level) - 1;
}

/* Has the shadow been filled from the tables that had the entry? */
static bool is_of(const struct suspect *suspect, unsigned shadow)
{
	uint64_t satp = shadow_satp(shadow);

	return satp && (suspect->root == NO_ROOT || suspect->root == frame_of(satp_root(satp)));
}

/*
 * Has a shadow what it has of a superpage's range since a fence that came after the change? A superpage may have been split:
 * then smaller entries permit the same, until these change, too, and are suspects of their own.
 */
static bool is_newer(const struct suspect *suspect, unsigned shadow)
{
	const unsigned hart = shadow_hart(shadow)->number;

	return suspect->level > 0 && pte_is_leaf(suspect->old) &&
	       suspect->fences[hart] != known[hart].full_fences;
}

/*
 * Finds a shadow that still has what an entry granted: the one in use first. Those that are looked at as a whole before a
 * program uses them are left out.
 */
static bool is_stale(const struct suspect *suspect, struct stale *ret, unsigned *shadow_ret)
{
	unsigned first = shadow_current() == NO_SHADOW ? 0 : shadow_current();

	for (unsigned i = 0; i < shadow_count(); i++) {
		unsigned shadow = (first + i) % shadow_count();

		if (!is_of(suspect, shadow) || (promised && shadow_is_mixed(shadow)) ||
		    is_newer(suspect, shadow))
			continue;
		*shadow_ret = shadow;
		if (shadow_stale(shadow, suspect->va, last_of(suspect), ret))
			return true;
	}
	return false;
}

/*
 * What a kernel that promises something has not fenced when it owes no fence any more may only be left where no hart uses it.
 * Such a shadow is to be empty before a program uses it. Returns whether one that is in use has it.
 */
static bool is_left_in_use(const struct suspect *suspect, struct stale *ret, unsigned *shadow_ret)
{
	while (is_stale(suspect, ret, shadow_ret)) {
		if (shadow_is_current(*shadow_ret))
			return true;
		if (!promised)
			return false;
		shadow_mix(*shadow_ret);
	}
	return false;
}

/*
 * Without a full fence, an entry that pointed to a table, or was a superpage where there is a table now, may still be cached, and
 * used in its ASID: by a hart that has this root in use.
 */
static bool is_pointer_owed(const struct suspect *suspect)
{
	if (!promised || (pte_is_leaf(suspect->old) && !suspect->is_split))
		return false;
	for (unsigned i = 0; i < shadow_count(); i++) {
		unsigned hart = shadow_hart(i)->number;

		if (shadow_is_current(i) && is_of(suspect, i) &&
		    suspect->fences[hart] == known[hart].full_fences)
			return true;
	}
	return false;
}

static void suspects_purge(void)
{
	struct stale stale;
	unsigned shadow;

	for (unsigned i = nsuspects; i-- > 0;)
		if (!is_pointer_owed(&suspects[i]) && !is_stale(&suspects[i], &stale, &shadow))
			suspect_remove(i);
}

static void suspect_add(const struct suspect *suspect)
{
	if (nsuspects == NSUSPECTS)
		suspects_purge();
	if (nsuspects == NSUSPECTS)
		suspect_remove((unsigned)random_below(NSUSPECTS));
	suspects[nsuspects++] = *suspect;
	trap_sret();
}

/* Does an entry grant less than the one before it, or another frame? */
static bool is_less(uint64_t old, uint64_t new)
{
	if (!(old & PTE_V))
		return false;
	if (!(new &PTE_V) || (old ^ new) & PTE_PPN || pte_is_leaf(old) != pte_is_leaf(new))
		return true;
	return old & ~new &PTE_LEAF || (old ^ new) & PTE_U || (old & PTE_W && old & ~new &PTE_D);
}

static bool becomes_valid(uint64_t old, uint64_t new)
{
	return ~old & PTE_V & new;
}

static bool may_be_cached(uint64_t entry)
{
	return pte_is_leaf(entry) && (entry & PTE_A || options.ad == AD_SPECULATIVE);
}

/* No program means to execute such a page; and kernels share one of them, which they filled long ago. */
static bool has_zeros_only(uint64_t address)
{
	const uint64_t *words = (const uint64_t *)address;

	if (!is_kernel_ram(address, PAGE_SIZE))
		return true;
	for (unsigned i = 0; i < PTE_ENTRIES; i++)
		if (words[i])
			return false;
	return true;
}

static void text_entered(uint64_t va, uint64_t old, uint64_t entry)
{
	/* Without V: a kernel that keeps A itself has forgotten that the page was used. */
	uint64_t text = PTE_X | PTE_U, wanted = PTE_V | text;
	bool was_text = (old & text) == text && !((old ^ entry) & PTE_PPN);

	if ((entry & wanted) != wanted || was_text || mine->text_fenced ||
	    has_zeros_only(pte_address(entry)))
		return;
	mine->is_text_owed = true;
	mine->text_va = va;
	mine->text_entry = entry;
	mine->text_pc = csr_read(mepc);
	trap_sret();
}

/*
 * Break before make: an entry that was cleared is written again. A kernel that promises something does
 * not do that before the fence, as other harts may use both frames then.
 */
static void entry_made(uint64_t va, uint64_t entry, uint32_t root)
{
	struct stale stale;
	unsigned shadow;

	for (unsigned i = nsuspects; promised && i-- > 0;)
		if (suspects[i].va == va && suspects[i].level == 0 && suspects[i].root == root &&
		    (suspects[i].old ^ entry) & PTE_PPN &&
		    is_left_in_use(&suspects[i], &stale, &shadow)) {
			suspect_report(AT_ENTRY, &suspects[i], &stale, shadow);
			suspect_remove(i);
		}
}

/* Enters the old entry where it may be cached: in the shadows in use that the table belongs to. */
static void remember(const struct suspect *suspect)
{
	for (unsigned i = 0; i < shadow_count(); i++)
		if (shadow_is_current(i) && is_of(suspect, i))
			shadow_remember(i, suspect->va, suspect->old, suspect->level);
}

static bool is_in_use(const struct suspect *suspect)
{
	for (unsigned i = 0; i < shadow_count(); i++)
		if (is_of(suspect, i) && (shadow_is_current(i) || !promised))
			return true;
	return false;
}

/* Notes which shadows that no hart uses have what the running hart has changed, perhaps. */
static void doubt(const struct suspect *suspect)
{
	for (unsigned i = 0; i < shadow_count(); i++)
		if (is_of(suspect, i) && !shadow_is_current(i) && is_watched_for(i)) {
			shadow_doubt(i, running);
			mine->doubts = true;
			tables_have_changed();
		}
	trap_sret();
}

static void entry_changed(const struct note *note, uint64_t *slot, uint64_t old, uint64_t new)
{
	uint64_t index = (uint64_t)slot % PAGE_SIZE / sizeof(*slot);
	uint64_t va = note->va + index * level_size(note->level);
	struct suspect suspect = { .old = old,
				   .pc = csr_read(mepc),
				   .root = note->root,
				   .level = note->level,
				   .hart = (uint8_t)running->number };
	bool in_use = note->root == NO_ROOT || note->root == root_in_use();

	if (note->level > 0)
		tables_have_changed();
	if (note->level == LEVELS - 1)
		va = va_canonical(va);
	suspect.va = va;
	suspect.is_split = note->level > 0 && pte_is_leaf(old) && new &PTE_V && !pte_is_leaf(new);
	suspect.is_write_only = note->level == 0 && !is_less(old & ~PTE_W, new);
	for (unsigned i = 0; i < options.harts; i++)
		suspect.fences[i] = known[i].full_fences;
	if (promised && is_less(old, new))
		doubt(&suspect);
	if (is_less(old, new) && is_in_use(&suspect)) {
		if (may_be_cached(old))
			remember(&suspect);
		suspect_add(&suspect);
	}
	if (options.negative && becomes_valid(old, new) && (options.upper || pte_is_leaf(new)))
		remember(&suspect);
	if (in_use && note->level == 0) {
		if (becomes_valid(old, new))
			entry_made(va, new, note->root);
		text_entered(va, old, new);
	}
	if (note->level > 0 && new &PTE_V && !pte_is_leaf(new))
		note_table(pte_address(new), note->level - 1u, va, slot, note->root);
}

void witness_full_fence(const struct hart *hart)
{
	known[hart->number].full_fences++;
}

/* ---- stores ---- */

/* What is left of an entry that another hart changes again is not this one's any more: its fence was made. */
static void settle(const struct note *note, const uint64_t *slot)
{
	uint64_t index = (uint64_t)slot % PAGE_SIZE / sizeof(*slot);
	uint64_t va = note->va + index * level_size(note->level);
	struct stale stale;
	unsigned shadow;

	for (unsigned i = nsuspects; i-- > 0;)
		if (suspects[i].va == va && suspects[i].level == 0 &&
		    suspects[i].root == note->root && suspects[i].hart != running->number &&
		    !is_stale(&suspects[i], &stale, &shadow))
			suspect_remove(i);
}

static void store_to_table(struct note *note, const struct store *store, uint64_t address,
			   struct frame *frame)
{
	uint64_t *slot = (uint64_t *)ALIGN_DOWN(address, sizeof(uint64_t)), old = *slot;

	if (options.harts > 1 && note->level == 0)
		settle(note, slot);
	store_make(store, address, frame);
	if (*slot != old)
		entry_changed(note, slot, old, *slot);
}

/* The kernel ends QEMU. Its status says so if there were findings. */
static void store_to_device(const struct store *store, uint64_t address, struct frame *frame)
{
	if (witness_findings())
		power_off_with(STATUS_FOUND);
	store_make(store, address, frame);
}

void witness_store(uint32_t insn, struct frame *frame, uint64_t va)
{
	uint64_t address = shadow_address(va);
	struct note *note = note_find(address);
	struct store store = store_decode(insn, frame);
	bool is_user = (csr_read(mstatus) & MSTATUS_MPP) == 0;
	bool can = store.size && address % store.size == 0;

	learn_offset(va, address);
	if (note && note->kind == NOTE_TEXT && !is_user) {
		note->written = note->last_written = ++text_stores;
		note->stored_pc = csr_read(mepc);
		shadow_drop_text(note);
	} else if (note && note->kind == NOTE_DEVICE && can) {
		store_to_device(&store, address, frame);
		csr_write(mepc, csr_read(mepc) + insn_length(insn));
		return;
	} else if (note && note->kind == NOTE_TABLE && can && is_live(note)) {
		store_to_table(note, &store, address, frame);
		csr_write(mepc, csr_read(mepc) + insn_length(insn));
		return;
	} else if (note) {
		note_drop(note);
		tables_have_changed();
	}
	shadow_unwatch(va);
}

/* ---- what the tables are read for ---- */

/* A frame of which a suspect knows gets another use, if it is mapped for user mode. */
static void frame_reused(uint64_t va, const struct mapping *mapping)
{
	for (unsigned i = 0; i < nsuspects; i++)
		if (mapping->pte & PTE_U && pte_is_leaf(suspects[i].old) &&
		    !((suspects[i].old ^ mapping->pte) & PTE_PPN) &&
		    (va < suspects[i].va || va > last_of(&suspects[i]) ||
		     !is_of(&suspects[i], shadow_current())))
			suspects[i].reused = true;
}

void witness_walk(uint64_t va, const struct mapping *mapping, bool filled)
{
	uint64_t table;

	if (!enabled())
		return;
	table = ALIGN_DOWN((uint64_t)mapping->slots[mapping->level], PAGE_SIZE);
	for (unsigned level = LEVELS; table != last_walked && level-- > mapping->level;) {
		uint64_t *slot = mapping->slots[level];

		if (slot)
			note_table(ALIGN_DOWN((uint64_t)slot, PAGE_SIZE), level, va,
				   level == LEVELS - 1 ? NULL : mapping->slots[level + 1],
				   root_in_use());
	}
	last_walked = table;
	if (!filled)
		return;
	if (mapping->level > 0 && !(mapping->pte & PTE_U) && mapping->pte & PTE_W)
		learn_offset(ALIGN_DOWN(va, level_size(mapping->level)), pte_address(mapping->pte));
	if (nsuspects)
		frame_reused(va, mapping);
	if (mapping->pte & PTE_X)
		look_at_text(va, mapping);
}

void witness_switch(void)
{
	if (!enabled() || shadow_current() == NO_SHADOW)
		return;
	tables_have_changed();
	note_table(satp_root(running->satp), LEVELS - 1, 0, NULL, root_in_use());
	trap_sret();
}

void witness_resume(void)
{
	mine = &known[running->number];
	last_walked = 0;
	trap_sret();
}

/* ---- when nothing may be owed ---- */

/* Has another hart changed what a suspect maps, too, and not come to its fence yet? */
static bool is_changed_elsewhere(const struct suspect *suspect)
{
	for (unsigned i = 0; i < nsuspects; i++)
		if (suspects[i].hart != suspect->hart && suspects[i].root == suspect->root &&
		    suspects[i].va <= last_of(suspect) && suspect->va <= last_of(&suspects[i]))
			return true;
	return false;
}

/* Returns whether the suspect has been settled. */
static bool suspect_returns(struct suspect *suspect)
{
	struct stale stale;
	unsigned shadow;

	if (is_pointer_owed(suspect)) {
		if (suspect->hart != running->number)
			return false;
		report_pointer(suspect->is_split, suspect->va, suspect->old, suspect->pc);
		return true;
	}
	if (!is_stale(suspect, &stale, &shadow))
		return true;
	if (promised) {
		if (suspect->hart != running->number || (nowed && suspect->is_write_only) ||
		    is_changed_elsewhere(suspect))
			return false;
		if (is_left_in_use(suspect, &stale, &shadow))
			suspect_report(AT_RETURN, suspect, &stale, shadow);
		return true;
	}
	if (!shadow_is_current(shadow))
		return false;
	if (!suspect->is_trapped && suspect->level == 0)
		shadow_trap_use(shadow, stale.va);
	suspect->is_trapped = true;
	return false;
}

/* Has another hart changed the entry of an address, and not come to its fence yet? */
static bool is_being_changed(uint64_t va, unsigned shadow)
{
	for (unsigned i = 0; i < nsuspects; i++)
		if (va >= suspects[i].va && va <= last_of(&suspects[i]) &&
		    is_of(&suspects[i], shadow))
			return true;
	return false;
}

/* Is anything left in a shadow that its tables do not have, wherever that was changed? */
static bool has_stale(unsigned shadow, struct stale *ret)
{
	uint64_t first = 0;

	while (shadow_stale(shadow, first, ~0ul, ret)) {
		if (!is_being_changed(ret->va, shadow))
			return true;
		first = ret->va + level_size(ret->level);
	}
	return false;
}

/* What no hart used when this one changed its tables is fenced by now, or will be before it is used. */
static void settle_doubts(void)
{
	struct stale stale;

	for (unsigned i = 0; i < shadow_count(); i++) {
		if (!(shadow_doubters(i) >> running->number & 1))
			continue;
		if (!shadow_is_current(i)) {
			shadow_mix(i);
			continue;
		}
		if (!shadow_is_mixed(i) && has_stale(i, &stale))
			report_stale(AT_RETURN, &stale, i, 0, 0, 0);
		shadow_unmix(i);
	}
	mine->doubts = false;
}

void witness_return(void)
{
	unsigned current = shadow_current();
	struct stale stale;

	for (unsigned i = nsuspects; i-- > 0;)
		if (suspect_returns(&suspects[i]))
			suspect_remove(i);
	if (promised && current != NO_SHADOW && shadow_is_mixed(current)) {
		if (has_stale(current, &stale))
			report_stale(AT_SWITCH, &stale, current, 0, 0, 0);
		shadow_unmix(current);
	}
	if (mine->doubts && !nowed)
		settle_doubts();
	if (promised && mine->is_text_owed)
		report_text_owed(mine->text_va, mine->text_entry, mine->text_pc);
	mine->is_text_owed = false;
	mine->text_fenced = false;
	trap_sret();
}

void witness_used(uint64_t va)
{
	struct stale stale;
	unsigned shadow;

	for (unsigned i = nsuspects; i-- > 0;)
		if (va >= suspects[i].va && va <= last_of(&suspects[i]) && suspects[i].reused &&
		    is_stale(&suspects[i], &stale, &shadow)) {
			suspect_report(AT_USE, &suspects[i], &stale, shadow);
			suspect_remove(i);
		}
}

void witness_promise(void)
{
	promised = true;
}

void witness_owe(bool owe)
{
	nowed += owe ? 1 : nowed ? -1 : 0;
}

void witness_free(uint64_t address, uint64_t size)
{
	unsigned shadow = shadow_current();
	struct stale stale;

	/* Tables that satp had before may have mapped the frames. */
	if (shadow != NO_SHADOW && shadow_is_mixed(shadow) &&
	    shadow_maps(shadow, address, size, &stale))
		report_stale(AT_FREE, &stale, shadow, 0, 0, 0);

	for (unsigned i = nsuspects; i-- > 0;) {
		const struct suspect *suspect = &suspects[i];

		if (pte_address(suspect->old) - address >= size)
			continue;
		if (is_pointer_owed(suspect))
			report_pointer(suspect->is_split, suspect->va, suspect->old, suspect->pc);
		else if (is_left_in_use(suspect, &stale, &shadow))
			suspect_report(AT_FREE, suspect, &stale, shadow);
		/* Nothing is owed any more of what was in it before. */
		suspect_remove(i);
	}
}

void witness_init(void)
{
	promised = options.promise;
	if (enabled())
		(void)note_add(TEST_DEVICE_PAGE, NOTE_DEVICE);
}

unsigned witness_findings(void)
{
	return report_count();
}
