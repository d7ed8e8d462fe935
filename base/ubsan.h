/* SPDX-License-Identifier: MIT */
/* The functions that gcc's code calls when it detects undefined behaviour (hardened build). */
#pragma once

#include "lib/types.h"

/*
 * The compiler defines the names and the structs (-fsanitize=undefined with -fno-sanitize-recover).
 * Each handler panics with the kind of the error, the place and the values. Handlers are called
 * from any context, including interrupt handlers and code that holds locks.
 */

struct ubsan_place {
	const char *file;
	uint32_t line, column;
};

struct ubsan_type {
	uint16_t kind; /* UBSAN_INTEGER, or a type whose value cannot be shown */
	uint16_t info; /* of an integer: bit 0: signed; above it, log2 of the width */
	char name[];   /* between quotes */
};

#define UBSAN_INTEGER 0

/* An integer of up to 64 bits, or the address of a longer one. */
typedef unsigned long ubsan_value;

/* For overflows, values that are invalid for a type, and arrays of length 0. */
struct ubsan_typed {
	struct ubsan_place place;
	const struct ubsan_type *type;
};

struct ubsan_shift {
	struct ubsan_place place;
	const struct ubsan_type *left, *right;
};

struct ubsan_bounds {
	struct ubsan_place place;
	const struct ubsan_type *array, *index;
};

struct ubsan_mismatch {
	struct ubsan_place place;
	const struct ubsan_type *type;
	uint8_t align_shift;
	uint8_t access;
};

struct ubsan_argument {
	struct ubsan_place place, attribute;
	int index;
};

/* For errors that have only a place. */
struct ubsan_at {
	struct ubsan_place place;
};

#define UBSAN_HANDLER(name, ...) \
	void __ubsan_handle_##name(__VA_ARGS__) __attribute__((noreturn, cold))

UBSAN_HANDLER(add_overflow_abort, const struct ubsan_typed *, ubsan_value left, ubsan_value right);
UBSAN_HANDLER(sub_overflow_abort, const struct ubsan_typed *, ubsan_value left, ubsan_value right);
UBSAN_HANDLER(mul_overflow_abort, const struct ubsan_typed *, ubsan_value left, ubsan_value right);
UBSAN_HANDLER(divrem_overflow_abort, const struct ubsan_typed *, ubsan_value left,
	      ubsan_value right);
UBSAN_HANDLER(negate_overflow_abort, const struct ubsan_typed *, ubsan_value value);
UBSAN_HANDLER(load_invalid_value_abort, const struct ubsan_typed *, ubsan_value value);
UBSAN_HANDLER(vla_bound_not_positive_abort, const struct ubsan_typed *, ubsan_value length);
UBSAN_HANDLER(shift_out_of_bounds_abort, const struct ubsan_shift *, ubsan_value left,
	      ubsan_value right);
UBSAN_HANDLER(out_of_bounds_abort, const struct ubsan_bounds *, ubsan_value index);
UBSAN_HANDLER(type_mismatch_v1_abort, const struct ubsan_mismatch *, ubsan_value address);
UBSAN_HANDLER(pointer_overflow_abort, const struct ubsan_at *, ubsan_value base,
	      ubsan_value result);
UBSAN_HANDLER(nonnull_arg_abort, const struct ubsan_argument *);
UBSAN_HANDLER(nonnull_return_v1_abort, const struct ubsan_at *attribute,
	      const struct ubsan_place *);
UBSAN_HANDLER(invalid_builtin_abort, const struct ubsan_at *);
UBSAN_HANDLER(builtin_unreachable, const struct ubsan_at *);

#undef UBSAN_HANDLER
