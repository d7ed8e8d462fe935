/* SPDX-License-Identifier: MIT */
/* The verbs, operations on many pages of an address space: one file each in mm/verbs/. */
#pragma once

#include "mm/space/space_lock.h"

/*
 * Unless a function says otherwise, the caller holds the mmap lock of the space (vm_fork(): of both
 * spaces) and no spinning lock, and the function may call vm_pause() between pieces. Addresses and
 * lengths are in bytes, as the program gave them. Functions that return int return 0 or a negative
 * errno, and choose the errno as Linux does.
 */

/* Descriptors without an object: /dev/zero, whose memory is anonymous, and those without mmap. */
enum map_special { MAP_NOT_SPECIAL, MAP_OF_ZEROS, MAP_OF_NOTHING };

struct map_request {
	vaddr_t addr; /* a hint; with MAP_FIXED(_NOREPLACE) the address itself */
	size_t len;
	unsigned prot;	       /* VM_PROT_* */
	unsigned max_prot;     /* VM_PROT_*: the most that a file's descriptor and mount allow */
	unsigned flags;	       /* MAP_* of abi/mman.h */
	struct object *object; /* NULL: anonymous. vm_map() takes its own reference if it maps it */
	enum map_special special;
	uint64_t offset;
	unsigned vma_flags; /* VMA_WRITER, VMA_WRITE_SEALED; exec: VMA_STACK, VMA_TEXT */
	/* for exec only: */
	const struct vma_backend *backend; /* NULL: chosen by flags and object */
	vaddr_t file_end;		   /* as in struct vma */
	bool keeps_max_prot; /* of a private mapping, too: nobody gets to write to a copy */
};

/* mmap(2). Sets *addr_ret to the address of the mapping on success. */
int vm_map(struct space *space, const struct map_request *request, vaddr_t *addr_ret);
/* munmap(2) */
int vm_unmap(struct space *space, vaddr_t addr, size_t len);
/* mprotect(2): `prot` has the ABI's PROT_* bits, unchecked. */
int vm_protect(struct space *space, vaddr_t addr, size_t len, unsigned prot);

/*
 * mlock(2) and munlock(2). `lock` is VMA_LOCKED, with VMA_ONFAULT for MLOCK_ONFAULT. After an error
 * what was done until then stays done. Beyond LIMIT_LOCKED nothing is: -EPERM if it is 0, else -ENOMEM.
 */
int vm_lock(struct space *space, vaddr_t addr, size_t len, unsigned lock);
int vm_unlock(struct space *space, vaddr_t addr, size_t len);
/*
 * mincore(2): sets a byte for each of the npages pages at addr, to 1 if the page is resident, else
 * to 0. It stops at the end of the VMA. Returns the number of bytes set, or -ENOMEM if nothing is
 * mapped at addr.
 */
ssize_t vm_mincore(struct space *space, vaddr_t addr, size_t npages, uint8_t *present);

/*
 * msync(2), but for the writing: returns 0, -EBUSY or -ENOMEM. The caller has checked the flags and
 * addr's alignment.
 */
int vm_sync(struct space *space, vaddr_t addr, size_t len, unsigned flags);

/* mremap(2). `flags` are the program's, unchecked. Sets *addr_ret to the address on success. */
int vm_remap(struct space *space, vaddr_t addr, size_t old_len, size_t new_len, unsigned flags,
	     vaddr_t new_addr, vaddr_t *addr_ret);

/* madvise(2), except MADV_REMOVE. */
int vm_madvise(struct space *space, vaddr_t addr, size_t len, int advice);

/*
 * Checks the range of an madvise(2). Returns 0 with its end, which is page-aligned, in *end_ret, or
 * -EINVAL. Needs no lock.
 */
int vm_advice_range(vaddr_t addr, size_t len, vaddr_t *end_ret);

