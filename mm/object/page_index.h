/* SPDX-License-Identifier: MIT */
/* The state of an index of the page cache: what the index holds, and the transitions. */
#pragma once

#include "mm/object/object.h"
#include "mm/swap/reclaim.h"

/*
 * Each index of an object is in one of these states:
 *
 * INDEX_EMPTY    Nothing is known of the page. It must be read, or it is all zeros.
 * INDEX_PAGE     The page is in memory. The index has a reference to it. While PAGE_WRITING is set,
 *                the page is under write-out: a request of a pager writes its bytes. This is a flag
 *                of the page and no enum index_state, because a look-up finds the page all the same,
 *                and a truncation may end the index's state before the write.
 * INDEX_READING  A read of the page is under way. The index holds the number of the frame that the
 *                bytes are read into. Threads that need the page wait for that read.
 * INDEX_FAILED   The last read failed. To a thread that neither started that read nor waited for
 *                it, this is the same as INDEX_EMPTY.
 * INDEX_DROPPED  Reclaim has freed the page, which can be read again. A stamp says when.
 * INDEX_SWAPPED  The page is in the swap cache or only in its slot. The index has a reference to the
 *                slot, and says whether the page is PAGE_CHARGED.
 *
 * Each transition is one function, which updates the object's counts too:
 *
 *                index_read_begin()             index_read_done()
 *   EMPTY    ------------------------> READING ------------------> PAGE <----+
 *   FAILED   <------------------------    |                        | | ^     | page_end_write()
 *   DROPPED       index_read_undo()       | index_read_fail()      | | |     |
 *     |   ^                               v                        | | |   PAGE under write-out
 *     |   |                             FAILED                     | | |     ^
 *     |   +--------- index_drop(), to DROPPED ---------------------+ | |     | page_start_write()
 *     +------------- index_insert() ---------------------------------|-+   PAGE
 *                                                                    |
 *                                                   index_swap_out() v
 *                                                                 SWAPPED -- index_swap_in() --> PAGE
 *   any state --- index_remove() ---> EMPTY
 *
 * A truncation removes an index that is READING, and waits for nothing: the read goes on into its
 * frame, finds its number gone at the end, and the frame is freed. index_move() moves a page of the
 * swap cache to another slot.
 *
 * The caller of each function here holds object->lock.
 */
enum index_state {
	INDEX_SWAPPED, /* the first four are the lowest two bits of a number */
	INDEX_READING,
	INDEX_FAILED,
	INDEX_DROPPED,
	INDEX_EMPTY,
	INDEX_PAGE,
};

/* What an index holds. */
struct index_entry {
	uintptr_t word;
};

#define INDEX_ENTRY_EMPTY ((struct index_entry){ 0 })

static inline struct index_entry index_entry_of(const void *held)
{
	return (struct index_entry){ (uintptr_t)held };
}

static inline enum index_state index_entry_state(struct index_entry entry)
{
	if (!entry.word)
		return INDEX_EMPTY;
	return entry.word >= INDEX_NUMBERS ? INDEX_PAGE : (enum index_state)(entry.word & 3);
}

static inline bool index_entry_is(struct index_entry a, struct index_entry b)
{
	return a.word == b.word;
}

/* May the index get a page, or a read of one? */
static inline bool index_entry_is_free(struct index_entry entry)
{
	enum index_state state = index_entry_state(entry);

	return state == INDEX_EMPTY || state == INDEX_FAILED || state == INDEX_DROPPED;
}

/* Returns the page, or NULL if the state is not INDEX_PAGE. */
static inline struct page *index_entry_page(struct index_entry entry)
{
	return index_page((void *)entry.word);
}

/* For INDEX_SWAPPED: the slot, and whether the page still counts as PAGE_CHARGED. */
static inline uint64_t index_entry_slot(struct index_entry entry)
{
	return entry.word >> 3;
}

static inline bool index_entry_is_charged(struct index_entry entry)
{
	return entry.word >> 2 & 1;
}

/* Was the page dropped so recently that a read of it shows that it is in use? */
static inline bool index_entry_is_recent(struct index_entry entry)
{
	return index_entry_state(entry) == INDEX_DROPPED && reclaim_is_recent(entry.word >> 2);
}

static inline struct index_entry index_find(const struct object *object, uint64_t index)
{
	return index_entry_of(radix_find(&object->pages, index));
}

/*
 * EMPTY, FAILED, DROPPED -> PAGE. `entry` is what the index holds. The index takes a reference to
 * the page. If the index is EMPTY, `spare` has the nodes that radix_missing() asks for.
 */
void index_insert(struct object *object, uint64_t index, struct index_entry entry,
		  struct page *page, struct radix_spare *spare);

/*
 * EMPTY, FAILED, DROPPED -> READING. The read takes the caller's reference to the page, and one to
 * the object. `entry` and `spare` are as above.
 */
void index_read_begin(struct object *object, uint64_t index, struct index_entry entry,
		      struct page *page, struct radix_spare *spare);

/*
 * EMPTY -> READING for up to n pages at consecutive indices, as far as no node is missing, and not
 * beyond the node of the first index. Returns how many.
 */
unsigned index_read_begin_run(struct object *object, uint64_t index, struct page *const *pages,
			      unsigned n);

/*
 * READING -> PAGE for n <= 32 pages at consecutive indices. The read's references to the pages
 * become those of the indices. Returns the pages whose reads were cancelled, as bits.
 */
uint32_t index_read_done(struct object *object, struct page *const *pages, unsigned n);

/* READING -> FAILED. Does nothing if the read was cancelled. */
void index_read_fail(struct object *object, struct page *page);

/*
 * READING -> EMPTY, FAILED, DROPPED: back to `entry`, which the index held before the read, as if
 * the read had not begun. Does nothing if the read was cancelled. Empty nodes go into `freed`.
 */
void index_read_undo(struct object *object, struct page *page, struct index_entry entry,
		     struct radix_spare *freed);

/*
 * PAGE -> PAGE under write-out: a write of the page begins. What is stored from here on makes it dirty again. The caller has
 * taken a reference to the page for the write.
 */
static inline void page_start_write(struct page *page)
{
	page_change(page, PAGE_DIRTY, PAGE_WRITING);
}

/*
 * PAGE under write-out -> PAGE: the write has ended, and the caller drops its reference to the page. A truncation may have
 * removed the page from the index meanwhile.
 */
static inline void page_end_write(struct page *page)
{
	assert_hardened(page_has(page, PAGE_WRITING));
	page_clear(page, PAGE_WRITING);
}

/* PAGE -> DROPPED. The page is clean. The caller gets the index's reference to it. */
void index_drop(struct object *object, struct page *page);

/* PAGE -> SWAPPED. The caller gets the index's reference to the page, and gives one to the slot. */
void index_swap_out(struct object *object, uint64_t index, uint64_t slot, bool charged);

/* SWAPPED -> PAGE. The caller gets the reference to the slot, and gives one to the page. */
void index_swap_in(struct object *object, uint64_t index, struct page *page);

/*
 * Any state -> EMPTY. The caller gets the reference to the page or to the slot, if there is one. A
 * read that is under way is cancelled: the caller wakes those that wait for it. Empty nodes go into
 * `freed`. Returns what the index held.
 */
struct index_entry index_remove(struct object *object, uint64_t index, struct radix_spare *freed);

/* PAGE -> EMPTY, and at the index `to` EMPTY -> PAGE. `nodes` is both spare and freed. */
void index_move(struct object *object, struct page *page, uint64_t to, struct radix_spare *nodes);
