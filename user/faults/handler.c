/* SPDX-License-Identifier: MIT */
/* What the programs of faults.h share: the SIGSEGV handler, reserved memory, random numbers. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "faults.h"

#define STACK_SIZE 65536

static bool (*served_by)(char *page);
static volatile long handled;
static struct sigaction before;
static char stack[STACK_SIZE];

void faults_die(const char *doing)
{
	perror(doing);
	exit(1);
}

/* On return the instruction runs again. With SIG_DFL its next fault kills the program. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & -PAGE);

	(void)context;
	if (served_by(page))
		handled++;
	else
		signal(sig, SIG_DFL);
}

void faults_handle(bool (*serve)(char *page))
{
	const stack_t own = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	served_by = serve;
	handled = 0;
	if (sigaltstack(&own, NULL) != 0 || sigaction(SIGSEGV, &action, &before) != 0)
		faults_die("sigaction");
}

long faults_handled(void)
{
	return handled;
}

void faults_handle_end(void)
{
	const stack_t none = { .ss_flags = SS_DISABLE };

	sigaction(SIGSEGV, &before, NULL);
	sigaltstack(&none, NULL);
}

char *faults_reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		faults_die("mmap");
	return p;
}

/* xorshift64* */
uint64_t faults_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}
