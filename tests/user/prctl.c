/* SPDX-License-Identifier: MIT */
/* prctl: the name of a process, the signal at its parent's end, flags, and capabilities. */
#include "t.h"

#include <elf.h>
#include <pthread.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>

#define BAD ((void *)8)

static void name(void)
{
	char text[17] = "0123456789abcdef";
	char comm[32] = "";

	TRY(prctl(PR_GET_NAME, text));
	say("name '%s'\n", text);
	read(open("/proc/self/comm", O_RDONLY), comm, sizeof(comm) - 1);
	say("comm '%s'\n", comm);
}

static void flags(const char *when)
{
	int sig = -1;

	say("%s:\n", when);
	TRY(prctl(PR_GET_PDEATHSIG, &sig));
	say("signal %d\n", sig);
	TRY(prctl(PR_GET_DUMPABLE));
	TRY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

/* The signal at the parent's end is not inherited, the other two are; exec makes dumpable again, and keeps no_new_privs. */
static void flags_change(char **argv)
{
	char *const again[] = { argv[0], "again", NULL };
	int status;

	flags("at first");
	TRY(prctl(PR_SET_PDEATHSIG, 65));
	TRY(prctl(PR_SET_PDEATHSIG, -1ul));
	TRY(prctl(PR_GET_PDEATHSIG, BAD));
	TRY(prctl(PR_SET_DUMPABLE, 2));
	TRY(prctl(PR_SET_DUMPABLE, -1ul));
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0));
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 1));
	TRY(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
	TRY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 1));
	flags("after errors");
	TRY(prctl(PR_SET_PDEATHSIG, 64));
	TRY(prctl(PR_SET_DUMPABLE, 0));
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	flags("set");
	if (fork() == 0) {
		flags("child");
		prctl(PR_SET_PDEATHSIG, SIGUSR1);
		execv("/proc/self/exe", again);
		_exit(1);
	}
	wait(&status);
	TRY(prctl(PR_SET_PDEATHSIG, 0));
	TRY(prctl(PR_SET_DUMPABLE, 1));
	flags("set back");
}

/* Its parent ends when it hears from us. */
static void outlive(int to_parent, pid_t parent)
{
	siginfo_t info;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	TRY(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	write(to_parent, "x", 1);
	sig = sigwaitinfo(&set, &info);
	say("signal %d, code %d, %s, %s\n", sig, info.si_code,
	    info.si_pid == parent ? "from the parent" : "from another",
	    getppid() == parent ? "which is there" : "which is gone");
	_exit(0);
}

/* The signal at the parent's end comes when the child has its new parent. */
static void parent_ends(void)
{
	int up[2], end[2], status;
	char byte;

	pipe(up);
	pipe(end);
	if (fork() == 0) {
		pid_t parent = getpid();

		if (fork() == 0)
			outlive(up[1], parent);
		read(up[0], &byte, 1);
		_exit(0);
	}
	wait(&status);
	close(end[1]);
	say("read %zd\n", read(end[0], &byte, 1));
}

/* ---- capabilities that are kept ---- */

static void kept(const char *when)
{
	say("%s:\n", when);
	TRY(prctl(PR_GET_KEEPCAPS));
	TRY(prctl(PR_GET_SECUREBITS));
}

/* A child has PR_SET_KEEPCAPS as its parent; exec clears it. */
static void kept_changes(char **argv)
{
	char *const again[] = { argv[0], "again", NULL };
	int status;

	kept("at first");
	TRY(prctl(PR_SET_KEEPCAPS, 2));
	TRY(prctl(PR_SET_KEEPCAPS, -1ul));
	kept("after errors");
	TRY(prctl(PR_SET_KEEPCAPS, 1, 1, 2, 3));
	kept("set");
	if (fork() == 0) {
		kept("child");
		execv("/proc/self/exe", again);
		_exit(1);
	}
	wait(&status);
	TRY(prctl(PR_SET_KEEPCAPS, 0));
	kept("set back");
}

/* PR_CAPBSET_READ knows 41 capabilities (EINVAL); PR_GET_TID_ADDRESS tells what set_tid_address() was given. */
static void asked(void)
{
	unsigned long at = 0;
	int tid = -1;

	TRY(prctl(PR_CAPBSET_READ, 0));
	TRY(prctl(PR_CAPBSET_READ, 40, 1, 2, 3));
	TRY(prctl(PR_CAPBSET_READ, 41));
	TRY(prctl(PR_CAPBSET_READ, -1ul));
	TRY(prctl(PR_CAPBSET_READ, 1ul << 32));
	syscall(SYS_set_tid_address, &tid);
	TRY(prctl(PR_GET_TID_ADDRESS, &at, 1, 2, 3));
	say("as it was set: %d\n", at == (unsigned long)&tid);
	TRY(prctl(PR_GET_TID_ADDRESS, BAD));
	/* This Linux, too, is built without names for anonymous memory. */
	TRY(prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, anon(PAGE), PAGE, "name"));
}

