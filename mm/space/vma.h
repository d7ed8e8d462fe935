/* SPDX-License-Identifier: MIT */
/* A range of an address space with one set of permissions and one backing. */
#pragma once

#include "arch/entry.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "lib/types.h"
#include "mm/fault/fault_kind.h"
#include "mm/object/object.h"

struct space;
struct userfault;
struct vma;
struct fault;

/* Flags of a VMA. Neighbours are merged only if theirs are equal. */
#define VMA_SHARED 1u  /* writes go to the object */
#define VMA_STACK  2u  /* grows down by faults */
#define VMA_HEAP   4u  /* made by brk */
#define VMA_TEXT   16u /* of a running image: the object cannot be opened for writing */
#define VMA_ACCOUNT \
	32u /* its pages count as committed (mm/space/commit.h), for as long as it exists */
#define VMA_MOVING	 128u  /* mremap is moving its entries: no permissions, and a fault waits */
#define VMA_LOCKED	 256u  /* mlock: filled at once, and its pages stay resident */
#define VMA_ONFAULT	 512u  /* filled by faults only; set only together with VMA_LOCKED */
#define VMA_DONTFORK	 1024u /* fork does not copy it */
#define VMA_WIPE	 2048u /* fork copies it without its pages */
#define VMA_DONTDUMP	 8192u /* not in a core file */
#define VMA_SEALED	 16384u /* mseal: stays mapped as it is */
/* mremap or fork will remove it: its bytes already count at the new address, or shall not count */
#define VMA_LEAVING	 8u
#define VMA_WRITER	 64u /* made by a descriptor open for writing: counts as a writer */
/* Shared by a descriptor open for writing, but seals forbid to write. */
#define VMA_WRITE_SEALED 32768u
#define VMA_HUGE	 65536u	 /* MADV_HUGEPAGE: runs are wanted (mm/fault/run.h) */
#define VMA_NOHUGE	 131072u /* MADV_NOHUGEPAGE: they are not */
/* A program resolves faults (mm/fault/userfault.h): where there is no page, and those of writes to pages with ENTRY_WP. */
#define VMA_UF_MISSING	 262144u
#define VMA_UF_WP	 524288u
#define VMA_UF_MINOR	 1048576u
#define VMA_USERFAULT	 (VMA_UF_MISSING | VMA_UF_WP | VMA_UF_MINOR)

/* Bytes below a stack that no fault fills, and where the kernel chooses no address (R30). */
#define STACK_GUARD_GAP (256 * PAGE_SIZE)

/* The largest number of VMAs in a space. */
#define VMA_COUNT_MAX 65530

/* The touched_start of a VMA without entries. Its touched_end is 0. */
#define VMA_UNTOUCHED UINT64_MAX

/* What faults need to know of a VMA: a fault copies it, and looks at the VMA no more. */
struct vma_attr {
	unsigned prot;
	const struct vma_backend *backend;
	struct object *object;
	unsigned flags;
	/* Set only if there is an object: */
	vaddr_t start, end, file_end;
	uint64_t offset;
	unsigned max_prot; /* without an object: all permissions */
};

/* The code behind one kind of memory (backend_*.c). It gets pages, and never writes an entry. */
struct vma_backend {
	const char *name;
	/*
	 * Gets the page for a FILL. Sets fault->page to NULL for the zero page (zero_page.h), to a
	 * page of the VMA's object, or to a fresh frame (fault_get_zeros(), fault_get_copy()). For
	 * a read of an object's page it also sets fault->pages to the resident pages around it.
	 * Returns VM_OK, VM_BUS, or VM_PREPARE from fault_need_page() and similar functions if it
	 * needs something that cannot be done under a spinning lock. The caller holds the space's
	 * lock, and the lock of the VMA's object if there is one.
	 */
	enum vm_outcome (*get)(struct fault *fault);
	/*
	 * For VMAs with an object only: sets pages[0] to pages[n - 1] to the pages that reads from
	 * va on would see. For a page that is not resident it stores what the index holds instead,
	 * NULL or a number: index_is_page() is false. The zero page counts as resident. Does not wait, allocate or take
	 * references. The caller holds the locks of the space and the object.
	 */
	void (*resident)(const struct vma_attr *vma, vaddr_t va, struct page **pages, unsigned n);
};

extern const struct vma_backend vma_anon;	    /* private anonymous: heap, stack, BSS, mmap */
extern const struct vma_backend vma_object_private; /* a file's or memfd's pages, copy-on-write */
extern const struct vma_backend vma_object_shared;  /* shared: writes go to the object */
extern const struct vma_backend
	vma_userfault; /* one of these three, with VMA_UF_MISSING or VMA_UF_MINOR */
extern const struct vma_backend vma_elf; /* a program's segment, zeros from file_end */

