/* What a fault is, from what is known of access, VMA, entry and page alone. */
#pragma once

#include "arch/entry.h"
#include "lib/types.h"
#include "mm/page.h"

/* How the access came about, beside RIGHT_READ, RIGHT_WRITE, RIGHT_EXEC. */
#define ACCESS_USER 8u
#define ACCESS_COPY 16u	    /* the kernel on the running thread's behalf */
#define ACCESS_REMOTE 32u   /* through vm_hold() */
#define ACCESS_POPULATE 64u /* ahead of any access */

/* The case table stands at the head of fault_kind.c. DENY_MAPERR is the look-up's own answer. */
enum fault_kind {
	FAULT_DENY_MAPERR,
	FAULT_DENY_ACCERR,
	FAULT_ACCESSED,
	FAULT_SPURIOUS,
	FAULT_WP,
	FAULT_SWAPPED,
	FAULT_FILL,
	FAULT_REUSE,
	FAULT_COW,
	FAULT_REMAP,
	FAULT_KINDS
};

/* fault_facts.page_flags */
#define FACT_PINNED 1u
#define FACT_SWAP_CACHED 2u /* in the swap cache, */
#define FACT_SWAP_ALONE 4u  /* and there alone: no other holder of the slot, no I/O */

struct fault_facts {
	unsigned access; /* RIGHT_* and ACCESS_* */
	unsigned vma_rights;
	bool vma_shared;
	bool index_swapped; /* the object's index holds a swap slot */
	enum entry_state entry_state;
	unsigned entry_rights;
	unsigned entry_flags; /* ENTRY_* */
	/* of the page that the entry holds: PRESENT and RESIDENT only */
	enum page_kind page_kind; /* PAGE_ZERO, PAGE_ANON or PAGE_OBJECT */
	unsigned page_flags;	  /* FACT_* */
	uint32_t maps;
};

/* Populating writable private memory counts as a write: what an access comes to. */
static inline unsigned fault_wanted(unsigned access, unsigned vma_rights, bool vma_shared)
{
	if ((access & ACCESS_POPULATE) && (vma_rights & RIGHT_WRITE) && !vma_shared)
		access |= RIGHT_WRITE;
	return access & (RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC);
}

/* Pure: no lock, no allocation, no side effect. */
enum fault_kind fault_classify(const struct fault_facts *facts);

/* As in the case table, for reports. */
const char *fault_kind_name(enum fault_kind kind);
