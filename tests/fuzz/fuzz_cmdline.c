/* SPDX-License-Identifier: MIT */
/* Command lines: lib/cmdline's words and boot/options' values against a tokenizer that copies byte by byte. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "boot/options.h"
#include "fuzz.h"
#include "lib/cmdline.h"
#include "lib/string.h"

#define NAMED 5 /* bad words, each in a warning of its own */

struct word {
	char *name;
	char *value; /* NULL: none */
	size_t name_len, value_len;
};

/* What a line ought to do. */
struct expected {
	struct boot_options options;
	enum log_level level;
	unsigned bad; /* words that are not understood */
};

static struct boot_options defaults;
static unsigned warnings, lines[LOG_DEBUG + 1];
static bool probing;
static enum log_level probe;

/* Returns a copy of the next word, quotes included, to be freed; NULL if there is none. */
static char *copy_word(const char **line, size_t *len_ret)
{
	char *word = malloc(strlen(*line) + 1);
	bool in_quotes = false;
	size_t n = 0;

	while (**line && strchr(" \t\r\n", **line))
		++*line;
	while (**line && (in_quotes || !strchr(" \t\r\n", **line))) {
		in_quotes ^= **line == '"';
		word[n++] = *(*line)++;
	}
	word[n] = '\0';
	*len_ret = n;
	if (n > 0)
		return word;
	free(word);
	return NULL;
}

static void strip_quotes(char **text, size_t *len)
{
	if ((*text)[0] != '"')
		return;
	++*text;
	--*len;
	if (*len > 0 && (*text)[*len - 1] == '"')
		(*text)[--*len] = '\0';
}

static struct word split(char *text, size_t len)
{
	struct word word = { 0 };
	char *equals;

	strip_quotes(&text, &len);
	word.name = text;
	equals = strchr(text, '=');
	word.name_len = equals ? (size_t)(equals - text) : len;
	if (equals) {
		*equals = '\0';
		word.value = equals + 1;
		word.value_len = len - word.name_len - 1;
		strip_quotes(&word.value, &word.value_len);
	}
	return word;
}

/* Converts text that consists of digits only, unlike strtoull(). Returns 0 or a positive errno. */
static int number(const char *text, uint64_t *ret)
{
	bool hex = strlen(text) > 2 && text[0] == '0' && tolower((unsigned char)text[1]) == 'x';
	bool octal = !hex && strlen(text) > 1 && text[0] == '0';
	const char *digits = hex ? "0123456789abcdefABCDEF" : octal ? "01234567" : "0123456789";
	const char *start = hex ? text + 2 : text;
	uint64_t value;

	if (*start == '\0' || start[strspn(start, digits)] != '\0')
		return EINVAL;
	errno = 0;
	value = strtoull(start, NULL, hex ? 16 : octal ? 8 : 10);
	if (errno == 0)
		*ret = value;
	return errno;
}

static bool level_of(const char *name, enum log_level *ret)
{
	static const char *const names[] = { "error", "warn", "notice", "info", "debug" };

	for (unsigned i = 0; i < 5; i++)
		if (strcmp(names[i], name) == 0) {
			*ret = LOG_ERROR + i;
			return true;
		}
	return false;
}

/* A number for which struct winsize has room. */
static bool short_number(const char *text, size_t len, unsigned *ret)
{
	char *copy = strndup(text, len);
	uint64_t value = UINT64_MAX;
	bool fits = number(copy, &value) == 0 && value <= 65535;

	free(copy);
	if (fits)
		*ret = (unsigned)value;
	return fits;
}

static bool window(const char *text, struct boot_options *options)
{
	const char *x = strchr(text, 'x');
	unsigned columns, rows;

	if (!x || !short_number(text, (size_t)(x - text), &columns) ||
	    !short_number(x + 1, strlen(x + 1), &rows))
		return false;
	options->columns = columns;
	options->rows = rows;
	return true;
}

