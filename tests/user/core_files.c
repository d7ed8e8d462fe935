/* SPDX-License-Identifier: MIT */
/* Core files: when one is written, whose it is, what is in it; and that threads, limits and kills are heeded. */
#include "t.h"

#include <elf.h>
#include <grp.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

static void set_core(rlim_t soft)
{
	struct rlimit limit = { soft, RLIM_INFINITY };

	setrlimit(RLIMIT_CORE, &limit);
}

static void tell(const char *what, int status)
{
	struct stat st;

	say("%s: SIG%s%s, ", what, sigabbrev_np(WTERMSIG(status)),
	    WCOREDUMP(status) ? " with a core" : "");
	if (lstat("core", &st) != 0)
		say("no file: %s\n", strerrorname_np(errno));
	else
		say("mode %o, user %u, %ld link, %s\n", st.st_mode, st.st_uid,
		    S_ISDIR(st.st_mode) ? 0 : (long)st.st_nlink,
		    st.st_size ? "not empty" : "empty");
}

/* Runs f in a child of that limit; leaves the core file. */
static int dies(const char *what, rlim_t limit, void (*f)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		set_core(limit);
		f();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	tell(what, status);
	return status;
}

/* ---- what is in it ---- */

#define AT(n) ((char *)0x1000000000 + (n)*0x10000000l)

static volatile long in_data = 0x1122334455667788;
static char *volatile wild = (char *)0x123;
static pid_t dying;
static Elf64_Ehdr header;
static int core;

__attribute__((noinline)) static void crash(void)
{
	double d = 2.5;

	__asm__ volatile("li s2, 0x1234\n\tli t3, 0x77\n\tfmv.d fs1, %0\n\t"
			 "sb zero, 0(%1)\n\t"
			 :
			 : "f"(d), "r"(wild)
			 : "s2", "t3", "fs1", "memory");
}

static void *other(void *ready)
{
	*(volatile int *)ready = 1;
	__asm__ volatile("li s3, 0x5678\n1:\tj 1b" ::: "s3");
	return NULL;
}

static void dies_beside_a_thread(void)
{
	volatile int ready = 0;
	pthread_t thread;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	pthread_create(&thread, NULL, other, (void *)&ready);
	while (!ready)
		sched_yield();
	crash();
}

static char *area(int n, int prot, int flags, int fd, off_t at)
{
	return mmap(AT(n), 4 * PAGE, prot, flags | MAP_FIXED, fd, at);
}

/* Mappings of each kind, far apart. */
static void make_maps(const char *self)
{
	int exe = open(self, O_RDONLY), plain = open("plain", O_RDWR | O_CREAT, 0600),
	    memory = memfd_create("m", 0);

	ftruncate(plain, 4 * PAGE);
	ftruncate(memory, 4 * PAGE);
	area(0, RW, ANON, -1, 0)[PAGE] = 'a';
	area(1, RW, ANON, -1, 0);
	loads_from(area(2, RW, ANON, -1, 0));
	area(3, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0)[PAGE] = 'b';
	area(4, RW, ANON, -1, 0)[PAGE] = 'c';
	mprotect(AT(4), 4 * PAGE, PROT_NONE);
	area(5, RW, ANON, -1, 0)[PAGE] = 'd';
	TRY(madvise(AT(5), 4 * PAGE, MADV_DONTDUMP));
	area(6, PROT_READ, MAP_PRIVATE, exe, 0);
	area(7, PROT_READ, MAP_PRIVATE, exe, PAGE);
	area(8, PROT_READ, MAP_SHARED, exe, 0);
	area(9, PROT_READ, MAP_PRIVATE, plain, 0);
	area(10, RW, MAP_PRIVATE, plain, 0)[PAGE] = 'e';
	area(11, RW, MAP_PRIVATE, plain, 0);
	area(12, RW, MAP_SHARED, plain, 0)[PAGE] = 'f';
	area(13, RW, MAP_SHARED, memory, 0)[PAGE] = 'g';
	area(14, RW, ANON, -1, 0)[PAGE] = 'h';
	TRY(madvise(AT(14), 4 * PAGE, MADV_DONTDUMP));
	TRY(madvise(AT(14), 4 * PAGE, MADV_DODUMP));
	area(15, PROT_NONE, ANON, -1, 0);
	close(exe);
	close(plain);
}

