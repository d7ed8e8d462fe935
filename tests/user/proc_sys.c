/* SPDX-License-Identifier: MIT */
/* P: /proc/sys: what each value says, how it is read and written, and who may do that. */
#include "t.h"

#include <linux/capability.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#define SYS    "/proc/sys/"
#define KERNEL SYS "kernel/"
#define NUMBER KERNEL "pid_max"
#define FIXED  KERNEL "osrelease"

static char *volatile bad = (char *)8;

static char text[200];

/* Reads a value without its newline; "none" if it is not there. */
static const char *value_of(const char *name)
{
	char path[100];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), SYS "%s", name);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0 || text[n - 1] != '\n')
		return strcpy(text, "none");
	text[n - 1] = '\0';
	return text;
}

static long number(const char *name)
{
	char *end;
	long value = strtol(value_of(name), &end, 10);

	return *end ? -1 : value;
}

static bool is_uuid(const char *uuid)
{
	if (strlen(uuid) != 36 || uuid[14] != '4' || !strchr("89ab", uuid[19]))
		return false;
	for (int i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? uuid[i] != '-'
							    : !strchr("0123456789abcdef", uuid[i]))
			return false;
	return true;
}

static void values(void)
{
	struct utsname uts;
	char uuid[40];
	long open_files, inodes = 0, unused, most;

	uname(&uts);
	say("ostype: %d\n", strcmp(value_of("kernel/ostype"), uts.sysname));
	say("osrelease: %d\n", strcmp(value_of("kernel/osrelease"), uts.release));
	say("version: %d\n", strcmp(value_of("kernel/version"), uts.version));
	say("hostname: %d\n", strcmp(value_of("kernel/hostname"), uts.nodename));
	say("domainname: %d\n", strcmp(value_of("kernel/domainname"), uts.domainname));
	say("arch: %s\n", value_of("kernel/arch"));
	say("%ld %ld %ld %ld\n", number("kernel/pid_max"), number("kernel/cap_last_cap"),
	    number("kernel/ngroups_max"), number("kernel/overflowuid"));
	say("%ld %ld %ld\n", number("kernel/overflowgid"), number("fs/overflowuid"),
	    number("fs/overflowgid"));
	say("no random addresses: %ld\n", number("kernel/randomize_va_space"));
	say("threads: %d, restricted: %ld\n", number("kernel/threads-max") > 100,
	    number("kernel/dmesg_restrict"));
	say("tainted: %ld, a part for real time: %d\n", number("kernel/tainted"),
	    number("kernel/sched_rt_runtime_us") * 100 == number("kernel/sched_rt_period_us") * 95);
	say("%ld %ld\n", number("kernel/random/entropy_avail"), number("kernel/random/poolsize"));
	snprintf(uuid, sizeof(uuid), "%s", value_of("kernel/random/uuid"));
	say("uuid: %d, another: %d\n", is_uuid(uuid),
	    strcmp(uuid, value_of("kernel/random/uuid")) != 0 && is_uuid(text));
	snprintf(uuid, sizeof(uuid), "%s", value_of("kernel/random/boot_id"));
	say("boot: %d, the same: %d\n", is_uuid(uuid),
	    strcmp(uuid, value_of("kernel/random/boot_id")) == 0);
	say("%ld %ld %ld %ld\n", number("vm/max_map_count"), number("vm/overcommit_memory"),
	    number("vm/nr_hugepages"), number("vm/nr_overcommit_hugepages"));
	say("%ld %ld %ld %ld\n", number("vm/panic_on_oom"), number("vm/oom_kill_allocating_task"),
	    number("vm/legacy_va_layout"), number("vm/memfd_noexec"));
	say("lowest address: %d\n", number("vm/mmap_min_addr") >= 4096);
	say("%ld %ld %ld %ld %ld\n", number("fs/nr_open"), number("fs/protected_fifos"),
	    number("fs/protected_hardlinks"), number("fs/protected_regular"),
	    number("fs/protected_symlinks"));
	say("%ld %ld\n", number("fs/pipe-user-pages-hard"), number("fs/suid_dumpable"));
	say("inodes: %d %d, ", sscanf(value_of("fs/inode-nr"), "%ld\t%ld", &inodes, &unused),
	    inodes > 5);
	say("%d %d, ",
	    sscanf(value_of("fs/inode-state"), "%ld\t%ld\t0\t0\t0\t0\t%ld", &inodes, &unused,
		   &most),
	    inodes > 5);
	say("names: %d\n", sscanf(value_of("fs/dentry-state"), "%ld\t%ld\t%*d\t%ld\t%*d\t%*d",
				  &inodes, &unused, &most));
	say("panic: %ld, log: %d\n", number("kernel/panic"),
	    sscanf(value_of("kernel/printk"), "%ld\t4\t1\t%ld", &most, &unused));
	say("%ld %ld %ld\n", number("kernel/sched_rr_timeslice_ms"),
	    number("kernel/shm_rmid_forced"), number("kernel/sysctl_writes_strict"));
	say("%ld %ld %ld %d\n", number("vm/laptop_mode"), number("vm/page-cluster"),
	    number("vm/zone_reclaim_mode"), number("vm/min_free_kbytes") > 100);
	say("numbers: %d, ",
	    sscanf(value_of("fs/file-nr"), "%ld\t%ld\t%ld", &open_files, &unused, &most));
	say("unused: %ld, most: %d\n", unused, most == number("fs/file-max") && most > open_files);
}

