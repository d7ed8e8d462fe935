/* SPDX-License-Identifier: MIT */
/* Shared by the two halves of the device-tree reader: its tokens. */
#pragma once

#include "lib/fdt.h"

#define DT_BEGIN_NODE 1u
#define DT_END_NODE   2u
#define DT_PROP	      3u
#define DT_NOP	      4u
#define DT_END	      9u
#define DT_BAD	      0u /* not a valid token here, or not all inside the block */

/*
 * Returns the token at pos of the structure block, which dt_init() has checked, and stores the
 * position behind it in *next. DT_BAD: pos is that of no node.
 */
uint32_t dt_token(const struct dt *dt, uint32_t pos, uint32_t *next);

/* Returns the position of the first token inside a node. */
uint32_t dt_body(const struct dt *dt, dt_node node);

uint32_t dt_be32(const void *p);
uint64_t dt_be64(const void *p);
