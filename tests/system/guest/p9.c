/* SPDX-License-Identifier: MIT */
/* Files of a server that tells the truth, lies, is silent, or dies (R142, R144). */
#define _GNU_SOURCE
#include "p9.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
	first_lie = TRUTH;
}

/* A server that is not mounted after all is left alone: it ends, whatever it owes. */
static void servers_in_vain(void)
{
	static const unsigned types[] = { P9_TVERSION, P9_TATTACH };
	static const enum lie all[] = { GARBAGE, SILENT, DIE };

	first_flush = FLUSH_LATER;
	for (unsigned i = 0; i < 6; i++) {
		first_lie_of = types[i % 2];
		first_lie = all[i / 2];
		expect("no mount", -EIO, try_mount(MS_RDONLY, "timeout=1"));
		expect("the server's status", 0, status_of(server));
	}
	first_flush = FLUSH_NOW;
	first_lie_of = 0;
	first_lie = TRUTH;
	start("timeout=20");
	stop();
}

static void mounts(void)
{
	refused_mounts();
	servers_in_vain();
}

/* What the kernel keeps once something has been mounted, and this process: stop() looks for more. */
static void first_mount(void)
{
	mkdir("/mnt", 0755);
	mkdir("/mnt2", 0755);
	start("timeout=20");
	expect("chdir", 0, chdir("/mnt/sub"));
	expect("and back", 0, chdir("/"));
	stop();
}

/* The server has not got what was written, and does not answer any more, when the machine goes off. */
static void leave_a_silent_server(void)
{
	static const uint8_t bytes[40 * PAGE] = { 1 };
	int fd;

	start_to_write("timeout=60");
	fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	tell(SILENT, 0);
	expect("write", sizeof(bytes), write(fd, bytes, sizeof(bytes)));
}

static const struct part {
	const char *name;
	void (*run)(void);
} parts[] = { { "silence", test_silence }, /* the first, for silence_at_boot() */
	      { "reads", test_reads },	   { "writes", test_writes },
	      { "stores", test_stores },   { "attach", test_attach },
	      { "mounts", mounts },	   { "leaves", leave_a_silent_server } /* the last */ };

/* By the host's clock a slow server may be late: these are for --icount, and run only if they are named. */
static const struct part timed[] = { { "steady", test_steady }, { "clunks", test_slow_clunks } };

static bool is_named(const struct part *part, char **words)
{
	bool named = false;

	for (; *words; words++)
		named |= strcmp(*words, part->name) == 0;
	return named;
}

/* p9 [PART...]: these, or all but `timed`. */
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
	first_mount();
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (argc == 1 || is_named(&parts[i], argv + 1))
			parts[i].run();
	for (unsigned i = 0; i < sizeof(timed) / sizeof(timed[0]); i++)
		if (is_named(&timed[i], argv + 1))
			timed[i].run();
	if (nwrong == 0)
		puts("p9: ok");
	return nwrong != 0;
}
