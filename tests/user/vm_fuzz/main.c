/* SPDX-License-Identifier: MIT */
/* R90 R91 R92 R93 R94 R95 R100: random sequences of the mmap family, which must come to the same as on Linux.
 *
 * vm_fuzz SEED STEPS [WORD...]: a hash of all results, signals and visible memory every 100 steps, then totals.
 * Words: verbose: a line for each result; quiet: only the last hash; only=LIST, but=LIST: steps to take, or to leave
 * out, like 1-5,8,12.3 (12.3 is the third step of the child that step 12 makes; `only` leaves these be);
 * plant=STEP: that step's results are altered, as a difference to be found; wide: the arena is some MiB, with huge pages where the
 * kernel makes some; swaps: nothing is locked or may be dropped, so that it comes to the same with little memory and a swap disk;
 * faults: memory is registered with a userfaultfd, whose faults are SIGBUS;
 * watched: a second thread reads all the while, which changes nothing.
 * vm_fuzz -: each line of standard input is such a list of arguments, and a run of its own.
 */
#include "vm_fuzz.h"

#define MOST_LINE (1u << 20)

static struct plan plan;
static bool watched;

static bool is_word(const char *text, const char *word, const char **rest)
{
	size_t n = strlen(word);

	*rest = text + n;
	return strncmp(text, word, n) == 0;
}

/* 12.3.1 as a path; *text goes behind it. */
static uint64_t parse_path(const char **text)
{
	char *end;
	uint64_t path = strtoul(*text, &end, 10);

	for (unsigned depth = 1; *end == '.'; depth++)
		path = SUB_PATH(path, depth, strtoul(end + 1, &end, 10) & 0xff);
	*text = end;
	return path;
}

static void leave(const char *list, unsigned char left)
{
	while (*list) {
		uint64_t first = parse_path(&list), last = first;

		if (*list == '-') {
			list++;
			last = parse_path(&list);
		}
		if (first >= MOST_STEPS) {
			if (plan.nleft_subs < MOST_SUBS)
				plan.left_subs[plan.nleft_subs++] = first;
		} else {
			for (uint64_t i = first; i <= last && i < MOST_STEPS; i++)
				plan.left[i] = left;
		}
		if (*list++ != ',')
			break;
	}
}

static bool parse_word(const char *word)
{
	const char *rest;

	if (strcmp(word, "verbose") == 0) {
		verbose = true;
	} else if (strcmp(word, "quiet") == 0) {
		plan.quiet = true;
	} else if (strcmp(word, "wide") == 0) {
		wide = true;
	} else if (strcmp(word, "watched") == 0) {
		watched = true;
	} else if (strcmp(word, "faults") == 0) {
		faults = true;
	} else if (strcmp(word, "swaps") == 0) {
		swaps = true;
	} else if (is_word(word, "only=", &rest)) {
		memset(plan.left, 1, plan.steps + 1);
		leave(rest, 0);
	} else if (is_word(word, "but=", &rest)) {
		leave(rest, 1);
	} else if (is_word(word, "plant=", &rest)) {
		plant = (int)strtoul(rest, NULL, 10);
	} else {
		return false;
	}
	return true;
}

static int run(char **words)
{
	if (!words[0] || !words[1])
		return 2;
	plan.seed = strtoul(words[0], NULL, 10);
	plan.steps = (unsigned)strtoul(words[1], NULL, 10);
	if (plan.steps >= MOST_STEPS)
		return 2;
	for (words += 2; *words; words++)
		if (!parse_word(*words))
			return 2;
	tally_begin();
	arena_begin();
	files_begin();
	access_begin();
	huge_begin();
	faults_begin();
	if (watched)
		watch_begin();
	steps_run(&plan);
	huge_end();
	if (!plan.quiet)
		tally_print();
	return 0;
}

/* One run, in a process that knows nothing of the others. */
static int run_line(char *line)
{
	char *words[16];
	unsigned n = 0;
	int status;

	for (char *word = strtok(line, " \n"); word && n < 15; word = strtok(NULL, " \n"))
		words[n++] = word;
	words[n] = NULL;
	if (fork() == 0)
		_exit(run(words));
	if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		ended("run", status);
	return 0;
}

static int run_lines(void)
{
	static char line[MOST_LINE];
	size_t n = 0;

	for (unsigned number = 1; read(STDIN_FILENO, &line[n], 1) == 1;) {
		if (line[n++] != '\n' && n + 1 < MOST_LINE)
			continue;
		line[n] = '\0';
		say("run %u\n", number++);
		(void)run_line(line);
		n = 0;
	}
	say("all\n");
	return 0;
}

int main(int argc, char **argv)
{
	heap_begin();
	if (argc == 2 && strcmp(argv[1], "-") == 0)
		return run_lines();
	return run(argv + 1);
}
