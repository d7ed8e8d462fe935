/* SPDX-License-Identifier: MIT */
/* R90: mincore, msync, mlock and its kin, and the advice about fork and about locked memory: what they
 * do, and each error. */
#include "t.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

#define AT ((char *)0x1200000000)

static char *p;

static char *area(char *at, size_t npages)
{
	return mmap(at, npages * PAGE, RW, ANON | MAP_FIXED, -1, 0);
}

/* Which pages are there, as a line of 0 and 1. */
static void there(const char *what, char *at, size_t npages)
{
	unsigned char vec[64];
	char line[65] = { 0 };

	memset(vec, 0xff, sizeof(vec));
	if (mincore(at, npages * PAGE, vec) != 0)
		say("%s: %s\n", what, strerrorname_np(errno));
	for (size_t i = 0; i < npages; i++)
		line[i] = (char)(vec[i] == 0xff ? '?' : vec[i] < 2 ? '0' + vec[i] : 'x');
	say("%s: %s\n", what, line);
}

/* mincore counts pages of the page cache for mappings of files, and is ENOMEM for a range with a hole. */
static void cores(void)
{
	int fd;
	char *f, *far = area(AT + GIB, 300);
	unsigned char vec[300];

	p = area(AT, 8);
	(void)*(volatile char *)p;
	p[PAGE] = 1;
	p[6 * PAGE] = 1;
	mprotect(p + PAGE, PAGE, PROT_NONE);
	there("touched", p, 8);
	munmap(p + 4 * PAGE, PAGE);
	there("with a hole", p, 8);
	make_file("lock.tmp", 3 * PAGE);
	fd = open("lock.tmp", O_RDWR);
	TRY(ftruncate(fd, 6 * PAGE));
	f = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
	there("a file", f, 8);
	f[4 * PAGE] = 1;
	there("a hole written", f, 8);
	f = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, fd, PAGE);
	there("private, from page 1", f, 8);
	f = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	f[PAGE] = 1;
	there("shared memory", f, 4);
	far[299 * PAGE] = far[0] = far[257 * PAGE] = 1;
	TRY(mincore(far, 300 * PAGE - 5, vec));
	say("%d%d%d %d%d\n", vec[0], vec[257], vec[299], vec[1], vec[256]);
	TRY(mincore(p + 1, PAGE, vec));
	TRY(mincore(p, -PAGE, vec));
	TRY(mincore(p, PAGE, (void *)1));
	TRY(mincore(p, PAGE, (void *)-1ul));
	TRY(mincore(p, 0, (void *)1));
	TRY(mincore(p + 4 * PAGE, PAGE, vec));
	TRY(mincore(p + 3 * PAGE, 2 * PAGE, vec));
	munmap(p, 8 * PAGE);
}

/* msync looks at a whole range in spite of holes, which are ENOMEM; MS_INVALIDATE is EBUSY for locked memory. */
static void syncs(void)
{
	int fd = open("lock.tmp", O_RDWR);
	char *f = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);

	f[0] = 's';
	TRY(msync(f, PAGE, MS_SYNC));
	TRY(msync(f, PAGE, MS_ASYNC));
	TRY(msync(f, 2 * PAGE, MS_INVALIDATE | MS_SYNC));
	TRY(msync(f, PAGE, 0));
	TRY(msync(f, 0, MS_SYNC));
	TRY(msync(f, PAGE, MS_ASYNC | MS_SYNC));
	TRY(msync(f, PAGE, 8));
	TRY(msync(f + 1, PAGE, MS_SYNC));
	TRY(msync(f, -PAGE, MS_SYNC));
	TRY(msync(f, -PAGE + 1, MS_SYNC));
	p = area(AT, 4);
	munmap(p + PAGE, PAGE);
	TRY(msync(p, 4 * PAGE, MS_SYNC));
	TRY(msync(p, 4 * PAGE, MS_ASYNC));
	TRY(msync(p + 2 * PAGE, 3 * PAGE, MS_SYNC));
	TRY(mlock(p + 3 * PAGE, PAGE));
	TRY(msync(p + 2 * PAGE, 2 * PAGE, MS_INVALIDATE));
	TRY(msync(p, 4 * PAGE, MS_INVALIDATE | MS_ASYNC));
	munmap(p, 4 * PAGE);
	munmap(f, 2 * PAGE);
}

