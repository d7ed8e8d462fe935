/* SPDX-License-Identifier: MIT */
/* The test kernel's payload: runs the in-kernel tests and prints KTAP. */
#include <stdarg.h>

#include "arch/context.h"
#include "base/console.h"
#include "base/hart.h"
#include "base/log.h"
#include "base/power.h"
#include "boot/options.h"
#include "boot/payload.h"
#include "lib/format.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
#include "proc/kthread.h"
#include "proc/sched.h"
#include "proc/stack_watch.h"
#include "tests/kernel/choice.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

/* The linker gathers what KTEST() made between these. */
#include "tests/kernel/sections.h"

#define LINE_MAX 240

static bool failed;
static const char *skipped; /* why; NULL: it was not */
static uint64_t random_state;

/* A whole line at once, on the console itself: the log's lines never come between. */
static void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void vprint(const char *prefix, const char *fmt, va_list args)
{
	char line[LINE_MAX];
	size_t pos = 0, len;

	kappendf(line, sizeof line - 1, &pos, "%s", prefix);
	kvsnprintf(line + pos, sizeof line - 1 - pos, fmt, args);
	len = strlen(line);
	line[len] = '\n';
	console_write(line, len + 1);
}

static void print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprint("", fmt, args);
	va_end(args);
}

void ktest_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprint("# ", fmt, args);
	va_end(args);
}

void ktest_skip(const char *why)
{
	skipped = why;
}

void ktest_fail(const char *file, int line, const char *what, uint64_t expected, uint64_t actual)
{
	failed = true;
	ktest_note("%s:%d: %s: expected %ld (%#lx), got %ld (%#lx)", file, line, what,
		   (long)expected, (unsigned long)expected, (long)actual, (unsigned long)actual);
}

void ktest_fail_string(const char *file, int line, const char *what, const char *expected,
		       const char *actual)
{
	failed = true;
	ktest_note("%s:%d: %s: expected \"%s\", got \"%s\"", file, line, what, expected, actual);
}

/* splitmix64 */
uint64_t ktest_random(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* What there is: an object too many need not cost a frame. */
struct memory {
	size_t free_frames, objects;
};

void ktest_settle(void)
{
	uint64_t switches;

	do {
		switches = hart_counter_sum(HART_SWITCHES);
		sched_yield();
	} while (!sched_is_quiet() || hart_counter_sum(HART_SWITCHES) != switches);
	kthread_reap();
}

/* The idle threads of other harts free ended threads, too: at rest they have. */
static struct memory memory_now(void)
{
	struct slab_census slabs;

	ktest_settle();
	sched_let_finish();
	sched_go_on();
	mm_trim();
	slab_census(&slabs);
	return (struct memory){ page_alloc_free_count(), slabs.used };
}

/* The ledger, and neither a frame nor an object of the kernel's heap lost. */
static void check_memory(const struct memory *before)
{
	struct memory after = memory_now();
	struct ledger ledger;

	EXPECT_EQ(0, ledger_check(&ledger));
	EXPECT_EQ(before->free_frames, after.free_frames);
	EXPECT_EQ(before->objects, after.objects);
}

static void run(const struct ktest *test, unsigned number)
{
	struct memory before = memory_now();

	failed = false;
	skipped = NULL;
	sched_hold_others(test->alone);
	test->run();
#ifdef FAULTLINE_HARDENED
	(void)alloc_fail_set(0, NULL, ALLOC_FAIL_ASK); /* what it made fail is its own */
#endif
	sched_hold_others(false);
	spaces_abandon();
	check_memory(&before);
	print("%s %u %s%s%s", failed ? "not ok" : "ok", number, test->name,
	      skipped && !failed ? " # SKIP " : "", skipped && !failed ? skipped : "");
}

static void tell_stacks(void)
{
#ifdef FAULTLINE_HARDENED
	ktest_note("kernel stacks: %zu of %zu bytes were never used", stack_watch_least(),
		   (size_t)KSTACK_SIZE);
#endif
}

/* Says what is wrong with a pattern of test=, and what it could have been. */
static void refuse_choice(struct glob glob)
{
	const struct ktest *like = choice_suggest(glob);

	print("Bail out! test=%.*s matches no test of this kernel%s%s",
	      (int)(glob.end - glob.start), glob.start,
	      like ? ": say test=" : "; without test= all run", like ? like->name : "");
}

const uint64_t payload_ram_least = 16ul << 20;

void boot_payload(void)
{
	unsigned count = 0, number = 0, failures = 0;
	struct glob unknown;

	random_state = boot_options.seed;
	ktest_process_init();
	for (const struct ktest *test = kernel_tests_start; test < kernel_tests_end; test++)
		count += choice_has(test);
	print("KTAP version 1");
	if (choice_unknown(&unknown)) {
		refuse_choice(unknown);
		power_off(1);
	}
	print("1..%u", count);
	for (const struct ktest *test = kernel_tests_start; test < kernel_tests_end; test++) {
		if (!choice_has(test))
			continue;
		run(test, ++number);
		failures += failed;
	}
	tell_stacks();
	power_off(failures > 0);
}
