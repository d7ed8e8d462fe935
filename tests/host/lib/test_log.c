/* SPDX-License-Identifier: MIT */
/* The log and the end of the kernel: lines, levels, sinks, a ring that turns over, panics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errno.h"
#include "arch/hart.h"
#include "arch/irqflags.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/power.h"
#include "machine.h"
#include "record/trace.h"
#include "test.h"

/* A sink that keeps what it is given. */
struct paper {
	struct log_sink sink;
	char text[1 << 17];
	size_t len;
	bool log_from_write; /* as an interrupt handler in the middle of a line would */
	bool off_from_write; /* the machine goes off in the middle of a line */
};

static struct paper uart, port;

static void paper_write(struct log_sink *sink, const char *s, size_t n)
{
	struct paper *paper = (struct paper *)sink;

	assert_true(paper->len + n < sizeof(paper->text));
	assert_int_equal('\n', s[n - 1]);
	memcpy(paper->text + paper->len, s, n);
	paper->len += n;
	paper->text[paper->len] = '\0';
	if (paper->log_from_write) {
		paper->log_from_write = false;
		log_info("irq", "nested");
	}
	if (paper->off_from_write) {
		paper->off_from_write = false;
		power_off(7);
	}
}

void test_setup(void)
{
	uart.sink.write = paper_write;
	port.sink.write = paper_write;
	hart_init(0);
	clock_init(10000000);
	fake_time = 10000000 + 123450;
	log_show_level(LOG_INFO);
	fake_irq_on = true;
}

TEST(lines)
{
	log_sink_add(&uart.sink, log_newest());
	log_info("mm", "%d pages", 5);
	log_warn("mm", "low");
	log_error("fs", "bad");
	log_debug("mm", "not shown");
	log_always("power", "off, status %d", 0);
	assert_string_equal("[    1.012345] mm: 5 pages\n"
			    "[    1.012345] mm: warning: low\n"
			    "[    1.012345] fs: error: bad\n"
			    "[    1.012345] power: off, status 0\n",
			    uart.text);
}

/* A file's name, and so a process's, may hold anything; a line of the log is one line all the same. */
TEST(control_bytes_are_not_passed_on)
{
	log_sink_add(&uart.sink, log_newest());
	fake_time = 10000000 + 123450;
	log_warn("trap", "%s[2] killed",
		 "e\n[    1.000000] kernel panic: x\x1b[31m\x7f\r\t\xc3\xa9\xc2\x9b"
		 "2J\xc2\xa0");
	assert_string_equal("[    1.012345] trap: warning: e?[    1.000000] kernel panic: "
			    "x?[31m???\xc3\xa9??2J\xc2\xa0[2] killed\n",
			    uart.text);
}

TEST(levels)
{
	enum log_level level = LOG_INFO;

	log_sink_add(&uart.sink, log_newest());
	log_show_level(LOG_ERROR);
	log_warn("a", "x");
	log_error("b", "y");
	assert_null(strstr(uart.text, "a: "));
	assert_non_null(strstr(uart.text, "b: error: y"));
	assert_int_equal(0, log_level_parse("debug", 5, &level));
	assert_int_equal(LOG_DEBUG, level);
	assert_int_equal(0, log_level_parse("warnings", 4, &level));
	assert_int_equal(LOG_WARN, level);
	assert_int_equal(-EINVAL, log_level_parse("warnings", 8, &level));
	assert_int_equal(-EINVAL, log_level_parse("", 0, &level));
	assert_int_equal(LOG_WARN, level);
}

TEST(ring_keeps_what_is_not_shown)
{
	uint64_t cursor = log_newest();
	enum log_level level;
	char line[LOG_TEXT_MAX + 64];

	log_debug("x", "hidden");
	assert_true(log_read(&cursor, line, sizeof(line), &level) > 0);
	assert_non_null(strstr(line, "x: hidden\n"));
	assert_int_equal(LOG_DEBUG, level);
	assert_int_equal(0, log_read(&cursor, line, sizeof(line), NULL));
	assert_int_equal(log_newest(), cursor);
}

TEST(late_sink_sees_all)
{
	uint64_t before = log_newest();

	log_info("a", "early");
	log_sink_add(&uart.sink, before);
	log_info("a", "late");
	assert_non_null(strstr(uart.text, "early"));
	assert_non_null(strstr(uart.text, "late"));
	assert_int_equal(0, uart.sink.lost);
}

TEST(turns_over)
{
	uint64_t cursor = 0;
	char line[LOG_TEXT_MAX + 64];
	unsigned n = 0;
	char last[16] = "";

	for (unsigned i = 0; i < 5000; i++)
		log_info("n", "%u %.*s", i, (int)test_below(50),
			 "..................................................");
	assert_true(log_newest() - log_oldest() <= LOG_RING_BYTES);
	assert_true(log_newest() - log_oldest() > LOG_RING_BYTES - 512);
	while (log_read(&cursor, line, sizeof(line), NULL) > 0) {
		unsigned i;

		assert_int_equal(1, sscanf(strstr(line, "n: "), "n: %u", &i));
		if (n++ > 0)
			assert_int_equal((unsigned)atoi(last) + 1, i);
		snprintf(last, sizeof(last), "%u", i);
	}
	assert_string_equal("4999", last);
	log_sink_add(&uart.sink, 0);
	assert_int_equal(1, uart.sink.lost);
}

