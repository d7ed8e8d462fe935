/* SPDX-License-Identifier: MIT */
/* Address spaces for tests that call mm/ directly: no thread runs in them. */
#pragma once

#include "mm/fault/fault.h"
#include "mm/object/object.h"
#include "mm/verbs.h"
#include "proc/uspace.h"

/* Where the heap of such a space begins. */
#define HEAP_AT 0x100000ul

#define READ	   VM_PROT_READ
#define WRITE	   VM_PROT_WRITE
#define EXEC	   VM_PROT_EXEC
#define READ_WRITE (VM_PROT_READ | VM_PROT_WRITE)

/*
 * As uspace_create() and uspace_put(), but the ledger does not look for the holder: that is the test.
 * The reference is the only one.
 */
struct uspace *uspace_create_for_test(void);
void uspace_put_by_test(struct uspace *us);

/* An empty space, its mmap lock held; NULL: out of memory. A test may have up to twelve. */
struct uspace *space_new(void);
/* Ends it, its lock included. */
void space_end(struct uspace *us);

/* A child that vm_fork() has filled, its mmap lock held too; NULL: out of memory, or it failed. */
struct uspace *space_fork(struct uspace *us);

/*
 * Maps at `addr` (fixed; 0: anywhere): where, or negative errno. flags: MAP_* beside
 * MAP_ANONYMOUS.
 */
long space_map(struct uspace *us, vaddr_t addr, size_t len, unsigned prot, unsigned flags);
/* A private mapping of an object from `offset` on. */
long space_map_object(struct uspace *us, vaddr_t addr, size_t len, unsigned prot,
		      struct object *object, uint64_t offset);

/* Maps memory at `addr` for the running process, whose mmap lock is not held. Returns false if that failed. */
bool current_map(vaddr_t addr, size_t len);

/* One access of a program: what vm_fault() answers. */
int space_touch(struct uspace *us, vaddr_t va, unsigned access);

/* Through the fault path, as a remote access: a 64-bit word. 0 or negative errno. */
int space_store(struct uspace *us, vaddr_t va, uint64_t value);
uint64_t space_load(struct uspace *us, vaddr_t va); /* all ones where it can't be read */

/* What stands in the tables. */
struct mmu_entry space_entry(struct uspace *us, vaddr_t va);
struct page *space_page(struct uspace *us, vaddr_t va); /* NULL: none */

/* Shorter names for figures. */
static inline uint64_t kind_count(const struct uspace *us, enum fault_kind kind)
{
	return us->space.stats.kind[kind];
}

static inline uint64_t retry_count(const struct uspace *us, enum fault_retry reason)
{
	return us->space.stats.retry[reason];
}

/* After a test that did not come to its end: ends the spaces that it left. */
void spaces_abandon(void);
