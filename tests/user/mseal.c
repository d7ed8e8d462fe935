/* SPDX-License-Identifier: MIT */
/* mseal: what sealed memory refuses, what it permits, and that a child has it, too. */
#include "t.h"

#include <sys/mman.h>
#include <sys/shm.h>

#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

static int mseal(void *at, size_t len)
{
	return (int)syscall(SYS_mseal, at, len, 0);
}

/* mmap and mremap return addresses. */
static void moved(const char *what, void *at)
{
	say("%s: %s\n", what, at == MAP_FAILED ? strerrorname_np(errno) : "done");
}

#define FIXED (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)

/* mseal seals the whole range or nothing: a hole is ENOMEM, a range that wraps around EINVAL. */
static void refused(void)
{
	char *at = anon(4 * PAGE);

	munmap(at + 2 * PAGE, PAGE);
	TRY(syscall(SYS_mseal, at, PAGE, 1));
	TRY(syscall(SYS_mseal, at, PAGE, -1ul));
	TRY(mseal(at + 1, PAGE));
	TRY(mseal(at, -1ul));
	TRY(mseal(at, -PAGE));
	TRY(mseal(at + 2 * PAGE, PAGE));
	TRY(mseal(at, 4 * PAGE));
	TRY(mseal(at + 2 * PAGE, 0));
	TRY(mseal((void *)(1ul << 60), PAGE));
	/* So nothing is sealed. */
	TRY(mprotect(at, 2 * PAGE, PROT_READ));
	TRY(munmap(at, 4 * PAGE));
}

static const struct {
	const char *name;
	int advice;
} advices[] = {
	{ "NORMAL", MADV_NORMAL },	   { "FREE", MADV_FREE },
	{ "DONTNEED", MADV_DONTNEED },	   { "DONTNEED_LOCKED", MADV_DONTNEED_LOCKED },
	{ "REMOVE", MADV_REMOVE },	   { "DONTFORK", MADV_DONTFORK },
	{ "DOFORK", MADV_DOFORK },	   { "WIPEONFORK", MADV_WIPEONFORK },
	{ "KEEPONFORK", MADV_KEEPONFORK }, { "DONTDUMP", MADV_DONTDUMP },
	{ "DODUMP", MADV_DODUMP },	   { "COLD", MADV_COLD },
};

static void advise(const char *what, char *at)
{
	for (unsigned i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		say("madvise %s of %s: %s\n", advices[i].name, what,
		    madvise(at, PAGE, advices[i].advice) == 0 ? "0" : strerrorname_np(errno));
}

/* Sealed memory can be neither unmapped nor moved, replaced or given other permissions: EPERM. */
static void changes(char *at)
{
	TRY(munmap(at, PAGE));
	TRY(munmap(at - PAGE, 2 * PAGE));
	TRY(munmap(at, 5 * PAGE));
	TRY(mprotect(at, PAGE, PROT_NONE));
	TRY(mprotect(at, PAGE, RW));
	TRY(mprotect(at, PAGE, RW | PROT_EXEC));
	moved("mmap", mmap(at, PAGE, RW, FIXED, -1, 0));
	moved("mmap of more", mmap(at - PAGE, 3 * PAGE, RW, FIXED, -1, 0));
	moved("mmap, not replacing", mmap(at, PAGE, RW, FIXED | MAP_FIXED_NOREPLACE, -1, 0));
	moved("mremap to less", mremap(at, 2 * PAGE, PAGE, 0));
	moved("mremap to more", mremap(at, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE));
	moved("mremap to the same", mremap(at, PAGE, PAGE, 0));
	moved("mremap elsewhere",
	      mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + 64 * PAGE));
	moved("mremap, and stay", mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
}

/* A seal holds for its own pages, can be set again, and is inherited by a child. */
static void in_the_middle(void)
{
	char *at = anon(5 * PAGE), *other = anon(PAGE);

	memset(at, 'x', 5 * PAGE);
	TRY(mseal(at + PAGE, 2 * PAGE));
	TRY(mseal(at + PAGE, 2 * PAGE));
	changes(at + PAGE);
	moved("mremap onto it",
	      mremap(other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + 2 * PAGE));
	/* The memory before it has changed, as mprotect goes on until it is refused. */
	TRY(mprotect(at, 2 * PAGE, PROT_READ));
	TRY(mprotect(at, PAGE, RW));
	TRY(mprotect(at + 3 * PAGE, PAGE, PROT_READ));
	TRY(munmap(at, PAGE));
	TRY(munmap(at + 3 * PAGE, 2 * PAGE));
	say("it is there: %d\n", not_all(at + PAGE, 2 * PAGE, 'x') == 0);
	TRY(mlock(at + PAGE, PAGE));
	TRY(munlock(at + PAGE, PAGE));
	advise("memory that can be written", at + PAGE);
	memset(at + PAGE, 'y', PAGE);
	if (fork() == 0) {
		char *more = at + PAGE;

		say("in the child:\n");
		TRY(munmap(more, PAGE));
		TRY(mprotect(more, PAGE, PROT_READ));
		_exit(0);
	}
	wait(NULL);
}

/* Advice that loses contents is EPERM for sealed anonymous memory that the program may not write. */
static void other_kinds(void)
{
	int fd = memfd_create("m", 0), id = shmget(IPC_PRIVATE, 2 * PAGE, IPC_CREAT | 0600);
	char *at = anon(PAGE), *segment = shmat(id, NULL, 0);

	ftruncate(fd, PAGE);
	mprotect(at, PAGE, PROT_READ);
	TRY(mseal(at, PAGE));
	advise("read-only memory", at);
	TRY(mprotect(at, PAGE, PROT_READ));
	at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	TRY(mseal(at, PAGE));
	advise("a shared file", at);
	TRY(munmap(at, PAGE));
	at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	TRY(mseal(at, PAGE));
	TRY(madvise(at, PAGE, MADV_DONTNEED));
	TRY(mseal(segment, PAGE));
	TRY(shmdt(segment));
	TRY(mprotect(segment, PAGE, PROT_READ));
	TRY(mprotect(segment + PAGE, PAGE, PROT_READ));
	at = shmat(id, segment, SHM_REMAP);
	say("shmat: %s\n", at == (void *)-1 ? strerrorname_np(errno) : "attached");
	shmctl(id, IPC_RMID, NULL);
}

/* The break cannot go below what is sealed, but it may go up. */
static void heap(void)
{
	char *end = (char *)((unsigned long)(sbrk(0) + PAGE - 1) & ~(PAGE - 1));

	brk(end + 4 * PAGE);
	TRY(mseal(end + PAGE, PAGE));
	/* The break stays where it is. */
	say("lower: %d\n", (char *)syscall(SYS_brk, end) == end + 4 * PAGE);
	say("less low: %d\n", (char *)syscall(SYS_brk, end + 2 * PAGE) == end + 2 * PAGE);
	say("higher: %d\n", (char *)syscall(SYS_brk, end + 5 * PAGE) == end + 5 * PAGE);
}

static void shown(void)
{
	char line[400], *at = anon(PAGE);
	unsigned long start;
	int is_it = 0;
	FILE *f;

	mseal(at, PAGE);
	f = fopen("/proc/self/smaps", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-", &start) == 1 && strchr(line, '-'))
			is_it = start == (unsigned long)at;
		if (is_it && strncmp(line, "VmFlags:", 8) == 0)
			say("smaps says so: %d\n", strstr(line, " sl") != NULL);
	}
}

int main(void)
{
	refused();
	in_the_middle();
	other_kinds();
	heap();
	shown();
	return 0;
}