/* The part of an object that MADV_REMOVE removes for one mapping. */
struct vm_remove {
	struct object *object; /* with a reference for the caller */
	uint64_t start, end;   /* in bytes */
	bool gap;	       /* the range begins with addresses where nothing is mapped */
};
/*
 * Finds the first mapping in [*addr, end), fills in *ret, and moves *addr to the end of the mapping
 * in the range. The caller makes the hole, with no lock held (struct object_ops). Returns 0,
 * -ENOMEM if nothing is mapped in the range, -EINVAL if the mapping is locked or has no object, or
 * -EACCES if it is not shared and writable.
 */
int vm_remove_next(struct space *space, vaddr_t *addr, vaddr_t end, struct vm_remove *ret);

/*
 * Register the memory in [start, end), page-aligned, with a userfault (mm/fault/userfault.h), or with none; holes are passed over. `modes`: VMA_UF_*. Return
 * 0; -EINVAL: nothing is mapped there, or something that cannot be registered so; -EPERM: shared memory that may not be written; -EBUSY: it is registered with another one; -ENOMEM,
 * or -EINTR with a part done. vm_userfault_forget() does so for all that is registered with one.
 */
int vm_userfault_register(struct space *space, vaddr_t start, vaddr_t end,
			  struct userfault *userfault, unsigned modes);
int vm_userfault_unregister(struct space *space, vaddr_t start, vaddr_t end);
void vm_userfault_forget(struct space *space, const struct userfault *userfault);

/*
 * Write-protects the pages that are there in [start, end), page-aligned, or allows writes to them; who waits there is to be woken then.
 * Returns 0; -ENOENT: something that is mapped there is not registered with VMA_UF_WP, or nothing is mapped; -ENOMEM, or -EINTR with a
 * part done.
 */
int vm_userfault_protect(struct space *space, vaddr_t start, vaddr_t end, bool wp);

/*
 * Moves the pages of [from, from + len), page-aligned, to [to, to + len), which is registered with the userfault. `holes`: where there is no page,
 * nothing is moved; else it ends with -ENOENT there. Returns 0, and in any case how many bytes it has done; -ENOENT: nothing is mapped
 * at one of the places; -EINVAL: they do not fit; -EEXIST: a page is there; -EBUSY: another one has the page, too; -ENOMEM or -EINTR.
 */
int vm_userfault_move(struct space *space, vaddr_t to, vaddr_t from, size_t len, bool holes,
		      const struct userfault *userfault, size_t *done);

/*
 * brk(2). Returns the new break, or the old one if the request is refused. Programs ask for 0,
 * which is always refused, to read the break.
 */
vaddr_t vm_brk(struct space *space, vaddr_t brk);

/*
 * Copies the parent's VMAs and entries into an empty child. Private pages are shared copy-on-write,
 * and the parent is fenced before the function returns. Returns 0, -ENOMEM, or -EINTR if the
 * running thread has been killed. After an error the child is incomplete and is destroyed like any
 * space; the parent's memory is what it was.
 */
int vm_fork(struct space *parent, struct space *child);

/*
 * Removes the entries for the object's pages from byte `start` on in all spaces that map it, those
 * of private copies too. `start` is a multiple of the page size, and the object's size has been
 * lowered already. Needs no mmap lock. Call with no spinning lock held.
 */
void vm_truncate(struct object *object, uint64_t start);
/*
 * Removes the entries that map the object's own pages in the bytes [start, end) in all spaces;
 * private copies stay. A later access faults the page in again. Needs no mmap lock. Call with no
 * spinning lock held.
 */
void vm_truncate_hole(struct object *object, uint64_t start, uint64_t end);
/*
 * Takes write permission from all entries of shared mappings for the bytes [start, end) of the
 * object, page-aligned: the next store to such a page is a fault, which calls object_stored(). No
 * truncation of the object may be under way, nor another call. Needs no mmap lock. Call with no
 * spinning lock held.
 */
void vm_protect_object(struct object *object, uint64_t start, uint64_t end);

/*
 * The OOM reaper: frees the private memory of a space whose process was killed, without waiting for
 * that process. Marks the space dying first, so that no fault in it is resolved any more. Any
 * thread may call it. Needs no mmap lock. Call with no spinning lock held.
 */
void vm_oom_reap(struct space *space);
