/* SPDX-License-Identifier: MIT */
/* Address spaces on the fake machine, for the tests of faults and verbs. */
#pragma once

#include "abi/errno.h"
#include "abi/mman.h"
#include "fake.h"
#include "memory.h"
#include "mm/check/ledger.h"
#include "mm/fault/fault.h"
#include "mm/host.h"
#include "mm/phys/page_alloc.h"
#include "mm/space/space_lock.h"
#include "mm/swap/relieve.h"
#include "mm/verbs.h"

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define MIB  (1ul << 20)
#define GIB  (1ul << 30)

/* A machine of so many frames, whose user accesses go to vm_fault(). */
void rig_start(size_t nframes);

/* A machine for vm_fault() with frames outside the largest segment, see memory_start_split(). */
void rig_start_split(size_t nframes, size_t first);

/* A space made as exec would: break, mmap_top; and the one that accesses go to. */
void rig_create(struct space *space);
void rig_run(struct space *space);
void rig_destroy(struct space *space);

/* What the last access that was refused ended with: VM_*. */
extern int rig_outcome;

/* What vm_pause() does besides counting; set by a test, may be NULL; its answer is vm_pause()'s. */
extern int (*rig_pause)(struct vm_wait *wait);
extern unsigned rig_pauses;

/* mmap of anonymous memory: the address, or negative errno. */
long rig_map(struct space *space, vaddr_t addr, size_t len, unsigned prot, unsigned flags);

/*
 * An object whose pages' bytes are known: byte i of it is rig_byte(i). One reference, the caller's.
 */
struct object *rig_file(uint64_t size);
unsigned char rig_byte(uint64_t pos);
extern unsigned rig_reads, rig_files;

/* Ends the test unless every frame, tree, table and fence is accounted for. */
void rig_check(void);

/* So many faults of one kind were counted in the space. */
#define assert_kind(n, space, kind_) assert_int_equal((n), (space)->stats.kind[FAULT_##kind_])

/* Free frames after mm_trim(). */
size_t rig_free(void);

/* Objects of the heap that are in use: one too many need not cost a frame. */
size_t rig_objects(void);
