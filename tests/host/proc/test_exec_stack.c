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

	assert_int_equal(stack->sp % 16, 0);
	assert_int_equal(stack->filename + filename, TOP - 8);
	assert_int_equal(stack->strings + strings, stack->filename);
	assert_true(stack->random + EXEC_RANDOM_BYTES <= stack->strings);
	assert_true(stack->sp + table <= stack->random);
	assert_true(stack->random - (stack->sp + table) < 16);
	assert_true(stack->strings - stack->random < 2 * EXEC_RANDOM_BYTES);
	assert_int_equal(stack->argc, argc);
	assert_int_equal(stack->envc, envc);
}

static void layout_of_all_small_sizes(void **state)
{
	struct exec_stack stack;

	for (unsigned argc = 0; argc < 5; argc++)
		for (unsigned envc = 0; envc < 5; envc++)
			for (size_t bytes = 0; bytes < 40; bytes++) {
				assert_int_equal(exec_stack_layout(&stack, TOP, bytes + 1, bytes,
								   argc, envc),
						 0);
				check(&stack, bytes + 1, bytes, argc, envc);
			}
}

static void layout_of_large_sizes(void **state)
{
	struct exec_stack stack;

	assert_int_equal(exec_stack_layout(&stack, TOP, 4096, 6ul << 20, 100000, 200000), 0);
	check(&stack, 4096, 6ul << 20, 100000, 200000);
	assert_int_equal(exec_stack_layout(&stack, TOP, 1, TOP, 1, 1), -E2BIG);
	assert_int_equal(exec_stack_layout(&stack, TOP, 1, SIZE_MAX, 1, 1), -E2BIG);
	assert_int_equal(exec_stack_layout(&stack, TOP, SIZE_MAX, 1, 1, 1), -E2BIG);
	assert_int_equal(exec_stack_layout(&stack, 4096, 1, 1, UINT32_MAX, UINT32_MAX), -E2BIG);
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

	assert_int_equal(exec_stack_layout(&stack, TOP, 6, 12, 1, 1), 0);
	exec_stack_auxv(&stack, &aux, auxv);
	assert_int_equal(aux_value(auxv, AT_PHDR), 0x10040);
	assert_int_equal(aux_value(auxv, AT_PHENT), ELF_PHDR_BYTES);
	assert_int_equal(aux_value(auxv, AT_PHNUM), 7);
	assert_int_equal(aux_value(auxv, AT_PAGESZ), 4096);
	assert_int_equal(aux_value(auxv, AT_ENTRY), 0x10554);
	assert_int_equal(aux_value(auxv, AT_BASE), 0x3ff7fe000);
	assert_int_equal(aux_value(auxv, AT_RANDOM), stack.random);
	assert_int_equal(aux_value(auxv, AT_EXECFN), stack.filename);
	assert_int_equal(aux_value(auxv, AT_HWCAP), 0x112d);
	assert_int_equal(aux_value(auxv, AT_CLKTCK), 100);
	assert_int_equal(aux_value(auxv, AT_SECURE), 0);
	assert_int_equal(auxv[EXEC_AUXV_COUNT - 1].type, AT_NULL);
	for (unsigned i = 0; i < EXEC_AUXV_COUNT; i++) {
		assert_int_not_equal(auxv[i].type, AT_SYSINFO_EHDR);
		assert_int_not_equal(auxv[i].type, AT_MINSIGSTKSZ);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_of_all_small_sizes),
		cmocka_unit_test(layout_of_large_sizes),
		cmocka_unit_test(auxv_has_what_libraries_want),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("exec_stack", tests, NULL, NULL);
}
