/* SPDX-License-Identifier: MIT */
/* /sys: which processors there are, and what nobody may change. */
#include "t.h"

#include <dirent.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>

#define CPU    "/sys/devices/system/cpu/"
#define NODE   "/sys/devices/system/node/"
#define MEMORY "/sys/devices/system/memory/"

static const char *const names[] = { "online", "possible", "present" };

static void facts(const char *name)
{
	char path[60], text[32] = "", piece[8] = "";
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), CPU "%s", name);
	TRY(stat(path, &st));
	say("%s: mode %o, size %ld\n", name, st.st_mode, (long)st.st_size);
	fd = open(path, O_RDONLY);
	TRY(read(fd, text, sizeof(text)));
	say("%s", text);
	TRY(read(fd, text, sizeof(text)));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(read(fd, piece, 1));
	TRY(pread(fd, piece, sizeof(piece), 1));
	TRY(pread(fd, piece, sizeof(piece), 100));
	TRY(syscall(SYS_read, fd, 8, 10));
	TRY(write(fd, "0", 1));
	close(fd);
}

static const char *const facts_of_one[] = {
	CPU "offline",
	CPU "isolated",
	CPU "smt/active",
	CPU "smt/control",
	CPU "cpu0/online",
	CPU "cpu0/topology/core_id",
	CPU "cpu0/topology/physical_package_id",
	CPU "cpu0/topology/core_cpus",
	CPU "cpu0/topology/core_cpus_list",
	CPU "cpu0/topology/thread_siblings",
	CPU "cpu0/topology/thread_siblings_list",
	CPU "cpu0/topology/core_siblings",
	CPU "cpu0/topology/core_siblings_list",
	CPU "cpu0/topology/cluster_cpus",
	CPU "cpu0/topology/cluster_cpus_list",
	CPU "cpu0/topology/package_cpus",
	CPU "cpu0/topology/package_cpus_list",
	"/sys/devices/system/node/online",
	"/sys/devices/system/node/possible",
	"/sys/devices/system/node/node0/cpulist",
	"/sys/devices/system/node/node0/cpumap",
	"/sys/devices/system/node/node0/distance",
	NODE "has_cpu",
	NODE "has_memory",
	NODE "has_normal_memory",
	NODE "has_generic_initiator",
	MEMORY "block_size_bytes",
	MEMORY "memory16/online",
	MEMORY "memory16/state",
	MEMORY "memory16/phys_device",
	MEMORY "memory16/phys_index",
	MEMORY "memory16/node0/cpu0/node0/memory16/phys_index",
	"/sys/kernel/address_bits",
	"/sys/kernel/cpu_byteorder",
	"/sys/kernel/mm/transparent_hugepage/enabled",
	"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
};

/* What lscpu and others read, on a machine with one processor. */
static void more_facts(void)
{
	char text[64];

	for (size_t i = 0; i < sizeof(facts_of_one) / sizeof(facts_of_one[0]); i++) {
		int fd = open(facts_of_one[i], O_RDONLY);
		ssize_t n = read(fd, text, sizeof(text));

		say("%s: %.*s", facts_of_one[i], n > 0 ? (int)n : 0, text);
		close(fd);
	}
	say("%d %d\n", listed(CPU, "cpu0"), listed(CPU, "cpu1"));
	TRY(chdir(CPU "cpu0/topology"));
	say("%s\n", getcwd(text, sizeof(text)));
	TRY(chdir("../.."));
	say("%s\n", getcwd(text, sizeof(text)));
	TRY(open("cpu0/topology/..", O_RDONLY | O_DIRECTORY) >= 0);
	TRY(open("cpu1", O_RDONLY));
	TRY(open("cpu0/topology/core_id", O_WRONLY));
}

