/* SPDX-License-Identifier: MIT */
/* wc and grep: commands that read text. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh/builtin.h"
#include "sh/options.h"
#include "sh/pattern.h"

#define MISUSE 2

static int text_refused(const char *command, const char *name)
{
	dprintf(STDERR_FILENO, "sh: %s: %s: %s\n", command, name, strerror(errno));
	return MISUSE;
}

/* ---- wc ---- */

enum { WC_LINES, WC_WORDS, WC_BYTES, WC_COUNTS };

static int count_text(FILE *file, unsigned long *counts)
{
	bool in_word = false;
	int byte;

	while ((byte = getc(file)) != EOF) {
		counts[WC_BYTES]++;
		counts[WC_LINES] += byte == '\n';
		counts[WC_WORDS] += !in_word && !isspace(byte);
		in_word = !isspace(byte);
	}
	return ferror(file);
}

static void show_counts(const unsigned long *counts, const bool *wanted, const char *name)
{
	for (int i = 0; i < WC_COUNTS; i++)
		if (wanted[i])
			printf("%8lu", counts[i]);
	printf("%s%s\n", *name ? " " : "", name);
}

static int count_text_file(const char *name, const bool *wanted, unsigned long *sums)
{
	unsigned long counts[WC_COUNTS] = { 0 };
	FILE *file = *name ? fopen(name, "r") : stdin;
	int failed;

	if (!file)
		return text_refused("wc", name);
	failed = count_text(file, counts) ? text_refused("wc", *name ? name : "standard input") : 0;
	show_counts(counts, wanted, name);
	for (int i = 0; i < WC_COUNTS; i++)
		sums[i] += counts[i];
	if (file != stdin)
		fclose(file);
	return failed;
}

int text_wc(int argc, char **argv)
{
	bool wanted[WC_COUNTS] = { false };
	unsigned long sums[WC_COUNTS] = { 0 };
	int first = options_take(argv, "lwc", wanted, "wc [-lwc] [FILE...]"), status = 0;

	if (first < 0)
		return MISUSE;
	if (!wanted[WC_LINES] && !wanted[WC_WORDS] && !wanted[WC_BYTES])
		wanted[WC_LINES] = wanted[WC_WORDS] = wanted[WC_BYTES] = true;
	if (first == argc)
		return count_text_file("", wanted, sums);
	for (int i = first; i < argc; i++)
		status |= count_text_file(argv[i], wanted, sums);
	if (argc - first > 1)
		show_counts(sums, wanted, "total");
	return status;
}

/* ---- grep ---- */

enum { GREP_ANY_CASE, GREP_OTHERS, GREP_NUMBERS, GREP_COUNT, GREP_FIXED, GREP_OPTIONS };

struct search {
	const char *pattern;
	bool options[GREP_OPTIONS];
	bool names; /* print the file's name: there are several files */
	bool found;
	bool failed;
};

static bool found_in(const struct search *search, const char *line)
{
	if (!search->options[GREP_FIXED])
		return pattern_matches(search->pattern, line, search->options[GREP_ANY_CASE]);
	return search->options[GREP_ANY_CASE] ? strcasestr(line, search->pattern)
					      : strstr(line, search->pattern);
}

static void show_found(const struct search *search, const char *name, unsigned long number,
		       const char *line)
{
	if (search->names)
		printf("%s:", name);
	if (search->options[GREP_NUMBERS])
		printf("%lu:", number);
	puts(line);
}

static void search_lines(struct search *search, FILE *file, const char *name)
{
	unsigned long number = 0, matches = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, file)) >= 0) {
		number++;
		if (n > 0 && line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (found_in(search, line) == search->options[GREP_OTHERS])
			continue;
		matches++;
		if (!search->options[GREP_COUNT])
			show_found(search, name, number, line);
	}
	free(line);
	if (search->options[GREP_COUNT] && search->names)
		printf("%s:", name);
	if (search->options[GREP_COUNT])
		printf("%lu\n", matches);
	search->found |= matches > 0;
	search->failed |= ferror(file) && text_refused("grep", name);
}

static void search_file(struct search *search, const char *name)
{
	FILE *file = fopen(name, "r");

	if (!file) {
		search->failed = text_refused("grep", name);
		return;
	}
	search_lines(search, file, name);
	fclose(file);
}

int text_grep(int argc, char **argv)
{
	static const char usage[] = "grep [-ivncF] PATTERN [FILE...]";
	struct search search = { 0 };
	int first = options_take(argv, "ivncF", search.options, usage);

	if (first == argc)
		dprintf(STDERR_FILENO, "usage: %s\n", usage);
	if (first < 0 || first == argc)
		return MISUSE;
	search.pattern = argv[first++];
	search.names = argc - first > 1;
	if (first == argc)
		search_lines(&search, stdin, "standard input");
	for (int i = first; i < argc; i++)
		search_file(&search, argv[i]);
	return search.failed ? MISUSE : search.found ? 0 : 1;
}
