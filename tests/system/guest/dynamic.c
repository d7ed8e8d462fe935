/* SPDX-License-Identifier: MIT */
/* A dynamic program, which looks at what the loader has made of it: dynamic.py says with which words it is started. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dynamic.h"

#define PAGE 4096ul
/* Descriptors of share() and reader(): the one that tells, and the one that waits. */
#define TELL 10
#define HOLD 11

static int wrong;

static void see(const char *what, int truth)
{
	if (truth)
		return;
	printf("wrong: %s\n", what);
	wrong = 1;
}

/* The first mapping whose line has these words. Returns its start, or 0. */
static unsigned long mapping_of(const char *permissions, const char *name, unsigned long *end_ret)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start = 0, from;
	char line[512];

	while (maps && start == 0 && fgets(line, sizeof(line), maps))
		if (strstr(line, permissions) && strstr(line, name) &&
		    sscanf(line, "%lx-%lx", &from, end_ret) == 2)
			start = from;
	if (maps)
		fclose(maps);
	return start;
}

/* Fields of /proc/self/stat: startcode, endcode. */
static void read_code_range(unsigned long *start_ret, unsigned long *end_ret)
{
	FILE *stat = fopen("/proc/self/stat", "r");
	char line[1024] = "", *at;

	*start_ret = *end_ret = 0;
	if (!stat)
		return;
	at = fgets(line, sizeof(line), stat);
	fclose(stat);
	at = at ? strrchr(line, ')') : NULL;
	for (int field = 2; at && field < 26; field++)
		at = strchr(at + 1, ' ');
	if (at)
		sscanf(at, "%lu %lu", start_ret, end_ret);
}

/* More than all that the loader and the libraries have to write to. Bytes of the file, so that they are data. */
static volatile char data[192 * PAGE] __attribute__((aligned(PAGE))) = { 1 };

/* The data of the image count against RLIMIT_DATA when the heap grows, also if they are read-only by now. */
static void see_limit(void)
{
	const struct rlimit limit = { 256 * PAGE, 256 * PAGE };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (mprotect((void *)data, sizeof(data), PROT_READ) != 0 ||
		    setrlimit(RLIMIT_DATA, &limit) != 0)
			_exit(1);
		_exit(sbrk(64 * PAGE) == (void *)-1 && sbrk(16 * PAGE) != (void *)-1 ? 2 : 3);
	}
	see("the heap counts the program's data, not the loader's",
	    waitpid(pid, &status, 0) == pid && status == 2 << 8);
}

static int count_object(struct dl_phdr_info *info, size_t size, void *count)
{
	(void)info, (void)size;
	++*(int *)count;
	return 0;
}

static void see_places(int (*main_is)(int, char **))
{
	unsigned long base = getauxval(AT_BASE), end = 0, code, code_end;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)getauxval(AT_PHDR);
	int interps = 0, objects = 0;

	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
		interps += ph[i].p_type == PT_INTERP;
	see("the program's headers", interps == 1);
	see("the loader's base", base != 0 && memcmp((const void *)base, ELFMAG, SELFMAG) == 0);
	see("the loader in maps", mapping_of("r-xp", "ld-linux", &end) >= base && end > base);
	read_code_range(&code, &code_end);
	see("the program's code is the image's",
	    (unsigned long)main_is >= code && (unsigned long)main_is < code_end);
	see("the entry", getauxval(AT_ENTRY) >= code && getauxval(AT_ENTRY) < code_end);
	dl_iterate_phdr(count_object, &objects);
	see("the program, its libraries and the loader", objects >= 5);
}

static void see_libraries(void)
{
	int status = -1;
	pid_t pid;

	see("the constructors, in order", lib_began == 2);
	see("a function of a library", lib_add(40, 2) == 42);
	see("the same, bound by now", lib_add(1, 2) == 3);
	see("a pointer to it", lib_pointer() == lib_add);
	see("data of a library that was copied", lib_data == 77);
	lib_data = 78;
	see("the library sees the copy", lib_data_is() == 78);
	see("memory of the thread in a library", lib_tls == 5 && lib_tls_is() == 5);
	lib_tls = 6;
	pid = fork();
	if (pid == 0) {
		lib_tls++;
		_exit(lib_tls_is());
	}
	see("a child", waitpid(pid, &status, 0) == pid && status == 7 << 8);
	see("which has its own", lib_tls_is() == 6);
	see("the mathematics", fabs(sqrt((double)lib_add(1, 1)) - 1.41421356) < 1e-6);
	errno = 0;
	see("errno", close(-1) == -1 && errno == EBADF);
}

static int plugin(const char *path)
{
	for (int round = 0; round < 3; round++) {
		void *handle = dlopen(path, round == 1 ? RTLD_NOW : RTLD_LAZY);
		int (*next)(void);

		if (!handle) {
			printf("%s\n", dlerror());
			return 1;
		}
		*(void **)&next = dlsym(handle, "plugin_next");
		printf("%d %d\n", next ? next() : -1, next ? next() : -1);
		printf("closed: %d\n", dlclose(handle));
	}
	return dlopen("./no-such-plugin", RTLD_NOW) ? 1 : 0;
}

/* Reads every page of the C library's text. Returns how many there are. */
static unsigned long read_text(void)
{
	unsigned long end = 0, at = mapping_of("r-xp", "libc.so", &end), pages = 0;
	volatile unsigned char sum = 0;

	for (; at && at < end; at += PAGE, pages++)
		sum += *(const volatile unsigned char *)at;
	return pages;
}

static unsigned long free_pages(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 ? info.freeram / PAGE : 0;
}

/* Processes that have the C library's text in memory, all at the same time: the frames are the same ones. */
static int share(const char *self)
{
	enum { COUNT = 8 };
	int begun[2], hold[2];
	unsigned long before, pages = read_text(), used;
	char c;

	if (pipe(begun) != 0 || pipe(hold) != 0)
		return 1;
	before = free_pages();
	for (int i = 0; i < COUNT; i++) {
		if (fork() == 0) {
			dup2(begun[1], TELL);
			dup2(hold[0], HOLD);
			close(hold[1]);
			execl(self, self, "reader", NULL);
			_exit(1);
		}
		if (read(begun[0], &c, 1) != 1)
			return 1;
	}
	used = before - free_pages();
	close(hold[1]);
	close(hold[0]);
	while (wait(NULL) > 0)
		continue;
	printf("text of %s pages, processes of fewer: %s\n", pages > 200 ? "many" : "few",
	       used < COUNT * pages ? "yes" : "no");
	return 0;
}

static int reader(void)
{
	char c = read_text() > 200 ? 'y' : 'n';

	return write(TELL, &c, 1) == 1 && read(HOLD, &c, 1) == 0 ? 0 : 1;
}

static __attribute__((noinline)) int crash(volatile int *nowhere)
{
	return *nowhere;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "crash") == 0)
		return crash(NULL);
	if (argc == 3 && strcmp(argv[1], "plugin") == 0)
		return plugin(argv[2]);
	if (argc == 2 && strcmp(argv[1], "share") == 0)
		return share(argv[0]);
	if (argc == 2 && strcmp(argv[1], "reader") == 0)
		return reader();
	see_places(main);
	see_limit();
	see_libraries();
	for (int i = 0; i < argc; i++)
		printf("[%s]\n", argv[i]);
	return wrong ? 1 : 7;
}
