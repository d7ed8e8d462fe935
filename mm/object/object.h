/* SPDX-License-Identifier: MIT */
/* Memory objects: pages of a file, a memfd or shared anonymous memory, by index. */
#pragma once

#include "lib/list.h"
#include "lib/radix.h"
#include "lib/refcount.h"
#include "lib/types.h"
#include "mm/check/counted.h"
#include "mm/phys/page.h"
#include "mm/vm_wait.h"
#include "sync/spinlock.h"

struct inode;
struct object;
struct vma;

/*
 * What an object's pager does. A slot that is NULL is not needed. Only punch and sync may sleep.
 *
 * The contract of a pager that writes dirty pages back (a server's files, the swap cache):
 *
 *   clean --------- stored(), then PAGE_DIRTY --------> dirty <---- page_set_dirty(): written to
 *     ^                                                   |         again, or the write has failed
 *     |                                                   | write_page(), or the pager by itself:
 *     |                                                   v page_start_write()
 *     +------------- page_end_write() ------------ under write-out
 *
 * - A store makes a page dirty only after may_store() has returned 0, and stored() was called.
 * - A dirty page stays in the index until the pager has written it, or it is cut off.
 * - A write has a reference to its page, so that reclaim does not drop the page meanwhile. A
 *   truncation may: then the page's owner is not the object any more.
 * - left() is called for each page that leaves the index, clean or dirty, but not for swap.
 * - If `served` is set, a program brings the pages: a thread that waits for one waits for that program
 *   (WAITS_FOR_SERVER), page_cache_served() counts the pages in the index, and the journal names the process that
 *   calls page_read_done().
 * tests/host/mm/test_pager.c has a small pager that does all of this.
 */
struct object_ops {
	const char *name;
	/*
	 * Its pages stay where they are: they are never dropped or sent to swap, and mremap does not
	 * make a mapping of them longer.
	 */
	bool unevictable;
	/* Shared memory, and files in memory: what is resident of it is apart in a space's figures, as on Linux. */
	bool swap_backed;
	/*
	 * used() and unused() count its VMAs, and programs see the number: VMAs are never merged into one, as on
	 * Linux those with vm_ops->close().
	 */
	bool counts_maps;
	/* For the ledger: the object has no users, and its pages are never freed. */
	bool lost;
	/* A program brings its pages: that program's thread calls page_read_done(). See the contract above. */
	bool served;

	/* ---- reading ---- */
	/*
	 * Starts to read the bytes that the object had at page->index when it was made into the
	 * frame of `page`, whose contents are undefined, with zeros beyond them. Returns 0 if the
	 * read is under way or has ended already: page_read_done() is called once for it, then or
	 * later. Sets wait->major if it asks a device. Otherwise nothing was started: returns
	 * VM_WAIT with *wait filled in, -ENOMEM, or -EIO. The caller takes care of later truncations: it
	 * does not ask for pages that were cut off, and zeroes cut-off bytes itself. NULL: missing
	 * pages are zeros. Called with a reference to the object and no spinning lock held.
	 */
	int (*read_page)(struct object *object, struct page *page, struct vm_wait *wait);
	/*
	 * Could only the running thread bring a page that is to be read, or that another thread has asked for? Then its access
	 * fails with -EDEADLK. NULL: never. Called as read_page().
	 */
	bool (*deadlocks)(struct object *object);

	/* ---- writing back ---- */
	/*
	 * May a page become writable now, or are too many dirty already? Returns 0, or VM_WAIT with
	 * *wait filled in. Called with the lock of a space held.
	 */
	int (*may_store)(struct object *object, struct vm_wait *wait);
	/*
	 * A page of the object becomes writable in a shared mapping, for a store that is about to be
	 * made. It becomes PAGE_DIRTY after this call. Updates the time of modification. Called with
	 * object->lock held; takes no lock but one inside LOCK_OBJECT.
	 */
	void (*stored)(struct object *object, struct page *page);
	/*
	 * Reclaim has found a cold dirty page to which only the index refers. Adds the page to a
	 * request, with page_start_write() and a reference to the page, and swap_submit() sends the
	 * request; or leaves the page as it is, and may have another thread write it. NULL: dirty
	 * pages go to swap. Called with object->lock held; allocates nothing.
	 */
	void (*write_page)(struct object *object, struct page *page);
	/*
	 * A page leaves the index, but not for swap. If it is PAGE_DIRTY, its bytes are not needed
	 * any more. Called with object->lock held; takes no lock.
	 */
	void (*left)(struct object *object, struct page *page);
	/*
	 * Returns when what was stored in the bytes [start, end) is where it belongs, or with a
	 * negative errno. NULL: there is no better place than memory. Waits; a kill ends it. Called
	 * with a reference to the object and no lock held.
	 */
	int (*sync)(struct object *object, uint64_t start, uint64_t end);

