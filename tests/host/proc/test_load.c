/* SPDX-License-Identifier: MIT */
/* The load average: how it follows the number of threads, and time without samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proc/load.h"

#define PERIOD LOAD_PERIOD_NS
#define ONE    (1u << LOAD_SHIFT)

/* Samples one after the other, each when it is due. */
static void run(struct load *load, unsigned periods, unsigned active)
{
	while (periods--)
		load_sample(load, load->due_ns, active);
}

static void nothing_before_it_is_due(void **state)
{
	struct load load = { .due_ns = PERIOD };

	(void)state;
	load_sample(&load, PERIOD - 1, 100);
	assert_int_equal(0, load.average[0]);
	load_sample(&load, PERIOD, 100);
	assert_int_equal(2 * PERIOD, load.due_ns);
	assert_true(load.average[0] > load.average[1] && load.average[1] > load.average[2]);
	assert_true(load.average[2] > 0);
}

/* After a minute of one thread the first average is 1 - 1/e, and in the end all are 1. */
static void it_rises(void **state)
{
	struct load load = { 0 };

	(void)state;
	run(&load, 12, 1);
	assert_in_range(load.average[0], ONE * 62 / 100, ONE * 65 / 100);
	assert_in_range(load.average[2], ONE * 6 / 100, ONE * 8 / 100);
	run(&load, 5000, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ONE, load.average[i]);
	run(&load, 5000, 300);
	assert_int_equal(300 * ONE, load.average[0]);
}

static void it_falls_to_nothing(void **state)
{
	struct load load = { 0 };

	(void)state;
	run(&load, 1000, 7);
	run(&load, 10000, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(0, load.average[i]);
}

/* A machine that sleeps takes no samples: each that is missing counts as one of no thread. */
static void missing_samples(void **state)
{
	struct load slept = { 0 }, looked = { 0 };

	(void)state;
	run(&slept, 100, 4);
	run(&looked, 100, 4);
	load_sample(&slept, slept.due_ns + 30 * PERIOD, 4);
	run(&looked, 30, 0);
	run(&looked, 1, 4);
	assert_int_equal(looked.due_ns, slept.due_ns);
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(slept.average[i], looked.average[i] - 40, looked.average[i] + 40);
	load_sample(&slept, slept.due_ns + 100000 * PERIOD, 0);
	assert_int_equal(0, slept.average[2]);
}

/* Whoever comes long after a sample was due, has slept until then. */
static void a_late_sample(void **state)
{
	struct load load = { 0 };

	(void)state;
	load_sample(&load, LOAD_LATE_NS, 50);
	assert_int_equal(0, load.average[0]);
	load_sample(&load, load.due_ns + LOAD_LATE_NS - 1, 50);
	assert_true(load.average[0] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_before_it_is_due),
		cmocka_unit_test(it_rises),
		cmocka_unit_test(it_falls_to_nothing),
		cmocka_unit_test(missing_samples),
		cmocka_unit_test(a_late_sample),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