/* A number is read from its start, and has nothing at other positions; a text is read from any position. */
static void reads(void)
{
	int fd = open(NUMBER, O_RDWR), ep = epoll_create1(0);
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };
	struct epoll_event event = { .events = EPOLLIN };

	TRY(read(fd, text, 100));
	TRY(read(fd, text, 100));
	TRY(pread(fd, text, 100, 0));
	TRY(pread(fd, text, 3, 2));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(read(fd, text, 2));
	TRY(read(fd, text, 2));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(lseek(fd, 3, SEEK_END));
	TRY(lseek(fd, -1, SEEK_SET));
	TRY(lseek(fd, 0, SEEK_DATA));
	TRY(lseek(fd, 1l << 40, SEEK_SET));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(read(fd, bad, 2));
	TRY(poll(&pollfd, 1, 0));
	say("%x\n", pollfd.revents);
	TRY(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
	close(ep);
	close(fd);
	fd = open(KERNEL "ostype", O_RDONLY);
	TRY(read(fd, text, 3));
	TRY(read(fd, text, 100));
	say("%.3s", text);
	TRY(pread(fd, text, 100, 100));
	TRY(pread(fd, text, 2, 2));
	say("%.2s\n", text);
	close(fd);
}

/* Nothing is written but what is there. */
static void writes(void)
{
	int fd = open(NUMBER, O_RDWR);

	TRY(write(fd, "32768\n", 6));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(write(fd, "7\n", 2));
	TRY(pwrite(fd, "32768", 5, 0));
	TRY(pwrite(fd, "7", 1, 1));
	lseek(fd, 0, SEEK_SET);
	TRY(write(fd, "", 0));
	TRY(write(fd, "x", 1));
	TRY(write(fd, "-5", 2));
	TRY(write(fd, "1", 1));
	TRY(write(fd, "99999999999999999999", 20));
	TRY(write(fd, "  ", 2));
	TRY(write(fd, "32768x", 6));
	TRY(write(fd, "0x8000", 6));
	lseek(fd, 0, SEEK_SET);
	TRY(write(fd, "0100000", 7));
	lseek(fd, 0, SEEK_SET);
	TRY(write(fd, " 32768  \n", 9));
	lseek(fd, 0, SEEK_SET);
	TRY(write(fd, "32768 7", 7));
	lseek(fd, 0, SEEK_SET);
	TRY(write(fd, bad, 2));
	TRY(ftruncate(fd, 0));
	TRY(ftruncate(fd, 5));
	TRY(fsync(fd));
	TRY(fallocate(fd, 0, 0, 1));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(read(fd, text, 100));
	close(fd);
}

