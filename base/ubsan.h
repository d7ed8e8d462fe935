/* SPDX-License-Identifier: MIT */
/* What gcc calls in the hardened build where it finds undefined behaviour. */
#pragma once

#include "lib/types.h"

/*
 * The names, and what the structs hold, are the compiler's (-fsanitize=undefined with
 * -fno-sanitize-recover). Each handler panics with the kind, the place and the values: a hardened
 * kernel stops. They are called from everywhere, interrupt handlers and holders of locks included.
 */

struct ubsan_place {
	const char *file;
	uint32_t line, column;
};

struct ubsan_type {
	uint16_t kind; /* UBSAN_INTEGER, or something that has no value to show */
	uint16_t info; /* of an integer: bit 0 signed, above it the logarithm of its bits */
	char name[];   /* in quotes */
};

#define UBSAN_INTEGER 0

/* An integer of up to 64 bits, or the address of one that is longer. */
typedef unsigned long ubsan_value;

/* Overflows, values that a type does not have, arrays of no length. */
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

/* What has a place only. */
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
