/* SPDX-License-Identifier: MIT */
/* Reads the options, and makes random numbers. */
#include "options.h"

#include "lib/cmdline.h"
#include "lib/string.h"
#include "harts.h"

#define MOST_ID_STEP 100u /* an id has three digits in the device tree */

#define MOST_FINDINGS	 10
#define MACHINE_DEFAULTS .seed = 1, .harts = 1, .id_step = 1, .slice = 20, .eager = 16

struct options options = {
	.negative = true,
	.speculate = 2,
	.evict = 1000,
	.ad = AD_SPECULATIVE,
	.asid_bits = 16,
	.witness = true,
	.findings = MOST_FINDINGS,
	MACHINE_DEFAULTS,
};

#define STATUS_USAGE 2

static __attribute__((noreturn)) void refuse(const struct cmdline_word *word)
{
	say("strict: no such option: '%.*s'. There are negative, upper, speculate=N, evict=N, ad=hw|fault|spec, witness, promise, findings=N, seed=N, asid=BITS, harts=N, ids=N, boot=N, contexts, astray, silent, odd, count, lacks=hsm|ipi|rfence, switch=N, eager=N\n",
	    (int)word->name_len, word->name);
	power_off_with(STATUS_USAGE);
}

static uint64_t number_of(const struct cmdline_word *word, uint64_t most)
{
	uint64_t number = 0;

	if (word->value_len == 0 || word->value_len > 18)
		refuse(word);
	for (size_t i = 0; i < word->value_len; i++) {
		if (word->value[i] < '0' || word->value[i] > '9')
			refuse(word);
		number = number * 10 + (uint64_t)(word->value[i] - '0');
	}
	if (number > most)
		refuse(word);
	return number;
}

static const char *const ad_names[] = { "hw", "fault", "spec" };

static enum ad ad_of(const struct cmdline_word *word)
{
	for (unsigned i = 0; i < sizeof(ad_names) / sizeof(ad_names[0]); i++)
		if (word->value_len == strlen(ad_names[i]) &&
		    memcmp(word->value, ad_names[i], word->value_len) == 0)
			return (enum ad)i;
	refuse(word);
}

static const char *const lack_names[LACKS] = { "hsm", "ipi", "rfence" };

static unsigned lack_of(const struct cmdline_word *word)
{
	for (unsigned i = 0; i < LACKS; i++)
		if (word->value_len == strlen(lack_names[i]) &&
		    memcmp(word->value, lack_names[i], word->value_len) == 0)
			return 1u << i;
	refuse(word);
}

/* What the machine is, as opposed to what it does. Returns false if the word is none of these. */
static bool machine_option_set(const struct cmdline_word *word)
{
	if (cmdline_is(word, "seed"))
		options.seed = number_of(word, ~0ul >> 1);
	else if (cmdline_is(word, "asid"))
		options.asid_bits = (unsigned)number_of(word, 16);
	else if (cmdline_is(word, "harts"))
		options.harts = (unsigned)number_of(word, MAX_HARTS);
	else if (cmdline_is(word, "boot"))
		options.boot_hart = (unsigned)number_of(word, MAX_HARTS - 1);
	else if (cmdline_is(word, "contexts") && !word->value)
		options.contexts = true;
	else if (cmdline_is(word, "astray") && !word->value)
		options.astray = true;
	else if (cmdline_is(word, "silent") && !word->value)
		options.silent = true;
	else if (cmdline_is(word, "odd") && !word->value)
		options.odd = true;
	else if (cmdline_is(word, "count") && !word->value)
		options.count = true;
	else if (cmdline_is(word, "lacks"))
		options.lacks |= lack_of(word);
	else if (cmdline_is(word, "ids"))
		options.id_step = (unsigned)number_of(word, MOST_ID_STEP);
	else if (cmdline_is(word, "switch"))
		options.slice = (unsigned)number_of(word, 1000000);
	else if (cmdline_is(word, "eager"))
		options.eager = (unsigned)number_of(word, 1000000);
	else
		return false;
	if (options.harts && options.id_step && options.slice)
		return true;
	refuse(word);
}

static void option_set(const struct cmdline_word *word)
{
	if (cmdline_is(word, "negative") && !word->value)
		options.negative = true;
	else if (cmdline_is(word, "upper") && !word->value)
		options.negative = options.upper = true;
	else if (cmdline_is(word, "speculate"))
		options.speculate = (unsigned)number_of(word, 64);
	else if (cmdline_is(word, "witness") && !word->value)
		options.witness = true;
	else if (cmdline_is(word, "promise") && !word->value)
		options.promise = true;
	else if (cmdline_is(word, "evict"))
		options.evict = number_of(word, ~0ul >> 1);
	else if (cmdline_is(word, "ad"))
		options.ad = ad_of(word);
	else if (cmdline_is(word, "findings"))
		options.findings = (unsigned)number_of(word, 1000000);
	else if (!machine_option_set(word))
		refuse(word);
}

void options_read(void)
{
	char text[OPTIONS_SIZE];
	const char *cursor = text;
	struct cmdline_word word;
	bool all = true;

	memcpy(text, (const char *)OPTIONS_AT, sizeof(text));
	text[sizeof(text) - 1] = 0;
	for (char *c = text; *c; c++)
		if (*c == ',' || *c == '\n')
			*c = ' ';
	while (cmdline_next(&cursor, &word))
		all = machine_option_set(&word) && all;
	if (!all)
		options = (struct options){ .asid_bits = 16,
					    .findings = MOST_FINDINGS,
					    MACHINE_DEFAULTS };
	for (cursor = text; cmdline_next(&cursor, &word);)
		option_set(&word);
	if (options.boot_hart >= options.harts) {
		say("strict: boot=%u: there are %u harts, from 0 on\n", options.boot_hart,
		    options.harts);
		power_off_with(STATUS_USAGE);
	}
}

void options_say(void)
{
	say("strict: ");
	if (options.negative)
		say("negative, ");
	if (options.upper)
		say("upper, ");
	if (options.speculate)
		say("speculate=%u, ", options.speculate);
	if (options.evict)
		say("evict=%lu, ", options.evict);
	if (options.witness)
		say("witness, ");
	if (options.promise)
		say("promise, ");
	if (options.harts > 1)
		say("harts=%u, ids=%u, boot=%u, switch=%u, eager=%u, ", options.harts,
		    options.id_step, options.boot_hart, options.slice, options.eager);
	if (options.contexts)
		say("contexts, ");
	if (options.astray)
		say("astray, ");
	if (options.silent)
		say("silent, ");
	if (options.odd)
		say("odd, ");
	if (options.count)
		say("count, ");
	for (unsigned i = 0; i < LACKS; i++)
		if (options.lacks >> i & 1)
			say("lacks=%s, ", lack_names[i]);
	say("ad=%s, asid=%u, seed=%lu\n", ad_names[options.ad], options.asid_bits, options.seed);
}

/* xorshift64*, by Marsaglia and Vigna. */
uint64_t random_below(uint64_t n)
{
	static uint64_t state;

	if (!state)
		state = options.seed * 0x9e3779b97f4a7c15ul | 1;
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dul >> 16) % n;
}