static Elf64_Phdr segment(unsigned i)
{
	Elf64_Phdr phdr;

	pread(core, &phdr, sizeof(phdr), (off_t)(header.e_phoff + i * sizeof(phdr)));
	return phdr;
}

/* Reads what the core has at an address; 0: it has nothing there. */
static int core_bytes(const void *at, void *to, size_t n)
{
	for (unsigned i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr phdr = segment(i);
		uint64_t in = (uint64_t)at - phdr.p_vaddr;

		if (phdr.p_type == PT_LOAD && in < phdr.p_filesz)
			return pread(core, to, n, (off_t)(phdr.p_offset + in)) == (ssize_t)n;
	}
	return 0;
}

/* By default a core has anonymous memory that was written, shared too, and of a mapped program its first page. */
static void show_maps(void)
{
	for (int n = 0; n <= 15; n++) {
		for (unsigned i = 0; i < header.e_phnum; i++) {
			Elf64_Phdr phdr = segment(i);
			char bytes[2] = { 0 };

			if (phdr.p_vaddr != (uint64_t)AT(n))
				continue;
			core_bytes(AT(n), &bytes[0], 1);
			core_bytes(AT(n) + PAGE, &bytes[1], 1);
			say("area %d: %lx of %lx, flags %u, align %lx, %u %u%s\n", n, phdr.p_filesz,
			    phdr.p_memsz, phdr.p_flags, phdr.p_align, bytes[0] == 0x7f,
			    (unsigned char)bytes[1], phdr.p_offset % PAGE ? " odd" : "");
		}
	}
}

struct status {
	int signo, code, err;
	short cursig;
	uint64_t sigpend, sighold;
	int pid, ppid, pgrp, sid;
	long times[8];
	uint64_t regs[32];
	int fpvalid;
};

/* The program's and its children's, each in seconds and microseconds: little has been used. */
static bool times_are_short(const long times[8])
{
	bool are = true;

	for (int i = 0; i < 8; i += 2)
		are = are && times[i] >= 0 && times[i] < 1000 && times[i + 1] >= 0 &&
		      times[i + 1] < 1000000;
	return are;
}

/* Each thread has its registers in the core, and the one that died comes first. */
static void show_status(const struct status *s, int n)
{
	say("thread %d: signal %d %d %d %d, pending %lx, held %lx, %s, of %s, fp %d\n", n, s->signo,
	    s->code, s->err, s->cursig, s->sigpend, s->sighold & (1ul << (SIGUSR2 - 1)),
	    s->pid == dying ? "the first" : "another", s->ppid == getpid() ? "this" : "?",
	    s->fpvalid);
	say("  group %s, session %s, times %s\n", s->pgrp == getpgrp() ? "this" : "?",
	    s->sid == getsid(0) ? "this" : "?", times_are_short(s->times) ? "short" : "?");
	if (s->pid == dying)
		say("  pc %s, sp %s, s2 %lx, t3 %lx\n",
		    s->regs[0] >= (uint64_t)crash && s->regs[0] < (uint64_t)crash + 100 ? "in crash"
											: "?",
		    s->regs[2] > 0x3f00000000 ? "of the stack" : "?", s->regs[18], s->regs[28]);
	else
		say("  s3 %lx, pc %s\n", s->regs[19],
		    s->regs[0] >= (uint64_t)other && s->regs[0] < (uint64_t)other + 100 ? "in other"
											: "?");
}

struct info {
	char state, sname, zomb, nice;
	uint64_t flag;
	unsigned uid, gid;
	int pid, ppid, pgrp, sid;
	char fname[16], args[80];
};

