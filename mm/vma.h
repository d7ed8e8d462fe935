/* SPDX-License-Identifier: MIT */
/* A range of an address space with one set of permissions and one backing. */
#pragma once

#include "arch/entry.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "lib/types.h"
#include "mm/fault_classify.h"
#include "mm/object.h"

struct space;
struct vma;
struct fault;

/* Flags; merged neighbours have the same. */
#define VMA_SHARED    1u  /* writes go to the object */
#define VMA_STACK     2u  /* grows down by faults */
#define VMA_HEAP      4u  /* made by brk */
#define VMA_TEXT      16u /* of the running image: holds the object's deny-write */
#define VMA_NORESERVE 32u
#define VMA_MOVING    128u /* mremap has its entries in hand: no permissions, and who faults waits */
#define VMA_LOCKED    256u  /* mlock: filled when it is made, and not given back */
#define VMA_ONFAULT   512u  /* the same, but filled by faults; beside VMA_LOCKED alone */
#define VMA_DONTFORK  1024u /* no child gets it */
#define VMA_WIPE      2048u /* a child gets it without its pages */
#define VMA_LEAVING   8u    /* mremap takes it away: its bytes count at the new place already */
#define VMA_WRITER    64u   /* made by a descriptor open for writing: counts as one more such */

/* Below a stack: never filled, never chosen by the kernel (R30). */
#define STACK_GUARD_GAP (256 * PAGE_SIZE)

/* Most VMAs of a space. */
#define VMA_COUNT_MAX 65530

/* touched_start of a VMA without entries; its touched_end is 0. */
#define VMA_UNTOUCHED UINT64_MAX

/* One kind of memory; one file each (backend_*.c). It gets pages and writes no entry. */
struct vma_backend {
	const char *name;
	/*
	 * FILL: gets the page for the fault's address, as it is now: fault->page is NULL for the
	 * zero page (zero_page.h), a page of the VMA's object (and fault->pages, which is resident around it),
	 * or a frame of its own (fault_get_zeros(), fault_get_copy()). 0; FAULT_PREPARE, by
	 * fault_need_page() and its like, where it takes what cannot be had under a spinning lock;
	 * VM_BUS.
	 * => the space's lock held, and that of the VMA's object
	 */
	int (*get)(struct fault *fault);
	/*
	 * Of VMAs with an object: the n pages from va on that a read would see, as far as they are
	 * resident; NULL for the others. The zero page is one, too.
	 * => the space's and the object's lock held; neither waits nor allocates nor references
	 */
	void (*resident)(const struct vma *vma, vaddr_t va, struct page **pages, unsigned n);
};

extern const struct vma_backend vma_anon;	    /* private anonymous: heap, stack, BSS, mmap */
extern const struct vma_backend vma_object_private; /* a file's or memfd's pages, copy-on-write */
extern const struct vma_backend vma_object_shared;  /* the same, and writes go to the object */
extern const struct vma_backend vma_elf;	    /* private, with zeros from file_end on */

/* Faults in a VMA since it was made, by kind; a part that is split off begins anew. */
struct vma_faults {
	uint32_t kind[FAULT_KINDS];
};

/*
 * All fields: guarded by the space's lock, changed only under the mmap lock too, but for `start`
 * and the weight of a stack that a fault grows.
 */
struct vma {
	struct tree_node
		node;	   /* weight: bytes below it that the kernel may choose: no stack's guard */
	vaddr_t start;	   /* page-aligned */
	vaddr_t end;	   /* exclusive */
	unsigned prot;	   /* RIGHT_*; write implies read */
	unsigned max_prot; /* what mprotect may give */
	unsigned flags;
	const struct vma_backend *backend;
	struct object *object; /* NULL for anonymous private; holds a reference */
	uint64_t offset;       /* bytes into the object at start, page-aligned */
	vaddr_t file_end;      /* vma_elf: first address that is zero instead of the file's */
	uint64_t truncation;   /* object->lock: the last of its truncations carried out here */
	/*
	 * No entry lies outside of [touched_start, touched_end): what was never touched is skipped
	 * at once.
	 */
	vaddr_t touched_start, touched_end;
	struct vma_faults faults;
	struct space *space;
	struct list object_link; /* object->lock too; afterwards on a list of the dead */
};

/* Write implies read: the hardware has no entry that says otherwise. */
static inline unsigned prot_complete(unsigned prot)
{
	prot &= VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC;
	return prot & VM_PROT_WRITE ? prot | VM_PROT_READ : prot;
}

