/* SPDX-License-Identifier: MIT */
/* Reads the kernel command line. */
#include "boot/options.h"

#include "base/bootargs.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/log.h"
#include "lib/bits.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "mm/fault/thp_mode.h"

#define WORD_SHOWN  ((size_t)40)
#define WORDS_NAMED 5 /* bad words that the log names; the others are only counted */

/* const after boot */
struct boot_options boot_options = {
	.init = "/init", .columns = 80, .rows = 25, .harts = ~0u, .thp = THP_MODES
};

/* Reads a number that fits into struct winsize. */
static bool boot_option_read_number(const char *s, size_t len, unsigned *ret)
{
	uint64_t value;

	if (str_to_u64(s, len, &value) != 0 || value > UINT16_MAX)
		return false;
	*ret = (unsigned)value;
	return true;
}

/* COLSxROWS */
static bool read_winsize(const struct cmdline_word *word)
{
	const char *x = memchr(word->value, 'x', word->value_len);
	size_t len = x ? (size_t)(x - word->value) : 0;
	unsigned columns, rows;

	if (!x || !boot_option_read_number(word->value, len, &columns) ||
	    !boot_option_read_number(x + 1, word->value_len - len - 1, &rows))
		return false;
	boot_options.columns = columns;
	boot_options.rows = rows;
	return true;
}

static bool read_string(const struct cmdline_word *word, char *to, size_t size)
{
	if (word->value_len >= size)
		return false;
	memcpy(to, word->value, word->value_len);
	to[word->value_len] = '\0';
	return true;
}

static bool read_level(const struct cmdline_word *word)
{
	enum log_level level;

	if (log_level_parse(word->value, word->value_len, &level) != 0)
		return false;
	log_show_level(level);
	return true;
}

/* The only value that the word may have. */
static bool read_only(const struct cmdline_word *word, const char *value, bool *ret)
{
	if (!word->value || word->value_len != strlen(value) ||
	    memcmp(word->value, value, word->value_len) != 0)
		return false;
	*ret = true;
	return true;
}

static bool read_thp(const struct cmdline_word *word)
{
	return word->value && thp_mode_find(word->value, word->value_len, &boot_options.thp);
}

/* Later times do not fit into nanoseconds. */
static bool read_clock(const struct cmdline_word *word)
{
	uint64_t seconds;

	if (str_to_u64(word->value, word->value_len, &seconds) != 0 ||
	    seconds > INT64_MAX / NSEC_PER_SEC)
		return false;
	boot_options.clock = seconds;
	return true;
}

/* Returns false if the word is known but its value is invalid. */
static bool read_word(const struct cmdline_word *word, bool *known_ret)
{
	*known_ret = true;
	if (cmdline_is(word, "loglevel"))
		return word->value && read_level(word);
	if (cmdline_is(word, "init"))
		return word->value && word->value_len > 0 &&
		       read_string(word, boot_options.init, INIT_NAME_MAX);
	if (cmdline_is(word, "test"))
		return word->value && read_string(word, boot_options.test, TEST_GLOB_MAX);
	if (cmdline_is(word, "winsize"))
		return word->value && read_winsize(word);
	if (cmdline_is(word, "harts"))
		return word->value &&
		       boot_option_read_number(word->value, word->value_len, &boot_options.harts);
	if (cmdline_is(word, "ports"))
		return word->value &&
		       boot_option_read_number(word->value, word->value_len, &boot_options.ports);
	if (cmdline_is(word, "journal"))
		return word->value &&
		       boot_option_read_number(word->value, word->value_len, &boot_options.journal);
	if (cmdline_is(word, "seed"))
		return word->value &&
		       str_to_u64(word->value, word->value_len, &boot_options.seed) == 0;
	if (cmdline_is(word, "clock"))
		return word->value && read_clock(word);
#ifdef FAULTLINE_HARDENED
	if (cmdline_is(word, "failnth"))
		return word->value &&
		       str_to_u64(word->value, word->value_len, &boot_options.fail_nth) == 0;
	if (cmdline_is(word, "preempt"))
		return word->value &&
		       str_to_u64(word->value, word->value_len, &boot_options.preempt) == 0;
	if (cmdline_is(word, "latency"))
		return read_only(word, "report", &boot_options.latency) ||
		       read_only(word, "places", &boot_options.latency_places);
#endif
	if (cmdline_is(word, "ad"))
		return read_only(word, "soft", &boot_options.soft_ad);
	if (cmdline_is(word, "thp"))
		return read_thp(word);
	if (cmdline_is(word, "commit"))
		return read_only(word, "strict", &boot_options.commit_strict);
	if (cmdline_is(word, "console"))
		return read_only(word, "plain", &boot_options.plain_console);
	if (cmdline_is(word, "log"))
		return read_only(word, "uart1", &boot_options.log_second) ||
		       read_only(word, "console", &boot_options.log_shared);
	if (cmdline_is(word, "poweroff"))
		return read_only(word, "reboot", &boot_options.reboot);
	*known_ret = false;
	return true;
}

static void options_complain(const struct cmdline_word *word, bool known)
{
	int len = (int)MIN(word->name_len, WORD_SHOWN);

	if (known)
		log_warn("boot", "command line: %.*s: invalid value", len, word->name);
	else
		log_warn("boot", "command line: \"%.*s\" is not known", len, word->name);
}

void boot_options_read(const char *cmdline)
{
	const char *cursor = cmdline;
	struct cmdline_word word;
	unsigned bad = 0;
	bool known;

	bootargs_set(cmdline);
	/* The log level comes first, because it applies to the messages about the other words. */
	if (cmdline_find(cmdline, "loglevel", &word) && word.value)
		(void)read_level(&word);
	while (cmdline_next(&cursor, &word)) {
		if (read_word(&word, &known) && known)
			continue;
		if (bad++ < WORDS_NAMED)
			options_complain(&word, known);
	}
	if (bad > WORDS_NAMED)
		log_warn("boot", "command line: %u more words are not understood",
			 bad - WORDS_NAMED);
}