static void show_info(const struct info *i)
{
	say("process: state %d %c %d, nice %d, user %u %u, %s, of %s, name %.15s, %s\n", i->state,
	    i->sname, i->zomb, i->nice, i->uid, i->gid, i->pid == dying ? "it" : "?",
	    i->ppid == getpid() ? "this" : "?", i->fname,
	    strstr(i->args, "core_files words ") ? "args" : i->args);
	say("  %s\n", i->pgrp == getpgrp() && i->sid == getsid(0) ? "here" : "elsewhere");
}

static void show_auxv(const Elf64_auxv_t *a, size_t n)
{
	const unsigned long types[] = { AT_PAGESZ, AT_ENTRY, AT_PHDR, AT_PHNUM, AT_RANDOM, AT_UID };

	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (size_t i = 0; i < n / sizeof(*a); i++)
			if (a[i].a_type == types[t])
				say("auxv %lu: %s\n", types[t],
				    a[i].a_un.a_val == getauxval(types[t]) ? "the same"
									   : "another");
}

static void show_files(const uint64_t *words)
{
	const char *name = (const char *)(words + 2 + 3 * words[0]);

	say("files: pages of %lu\n", words[1]);
	for (uint64_t i = 0; i < words[0]; i++, name += strlen(name) + 1) {
		const uint64_t *place = words + 2 + 3 * i;
		const char *slash = strrchr(name, '/');

		if (place[0] >= (uint64_t)AT(0) && place[0] <= (uint64_t)AT(15))
			say("  %ld: %lx long, from page %lx of %s\n",
			    ((long)place[0] - (long)AT(0)) / 0x10000000l, place[1] - place[0],
			    place[2], slash ? slash + 1 : name);
	}
}

static void show_notes(void)
{
	Elf64_Phdr phdr = segment(0);
	char *notes = malloc(phdr.p_filesz);
	int nthreads = 0;

	pread(core, notes, phdr.p_filesz, (off_t)phdr.p_offset);
	for (size_t at = 0; at < phdr.p_filesz;) {
		const Elf64_Nhdr *note = (const void *)(notes + at);
		const void *desc = notes + at + sizeof(*note) + 8;

		say("note %s of %d: %x%s\n", notes + at + sizeof(*note), note->n_namesz,
		    note->n_type, phdr.p_type == PT_NOTE ? "" : " misplaced");
		if (note->n_type == NT_PRSTATUS)
			show_status(desc, nthreads++);
		else if (note->n_type == NT_PRPSINFO)
			show_info(desc);
		else if (note->n_type == NT_SIGINFO)
			say("siginfo: %d %d %lx\n", ((const siginfo_t *)desc)->si_signo,
			    ((const siginfo_t *)desc)->si_code,
			    (long)((const siginfo_t *)desc)->si_addr);
		else if (note->n_type == NT_AUXV)
			show_auxv(desc, note->n_descsz);
		else if (note->n_type == NT_FILE)
			show_files(desc);
		else if (note->n_type == NT_FPREGSET && nthreads == 1)
			say("fs1 %lx\n", ((const uint64_t *)desc)[9]);
		at += sizeof(*note) + 8 + ((note->n_descsz + 3) & ~3u);
	}
	free(notes);
}

/* A core file has notes for each thread; of a program that is mapped it has only the first page. */
static void contents(const char *self)
{
	long value = 0;
	struct stat st;
	int status;

	make_maps(self);
	dying = fork();
	if (dying == 0) {
		set_core(RLIM_INFINITY);
		in_data++;
		dies_beside_a_thread();
	}
	waitpid(dying, &status, 0);
	tell("a fault", status);
	core = open("core", O_RDONLY);
	read(core, &header, sizeof(header));
	say("class %d %d %d %d, type %d, machine %d, version %d, %lx %lx %lx, flags %x, %d %d %d %d %d\n",
	    header.e_ident[EI_CLASS], header.e_ident[EI_DATA], header.e_ident[EI_VERSION],
	    header.e_ident[EI_OSABI], header.e_type, header.e_machine, header.e_version,
	    header.e_entry, header.e_phoff, header.e_shoff, header.e_flags, header.e_ehsize,
	    header.e_phentsize, header.e_shentsize, header.e_shnum, header.e_shstrndx);
	show_notes();
	show_maps();
	say("data: %d ", core_bytes((void *)&in_data, &value, sizeof(value)));
	say("%lx\n", value);
	say("stack: %d ", core_bytes(&value, &value, sizeof(value)));
	say("text: %d\n", core_bytes((void *)((uintptr_t)crash & -PAGE), &value, 8));
	fstat(core, &st);
	say("%s\n", st.st_blocks * 512 < st.st_size / 2 ? "with holes" : "full");
	close(core);
	unlink("core");
}

