/* SPDX-License-Identifier: MIT */
/* The command line's options, and what is said of wrong ones. */
#include "base/log.h"
#include "boot/options.h"
#include "mm/fault/thp_mode.h"
#include "tests/kernel/ktest.h"

#define LINE 480

static struct boot_options saved;

static void read_options(const char *line)
{
	boot_options = (struct boot_options){ .init = "/init", .columns = 80, .rows = 25 };
	boot_options_read(line);
}

KTEST(options_are_read_from_the_command_line)
{
	saved = boot_options;
	read_options("init=/bin/sh winsize=132x43 ports=4 ad=soft commit=strict seed=12 test=a*,b "
		     "clock=9000000000 thp=madvise console=plain log=uart1 poweroff=reboot");
	EXPECT_STR("/bin/sh", boot_options.init);
	EXPECT_EQ(132, boot_options.columns);
	EXPECT_EQ(43, boot_options.rows);
	EXPECT_EQ(4, boot_options.ports);
	EXPECT_TRUE(boot_options.soft_ad);
	EXPECT_TRUE(boot_options.commit_strict);
	EXPECT_EQ(12, boot_options.seed);
	EXPECT_EQ(9000000000, boot_options.clock);
	EXPECT_EQ(THP_MADVISE, boot_options.thp);
	EXPECT_TRUE(boot_options.plain_console);
	EXPECT_TRUE(boot_options.log_second && !boot_options.log_shared);
	EXPECT_TRUE(boot_options.reboot);
	EXPECT_STR("a*,b", boot_options.test);
	read_options("winsize=65535x1");
	EXPECT_EQ(65535, boot_options.columns);
	EXPECT_EQ(1, boot_options.rows);
	read_options("init=/bin/sh test=a*,b init=/b test=c"); /* the last of each counts */
	EXPECT_STR("/b", boot_options.init);
	EXPECT_STR("c", boot_options.test);
	boot_options = saved;
}

/* A bad word or value is one warning, and the rest is taken */
KTEST(options_that_are_wrong_are_named_and_passed_over)
{
	static const char *const lines[] = {
		"winsize=80 seed=7",	"winsize=x5 seed=7",
		"winsize=8x2x3 seed=7", "winsize=65536x1 seed=7",
		"init= seed=7",		"ad=hard seed=7",
		"strange seed=7",	"loglevel=loud seed=7",
		"ports=4x seed=7",	"ports= seed=7",
		"commit=foo seed=7",	"commit seed=7",
		"clock=now seed=7",	"clock=9999999999999 seed=7",
		"log=nowhere seed=7",	"poweroff seed=7",
		"console=fancy seed=7", "thp=huge seed=7",
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
		EXPECT_TRUE(!boot_options.commit_strict);
		EXPECT_EQ(0, boot_options.clock);
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
