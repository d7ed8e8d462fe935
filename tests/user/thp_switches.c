/* SPDX-License-Identifier: MIT */
/* What says where memory is filled ahead: a file of /sys, madvise and prctl; and that the memory is the same with each. */
#include "t.h"

#include <sys/prctl.h>

#define ENABLED "/sys/kernel/mm/transparent_hugepage/enabled"
#define PAGES	1200ul

static void show_mode(void)
{
	char text[64] = "";
	int fd = TRY(open(ENABLED, O_RDONLY));

	read(fd, text, sizeof(text) - 1);
	close(fd);
	say("%s", text);
}

static void set_mode(const char *text)
{
	int fd = TRY(open(ENABLED, O_WRONLY));

	say("'%s'\n", text);
	TRY(write(fd, text, strlen(text)));
	close(fd);
	show_mode();
}

/* The line of smaps that has the flags of the mapping there: are "hg" and "nh" among them? */
static void show_flags(const char *at)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long start, end, pages = 0;
	int here = 0;
	char line[512];

	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			here = start <= (unsigned long)at && (unsigned long)at < end;
			pages = (end - start) / PAGE;
		}
		if (here && strncmp(line, "VmFlags:", 8) == 0)
			say("hg %d, nh %d, %lu pages\n", strstr(line, " hg") != NULL,
			    strstr(line, " nh") != NULL, pages);
	}
	fclose(smaps);
}

static void show_status(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];

	while (fgets(line, sizeof(line), status))
		if (strncmp(line, "THP_enabled:", 12) == 0)
			say("%s", line);
	fclose(status);
}

static unsigned sum_of(const unsigned char *memory, size_t pages)
{
	unsigned sum = 0;

	for (size_t i = 0; i < pages * PAGE; i += 64)
		sum = sum * 31 + memory[i];
	return sum;
}

/* Sweeps, in both directions, with holes, after a look, after fork: what is read is what was written, and zeros elsewhere. */
static void sweep(const char *how)
{
	unsigned char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status;

	for (size_t i = 0; i < 400; i++)
		memory[i * PAGE] = (unsigned char)(i + 1);
	for (size_t i = PAGES; i-- > 900;)
		memory[i * PAGE + 64] = (unsigned char)(i + 3);
	for (size_t i = 500; i < 700; i += 1 + i % 3)
		memory[i * PAGE + 128] = (unsigned char)(i + 5);
	say("%s: sum %u\n", how, sum_of(memory, PAGES));
	if (fork() == 0) {
		for (size_t i = 350; i < 550; i++)
			memory[i * PAGE + 192] = (unsigned char)i;
		say("child: sum %u\n", sum_of(memory, PAGES));
		_exit(0);
	}
	wait(&status);
	for (size_t i = 0; i < PAGES; i += 7)
		memory[i * PAGE + 256] = (unsigned char)i;
	mprotect(memory, PAGES * PAGE, PROT_READ);
	mprotect(memory, PAGES * PAGE, PROT_READ | PROT_WRITE);
	madvise(memory + 100 * PAGE, 50 * PAGE, MADV_DONTNEED);
	for (size_t i = 0; i < 300; i++)
		memory[i * PAGE + 320] = (unsigned char)(i * 3);
	memory = mremap(memory, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE);
	say("then: sum %u\n", sum_of(memory, 2 * PAGES));
	munmap(memory, 2 * PAGES * PAGE);
}

static void file(void)
{
	show_mode();
	set_mode("always");
	set_mode("madvise\n");
	TRY(open(ENABLED, O_WRONLY | O_TRUNC));
	set_mode("");
	set_mode("nonsense");
	set_mode("alway");
	set_mode("always madvise");
	set_mode("never");
	if (fork() == 0) {
		TRY(setuid(1000));
		TRY(open(ENABLED, O_WRONLY));
		show_mode();
		_exit(0);
	}
	wait(NULL);
}

static void advice(void)
{
	char *memory =
		mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Not beside another mapping that is alike. */
	mprotect(memory, PAGE, PROT_NONE);
	mprotect(memory + 7 * PAGE, PAGE, PROT_NONE);
	memory += PAGE;
	show_flags(memory);
	TRY(madvise(memory, 6 * PAGE, MADV_HUGEPAGE));
	show_flags(memory);
	TRY(madvise(memory + 2 * PAGE, 2 * PAGE, MADV_NOHUGEPAGE));
	show_flags(memory);
	show_flags(memory + 2 * PAGE);
	show_flags(memory + 4 * PAGE);
	if (fork() == 0) {
		show_flags(memory + 2 * PAGE);
		_exit(0);
	}
	wait(NULL);
	TRY(madvise(memory + 2 * PAGE, 2 * PAGE, MADV_HUGEPAGE));
	show_flags(memory + 2 * PAGE);
	TRY(madvise(memory, 6 * PAGE, MADV_NOHUGEPAGE));
	show_flags(memory);
	TRY(madvise(memory + 1, PAGE, MADV_HUGEPAGE));
}

static void process(char **argv)
{
	char *const again[] = { argv[0], "again", NULL };

	show_status();
	TRY(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	TRY(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0));
	TRY(prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0));
	TRY(prctl(PR_SET_THP_DISABLE, 7, 0, 0, 0));
	TRY(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	if (fork() == 0) {
		TRY(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
		execv("/proc/self/exe", again);
		_exit(1);
	}
	wait(NULL);
	sweep("disabled");
	TRY(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	TRY(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
}

int main(int argc, char **argv)
{
	static const char *const modes[] = { "always", "madvise", "never" };

	if (argc > 1) {
		TRY(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
		show_status();
		return 0;
	}
	file();
	advice();
	process(argv);
	for (unsigned i = 0; i < 3; i++) {
		set_mode(modes[i]);
		sweep(modes[i]);
	}
	return 0;
}
