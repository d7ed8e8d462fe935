/* SPDX-License-Identifier: MIT */
/* fail_nth: fork, exec, the life of a process, and what is asked about it. */
#include "fail_nth.h"

#include <elf.h>

#define AT ((char *)0x2000000000)

static long wait_for(long pid)
{
	int status = -1;
	long got = CALL(SYS_wait4, pid, &status, 0, 0);

	return got < 0 ? got : status == 0 ? 0 : -EIO;
}

static long fork_child(void)
{
	long pid = CALL(SYS_clone, SIGCHLD, 0, 0, 0);

	if (pid == 0)
		call6(SYS_exit_group, 0, 0, 0, 0, 0, 0);
	return pid < 0 ? pid : wait_for(pid);
}

/* Memory of each kind, in tables far apart. */
static void have_much(void)
{
	long fd = CALL(SYS_openat, AT_FDCWD, self_path, O_RDONLY, 0);

	for (unsigned i = 0; i < 4; i++) {
		char *at = AT + i * GIB;

		call6(SYS_mmap, (long)at, 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
		call6(SYS_mmap, (long)at + 8 * MIB, 4 * PAGE, RW,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		call6(SYS_mmap, (long)at + 16 * MIB, 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
		for (unsigned j = 0; j < 3; j++)
			at[j * 8 * MIB] = 1;
	}
	CALL(SYS_close, fd, 0, 0, 0);
}

static __attribute__((noinline)) long vfork_and_exit(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -errno : pid;
}

static long vfork_child(void)
{
	long pid = vfork_and_exit();

	return pid < 0 ? pid : wait_for(pid);
}

/* The allocations go on being counted in the new image: live(). */
static char which[] = "0";

static long start(void)
{
	char *argv[] = { self_path, "live", which, NULL };

	which[0]++;
	return CALL(SYS_execve, self_path, argv, environ, 0);
}

static long exec_nonsense(void)
{
	char *argv[] = { "/dev/null", NULL };
	long err = CALL(SYS_execve, "/made", argv, environ, 0);

	return err == -ENOEXEC ? 0 : err;
}

static void make_file_of(const char *path, const void *bytes, long n)
{
	long fd = CALL(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY, 0755);

	if (fd < 0 || CALL(SYS_write, fd, bytes, n, 0) != n)
		_exit(BAD);
	CALL(SYS_close, fd, 0, 0, 0);
}

static void make_nonsense(void)
{
	make_file_of("/made", "no program", 10);
}

static void remove_nonsense(void)
{
	CALL(SYS_unlinkat, AT_FDCWD, "/made", 0, 0);
}

/* With many words, which take pages of their own. */
static char *many[81];
static char word[100];

static void have_words(void)
{
	memset(word, 'w', sizeof(word) - 1);
	for (unsigned i = 0; i < 80; i++)
		many[i] = word;
	many[0] = self_path;
	many[1] = "live";
	many[2] = which;
	close(2);
}

/* (The C library says why it gives up.) */
static void begin_start(void)
{
	close(2);
}

static long start_with_words(void)
{
	which[0]++;
	return CALL(SYS_execve, self_path, many, many, 0);
}

/* Scripts of this program: their names are the tries. */
static void make_scripts(void)
{
	char line[300];
	int n = snprintf(line, sizeof(line), "#!%s live\n", self_path);

	make_file_of("/1", line, n);
	make_file_of("/2", line, n);
	CALL(SYS_chdir, "/", 0, 0, 0);
	close(2);
}

static void remove_scripts(void)
{
	CALL(SYS_unlinkat, AT_FDCWD, "/1", 0, 0);
	CALL(SYS_unlinkat, AT_FDCWD, "/2", 0, 0);
}

static long start_script(void)
{
	char *argv[] = { which, NULL };

	which[0]++;
	return CALL(SYS_execve, which, argv, environ, 0);
}

/*
 * A program whose interpreter is this one: it has the same headers, at the same addresses, with a PT_INTERP in place of
 * a note. The interpreter covers it.
 */
static void make_dynamic(void)
{
	static char bytes[2 * PAGE];
	Elf64_Ehdr *eh = (Elf64_Ehdr *)bytes;
	Elf64_Phdr *ph = (Elf64_Phdr *)(eh + 1);
	long fd = CALL(SYS_openat, AT_FDCWD, self_path, O_RDONLY, 0),
	     n = (long)strlen(self_path) + 1;

	if (fd < 0 || CALL(SYS_read, fd, bytes, PAGE, 0) != PAGE)
		_exit(BAD);
	CALL(SYS_close, fd, 0, 0, 0);
	while (ph->p_type != PT_NOTE)
		if (++ph == (Elf64_Phdr *)(eh + 1) + eh->e_phnum)
			_exit(BAD);
	*ph = (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = PAGE, .p_filesz = (Elf64_Xword)n };
	memcpy(bytes + PAGE, self_path, (size_t)n);
	make_file_of("/made", bytes, (long)PAGE + n);
	close(2);
}

static long start_dynamic(void)
{
	char *argv[] = { self_path, "live", which, NULL };

	which[0]++;
	return CALL(SYS_execve, "/made", argv, environ, 0);
}

static volatile char *volatile nowhere;

/* A child that dies of a fault: its report, and all that it had, come from what is there. */
static long child_dies(void)
{
	long pid = CALL(SYS_clone, SIGCHLD, 0, 0, 0), got;
	int status = 0;

	if (pid == 0) {
		*nowhere = 1;
		call6(SYS_exit_group, 0, 0, 0, 0, 0, 0);
	}
	if (pid < 0)
		return pid;
	got = CALL(SYS_wait4, pid, &status, 0, 0);
	return got < 0 ? got : status == SIGSEGV ? 0 : -EIO;
}

/* It is told of by the call that tells of all. */
static long watch(void)
{
	static struct faultline_vma vmas[4];
	static struct faultline_process process;
	static char text[1024];
	long n = CALL(SYS_faultline, FAULTLINE_PROCESS, 0, &process, sizeof(process));

	if (n >= 0)
		n = CALL(SYS_faultline, FAULTLINE_VMAS, 0, vmas, sizeof(vmas));
	return n < 0 ? n : call6(SYS_faultline, FAULTLINE_WALK, 0, (long)text, sizeof(text), 8, 0);
}

static volatile char bss[4 * PAGE];

static int recurse(int depth)
{
	volatile char frame[PAGE];

	frame[0] = (char)depth;
	return depth ? recurse(depth - 1) + frame[0] : 0;
}

int live(const char *which_try)
{
	char *heap = malloc(200000);
	int fd;

	if (heap)
		heap[100000] = 1;
	for (size_t i = 0; i < sizeof(bss); i += PAGE)
		bss[i] = (char)(bss[i] + 1);
	recurse(5);
	fd = open("/dev/null", O_WRONLY);
	if (fd >= 0)
		close(fd);
	if (which_try[0] != '1')
		return REFUSED;
	return fail_set(0, 0) ? DONE_ALL_THE_SAME : NOT_REACHED;
}

const struct scenario process_scenarios[] = {
	{ "fork", fork_child, NULL, NULL, MAY_DIE },
	{ "fork_much", fork_child, have_much, NULL, MAY_DIE },
	{ "vfork", vfork_child, NULL, NULL, MAY_DIE },
	{ "child_dies", child_dies, NULL, NULL, MAY_DIE },
	{ "exec_nonsense", exec_nonsense, make_nonsense, remove_nonsense, MAY_DIE },
	{ "start", start, begin_start, NULL, MAY_DIE | MAY_ABORT },
	{ "start_with_words", start_with_words, have_words, NULL, MAY_DIE | MAY_ABORT },
	{ "start_script", start_script, make_scripts, remove_scripts, MAY_DIE | MAY_ABORT },
	{ "start_dynamic", start_dynamic, make_dynamic, remove_nonsense, MAY_DIE | MAY_ABORT },
	{ "watch", watch, NULL, NULL, 0 },
	{ NULL },
};