	/* ---- size and room ---- */
	/*
	 * charge() counts a page that enters the index and that is not read; uncharge() counts one
	 * that leaves it. charge() returns false, and counts nothing, if there is no room. NULL: only
	 * memory limits the number of pages. Called with object->lock held; they take no lock.
	 */
	bool (*charge)(struct object *object);
	void (*uncharge)(struct object *object);
	/*
	 * Does what object_punch() does, for MADV_REMOVE, on objects that other operations change
	 * as well: it takes turns with them, and may refuse. NULL: object_punch() is called
	 * instead. Called with a reference to the object and no lock held.
	 */
	int (*punch)(struct object *object, uint64_t start, uint64_t end);

	/* ---- users ---- */
	/*
	 * object_use() and object_unuse() have been called. used() may be called with spinning locks
	 * held and takes none; unused() is called with none held.
	 */
	void (*used)(struct object *object);
	void (*unused)(struct object *object);
	/*
	 * A writer is a writable mapping or a descriptor. The number of writers becomes 1 (first_writer(), in
	 * object_get_write()), becomes 0 (last_writer()), or falls (writer_left(), after last_writer()).
	 * first_writer() returns 0 or refuses with a negative errno. Called with object->lock held; they take no lock but
	 * LOCK_WAITQ.
	 */
	int (*first_writer)(struct object *object);
	void (*last_writer)(struct object *object);
	void (*writer_left)(struct object *object);
	/*
	 * Returns the inode of the file whose bytes these are, with a reference to it and to its
	 * mount, or NULL if it is gone. mm makes nothing of it. Called with a reference to the
	 * object and no spinning lock held. NULL: it is no file.
	 */
	struct inode *(*inode)(struct object *object);
	/*
	 * May the running thread know which pages are resident, and have them sent out? Called with object->lock held. NULL: all
	 * may.
	 */
	bool (*may_know_cached)(struct object *object);
	/*
	 * For the ledger: call counted_found() for each reference that the object itself has, and
	 * for each that used() has taken once. Called with no other thread running.
	 */
	void (*holds)(struct object *object);
	void (*use_holds)(struct object *object);
	/*
	 * The last reference and all pages are gone: frees the object's memory, and drops what the
	 * object refers to.
	 */
	void (*destroy)(struct object *object);
};

/* What is behind a VMA, and the number that the journal has for it (docs/journal.md). */
enum object_backing {
	BACKING_ANON, /* no object */
	BACKING_FILE,
	BACKING_MEMORY, /* shared memory without a file, or a memfd */
	BACKING_DEVICE,
	BACKING_KERNEL = 5, /* a page of the kernel's own */
};

#define OBJECT_NAME 16 /* bytes of the name that records have */

struct object {
	const struct object_ops *ops; /* const */
	struct refcount refs;
	uint32_t writers; /* descriptors open for writing; guarded by lock */
	struct spinlock lock;
	/* guarded by lock: */
	uint64_t size;	       /* in bytes; faults on pages beyond it are BUS */
	uint64_t prealloc_end; /* preallocated pages beyond the size have indices below this */
	uint64_t backed;       /* bytes below this are read; others are zeros until written */
	struct radix pages;    /* index -> what it holds: see mm/object/page_index.h */
	size_t npages;	       /* pages in the index; the object has a reference to each */
	size_t nswapped;       /* pages in swap */
	/*
	 * The VMAs that map the object, by struct vma.object_link. `stale` has those that a
	 * truncation has not reached yet, and those whose `truncation` is from before the last one.
	 */
	struct list vmas, stale;
	size_t nwritable;     /* VMAs of both lists for which vma_writes_object() is true */
	size_t npinned;	      /* pages in the index that have pins */
	uint32_t nexec;	      /* running images made from it: opening it for writing is ETXTBSY */
	uint64_t truncations; /* number of them; decisions made before one are void after it */
	bool locked;	      /* its pages stay in memory, as by SHM_LOCK; atomic */
	uint64_t passed;      /* where the hand of the clock goes on (mm/swap/clock_hand.c) */
	/* Only mappings hold it, so a space is charged (mm/object/object_charge.h): by this VMA, or NULL. */
	bool charges_spaces;
	struct vma *charged;
	/* guarded by the lock of the list of all objects: */
	struct list link;
	struct counted counted;
	/* For who records, guarded by lock: object_set_label(). An empty name: it has none. */
	char name[OBJECT_NAME];
	uint8_t backing; /* enum object_backing; not known without a name */
};

/* May the running thread know which pages of a mapping are resident? object NULL: true. Call with no spinning lock held. */
bool object_may_know_cached(struct object *object);

/*
 * Sets what records call the mappings of the object: the last part of the path, or as much as there
 * is room for, and what is behind them. Call with no lock held.
 */
void object_set_label(struct object *object, const char *label, enum object_backing backing);

extern struct counted_kind object_kind;

