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
	size_t table = (3ul + argc + envc) * 8 + stack->nauxv * sizeof(struct abi_auxv);

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
								      argc, envc, bytes % 9));
				assert_int_equal(EXEC_AUXV_OWN + bytes % 9, stack.nauxv);
				check(&stack, bytes + 1, bytes, argc, envc);
			}
}

static void layout_of_large_sizes(void **state)
{
	struct exec_stack stack;

	assert_int_equal(0, exec_stack_layout(&stack, TOP, 4096, 6ul << 20, 100000, 200000, 8));
	check(&stack, 4096, 6ul << 20, 100000, 200000);
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, TOP, 1, TOP, 1, 1, 0));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, TOP, 1, SIZE_MAX, 1, 1, 0));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, TOP, SIZE_MAX, 1, 1, 1, 0));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, 4096, 1, 1, UINT32_MAX, UINT32_MAX, 0));
}

/* Each part is smaller than a quarter of the space: the last size that is, and the next. */
static void layout_of_sizes_at_the_limit(void **state)
{
	const unsigned long top = 1ul << 20, quarter = top / 4;
	unsigned envc = (quarter - 8 - EXEC_AUXV_OWN * sizeof(struct abi_auxv)) / 8 - 3;
	struct exec_stack stack;

	assert_int_equal(0, exec_stack_layout(&stack, top, quarter - 1, 1, 0, 0, 0));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, top, quarter, 1, 0, 0, 0));
	assert_int_equal(0, exec_stack_layout(&stack, top, 1, quarter - 1, 0, 0, 0));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, top, 1, quarter, 0, 0, 0));
	assert_int_equal(0, exec_stack_layout(&stack, top, 1, 1, 0, envc, 0));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, top, 1, 1, 0, envc + 1, 0));
	assert_int_equal(-E2BIG, exec_stack_layout(&stack, top, 1, 1, envc + 1, 0, 0));
}

static uint64_t aux_value(const struct abi_auxv *auxv, unsigned n, uint64_t type)
{
	for (unsigned i = 0; i < n; i++)
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
	struct abi_auxv auxv[EXEC_AUXV_MOST];
	struct exec_stack stack;
	unsigned n;

	assert_int_equal(0, exec_stack_layout(&stack, TOP, 6, 12, 1, 1, 0));
	exec_stack_auxv(&stack, &aux, auxv);
	n = stack.nauxv;
	assert_int_equal(0x10040, aux_value(auxv, n, AT_PHDR));
	assert_int_equal(ELF_PHDR_BYTES, aux_value(auxv, n, AT_PHENT));
	assert_int_equal(7, aux_value(auxv, n, AT_PHNUM));
	assert_int_equal(4096, aux_value(auxv, n, AT_PAGESZ));
	assert_int_equal(0x10554, aux_value(auxv, n, AT_ENTRY));
	assert_int_equal(0x3ff7fe000, aux_value(auxv, n, AT_BASE));
	assert_int_equal(stack.random, aux_value(auxv, n, AT_RANDOM));
	assert_int_equal(stack.filename, aux_value(auxv, n, AT_EXECFN));
	assert_int_equal(0x112d, aux_value(auxv, n, AT_HWCAP));
	assert_int_equal(100, aux_value(auxv, n, AT_CLKTCK));
	assert_int_equal(AT_NULL, auxv[n - 1].type);
	for (unsigned i = 0; i < n; i++) {
		assert_int_not_equal(AT_SYSINFO_EHDR, auxv[i].type);
		assert_int_not_equal(AT_MINSIGSTKSZ, auxv[i].type);
	}
}

/* Those of the layer come before AT_RANDOM and at the end, in their order; the others stay what they are. */
static void auxv_has_what_the_layer_adds(void **state)
{
	static const struct abi_auxv before[] = { { AT_UID, 1 }, { AT_SECURE, 2 } },
				     behind[] = { { AT_RSEQ_ALIGN, 3 } };
	struct exec_aux aux = { .phnum = 7 };
	struct abi_auxv own[EXEC_AUXV_MOST], all[EXEC_AUXV_MOST];
	struct exec_stack stack;
	unsigned at = 0;

	assert_int_equal(0, exec_stack_layout(&stack, TOP, 6, 12, 1, 1, 0));
	exec_stack_auxv(&stack, &aux, own);
	aux.before = before;
	aux.nbefore = 2;
	aux.behind = behind;
	aux.nbehind = 1;
	assert_int_equal(0, exec_stack_layout(&stack, TOP, 6, 12, 1, 1, 3));
	exec_stack_auxv(&stack, &aux, all);
	while (own[at].type != AT_RANDOM)
		at++;
	assert_memory_equal(own, all, at * sizeof(own[0]));
	assert_memory_equal(before, &all[at], sizeof(before));
	assert_int_equal(AT_RANDOM, all[at + 2].type);
	assert_int_equal(stack.random, all[at + 2].value);
	assert_int_equal(AT_EXECFN, all[at + 3].type);
	assert_memory_equal(behind, &all[at + 4], sizeof(behind));
	assert_int_equal(AT_NULL, all[at + 5].type);
	assert_int_equal(stack.nauxv, at + 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_of_all_small_sizes),
		cmocka_unit_test(layout_of_large_sizes),
		cmocka_unit_test(layout_of_sizes_at_the_limit),
		cmocka_unit_test(auxv_has_what_libraries_want),
		cmocka_unit_test(auxv_has_what_the_layer_adds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("exec_stack", tests, NULL, NULL);
}
