/* SPDX-License-Identifier: MIT */
/* Faults that programs handle: code and address of each kind (R12), a handler that makes the page good, one that
 * jumps away, and those that nothing catches: blocked, ignored, without a handler (R6, R61). */
#include "t.h"

#include <setjmp.h>

static sigjmp_buf out;
static volatile char *volatile low = (char *)16; /* what the compiler knows nothing of */
static volatile int got_sig, got_code, fixes;
static void *volatile got_addr;
static char *arena;

static void leave(int sig, siginfo_t *info, void *context)
{
	(void)context;
	got_sig = sig;
	got_code = info->si_code;
	got_addr = info->si_addr;
	siglongjmp(out, 1);
}

static void catch (void (*handler)(int, siginfo_t *, void *))
{
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE };
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &action, NULL);
}

static void told(const char *what, const void *base)
{
	say("%s: SIG%s, code %d, at %+ld\n", what, sigabbrev_np(got_sig), got_code,
	    (long)((char *)got_addr - (char *)base));
}

static void read_of(const char *what, char *at)
{
	if (!sigsetjmp(out, 1))
		(void)*(volatile char *)at;
	told(what, at);
}

static void write_to(const char *what, char *at)
{
	if (!sigsetjmp(out, 1))
		*(volatile char *)at = 1;
	told(what, at);
}

static void jump_to(const char *what, char *at)
{
	if (!sigsetjmp(out, 1))
		((void (*)(void))at)();
	told(what, at);
}

static void accesses(void)
{
	char *hole = before_hole(2);
	char *file;
	int fd = memfd_create("f", 0);

	catch (leave);
	read_of("null", (char *)8);
	write_to("hole", hole + 2 * PAGE + 123);
	read_of("above user memory", (char *)0x4000000000);
	read_of("kernel address", (char *)0xffffffff80200000);
	read_of("no canonical address", (char *)0x1234567890abcdef);
	mprotect(hole, PAGE, PROT_READ);
	write_to("read only", hole + 77);
	hole[PAGE] = 1;
	mprotect(hole, 2 * PAGE, PROT_NONE);
	read_of("PROT_NONE, never touched", hole + 1);
	read_of("PROT_NONE, touched", hole + PAGE + 5);
	write_to("text", (char *)accesses);
	jump_to("jump to data", arena);
	jump_to("jump to a hole", hole + 16 * PAGE);
	ftruncate(fd, 100);
	file = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	read_of("past the end of a file", file + PAGE + 9);
}

extern char illegal_at[], trap_at[];

static void exceptions(void)
{
	if (!sigsetjmp(out, 1))
		__asm__ volatile(".globl illegal_at\nillegal_at: .word 0");
	told("illegal instruction", illegal_at);
	if (!sigsetjmp(out, 1))
		__asm__ volatile(".globl trap_at\ntrap_at: ebreak");
	told("breakpoint", trap_at);
}

static void mend(int sig, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & -PAGE);

	(void)sig, (void)context;
	fixes++;
	if (mprotect(page, PAGE, RW) != 0)
		_exit(9);
}

/* Appel and Li's prot1, protN, unprot, trap and dirty, one fault a page. */
static void mended(void)
{
	size_t n = 64, bad = 0;
	char *p = mmap(NULL, n * PAGE, PROT_NONE, ANON, -1, 0);

	catch (mend);
	for (size_t i = 0; i < n; i++)
		p[i * PAGE + i] = (char)i;
	for (size_t i = 0; i < n; i++)
		bad += p[i * PAGE + i] != (char)i;
	say("mended: %d faults, %zu wrong\n", fixes, bad);
	fixes = 0;
	mprotect(p, n * PAGE, PROT_READ);
	for (size_t i = 0; i < n; i += 4)
		p[i * PAGE]++;
	say("dirty: %d faults\n", fixes);
}

/* A system call that meets the same pages gets EFAULT; no handler runs. */
static void in_a_call(void)
{
	char *p = mmap(NULL, PAGE, PROT_NONE, ANON, -1, 0);

	fixes = 0;
	TRY(write(STDOUT_FILENO, p, 1));
	say("handlers run: %d\n", fixes);
}

static int uncaught(void *how)
{
	struct sigaction action = { .sa_handler = SIG_IGN };
	sigset_t set;

	if (!strcmp(how, "blocked")) {
		sigemptyset(&set);
		sigaddset(&set, SIGSEGV);
		sigprocmask(SIG_BLOCK, &set, NULL);
	} else {
		if (!strcmp(how, "by default"))
			action.sa_handler = SIG_DFL;
		sigaction(SIGSEGV, &action, NULL);
	}
	*low = 1;
	return 1;
}

/* In its own handler the signal is blocked: a second fault ends the process. */
static void faults_too(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
	low[16] = 1;
}

static int twice(void *unused)
{
	(void)unused;
	catch (faults_too);
	*low = 1;
	return 1;
}

int main(void)
{
	arena = anon(PAGE);
	*arena = 1;
	accesses();
	exceptions();
	mended();
	in_a_call();
	in_child("blocked", uncaught, "blocked");
	in_child("ignored", uncaught, "ignored");
	in_child("by default", uncaught, "by default");
	in_child("a fault in its handler", twice, NULL);
	return 0;
}
