/* SPDX-License-Identifier: MIT */
/* The rows of widebench that are calls. */
#pragma once

#include <stddef.h>

#define PAGE 4096ul

struct call_row {
	const char *name;
	const char *unit;
	size_t units; /* so many are measured */
	void (*before)(void);
	void (*measured)(void);
	void (*after)(void);
};

extern const struct call_row call_rows[];
extern const size_t ncall_rows;

/* Ends the benchmark: something fails that is to be measured. */
_Noreturn void give_up(const char *what);