static void node_memory(void)
{
	char text[4096], piece[4096];
	long total = 0, free = 0, used = 0;
	int fd = open(NODE "node0/meminfo", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	say("of the node: %d",
	    sscanf(text,
		   "Node 0 MemTotal: %ld kB\nNode 0 MemFree: %ld kB\nNode 0 MemUsed: %ld kB\n",
		   &total, &free, &used));
	say(", used: %d, more: %d\n", total > free && used > 0 && used == total - free,
	    strstr(text, "\nNode 0 FilePages: ") != NULL);
	say("a piece: %d, ", pread(fd, piece, 20, 30) == 20 && memcmp(piece, text + 30, 20) == 0);
	say("the end: %d\n", lseek(fd, n, SEEK_SET) == n && read(fd, piece, 1) == 0);
	TRY(syscall(SYS_pread64, fd, 8, 10, 0));
	close(fd);
}

static void symbolic_link(const char *path)
{
	char text[100] = "";
	struct stat st;

	say("%s\n", path);
	TRY(readlink(path, text, sizeof(text)));
	say("%s\n", text);
	TRY(readlink(path, text, 3));
	TRY(lstat(path, &st));
	say("%o, %ld, %ld\n", st.st_mode, (long)st.st_size, (long)st.st_nlink);
	TRY(open(path, O_RDONLY | O_NOFOLLOW));
	TRY(unlink(path));
	TRY(chdir(path));
	say("%s\n", getcwd(text, sizeof(text)));
}

static void symbolic_links(void)
{
	symbolic_link(CPU "cpu0/node0");
	symbolic_link(NODE "node0/cpu0");
	symbolic_link(NODE "node0/memory16");
	symbolic_link(MEMORY "memory16/node0");
	say("%d %d %d\n", listed(NODE "node0", "cpu0"), listed(NODE "node0", "memory16"),
	    listed(MEMORY, "memory16"));
	say("%d %d\n", listed(NODE "node0", "cpu1"), listed(MEMORY, "memory15"));
	say("disks: %d %d\n", listed("/sys/block", "vda"), listed("/sys/dev/block", "254:0"));
	TRY(chdir("/"));
}

static void lists(void)
{
	say("%d %d %d\n", listed("/sys", "devices"), listed("/sys/devices", "system"),
	    listed("/sys/devices/system", "cpu"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		say("%s: %d\n", names[i], listed(CPU, names[i]));
	say("%d\n", listed(CPU, "nothing"));
}

static void refusals(void)
{
	TRY(open(CPU "online", O_WRONLY));
	TRY(open(CPU "online", O_RDWR));
	TRY(open(CPU "online", O_RDONLY | O_DIRECTORY));
	TRY(open(CPU "nothing", O_RDONLY));
	TRY(open(CPU "online/x", O_RDONLY));
	TRY(open(CPU, O_RDWR));
	TRY(mkdir(CPU "new", 0755));
	TRY(mkdir(CPU "online", 0755));
	TRY(unlink(CPU "online"));
	TRY(rmdir("/sys/devices/system/cpu"));
	TRY(rename(CPU "online", CPU "new"));
	TRY(symlink("x", CPU "new"));
	TRY(link(CPU "online", CPU "new"));
}

/* Which of the errors comes first. */
static void missing_names(void)
{
	TRY(unlink(CPU "nothing"));
	TRY(rmdir(CPU "nothing"));
	TRY(rmdir(CPU "online"));
	TRY(unlink("/sys/devices/system/cpu"));
	TRY(rename(CPU "nothing", CPU "new"));
	TRY(rename(CPU "nothing", CPU "online"));
	TRY(open(CPU "new", O_RDWR | O_CREAT, 0600));
	TRY(open(CPU "online", O_RDONLY | O_CREAT, 0600));
	TRY(open(CPU "online", O_RDONLY | O_CREAT | O_EXCL, 0600));
	TRY(mknod(CPU "new", S_IFREG | 0600, 0));
	TRY(mknod(CPU "new", S_IFIFO | 0600, 0));
	TRY(mknod(CPU "online", S_IFIFO | 0600, 0));
	TRY(mknod("none/new", S_IFSOCK | 0600, 0));
	TRY(truncate(CPU "online", 0));
	TRY(truncate(CPU "online", 10));
	TRY(truncate(CPU "nothing", 0));
}

/* A directory has a link for itself, one above it, and one for each that it holds. */
static void links(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st = { 0 };
	unsigned count = 0;

	while (dir && (entry = readdir(dir)) != NULL)
		count += entry->d_type == DT_DIR; /* "." and ".." are two of them */
	stat(path, &st);
	say("%s: %d\n", path, dir != NULL && st.st_nlink == count);
	if (dir)
		closedir(dir);
}

static void descriptors(void)
{
	int fd = open(CPU "online", O_RDONLY), set = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLPRI };
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	TRY(lseek(fd, 0, SEEK_END));
	TRY(lseek(fd, -96, SEEK_END));
	TRY(read(fd, &(char){ 0 }, 1));
	TRY(lseek(fd, -4097, SEEK_END));
	TRY(lseek(fd, 5, SEEK_CUR));
	TRY(lseek(fd, 0, SEEK_DATA));
	TRY(lseek(fd, 0, SEEK_HOLE));
	TRY(lseek(fd, 4096, SEEK_DATA));
	TRY(fsync(fd));
	TRY(fdatasync(fd));
	TRY(ftruncate(fd, 0));
	TRY(fallocate(fd, 0, 0, 1));
	say("mapped: %d\n", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	TRY(poll(&poller, 1, 0));
	say("events: %x\n", poller.revents);
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
	TRY(epoll_wait(set, &event, 1, 0));
	say("events: %x\n", event.events);
	close(set);
	close(fd);
}

int main(void)
{
	char here[100];
	struct statfs fs;

	TRY(statfs("/sys", &fs));
	say("sysfs: %d\n", fs.f_type == SYSFS_MAGIC);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		facts(names[i]);
	lists();
	more_facts();
	node_memory();
	symbolic_links();
	refusals();
	missing_names();
	links("/sys");
	links("/sys/devices");
	links("/sys/devices/system");
	links("/sys/devices/system/cpu");
	links(CPU "cpu0");
	links(CPU "cpu0/topology");
	links(NODE);
	links(NODE "node0");
	links(MEMORY);
	links(MEMORY "memory16");
	links("/sys/block");
	links("/sys/dev/block");
	links("/sys/dev");
	descriptors();
	TRY(chdir("/sys/devices/system/cpu"));
	TRY(syscall(SYS_getcwd, here,
		    sizeof(here))); /* that of the C library finds it in other ways, too */
	say("%s\n", here);
	TRY(syscall(SYS_getcwd, here, 23));
	TRY(syscall(SYS_getcwd, here, 24));
	TRY(access("online", R_OK));
	TRY(chdir("../../.."));
	say("%s\n", getcwd(here, sizeof(here)));
	say("processors: %d of %d\n", get_nprocs(), get_nprocs_conf());
	return 0;
}
