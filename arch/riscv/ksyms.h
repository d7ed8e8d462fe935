/* SPDX-License-Identifier: MIT */
/* The table of functions, which tools/ksyms makes from a first link, for the second link. */
#pragma once

#include "lib/types.h"

/* frame: bytes of stack that the function holds while it calls another; 0: none, or not known. */
/* ra: where in the frame, from its end down, the return address is; 0: nowhere. */
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
