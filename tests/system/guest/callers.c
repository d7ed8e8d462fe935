/* SPDX-License-Identifier: MIT */
/* Ways to be killed in a function that others have called: one for each word that may be its argument, or several in turn. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART __attribute__((noinline, noclone, noipa))

static char *volatile low = (char *)8; /* no pointer; the compiler is not to see that */
static volatile size_t kept;
static volatile uint64_t secret = 0x5ec2e7;
static void *volatile nowhere;

APART static size_t measure(const char *text)
{
	size_t len = strlen(text);

	return len + kept;
}

static void in_strlen(void)
{
	kept = measure(low);
}

APART static void copy(char *to, const char *from, size_t len)
{
	memcpy(to, from, len);
	kept++;
}

static void in_memcpy(void)
{
	char buf[64];

	copy(buf, low, sizeof(buf) - 1 + kept);
	kept += (size_t)buf[1];
}

static void in_printf(void)
{
	printf("%s %zu\n", low, kept);
	kept++;
}

APART static size_t measure_copy(size_t len)
{
	char copy[len + 16];

	memset(copy, 'a', len);
	return strlen(low) + strlen(copy);
}

static void in_array(void)
{
	kept = measure_copy(kept + 3000) + 1;
}

APART static size_t measure_large(void)
{
	char large[20000];

	memset(large, (int)kept, sizeof(large));
	return measure(low) + (size_t)large[kept];
}

static void in_large_frame(void)
{
	kept = measure_large() + 1;
}

static void handle(int sig)
{
	kept = measure(low) + (size_t)sig;
}

APART static void interrupted(void)
{
	raise(SIGUSR1);
	kept++;
}

static void in_handler(void)
{
	signal(SIGUSR1, handle);
	interrupted();
	kept++;
}

static void handle_fault(int sig)
{
	kept = measure(low) + (size_t)sig;
}

/* A signal that comes in the midst of a function. */
static void in_fault_handler(void)
{
	signal(SIGSEGV, SIG_DFL);
	signal(SIGILL, handle_fault);
	__asm__ volatile(".word 0xffffffff" ::: "memory");
	kept++;
}

static void *run_thread(void *text)
{
	kept = measure(text);
	return NULL;
}

static void in_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_thread, low) == 0)
		pthread_join(thread, NULL);
}

/* The return address goes, and much above it. */
APART static void smash(size_t value)
{
	volatile uint64_t words[2];
	volatile uint64_t *word = words;

	for (unsigned i = 0; i < 64; i++)
		word[i] = value;
	kept = words[1];
}

static void in_smashed(void)
{
	smash(0x4141414141414141);
	kept++;
}

/* The stack says that a function has called itself over and over, at the same place. */
static void in_loop(void)
{
	volatile uint64_t words[2];
	volatile uint64_t *word = words;

	for (unsigned i = 0; i < 64; i++)
		word[i] = (uint64_t)(uintptr_t)__builtin_return_address(0);
	kept = measure(low) + words[1];
}

#pragma GCC diagnostic ignored "-Winfinite-recursion"
APART static size_t recurse(size_t depth)
{
	volatile char some[100];

	some[depth % 100] = 1;
	return recurse(depth + 1) + (size_t)some[0];
}

static void in_recursion(void)
{
	kept = recurse(0);
}

static void in_null_call(void)
{
	((void (*)(void))nowhere)();
	kept++;
}

static void in_spin(void)
{
	for (;;)
		kept++;
}

/* Processes of one program die one after the other. */
static void in_many(void)
{
	for (unsigned i = 0; i < 60; i++) {
		pid_t pid = fork();

		if (pid == 0)
			in_strlen();
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			_exit(1);
	}
}

static const struct way {
	const char *name;
	void (*run)(void);
} ways[] = {
	{ "strlen", in_strlen },
	{ "memcpy", in_memcpy },
	{ "printf", in_printf },
	{ "array", in_array },
	{ "large", in_large_frame },
	{ "handler", in_handler },
	{ "fault_handler", in_fault_handler },
	{ "thread", in_thread },
	{ "smashed", in_smashed },
	{ "loop", in_loop },
	{ "recursion", in_recursion },
	{ "null_call", in_null_call },
	{ "many", in_many },
	{ "spin", in_spin }, /* but this one only takes long */
};

APART static void choose(const char *name)
{
	volatile uint64_t words[2] = { secret, secret * 2 }; /* no report has them */

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(name, ways[i].name) == 0)
			ways[i].run();
	kept = words[0];
}

int main(int argc, char **argv)
{
	for (char **word = argv + 1; argc > 2 && *word; word++) {
		char *const words[] = { argv[0], *word, NULL };
		pid_t pid = fork();

		if (pid == 0) {
			execv(argv[0], words);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	if (argc == 2)
		choose(argv[1]);
	return 0;
}
