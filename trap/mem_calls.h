/* SPDX-License-Identifier: MIT */
/* System calls on memory, as far as a layer adds something of its own to them. */
#pragma once

#include "mm/verbs.h"
#include "trap/syscall.h"

struct file;

/*
 * What a layer does with a request to map the file, before anything is mapped: it may remove permissions from max_prot.
 * May sleep. NULL: nothing.
 */
typedef void (*map_look)(struct map_request *request, struct file *file);

/* mmap. `implied` has the permissions that come along with those of the request, as far as max_prot lets them. */
long mem_map(const struct trap_frame *frame, unsigned implied, map_look look);
/* mprotect. */
long mem_protect(const struct trap_frame *frame, unsigned implied);
/* mlock, which gives the mappings these flags of vma_flags. */
long mem_lock(const struct trap_frame *frame, unsigned flags);
