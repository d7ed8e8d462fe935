/* SPDX-License-Identifier: MIT */
/* What /proc counts of huge pages: that there are some, of a process and of the machine, that they were made, and split. */
#include "t.h"

#define HUGE (2 * MIB)
#define N    3

static unsigned char *memory;

/* The number behind a name in a file of /proc. */
static long number_of(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char line[256];
	long found = -1;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			found = strtol(line + strlen(name), NULL, 10);
	if (file)
		fclose(file);
	return found;
}

struct seen {
	long made, refused, split, pages, kb, node;
};

static void look(struct seen *seen)
{
	*seen = (struct seen){
		.made = number_of("/proc/vmstat", "thp_fault_alloc "),
		.refused = number_of("/proc/vmstat", "thp_fault_fallback "),
		.split = number_of("/proc/vmstat", "thp_split_pmd "),
		.pages = number_of("/proc/vmstat", "nr_anon_transparent_hugepages "),
		.kb = number_of("/proc/meminfo", "AnonHugePages:"),
		.node = number_of("/sys/devices/system/node/node0/meminfo",
				  "Node 0 AnonHugePages:"),
	};
}

static void show(const char *what, const struct seen *before)
{
	long own = number_of("/proc/self/smaps_rollup", "AnonHugePages:");
	struct seen now;

	look(&now);
	say("%s: %ld made, %ld refused, %ld split; of the machine %ld blocks, %ld kB, %ld kB of its node; own %ld kB\n",
	    what, now.made - before->made, now.refused - before->refused, now.split - before->split,
	    now.pages - before->pages, now.kb - before->kb, now.node - before->node, own);
}

/* The Linux that tests are recorded from is booted with "never". */
static void allow(void)
{
	int fd = TRY(open("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY));

	TRY(write(fd, "madvise", 7));
	close(fd);
}

int main(void)
{
	char *room = mmap(NULL, (N + 1) * HUGE, RW, ANON, -1, 0);
	struct seen before;
	int status;
	pid_t pid;

	allow();
	memory = (unsigned char *)(((uintptr_t)room + HUGE - 1) & ~(HUGE - 1));
	TRY(madvise(memory, N * HUGE, MADV_HUGEPAGE));
	look(&before); /* what this takes of the heap is there now */
	look(&before);
	for (int i = 0; i < N; i++)
		memory[(size_t)i * HUGE] = 1;
	show("written", &before);
	pid = fork();
	if (pid == 0) {
		show("child", &before);
		memory[PAGE] = 2;
		show("child: a write", &before);
		munmap(memory + HUGE, HUGE);
		show("child: munmap of another one", &before);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	show("child gone", &before);
	TRY(mprotect(memory + 5 * PAGE, PAGE, PROT_READ));
	show("mprotect of a page", &before);
	TRY(munmap(memory + 2 * HUGE - PAGE, PAGE));
	show("munmap of a page", &before);
	TRY(munmap(memory, N * HUGE));
	show("all gone", &before);
	return 0;
}
