/* SPDX-License-Identifier: MIT */
/* Where an address lies in the running address space, for a report. */
#pragma once

#include "mm/space/space_lock.h"

/* A copy of what a report says about a VMA. */
struct area {
	bool there;
	bool image;	 /* it maps the running program's file */
	bool variable;	 /* the symbol at the address is a variable; set after symbol_text() */
	const char *use; /* what the layer maps it for; NULL: nothing */
	vaddr_t start, end;
	unsigned prot, flags;
	const char *backend;
	uint64_t offset;      /* offset of start in its object, in bytes */
	uint64_t object_size; /* bytes; UINT64_MAX: it has no object */
	bool device;	      /* its object is that of a device which a program drives */
	bool in_memory;	      /* its object's pages count as those of files in memory do */
};

struct place {
	vaddr_t addr;
	struct area at;		  /* the VMA that holds addr, if there is one, */
	struct area below, above; /* else the neighbours of the hole that addr is in */
	vaddr_t brk_start, brk;
	uint64_t limit_stack;
	struct space_unmap unmapped; /* the last unmap that covered addr; end 0: none is known */
};

/* Looks addr up in the running address space. Call in a process, without a spinning lock. */
struct place report_place_of(vaddr_t addr);

/*
 * Writes the page-table walk for an access (one of VM_PROT_*) in words. buf: ARCH_DESCRIBE_MAX
 * bytes. Call in a process, without a spinning lock.
 */
void place_walk(vaddr_t addr, unsigned right, char *buf, size_t size);