static int child_unlocked(void *unused)
{
	(void)unused;
	TRY(madvise(p, PAGE, MADV_DONTNEED));
	there("the child's", p, 8);
	return 0;
}

/* mlock locks up to a hole (ENOMEM), but fills nothing then; MADV_DONTNEED is EINVAL for locked memory; a child has no locks. */
static void locks(void)
{
	struct rlimit limit;
	char *q;
	int fd = open("lock.tmp", O_RDWR);

	getrlimit(RLIMIT_MEMLOCK, &limit);
	limit.rlim_cur = PAGE;
	TRY(setrlimit(RLIMIT_MEMLOCK, &limit));
	getrlimit(RLIMIT_MEMLOCK, &limit);
	say("the limit: %ld\n", (long)limit.rlim_cur);
	p = area(AT, 8);
	TRY(mlock(p + PAGE + 5, 2 * PAGE));
	there("locked", p, 8);
	TRY(madvise(p, PAGE, MADV_DONTNEED));
	TRY(madvise(p, 2 * PAGE, MADV_DONTNEED));
	TRY(madvise(p + PAGE, PAGE, MADV_FREE));
	TRY(madvise(p + PAGE, PAGE, MADV_COLD));
	TRY(madvise(p + PAGE, PAGE, MADV_PAGEOUT));
	TRY(madvise(p + PAGE, PAGE, MADV_DONTNEED_LOCKED));
	there("dropped all the same", p, 8);
	in_child("child", child_unlocked, NULL);
	TRY(munlock(p + 2 * PAGE, PAGE));
	TRY(madvise(p + 2 * PAGE, PAGE, MADV_DONTNEED));
	TRY(madvise(p + 3 * PAGE, PAGE, MADV_DONTNEED));
	TRY(mlock2(p, PAGE, MLOCK_ONFAULT));
	there("on fault", p, 8);
	TRY(madvise(p, PAGE, MADV_DONTNEED));
	TRY(mlock2(p, PAGE, 2));
	TRY(mlock2(p, PAGE, 0));
	TRY(mlock(p, 0));
	TRY(mlock(p, -PAGE));
	TRY(munlock(p, -PAGE));
	munmap(p + 6 * PAGE, PAGE);
	TRY(mlock(p + 5 * PAGE, 3 * PAGE));
	there("up to the hole", p, 6);
	TRY(madvise(p + 5 * PAGE, PAGE, MADV_DONTNEED));
	TRY(munlock(p + 5 * PAGE, 3 * PAGE));
	TRY(madvise(p + 5 * PAGE, PAGE, MADV_DONTNEED));
	TRY(mlock2(p + 6 * PAGE, PAGE, 0));
	mprotect(p + 4 * PAGE, PAGE, PROT_NONE);
	TRY(mlock(p + 4 * PAGE, PAGE));
	munmap(p, 8 * PAGE);
	q = mmap(AT, 4 * PAGE, RW, ANON | MAP_FIXED | MAP_LOCKED, -1, 0);
	there("MAP_LOCKED", q, 4);
	TRY(madvise(q, PAGE, MADV_DONTNEED));
	TRY(mremap(q, 4 * PAGE, 6 * PAGE, 0) == q);
	there("grown", q, 6);
	TRY(mremap(q, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
		   AT + MIB) == AT + MIB);
	TRY(madvise(q, PAGE, MADV_DONTNEED));
	TRY(madvise(AT + MIB, PAGE, MADV_DONTNEED));
	munmap(AT, 2 * MIB);
	q = mmap(AT, 8 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	TRY(mlock(q, 6 * PAGE));
	there("a file, filled", q, 8);
	TRY(mlock(q, 8 * PAGE));
	munmap(q, 8 * PAGE);
}

/* MCL_CURRENT locks what is mapped, MCL_FUTURE what will be; without MCL_FUTURE a call takes that back. */
static void all(void)
{
	char *at = sbrk(0);

	TRY(mlockall(0));
	TRY(mlockall(MCL_ONFAULT));
	TRY(mlockall(8 | MCL_CURRENT));
	p = area(AT, 4);
	TRY(mlockall(MCL_FUTURE));
	there("mapped before", p, 4);
	there("from now on", area(AT + MIB, 4), 4);
	TRY(madvise(p, PAGE, MADV_DONTNEED));
	TRY(madvise(AT + MIB, PAGE, MADV_DONTNEED));
	at += -(uintptr_t)at & (PAGE - 1);
	TRY(brk(at + 4 * PAGE));
	there("the heap", at, 4);
	TRY(mlockall(MCL_CURRENT));
	there("all", p, 4);
	there("later", area(AT + 2 * MIB, 4), 4);
	TRY(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));
	there("later, on fault", area(AT + 3 * MIB, 4), 4);
	there("MAP_POPULATE too",
	      mmap(AT + 3 * MIB, 4 * PAGE, RW, ANON | MAP_FIXED | MAP_POPULATE, -1, 0), 4);
	TRY(madvise(AT + 3 * MIB, PAGE, MADV_DONTNEED));
	TRY(munlockall());
	TRY(madvise(AT + 3 * MIB, PAGE, MADV_DONTNEED));
	there("after", area(AT + 4 * MIB, 4), 4);
	there("to be run only",
	      mmap(AT, 4 * PAGE, PROT_EXEC, ANON | MAP_FIXED | MAP_POPULATE, -1, 0), 4);
	there("not at all", mmap(AT, 4 * PAGE, PROT_NONE, ANON | MAP_FIXED | MAP_POPULATE, -1, 0),
	      4);
	munmap(AT, 5 * MIB);
}

