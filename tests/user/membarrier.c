/* SPDX-License-Identifier: MIT */
/* membarrier: what has to be registered, by whom, and what a barrier is good for. */
#include "thread.h"

#include <linux/membarrier.h>

#define GET_REGISTRATIONS 512

#define KNOWN                                                                                     \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |                                \
	 MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |            \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE | GET_REGISTRATIONS)

static const char *program;

static long membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

static void registrations(const char *who)
{
	say("%s: registered %#lx\n", who, membarrier(GET_REGISTRATIONS));
	TRY(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
	TRY(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE));
}

static int in_a_child(void *unused)
{
	(void)unused;
	registrations("a child");
	return 0;
}

static void *in_a_thread(void *unused)
{
	registrations("a thread");
	return unused;
}

static int after_exec(void *unused)
{
	char *const words[] = { "membarrier", "told", NULL };

	(void)unused;
	execv(program, words);
	return 1;
}

static void commands(void)
{
	say("known: %#lx\n", membarrier(MEMBARRIER_CMD_QUERY) & KNOWN);
	TRY(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 1, 0));
	TRY(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 1, 0));
	TRY(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 77) & MEMBARRIER_CMD_GLOBAL);
	TRY(membarrier(-1));
	TRY(membarrier(3));
	TRY(membarrier(1 << 20));
	TRY(membarrier(MEMBARRIER_CMD_GLOBAL));
	TRY(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED));
	registrations("at first");
	TRY(membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED));
	registrations("global");
	TRY(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
	TRY(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
	registrations("private");
	join(start(in_a_thread, NULL));
	in_child("a child", in_a_child, NULL);
	TRY(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE));
	registrations("code, too");
	in_child("exec", after_exec, NULL);
}

/* ---- each of two sets its flag and looks at the other's: one of them sees it ---- */

#define ROUNDS 2000

static int mine, other, seen[2], round_of[2];

/* The frequent side: a compiler barrier only, as it may be where the other side calls membarrier. */
static void *often(void *unused)
{
	for (int n = 1; n <= ROUNDS; n++) {
		until_flag(&round_of[0], n);
		__atomic_store_n(&mine, n, __ATOMIC_RELAXED);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		seen[0] = __atomic_load_n(&other, __ATOMIC_RELAXED);
		__atomic_store_n(&round_of[1], n, __ATOMIC_SEQ_CST);
	}
	return unused;
}

static void two_flags(void)
{
	pthread_t thread = start(often, NULL);
	int missed = 0;

	for (int n = 1; n <= ROUNDS; n++) {
		__atomic_store_n(&round_of[0], n, __ATOMIC_SEQ_CST);
		__atomic_store_n(&other, n, __ATOMIC_RELAXED);
		membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
		seen[1] = __atomic_load_n(&mine, __ATOMIC_RELAXED);
		until_flag(&round_of[1], n);
		missed += seen[0] != n && seen[1] != n;
	}
	join(thread);
	say("%d rounds in which neither saw the other\n", missed);
}

/* ---- code that one thread writes and another runs ---- */

static uint32_t *code;
static int written, ran;

static void *run(void *unused)
{
	long bad = 0;

	(void)unused;
	for (int n = 1; n <= 100; n++) {
		until_flag(&written, n);
		bad += ((int (*)(void))code)() != n;
		raise_flag(&ran);
	}
	return (void *)bad;
}

static void write_code(const char *how, bool by_barrier)
{
	pthread_t thread;

	written = ran = 0;
	thread = start(run, NULL);
	for (uint32_t n = 1; n <= 100; n++) {
		code[0] = 0x00000513 | n << 20; /* li a0, n */
		code[1] = 0x00008067;		/* ret */
		if (by_barrier)
			MUST(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE));
		else
			__builtin___clear_cache((char *)code, (char *)(code + 2));
		raise_flag(&written);
		until_flag(&ran, (int)n);
	}
	say("%s: %ld times the code of before\n", how, (long)join(thread));
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc > 1) {
		registrations("after exec");
		return 0;
	}
	commands();
	two_flags();
	code = mmap(NULL, PAGE, RW | PROT_EXEC, ANON, -1, 0);
	write_code("flushed", false);
	write_code("by a barrier", true);
	return 0;
}
