/* SPDX-License-Identifier: MIT */
/* personality: who inherits it, and what its bits change. */
#include "thread.h"

#include <sys/personality.h>
#include <sys/select.h>
#include <sys/utsname.h>

static const char *program;

static void tell(const char *who)
{
	say("%s: %x\n", who, personality(0xffffffff));
}

static int tell_in_child(void *who)
{
	tell(who);
	return 0;
}

static int tell_after_exec(void *unused)
{
	char *const words[] = { "personality", "tell", NULL };

	(void)unused;
	execv(program, words);
	return 1;
}

static void *tell_in_thread(void *who)
{
	tell(who);
	return NULL;
}

/* ---- where mmap begins ---- */

static int is_up(const char *low, const char *high)
{
	return (uintptr_t)low > 0x4000000000 / 3 * 2 && low < high &&
	       (uintptr_t)high < 0x2ab0000000;
}

static int layout_of_child(void *unused)
{
	char *a = anon(PAGE), *b = anon(PAGE);

	(void)unused;
	say("the child's is upwards: %d\n", is_up(a, b));
	return 0;
}

static void layout(void)
{
	char *a = anon(3 * PAGE), *b = anon(PAGE), *c = anon(PAGE);
	struct rlimit stack;

	getrlimit(RLIMIT_STACK, &stack);
	say("stack %ld MiB, personality %x\n",
	    stack.rlim_cur == RLIM_INFINITY ? -1 : (long)(stack.rlim_cur >> 20),
	    personality(0xffffffff));
	if (!is_up(a, b)) {
		say("downwards: %d\n", a > b && b > c);
		return;
	}
	say("upwards: %d\n", is_up(a, b) && is_up(b, c));
	munmap(b, PAGE);
	munmap(a, 2 * PAGE);
	say("the lowest hole: %d\n", anon(2 * PAGE) == a);
	say("where it fits: %d\n", anon(2 * PAGE) > c);
	say("the next: %d\n", anon(PAGE) == b);
	say("as asked: %d\n",
	    mmap((void *)0x20000000, PAGE, RW, ANON, -1, 0) == (void *)0x20000000);
	say("where it is taken: %d\n", (char *)mmap(c, PAGE, RW, ANON, -1, 0) > c);
	c = mremap(a, 2 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
	say("moved: %d\n", is_up(a, c));
	say("too much: %d\n", mmap(NULL, 90 * GIB, PROT_NONE, ANON, -1, 0) == MAP_FAILED);
	say("much: %d\n", mmap(NULL, 60 * GIB, PROT_NONE, ANON, -1, 0) != MAP_FAILED);
	say("heap: %d\n", sbrk(MIB) != (void *)-1);
	in_child("its child", layout_of_child, NULL);
}

static int exec_for_layout(void *unused)
{
	char *const words[] = { "personality", "layout", NULL };

	(void)unused;
	execv(program, words);
	return 1;
}

static int layouts(void *unused)
{
	struct rlimit stack = { 8 * MIB, RLIM_INFINITY };

	(void)unused;
	MUST(setrlimit(RLIMIT_STACK, &stack));
	in_child("by default", exec_for_layout, NULL);
	TRY(personality(ADDR_COMPAT_LAYOUT));
	layout_of_child(NULL);
	in_child("compatible", exec_for_layout, NULL);
	TRY(personality(ADDR_COMPAT_LAYOUT | ADDR_NO_RANDOMIZE));
	in_child("and not randomized", exec_for_layout, NULL);
	TRY(personality(PER_LINUX));
	stack.rlim_cur = RLIM_INFINITY;
	MUST(setrlimit(RLIMIT_STACK, &stack));
	in_child("any stack", exec_for_layout, NULL);
	stack.rlim_cur = 100 * GIB;
	MUST(setrlimit(RLIMIT_STACK, &stack));
	in_child("a large stack", exec_for_layout, NULL);
	return 0;
}

static int personalities(void *unused)
{
	(void)unused;
	TRY(personality(0xffffffff));
	TRY(personality(ADDR_NO_RANDOMIZE));
	tell("set");
	in_child("its child", tell_in_child, "a child");
	join(start(tell_in_thread, "a thread"));
	in_child("exec", tell_after_exec, NULL);
	TRY(personality(PER_LINUX));
	tell("set back");
	return 0;
}

/* What the bits change, and that those without a meaning are kept. */
static int bits(void *unused)
{
	static const unsigned sets[] = { 0x1,	    0x8,       0x80000000, 0x00ff, 0xfffffffe,
					 0x0400000, 0x4000000, 0x0020000,  0 };
	struct utsname name;

	(void)unused;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct timeval time = { 0, 1000 };
		char *p, *q;

		say("%x\n", personality(sets[i]));
		p = mmap(NULL, PAGE, PROT_READ, ANON, -1, 0);
		q = mmap(NULL, 3 * PAGE, PROT_NONE, ANON, -1, 0);
		mprotect(q + PAGE, PAGE, PROT_READ);
		select(0, NULL, NULL, NULL, &time);
		uname(&name);
		say("%x: %s release; read %d, %d; left %d\n", personality(0xffffffff),
		    name.release[0] == '2' ? "old" : "new", is_executable(p),
		    is_executable(q + PAGE), time.tv_usec != 0);
	}
	return 0;
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc > 1 && strcmp(argv[1], "layout") == 0) {
		layout();
		return 0;
	}
	if (argc > 1) {
		tell("after exec");
		return 0;
	}
	in_child("personalities", personalities, NULL);
	in_child("layouts", layouts, NULL);
	in_child("bits", bits, NULL);
	return 0;
}
