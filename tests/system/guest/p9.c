/* SPDX-License-Identifier: MIT */
/* Files of a server that tells the truth, lies, is silent, or dies (R142, R144). */
#define _GNU_SOURCE
#include "p9.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void refused_mounts(void)
{
	int status;

	expect_error("no descriptor", EINVAL, mount("s", "/mnt", "9p", 0, ""));
	expect_error("a closed one", EINVAL, mount("s", "/mnt", "9p", 0, "fd=99"));
	expect_error("no send end", EINVAL, mount("s", "/mnt", "9p", 0, "fd=1"));
	expect("little messages", -EINVAL, try_mount(MS_RDONLY, "msize=100"));
	waitpid(server, &status, 0);
	expect("an unknown option", -EINVAL, try_mount(MS_RDONLY, "colour=3"));
	waitpid(server, &status, 0);
	first_lie = OTHER_VERSION;
	expect("another version", -EPROTONOSUPPORT, try_mount(MS_RDONLY, "timeout=20"));
	waitpid(server, &status, 0);
	first_lie = GARBAGE;
	expect("garbage", -EIO, try_mount(MS_RDONLY, "timeout=20"));
	waitpid(server, &status, 0);
	first_lie = TRUTH;
}

int main(int argc, char **argv)
{
	int fd;
	struct stat st;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && strcmp(argv[1], "child") == 0)
		return 42;
	fd = open(argv[0], O_RDONLY);
	fstat(fd, &st);
	program_size = (size_t)st.st_size;
	program = mmap(NULL, program_size, PROT_READ, MAP_PRIVATE, fd, 0);
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	close(fd);
	mkdir("/mnt", 0755);
	test_silence(); /* the first, for silence_at_boot() */
	test_reads();
	test_writes();
	test_stores();
	test_attach();
	refused_mounts();
	if (nwrong == 0)
		puts("p9: ok");
	return nwrong != 0;
}