static int reads(void *at)
{
	return *(volatile char *)at;
}

static int grandchild(void *unused)
{
	(void)unused;
	p[4 * PAGE] = 7;
	in_child("wiped again", reads, p + 4 * PAGE);
	return p[4 * PAGE];
}

/* MADV_DONTFORK leaves a range out of a child, MADV_WIPEONFORK gives it zeros: only private memory without a file (EINVAL). */
static void forks(void)
{
	char *s;

	p = area(AT, 8);
	memset(p, 5, 8 * PAGE);
	TRY(madvise(p + PAGE, 2 * PAGE, MADV_DONTFORK));
	TRY(madvise(p + 4 * PAGE, 2 * PAGE, MADV_WIPEONFORK));
	in_child("before", reads, p);
	in_child("not for children", reads, p + PAGE);
	in_child("behind", reads, p + 3 * PAGE);
	in_child("wiped", reads, p + 5 * PAGE);
	in_child("grandchild", grandchild, NULL);
	say("the parent's: %zu wrong\n", not_all(p, 8 * PAGE, 5));
	TRY(madvise(p + 2 * PAGE, PAGE, MADV_DOFORK));
	TRY(madvise(p + 4 * PAGE, PAGE, MADV_KEEPONFORK));
	in_child("still not", reads, p + PAGE);
	in_child("again", reads, p + 2 * PAGE);
	in_child("kept again", reads, p + 4 * PAGE);
	in_child("still wiped", reads, p + 5 * PAGE);
	s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	TRY(madvise(s, PAGE, MADV_WIPEONFORK));
	TRY(madvise(s, PAGE, MADV_KEEPONFORK));
	TRY(madvise(s, PAGE, MADV_DONTFORK));
	in_child("shared, not for children", reads, s);
	s = mmap(NULL, PAGE, RW, MAP_PRIVATE, open("lock.tmp", O_RDONLY), 0);
	TRY(madvise(s, PAGE, MADV_WIPEONFORK));
}

