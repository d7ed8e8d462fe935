/* SPDX-License-Identifier: MIT */
/* Chooses the likely cause of a fault that kills: the surest case that fits. */
#include "trap/report_cause.h"

#include "arch/page.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "mm/fault/fault.h"
#include "mm/space/commit.h"

/* An address this near to an end, in bytes, is described by its distance from it. */
#define NEAR_HEAP    (1ul << 20)
#define NEAR_MAPPING 65536ul
#define KIB	     1024ul

struct text {
	char *buf;
	size_t size;
};

#define say(text, ...) ((void)ksnprintf((text)->buf, (text)->size, __VA_ARGS__))

static void stack_overflow(const struct text *text, const struct place *place)
{
	vaddr_t grown = place->above.end - place->addr;

	if (grown > place->limit_stack)
		say(text, "stack overflow: more than its limit of %lu KiB",
		    (unsigned long)(place->limit_stack / KIB));
	else
		say(text, "stack overflow: the guard gap, or the limit of address space%s",
		    commit_is_strict() ? ", or of what may be committed" : "");
}

static void behind_file(const struct text *text, const struct place *place)
{
	uint64_t at = place->at.offset + (place->addr - place->at.start);

	if (place->at.device)
		say(text, "the device's driver has ended");
	else if (place->at.object_size != UINT64_MAX && at >= place->at.object_size)
		say(text, "%lu bytes past the end of the mapped file, which has %lu",
		    (unsigned long)(at - place->at.object_size),
		    (unsigned long)place->at.object_size);
	else if (place->at.in_memory)
		say(text, "files and segments already have all the memory that they may have");
	else
		say(text, "the page of the mapped file could not be read");
}

static const char *area_name(const struct area *area)
{
	if (area->flags & VMA_STACK)
		return "the stack";
	if (area->flags & VMA_HEAP)
		return "the heap";
	return area->use ?: "data";
}

static void forbidden(const struct text *text, const struct area *at, unsigned right)
{
	if (!at->prot)
		say(text, "the memory there is PROT_NONE");
	else if (right & VM_PROT_EXEC)
		say(text, "jump to %s: the memory there may not be executed", area_name(at));
	else if (!(right & VM_PROT_WRITE))
		say(text, "the memory there may not be read");
	else if (at->image && (at->variable || !(at->prot & VM_PROT_EXEC)))
		say(text, "write to read-only data");
	else if (at->use)
		say(text, "write to %s, which is read-only", at->use);
	else if (at->prot & VM_PROT_EXEC)
		say(text, "write to read-only text");
	else
		say(text, "write to memory that is mapped read-only");
}

static void null_pointer(const struct text *text, const struct place *place, unsigned right)
{
	if (right & VM_PROT_EXEC)
		say(text, "call of a null pointer");
	else if (place->addr)
		say(text, "null pointer plus %lu bytes", (unsigned long)place->addr);
	else
		say(text, "null pointer");
}

static void no_user_address(const struct text *text, vaddr_t addr)
{
	if ((intptr_t)addr < 0)
		say(text, "kernel address: no program may touch those");
	else
		say(text, "wild pointer: above all addresses that programs have");
}

static bool past_heap(const struct place *place)
{
	return place->brk > place->brk_start && place->addr >= place->brk &&
	       place->addr - place->brk < NEAR_HEAP;
}

static void unmapped(const struct text *text, const struct place *place)
{
	const struct space_unmap *range = &place->unmapped;

	if (range->heap)
		say(text, "used after brk took it back: %lu bytes past the heap's end",
		    (unsigned long)(place->addr - place->brk));
	else
		say(text, "used after munmap of %#lx-%#lx", (unsigned long)range->start,
		    (unsigned long)range->end);
}

static void in_hole(const struct text *text, const struct place *place)
{
	const struct area *below = &place->below, *above = &place->above;
	vaddr_t addr = place->addr;

	if (below->there && addr - below->end < NEAR_MAPPING)
		say(text, "%lu bytes past the end of the mapping below it",
		    (unsigned long)(addr - below->end));
	else if (above->there && above->start - addr < NEAR_MAPPING)
		say(text, "%lu bytes before the mapping above it",
		    (unsigned long)(above->start - addr));
	else
		say(text, "wild pointer: nothing is mapped there");
}

static void missing(const struct text *text, const struct place *place, unsigned right)
{
	if (place->addr < PAGE_SIZE)
		null_pointer(text, place, right);
	else if (place->addr >= USER_TOP)
		no_user_address(text, place->addr);
	else if (place->unmapped.end)
		unmapped(text, place);
	else if (past_heap(place))
		say(text, "%lu bytes past the heap's end",
		    (unsigned long)(place->addr - place->brk));
	else
		in_hole(text, place);
}

static void unreadable(const struct text *text, const struct place *place, unsigned kind)
{
	if (kind == FAULT_SWAPPED)
		say(text, "its page could not be read from the swap disk");
	else
		behind_file(text, place);
}

void cause_text(const struct place *place, unsigned right, int outcome, unsigned kind, char *buf,
		size_t size)
{
	const struct text text = { buf, size };

	switch (outcome) {
	case VM_SEGV_STACK:
		stack_overflow(&text, place);
		break;
	case VM_BUS:
		unreadable(&text, place, kind);
		break;
	case VM_SEGV_ACCERR:
		forbidden(&text, &place->at, right);
		break;
	default:
		missing(&text, place, right);
	}
}
