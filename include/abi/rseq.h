/* SPDX-License-Identifier: MIT */
/* The Linux layer's: restartable sequences: what rseq(2) is given, and what the kernel reads and writes there. */
#pragma once

#include <stdint.h>

#define RSEQ_FLAG_UNREGISTER 1

#define RSEQ_CPU_ID_UNINITIALIZED UINT32_MAX

/* A program's thread has one of these. It may be longer; what is behind it is not used. */
struct abi_rseq {
	uint32_t cpu_id_start; /* a hart that it may use, also before it is registered */
	uint32_t cpu_id;       /* the hart that it runs on */
	uint64_t rseq_cs;      /* the address of a struct abi_rseq_cs, or 0 */
	uint32_t flags;	       /* 0 */
	uint32_t node_id;
	uint32_t mm_cid;
	uint32_t unused;
} __attribute__((aligned(32)));

#define RSEQ_SIZE_FIRST	  32 /* of the first version, aligned to the same */
#define RSEQ_FEATURE_SIZE 28 /* AT_RSEQ_FEATURE_SIZE */

/* A critical section. The signature that was registered lies before the instruction at abort_ip. */
struct abi_rseq_cs {
	uint32_t version; /* 0 */
	uint32_t flags;	  /* 0 */
	uint64_t start_ip;
	uint64_t post_commit_offset; /* the length in bytes */
	uint64_t abort_ip;
} __attribute__((aligned(32)));
