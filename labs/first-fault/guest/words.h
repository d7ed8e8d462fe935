/* SPDX-License-Identifier: MIT */
/* How the tests of the lab first-fault say what came and what was expected. */
#ifndef FIRST_FAULT_WORDS_H
#define FIRST_FAULT_WORDS_H

#include "lab.h"

/* Says the first thing that is wrong: the test has failed, and the grader shows this. */
__attribute__((format(printf, 1, 2), unused)) static void show(const char *fmt, ...)
{
	static bool shown;
	char text[224];
	va_list ap;

	if (shown)
		return;
	shown = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say("failed %s\n", text);
}

__attribute__((unused)) static const char *signal_name(int number)
{
	switch (number) {
	case 0:
		return "no signal";
	case SIGSEGV:
		return "SIGSEGV";
	case SIGBUS:
		return "SIGBUS";
	case SIGKILL:
		return "SIGKILL";
	case SIGILL:
		return "SIGILL";
	case SIGTRAP:
		return "SIGTRAP";
	case SIGUSR1:
		return "SIGUSR1";
	default:
		return "another signal";
	}
}

#define NOT_YET (-1) /* of a process that should not have ended */

/* Says that a process has ended in another way than it should. Both are what wait_child() returns. */
__attribute__((unused)) static void show_end(const char *who, int status, int expected)
{
	char came[48], right[48];

	if (status > 128)
		snprintf(came, sizeof(came), "it was killed by %s", signal_name(status - 128));
	else
		snprintf(came, sizeof(came), "it ended with status %d", status);
	if (expected == NOT_YET)
		snprintf(right, sizeof(right), "should not have ended");
	else if (expected > 128)
		snprintf(right, sizeof(right), "should have been killed by %s",
			 signal_name(expected - 128));
	else
		snprintf(right, sizeof(right), "should have ended with status %d", expected);
	show("%s: %s, and %s", who, came, right);
}

/* result() of how a child ended, which is shown if it is not right. */
__attribute__((unused)) static void result_end(const char *name, const char *who, int status,
					       int expected)
{
	result(name, (uint64_t)status);
	if (status != expected)
		show_end(who, status, expected);
}

/* join_child(), which says which child it was. SIGCHLD has its default action. */
__attribute__((unused)) static void join(int pid, const char *who)
{
	int status = wait_child(pid);

	if (status)
		show_end(who, status, 0);
}

/*
 * sum() of pages, of which those before `border` have been filled from seed `before`, the others
 * from seed `after`. Shows the first page that has something else.
 */
__attribute__((unused)) static uint64_t sum_or_show(const char *what, const char *pages, size_t n,
						    size_t border, uint64_t before, uint64_t after)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t value = page_read(pages + i * PAGE);
		uint64_t expected = mix(i < border ? before : after, i);

		total += value * (2 * i + 1);
		if (value != expected)
			show("page %zu of %s has %s, not what was written", i, what,
			     value ? "something else" : "zeros");
	}
	return total;
}

/* Sums pages that have all been filled from one seed. */
__attribute__((unused)) static uint64_t sum_of_all(const char *what, const char *pages, size_t n,
						   uint64_t seed)
{
	return sum_or_show(what, pages, n, n, seed, seed);
}

/* hear() from a child that may have been killed: says so, and how. */
__attribute__((unused)) static uint64_t hear_of(const struct channel *channel, int pid,
						const char *who)
{
	uint64_t value;
	ssize_t n = read(channel->ends[0], &value, sizeof(value));

	if (n == 0) {
		show_end(who, wait_child(pid), NOT_YET);
		_exit(98);
	}
	check_count("read from a pipe", n, sizeof(value));
	return value;
}

#endif
