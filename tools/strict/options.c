/* SPDX-License-Identifier: MIT */
/* Reads the options, and makes random numbers. */
#include "options.h"

#include "lib/cmdline.h"
#include "lib/string.h"
#include "strict.h"

#define MOST_FINDINGS 10

struct options options = {
	.negative = true,
	.speculate = 2,
	.evict = 1000,
	.ad = AD_SPECULATIVE,
	.asid_bits = 16,
	.witness = true,
	.findings = MOST_FINDINGS,
	.seed = 1,
};

#define STATUS_USAGE 2

static __attribute__((noreturn)) void refuse(const struct cmdline_word *word)
{
	say("strict: no such option: '%.*s'. There are negative, speculate=N, evict=N, ad=hw|fault|spec, asid=BITS, witness, promise, findings=N, seed=N\n",
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

static void option_set(const struct cmdline_word *word)
{
	if (cmdline_is(word, "negative") && !word->value)
		options.negative = true;
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
	else if (cmdline_is(word, "asid"))
		options.asid_bits = (unsigned)number_of(word, 16);
	else if (cmdline_is(word, "findings"))
		options.findings = (unsigned)number_of(word, 1000000);
	else if (cmdline_is(word, "seed"))
		options.seed = number_of(word, ~0ul >> 1);
	else
		refuse(word);
}

void options_read(void)
{
	char text[OPTIONS_SIZE];
	const char *cursor = text;
	struct cmdline_word word;
	bool seed_only = true;

	memcpy(text, (const char *)OPTIONS_AT, sizeof(text));
	text[sizeof(text) - 1] = 0;
	for (char *c = text; *c; c++)
		if (*c == ',' || *c == '\n')
			*c = ' ';
	while (cmdline_next(&cursor, &word))
		seed_only = seed_only && cmdline_is(&word, "seed");
	if (!seed_only)
		options = (struct options){ .asid_bits = 16, .findings = MOST_FINDINGS, .seed = 1 };
	for (cursor = text; cmdline_next(&cursor, &word);)
		option_set(&word);
}

void options_say(void)
{
	say("strict: ");
	if (options.negative)
		say("negative, ");
	if (options.speculate)
		say("speculate=%u, ", options.speculate);
	if (options.evict)
		say("evict=%lu, ", options.evict);
	if (options.witness)
		say("witness, ");
	if (options.promise)
		say("promise, ");
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
