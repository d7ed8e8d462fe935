/* SPDX-License-Identifier: MIT */
/* The stack that a new image finds: order, alignment, limits (ABI.md, section 1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/errno.h"
#include "lib/elf.h"
#include "proc/exec_stack.h"

#define TOP 0x4000000000ul

/* No two parts overlap, everything lies below the top, and sp is a multiple of 16. */
static void check(const struct exec_stack *stack, size_t filename, size_t strings, unsigned argc,
		  unsigned envc)
{
	size_t table = (3ul + argc + envc) * 8 + EXEC_AUXV_COUNT * sizeof(struct abi_auxv);

	assert_int_equal(0, stack->sp % 16);
	assert_int_equal(TOP - 8, stack->filename + filename);
	assert_int_equal(stack->filename, stack->strings + strings);
	assert_true(stack->random + EXEC_RANDOM_BYTES <= stack->strings);
	assert_true(stack->sp + table <= stack->random);
	assert_true(stack->random - (stack->sp + table) < 16);
	assert_true(stack->strings - stack->random < 2 * EXEC_RANDOM_BYTES);
	assert_int_equal(argc, stack->argc);
	assert_int_equal(envc, stack->envc);
}

static void layout_of_all_small_sizes(void **state)
{
	struct exec_stack stack;

	for (unsigned argc = 0; argc < 5; argc++)
		for (unsigned envc = 0; envc < 5; envc++)
			for (size_t bytes = 0; bytes < 40; bytes++) {
				assert_int_equal(0, exec_stack_layout(&stack, TOP, bytes + 1, bytes,
								      argc, envc));
				check(&stack, bytes + 1, bytes, argc, envc);
			}
}

static void layout_of_large_sizes(void **state)
{
	struct exec_stack stack;

	assert_int_equal(0, exec_stack_layout(&stack, TOP, 4096, 6ul << 20, 100000, 200000));
	check(&stack, 4096, 6ul << 20, 100000, 200000);
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, TOP, 1, TOP, 1, 1));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, TOP, 1, SIZE_MAX, 1, 1));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, TOP, SIZE_MAX, 1, 1, 1));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, 4096, 1, 1, UINT32_MAX, UINT32_MAX));
}

/* Each part is smaller than a quarter of the space: the last size that is, and the next. */
static void layout_of_sizes_at_the_limit(void **state)
{
	const unsigned long top = 1ul << 20, quarter = top / 4;
	unsigned envc = (quarter - 8 - EXEC_AUXV_COUNT * sizeof(struct abi_auxv)) / 8 - 3;
	struct exec_stack stack;

	assert_int_equal(0, exec_stack_layout(&stack, top, quarter - 1, 1, 0, 0));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, top, quarter, 1, 0, 0));
	assert_int_equal(0, exec_stack_layout(&stack, top, 1, quarter - 1, 0, 0));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, top, 1, quarter, 0, 0));
	assert_int_equal(0, exec_stack_layout(&stack, top, 1, 1, 0, envc));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, top, 1, 1, 0, envc + 1));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, top, 1, 1, envc + 1, 0));
}

static uint64_t aux_value(const struct abi_auxv *auxv, uint64_t type)
{
	for (unsigned i = 0; i < EXEC_AUXV_COUNT; i++)
		if (auxv[i].type == type)
			return auxv[i].value;
	fail_msg("auxv lacks %lu", (unsigned long)type);
	return 0;
}

/* What glibc and musl can't do without, and what must not be there. */
static void auxv_has_what_libraries_want(void **state)
{
	struct exec_aux aux = {
		.entry = 0x10554, .phdr = 0x10040, .phnum = 7, .base = 0x3ff7fe000
	};
	struct abi_auxv auxv[EXEC_AUXV_COUNT];
	struct exec_stack stack;

	assert_int_equal(0, exec_stack_layout(&stack, TOP, 6, 12, 1, 1));
	exec_stack_auxv(&stack, &aux, auxv);
	assert_int_equal(0x10040, aux_value(auxv, AT_PHDR));
	assert_int_equal(ELF_PHDR_BYTES, aux_value(auxv, AT_PHENT));
	assert_int_equal(7, aux_value(auxv, AT_PHNUM));
	assert_int_equal(4096, aux_value(auxv, AT_PAGESZ));
	assert_int_equal(0x10554, aux_value(auxv, AT_ENTRY));
	assert_int_equal(0x3ff7fe000, aux_value(auxv, AT_BASE));
	assert_int_equal(stack.random, aux_value(auxv, AT_RANDOM));
	assert_int_equal(stack.filename, aux_value(auxv, AT_EXECFN));
	assert_int_equal(0x112d, aux_value(auxv, AT_HWCAP));
	assert_int_equal(100, aux_value(auxv, AT_CLKTCK));
	assert_int_equal(0, aux_value(auxv, AT_SECURE));
	assert_int_equal(AT_NULL, auxv[EXEC_AUXV_COUNT - 1].type);
	for (unsigned i = 0; i < EXEC_AUXV_COUNT; i++) {
		assert_int_not_equal(AT_SYSINFO_EHDR, auxv[i].type);
		assert_int_not_equal(AT_MINSIGSTKSZ, auxv[i].type);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_of_all_small_sizes),
		cmocka_unit_test(layout_of_large_sizes),
		cmocka_unit_test(layout_of_sizes_at_the_limit),
		cmocka_unit_test(auxv_has_what_libraries_want),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("exec_stack", tests, NULL, NULL);
}
