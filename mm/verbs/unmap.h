/* SPDX-License-Identifier: MIT */
/* Removes VMAs and their entries, for munmap and for all code that replaces or ends mappings. */
#pragma once

#include "mm/space/space_lock.h"

/*
 * Removes all mappings in [start, end); splits VMAs at its ends. Returns 0; or -ENOMEM, or -EPERM
 * where a part is sealed, with nothing changed. The caller holds the mmap lock and no spinning lock, and has made the range busy
 * (space_busy()).
 */
int unmap_range(struct space *space, vaddr_t start, vaddr_t end);

/*
 * Removes all VMAs in [start, end) and their entries, in pieces, with calls of vm_pause() in
 * between; a kill does not stop it. No VMA reaches across either end of the range. The caller holds
 * the mmap lock, or no thread runs in the space. Call with no spinning lock held.
 */
void unmap_pieces(struct space *space, vaddr_t start, vaddr_t end);
