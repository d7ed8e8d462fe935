/* SPDX-License-Identifier: MIT */
/* R90 R92: sealed memfds: what each seal forbids, to write, ftruncate, fallocate, mmap and mprotect; and
 * each error. */
#include "t.h"

#include <sys/uio.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#define MFD_EXEC	0x10u
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif

static char buf[4 * PAGE];

static int fresh(unsigned flags)
{
	int fd = memfd_create("seals", flags);

	if (ftruncate(fd, 2 * PAGE + 100) != 0)
		say("ftruncate: %s\n", strerrorname_np(errno));
	return fd;
}

static void size_is(int fd)
{
	struct stat st;

	fstat(fd, &st);
	say("  size %ld, mode %o\n", (long)st.st_size, st.st_mode);
}

static void try_all(int fd)
{
	char *m;

	TRY(pwrite(fd, buf, 10, 0));
	TRY(pwrite(fd, buf, 100, 2 * PAGE));
	TRY(pwrite(fd, buf, 101, 2 * PAGE));
	TRY(pwrite(fd, buf, 2 * PAGE, PAGE));
	TRY(pwrite(fd, buf, 0, 9 * PAGE));
	TRY(syscall(SYS_pwrite64, fd, 8, 10, 0));
	TRY(syscall(SYS_pwrite64, fd, 8, 10, 9 * PAGE));
	TRY(ftruncate(fd, 2 * PAGE));
	size_is(fd);
	TRY(ftruncate(fd, 3 * PAGE));
	size_is(fd);
	TRY(fallocate(fd, 0, 0, 4 * PAGE));
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 5 * PAGE));
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, PAGE));
	size_is(fd);
	m = mapped("shared, writable", mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0));
	if (m != MAP_FAILED)
		munmap(m, PAGE);
	m = mapped("shared, to read", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	if (m != MAP_FAILED) {
		TRY(mprotect(m, PAGE, RW));
		munmap(m, PAGE);
	}
	m = mapped("private", mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0));
	m[0] = 1;
	munmap(m, PAGE);
}

static void one(const char *name, int seal)
{
	int fd = fresh(MFD_ALLOW_SEALING);

	say("%s\n", name);
	TRY(fcntl(fd, F_GET_SEALS));
	TRY(fcntl(fd, F_ADD_SEALS, seal));
	TRY(fcntl(fd, F_GET_SEALS));
	try_all(fd);
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	TRY(fcntl(fd, F_GET_SEALS));
	close(fd);
}

static void errors(void)
{
	struct iovec part = { buf, 1 };
	int fd, ro, pipes[2];
	char *m;

	TRY(memfd_create("x", MFD_NOEXEC_SEAL | MFD_EXEC));
	fd = fresh(0);
	TRY(fcntl(fd, F_GET_SEALS));
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	fd = fresh(MFD_ALLOW_SEALING);
	TRY(fcntl(fd, F_ADD_SEALS, 0x1000));
	TRY(fcntl(fd, F_ADD_SEALS, 0));
	m = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	mprotect(m, PAGE, PROT_READ);
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW));
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	TRY(mprotect(m, PAGE, RW));
	m[0] = 'm';
	TRY(pread(fd, buf, 1, 0));
	say("what was mapped before may be written: %c\n", buf[0]);
	munmap(m, PAGE);
	m = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	TRY(fcntl(fd, F_GET_SEALS));
	TRY(write(fd, buf, 1));
	TRY(writev(fd, &part, 1));
	TRY(syscall(SYS_pwrite64, fd, buf, 1, 0));
	fd = fresh(MFD_NOEXEC_SEAL);
	size_is(fd);
	TRY(fcntl(fd, F_GET_SEALS));
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC | F_SEAL_GROW));
	TRY(fchmod(fd, 0755));
	TRY(fchmod(fd, 0600));
	fd = fresh(MFD_ALLOW_SEALING);
	m = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC)); /* it would keep writers off too */
	TRY(fcntl(fd, F_GET_SEALS));
	munmap(m, PAGE);
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC));
	TRY(fcntl(fd, F_GET_SEALS));
	make_file("seals.tmp", 10);
	fd = open("seals.tmp", O_RDWR);
	ro = open("seals.tmp", O_RDONLY);
	TRY(fcntl(fd, F_GET_SEALS));
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	TRY(fcntl(ro, F_ADD_SEALS, F_SEAL_GROW));
	TRY(pipe(pipes));
	TRY(fcntl(pipes[1], F_GET_SEALS));
	TRY(fcntl(pipes[1], F_ADD_SEALS, F_SEAL_GROW));
}

int main(void)
{
	one("no seal", 0);
	one("shrink", F_SEAL_SHRINK);
	one("grow", F_SEAL_GROW);
	one("write", F_SEAL_WRITE);
	one("future write", F_SEAL_FUTURE_WRITE);
	one("seal", F_SEAL_SEAL);
	one("all", F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	errors();
	return 0;
}