/* ---- what /proc/PID/coredump_filter leaves out ---- */

static const char *filter_to_set;

static int set_filter(const char *text)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text);
}

static const char *filter(void)
{
	static char text[16];
	int fd = open("/proc/self/coredump_filter", O_RDONLY);

	text[read(fd, text, sizeof(text) - 1)] = '\0';
	close(fd);
	return text;
}

static void dies_with_filter(void)
{
	if (!set_filter(filter_to_set))
		_exit(1);
	abort();
}

/* Each bit of coredump_filter is a kind: private and shared anonymous, private and shared of files, and headers of programs. */
static void sizes_with(const char *text)
{
	filter_to_set = text;
	dies(text, RLIM_INFINITY, dies_with_filter);
	core = open("core", O_RDONLY);
	read(core, &header, sizeof(header));
	for (int n = 0; n <= 15; n++)
		for (unsigned i = 0; i < header.e_phnum; i++)
			if (segment(i).p_vaddr == (uint64_t)AT(n))
				say("%lx%s", segment(i).p_filesz, n == 15 ? "\n" : " ");
	close(core);
	unlink("core");
}

/* The filter is inherited by fork, kept by exec, and cut to the bits that there are. */
static void filters(const char *self)
{
	static const char *const values[] = { "0", "1", "2", "4", "8", "0x10", "0x3f\n" };
	int fd, status;
	pid_t pid;

	say("at first: %s", filter());
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		sizes_with(values[i]);
	say("set: %d %s", set_filter("0xffff"), filter());
	say("set: %d %s", set_filter("17"), filter());
	if (fork() == 0) {
		say("inherited: %s", filter());
		execl(self, self, "filter", "again", NULL);
		_exit(9);
	}
	wait(&status);
	say("set: %d %s", set_filter("51"), filter());
	fd = open("/proc/self/coredump_filter", O_RDWR);
	TRY(write(fd, "x", 1));
	TRY(write(fd, "", 0));
	TRY(write(fd, "-1", 2));
	TRY(write(fd, wild, 1));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(pread(fd, &(char){ 0 }, 1, 8));
	TRY(pread(fd, &(char){ 0 }, 1, 9));
	close(fd);
	pid = fork();
	if (pid == 0) {
		fd = open("/proc/self/coredump_filter", O_RDWR);
		for (;;)
			pause();
	}
	{
		char path[60], byte;

		/* Of a zombie the file has no bytes, and a write is ESRCH; of a process that is gone a read is that, too. */
		snprintf(path, sizeof(path), "/proc/%d/coredump_filter", pid);
		fd = open(path, O_RDWR);
		kill(pid, SIGKILL);
		waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
		TRY(read(fd, &byte, 1));
		TRY(write(fd, "1", 1));
		waitpid(pid, NULL, 0);
		TRY(read(fd, &byte, 1));
		TRY(write(fd, "1", 1));
		close(fd);
	}
}

/* ---- when there is one ---- */

static void by_term(void)
{
	raise(SIGTERM);
}

static void by_kill(void)
{
	kill(getpid(), SIGQUIT);
}

/* A process that is not dumpable has no core. */
static void undumpable(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	abort();
}

static void with_file_limit(void)
{
	struct rlimit limit = { 30000, 30000 };

	setrlimit(RLIMIT_FSIZE, &limit);
	abort();
}