/* Nothing below /proc/sys can be made, renamed or removed, and what is fixed cannot be opened to write. */
static void names(void)
{
	struct stat st;

	TRY(open(FIXED, O_RDWR));
	TRY(open(FIXED, O_WRONLY));
	TRY(open(FIXED, O_RDONLY | O_TRUNC));
	TRY(open(KERNEL "none", O_RDWR));
	TRY(open(KERNEL "none", O_RDWR | O_CREAT, 0600));
	TRY(open(NUMBER, O_RDWR | O_CREAT | O_EXCL, 0600));
	TRY(open(KERNEL, O_RDWR));
	TRY(open(NUMBER "/x", O_RDONLY));
	TRY(truncate(NUMBER, 0));
	TRY(truncate(FIXED, 0));
	TRY(mkdir(KERNEL "x", 0700));
	TRY(mkdir(KERNEL "random", 0700));
	TRY(mknod(KERNEL "x", S_IFIFO | 0600, 0));
	TRY(unlink(NUMBER));
	TRY(unlink(KERNEL "none"));
	TRY(rmdir(KERNEL "random"));
	TRY(rename(NUMBER, KERNEL "x"));
	TRY(link(NUMBER, KERNEL "x"));
	TRY(symlink("a", KERNEL "x"));
	TRY(chmod(NUMBER, 0600));
	TRY(chown(NUMBER, 0, 0));
	TRY(chmod("/proc/sys", 0700));
	TRY(utimensat(AT_FDCWD, NUMBER, NULL, 0));
	TRY(access(NUMBER, W_OK));
	TRY(access(NUMBER, X_OK));
	TRY(access(FIXED, W_OK));
	TRY(access(FIXED, R_OK));
	TRY(stat(NUMBER, &st));
	say("%o %u %u %ld\n", st.st_mode, st.st_uid, st.st_gid, (long)st.st_size);
	TRY(stat("/proc/sys/kernel", &st));
	say("%o\n", st.st_mode);
	say("%d %d %d\n", listed("/proc", "sys"), listed("/proc/sys", "vm"),
	    listed(KERNEL, "random"));
	say("%d %d %d\n", listed(KERNEL "random", "uuid"), listed(KERNEL, "pid_max"),
	    listed(KERNEL, "none"));
	TRY(chdir("/proc/sys/kernel/random"));
	say("%s\n", getcwd(text, sizeof(text)));
	TRY(access("../../vm/max_map_count", R_OK));
	TRY(chdir("/"));
}

/* Only root may write. */
static int another(void *unused)
{
	(void)unused;
	setgid(5);
	setuid(5);
	TRY(open(NUMBER, O_RDWR));
	TRY(access(NUMBER, W_OK));
	say("reads: %d\n", open(NUMBER, O_RDONLY) >= 0);
	TRY(unlink(NUMBER));
	TRY(rmdir(KERNEL "random"));
	TRY(chmod(NUMBER, 0644));
	TRY(chown(NUMBER, 5, 5));
	TRY(mkdir(KERNEL "x", 0700));
	TRY(mkdir("/proc/x", 0700));
	TRY(open("/proc/x", O_RDWR | O_CREAT, 0600));
	TRY(symlink("a", "/proc/x"));
	TRY(unlink("/proc/uptime"));
	TRY(utimensat(AT_FDCWD, NUMBER, NULL, 0));
	return 0;
}

/* Reads a whole file of /proc; the text is terminated. */
static const char *slurp(const char *path)
{
	static char all[16384];
	int fd = open(path, O_RDONLY);
	ssize_t n = 0, got;

	while ((got = read(fd, all + n, sizeof(all) - 1 - (size_t)n)) > 0)
		n += got;
	all[n] = '\0';
	close(fd);
	return all;
}

static bool has(const char *path, const char *what)
{
	return strstr(slurp(path), what) != NULL;
}

/* What the machine is and has. */
static void machine(void)
{
	struct utsname uts;
	char start[200];

	uname(&uts);
	snprintf(start, sizeof(start), "Linux version %s ", uts.release);
	say("version: %d\n", strncmp(slurp("/proc/version"), start, strlen(start)));
	say("file systems: %d %d %d\n", has("/proc/filesystems", "nodev\tproc\n"),
	    has("/proc/filesystems", "nodev\ttmpfs\n"), has("/proc/filesystems", "nodev\tsysfs\n"));
	say("devices: %d %d %d\n", has("/proc/devices", "Character devices:\n  1 mem\n"),
	    has("/proc/devices", "\n  5 /dev/tty\n"), has("/proc/devices", "\n\nBlock devices:\n"));
	say("partitions: [%s]\n", slurp("/proc/partitions"));
	say("swap: %s", slurp("/proc/swaps"));
	say("command line: %d\n", strchr(slurp("/proc/cmdline"), '\n') != NULL);
	say("counters: %d %d %d\n", strncmp(slurp("/proc/vmstat"), "nr_free_pages ", 14),
	    has("/proc/vmstat", "\npgfault "), has("/proc/vmstat", "\npswpin 0\n"));
	say("interrupts: %d\n", has("/proc/interrupts", "       CPU0  "));
	TRY(open("/proc/version", O_RDWR) >= 0);
	TRY(mkdir("/proc/version", 0700));
}