static inline bool vma_is_shared(const struct vma *vma)
{
	return vma->flags & VMA_SHARED;
}

/* Can its object be written to through it, now or after mprotect? The same for its whole life. */
static inline bool vma_writes_object(const struct vma *vma)
{
	return vma_is_shared(vma) && (vma->max_prot & VM_PROT_WRITE);
}

/* An entry is made at va, or a table for it. => space lock held */
static inline void vma_touch(struct vma *vma, vaddr_t va)
{
	if (va < vma->touched_start)
		vma->touched_start = va;
	if (va >= vma->touched_end)
		vma->touched_end = va + PAGE_SIZE;
}

/* After it was cut: what was touched is no more than what lies in it. => space lock held */
static inline void vma_clip_touched(struct vma *vma)
{
	if (vma->touched_start >= vma->end || vma->touched_end <= vma->start) {
		vma->touched_start = VMA_UNTOUCHED;
		vma->touched_end = 0;
		return;
	}
	vma->touched_start = MAX(vma->touched_start, vma->start);
	vma->touched_end = MIN(vma->touched_end, vma->end);
}

/* Page index of va in the VMA's object. */
static inline uint64_t vma_index(const struct vma *vma, vaddr_t va)
{
	return (vma->offset + (va - vma->start)) >> PAGE_SHIFT;
}

/*
 * A VMA to be filled in, in no tree; NULL: out of memory. A spare is for vma_split() and
 * vma_insert_copy(), which fill it in; frees: so that memory comes back. vma_free() also gives back
 * what vma_attach() took. Both wait for memory.
 * => as relieve()
 */
struct vma *vma_alloc(void);
struct vma *vma_alloc_spare(bool frees);
void vma_free(struct vma *vma); /* => no spinning lock held; NULL is allowed */

/*
 * What VMA_TEXT or VMA_WRITER among the flags holds of the object, beside the reference: 0 or
 * -ETXTBSY. Given back by vma_put_writecount(), which vma_free() does for VMAs that were in a space.
 */
int vma_get_writecount(unsigned flags, struct object *object);
void vma_put_writecount(unsigned flags, struct object *object);

/* Frees VMAs that were taken out of their space. => no spinning lock held */
void vma_free_list(struct list *dead);
static inline void vma_free_dead(struct list *dead)
{
	if (!list_empty(dead))
		vma_free_list(dead);
}

/* Look-up, in space.h for others: vma_find, vma_find_next, vma_next, vma_prev. */

/*
 * Puts a VMA into its space, for good or out of it onto `dead`. Counts it in the space's figures;
 * an object is referenced and told.
 * => space lock held; vma_insert: it overlaps none; the second is given its neighbours, or NULL
 */
void vma_insert(struct space *space, struct vma *vma);
void vma_insert_between(struct space *space, struct vma *vma, struct vma *below, struct vma *above);
void vma_remove(struct vma *vma, struct list *dead);

/*
 * Makes `copy`, a spare, the same in a space that has none so high. => both spaces' locks held
 */
void vma_insert_copy(struct space *space, const struct vma *vma, struct vma *copy);

/*
 * Makes `upper`, a spare, the part from `at` on. => space lock held; start < at <
 * end
 */
void vma_split(struct vma *vma, vaddr_t at, struct vma *upper);

/* `below` takes the place of `above` too. => space lock held; they are alike, and neighbours */
void vma_join(struct vma *below, struct vma *above, struct list *dead);

/*
 * Moves one end; the other stays. => space lock held; the room is free; cutting: no entries are
 * left there
 */
void vma_set_start(struct vma *vma, vaddr_t start);
void vma_set_end(struct vma *vma, vaddr_t end);

/* Its bytes count no more: it goes soon. => space lock held */
void vma_leave(struct vma *vma);

/* Changes the permissions, and the figures that hang on them. => space lock held */
void vma_set_prot(struct vma *vma, unsigned prot);

/* The lowest address that others must leave to it: its start, or its guard's. */
vaddr_t vma_start_gap(const struct vma *vma);

/*
 * The highest free range of len bytes below `top`, the guards of stacks left out: 0 or -ENOMEM.
 * O(log n).
 * => space lock held
 */
int vma_find_gap(struct space *space, size_t len, vaddr_t top, vaddr_t *start_ret);