/* A core is written only to a file of mode 0600, which the umask can prevent. */
static void with_umask(void)
{
	umask(0777);
	abort();
}

static void become(void)
{
	setgroups(0, NULL);
	setresgid(5, 5, 5);
	setresuid(5, 5, 5);
}

static void other_user(void)
{
	become();
	prctl(PR_SET_DUMPABLE, 1);
	abort();
}

/* A change of the user makes a process undumpable until it executes a program or asks otherwise. */
static void other_user_before_exec(void)
{
	become();
	abort();
}

static void where_nothing_may_be(void)
{
	chdir("closed");
	other_user();
}

static void without_directory(void)
{
	mkdir("gone", 0700);
	chdir("gone");
	rmdir("../gone");
	abort();
}

static void in_handler(int sig)
{
	say("handled %d\n", sig);
	_exit(7);
}

static void handled(void)
{
	signal(SIGSEGV, in_handler);
	*wild = 1;
}

/* A fault whose signal is blocked kills; its handler is not called. */
static void blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	*wild = 1;
}

static void bad_frame(void)
{
	__asm__ volatile("li sp, 8\n\tli a7, 139\n\tecall");
}

/* RLIMIT_CORE cuts a core, and below a page there is none. */
static void sized(const char *what, rlim_t limit)
{
	struct stat st = { 0 };

	dies(what, limit, abort);
	stat("core", &st);
	say("  %s\n", st.st_size == 0	    ? "nothing"
		      : st.st_size <= 4096  ? "the beginning"
		      : st.st_size <= 40960 ? "some"
					    : "all");
	unlink("core");
}

static void write_file(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY, mode);

	write(fd, "old", 3);
	close(fd);
}

/* An old file is replaced by a new one, if the dying user may do that; who is not dumpable leaves none. */
static void occasions(void)
{
	struct stat st;
	siginfo_t info;

	dies("without a limit", 0, abort);
	dies("abort", RLIM_INFINITY, abort);
	dies("over the old one", RLIM_INFINITY, by_kill);
	unlink("core");
	dies("SIGTERM", RLIM_INFINITY, by_term);
	dies("handled", RLIM_INFINITY, handled);
	dies("blocked", RLIM_INFINITY, blocked);
	unlink("core");
	dies("no frame", RLIM_INFINITY, bad_frame);
	unlink("core");
	sized("a page but a byte", 4095);
	sized("a page", 4096);
	sized("20000", 20000);
	sized("1 MiB", MIB);
	dies("by RLIMIT_FSIZE", RLIM_INFINITY, with_file_limit);
	stat("core", &st);
	say("  %ld\n", (long)st.st_size);
	unlink("core");
	dies("undumpable", RLIM_INFINITY, undumpable);
	dies("umask", RLIM_INFINITY, with_umask);
	unlink("core");
	dies("no directory", RLIM_INFINITY, without_directory);
	/* An old file of that name is removed, not written to: a link is not followed, a second name keeps its bytes. */
	symlink("target", "core");
	dies("a link", RLIM_INFINITY, abort);
	TRY(lstat("target", &st));
	unlink("core");
	mkdir("core", 0700);
	dies("a directory", RLIM_INFINITY, abort);
	rmdir("core");
	write_file("core", 0644);
	link("core", "second");
	dies("two names", RLIM_INFINITY, abort);
	stat("second", &st);
	say("  %ld\n", (long)st.st_size);
	unlink("second");
	unlink("core");
	mkdir("closed", 0555);
	dies("not there", RLIM_INFINITY, where_nothing_may_be);
	rmdir("closed");
	chmod(".", 0777);
	dies("another user", RLIM_INFINITY, other_user);
	unlink("core");
	dies("another user, not told to", RLIM_INFINITY, other_user_before_exec);
	write_file("core", 0644);
	dies("another user, over root's", RLIM_INFINITY, other_user);
	unlink("core");
	chmod(".", 01777);
	write_file("core", 0644);
	dies("another user, sticky", RLIM_INFINITY, other_user);
	unlink("core");
	chmod(".", 0755);
	if (fork() == 0) {
		set_core(RLIM_INFINITY);
		abort();
	}
	waitid(P_ALL, 0, &info, WEXITED);
	say("waitid: %d %d\n", info.si_code == CLD_DUMPED, info.si_status);
	unlink("core");
}

