/* SPDX-License-Identifier: MIT */
/* remap_file_pages: which pages of a file or of shared memory a mapping shows afterwards. */
#define _GNU_SOURCE
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>

#include "t.h"

#define PAGES 8

/* The first byte of each page; '.' for 0. */
static void show(const char *p, int n)
{
	char text[PAGES + 1] = "";

	for (int i = 0; i < n; i++)
		text[i] = p[(size_t)i * PAGE] ?: '.';
	say("%s\n", text);
}

/* A file whose pages begin with 'a', 'b' and so on. */
static int make_pages(void)
{
	int fd = open("pages", O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (int i = 0; i < PAGES; i++) {
		char page[PAGE] = { (char)('a' + i) };

		write(fd, page, PAGE);
	}
	return fd;
}

/* The range may span mappings of one file without a hole, if their protection is the same (EINVAL); a new one cannot be given. */
static void of_a_file(int fd)
{
	char *p = mmap(NULL, PAGES * PAGE, RW, MAP_SHARED, fd, 0);
	char byte;

	TRY(remap_file_pages(p, PAGE, 0, 5, 0));
	show(p, PAGES);
	TRY(remap_file_pages(p + PAGE, 2 * PAGE, 0, 6, 0));
	show(p, PAGES);
	TRY(remap_file_pages(p + 4 * PAGE, 3 * PAGE, 0, 0, MAP_NONBLOCK));
	show(p, PAGES);
	/* over parts with different offsets; address and length are rounded down */
	TRY(remap_file_pages(p + 1, 3 * PAGE + 4095, 0, 1, 0));
	show(p, PAGES);
	p[0] = 'B';
	pread(fd, &byte, 1, PAGE);
	say("%c\n", byte);
	/* beyond the end of the file */
	TRY(remap_file_pages(p, PAGE, 0, PAGES, 0));
	TRY(pwrite(fd, p, 1, 0));
	TRY(read(open("/dev/zero", O_RDONLY), p, 1));
	TRY(read(open("/dev/zero", O_RDONLY), p + PAGE, 1));
	in_child("the page beyond the end", loads_from, p);
	TRY(ftruncate(fd, (PAGES + 1) * PAGE));
	p[0] = 'i';
	show(p, 1);
	/* a part that is mapped otherwise */
	mprotect(p + 5 * PAGE, PAGE, PROT_READ);
	TRY(remap_file_pages(p + 4 * PAGE, 2 * PAGE, 0, 1, 0));
	TRY(remap_file_pages(p + 5 * PAGE, PAGE, 0, 1, 0));
	TRY(read(open("/dev/zero", O_RDONLY), p + 5 * PAGE, 1));
	TRY(mprotect(p + 5 * PAGE, PAGE, RW));
	munmap(p + 6 * PAGE, PAGE);
	TRY(remap_file_pages(p + 5 * PAGE, 3 * PAGE, 0, 1, 0));
	TRY(remap_file_pages(p + 5 * PAGE, PAGE, PROT_READ, 1, 0));
	show(p, 6);
	munmap(p, PAGES * PAGE);
}

/* By a descriptor for reading only the memory is not shared. */
static void of_a_reader(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, open("pages", O_RDONLY), 0);

	TRY(remap_file_pages(p, PAGE, 0, 3, 0));
	show(p, 2);
	TRY(mprotect(p, PAGE, RW));
	munmap(p, 2 * PAGE);
}

/* Where seals forbid it to be written, it is as shared as before; what is mapped anew cannot become writable. */
static void of_sealed_memory(void)
{
	static const int seals[] = { F_SEAL_WRITE, F_SEAL_FUTURE_WRITE };

	for (int i = 0; i < 2; i++) {
		int fd = memfd_create("sealed", MFD_ALLOW_SEALING);
		char *p;

		write(fd, "a", 1);
		pwrite(fd, "b", 1, PAGE);
		TRY(fcntl(fd, F_ADD_SEALS, seals[i]));
		p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
		TRY(remap_file_pages(p, PAGE, 0, 1, 0));
		say("%c\n", *p);
		TRY(mprotect(p, PAGE, RW));
		munmap(p, 2 * PAGE);
	}
}

/* Shared memory without a file and System V's can be remapped as files can; a private mapping is EINVAL. */
static void of_memory(int fd)
{
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *private = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
	struct shmid_ds ds;
	pid_t pid;

	for (int i = 0; i < 4; i++)
		p[(size_t)i * PAGE] = (char)('A' + i);
	TRY(remap_file_pages(p, 2 * PAGE, 0, 2, 0));
	show(p, 4);
	pid = fork();
	if (pid == 0) {
		*p = 'Z';
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	show(p, 4);
	munmap(p + 2 * PAGE, 2 * PAGE);
	/* all that is mapped of it */
	TRY(remap_file_pages(p, 2 * PAGE, 0, 0, 0));
	show(p, 2);
	TRY(remap_file_pages(private, PAGE, 0, 1, 0));
	p = shmat(id, NULL, 0);
	p[0] = '1';
	p[PAGE] = '2';
	TRY(remap_file_pages(p, PAGE, 0, 1, 0));
	show(p, 2);
	shmctl(id, IPC_RMID, NULL);
	shmctl(id, IPC_STAT, &ds);
	say("%d\n", (int)ds.shm_nattch);
}

static int limited(void *p)
{
	TRY(mlock(p, 2 * PAGE));
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ PAGE, PAGE });
	setuid(1000);
	TRY(remap_file_pages(p, PAGE, 0, 6, 0));
	return 0;
}

/* Memory that PR_SET_MDWE would not have allowed stays as it is. */
static int executable(void *fd)
{
	char *p = mmap(NULL, 2 * PAGE, RW | PROT_EXEC, MAP_SHARED, *(int *)fd, 0);

	TRY(remap_file_pages(p, PAGE, 0, 3, 0));
	TRY(prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0));
	TRY(remap_file_pages(p, PAGE, 0, 4, 0));
	show(p, 2);
	return 0;
}

/* What is mapped anew is as locked as before, for which RLIMIT_MEMLOCK must have room (EAGAIN); sealed memory is EPERM. */
static void locked(int fd)
{
	char *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	unsigned char here = 0;

	TRY(mlock(p, 2 * PAGE));
	TRY(remap_file_pages(p, PAGE, 0, 7, MAP_NONBLOCK));
	mincore(p, PAGE, &here);
	say("%d\n", here);
	in_child("with a limit", limited, p);
	TRY(munlock(p, PAGE));
	TRY(syscall(462 /* mseal */, p, PAGE, 0));
	TRY(remap_file_pages(p, PAGE, 0, 6, 0));
	TRY(remap_file_pages(p + PAGE, PAGE, 0, 6, 0));
	show(p, 2);
}

int main(void)
{
	int fd = make_pages();

	of_a_file(fd);
	of_a_reader();
	of_sealed_memory();
	of_memory(fd);
	locked(fd);
	in_child("memory that can be executed", executable, &fd);
	return 0;
}
