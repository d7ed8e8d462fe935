/* SPDX-License-Identifier: MIT */
/* The table of functions, which tools/ksyms makes from a first link, for the second link. */
#pragma once

#include "lib/types.h"

/* frame: bytes of stack that the function uses while it calls another; 0: none, or unknown. */
/* ra: where in the frame the return address is, counted down from its end; 0: nowhere. */
struct ksym {
	uint32_t start; /* from image_start on */
	uint32_t name;	/* in ksyms_names */
	uint16_t frame;
	uint16_t ra;
};

/* Ascending by start. An image without a table has none (ksyms_empty.S). */
extern const struct ksym ksyms[];
extern const uint32_t ksyms_count;
extern const char ksyms_names[];