/* The backend of memory with this object, or none, that is neither registered nor a program's segment. */
static inline const struct vma_backend *vma_usual_backend(const struct object *object,
							  unsigned flags)
{
	if (!object)
		return &vma_anon;
	return flags & VMA_SHARED ? &vma_object_shared : &vma_object_private;
}

/* The faults in a VMA since it was made, by kind. The upper part of a split starts with zeros. */
struct vma_faults {
	uint32_t kind[FAULT_KINDS];
};

/*
 * All fields are guarded by the space's lock. A change needs the mmap lock as well, with these
 * exceptions: a fault that grows a stack changes `start` and the node's weight, faults change what
 * they count or touch, and a truncation changes what object->lock guards too.
 */
struct vma {
	struct tree_node node; /* weight: free bytes below it, without the guard gap of a stack */
	vaddr_t start;	       /* page-aligned */
	vaddr_t end;	       /* exclusive */
	unsigned prot;	       /* VM_PROT_*; write implies read */
	unsigned max_prot;     /* the most that mprotect may give */
	unsigned flags;
	const struct vma_backend *backend;
	struct object *object; /* NULL for anonymous private; holds a reference */
	uint64_t offset;       /* in the object, of `start`; in bytes, page-aligned */
	union {
		/* vma_elf: the first address with zeros instead of the file; else 0 */
		vaddr_t file_end;
		struct userfault
			*userfault; /* with VMA_USERFAULT; not referenced: userfault_close() */
	};
	uint64_t truncation; /* object->lock: the last truncation carried out here */
	/*
	 * All entries of the VMA lie in [touched_start, touched_end), and so verbs visit only the
	 * page tables of that range. Kept: bench row mmap_1g_untouched.
	 */
	vaddr_t touched_start, touched_end;
	struct vma_faults faults;
	/* It may have private frames, in memory or swap. Not kept without an object: it has no others. */
	bool has_private;
	struct space *space;
	struct list object_link; /* object->lock too; after removal a member of a `dead` list */
};

/* Removes unknown bits, and adds read to write: the hardware has no write-only entries. */
static inline unsigned prot_complete(unsigned prot)
{
	prot &= VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC;
	return prot & VM_PROT_WRITE ? prot | VM_PROT_READ : prot;
}

static inline bool vma_is_shared(const struct vma *vma)
{
	return vma->flags & VMA_SHARED;
}

/* Can a program write to the object through this VMA, now or after mprotect? This never changes. */
static inline bool vma_writes_object(const struct vma *vma)
{
	return vma_is_shared(vma) && (vma->max_prot & VM_PROT_WRITE);
}

/* Call before an entry at va, or a table for it, is made. The caller holds the space's lock. */
static inline void vma_touch(struct vma *vma, vaddr_t va)
{
	if (va < vma->touched_start)
		vma->touched_start = va;
	if (va >= vma->touched_end)
		vma->touched_end = va + PAGE_SIZE;
}

/* Fault-around: the pages of an object that one fault maps at most, an aligned window in one table. */
#define FAULT_AROUND 16

/*
 * vma_touch() for a reader (mm/space/space_lock.h), beside others. The range ends at a multiple of this step, so that
 * not each fault writes to the VMA. (fork looks at all entries of the range.)
 */
#define VMA_TOUCH_STEP (16 * PAGE_SIZE)

