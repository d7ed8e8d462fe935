/* SPDX-License-Identifier: MIT */
/* Flags of swapon (Linux's numbers). */
#pragma once

#define SWAP_FLAG_PRIO_MASK	0x7fff
#define SWAP_FLAG_PREFER	0x8000 /* the priority in SWAP_FLAG_PRIO_MASK counts */
#define SWAP_FLAG_DISCARD	0x10000
#define SWAP_FLAG_DISCARD_ONCE	0x20000
#define SWAP_FLAG_DISCARD_PAGES 0x40000

#define SWAP_FLAGS_VALID                                                                       \
	(SWAP_FLAG_PRIO_MASK | SWAP_FLAG_PREFER | SWAP_FLAG_DISCARD | SWAP_FLAG_DISCARD_ONCE | \
	 SWAP_FLAG_DISCARD_PAGES)
