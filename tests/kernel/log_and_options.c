/* SPDX-License-Identifier: MIT */
/* The log's ring, the command line's words, and the patterns that choose tests. */
#include "abi/errno.h"
#include "arch/backtrace.h"
#include "base/log.h"
#include "base/trace.h"
#include "boot/options.h"
#include "tests/kernel/ktest.h"

#define LINE 480

/* The newest record as a line, with its stamp cut off. */
static const char *newest(uint64_t cursor, char *buf, enum log_level *level)
{
	char *text;

	buf[0] = '\0';
	if (log_read(&cursor, buf, LINE, level) == 0)
		return "(none)";
	text = strchr(buf, ']');
	return text ? text + 2 : buf;
}

KTEST(log_keeps_what_was_written)
{
	static char buf[LINE];
	uint64_t at = log_newest();
	enum log_level level;

	log_debug("test", "a number: %d, a word: %s", 5, "five");
	EXPECT_STR("test: a number: 5, a word: five\n", newest(at, buf, &level));
	EXPECT_EQ(LOG_DEBUG, level);
	EXPECT_EQ('[', buf[0]);
	EXPECT_EQ(0, log_read(&(uint64_t){ log_newest() }, buf, LINE, NULL));
}

KTEST(log_cuts_long_lines_and_says_so)
{
	static char buf[LINE], text[2 * LOG_TEXT_MAX];
	uint64_t at = log_newest();
	enum log_level level;
	const char *line;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_debug("test", "%s", text);
	line = newest(at, buf, &level);
	EXPECT_TRUE(strlen(line) <= LOG_TEXT_MAX + 1);
	EXPECT_STR("...\n", line + strlen(line) - 4);
}

KTEST(log_forgets_the_oldest_first)
{
	static char buf[LINE];
	uint64_t old = log_oldest();
	enum log_level level;

	for (unsigned i = 0; log_oldest() == old && i < 10000; i++)
		log_debug("test",
			  "record %u of many that fill the ring and push the oldest out of it", i);
	EXPECT_TRUE(log_oldest() > old);
	EXPECT_TRUE(log_newest() - log_oldest() <= LOG_RING_BYTES);
	newest(old, buf, &level); /* a position that is gone becomes the oldest */
	EXPECT_EQ('[', buf[0]);
}

KTEST(log_levels_have_names)
{
	enum log_level level = LOG_ALWAYS;

	EXPECT_EQ(0, log_level_parse("warn", 4, &level));
	EXPECT_EQ(LOG_WARN, level);
	EXPECT_EQ(0, log_level_parse("debugging", 5, &level));
	EXPECT_EQ(LOG_DEBUG, level);
	EXPECT_EQ(-EINVAL, log_level_parse("loud", 4, &level));
	EXPECT_EQ(-EINVAL, log_level_parse("", 0, &level));
}

static struct boot_options saved;

static void read_options(const char *line)
{
	boot_options = (struct boot_options){ .init = "/init", .columns = 80, .rows = 25 };
	boot_options_read(line);
}

KTEST(options_are_read_from_the_command_line)
{
	saved = boot_options;
	read_options("init=/bin/sh winsize=132x43 ports=4 ad=soft seed=12 step=9 test=a*,b");
	EXPECT_STR("/bin/sh", boot_options.init);
	EXPECT_EQ(132, boot_options.columns);
	EXPECT_EQ(43, boot_options.rows);
	EXPECT_EQ(4, boot_options.ports);
	EXPECT_TRUE(boot_options.soft_ad);
	EXPECT_EQ(12, boot_options.seed);
	EXPECT_EQ(9, boot_options.step);
	EXPECT_STR("a*,b", boot_options.test);
	boot_options = saved;
}

/* A bad word or value is one warning, and the rest is taken */
KTEST(options_that_are_wrong_are_named_and_passed_over)
{
	static const char *const lines[] = {
		"winsize=80 seed=7",	  "winsize=x5 seed=7",	  "winsize=8x2x3 seed=7",
		"winsize=99999x1 seed=7", "init= seed=7",	  "ad=hard seed=7",
		"strange seed=7",	  "loglevel=loud seed=7", "ports=4x seed=7",
		"ports= seed=7",
	};
	static char buf[LINE];
	enum log_level level;

	saved = boot_options;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		uint64_t at = log_newest(), cursor = at;
		unsigned warnings = 0;

		read_options(lines[i]);
		EXPECT_EQ(7, boot_options.seed);
		EXPECT_EQ(80, boot_options.columns);
		EXPECT_STR("/init", boot_options.init);
		EXPECT_TRUE(!boot_options.soft_ad);
		while (log_read(&cursor, buf, LINE, &level))
			warnings += level == LOG_WARN;
		EXPECT_EQ(1, warnings);
	}
	boot_options = saved;
}

KTEST(options_too_long_for_their_place_are_refused)
{
	static char line[400] = "seed=3 init=/";

	memset(line + strlen(line), 'i', sizeof(line) - strlen(line) - 1);
	saved = boot_options;
	read_options(line);
	EXPECT_STR("/init", boot_options.init);
	EXPECT_EQ(3, boot_options.seed);
	boot_options = saved;
}

static unsigned lines_seen;
static bool named;

static void see_line(const char *line)
{
	lines_seen++;
	named |= strstr(line, "boot_payload") != NULL;
}

/* What a panic prints, but without one (R7): names of functions, from the innermost on */
KTEST(backtrace_has_the_names_of_callers)
{
	lines_seen = 0;
	named = false;
	arch_backtrace(NULL, see_line);
	EXPECT_TRUE(lines_seen >= 2);
	EXPECT_TRUE(named);
}
