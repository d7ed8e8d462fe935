/* SPDX-License-Identifier: MIT */
/* sysinfo: memory, processes, loads and time since boot; and where it cannot write its result. */
#include "t.h"

#include <stdbool.h>
#include <sys/sysinfo.h>

static struct sysinfo asked(void)
{
	struct sysinfo info;

	memset(&info, 0x55, sizeof(info));
	if (sysinfo(&info) != 0)
		say("sysinfo: %s\n", strerrorname_np(errno));
	return info;
}

static void machine(void)
{
	struct sysinfo info = asked();

	say("unit: %u, whole pages: %d\n", info.mem_unit,
	    info.totalram % PAGE == 0 && info.freeram % PAGE == 0);
	say("memory: %d, some is free: %d, not all: %d\n", info.totalram > 16 * MIB,
	    info.freeram > MIB, info.freeram < info.totalram);
	say("high memory: %lu %lu\n", info.totalhigh, info.freehigh);
	say("swap: %lu, free: %lu\n", info.totalswap, info.freeswap);
	say("as sysconf: %d\n", sysconf(_SC_PHYS_PAGES) == (long)(info.totalram / PAGE));
}

static void memory(void)
{
	unsigned long before = asked().freeram, all = asked().totalram, less;
	char *bytes = mmap(NULL, 16 * MIB, RW, ANON | MAP_POPULATE, -1, 0);

	less = before - asked().freeram;
	say("16 MiB: that much less is free: %d\n", less > 15 * MIB && less < 20 * MIB);
	munmap(bytes, 16 * MIB);
	say("memory is what it was: %d\n", asked().totalram == all);
}

/* Zombies count. */
static void processes(void)
{
	int before = asked().procs;

	for (int i = 0; i < 50; i++)
		if (fork() == 0)
			_exit(0);
	say("50 more processes: %d\n", asked().procs > before + 40);
	while (wait(NULL) > 0)
		continue;
	say("they have ended: %d\n", asked().procs < before + 10);
}

static void uptime(void)
{
	struct timespec now;
	long before = asked().uptime, gone;

	clock_gettime(CLOCK_BOOTTIME, &now);
	gone = asked().uptime - now.tv_sec;
	say("since boot: %d, rounded up: %d\n", before > 0, gone == 1 || gone == 2);
}

/* What /proc/loadavg says of these loads. */
static void spell(const struct sysinfo *info, char *text)
{
	for (int i = 0; i < 3; i++) {
		unsigned long load = (info->loads[i] >> 5) + 2048 / 200;

		text += sprintf(text, "%lu.%02lu ", load >> 11, (load & 2047) * 100 >> 11);
	}
}

static bool told(const char *text)
{
	char now[100] = "";
	int fd = open("/proc/loadavg", O_RDONLY);

	(void)!read(fd, now, sizeof(now) - 1);
	close(fd);
	return strncmp(now, text, strlen(text)) == 0;
}

/*
 * Every five seconds a sample is taken: who runs then is load. To be there, this waits for it, and
 * works for the last tenth of the time (on Linux the time is another one, and moves).
 */
static void loads(void)
{
	struct timespec now;
	struct sysinfo info;
	char text[100];
	bool same = false;

	for (int tries = 0; tries < 3000 && asked().loads[0] == 0; tries++) {
		clock_gettime(CLOCK_BOOTTIME, &now);
		if (tries < 1500 && (now.tv_sec % 5 != 4 || now.tv_nsec < 500000000))
			usleep(20000);
		else
			for (volatile int i = 0; i < 1000000; i++)
				continue;
	}
	for (int tries = 0; tries < 5 && !same; tries++) { /* unless a sample comes between */
		info = asked();
		spell(&info, text);
		same = told(text);
	}
	say("loads above 0: %d, as in /proc/loadavg: %d\n", info.loads[0] > 0, same);
}

static void errors(void)
{
	char *pages = mmap(NULL, 2 * PAGE, RW, ANON, -1, 0);
	struct sysinfo *last = (struct sysinfo *)(pages + PAGE) - 1;

	TRY(syscall(SYS_sysinfo, 0));
	TRY(syscall(SYS_sysinfo, 8));
	TRY(syscall(SYS_sysinfo, -8l));
	munmap(pages + PAGE, PAGE);
	TRY(syscall(SYS_sysinfo, last));
	TRY(syscall(SYS_sysinfo, (char *)last + 8));
	TRY(syscall(SYS_sysinfo, (char *)last - 3));
	mprotect(pages, PAGE, PROT_READ);
	TRY(syscall(SYS_sysinfo, pages));
}

int main(void)
{
	machine();
	memory();
	processes();
	uptime();
	loads();
	errors();
	return 0;
}
