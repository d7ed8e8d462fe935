/* SPDX-License-Identifier: MIT */
/* The kinds of faults, and the flags of an access. Most code counts or causes faults and classifies none. */
#pragma once

/* As in the case table of mm/fault/fault_classify.h. fault_classify() never returns DENY_MAPERR: the look-up does. */
enum fault_kind {
	FAULT_DENY_MAPERR,
	FAULT_DENY_ACCERR,
	FAULT_ACCESSED,
	FAULT_SPURIOUS,
	FAULT_SWAPPED,
	FAULT_FILL,
	FAULT_REUSE,
	FAULT_COW,
	FAULT_REMAP,
	FAULT_USER_WP,
	FAULT_KINDS
};

/* Returns the name of a kind, as in the case table. */
const char *fault_kind_name(enum fault_kind kind);

/*
 * Flags beside VM_PROT_* in an access. Other bits of an access belong to the caller and are ignored.
 *
 * AHEAD     Set by the round that resolves the fault, if it has done so for more than its page (mm/fault/run.h).
 * POPULATE  A page is filled ahead of the program's access. Private writable memory gets a page of its
 *           own, as for a write.
 * INSIDE    The journal gets no FAULT record.
 * FORCE     For debuggers: the access is made even where the VMA forbids it, as far as mprotect might
 *           allow it. A write to private memory goes to a page of its own, which stays read-only.
 * NO_GROW   An access below a stack does not let it grow.
 * TAKE      Set by vm_fault_take().
 * GIVE      Set by vm_fault_give().
 * NO_ASK    A fault that a program would have to resolve is refused: the caller holds the mmap lock, which that may need, or
 *           looks at another process's memory.
 * WP        The page that the round maps is write-protected (ENTRY_WP): that of GIVE, or where the entry is MARKED.
 */
#define ACCESS_AHEAD	32u
#define ACCESS_POPULATE 64u
#define ACCESS_INSIDE	128u
#define ACCESS_FORCE	256u
#define ACCESS_NO_GROW	512u
#define ACCESS_TAKE	1024u
#define ACCESS_GIVE	2048u
#define ACCESS_WP	4096u
#define ACCESS_NO_ASK	8192u
