/* SPDX-License-Identifier: MIT */
/* Futexes and robust lists, as Linux has them. */
#pragma once

#include <stdint.h>

#define FUTEX_WAIT	  0
#define FUTEX_WAKE	  1
#define FUTEX_REQUEUE	  3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP	  5
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10

#define FUTEX_PRIVATE_FLAG   128
#define FUTEX_CLOCK_REALTIME 256

#define FUTEX_BITSET_MATCH_ANY 0xffffffffu

/* FUTEX_WAKE_OP: the operation on the second word, and the comparison with its old value. */
#define FUTEX_OP_SET	     0
#define FUTEX_OP_ADD	     1
#define FUTEX_OP_OR	     2
#define FUTEX_OP_ANDN	     3
#define FUTEX_OP_XOR	     4
#define FUTEX_OP_OPARG_SHIFT 8 /* flag of an operation: the operand is 1 << OPARG */

#define FUTEX_OP_CMP_EQ 0
#define FUTEX_OP_CMP_NE 1
#define FUTEX_OP_CMP_LT 2
#define FUTEX_OP_CMP_LE 3
#define FUTEX_OP_CMP_GT 4
#define FUTEX_OP_CMP_GE 5

/* The Linux layer's: priority inheritance, robust lists, and waits for several futexes. */

#define FUTEX_LOCK_PI	      6
#define FUTEX_UNLOCK_PI	      7
#define FUTEX_TRYLOCK_PI      8
#define FUTEX_WAIT_REQUEUE_PI 11
#define FUTEX_CMP_REQUEUE_PI  12
#define FUTEX_LOCK_PI2	      13

/* The word of a lock that is robust or has priority inheritance: the number of its owner, and these bits. */
#define FUTEX_WAITERS	 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK	 0x3fffffffu

/* futex_waitv */
#define FUTEX_WAITV_MAX	 128
#define FUTEX2_SIZE_U32	 2u /* other sizes do not exist */
#define FUTEX2_SIZE_MASK 3u
#define FUTEX2_PRIVATE	 FUTEX_PRIVATE_FLAG

struct abi_futex_waitv {
	uint64_t val;
	uint64_t uaddr;
	uint32_t flags;
	uint32_t reserved; /* 0 */
};

/* These are user addresses. */
struct abi_robust_list {
	uint64_t next;
};

struct abi_robust_list_head {
	struct abi_robust_list list; /* circular: the last entry points here */
	int64_t futex_offset;	     /* from an entry to its word */
	uint64_t list_op_pending;    /* the entry about to be added or removed */
};

#define ROBUST_LIST_PI	  1u   /* bit of an entry's address: a priority-inheritance futex */
#define ROBUST_LIST_LIMIT 2048 /* the most entries that are visited */

_Static_assert(sizeof(struct abi_robust_list_head) == 24, "as in the ABI");
_Static_assert(sizeof(struct abi_futex_waitv) == 24, "as in the ABI");
