/* SPDX-License-Identifier: MIT */
/* What mm tells who records what happens to memory, and that faults wait for room in the record. */
#include "one_space.h"

#include <string.h>

#include "mm/fault/get_user_page.h"
#include "mm/record.h"

#define P PAGE_SIZE

struct note {
	struct space *space;
	enum change what;
	uint64_t start, end, more;
};

#define NOTES_MAX 256

static struct note notes[NOTES_MAX];
static unsigned nnotes, nrounds;
static enum fault_kind kinds[NOTES_MAX]; /* of the rounds */
static enum vm_outcome outcomes[NOTES_MAX];
static unsigned naround; /* pages that the last round has mapped beside its own */

static enum vm_outcome note_round(struct fault *fault, enum vm_outcome outcome)
{
	assert_true(spin_lock_held(&fault->space->lock));
	assert_true(nrounds < NOTES_MAX);
	kinds[nrounds] = fault->kind;
	outcomes[nrounds++] = outcome;
	naround = fault->naround;
	return outcome == VM_OK ? VM_RECORDED : outcome;
}

static void note_changed(struct space *of, enum change what, uint64_t start, uint64_t end,
			 uint64_t more)
{
	assert_true(!of || spin_lock_held(&of->lock));
	assert_true(nnotes < NOTES_MAX);
	notes[nnotes++] = (struct note){ of, what, start, end, more };
}

static void forget(void)
{
	nnotes = nrounds = 0;
}

static int serve(vaddr_t va, unsigned access)
{
	struct vm_wait wait = { 0 };

	rig_outcome = vm_fault(&space, va, access, &wait);
	return rig_outcome == VM_RECORDED ? 0 : rig_outcome;
}

static void start_recorded(void)
{
	mm_record.round = note_round;
	mm_record.changed = note_changed;
	start();
	fake_fault = serve;
	assert_true(space.recorded);
	assert_true(space.number != 0);
	map(AT, 8, RW);
	forget();
}

/* How many notes of that kind there are of the space; the last of them in *ret, if that is not NULL. */
static unsigned count_notes(const struct space *of, enum change what, struct note *ret)
{
	unsigned n = 0;

	for (unsigned i = 0; i < nnotes; i++) {
		if (notes[i].what != what || notes[i].space != of)
			continue;
		n++;
		if (ret)
			*ret = notes[i];
	}
	return n;
}

static void assert_noted(enum change what, uint64_t start, uint64_t end)
{
	struct note note = { 0 };

	assert_int_equal(1, count_notes(&space, what, &note));
	assert_int_equal(start, note.start);
	assert_int_equal(end, note.end);
}

TEST(each_round_is_told)
{
	start_recorded();
	assert_int_equal(0, fake_load(AT));
	assert_int_equal(VM_RECORDED, rig_outcome);
	assert_int_equal(2, nrounds); /* the first finds no table */
	assert_int_equal(VM_PREPARE, outcomes[0]);
	assert_int_equal(VM_OK, outcomes[1]);
	assert_int_equal(FAULT_FILL, kinds[1]);
	forget();
	assert_int_equal(0, fake_store(AT, 1)); /* until now the zero page */
	assert_int_equal(FAULT_COW, kinds[nrounds - 1]);
	forget();
	assert_int_equal(-1, fake_store(AT + 8 * P, 1));
	assert_int_equal(1, nrounds);
	assert_int_equal(VM_SEGV_MAPERR, outcomes[0]);
	end();
}

TEST(spaces_that_began_before_are_not_recorded)
{
	start();
	mm_record.round = note_round;
	mm_record.changed = note_changed;
	map(AT, 1, RW);
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(0, vm_unmap(&space, AT, P));
	end();
	assert_int_equal(0, nrounds + nnotes);
}

TEST(pages_around_are_counted)
{
	struct object *file;

	start_recorded();
	file = rig_file(8 * P);
	map_file(file, AT + GIB, 8, 0, NULL, 0);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(rig_byte(i * P), fake_load(AT + GIB + i * P));
	assert_int_equal(0, vm_madvise(&space, AT + GIB, 8 * P, MADV_DONTNEED));
	forget();
	assert_int_equal(rig_byte(2 * P), fake_load(AT + GIB + 2 * P)); /* the table is gone */
	assert_int_equal(VM_OK, outcomes[nrounds - 1]);
	assert_int_equal(space.resident - 1, naround);
	assert_true(naround > 0);
	object_put(file);
	end();
}