/* PROT_GROWSDOWN reaches down to the start of a stack, and is EINVAL elsewhere; madvise lets no stack grow. */
static void stacks(void)
{
	p = mmap(AT + GIB, 4 * PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
	TRY(mprotect(p + 2 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
	in_child("read-only from its start", stores_to, p);
	TRY(mprotect(p + 3 * PAGE, PAGE, RW | PROT_GROWSDOWN));
	TRY(mprotect(p, PAGE, RW | PROT_GROWSUP));
	TRY(mprotect(p, PAGE, RW | PROT_GROWSUP | PROT_GROWSDOWN));
	TRY(mprotect(p + 8 * PAGE, PAGE, RW | PROT_GROWSDOWN));
	TRY(mprotect(p - PAGE, 2 * PAGE, RW | PROT_GROWSUP));
	TRY(madvise(p - 4 * PAGE, 2 * PAGE, MADV_POPULATE_WRITE));
	TRY(madvise(p - 2 * PAGE, 4 * PAGE, MADV_POPULATE_READ));
	there("no stack has grown", p - 4 * PAGE, 4);
	p = area(AT, 2);
	TRY(mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN));
	TRY(syscall(SYS_mprotect, p, PAGE, 1ul << 32 | PROT_READ));
}

/* Faults that writing the first byte of each page takes. */
static long faults_of_writes(char *at, size_t npages)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (size_t i = 0; i < npages; i++)
		stores_to(at + i * PAGE);
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt - before.ru_minflt;
}

/* Private locked memory that mprotect lets be written has its own pages from then on. */
static void protects(void)
{
	int fd = open("lock.tmp", O_RDONLY);
	char warm;

	(void)faults_of_writes(&warm, 1);
	p = mmap(AT, 8 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
	TRY(mlock(p, 4 * PAGE));
	there("locked to read", p, 8);
	TRY(madvise(p, 2 * PAGE, MADV_DONTNEED_LOCKED));
	TRY(mprotect(p + PAGE, 5 * PAGE, RW));
	there("from the second on to write", p, 8);
	say("faults: %ld locked, %ld not\n", faults_of_writes(p + PAGE, 3),
	    faults_of_writes(p + 4 * PAGE, 2));
	TRY(madvise(p + 2 * PAGE, PAGE, MADV_DONTNEED_LOCKED));
	TRY(mprotect(p + PAGE, 3 * PAGE, RW | PROT_EXEC));
	there("could be written before", p, 8);
	munmap(p, 8 * PAGE);
	p = mmap(AT, 4 * PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
	TRY(mlock(p, 2 * PAGE));
	TRY(mprotect(p, PAGE, PROT_READ));
	TRY(mprotect(p + PAGE, 3 * PAGE, PROT_WRITE));
	there("of what nobody could touch", p, 4);
	munmap(p, 4 * PAGE);
	p = mmap(AT, 4 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
	TRY(mlock2(p, 4 * PAGE, MLOCK_ONFAULT));
	TRY(mprotect(p, 4 * PAGE, RW));
	there("on fault", p, 4);
	munmap(p, 4 * PAGE);
	p = mmap(AT, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	TRY(mlock(p, 2 * PAGE));
	TRY(mprotect(p, 2 * PAGE, RW));
	say("faults of a file's: %ld\n", faults_of_writes(p, 2));
	TRY(mprotect(p, 8 * PAGE, PROT_READ));
	TRY(mlock(p, 8 * PAGE));
	TRY(mprotect(p, 8 * PAGE, RW)); /* as far as the file goes */
	say("faults of a file's, to its end: %ld\n", faults_of_writes(p, 6));
	munmap(p, 8 * PAGE);
	p = mmap(AT, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	TRY(mlock(p, 2 * PAGE));
	TRY(madvise(p, 2 * PAGE, MADV_DONTNEED_LOCKED));
	TRY(mprotect(p, 2 * PAGE, RW));
	say("faults of shared memory: %d\n", faults_of_writes(p, 2) > 0);
	munmap(p, 2 * PAGE);
	close(fd);
}

int main(void)
{
	cores();
	syncs();
	locks();
	protects();
	all();
	forks();
	stacks();
	return 0;
}
