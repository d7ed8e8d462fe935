/* SPDX-License-Identifier: MIT */
/* P: the files that ps, top, uptime, vmstat, lscpu and the like read, of the machine and of a process, in Linux's format. */
#include "t.h"

#include <ctype.h>
#include <stdbool.h>

static char text[1 << 16];

/* Reads a whole file; the text is terminated. */
static long slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	long n = 0, got = -1;

	while (fd >= 0 && (got = read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += got;
	text[n] = '\0';
	if (fd >= 0)
		close(fd);
	return got < 0 ? -1 : n;
}

static void show(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0 || slurp(path) < 0) {
		say("%s: %s\n", path, strerrorname_np(errno));
		return;
	}
	say("%s: mode %o, size %ld\n%s|\n", path, st.st_mode, (long)st.st_size, text);
}

/* Shows a file with N for each number. */
static void show_shape(const char *path)
{
	char shape[1024], *to = shape;

	if (slurp(path) < 0) {
		say("%s: %s\n", path, strerrorname_np(errno));
		return;
	}
	for (const char *from = text; *from && to < shape + sizeof(shape) - 2;) {
		if (!isdigit((unsigned char)*from)) {
			*to++ = *from++;
			continue;
		}
		*to++ = 'N';
		while (isdigit((unsigned char)*from))
			from++;
	}
	*to = '\0';
	say("%s: %s|\n", path, shape);
}

/* The names at the starts of the lines, up to the character that ends them. */
static void show_names(const char *path, char end)
{
	char *rest = text, *line;

	slurp(path);
	say("%s:\n", path);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			say("  %.*s\n", (int)strcspn(line, (char[]){ end, '\0' }), line);
}

static bool has_line(const char *name)
{
	char line[40];

	snprintf(line, sizeof(line), "\n%s", name);
	return strncmp(text, name, strlen(name)) == 0 || strstr(text, line) != NULL;
}

static void lines(const char *path, const char *const *names)
{
	slurp(path);
	for (; *names; names++)
		say("%s %s: %d\n", path, *names, has_line(*names));
}

static long kb_of(const char *name)
{
	char line[40];
	const char *at;

	snprintf(line, sizeof(line), "\n%s:", name);
	at = strstr(text, line);
	return at ? atol(at + strlen(line)) : -1;
}

static void of_the_machine(void)
{
	static const char *const in_meminfo[] = {
		"MemTotal:", "MemFree:",      "MemAvailable:", "Buffers:",     "Cached:",
		"Active:",   "Inactive:",     "SwapTotal:",    "SwapFree:",    "Shmem:",
		"Slab:",     "SReclaimable:", "SUnreclaim:",   "KernelStack:", NULL
	};
	static const char *const in_stat[] = {
		"cpu  ",      "cpu0 ",		"intr ",	  "ctxt ",    "btime ",
		"processes ", "procs_running ", "procs_blocked ", "softirq ", NULL
	};
	static const char *const in_vmstat[] = {
		"nr_free_pages ", "pgpgin ", "pgpgout ", "pswpin ", "pswpout ", "pgfault ", NULL
	};
	static const char *const in_cpuinfo[] = {
		"processor\t: 0", "hart\t\t: 0",      "isa\t\t: rv64",
		"mmu\t\t: sv39",  "mvendorid\t: 0x",  "marchid\t\t: 0x",
		"mimpid\t\t: 0x", "hart isa\t: rv64", NULL
	};

	show_shape("/proc/loadavg");
	show_shape("/proc/uptime");
	show("/proc/diskstats");
	show("/proc/modules");
	say("%d\n", slurp("/proc/misc") >= 0);
	slurp("/proc/cgroups");
	say("%.*s\n", (int)strcspn(text, "\n"), text);
	lines("/proc/meminfo", in_meminfo);
	lines("/proc/stat", in_stat);
	lines("/proc/vmstat", in_vmstat);
	lines("/proc/cpuinfo", in_cpuinfo);
	TRY(open("/proc/loadavg", O_WRONLY) >= 0);
	TRY(write(open("/proc/loadavg", O_WRONLY), "1", 1));
}

/* ---- load ---- */

static void load(void)
{
	double minute, five, fifteen;
	int running, all, last;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	slurp("/proc/loadavg");
	say("fields: %d\n",
	    sscanf(text, "%lf %lf %lf %d/%d %d", &minute, &five, &fifteen, &running, &all, &last));
	say("running: %d, all: %d, last: %d\n", running >= 1, all > running || all >= 2,
	    last == pid);
	waitpid(pid, NULL, 0);
}

/* ---- a process ---- */

static void of_a_process(void)
{
	static const char *const names[] = { "wchan",	 "personality", "cgroup",
					     "loginuid", "sessionid",	"setgroups",
					     "uid_map",	 "gid_map",	"projid_map" };
	char path[60];
	pid_t pid;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/self/%s", names[i]);
		show(path);
	}
	show_shape("/proc/self/schedstat");
	show_names("/proc/self/status", ':');
	show_shape("/proc/self/statm");
	TRY(syscall(SYS_personality, 0x40000));
	show("/proc/self/personality");
	TRY(syscall(SYS_personality, 0));
	pid = fork();
	if (pid == 0) {
		setgid(1000);
		setuid(1000);
		snprintf(path, sizeof(path), "/proc/%d/personality", getppid());
		TRY(open(path, O_RDONLY));
		snprintf(path, sizeof(path), "/proc/%d/wchan", getppid());
		TRY(open(path, O_RDONLY) >= 0);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	slurp(path);
	say("a zombie: %d %d\n", has_line("State:\tZ"), has_line("VmPeak:"));
	waitpid(pid, NULL, 0);
}

static void memory(void)
{
	long anon_before, anon_after, shared_before, shared_after;
	long pages[7];
	char *p;

	slurp("/proc/self/status");
	anon_before = kb_of("RssAnon");
	p = anon(4 * MIB);
	memset(p, 1, 1 * MIB);
	slurp("/proc/self/status");
	anon_after = kb_of("RssAnon");
	say("private: %d\n", anon_after - anon_before >= 1024 && anon_after - anon_before < 1200);
	munmap(p, 4 * MIB);
	slurp("/proc/self/status");
	say("the peaks: %d %d\n", kb_of("VmPeak") >= kb_of("VmSize") + 4096,
	    kb_of("VmHWM") >= kb_of("VmRSS"));
	say("all of it: %d\n",
	    kb_of("VmRSS") == kb_of("RssAnon") + kb_of("RssFile") + kb_of("RssShmem"));
	shared_before = kb_of(
		"RssShmem"); /* with the text of what was called up to here: its file is in memory */
	p = mmap(NULL, MIB, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(p, 1, MIB);
	slurp("/proc/self/status");
	shared_after = kb_of("RssShmem");
	say("shared: %ld\n", shared_after - shared_before);
	slurp("/proc/self/statm");
	say("fields: %d\n", sscanf(text, "%ld %ld %ld %ld %ld %ld %ld", &pages[0], &pages[1],
				   &pages[2], &pages[3], &pages[4], &pages[5], &pages[6]));
	say("shared: %d\n", pages[2] >= 256 && pages[2] <= pages[1]);
	munmap(p, MIB);
}

int main(void)
{
	of_the_machine();
	of_a_process();
	memory();
	load();
	return 0;
}