TEST(long_text_is_cut)
{
	static char big[LOG_TEXT_MAX * 2];

	memset(big, 'x', sizeof(big) - 1);
	log_sink_add(&uart.sink, log_newest());
	log_info("t", "%s", big);
	assert_int_equal(strlen("[    1.012345] ") + LOG_TEXT_MAX + 1, uart.len);
	assert_string_equal("x...\n", uart.text + uart.len - 5);
}

/* A line that does not fit is cut, and as long as what there is of it. */
TEST(small_buffer_is_filled)
{
	uint64_t cursor = log_newest();
	char line[24];

	log_info("t", "more than fits");
	assert_int_equal(sizeof(line) - 1, log_read(&cursor, line, sizeof(line), NULL));
	assert_string_equal("t: more ", line + strlen("[    1.012345] "));
}

TEST(log_in_the_middle_of_a_line)
{
	log_sink_add(&uart.sink, log_newest());
	uart.log_from_write = true;
	log_info("a", "outer");
	assert_non_null(strstr(uart.text, "a: outer\n["));
	assert_non_null(strstr(uart.text, "irq: nested\n"));
}

TEST(port_takes_over)
{
	log_sink_add(&uart.sink, log_newest());
	log_show_level(LOG_WARN);
	log_warn("a", "one");
	log_show_level(LOG_INFO);
	/* What an interrupt logs while the UART has its last line goes to the port already. */
	uart.log_from_write = true;
	log_sink_replace(&uart.sink, &port.sink, "log continues on port faultline.log");
	log_warn("a", "two");
	assert_string_equal("console: log continues on port faultline.log\n",
			    strchr(uart.text, '\n') + 1 + 15);
	assert_null(strstr(uart.text, "nested"));
	assert_null(strstr(uart.text, "two"));
	assert_string_equal("irq: nested\n[    1.012345] a: warning: two\n", port.text + 15);
}

TEST(trace)
{
	struct trace_fault fault = { .pid = 1 };
	uint64_t dropped = 0, cursor = 0, late = 5;

	trace_start();
	assert_false(trace_read(0, &cursor, &fault, &dropped));
	for (unsigned i = 0; i < TRACE_RECORDS + 10; i++) {
		fault.addr = i;
		*trace_next(arch_this_hart()->faults) = fault;
	}
	for (unsigned i = 10; i < TRACE_RECORDS + 10; i++) {
		assert_true(trace_read(0, &cursor, &fault, &dropped));
		assert_int_equal(i, fault.addr);
	}
	assert_int_equal(10, dropped);
	assert_false(trace_read(0, &cursor, &fault, &dropped));
	assert_int_equal(10, dropped);
	/* Another reader has a cursor of its own; one from the future reads nothing. */
	assert_true(trace_read(0, &late, &fault, &dropped));
	assert_int_equal(10, fault.addr);
	assert_int_equal(15, dropped);
	late = UINT64_MAX;
	assert_false(trace_read(0, &late, &fault, &dropped));
	assert_int_equal(15, dropped);
}

TEST(power_off_in_the_middle_of_a_line)
{
	log_sink_add(&uart.sink, log_newest());
	power_set_exit(machine_exit);
	uart.off_from_write = true;
	if (setjmp(test_panic_jump) == 0)
		log_info("a", "outer");
	assert_int_equal(7, machine_status);
	assert_non_null(strstr(uart.text, "] power: off, status 7\n"));
}

static unsigned reports;

static void panic_in_report(void)
{
	if (reports++ == 0)
		panic("in the report");
}

TEST(panic_tells_of_faults)
{
	trace_start();
	*trace_next(arch_this_hart()->faults) = (struct trace_fault){ .pid = 1 };
	log_sink_add(&uart.sink, log_newest());
	power_set_exit(machine_exit);
	if (setjmp(test_panic_jump) == 0)
		panic("broken");
	assert_non_null(strstr(uart.text, "] trace: fault at "));
}

TEST(panic)
{
	log_sink_add(&uart.sink, log_newest());
	panic_set_report(panic_in_report);
	power_set_exit(machine_exit);
	/* As if the log itself had broken: its lock is held and never given back. */
	uart.log_from_write = true;
	if (setjmp(test_panic_jump) == 0)
		panic("broken: %d", 7);
	assert_true(panic_begun());
	assert_false(arch_irq_enabled());
	assert_int_equal(PANIC_STATUS, machine_status);
	assert_int_equal(1, reports);
	assert_string_equal(strstr(uart.text, "] kernel panic: broken: 7\n"),
			    strchr(uart.text, ']'));
	assert_non_null(strstr(uart.text, "] panic: somewhere\n"));
	assert_non_null(strstr(uart.text, "] panic: again: in the report\n"));
	assert_non_null(strstr(uart.text, "] power: off, status 125\n"));
}