static void tell_uts(const char *what)
{
	struct utsname uts;

	uname(&uts);
	say("%s: %s %s\n", what, uts.nodename, uts.domainname);
}

static int names_for_others(void *arg)
{
	(void)arg;
	TRY(setresuid(1000, 1000, 1000));
	TRY(sethostname("other", 5));
	TRY(syscall(SYS_setdomainname, "other", -1));
	return 0;
}

/* They are given back at the end: other programs have the same machine. */
static void machine_names(void)
{
	char long_name[65];
	struct utsname uts;
	int fd;

	uname(&uts);
	memset(long_name, 'n', sizeof(long_name));
	TRY(sethostname("a.machine", 9));
	TRY(setdomainname("domain.of.it", 6));
	tell_uts("set");
	say("%s %s\n", value_of("kernel/hostname"), value_of("kernel/domainname"));
	TRY(sethostname("b", 0));
	TRY(setdomainname("with\0zero", 9));
	tell_uts("nothing");
	TRY(sethostname(long_name, 64));
	TRY(sethostname(long_name, 65));
	TRY(syscall(SYS_sethostname, long_name, -1));
	TRY(syscall(SYS_sethostname, 8, 1));
	TRY(syscall(SYS_setdomainname, 8, 65));
	tell_uts("long");
	in_child("others", names_for_others, NULL);
	fd = open("/proc/sys/kernel/hostname", O_WRONLY);
	TRY(write(fd, "by.a.file\n", 10));
	close(fd);
	fd = open("/proc/sys/kernel/domainname", O_WRONLY);
	TRY(write(fd, "another", 7));
	close(fd);
	tell_uts("by files");
	TRY(sethostname(uts.nodename, strlen(uts.nodename)));
	TRY(setdomainname(uts.domainname, strlen(uts.domainname)));
}

/* ---- switches ---- */

static void set(const char *name, const char *value)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), SYS "%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		TRY(open(path, O_WRONLY));
	else
		TRY(write(fd, value, strlen(value)));
	close(fd);
	say("%s %s: %s\n", name, value, value_of(name));
}

static int sets_without(void *arg)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	(void)arg;
	syscall(SYS_capset, &head, data);
	set("kernel/dmesg_restrict", "1");
	set("fs/protected_fifos", "0");
	return 0;
}

static void switches(void)
{
	static const char *const names[] = { "kernel/dmesg_restrict", "fs/protected_fifos",
					     "fs/protected_hardlinks", "fs/protected_regular",
					     "fs/protected_symlinks" };
	static const char *const values[] = { "0", "1", "2", "3", "-1", "" };

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		char old[8];

		snprintf(old, sizeof(old), "%s", value_of(names[n]));
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++)
			set(names[n], values[v]);
		set(names[n], old);
	}
	in_child("without a capability", sets_without, NULL);
	set("kernel/random/write_wakeup_threshold", "100");
	set("kernel/random/urandom_min_reseed_secs", "100");
	TRY(open(SYS "fs/inode-nr", O_WRONLY));
}

/* ---- caches ---- */

/* drop_caches can be written only, with 1 to 4, and swappiness up to 200 (EINVAL). */
static void caches(void)
{
	static const char *const values[] = { "1", "2\n", "3", "0", "5", "-1", "x" };
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	struct stat st;

	stat("/proc/sys/vm/drop_caches", &st);
	say("mode %o\n", st.st_mode);
	TRY(open("/proc/sys/vm/drop_caches", O_RDONLY));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		TRY(pwrite(fd, values[i], strlen(values[i]), 0));
	close(fd);
	say("%ld\n", number("kernel/core_uses_pid"));
}

int main(void)
{
	machine();
	values();
	reads();
	writes();
	names();
	in_child("another user", another, NULL);
	machine_names();
	switches();
	caches();
	return 0;
}
