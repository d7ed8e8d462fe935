/* SPDX-License-Identifier: MIT */
/* Feeds a fuzzer: every input of its corpus, then as many mutations of them as asked for. */

/*
 * usage: fuzz-NAME CORPUS EXECUTIONS SEED CURRENT
 * The input under way always lies in the file CURRENT, however the process ends. The last line of the
 * output is for fuzz.py.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz.h"
#include "mutate.h"

#define INPUTS_MAX    4096
#define CURRENT_BYTES (1u << 20)
#define HANG_SECONDS  20
#define HANG_LOOK     256u /* executions that have so long */

static struct fuzz_corpus corpus;
static uint8_t *current;
static int current_fd;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static struct fuzz_input read_input(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY);
	struct fuzz_input input;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size > CURRENT_BYTES - 4)
		die(name);
	input.size = (size_t)st.st_size;
	input.data = malloc(input.size + 1);
	if (!input.data || read(fd, input.data, input.size) != (ssize_t)input.size)
		die(name);
	close(fd);
	return input;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* All files of a folder, by name. */
static struct fuzz_input *read_folder(const char *path, const char *below, size_t *n_ret)
{
	struct fuzz_input *inputs = calloc(INPUTS_MAX, sizeof(*inputs));
	struct dirent **names;
	char folder[4096];
	int n, fd;

	snprintf(folder, sizeof(folder), "%s/%s", path, below);
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	n = scandir(folder, &names, is_visible, alphasort);
	if (fd < 0 || n < 0 || n > INPUTS_MAX || !inputs)
		die(folder);
	for (int i = 0; i < n; i++) {
		inputs[i] = read_input(fd, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	close(fd);
	*n_ret = (size_t)n;
	return inputs;
}

static void open_current(const char *path)
{
	current_fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
	if (current_fd < 0 || ftruncate(current_fd, CURRENT_BYTES) != 0)
		die(path);
	current = mmap(NULL, CURRENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, current_fd, 0);
	if (current == MAP_FAILED)
		die(path);
}

/* Ends the process some seconds of its own time later: a busy machine is no hang. */
static void watch(void)
{
	const struct itimerval timer = { .it_value = { .tv_sec = HANG_SECONDS } };

	setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

/* The size goes in front. */
static bool run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	uint32_t n = (uint32_t)size;
	bool accepted;

	if (!copy)
		die("malloc");
	memcpy(current, &n, sizeof(n));
	if (size)
		memcpy(current + sizeof(n), data, size);
	if (size)
		memcpy(copy, data, size);
	accepted = fuzz_one(copy, size);
	free(copy);
	return accepted;
}

int main(int argc, char **argv)
{
	static uint8_t made[FUZZ_SIZE_MAX];
	size_t executions, taken = 0, good = 0;

	if (argc != 5)
		return 2;
	corpus.inputs = read_folder(argv[1], "inputs", &corpus.ninputs);
	corpus.words = read_folder(argv[1], "words", &corpus.nwords);
	executions = strtoul(argv[2], NULL, 0);
	fuzz_seed(strtoull(argv[3], NULL, 0));
	open_current(argv[4]);
	watch();
	for (size_t i = 0; i < corpus.ninputs; i++) {
		corpus.inputs[i].good = run(corpus.inputs[i].data, corpus.inputs[i].size);
		good += corpus.inputs[i].good;
	}
	for (size_t i = 0; i < executions && corpus.ninputs > 0; i++) {
		if (i % HANG_LOOK == 0)
			watch();
		taken += run(made, fuzz_mutate(&corpus, made));
	}
	printf("inputs %zu good %zu executions %zu accepted %zu\n", corpus.ninputs, good,
	       executions, taken);
	return unlink(argv[4]);
}
