/* SPDX-License-Identifier: MIT */
/* Faults of all kinds for a recording, and what the kernel has counted of them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/faultline.h"
#include "abi/userfaultfd.h"

#define PAGE	4096ul
#define RW	(PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define MARK	((char *)PAGE) /* nothing is there */

static char bss[64 * PAGE];
static sigjmp_buf back;

/* The kernel's counters of this process, as one line. */
static void tell(void)
{
	static struct faultline_process self;
	char line[512];
	int n = 0;

	for (int pass = 0; pass < 2; pass++) { /* the first one brings what the second one uses */
		if (syscall(SYS_faultline, FAULTLINE_PROCESS, 0, &self, sizeof(self), 0) != 1)
			_exit(3);
		n = snprintf(line, sizeof(line), "%d: around %lu", (int)getpid(), self.around);
		for (int i = 0; i < FAULTLINE_KINDS; i++)
			n += snprintf(line + n, sizeof(line) - (size_t)n, " %lu", self.faults[i]);
		line[n++] = '\n';
		if (write(pass ? 1 : -1, line, (size_t)n) == n)
			break;
	}
}

static void caught(int sig)
{
	siglongjmp(back, sig);
}

/* Above the user's addresses: the first, one that Sv39 has not, the kernel's, the last. */
static const uintptr_t never[] = { 0x4000000000, 0x8000000000000000, 0xffffffff80200000,
				   0xffffffffffffffff };

/* Reads a place where nothing may be read. */
static void refused(volatile char *p)
{
	if (sigsetjmp(back, 1) == 0)
		(void)*p;
}

/* The entries of all mappings, as the kernel walks to them. A refused access shows where that is in a recording. */
static void pages(void)
{
	static struct faultline_vma vmas[64];
	static char text[1 << 20];
	size_t n = 0;

	signal(SIGSEGV, caught);
	memset(text, 1, sizeof(text));
	for (int pass = 0; pass < 2; pass++) {
		long count;

		refused(MARK);
		count = syscall(SYS_faultline, FAULTLINE_VMAS, 0, vmas, sizeof(vmas), 0);

		n = 0;
		for (long i = 0; i < count; i++) {
			for (unsigned long va = vmas[i].start; va < vmas[i].end; va += PAGE) {
				int head =
					snprintf(text + n, 40, "page %d %#lx ", (int)getpid(), va);
				long len = syscall(SYS_faultline, FAULTLINE_WALK, 0,
						   text + n + head, 200, va);
				const char *at = text + n + head;

				if (len <= 0 || n + 300 > sizeof(text))
					_exit(5);
				text[n + (size_t)head + (size_t)len] = '\0';
				if (!strstr(at, "frame ") && !strstr(at, "slot "))
					continue;
				n += (size_t)head + (size_t)len;
				text[n++] = '\n';
			}
		}
		if (write(pass ? 1 : -1, text, n) != (pass ? (ssize_t)n : -1))
			_exit(6);
	}
}

static void touch(volatile char *p, size_t npages, int store)
{
	for (size_t i = 0; i < npages; i++) {
		if (store)
			p[i * PAGE] = (char)(i + 1);
		else
			(void)p[i * PAGE];
	}
}

static void *in_thread(void *p)
{
	touch(p, 32, 1);
	return NULL;
}

/* Makes a file whose name, for a process, is the same in each run. */
static int new_file(const char *kind, char name[40])
{
	snprintf(name, 40, "/tmp/%s%d", kind, (int)getpid());
	return open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
}

