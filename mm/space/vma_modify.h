/* SPDX-License-Identifier: MIT */
/* Splits VMAs, changes a part of one, and merges neighbours that are alike. */
#pragma once

#include "mm/space/space_lock.h"

/*
 * Splits the VMAs that cross `start` or `end`, so that none reaches across either address. With
 * `frees` set the split is for an unmap, which frees memory: the allocation may use the last
 * reserve, and the limit on the number of VMAs applies only where one VMA becomes two. Returns 0,
 * or -ENOMEM with nothing changed. The caller holds the mmap lock, has made the range busy, and
 * holds no spinning lock.
 */
int vma_split_edges(struct space *space, vaddr_t start, vaddr_t end, bool frees);

/*
 * Gives [start, end), which lies within *vma, the permissions `prot` and the flags `flags`: splits
 * the VMA where the range is only a part of it, and merges the result with its neighbours. Page
 * table entries stay as they are. Sets *vma to the VMA that contains the range now. Returns 0, or
 * -ENOMEM with nothing changed. VMAs that were merged away go to `dead`, for vma_free_dead(). The
 * caller holds the mmap lock and has made the range busy, so that no stack grows into it. It also
 * holds the space's lock, which is released while a split allocates memory. Flags do not lose
 * VMA_ACCOUNT, and where they get it, the space's credit has the bytes.
 */
int vma_modify(struct vma **vma, vaddr_t start, vaddr_t end, unsigned prot, unsigned flags,
	       struct list *dead);

/*
 * vma_modify() for flags alone, with its locking. Only for flags that do not count in the figures
 * of the space: VMA_LOCKED, VMA_ONFAULT, VMA_DONTFORK, VMA_WIPE, VMA_SEALED. Returns 0 or -ENOMEM. The caller
 * holds the mmap lock and no spinning lock.
 */
int vma_modify_flags(struct vma *vma, vaddr_t start, vaddr_t end, unsigned flags);

/*
 * Registers a part of a VMA, which is no program's segment, with a userfault, in the modes VMA_UF_*, unless that is so. NULL and 0: with none.
 * Who has waited there tries again. Takes the space's lock, and is else as vma_modify_flags().
 */
int vma_modify_userfault(struct vma *vma, vaddr_t start, vaddr_t end, struct userfault *userfault,
			 unsigned modes);

/*
 * Merges a VMA with its neighbours where they are alike. Returns the VMA that it is part of now.
 * The caller holds the space's lock.
 */
struct vma *vma_merge(struct vma *vma, struct list *dead);

/*
 * Puts a new VMA into a free range, as part of a neighbour where one is alike. Returns false if it
 * became part of a neighbour: `vma` itself was not used then. The caller holds the space's lock.
 */
bool vma_place(struct space *space, struct vma *vma, struct list *dead);
