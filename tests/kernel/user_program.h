/* SPDX-License-Identifier: MIT */
/* Programs of a few instructions, run by processes of tests. */
#pragma once

#include "tests/kernel/user_code.h"

struct program {
	const uint32_t *code;
	size_t n;
};

#define PROGRAM(name, ...)                                     \
	static const uint32_t name##_code[] = { __VA_ARGS__ }; \
	static const struct program name = { name##_code,      \
					     sizeof(name##_code) / sizeof(name##_code[0]) }

/*
 * Maps the code at CODE_AT (R-X) and an untouched page at DATA_AT (RW-) into the running process.
 * 0 or -errno
 */
int program_load(const struct program *program);

/* For ktest_run(): loads the program (arg) and goes to user mode. */
int program_main(void *arg);

/*
 * An ELF image of one text segment of that program, at CODE_AT; bss_pages of zeros at DATA_AT.
 * NULL: no memory
 */
struct object *program_image(const struct program *program, unsigned bss_pages);