/* ---- threads and kills ---- */

#define NTHREADS 20

static void *spins(void *never)
{
	while (!never)
		sched_yield();
	return never;
}

static void *waits(void *never)
{
	while (!never)
		pause();
	return never;
}

static void *aborts(void *unused)
{
	(void)unused;
	abort();
}

/* All threads are in the core, whether they run or sleep. */
static void among_threads(void)
{
	pthread_t thread;

	for (int i = 0; i < NTHREADS; i++)
		pthread_create(&thread, NULL, i % 2 ? spins : waits, NULL);
	pthread_create(&thread, NULL, aborts, NULL);
	for (;;)
		pause();
}

/* The first thread has ended before. */
static void *dies_later(void *unused)
{
	(void)unused;
	while (letter_of(getpid()) != 'Z')
		nap(1);
	*wild = 1;
	return NULL;
}

static void without_the_first(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, dies_later, NULL);
	pthread_exit(NULL);
}

static int count_notes(unsigned type)
{
	Elf64_Phdr phdr;
	char *notes;
	int n = 0;

	core = open("core", O_RDONLY);
	read(core, &header, sizeof(header));
	phdr = segment(0);
	notes = malloc(phdr.p_filesz);
	pread(core, notes, phdr.p_filesz, (off_t)phdr.p_offset);
	close(core);
	for (size_t at = 0; at < phdr.p_filesz;) {
		const Elf64_Nhdr *note = (const void *)(notes + at);

		n += note->n_type == type;
		at += sizeof(*note) + 8 + ((note->n_descsz + 3) & ~3u);
	}
	free(notes);
	return n;
}

/* 32 MiB of core, so that the kill comes while it is written. */
static void large(void)
{
	char *p = anon(32 * MIB);

	for (size_t i = 0; i < 32 * MIB; i += PAGE)
		p[i] = 1;
	abort();
}

/* SIGKILL ends the writing of a core, and then the status tells of none. */
static void killed(void)
{
	struct stat st;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		set_core(RLIM_INFINITY);
		large();
	}
	while (stat("core", &st) != 0 || st.st_size == 0)
		sched_yield();
	kill(pid, SIGTERM);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	say("killed meanwhile: SIG%s%s\n", sigabbrev_np(WTERMSIG(status)),
	    WCOREDUMP(status) ? " with a core" : "");
	unlink("core");
}

static void threads(void)
{
	for (int i = 0; i < 3; i++) {
		dies("among threads", RLIM_INFINITY, among_threads);
		say("  %d, %d\n", count_notes(NT_PRSTATUS), count_notes(NT_FPREGSET));
		unlink("core");
	}
	dies("without the first", RLIM_INFINITY, without_the_first);
	unlink("core");
	for (int i = 0; i < 3; i++)
		killed();
}

/* ---- names ---- */

static void set_value(const char *name, const char *text)
{
	char path[60];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	fd = open(path, O_WRONLY);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		say("cannot set %s to %s\n", name, text);
	close(fd);
}

static void named(void)
{
	prctl(PR_SET_NAME, "a/b");
	abort();
}

static void called_a_dot(void)
{
	prctl(PR_SET_NAME, ".");
	abort();
}

/* A child dies with that pattern; `name` is what the file is to be called, with %d for its pid. */
static void name_by(const char *pattern, void (*die)(void), const char *name)
{
	char path[600];
	struct stat st;
	int status;
	pid_t pid;

	set_value("core_pattern", pattern);
	pid = fork();
	if (pid == 0) {
		set_core(RLIM_INFINITY);
		die();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	snprintf(path, sizeof(path), name, pid, pid);
	say("%s: %s, %s\n", pattern, WCOREDUMP(status) ? "a core" : "no core",
	    lstat(path, &st) == 0 ? "with that name" : strerrorname_np(errno));
	unlink(path);
}

static void *aborts_as_another(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "other");
	abort();
}