static bool text_value(const char *text, char *to, size_t least)
{
	if (strlen(text) < least || strlen(text) >= INIT_NAME_MAX)
		return false;
	strcpy(to, text);
	return true;
}

/* Words with one value, or a few: a switch each. */
static bool *switch_of(struct boot_options *options, const struct word *word)
{
	const struct {
		const char *name, *value;
		bool *ret;
	} switches[] = {
		{ "latency", "report", &options->latency },
		{ "latency", "places", &options->latency_places },
		{ "ad", "soft", &options->soft_ad },
		{ "commit", "strict", &options->commit_strict },
		{ "console", "plain", &options->plain_console },
		{ "log", "uart1", &options->log_second },
		{ "log", "console", &options->log_shared },
		{ "poweroff", "reboot", &options->reboot },
	};

	for (unsigned i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (strcmp(switches[i].name, word->name) == 0 &&
		    strcmp(switches[i].value, word->value) == 0)
			return switches[i].ret;
	return NULL;
}

static bool thp_mode_of(const char *text, struct boot_options *options)
{
	static const char *const names[] = { "never", "madvise", "always" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		options->thp = i;
		return true;
	}
	return false;
}

/* Seconds that fit into nanoseconds of 63 bits. */
static bool wall_clock(const char *text, struct boot_options *options)
{
	uint64_t seconds;

	if (number(text, &seconds) != 0 || seconds > 9223372036)
		return false;
	options->clock = seconds;
	return true;
}

/* Applies an option. Returns false if the kernel must warn about it. */
static bool apply(struct expected *expected, const struct word *word)
{
	struct boot_options *options = &expected->options;
	bool *on;

	if (!word->value)
		return false;
	if (strcmp(word->name, "loglevel") == 0)
		return level_of(word->value, &expected->level);
	if (strcmp(word->name, "init") == 0)
		return text_value(word->value, options->init, 1);
	if (strcmp(word->name, "test") == 0)
		return text_value(word->value, options->test, 0);
	if (strcmp(word->name, "winsize") == 0)
		return window(word->value, options);
	if (strcmp(word->name, "ports") == 0)
		return short_number(word->value, strlen(word->value), &options->ports);
	if (strcmp(word->name, "seed") == 0)
		return number(word->value, &options->seed) == 0;
	if (strcmp(word->name, "failnth") == 0)
		return number(word->value, &options->fail_nth) == 0;
	if (strcmp(word->name, "preempt") == 0)
		return number(word->value, &options->preempt) == 0;
	if (strcmp(word->name, "clock") == 0)
		return wall_clock(word->value, options);
	if (strcmp(word->name, "thp") == 0)
		return thp_mode_of(word->value, options);
	on = switch_of(options, word);
	if (on)
		return *on = true;
	return false;
}

static void compare_word(const struct cmdline_word *ours, const struct word *theirs)
{
	fuzz_equal(ours->name_len, theirs->name_len);
	fuzz_check(memcmp(ours->name, theirs->name, theirs->name_len) == 0);
	fuzz_check((ours->value == NULL) == (theirs->value == NULL));
	fuzz_equal(ours->value_len, theirs->value_len);
	fuzz_check(!ours->value || memcmp(ours->value, theirs->value, theirs->value_len) == 0);
	fuzz_check(cmdline_is(ours, theirs->name));
}

/* What the whole line says of a name: that is its last word. */
static void compare_get(const char *line, const struct word *last)
{
	char buf[16] = "";
	uint64_t ours = 7, theirs = 7;
	int err = last->value ? number(last->value, &theirs) : EINVAL;

	fuzz_check(cmdline_get(line, last->name, buf, sizeof(buf)));
	fuzz_equal(strlen(buf), last->value_len < 15 ? last->value_len : 15);
	fuzz_check(strncmp(buf, last->value ? last->value : "", 15) == 0);
	fuzz_equal(cmdline_get_u64(line, last->name, &ours), -err);
	fuzz_check(ours == theirs);
}

static void walk(const char *line, struct expected *expected)
{
	const char *cursor = line, *left = line;
	struct cmdline_word ours;
	size_t len;
	char *copy;

	while ((copy = copy_word(&left, &len)) != NULL) {
		struct word theirs = split(copy, len);

		fuzz_check(cmdline_next(&cursor, &ours));
		compare_word(&ours, &theirs);
		expected->bad += !apply(expected, &theirs);
		if (left[strspn(left, " \t\r\n")] == '\0')
			compare_get(line, &theirs);
		free(copy);
	}
	fuzz_check(!cmdline_next(&cursor, &ours));
	fuzz_check(*cursor == '\0');
}

static void sink_write(struct log_sink *sink, const char *s, size_t n)
{
	(void)sink;
	for (size_t i = 0; i + 1 < n; i++)
		fuzz_check((unsigned char)s[i] >= ' ' && s[i] != 0x7f);
	fuzz_check(n < 160 && s[n - 1] == '\n');
	if (probing)
		lines[probe]++;
	else
		warnings++;
}

/* Which levels are shown now? Those up to the one that was asked for. */
static void compare_level(enum log_level expected)
{
	memset(lines, 0, sizeof(lines));
	probing = true;
	for (probe = LOG_ERROR; probe <= LOG_DEBUG; probe++)
		log_write(probe, "fuzz", "probe");
	probing = false;
	for (enum log_level level = LOG_ERROR; level <= LOG_DEBUG; level++)
		fuzz_equal(lines[level], level <= expected);
}

static void start(void)
{
	static struct log_sink sink = { .write = sink_write };

	if (!sink.end) {
		defaults = boot_options;
		log_sink_add(&sink, log_newest());
	}
	boot_options = defaults;
	log_show_level(LOG_INFO);
	warnings = 0;
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	struct expected expected = { .level = LOG_INFO };
	char *line = strndup((const char *)data, size);
	uint64_t none;
	unsigned shown;
	char buf[4];

	start();
	expected.options = defaults;
	walk(line, &expected);
	fuzz_check(!cmdline_get(line, "no=name", buf, sizeof(buf)));
	fuzz_equal(cmdline_get_u64(line, "no=name", &none), -ENOENT);
	boot_options_read(line);
	/* A warning each for the first, and one for the rest; levels on the line may hide some. */
	shown = expected.bad <= NAMED ? expected.bad : NAMED + 1;
	fuzz_check(warnings <= shown);
	if (!strstr(line, "loglevel"))
		fuzz_equal(warnings, shown);
	compare_level(expected.level);
	fuzz_check(strcmp(boot_options.init, expected.options.init) == 0);
	fuzz_check(strcmp(boot_options.test, expected.options.test) == 0);
	fuzz_equal(boot_options.columns, expected.options.columns);
	fuzz_equal(boot_options.rows, expected.options.rows);
	fuzz_equal(boot_options.ports, expected.options.ports);
	fuzz_equal(boot_options.soft_ad, expected.options.soft_ad);
	fuzz_equal(boot_options.commit_strict, expected.options.commit_strict);
	fuzz_equal(boot_options.plain_console, expected.options.plain_console);
	fuzz_equal(boot_options.log_second, expected.options.log_second);
	fuzz_equal(boot_options.log_shared, expected.options.log_shared);
	fuzz_equal(boot_options.reboot, expected.options.reboot);
	fuzz_check(boot_options.clock == expected.options.clock);
	fuzz_equal(boot_options.thp, expected.options.thp);
	fuzz_check(boot_options.seed == expected.options.seed);
	fuzz_check(boot_options.fail_nth == expected.options.fail_nth);
	fuzz_check(boot_options.preempt == expected.options.preempt);
	fuzz_check(boot_options.latency == expected.options.latency &&
		   boot_options.latency_places == expected.options.latency_places);
	free(line);
	return expected.bad == 0;
}