static void files(void)
{
	char name[40];
	int fd = new_file("recorded", name);
	char *p;

	for (int i = 0; i < 40; i++)
		if (write(fd, bss, PAGE) != (ssize_t)PAGE)
			_exit(4);
	p = mmap(NULL, 40 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	touch(p, 40, 0);
	munmap(p, 40 * PAGE);
	p = mmap(NULL, 40 * PAGE, RW, MAP_SHARED, fd, 0);
	touch(p, 20, 0);
	madvise(p, 2 * PAGE, MADV_DONTNEED);
	madvise(p + 5 * PAGE, 3 * PAGE, MADV_DONTNEED);
	touch(p, 20, 0); /* some of those around are mapped */
	touch(p, 40, 1);
	munmap(p, 40 * PAGE);
	p = mmap(NULL, 42 * PAGE, RW, MAP_PRIVATE, fd, 0); /* the last two are past the end */
	touch(p, 10, 0);
	touch(p, 20, 1);
	if (write(fd, p + 30 * PAGE, PAGE) != (ssize_t)PAGE) /* a fault in a user copy */
		_exit(4);
	refused(p + 41 * PAGE);
	munmap(p, 42 * PAGE);
	unlink(name);
}

/* Write-protects pages so that a write removes that. */
static void protected(void)
{
	char *p = mmap(NULL, 4 * PAGE, RW, PRIVATE, -1, 0);
	struct abi_uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };
	struct abi_uffdio_register ask = { .range = { (uintptr_t)p, 4 * PAGE },
					   .mode = UFFDIO_REGISTER_MODE_WP };
	struct abi_uffdio_writeprotect on = { .range = { (uintptr_t)p, 4 * PAGE },
					      .mode = UFFDIO_WRITEPROTECT_MODE_WP };
	int fd = (int)syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);

	touch(p, 4, 1);
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &ask) ||
	    ioctl(fd, UFFDIO_WRITEPROTECT, &on))
		_exit(5);
	touch(p, 3, 1);
	close(fd);
}

static void all_kinds(void)
{
	char *p = mmap(NULL, 32 * PAGE, RW, PRIVATE, -1, 0);
	pthread_t thread;

	signal(SIGSEGV, caught);
	signal(SIGBUS, caught);
	touch(bss, 64, 0);
	touch(bss, 64, 1);
	pthread_create(&thread, NULL, in_thread, p);
	touch(p, 32, 1);
	pthread_join(thread, NULL);
	touch(mmap(NULL, 8 * PAGE, RW, PRIVATE | MAP_POPULATE, -1, 0), 8, 1);
	files();
	refused(NULL);
	for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		refused((char *)never[i]);
	mprotect(p, PAGE, PROT_NONE);
	refused(p);
	if (write(1, p, 1) != -1) /* and in a user copy */
		_exit(4);
	mprotect(p, PAGE, RW);
	protected();
	if (fork() == 0) {
		touch(p, 16, 1);
		tell();
		_exit(0);
	}
	wait(NULL);
	touch(p, 32, 1);
}

/* What changes entries besides faults. */
static void verbs(void)
{
	char name[40];
	char *p = mmap(NULL, 200 * PAGE, RW, PRIVATE, -1, 0), *q, *hint;
	int fd = new_file("verbs", name);

	touch(p, 200, 1);
	munmap(p + 20 * PAGE, 10 * PAGE);
	mprotect(p + 40 * PAGE, 10 * PAGE, PROT_READ);
	mprotect(p + 60 * PAGE, 10 * PAGE, PROT_NONE);
	mprotect(p + 64 * PAGE, 2 * PAGE, RW);
	madvise(p + 80 * PAGE, 10 * PAGE, MADV_DONTNEED);
	q = mmap(NULL, 30 * PAGE, RW, PRIVATE, -1, 0);
	touch(q, 20, 1);
	hint = mmap(NULL, 600 * PAGE, PROT_NONE, PRIVATE, -1, 0);
	q = mremap(q, 30 * PAGE, 500 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, hint + 50 * PAGE);
	touch(q, 40, 1);
	ftruncate(fd, 100 * PAGE);
	q = mmap(NULL, 100 * PAGE, RW, MAP_SHARED, fd, 0);
	touch(q, 100, 1);
	hint = mmap(NULL, 100 * PAGE, RW, MAP_PRIVATE, fd, 0);
	touch(hint, 100, 0);
	touch(hint, 50, 1);
	ftruncate(fd, 90 * PAGE);
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10 * PAGE, 10 * PAGE);
	unlink(name);
	sbrk(50 * PAGE);
	touch((char *)sbrk(0) - 50 * PAGE, 50, 1);
	sbrk(-20 * (long)PAGE);
	if (fork() == 0) {
		touch(p + 100 * PAGE, 10, 1);
		munmap(q, 20 * PAGE);
		pages();
		_exit(0);
	}
	wait(NULL);
	touch(p + 120 * PAGE, 10, 1);
	pages();
}

