/* SPDX-License-Identifier: MIT */
/* What the two halves of the device-tree reader share: its tokens. */
#pragma once

#include "lib/fdt.h"

#define DT_BEGIN_NODE 1u
#define DT_END_NODE   2u
#define DT_PROP	      3u
#define DT_NOP	      4u
#define DT_END	      9u
#define DT_BAD	      0u /* nothing that may stand there, or not all inside */

/*
 * The token at pos of the structure block, checked against all bounds; *next is the one behind it.
 */
uint32_t dt_token(const struct dt *dt, uint32_t pos, uint32_t *next);

/* The first token inside a node. */
uint32_t dt_body(const struct dt *dt, dt_node node);

uint32_t dt_be32(const void *p);
uint64_t dt_be64(const void *p);