/* ---- memory that can be written does not become executable ---- */

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif
#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif

#define RX  (PROT_READ | PROT_EXEC)
#define RWX (RW | PROT_EXEC)

static void *maps(const char *what, int prot, int flags, int fd)
{
	void *at = mmap(NULL, PAGE, prot, flags, fd, 0);

	say("mmap, %s: %s\n", what, at == MAP_FAILED ? strerrorname_np(errno) : "mapped");
	return at;
}

static void inherits_mdwe(const char *who)
{
	say("%s:\n", who);
	TRY(prctl(PR_GET_MDWE, 0, 0, 0, 0));
	maps("all of it", RWX, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* A child and exec keep PR_SET_MDWE unless PR_MDWE_NO_INHERIT is set. */
static void mdwe_on(unsigned long bits)
{
	char *const again[] = { "prctl", "mdwe", NULL };

	if (fork() == 0) {
		TRY(prctl(PR_SET_MDWE, bits, 0, 0, 0));
		inherits_mdwe("itself");
		if (fork() == 0) {
			inherits_mdwe("child");
			_exit(0);
		}
		wait(NULL);
		execv("/proc/self/exe", again);
		_exit(1);
	}
	wait(NULL);
}

/* After PR_SET_MDWE nothing is mapped to write and execute, and nothing that was not executable becomes so: EACCES. */
static void mdwe(void)
{
	int fd = memfd_create("m", 0), ro = open("/proc/self/exe", O_RDONLY), id;
	void *before = anon(PAGE), *text, *data, *nothing, *shared, *at;

	ftruncate(fd, PAGE);
	TRY(prctl(PR_SET_MDWE, 0, 0, 0, 0));
	TRY(prctl(PR_SET_MDWE, 1, 0, 0, 1));
	TRY(prctl(PR_SET_MDWE, 1, 1, 0, 0));
	TRY(prctl(PR_SET_MDWE, 2, 0, 0, 0));
	TRY(prctl(PR_SET_MDWE, 4, 0, 0, 0));
	TRY(prctl(PR_SET_MDWE, -1ul, 0, 0, 0));
	TRY(prctl(PR_GET_MDWE, 0, 0, 0, 1));
	TRY(prctl(PR_GET_MDWE, 1, 0, 0, 0));
	TRY(prctl(PR_GET_MDWE, 0, 0, 0, 0));
	TRY(mprotect(before, PAGE, RWX));
	TRY(prctl(PR_SET_MDWE, 1, 0, 0, 0));
	TRY(prctl(PR_GET_MDWE, 0, 0, 0, 0));
	TRY(prctl(PR_SET_MDWE, 0, 0, 0, 0));
	TRY(prctl(PR_SET_MDWE, 3, 0, 0, 0));
	TRY(prctl(PR_SET_MDWE, 1, 0, 0, 0));
	maps("all of it", RWX, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	maps("write and execute", PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	maps("shared", RWX, MAP_SHARED | MAP_ANONYMOUS, -1);
	maps("of a file", RWX, MAP_SHARED, fd);
	maps("of a file that cannot be written", RWX, MAP_SHARED, ro);
	maps("of no file", RWX, MAP_PRIVATE, -1);
	text = maps("read and execute", RX, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	data = maps("read and write", RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	nothing = maps("nothing", PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	shared = maps("read and write a file", RW, MAP_SHARED, fd);
	TRY(mprotect(text, PAGE, RX));
	TRY(mprotect(text, PAGE, PROT_EXEC));
	TRY(mprotect(text, PAGE, RWX));
	TRY(mprotect(data, PAGE, RX));
	TRY(mprotect(data, PAGE, PROT_READ));
	TRY(mprotect(data, PAGE, PROT_EXEC));
	TRY(mprotect(nothing, PAGE, PROT_EXEC));
	TRY(mprotect(shared, PAGE, RX));
	TRY(mprotect(text, PAGE, RW));
	TRY(mprotect(text, PAGE, RX));
	TRY(mprotect(data, PAGE, PROT_EXEC | 0x1000));
	TRY(mprotect((char *)data + 1, PAGE, RX));
	/* What had both before keeps them, but gets them no more. */
	*(volatile char *)before = 1;
	TRY(mprotect(before, PAGE, RWX));
	TRY(mprotect(before, PAGE, RX));
	TRY(mprotect(before, PAGE, RX));
	/* Below a part that may change lies one that may not. */
	at = anon(3 * PAGE);
	TRY(mprotect((char *)at + PAGE, PAGE, PROT_NONE));
	TRY(mprotect(at, 3 * PAGE, RX));
	at = mremap(before, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	say("moved: %d\n", at != MAP_FAILED);
	id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0700);
	at = shmat(id, NULL, SHM_EXEC);
	say("shmat: %s\n", at == MAP_FAILED ? strerrorname_np(errno) : "attached");
	at = shmat(id, NULL, SHM_EXEC | SHM_RDONLY);
	say("shmat to read: %s\n", at == MAP_FAILED ? strerrorname_np(errno) : "attached");
	shmctl(id, IPC_RMID, NULL);
}

/* ---- the auxiliary vector ---- */

/* PR_GET_AUXV writes what fits, and returns the size of all. */
static void auxv(void)
{
	unsigned long part[4] = { 0 }, all[200];
	long size = prctl(PR_GET_AUXV, NULL, 0, 0, 0), n = 0;
	int fd = open("/proc/self/auxv", O_RDONLY);

	say("whole entries: %d\n", size > 0 && size % 16 == 0 && size <= (long)sizeof(all));
	TRY(prctl(PR_GET_AUXV, NULL, 8, 0, 0));
	TRY(prctl(PR_GET_AUXV, part, sizeof(part), 1, 0));
	TRY(prctl(PR_GET_AUXV, part, sizeof(part), 0, 1));
	say("a part has the size of all: %d\n", prctl(PR_GET_AUXV, part, 24, 0, 0) == size);
	say("no more is written: %d\n", part[0] != 0 && part[3] == 0);
	say("all: %d\n", prctl(PR_GET_AUXV, all, sizeof(all), 0, 0) == size);
	while (n < size / 8 && all[n] != AT_PAGESZ)
		n += 2;
	say("the size of a page: %lu\n", all[n + 1]);
	n = read(fd, part, sizeof(part));
	say("as in /proc: %d\n", n == sizeof(part) && memcmp(part, all, sizeof(part)) == 0);
	close(fd);
}

/* ---- code that the program fences itself ---- */

#ifndef PR_RISCV_SET_ICACHE_FLUSH_CTX
#define PR_RISCV_SET_ICACHE_FLUSH_CTX 71
#endif

static void *runs_changed_code(void *unused)
{
	uint32_t *at = mmap(NULL, PAGE, RWX, ANON, -1, 0);
	int sum = 0;

	(void)unused;
	for (uint32_t n = 1; n <= 100; n++) {
		at[0] = 0x00000513 | n << 20; /* li a0, n */
		at[1] = 0x00008067;	      /* ret */
		__asm__ volatile("fence.i" ::: "memory");
		sched_yield();
		sum += ((int (*)(void))at)();
	}
	say("sum: %d\n", sum);
	return NULL;
}

/* A program that asks for it may use FENCE.I itself, and the kernel fences when it moves to another hart. */
static void own_fences(void)
{
	pthread_t threads[4];

	for (unsigned long when = 0; when < 3; when++)
		for (unsigned long whose = 0; whose < 3; whose++)
			TRY(prctl(PR_RISCV_SET_ICACHE_FLUSH_CTX, when, whose, 0, 0));
	TRY(prctl(PR_RISCV_SET_ICACHE_FLUSH_CTX, 0, 0, 1, 1));
	TRY(prctl(PR_RISCV_SET_ICACHE_FLUSH_CTX, -1l, 0, 0, 0));
	TRY(prctl(PR_RISCV_SET_ICACHE_FLUSH_CTX, 0, 1l << 32, 0, 0));
	for (unsigned i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, runs_changed_code, NULL);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	if (fork() == 0) {
		runs_changed_code(NULL);
		_exit(0);
	}
	wait(NULL);
	TRY(prctl(PR_RISCV_SET_ICACHE_FLUSH_CTX, 1, 0, 0, 0));
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 1 && strcmp(argv[1], "mdwe") == 0) {
		inherits_mdwe("after execve");
		return 0;
	}
	if (argc > 1) {
		flags("after execve");
		kept("and the rest");
		return 0;
	}
	name();
	TRY(prctl(PR_SET_NAME, "short"));
	name();
	TRY(prctl(PR_SET_NAME, "0123456789abcdefghij"));
	name();
	TRY(prctl(PR_SET_NAME, ""));
	name();
	TRY(prctl(PR_SET_NAME, BAD));
	TRY(prctl(PR_GET_NAME, BAD));
	TRY(prctl(999));
	TRY(prctl(PR_SET_NAME, "inherited"));
	if (fork() == 0) {
		name();
		_exit(0);
	}
	wait(&status);
	flags_change(argv);
	parent_ends();
	kept_changes(argv);
	if (fork() == 0) {
		asked();
		_exit(0);
	}
	wait(&status);
	if (fork() == 0) {
		mdwe();
		_exit(0);
	}
	wait(&status);
	mdwe_on(1);
	mdwe_on(3);
	auxv();
	own_fences();
	return 0;
}