/* For the ledger: a holder of a reference, and one of a reference by object_use(). */
static inline void object_found(struct object *object)
{
	counted_found(&object->counted);
}

void object_use_found(struct object *object);

/* The largest size: the largest signed file offset. */
#define OBJECT_SIZE_MAX ((uint64_t)INT64_MAX)

/*
 * An index of an object holds NULL, the address of a struct page, or a number that says why no page
 * is there (mm/object/page_index.h). A number is smaller than any address. index_page() returns the page, or
 * NULL.
 */
#define INDEX_NUMBERS (1ul << 40)

static inline bool index_is_page(const void *held)
{
	return (uintptr_t)held >= INDEX_NUMBERS;
}

static inline struct page *index_page(void *held)
{
	return index_is_page(held) ? held : NULL;
}

/*
 * Initialises an object of `size` bytes, with one reference. ops->read_page brings its bytes;
 * without it they are zeros. The caller owns the object's memory until ops->destroy() is called.
 */
void object_init(struct object *object, const struct object_ops *ops, uint64_t size);

/*
 * Initialises a static object that may have been destroyed before. Its lock has been initialised
 * once and for all, and other threads may hold it. Call with no spinning lock held.
 */
void object_init_again(struct object *object, const struct object_ops *ops, uint64_t size);

/*
 * Creates an object of shared anonymous memory, with one reference. Waits for memory; returns NULL
 * if there is none (see relieve()), or if it cannot be committed (mm/space/commit.h).
 */
struct object *object_create_anon(uint64_t size);

/* For the ledger: the pages that were committed for the object as a whole. */
size_t object_committed_pages(const struct object *object);

void object_get(struct object *object);
/*
 * Drops a reference. The last one frees the pages, with calls of vm_pause() in between, and
 * destroys the object. Call with no spinning lock held.
 */
void object_put(struct object *object);
/* Take, or drop, n references, at least one, as object_get() and object_put() do. */
void object_get_many(struct object *object, uint32_t n);
void object_put_many(struct object *object, uint32_t n);

/*
 * A reference of a VMA or of a running image: while there is one, what the object is a file of
 * cannot be unmounted. The caller of object_use() has an open file or such a reference. Call
 * object_unuse() with no spinning lock held.
 */
void object_use(struct object *object);
void object_unuse(struct object *object);

/* Is the object mapped? The caller holds object->lock. */
static inline bool object_is_mapped_locked(const struct object *object)
{
	assert_hardened(spin_lock_held(&object->lock));
	return !list_empty(&object->vmas) || !list_empty(&object->stale);
}

/* Returns the size in bytes. It may change at any time. */
uint64_t object_size(const struct object *object);

/*
 * An object that runs as text can't be opened for writing, and one that is open for writing, or has
 * a pinned page, can't be run. Both functions return 0 or -ETXTBSY; object_get_write() also what
 * ops->first_writer() does.
 */
int object_deny_write(struct object *object); /* for exec; undone by object_allow_write() */
void object_allow_write(struct object *object);
int object_get_write(struct object *object); /* for open; undone by object_put_write() */
void object_put_write(struct object *object);

/*
 * For get_user_page(): a pin of a page that the VMA at hand maps shared. The first pin of a page
 * takes a reference to the object, and the last one drops it. object_pin() is called with the lock
 * of the VMA's space held, object_unpin() with no spinning lock held.
 */
void object_pin(struct object *object, struct page *page);
void object_unpin(struct page *page);

/*
 * Records that a store through a shared mapping is about to be made to one of the object's pages.
 * The caller holds object->lock.
 */
static inline void object_stored(struct object *object, struct page *page)
{
	if (object->ops->stored)
		object->ops->stored(object, page);
	page_set_dirty(page);
}

/* object_stored() for a page that was the object's when it was mapped. Call without object->lock. */
void object_stored_mapped(struct object *object, struct page *page);

/* May a page become writable in a shared mapping now? Returns 0, or VM_WAIT with *wait filled in. */
static inline int object_may_store(struct object *object, struct vm_wait *wait)
{
	return unlikely(object->ops->may_store) ? object->ops->may_store(object, wait) : 0;
}

/* Drops those pages of all objects that nothing else refers to and that can be read again. */
void object_trim(void);

/*
 * For the hand of the clock: returns the object where it is, with a reference, or NULL if it has
 * passed all objects. object_hand_put() drops the reference, and moves the hand on unless it stays
 * for `more`. object_hand_start() begins another turn. Call with no spinning lock held but
 * spaces_lock.
 */
struct object *object_hand_get(void);
void object_hand_put(struct object *object, bool more);
void object_hand_start(void);

/*
 * Iterates over all objects: returns the one after `object` (the first for NULL) with a reference,
 * or NULL at the end, and drops the reference to `object`. Call with no spinning lock held.
 */
struct object *object_next(struct object *object);