static inline void vma_touch_beside(struct vma *vma, vaddr_t va)
{
	vaddr_t from = atomic_load_relaxed(&vma->touched_start);
	vaddr_t to = atomic_load_relaxed(&vma->touched_end);
	vaddr_t step = ALIGN_DOWN(va, VMA_TOUCH_STEP), start, end;

	if (likely(va >= from) && likely(va < to))
		return;
	start = MAX(vma->start, step);
	end = MIN(vma->end, step + VMA_TOUCH_STEP);
	while (start < from &&
	       !__atomic_compare_exchange_n(&vma->touched_start, &from, start, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	while (end > to && !__atomic_compare_exchange_n(&vma->touched_end, &to, end, false,
							__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* Cuts the touched range to the VMA, which has shrunk. The caller holds the space's lock. */
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

/* Returns the index of va's page in the VMA's object. */
static inline uint64_t vma_index(const struct vma *vma, vaddr_t va)
{
	return (vma->offset + (va - vma->start)) >> PAGE_SHIFT;
}

static inline uint64_t vma_attr_index(const struct vma_attr *vma, vaddr_t va)
{
	return (vma->offset + (va - vma->start)) >> PAGE_SHIFT;
}

/* Copies what faults need to know. The caller holds the space's lock. */
static inline void vma_attr_copy(struct vma_attr *attr, const struct vma *vma)
{
	assert_hardened(vma);
	attr->prot = vma->prot;
	attr->backend = vma->backend;
	attr->object = vma->object;
	attr->flags = vma->flags;
	if (!attr->object)
		return;
	attr->start = vma->start;
	attr->end = vma->end;
	attr->file_end = vma->file_end;
	attr->offset = vma->offset;
	attr->max_prot = vma->max_prot;
}

/* The most that mprotect may give. */
static inline unsigned vma_attr_max_prot(const struct vma_attr *vma)
{
	return vma->object ? vma->max_prot : VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC;
}

/* The backend's resident(). The caller holds the locks of the space and of the VMA's object. */
static inline void vma_resident(const struct vma *vma, vaddr_t va, struct page **pages, unsigned n)
{
	struct vma_attr attr;

	vma_attr_copy(&attr, vma);
	vma->backend->resident(&attr, va, pages, n);
}

/*
 * Allocate a VMA that is in no tree, and may wait for memory. vma_alloc() is for a new mapping: the
 * caller fills in the VMA. vma_alloc_spare() is for vma_split() and vma_append_copy(), which fill
 * it in; `frees` says that it is needed in order to free memory, so that the reserve may be used.
 * They return NULL if there is no memory. For the locks that may be held see relieve().
 */
struct vma *vma_alloc(void);
struct vma *vma_alloc_spare(bool frees);
/*
 * Frees a VMA that was removed from its space, with its reference to an object and its write count;
 * or one that was never in a space, whose `object` must be NULL; or does nothing for NULL. Call
 * with no spinning lock held.
 */
void vma_free(struct vma *vma);

/*
 * With VMA_TEXT among the flags, denies writers to the object; with VMA_WRITER, counts one more
 * writer. Returns 0 or -ETXTBSY. vma_put_writecount() undoes it; vma_free() calls that for VMAs
 * that were in a space.
 */
int vma_get_writecount(unsigned flags, struct object *object);
void vma_put_writecount(unsigned flags, struct object *object);

/* Free VMAs that were removed from their space. Call with no spinning lock held. */
void vma_free_list(struct list *dead);
static inline void vma_free_dead(struct list *dead)
{
	if (!list_empty(dead))
		vma_free_list(dead);
}

/* The look-ups vma_find(), vma_find_next(), vma_next() and vma_prev() are in mm/space/space.h. */

/*
 * vma_insert() puts a filled-in VMA into a space, where it overlaps no other: links it to its
 * object, takes a reference to that, and counts the bytes. vma_insert_between() does the same for a
 * caller that knows the neighbours; NULL if there is none on a side. vma_remove() removes a VMA
 * from its space and object, and puts it on `dead`, for vma_free_dead(). The caller holds the
 * space's lock.
 */
void vma_insert(struct space *space, struct vma *vma);
void vma_insert_between(struct space *space, struct vma *vma, struct vma *below, struct vma *above);
void vma_remove(struct vma *vma, struct list *dead);

/*
 * Makes `copy`, a spare, a copy of the VMA with those flags, and adds it to a space to which all VMAs below were copied like
 * this; `last` is the one before it, or NULL. Of a userfault, see userfault_begin_fork(). The space's tree is as tree_append_like() says until all were copied. The caller
 * holds the locks of both spaces.
 */
void vma_append_copy(struct space *space, const struct vma *vma, struct vma *copy, struct vma *last,
		     unsigned flags);

/* What has copied a VMA that is registered with a userfault says that the copy is not. */
void vma_not_registered(struct vma *vma);

/*
 * Makes `upper`, a spare, the part of the VMA from `at` on; start < at < end. The caller holds the
 * space's lock.
 */
void vma_split(struct vma *vma, vaddr_t at, struct vma *upper);

/*
 * Merges two VMAs that touch and are alike: `below` covers both from now on, and `above` goes to
 * `dead`. The caller holds the space's lock.
 */
void vma_join(struct vma *below, struct vma *above, struct list *dead);

/*
 * Move one end of a VMA; the other stays. A VMA grows only into free addresses, and shrinks only
 * where it has no entries. The caller holds the space's lock.
 */
void vma_set_start(struct vma *vma, vaddr_t start);
void vma_set_end(struct vma *vma, vaddr_t end);

/* Stops counting the bytes of a VMA that mremap will remove. The caller holds the space's lock. */
void vma_leave(struct vma *vma);

/* Changes the prot and the counts that depend on it. The caller holds the space's lock. */
void vma_set_prot(struct vma *vma, unsigned prot);

/* Returns the start of the VMA, or of the guard gap below it if it is a stack. */
vaddr_t vma_start_gap(const struct vma *vma);

/*
 * Finds the highest free range of len bytes below `top`; guard gaps of stacks are not free. Returns
 * 0 with its start in *start_ret, or -ENOMEM. O(log n). The caller holds the space's lock.
 */
int vma_find_gap(struct space *space, size_t len, vaddr_t top, vaddr_t *start_ret);

/* Finds the lowest free range of len bytes from `bottom` on, as vma_find_gap() does. */
int vma_find_gap_up(struct space *space, size_t len, vaddr_t bottom, vaddr_t *start_ret);
