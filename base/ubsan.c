/* SPDX-License-Identifier: MIT */
/* Handlers for the undefined behaviour that the hardened build detects in itself: each panics and says what it was. */
#include "base/ubsan.h"

#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/format.h"

/* Holds a value as text. */
struct shown {
	char text[40];
};

static const char *ubsan_value_show(struct shown *shown, const struct ubsan_type *type,
				    ubsan_value value)
{
	unsigned bits = 1u << (type->info >> 1 & 15);

	if (type->kind != UBSAN_INTEGER || bits > 64)
		ksnprintf(shown->text, sizeof(shown->text), "(%u bits)", bits);
	else if (type->info & 1)
		ksnprintf(shown->text, sizeof(shown->text), "%ld",
			  (long)(value << (64 - bits)) >> (64 - bits));
	else
		ksnprintf(shown->text, sizeof(shown->text), "%lu", value);
	return shown->text;
}

#define SHOW(type, value) ubsan_value_show(&(struct shown){ "" }, type, value)

/* Panics. what: a format string, followed by its arguments. */
#define END(at, what, ...)                                                                     \
	panic("undefined behaviour: " what " (%s:%u:%u)", __VA_ARGS__, (at)->file, (at)->line, \
	      (at)->column)

static void __attribute__((noreturn))
overflow(const struct ubsan_typed *data, ubsan_value left, const char *operator, ubsan_value right)
{
	END(&data->place, "%s %s %s does not fit in %s", SHOW(data->type, left), operator,
	    SHOW(data->type, right), data->type->name);
}

#define OVERFLOW(name, operator)                                                         \
	void __ubsan_handle_##name##_overflow_abort(const struct ubsan_typed *data,      \
						    ubsan_value left, ubsan_value right) \
	{                                                                                \
		overflow(data, left, operator, right);                                   \
	}

OVERFLOW(add, "+")
OVERFLOW(sub, "-")
OVERFLOW(mul, "*")
OVERFLOW(divrem, "/")

void __ubsan_handle_negate_overflow_abort(const struct ubsan_typed *data, ubsan_value value)
{
	END(&data->place, "-(%s) does not fit in %s", SHOW(data->type, value), data->type->name);
}

void __ubsan_handle_load_invalid_value_abort(const struct ubsan_typed *data, ubsan_value value)
{
	END(&data->place, "%s is not a value of type %s", SHOW(data->type, value),
	    data->type->name);
}

void __ubsan_handle_vla_bound_not_positive_abort(const struct ubsan_typed *data, ubsan_value length)
{
	END(&data->place, "an array of %s elements", SHOW(data->type, length));
}

void __ubsan_handle_shift_out_of_bounds_abort(const struct ubsan_shift *data, ubsan_value left,
					      ubsan_value right)
{
	END(&data->place, "%s of type %s shifted by %s", SHOW(data->left, left), data->left->name,
	    SHOW(data->right, right));
}

void __ubsan_handle_out_of_bounds_abort(const struct ubsan_bounds *data, ubsan_value index)
{
	END(&data->place, "index %s of %s", SHOW(data->index, index), data->array->name);
}

/* Names the kind of access, by the compiler's number for it. */
static const char *ubsan_access_name(unsigned access)
{
	static const char *const names[] = { "load from", "store to",	       "reference to",
					     "member of", "call of member of", "constructor of" };

	return access < ARRAY_SIZE(names) ? names[access] : "use of";
}

void __ubsan_handle_type_mismatch_v1_abort(const struct ubsan_mismatch *data, ubsan_value address)
{
	const char *why = "with too little room for";

	if (address == 0)
		why = "null as";
	else if (!IS_ALIGNED(address, 1ul << data->align_shift))
		why = "misaligned for";
	END(&data->place, "%s address %#lx, %s %s", ubsan_access_name(data->access), address, why,
	    data->type->name);
}

void __ubsan_handle_pointer_overflow_abort(const struct ubsan_at *data, ubsan_value base,
					   ubsan_value result)
{
	END(&data->place, "pointer %#lx became %#lx", base, result);
}

void __ubsan_handle_nonnull_arg_abort(const struct ubsan_argument *data)
{
	END(&data->place, "argument %d is null", data->index);
}

void __ubsan_handle_nonnull_return_v1_abort(const struct ubsan_at *attribute,
					    const struct ubsan_place *place)
{
	(void)attribute;
	END(place, "%s", "the result is null");
}

void __ubsan_handle_invalid_builtin_abort(const struct ubsan_at *data)
{
	END(&data->place, "%s", "__builtin_clz() or __builtin_ctz() of 0");
}

void __ubsan_handle_builtin_unreachable(const struct ubsan_at *data)
{
	END(&data->place, "%s", "reached __builtin_unreachable()");
}
