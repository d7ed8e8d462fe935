/* SPDX-License-Identifier: MIT */
/* What is written to shared folders when the machine goes off, and how much may wait for that (R80, R92, R143). */

/*
 * power_off VERB ARGUMENT...: does one of the verbs at the end. It says what is wrong, and at last "power_off: ok" if
 * nothing is.
 */
#define _GNU_SOURCE
#include "asleep.h"
#include "processes.h"
#include "share.h"
#include "verbs.h"

#include <stdbool.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define TOLD 300 /* so many numbers, before it ends */

/* FILE: a process goes on writing numbers to it when this one ends. Each is told once it is written. */
static void do_write_on(char **argv)
{
	volatile uint64_t *told =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open(argv[0], O_CREAT | O_WRONLY, 0644);

	if (fork() == 0)
		for (uint64_t number = 0;; number++) {
			expect("write", sizeof(number), write(fd, &number, sizeof(number)));
			dprintf(STDOUT_FILENO, "%lu\n", number);
			*told = number;
		}
	while (*told < TOLD)
		usleep(1000);
}

/* DIRECTORY: the mount is taken out of the tree while a file of it has bytes that the server lacks. */
static void do_detach(char **argv)
{
	static uint8_t bytes[40 * 4096];
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/file", argv[0]);
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	for (size_t at = 0; at < sizeof(bytes); at++)
		bytes[at] = (uint8_t)(at * 7 + at / PAGE);
	expect("write", sizeof(bytes), write(fd, bytes, sizeof(bytes)));
	expect("umount", 0, umount2(argv[0], MNT_DETACH));
}

/* Stores to one page of a file after the other, and counts them. */
_Noreturn static void store_on(const char *path, volatile unsigned long *count)
{
	const size_t n = 1ul << 28;
	uint8_t *mem = map_to_store(path, n);

	raise(SIGSTOP); /* until the servers are silent */
	for (size_t at = 0; at < n; at += PAGE) {
		mem[at] = 1;
		++*count;
	}
	_exit(1);
}

#define PLACES_MAX 8
#define EACH \
	64ul /* so many pages may be dirty of each mount, however many there are of the others */

static bool all_have(const volatile unsigned long *counts, unsigned n, unsigned long each)
{
	for (unsigned i = 0; i < n; i++)
		if (counts[i] < each)
			return false;
	return true;
}

static unsigned long sum(const volatile unsigned long *counts, unsigned n)
{
	unsigned long total = 0;

	for (unsigned i = 0; i < n; i++)
		total += counts[i];
	return total;
}

static unsigned long pages_of_memory(void)
{
	unsigned long kib = 0;
	FILE *file = fopen("/proc/meminfo", "r");

	expect("MemTotal", 1, fscanf(file, "MemTotal: %lu kB", &kib));
	fclose(file);
	return kib / 4;
}

/*
 * FILE...: each is of another server, and all servers are silent. Processes store until they have to wait, each to one
 * file: there are no more dirty pages together than a quarter of memory and some of each, and some of each there are.
 */
static void do_many(char **argv)
{
	volatile unsigned long *counts =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const unsigned long most = pages_of_memory() / 4;
	pid_t children[PLACES_MAX];
	unsigned long before;
	unsigned n = 0;

	for (; n < PLACES_MAX && argv[n]; n++) {
		children[n] = fork();
		if (children[n] == 0)
			store_on(argv[n], &counts[n]);
		waitpid(children[n], NULL, WUNTRACED);
	}
	expect("who is stopped", n, signal_processes("hostfs", SIGSTOP));
	for (unsigned i = 0; i < n; i++)
		kill(children[i], SIGCONT);
	while (!all_have(counts, n, EACH) || sum(counts, n) < most)
		usleep(10000);
	do {
		before = sum(counts, n);
		until_asleep(children, n);
	} while (sum(counts, n) != before);
	expect("too many dirty pages", 0, sum(counts, n) > most + n * EACH + EACH);
	for (unsigned i = 0; i < n; i++)
		kill(children[i], SIGKILL);
	expect("who goes on", n, signal_processes("hostfs", SIGCONT));
}

/* FILE: the server does not answer any more, and has not got all bytes. */
static void do_silent(char **argv)
{
	static const uint8_t bytes[40 * PAGE] = { 1 };
	int fd = open(argv[0], O_CREAT | O_WRONLY, 0644);

	expect("who is stopped", 1, signal_processes("hostfs", SIGSTOP));
	expect("write", sizeof(bytes), write(fd, bytes, sizeof(bytes)));
}

/* FILE: it is of more bytes than the server takes before the machine has to be off. */
static void do_slow(char **argv)
{
	static uint8_t bytes[8192 * PAGE];
	int fd = open(argv[0], O_CREAT | O_WRONLY, 0644);

	memset(bytes, 1, sizeof(bytes));
	expect("write", sizeof(bytes), write(fd, bytes, sizeof(bytes)));
}

static const struct verb verbs[] = { { "write-on", do_write_on, false },
				     { "detach", do_detach, false },
				     { "silent", do_silent, false },
				     { "slow", do_slow, false },
				     { "many", do_many, false } };

int main(int argc, char **argv)
{
	return do_verb(verbs, sizeof(verbs) / sizeof(verbs[0]), "power_off", argv);
}
