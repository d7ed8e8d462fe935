/* SPDX-License-Identifier: MIT */
/* What can be done to many pages of an address space: one file a verb. */
#pragma once

#include "mm/space.h"

/*
 * All: => the mmap lock of the space held (both for fork); no spinning lock held; may pause between
 * pieces. Lengths and addresses are bytes as the program gave them; the errors are Linux's.
 */

/* Flags of vm_map: the ABI's MAP_* that mm knows, checked by the caller to be known. */
/* Descriptors that have no object: /dev/zero, whose memory is anonymous, and what can't be mapped. */
enum map_special { MAP_NOT_SPECIAL, MAP_OF_ZEROS, MAP_OF_NOTHING };

struct map_request {
	vaddr_t addr; /* hint, or the place with MAP_FIXED(_NOREPLACE) */
	size_t len;
	unsigned prot;	       /* RIGHT_* */
	unsigned max_prot;     /* RIGHT_*: what the descriptor's mode would let mprotect give */
	unsigned flags;	       /* MAP_* of abi/mman.h */
	struct object *object; /* NULL: anonymous; else referenced by the verb if it maps it */
	enum map_special special;
	uint64_t offset;
	unsigned vma_flags; /* VMA_WRITER; exec: VMA_STACK, VMA_TEXT, VMA_HEAP */
	/* exec only: */
	const struct vma_backend *backend; /* NULL: by flags and object */
	vaddr_t file_end;
};

int vm_map(struct space *space, const struct map_request *request, vaddr_t *addr_ret);
int vm_unmap(struct space *space, vaddr_t addr, size_t len);
int vm_protect(struct space *space, vaddr_t addr, size_t len, unsigned prot);

/* mlock(2), with VMA_LOCKED and perhaps VMA_ONFAULT, and munlock(2). What could be done is done. */
int vm_lock(struct space *space, vaddr_t addr, size_t len, unsigned lock);
int vm_unlock(struct space *space, vaddr_t addr, size_t len);
/* mlockall(2) and munlockall(2): the same for all that is mapped, and for what will be. */
void vm_lock_all(struct space *space, unsigned now, unsigned future);

/*
 * mincore(2): a byte for each of the npages at addr, 1 where it is there; fewer where the mapping
 * ends. The count, or -ENOMEM where nothing is mapped at addr.
 */
ssize_t vm_mincore(struct space *space, vaddr_t addr, size_t npages, uint8_t *present);

/* msync(2), but for its flags' own errors: 0, -EBUSY, -ENOMEM. */
int vm_sync(struct space *space, vaddr_t addr, size_t len, unsigned flags);

/* mremap(2): the flags are the ABI's, any; 0 and where it is now, or negative errno. */
int vm_remap(struct space *space, vaddr_t addr, size_t old_len, size_t new_len, unsigned flags,
	     vaddr_t new_addr, vaddr_t *addr_ret);

int vm_madvise(struct space *space, vaddr_t addr, size_t len, int advice);

/* The range that advice is for: 0 and where it ends, or -EINVAL. => no lock needed */
int vm_advice_range(vaddr_t addr, size_t len, vaddr_t *end_ret);
/* What MADV_REMOVE takes out of one mapping. */
struct vm_remove {
	struct object *object; /* referenced for the caller */
	uint64_t start, end;   /* bytes */
	bool gap;	       /* nothing is mapped before it */
};
/*
 * The first of [*addr, end), which *addr moves behind. The caller makes the hole, with no lock held
 * (struct object_ops). 0; -ENOMEM: nothing is mapped; -EINVAL, -EACCES: it may not be done.
 */
int vm_remove_next(struct space *space, vaddr_t *addr, vaddr_t end, struct vm_remove *ret);

/* brk(2): the new break, or the old one where it is refused (0 asks). */
vaddr_t vm_brk(struct space *space, vaddr_t brk);

/*
 * Copies the parent's VMAs and entries into an empty child, sharing private pages copy-on-write;
 * parent fenced before it returns. 0; -ENOMEM; -EINTR: the child is left half-made, to be destroyed
 * like any space, the parent as it was.
 */
int vm_fork(struct space *parent, struct space *child);

/*
 * Drops every mapping of pages of `object` from byte `start` on, which is where a page begins,
 * private copies included, in all spaces that map it.
 * => no mmap lock needed; the object's size was lowered before
 */
void vm_truncate(struct object *object, uint64_t start);
/*
 * Drops what mappings show of the pages of [start, end), private copies excluded; an access has
 * them back. => no mmap lock needed
 */
void vm_truncate_hole(struct object *object, uint64_t start, uint64_t end);

/*
 * Strips a dying space of its private memory without its help (OOM). => any thread; marks it dying
 */
void vm_oom_reap(struct space *space);
