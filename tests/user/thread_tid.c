/* SPDX-License-Identifier: MIT */
/* R150. The word that is cleared when a thread ends, in any memory: none of it harms the others. */
#include "thread.h"

#include <linux/futex.h>

#define A_THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static pid_t tid;
static int go;
static void *word_of_next;

static char *stack;

static int end(void *unused)
{
	(void)unused;
	until_flag(&go, 1);
	return 0;
}

/* glibc's own threads need their words, so these are made by clone. */
static long begin(void *word)
{
	go = 0;
	tid = clone(end, stack + 16 * PAGE, A_THREAD | CLONE_CHILD_CLEARTID, NULL, NULL, NULL,
		    word);
	return tid;
}

static void let_it_end(void)
{
	raise_flag(&go);
	while (syscall(SYS_tgkill, getpid(), tid, 0) == 0)
		sched_yield();
}

static void in(const char *what, void *word)
{
	say("%s: %d\n", what, begin(word) > 0);
	let_it_end();
}

static void kinds(void)
{
	char *p = anon(3 * PAGE), *hole = before_hole(1) + PAGE;
	int *shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int *locked = (int *)anon(PAGE), *file;
	int fd = open("word", O_RDWR | O_CREAT | O_TRUNC, 0600);
	pid_t word = -1;

	in("a good one", &word);
	say("now %d\n", word);
	in("null", NULL);
	in("a hole", hole);
	in("the kernel", (void *)0xffffffc000000000);
	in("no address", (void *)0xdeadbeefdeadbee0);
	memset(p, 0xff, 16);
	in("misaligned by 1", p + 1);
	say("%zu bytes are not 0xff\n", not_all(p, 16, (char)0xff));
	memset(p, 0xff, 16);
	in("misaligned by 2", p + 2);
	say("%zu bytes are not 0xff\n", not_all(p, 16, (char)0xff));
	in("never touched", p + 2 * PAGE);
	*shared = -1;
	in("shared", shared);
	say("now %d\n", *shared);
	*locked = -1;
	mprotect(locked, PAGE, PROT_READ);
	in("read-only", locked);
	say("now %d\n", *locked);
	MUST(ftruncate(fd, PAGE));
	file = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	*file = -1;
	in("a file's", file);
	say("now %d\n", *file);
	MUST(ftruncate(fd, 0));
	in("behind the end of a file", file);
	in("in its own stack", stack + PAGE);
}

/* Gone, or another one, between the beginning and the end. */
static void changes(void)
{
	char *p = anon(PAGE);

	say("unmapped meanwhile: %d\n", begin(p) > 0);
	munmap(p, PAGE);
	let_it_end();
	p = anon(PAGE);
	*(int *)p = -1;
	say("protected meanwhile: %d\n", begin(p) > 0);
	mprotect(p, PAGE, PROT_NONE);
	let_it_end();
	mprotect(p, PAGE, PROT_READ);
	say("now %d\n", *(int *)p);
}

/* The word is another one, which the thread sets itself. */
static int set_other(void *unused)
{
	(void)unused;
	if (syscall(SYS_set_tid_address, word_of_next) != tid)
		syscall(SYS_exit, 1);
	until_flag(&go, 1);
	return 0;
}

static void moved(void)
{
	static pid_t first, second;

	first = second = -1;
	word_of_next = &second;
	go = 0;
	tid = 0;
	tid = clone(set_other, stack + 16 * PAGE,
		    A_THREAD | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID, NULL, &tid, NULL,
		    &first);
	let_it_end();
	say("first %d, second %d\n", first, second);
}

/* ---- of a whole process ---- */

static int *kept;

/* Alone, so nobody who shares the memory could want to know. */
static int end_alone(void *unused)
{
	(void)unused;
	kept[0] = 5;
	syscall(SYS_set_tid_address, kept);
	return 0;
}

static pthread_t first_thread;

static void *wait_for_word(void *unused)
{
	int now;

	while ((now = __atomic_load_n(kept, __ATOMIC_SEQ_CST)) != 0)
		syscall(SYS_futex, kept, FUTEX_WAIT, now, NULL, NULL, 0);
	say("the first thread's is cleared\n");
	_exit(3);
	return unused;
}

static int end_of_first(void *unused)
{
	(void)unused;
	kept[0] = 5;
	first_thread = pthread_self();
	syscall(SYS_set_tid_address, kept);
	start(wait_for_word, NULL);
	syscall(SYS_exit, 0);
	return 1;
}

int main(void)
{
	stack = anon(16 * PAGE);
	kept = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	kinds();
	changes();
	moved();
	in_child("alone", end_alone, NULL);
	say("now %d\n", kept[0]);
	in_child("the first of two", end_of_first, NULL);
	return 0;
}