/* To tell what a verb has done takes one note for each piece, and one for its end. */
TEST(verbs_are_told)
{
	struct note note;

	start_recorded();
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(0, fake_store(AT + i * P, 1));
	forget();
	assert_int_equal(0, vm_protect(&space, AT, 2 * P, PROT_READ));
	assert_int_equal(1, count_notes(&space, CHANGE_DOWNGRADED, &note));
	assert_int_equal(AT, note.start);
	assert_int_equal(AT + 2 * P, note.end);
	assert_int_equal(PROT_READ, note.more);
	assert_noted(CHANGE_VERB, AT, AT + 2 * P);
	forget();
	assert_int_equal(0, vm_unmap(&space, AT + 4 * P, 4 * P));
	assert_noted(CHANGE_CLEARED, AT + 4 * P, AT + 8 * P);
	assert_noted(CHANGE_VERB, AT + 4 * P, AT + 8 * P);
	forget();
	end();
	assert_noted(CHANGE_AREAS, 0, USER_TOP); /* of the space that has ended */
}

TEST(stacks_that_grow_are_told)
{
	const vaddr_t top = AT + GIB;

	start_recorded();
	assert_int_equal(top - 4 * P,
			 rig_map(&space, top - 4 * P, 4 * P, RW, ANON | MAP_FIXED | MAP_GROWSDOWN));
	forget();
	assert_int_equal(0, fake_store(top - 6 * P, 1));
	assert_noted(CHANGE_AREAS, top - 6 * P, top);
	end();
}

/* What fork copies is told without a gap, from the first VMA to the last. */
TEST(forks_are_told)
{
	struct space child;
	vaddr_t reached = 0;

	start_recorded();
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(0, fake_store(AT + i * P, 1));
	forget();
	rig_create(&child);
	assert_int_not_equal(space.number, child.number);
	assert_int_equal(0, vm_fork(&space, &child));
	assert_int_equal(1, count_notes(&child, CHANGE_AREAS, NULL));
	for (unsigned i = 0; i < nnotes; i++) {
		if (notes[i].what != CHANGE_COPIED)
			continue;
		assert_ptr_equal(&child, notes[i].space);
		assert_int_equal((uintptr_t)&space, notes[i].more);
		if (reached)
			assert_int_equal(reached, notes[i].start);
		reached = notes[i].end;
	}
	assert_true(reached >= AT + 8 * P);
	rig_destroy(&child);
	end();
}

/* A page that is taken for a copy is told as that of an access is. */
TEST(pages_that_are_taken_are_told)
{
	struct page *page;

	start_recorded();
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &page));
	assert_int_equal(VM_OK, outcomes[nrounds - 1]);
	assert_int_equal(1, space.resident);
	assert_int_equal(page_to_pfn(page), entry_pfn(*arch_mmu_lookup(&space.mmu, AT)));
	put_user_page(&space, page, VM_PROT_WRITE);
	end();
}

/* A fault that would find no room for its record changes nothing, and waits. */
TEST(faults_wait_for_room)
{
	struct vm_wait wait = { 0 };

	start_recorded();
	assert_int_equal(0, fake_store(AT, 1));
	mm_record.full = true;
	forget();
	assert_int_equal(VM_WAIT, vm_fault(&space, AT + P, VM_PROT_WRITE, &wait));
	assert_int_equal(WAITS_FOR_JOURNAL, wait.why);
	assert_ptr_equal(&mm_record.room, wait.queue);
	assert_int_equal(1, nrounds);
	assert_int_equal(VM_WAIT, outcomes[0]);
	assert_int_equal(1, space.resident);
	waitq_wake_all(&mm_record.room);
	assert_int_not_equal(wait.seq, waitq_sample(&mm_record.room));
	mm_record.full = false;
	space_lock(&space); /* there is room again when it looks closer */
	assert_int_equal(VM_OK, record_find_room(&space, &wait));
	space_unlock(&space);
	assert_int_equal(VM_RECORDED, vm_fault(&space, AT + P, VM_PROT_WRITE, &wait));
	end();
}

/* Faults also wait for room where fork is at work, and a space that ends has none of that. */
TEST(unusual_spaces_are_looked_at_closer)
{
	struct vm_wait wait = { 0 };

	start_recorded();
	space.forking = true;
	space.forked_end = AT + P;
	assert_int_equal(VM_WAIT, vm_fault(&space, AT, VM_PROT_WRITE, &wait));
	assert_int_equal(WAITS_FOR_VERB, wait.why);
	assert_int_equal(VM_RECORDED, vm_fault(&space, AT + P, VM_PROT_WRITE, &wait));
	mm_record.full = true;
	assert_int_equal(VM_WAIT, vm_fault(&space, AT + 2 * P, VM_PROT_WRITE, &wait));
	assert_int_equal(WAITS_FOR_JOURNAL, wait.why);
	mm_record.full = false;
	space.forking = false;
	space.dying = true;
	assert_int_equal(VM_DYING, vm_fault(&space, AT, VM_PROT_WRITE, &wait));
	space.dying = false;
	end();
}

/* When all is over, spaces go on without a record. */
TEST(nothing_is_told_when_it_is_over)
{
	start_recorded();
	mm_record.over = mm_record.full = true;
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(VM_OK, rig_outcome);
	assert_false(space.recorded);
	assert_int_equal(0, nrounds);
	assert_int_equal(0, fake_store(AT + P, 1));
	assert_int_equal(0, nrounds);
	end();
}
