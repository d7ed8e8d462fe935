/* SPDX-License-Identifier: MIT */
/* Ways for a program to be killed by its own access: one for each word that may be its argument, or several in turn. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul

static const char constant[64] = "cannot be changed";
static char *volatile hidden; /* what the compiler is not to look through */

static void *map(size_t len, int prot)
{
	return mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void store(volatile char *p)
{
	*p = 1;
}

static int load(volatile char *p)
{
	return *p;
}

static void jump(void *p)
{
	((void (*)(void))p)();
}

static void at_null(void)
{
	store((char *)hidden);
}

static void *run_at_null(void *unused)
{
	at_null();
	return unused;
}

static void in_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_at_null, NULL) == 0)
		pthread_join(thread, NULL);
}

static void near_null(void)
{
	load(hidden + 24);
}

static void call_null(void)
{
	jump(hidden);
}

static void write_text(void)
{
	store((char *)(uintptr_t)at_null);
}

static void write_constant(void)
{
	hidden = (char *)(uintptr_t)constant;
	store(hidden + 8);
}

static void write_mapping(void)
{
	store(map(PAGE, PROT_READ));
}

static void forbidden(void)
{
	load(map(PAGE, PROT_NONE));
}

/* The heap ends at a page's end, 40 bytes below the access. */
static void past_heap(void)
{
	char *end = sbrk(0);

	end = (char *)(((uintptr_t)end + 2 * PAGE) & -PAGE);
	brk(end);
	store(end + 40);
}

static void heap_shrunk(void)
{
	char *start = sbrk((intptr_t)(64 * PAGE));

	start = (char *)(((uintptr_t)start + PAGE) & -PAGE);
	store(start + 32 * PAGE);
	brk(start);
	load(start + 32 * PAGE);
}

static int recurse(volatile char *up)
{
	volatile char room[256] = { up ? up[0] : 0 };

	return room[0] == 1 ? 0 : recurse(room) + room[1]; /* (it never is) */
}

static void stack(void)
{
	recurse(NULL);
}

static void jump_data(void)
{
	static char data[64];

	jump(data);
}

static void jump_heap(void)
{
	jump(sbrk(4096));
}

static void jump_stack(void)
{
	char code[64] = "";

	hidden = code;
	jump(hidden);
}

static void kernel_address(void)
{
	load((char *)-PAGE);
}

static void not_canonical(void)
{
	load((char *)(1ul << 50));
}

static void after_munmap(void)
{
	char *p = map(4 * PAGE, PROT_READ | PROT_WRITE);

	store(p + PAGE);
	munmap(p, 4 * PAGE);
	load(p + PAGE);
}

static void wild(void)
{
	load((char *)0x1234567890ul);
}

static void past_mapping(void)
{
	char *p = mmap((void *)0x2000000000ul, 4 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	store(p + 4 * PAGE + 100);
}

/* 100 bytes of a file, two pages of it mapped. */
static void past_file(void)
{
	int fd = memfd_create("short", 0);
	char *p;

	if (fd < 0 || ftruncate(fd, 100) != 0)
		return;
	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	load(p + PAGE);
}

static void illegal(void)
{
	__asm__ volatile(".4byte 0xffffffff");
}

static void illegal_short(void)
{
	__asm__ volatile(".2byte 0");
}

static void breakpoint(void)
{
	__asm__ volatile(".option push; .option norvc; ebreak; .option pop");
}

/* What reaches no memory aligned or not: an atomic one may not be misaligned. */
static void misaligned(void)
{
	static uint64_t words[2];
	long old;

	hidden = (char *)words + 1;
	__asm__ volatile("amoadd.d %0, %1, (%2)" : "=r"(old) : "r"(1l), "r"(hidden) : "memory");
}

/* Takes all there is. */
static void hog(void)
{
	for (;;)
		memset(map(1 << 20, PROT_READ | PROT_WRITE), 1, 1 << 20);
}

/* A handler returns to the vDSO, which is mapped where the kernel liked. */
static void find_vdso(int sig)
{
	(void)sig;
	hidden = (char *)((uintptr_t)__builtin_return_address(0) & -PAGE);
}

static char *vdso_page(void)
{
	signal(SIGUSR1, find_vdso);
	raise(SIGUSR1);
	return hidden;
}

static void write_vdso(void)
{
	store(vdso_page() + 8);
}

static void before_vdso(void)
{
	store(vdso_page() - PAGE - 100); /* the page of its data is between */
}

static void jump_vdso(void)
{
	char *page = vdso_page();

	mprotect(page, PAGE, PROT_READ);
	jump(page);
}

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {
	{ "null", at_null },
	{ "in_thread", in_thread },
	{ "near_null", near_null },
	{ "call_null", call_null },
	{ "text", write_text },
	{ "constant", write_constant },
	{ "mapping", write_mapping },
	{ "forbidden", forbidden },
	{ "past_heap", past_heap },
	{ "heap_shrunk", heap_shrunk },
	{ "stack", stack },
	{ "jump_data", jump_data },
	{ "jump_heap", jump_heap },
	{ "jump_stack", jump_stack },
	{ "kernel", kernel_address },
	{ "not_canonical", not_canonical },
	{ "after_munmap", after_munmap },
	{ "wild", wild },
	{ "past_mapping", past_mapping },
	{ "past_file", past_file },
	{ "illegal", illegal },
	{ "illegal_short", illegal_short },
	{ "breakpoint", breakpoint },
	{ "misaligned", misaligned },
	{ "write_vdso", write_vdso },
	{ "before_vdso", before_vdso },
	{ "jump_vdso", jump_vdso },
	{ "hog", hog },
};

/* Dies in each of these ways, in a new process each, and prints how it ended as a shell's number. */
static int die_in_turn(char *name, char **words)
{
	for (; *words; words++) {
		char *argv[] = { name, *words, NULL };
		int status = 0;
		pid_t pid = fork();

		if (pid == 0) {
			execv(name, argv);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 1;
		printf("%s %d\n", *words,
		       WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2)
		return die_in_turn(argv[0], argv + 1);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (argc > 1 && strcmp(argv[1], ways[i].name) == 0)
			ways[i].run();
	printf("dies: still alive\n");
	return 99;
}