#define BLOCK (512 * PAGE)

/* Memory that begins where a superpage may. What is behind it is free. */
static char *blocks(size_t n)
{
	char *room = mmap(NULL, (n + 1) * BLOCK, PROT_NONE, PRIVATE, -1, 0);
	char *at = (char *)(((uintptr_t)room + BLOCK - 1) & ~(BLOCK - 1));

	munmap(room, (n + 1) * BLOCK);
	return mmap(at, n * BLOCK, RW, PRIVATE | MAP_FIXED, -1, 0);
}

/* Runs, upwards and downwards, of frames and of the zero page. Returns memory of which the second block is a superpage. */
static char *sweep(void)
{
	char *p = blocks(4);

	touch(p, 600, 1);
	touch(p + 2 * BLOCK, 300, 0);
	touch(p + 2 * BLOCK + 100 * PAGE, 64, 1);
	for (size_t i = 200; i > 0; i--)
		p[3 * BLOCK + i * PAGE] = 1;
	return p;
}

/* Superpages that are made, shared, split for each reason but reclaim, moved, and dropped; and runs beside them. */
static void sweeps(void)
{
	char *p = sweep(), *q = blocks(4), *to = blocks(3);

	madvise(q, 4 * BLOCK, MADV_HUGEPAGE);
	for (size_t i = 0; i < 4; i++)
		q[i * BLOCK + 7 * PAGE] = 1;
	if (fork() == 0) {
		touch(p + 40 * PAGE, 3, 1);
		touch(p + BLOCK + 9 * PAGE, 2, 1);
		munmap(q + BLOCK, BLOCK + 3 * PAGE);
		pages();
		tell();
		_exit(0);
	}
	wait(NULL);
	touch(p, 1024, 1);	      /* pages that nobody else has any more, and a block */
	touch(p + 2 * BLOCK, 300, 1); /* zeros that get frames */
	mprotect(q, BLOCK, PROT_READ);
	mprotect(q, BLOCK, RW);
	mprotect(p + BLOCK, 100 * PAGE, PROT_READ);
	mremap(q + BLOCK, BLOCK, BLOCK, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	mremap(q + 2 * BLOCK, BLOCK, BLOCK, MREMAP_MAYMOVE | MREMAP_FIXED, to + BLOCK + PAGE);
	madvise(q + 3 * BLOCK + 5 * PAGE, PAGE, MADV_DONTNEED);
	munmap(q, BLOCK);
	pages();
}

/* The mappings, as /proc/self/maps has them. A refused access shows where that is in a recording. */
static void maps(void)
{
	static char text[1 << 15], line[1 << 9];
	ssize_t n = 0, got;
	int fd = open("/proc/self/maps", O_RDONLY);

	signal(SIGSEGV, caught);
	refused(MARK);
	while ((got = read(fd, text + n, sizeof(text) - (size_t)n)) > 0)
		n += got;
	close(fd);
	for (char *at = text, *end; (end = memchr(at, '\n', (size_t)(text + n - at)));
	     at = end + 1) {
		int len = snprintf(line, sizeof(line), "map %d %.*s\n", (int)getpid(),
				   (int)(end - at), at);

		if (write(1, line, (size_t)len) != len)
			_exit(8);
	}
	if (write(1, "map .\n", 6) != 6)
		_exit(8);
}

static __attribute__((noinline)) void deep(unsigned n)
{
	volatile char room[PAGE];

	room[0] = (char)n;
	if (n)
		deep(n - 1);
	room[1] = room[0];
}

/* Part of a VMA, all of several, one on another, and one that is moved. */
static void change_areas(char *p, int fd)
{
	char *q, *r;

	munmap(p + 10 * PAGE, 5 * PAGE);
	munmap(p + 90 * PAGE, 20 * PAGE);
	maps();
	mmap(p + 8 * PAGE, 10 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 3 * PAGE);
	mmap(p + 12 * PAGE, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 9 * PAGE);
	mmap(p + 20 * PAGE, 4 * PAGE, PROT_NONE, PRIVATE | MAP_FIXED, -1, 0);
	mmap(p + 22 * PAGE, 60 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	maps();
	mprotect(p + 30 * PAGE, 10 * PAGE, PROT_READ);
	mprotect(p + 32 * PAGE, 2 * PAGE, PROT_READ | PROT_EXEC);
	mprotect(p, 25 * PAGE, PROT_READ);
	maps();
	mprotect(p + 22 * PAGE, 60 * PAGE, RW);
	maps();
	mprotect(p + 40 * PAGE, 5 * PAGE, PROT_READ);
	mprotect(p + 40 * PAGE, 5 * PAGE, RW); /* one mapping again: a part has changed */
	maps();
	q = mmap(NULL, 600 * PAGE, PROT_NONE, PRIVATE, -1, 0);
	r = mmap(NULL, 8 * PAGE, RW, PRIVATE, -1, 0);
	munmap(q + 100 * PAGE, 100 * PAGE);
	q = mremap(r, 8 * PAGE, 20 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q + 90 * PAGE);
	mremap(q, 20 * PAGE, 60 * PAGE, 0);
	mremap(q, 60 * PAGE, 50 * PAGE, 0);
	r = mremap(q + 10 * PAGE, 5 * PAGE, 900 * PAGE, MREMAP_MAYMOVE);
	mremap(r, 900 * PAGE, 900 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	maps();
	mlock(p + 84 * PAGE, PAGE);
	madvise(p + 86 * PAGE, PAGE, MADV_DONTFORK);
	maps();
}

static int memory; /* a memfd */
static volatile int stop;

/* Reads each page of 400, as far as there is one. */
static void *fault_beside(void *p)
{
	for (unsigned i = 0; !stop; i++)
		(void)!pwrite(memory, (char *)p + i % 400 * PAGE, 1, 0);
	return NULL;
}

/* What another thread reads is replaced, and gets permissions one part after the other. */
static void replace_areas(char *p, int fd)
{
	pthread_t thread;

	pthread_create(&thread, NULL, fault_beside, p);
	for (unsigned i = 0; i < 4; i++) {
		mmap(p, 400 * PAGE, PROT_NONE, PRIVATE | MAP_FIXED, -1, 0);
		for (unsigned k = 1; k < 400; k += 2)
			mprotect(p + k * PAGE, PAGE, PROT_EXEC);
		mprotect(p, 400 * PAGE, PROT_READ);
		mmap(p + i * PAGE, 8 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
		mmap(p + 2 * i * PAGE, 4 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, i * PAGE);
		munmap(p + 30 * i * PAGE, 2 * PAGE);
	}
	stop = 1;
	pthread_join(thread, NULL);
}

/* Each change of what is mapped. Another thread reads where mappings are replaced. */
static void areas(void)
{
	char name[40];
	int fd = new_file("areas", name);
	char *p = mmap(NULL, 100 * PAGE, RW, PRIVATE, -1, 0), *q;

	memory = memfd_create("a memfd with a long name", 0);
	ftruncate(fd, 100 * PAGE);
	ftruncate(memory, 100 * PAGE);
	maps();
	change_areas(p, fd);
	sbrk(50 * PAGE);
	maps();
	sbrk(-20 * (long)PAGE);
	sbrk(4 * PAGE + 10);
	mmap(NULL, 4 * PAGE, RW, MAP_SHARED, memory, PAGE);
	deep(80);
	q = mmap(NULL, 600 * PAGE, PROT_NONE, PRIVATE, -1, 0);
	munmap(q, 600 * PAGE);
	q = mmap(q + 590 * PAGE, PAGE, RW, PRIVATE | MAP_GROWSDOWN, -1, 0);
	q[-3 * (long)PAGE] = 1;
	maps();
	q = mmap(NULL, 400 * PAGE, RW, PRIVATE, -1, 0);
	replace_areas(q, fd);
	maps();
	if (fork() == 0) {
		maps();
		munmap(q + 3 * PAGE, 7 * PAGE);
		mprotect(p + 40 * PAGE, PAGE, PROT_NONE);
		maps();
		execl("/proc/self/exe", "recorded", "again", NULL);
		_exit(9);
	}
	wait(NULL);
	maps();
	unlink(name);
}

static char *holes; /* 16 pages of a file */

static void *beside(void *rounds)
{
	for (long i = 0; i < (long)rounds; i++) {
		madvise(holes + 5 * PAGE, PAGE, MADV_DONTNEED);
		touch(holes + 5 * PAGE, 1, 0);
	}
	return NULL;
}

/* A fault of a hole waits for a page, while the pages that it could map beside are unmapped and mapped. */
static void race(long rounds)
{
	int fd = memfd_create("holes", 0);
	pthread_t thread;

	ftruncate(fd, 16 * PAGE);
	holes = mmap(NULL, 16 * PAGE, RW, MAP_SHARED, fd, 0);
	touch(holes, 16, 1);
	pthread_create(&thread, NULL, beside, (void *)(rounds * 10));
	for (long i = 0; i < rounds; i++) {
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE);
		touch(holes, 1, 0);
		touch(holes + 5 * PAGE, 1, 1);
	}
	pthread_join(thread, NULL);
}

/* What the last faults have cost by the kernel's own count. */
static void tell_costs(volatile char *p, size_t npages)
{
	static struct faultline_trace trace;
	static char line[100];

	memset(&trace, 1, sizeof(trace));
	for (size_t i = 0; i < npages; i++)
		(void)p[i * PAGE];
	if (syscall(SYS_faultline, FAULTLINE_TRACE, 0, &trace, sizeof(trace), 0) != 1)
		_exit(3);
	for (unsigned i = 0; i < trace.count; i++) {
		const struct faultline_fault *fault = &trace.faults[i];
		int n = snprintf(line, sizeof(line), "cost %#lx %u %u\n", fault->address,
				 fault->kind, fault->cost);

		if (fault->address - (uintptr_t)p < npages * PAGE && write(1, line, (size_t)n) != n)
			_exit(8);
	}
}

/* Zero fill, copies of them after fork, and pages of a file: first all at once, then with a copy of each. */
static void costs(void)
{
	char name[40], *p = mmap(NULL, 40 * PAGE, RW, PRIVATE, -1, 0), *q;
	int fd = new_file("costs", name), ends[2];
	char byte;

	for (int i = 0; i < 40; i++)
		(void)!write(fd, bss, PAGE);
	tell_costs(bss, 1);
	touch(p, 40, 1);
	tell_costs(p, 40);
	if (pipe(ends) != 0)
		_exit(3);
	if (fork() == 0) {
		close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		_exit(0);
	}
	touch(p, 40, 1);
	tell_costs(p, 40);
	q = mmap(NULL, 40 * PAGE, RW, MAP_PRIVATE, fd, 0);
	touch(q, 40, 0);
	tell_costs(q, 40);
	touch(q, 40, 1);
	tell_costs(q, 40);
	unlink(name);
	_exit(0);
}

/* So many pages are written, a few at a time. */
static void many(size_t npages)
{
	while (npages) {
		size_t n = npages < 1000 ? npages : 1000;
		char *p = mmap(NULL, n * PAGE, RW, PRIVATE, -1, 0);

		touch(p, n, 1);
		munmap(p, n * PAGE);
		npages -= n;
	}
}

/* The kernel writes pages that nobody has touched, and then many are touched. */
static void taken(size_t npages)
{
	static char from[10 * PAGE];
	char *p = mmap(NULL, npages * PAGE, RW, PRIVATE, -1, 0);

	for (size_t i = 0; i + 10 <= npages; i += 10) {
		struct iovec local = { from, sizeof(from) },
			     remote = { p + i * PAGE, sizeof(from) };

		if (process_vm_writev(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)sizeof(from))
			_exit(7);
	}
	many(npages);
}

/* Each page of a file that is there. */
static void read_file(const char *name, size_t npages)
{
	touch(mmap(NULL, npages * PAGE, PROT_READ, MAP_SHARED, open(name, O_RDONLY), 0), npages, 0);
}

/* A child writes more pages than there are. */
static void out_of_memory(size_t npages)
{
	if (fork() == 0) {
		touch(mmap(NULL, npages * PAGE, RW, PRIVATE, -1, 0), npages, 1);
		_exit(0);
	}
	wait(NULL);
}

static void tick(int sig)
{
	(void)sig;
}

/* Faults on many pages while signals come, which end faults that wait. */
static void many_with_signals(size_t npages)
{
	const struct itimerval often = { { 0, 300 }, { 0, 300 } }, never = { 0 };

	signal(SIGALRM, tick);
	setitimer(ITIMER_REAL, &often, NULL);
	many(npages);
	setitimer(ITIMER_REAL, &never, NULL);
}

/* More than there is memory for. Then a part of it comes back from a disk that is switched off, if one is named. */
static void over(size_t npages, const char *disk)
{
	char *p = mmap(NULL, npages * PAGE, RW, PRIVATE, -1, 0);

	for (int i = 0; i < 3; i++)
		touch(p, npages, 1);
	if (fork() == 0) {
		touch(p, 300, 1); /* each comes back, and is copied */
		_exit(0);
	}
	wait(NULL);
	munmap(p + npages / 4 * PAGE,
	       (npages - npages / 4) * PAGE); /* then nothing goes out any more */
	if (disk && swapoff(disk) != 0)
		_exit(7);
	pages();
}

/* Is another process ready to run? It may be in the middle of a fault, which is counted and not yet written. */
static int others_run(void)
{
	static struct faultline_process all[64];
	long n = syscall(SYS_faultline, FAULTLINE_PROCESSES, 0, all, sizeof(all), 0);

	for (long i = 0; i < n; i++)
		if (all[i].pid != getpid() &&
		    (all[i].state == FAULTLINE_ALIVE || all[i].state == FAULTLINE_EXITING))
			return 1;
	return 0;
}

/* Marks the instant at which the machine has had so many faults. The first time, it takes some itself. */
static void total(void)
{
	static struct faultline_machine machine;
	char name[FAULTLINE_MARK_BYTES];

	while (others_run())
		usleep(1000);
	for (int i = 0; i < 2; i++) {
		int n;

		if (syscall(SYS_faultline, FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0) != 1)
			_exit(7);
		n = snprintf(name, sizeof(name), "%lu", (unsigned long)machine.faults);
		if (syscall(SYS_faultline, FAULTLINE_MARK, FAULTLINE_MARK_HERE, name, n, 0) != 1)
			_exit(8);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	bool stays, dies;
	const char *what = argc > 1 ? argv[1] : "kinds";
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;

	if (strcmp(what, "file") == 0)
		read_file(argv[2], 50);
	else if (strcmp(what, "many") == 0)
		many(n);
	else if (strcmp(what, "taken") == 0)
		taken(n);
	else if (strcmp(what, "oom") == 0)
		out_of_memory(n);
	else if (strcmp(what, "signals") == 0)
		many_with_signals(n);
	else if (strcmp(what, "over") == 0)
		over(n, argc > 3 ? argv[3] : NULL);
	else if (strcmp(what, "race") == 0)
		race((long)n);
	else if (strcmp(what, "verbs") == 0)
		verbs();
	else if (strcmp(what, "sweeps") == 0)
		sweeps();
	else if (strcmp(what, "costs") == 0)
		costs();
	else if (strcmp(what, "areas") == 0)
		areas();
	else if (strcmp(what, "total") == 0)
		total();
	else if (strcmp(what, "again") == 0)
		maps();
	else
		all_kinds();
	stays = strcmp(what, "stay") == 0; /* before the faults are counted, as the next line */
	dies = strcmp(what, "die") == 0;
	touch((volatile char *)(uintptr_t)_exit, 1, 0);
	tell();
	if (stays)
		pause();
	if (dies)
		kill(getpid(), SIGKILL);
	_exit(0); /* what the C library does at the end would be counted after that */
}