static void in_another_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, aborts_as_another, NULL);
	pause();
}

static int of_another_user(void *unused)
{
	(void)unused;
	setuid(1000);
	TRY(open("/proc/sys/kernel/core_pattern", O_WRONLY));
	TRY(open("/proc/sys/kernel/core_uses_pid", O_WRONLY));
	return 0;
}

/* Of a pattern: a slash in what a % stands for becomes '!', an unknown letter nothing, and no directory is made. */
static void names(void)
{
	char cwd[300], pattern[400], name[400], text[200];
	int fd = open("/proc/sys/kernel/core_pattern", O_RDWR);
	DIR *dir;
	struct dirent *entry;
	time_t now = time(NULL);
	bool found = false;

	say("%ld\n", (long)read(fd, text, sizeof(text)));
	name_by("c.%p", abort, "c.%d");
	name_by("%s-%u-%g-%i-%P-%d-%c.%%", abort, "6-0-0-%1$d-%1$d-1-18446744073709551615.%%");
	name_by("%e.", by_kill, "core_files.");
	name_by("x%e", named, "xa!b");
	name_by("%e", called_a_dot, "!");
	name_by("%e.", in_another_thread, "other.");
	name_by("%f.", abort, "core_files.");
	name_by("x%zy%", abort, "xy");
	name_by("%", abort, ".");
	name_by("", abort, "nothing");
	name_by("sub/core", abort, "sub/core");
	mkdir("sub", 0700);
	name_by("sub/core", abort, "sub/core");
	name_by("sub", abort, "sub/core");
	rmdir("sub");
	getcwd(cwd, sizeof(cwd));
	snprintf(pattern, sizeof(pattern), "%s/c.%%p", cwd);
	snprintf(name, sizeof(name), "%s/c.%%d", cwd);
	set_value("core_pattern", pattern);
	chdir("/");
	if (strlen(pattern) < 128 && fork() == 0) {
		set_core(RLIM_INFINITY);
		abort();
	}
	snprintf(text, sizeof(text), "c.%d", wait(NULL));
	chdir(cwd);
	say("a whole path: %d\n", unlink(text));
	sethostname("a/b", 3);
	name_by("%h.x", abort, "a!b.x");
	sethostname("..", 2);
	name_by("%h", abort, "!.");
	sethostname("", 0);
	name_by("%h", abort, "!");
	set_value("core_pattern", "t.%t.E%E");
	dies("with a time", RLIM_INFINITY, abort);
	dir = opendir(".");
	while (dir && (entry = readdir(dir))) {
		long at;

		if (sscanf(entry->d_name, "t.%ld.E!", &at) != 1)
			continue;
		found = at >= now && at <= time(NULL) && strstr(entry->d_name, "!core_files");
		unlink(entry->d_name);
	}
	closedir(dir);
	say("found: %d\n", found);
	/* core_uses_pid adds the pid unless the pattern has %p. */
	set_value("core_uses_pid", "1");
	name_by("core", abort, "core.%d");
	name_by("p%p", abort, "p%d");
	name_by("P%P", abort, "P%d.%d");
	name_by("", abort, ".%d");
	set_value("core_uses_pid", "0");
	memset(text, 'x', sizeof(text));
	TRY(pwrite(fd, text, 150, 0));
	say("of that: %ld\n", (long)pread(fd, text, sizeof(text), 0));
	TRY(pwrite(fd, "core\nmore", 9, 0));
	say("of that: %ld\n", (long)pread(fd, text, sizeof(text), 0));
	close(fd);
	in_child("another user", of_another_user, NULL);
	dies("as before", RLIM_INFINITY, abort);
	unlink("core");
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 1;
	if (argc == 3) {
		say("after exec: %s", filter());
		return 0;
	}
	contents(argv[0]);
	filters(argv[0]);
	occasions();
	threads();
	names();
	return 0;
}
