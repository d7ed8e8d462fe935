/* SPDX-License-Identifier: MIT */
/* Calls whose arguments are all valid, and which are refused all the same: for what is there, or for who asks. What they
 * have copied in and looked up until then must be gone when they return. */
#include "errnos.h"

#include <linux/futex.h>
#include <linux/openat2.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/xattr.h>

/* Descriptors of this group. */
enum {
	FD_FULL = 40,	 /* a pipe without room, O_NONBLOCK */
	FD_HOLDER = 41,	 /* has the lock of "locked" */
	FD_LOCKED = 42,	 /* the same file, opened once more */
	FD_ZERO = 43,	 /* an eventfd of 0, O_NONBLOCK */
	FD_MOST = 44,	 /* one that has all it can hold */
	FD_TIMER = 45,	 /* not armed */
	FD_SIGNALS = 46, /* none has come */
	FD_WATCH = 47,	 /* an inotify that watches "file", without events */
	FD_OUTER = 48,	 /* an epoll set with FD_INNER and FD_IN */
	FD_INNER = 49,	 /* another one */
	FD_SPACE = 50,	 /* of a file that fills its file system, "small" */
	FD_EMPTY =
		51, /* an empty queue of messages, O_NONBLOCK, for whose first message somebody waits */
	FD_QUEUE = 52, /* one without room, O_NONBLOCK */
	FD_LAST_FILLED = FD_QUEUE,
};

#define KEY    0x46413000
#define MAPPED 0x1000700000ul /* a page of "file", MAP_SHARED, through FD_RDONLY */
#define LOCKED 0x1000800000ul /* the same through FD_RW, locked */
#define SEALED 0x1000900000ul
#define NOBODY 1000

static int queue, set, segment;

/* ---- what is there ---- */

static void move(int fd, int to)
{
	if (fd < 0 || dup2(fd, to) != to || close(fd) != 0) {
		say("cannot open descriptor %d: %s\n", to, strerrorname_np(errno));
		exit(97);
	}
}

static void make_names(void)
{
	static const char script[] = "#!/nowhere/interpreter\n";
	int fd = open("script", O_WRONLY | O_CREAT, 0755);

	write(fd, script, sizeof(script) - 1);
	close(fd);
	make_file("garbage", 100);
	chmod("garbage", 0755);
	make_file("secret", 100);
	chmod("secret", 0600);
	mkdir("private", 0700);
	mkdir("sticky", 0755);
	chmod("sticky", 01777);
	make_file("sticky/theirs", 10);
	symlink("/proc", "absolute");
	symlink("..", "up");
	symlink("private/nothing", "into");
	mkfifo("fifo", 0644);
	setxattr("file", "user.one", "value", 5, 0);
	mkdir("small", 0755);
	mount("none", "small", "tmpfs", 0, "size=4096,nr_inodes=2");
	move(open("small/all", O_RDWR | O_CREAT, 0644), FD_SPACE);
	write(FD_SPACE, (const void *)DATA, PAGE);
}

static void make_pipe(void)
{
	int ends[2];

	pipe2(ends, O_NONBLOCK);
	move(ends[1], FD_FULL);
	while (write(FD_FULL, (const void *)DATA, PAGE) > 0)
		continue;
	/* Its other end stays open where no row looks for a free descriptor. */
	move(ends[0], FD_LAST_FILLED + 1);
}

static void make_locks(void)
{
	struct flock lock = { .l_type = F_WRLCK };

	make_file("locked", 10);
	move(open("locked", O_RDWR), FD_HOLDER);
	move(open("locked", O_RDWR), FD_LOCKED);
	flock(FD_HOLDER, LOCK_EX);
	fcntl(FD_HOLDER, F_OFD_SETLK, &lock);
}

static void make_events(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	uint64_t most = UINT64_MAX - 1;
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	move(eventfd(0, EFD_NONBLOCK), FD_ZERO);
	move(eventfd(0, EFD_NONBLOCK), FD_MOST);
	write(FD_MOST, &most, sizeof(most));
	move(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), FD_TIMER);
	move(signalfd(-1, &mask, SFD_NONBLOCK), FD_SIGNALS);
	move(inotify_init1(IN_NONBLOCK), FD_WATCH);
	inotify_add_watch(FD_WATCH, "file", IN_DELETE_SELF);
	move(epoll_create1(0), FD_OUTER);
	move(epoll_create1(0), FD_INNER);
	epoll_ctl(FD_OUTER, EPOLL_CTL_ADD, FD_INNER, &event);
	epoll_ctl(FD_OUTER, EPOLL_CTL_ADD, FD_IN, &event);
}

static void make_mappings(void)
{
	mmap((void *)MAPPED, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, FD_RDONLY, 0);
	mmap((void *)LOCKED, PAGE, RW, MAP_SHARED | MAP_FIXED, FD_RW, 0);
	mlock((void *)LOCKED, PAGE);
	mmap((void *)SEALED, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	syscall(SYS_mseal, SEALED, PAGE, 0);
}

static void make_ipc(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 100 };
	struct msqid_ds limits;

	queue = msgget(KEY, IPC_CREAT | 0600);
	msgctl(queue, IPC_STAT, &limits);
	limits.msg_qbytes = 8;
	msgctl(queue, IPC_SET, &limits);
	set = semget(KEY, 2, IPC_CREAT | 0600);
	segment = shmget(KEY, PAGE, IPC_CREAT | 0600);
	move(mq_open("/empty", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr), FD_EMPTY);
	mq_notify(FD_EMPTY, &event);
	move(mq_open("/full", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr), FD_QUEUE);
	mq_send(FD_QUEUE, "x", 1, 0);
}

static void make_all(void)
{
	make_names();
	make_pipe();
	make_locks();
	make_events();
	make_mappings();
	make_ipc();
}

static void remove_all(void)
{
	msgctl(queue, IPC_RMID, NULL);
	semctl(set, 0, IPC_RMID);
	shmctl(segment, IPC_RMID, NULL);
	mq_unlink("/empty");
	mq_unlink("/full");
	close(FD_SPACE);
	umount2("small", 0);
}

/* ---- arguments ---- */

#define HERE	     ((word)AT_FDCWD)
#define PATH(path)   ((word)(path))
#define WITH(object) ((word) & (object))

static struct open_how beneath = { .resolve = RESOLVE_BENEATH };
static struct open_how no_links = { .resolve = RESOLVE_NO_SYMLINKS };
static struct open_how no_magic = { .resolve = RESOLVE_NO_MAGICLINKS };
static struct open_how no_mounts = { .resolve = RESOLVE_NO_XDEV };
static struct open_how as_root = { .resolve = RESOLVE_IN_ROOT };
static char *no_words[] = { NULL };
static char *words[] = { "one", "two", NULL };
static struct iovec pieces[] = { { (void *)DATA, 10 }, { (void *)DATA, 20 } };
static struct iovec elsewhere[] = { { (void *)DATA, 8 } };
static struct flock whole = { .l_type = F_WRLCK };
static struct epoll_event event = { .events = EPOLLIN };
static struct timespec no_time;
static struct sched_param real_time = { .sched_priority = 1 };
static struct rlimit no_limit = { RLIM_INFINITY, RLIM_INFINITY };
static struct timeval a_time = { 1000000000, 0 };
static struct timespec a_moment = { 1000000000, 0 };
static struct timex frequency = { .modes = ADJ_FREQUENCY };
static struct sembuf takes[] = { { 0, -1, IPC_NOWAIT }, { 1, -1, IPC_NOWAIT } };
static struct sembuf takes_later[] = { { 0, -1, 0 } };
static struct sembuf adds_much[] = { { 0, 32767, 0 }, { 1, 1, 0 }, { 0, 1, 0 } };
static struct sigevent no_event = { .sigev_notify = SIGEV_NONE };
static struct mq_attr small_queue = { .mq_maxmsg = 1, .mq_msgsize = 100 };
static struct {
	long type;
	char text[100];
} message = { .type = 1 };
static uint64_t usr2 = 1ul << (SIGUSR2 - 1);
static unsigned groups[] = { 1, 2, 3 };
static int word_of_1 = 1;

static void at_queue(word *arg)
{
	arg[0] = (word)queue;
}

static void at_set(word *arg)
{
	arg[0] = (word)set;
}

static void at_itself(word *arg)
{
	arg[1] = (word)getpid();
}

static void at_segment(word *arg)
{
	arg[0] = (word)segment;
}

/* Nothing is there that the call before has made. */
static void tidy(void)
{
	unlink("new");
}

#define REFUSED(title, nr, ...)	 CALL_AS(title, nr, RIGHT(__VA_ARGS__))
#define OF(what, title, nr, ...) CALL_AS(title, nr, RIGHT(__VA_ARGS__), .before = at_##what)
#define BY_USER(nr, ...)	 CALL_AS(#nr " of a user", nr, RIGHT(__VA_ARGS__), .how = FORKS | USER)
#define BY_USER_OF(what, nr, ...) \
	CALL_AS(#nr " of a user", nr, RIGHT(__VA_ARGS__), .how = FORKS | USER, .before = at_##what)
#define BY_CHILD(title, nr, ...) CALL_AS(title, nr, RIGHT(__VA_ARGS__), .how = FORKS)

static const struct row rows[] = {
	/* names */
	REFUSED("openat2 beneath an absolute link", openat2, HERE, PATH("absolute/self"),
		WITH(beneath), 24),
	REFUSED("openat2 beneath an absolute path", openat2, HERE, PATH("/proc"), WITH(beneath),
		24),
	REFUSED("openat2 beneath a link upwards", openat2, HERE, PATH("up/x"), WITH(beneath), 24),
	REFUSED("openat2 beneath dots", openat2, HERE, PATH("dir/../../x"), WITH(beneath), 24),
	REFUSED("openat2 without links", openat2, HERE, PATH("link"), WITH(no_links), 24),
	REFUSED("openat2 without links on the way", openat2, HERE, PATH("up/x"), WITH(no_links),
		24),
	REFUSED("openat2 without magic links", openat2, HERE, PATH("/proc/self/exe"),
		WITH(no_magic), 24),
	REFUSED("openat2 on one file system", openat2, HERE, PATH("small/all"), WITH(no_mounts),
		24),
	REFUSED("openat2 in a root", openat2, FD_DIR, PATH("/file"), WITH(as_root), 24),
	REFUSED("openat of a loop", openat, HERE, PATH("loop"), O_RDONLY),
	REFUSED("openat below a loop", openat, HERE, PATH("loop/x"), O_RDONLY),
	REFUSED("openat below a file", openat, HERE, PATH("file/x"), O_RDONLY),
	REFUSED("openat through a link to nothing", openat, HERE, PATH("into"), O_RDONLY),
	REFUSED("openat of nothing", openat, HERE, PATH("nothing"), O_RDONLY),
	REFUSED("openat of a link", openat, HERE, PATH("link"), O_NOFOLLOW),
	REFUSED("openat of a file, as a directory", openat, HERE, PATH("file"), O_DIRECTORY),
	REFUSED("openat of a directory, to write", openat, HERE, PATH("dir"), O_WRONLY),
	REFUSED("openat of what is there", openat, HERE, PATH("file"), O_CREAT | O_EXCL, 0644),
	REFUSED("openat of a link that is there", openat, HERE, PATH("loop"), O_CREAT | O_EXCL,
		0644),
	REFUSED("openat of a fifo without a reader", openat, HERE, PATH("fifo"),
		O_WRONLY | O_NONBLOCK),
	REFUSED("openat of running text", openat, HERE, PATH("/proc/self/exe"), O_WRONLY),
	REFUSED("openat without room", openat, HERE, PATH("small/new"), O_WRONLY | O_CREAT, 0644),
	REFUSED("mkdirat", mkdirat, HERE, PATH("dir"), 0755),
	REFUSED("mkdirat without room", mkdirat, HERE, PATH("small/new"), 0755),
	REFUSED("mknodat", mknodat, HERE, PATH("file"), S_IFREG | 0644, 0),
	REFUSED("symlinkat", symlinkat, PATH("target"), HERE, PATH("file")),
	REFUSED("symlinkat without room", symlinkat, PATH("target"), HERE, PATH("small/new")),
	REFUSED("linkat", linkat, HERE, PATH("file"), HERE, PATH("link"), 0),
	REFUSED("linkat of a directory", linkat, HERE, PATH("dir"), HERE, PATH("new"), 0),
	REFUSED("linkat to another file system", linkat, HERE, PATH("file"), HERE,
		PATH("small/new"), 0),
	REFUSED("unlinkat of a directory", unlinkat, HERE, PATH("dir"), 0),
	REFUSED("unlinkat of a file, as a directory", unlinkat, HERE, PATH("file"), AT_REMOVEDIR),
	REFUSED("unlinkat of a full directory", unlinkat, HERE, PATH("full"), AT_REMOVEDIR),
	REFUSED("unlinkat of itself", unlinkat, HERE, PATH("dir/."), AT_REMOVEDIR),
	REFUSED("unlinkat of a mount", unlinkat, HERE, PATH("small"), AT_REMOVEDIR),
	REFUSED("renameat2 over what is there", renameat2, HERE, PATH("file"), HERE, PATH("link"),
		RENAME_NOREPLACE),
	REFUSED("renameat2 over a full directory", renameat2, HERE, PATH("dir"), HERE, PATH("full"),
		0),
	REFUSED("renameat2 of a file over a directory", renameat2, HERE, PATH("file"), HERE,
		PATH("dir"), 0),
	REFUSED("renameat2 of a directory over a file", renameat2, HERE, PATH("dir"), HERE,
		PATH("file"), 0),
	REFUSED("renameat2 into itself", renameat2, HERE, PATH("full"), HERE, PATH("full/y"), 0),
	REFUSED("renameat2 of itself", renameat2, HERE, PATH("dir/."), HERE, PATH("new"), 0),
	REFUSED("renameat2 with nothing", renameat2, HERE, PATH("file"), HERE, PATH("nothing"),
		RENAME_EXCHANGE),
	REFUSED("renameat2 to another file system", renameat2, HERE, PATH("file"), HERE,
		PATH("small/new"), 0),
	REFUSED("readlinkat", readlinkat, HERE, PATH("file"), DATA, 100),
	REFUSED("chdir", chdir, PATH("file")),
	REFUSED("chdir of a loop", chdir, PATH("loop")),
	REFUSED("chroot", chroot, PATH("file")),
	REFUSED("fchdir", fchdir, FD_RW),
	REFUSED("truncate of a directory", truncate, PATH("dir"), 100),
	REFUSED("truncate of running text", truncate, PATH("/proc/self/exe"), 100),
	REFUSED("statfs", statfs, PATH("file/x"), DATA),
	REFUSED("newfstatat", newfstatat, HERE, PATH("loop"), DATA, 0),
	REFUSED("statx", statx, HERE, PATH("into"), 0, STATX_BASIC_STATS, DATA),
	REFUSED("faccessat", faccessat, HERE, PATH("file"), X_OK),
	REFUSED("faccessat2", faccessat2, HERE, PATH("file"), X_OK, 0),
	REFUSED("fchmodat", fchmodat, HERE, PATH("loop"), 0600),
	REFUSED("fchownat", fchownat, HERE, PATH("loop"), 0, 0, 0),
	REFUSED("utimensat", utimensat, HERE, PATH("into"), 0, 0),
	REFUSED("setxattr of one that is there", setxattr, PATH("file"), PATH("user.one"), DATA,
		100, XATTR_CREATE),
	REFUSED("setxattr of none", setxattr, PATH("file"), PATH("user.two"), DATA, 100,
		XATTR_REPLACE),
	REFUSED("lsetxattr of a link", lsetxattr, PATH("link"), PATH("user.one"), DATA, 100, 0),
	REFUSED("fsetxattr of none", fsetxattr, FD_RW, PATH("user.two"), DATA, 100, XATTR_REPLACE),
	REFUSED("getxattr of none", getxattr, PATH("file"), PATH("user.two"), DATA, 100),
	REFUSED("getxattr without room", getxattr, PATH("file"), PATH("user.one"), DATA, 2),
	REFUSED("fgetxattr of none", fgetxattr, FD_RW, PATH("user.two"), DATA, 100),
	REFUSED("listxattr without room", listxattr, PATH("file"), DATA, 2),
	REFUSED("removexattr of none", removexattr, PATH("file"), PATH("user.two")),
	REFUSED("fremovexattr of none", fremovexattr, FD_RW, PATH("user.two")),
	REFUSED("mount on a file", mount, PATH("none"), PATH("file"), PATH("tmpfs"), 0,
		PATH("size=4096")),
	REFUSED("mount of no type", mount, PATH("none"), PATH("dir"), PATH("nofs"), 0,
		PATH("size=4096")),
	REFUSED("umount2 of no mount", umount2, PATH("dir"), 0),
	REFUSED("umount2 in use", umount2, PATH("small"), 0),
	REFUSED("inotify_add_watch of one that is there", inotify_add_watch, FD_WATCH, PATH("file"),
		IN_MODIFY | IN_MASK_CREATE),
	REFUSED("inotify_add_watch of a directory", inotify_add_watch, FD_WATCH, PATH("file"),
		IN_MODIFY | IN_ONLYDIR),
	BY_CHILD("execve of a directory", execve, PATH("dir"), WITH(words), WITH(words)),
	BY_CHILD("execve of a file", execve, PATH("file"), WITH(words), WITH(words)),
	BY_CHILD("execve of garbage", execve, PATH("garbage"), WITH(words), WITH(words)),
	BY_CHILD("execve of a script without interpreter", execve, PATH("script"), WITH(words),
		 WITH(no_words)),
	BY_CHILD("execveat of a loop", execveat, HERE, PATH("loop"), WITH(words), WITH(words), 0),
	BY_USER(openat, HERE, PATH("secret"), O_RDONLY),
	BY_USER(openat2, HERE, PATH("private/x"), WITH(beneath), 24),
	BY_USER(execve, PATH("secret"), WITH(words), WITH(words)),
	BY_USER(mkdirat, HERE, PATH("new"), 0755),
	BY_USER(mknodat, HERE, PATH("sticky/new"), S_IFBLK | 0644, 0x100),
	BY_USER(symlinkat, PATH("target"), HERE, PATH("private/new")),
	BY_USER(linkat, HERE, PATH("secret"), HERE, PATH("sticky/new"), 0),
	BY_USER(unlinkat, HERE, PATH("sticky/theirs"), 0),
	BY_USER(renameat2, HERE, PATH("sticky/theirs"), HERE, PATH("sticky/new"), 0),
	BY_USER(fchmodat, HERE, PATH("file"), 0600),
	BY_USER(fchownat, HERE, PATH("file"), NOBODY, NOBODY, 0),
	BY_USER(truncate, PATH("file"), 100),
	BY_USER(utimensat, HERE, PATH("file"), 0, 0),
	BY_USER(setxattr, PATH("file"), PATH("user.one"), DATA, 100, 0),
	BY_USER(removexattr, PATH("file"), PATH("user.one")),
	BY_USER(mount, PATH("none"), PATH("dir"), PATH("tmpfs"), 0, PATH("size=4096")),
	BY_USER(umount2, PATH("small"), 0),
	BY_USER(chroot, PATH("dir")),
	BY_USER(inotify_add_watch, FD_WATCH, PATH("secret"), IN_MODIFY),
	/* files */
	REFUSED("read of an empty pipe", read, FD_IN, DATA, 100),
	REFUSED("readv of an empty pipe", readv, FD_IN, WITH(pieces), 2),
	REFUSED("write to a full pipe", write, FD_FULL, DATA, 100),
	REFUSED("writev to a full pipe", writev, FD_FULL, WITH(pieces), 2),
	REFUSED("write to a broken pipe", write, FD_BROKEN, DATA, 100),
	REFUSED("writev to a broken pipe", writev, FD_BROKEN, WITH(pieces), 2),
	REFUSED("vmsplice to a full pipe", vmsplice, FD_FULL, WITH(pieces), 2, SPLICE_F_NONBLOCK),
	REFUSED("splice of an empty pipe", splice, FD_IN, 0, FD_FULL, 0, 100, SPLICE_F_NONBLOCK),
	REFUSED("tee of an empty pipe", tee, FD_IN, FD_FULL, 100, SPLICE_F_NONBLOCK),
	REFUSED("sendfile to a full pipe", sendfile, FD_FULL, FD_RW, 0, 100),
	REFUSED("lseek of a pipe", lseek, FD_IN, 0, SEEK_SET),
	REFUSED("pread64 of a pipe", pread64, FD_IN, DATA, 100, 0),
	REFUSED("pwritev of a pipe", pwritev, FD_OUT, WITH(pieces), 2, 0),
	REFUSED("getdents64 of a file", getdents64, FD_RW, DATA, 1000),
	REFUSED("fcntl: a pipe too small for what it has", fcntl, FD_FULL, F_SETPIPE_SZ, PAGE),
	REFUSED("fcntl: a lock of another", fcntl, FD_LOCKED, F_OFD_SETLK, WITH(whole)),
	REFUSED("flock: a lock of another", flock, FD_LOCKED, LOCK_EX | LOCK_NB),
	REFUSED("fcntl: seals are sealed", fcntl, FD_SEALED, F_ADD_SEALS, F_SEAL_GROW),
	REFUSED("write to a sealed file", write, FD_SEALED, DATA, 100),
	REFUSED("pwritev to a sealed file", pwritev, FD_SEALED, WITH(pieces), 2, 0),
	REFUSED("write without room", write, FD_SPACE, DATA, 100),
	REFUSED("fallocate without room", fallocate, FD_SPACE, 0, 0, 2 * PAGE),
	REFUSED("copy_file_range onto itself", copy_file_range, FD_RW, 0, FD_RW, 0, 100, 0),
	REFUSED("fsync of a pipe", fsync, FD_IN),
	CALL_AS("pipe2 with one free descriptor", pipe2, RIGHT(DATA, 0), .how = CROWDED),
	REFUSED("read of an eventfd", read, FD_ZERO, DATA, 8),
	REFUSED("write to a full eventfd", write, FD_MOST, WITH(usr2), 8),
	REFUSED("read of a timerfd", read, FD_TIMER, DATA, 8),
	REFUSED("read of a signalfd", read, FD_SIGNALS, DATA, 128),
	REFUSED("read of an inotify", read, FD_WATCH, DATA, 1000),
	REFUSED("inotify_rm_watch of none", inotify_rm_watch, FD_WATCH, 77),
	REFUSED("epoll_ctl: one that is there", epoll_ctl, FD_OUTER, EPOLL_CTL_ADD, FD_IN,
		WITH(event)),
	REFUSED("epoll_ctl: one that is not there", epoll_ctl, FD_OUTER, EPOLL_CTL_MOD, FD_OUT,
		WITH(event)),
	REFUSED("epoll_ctl: none to remove", epoll_ctl, FD_OUTER, EPOLL_CTL_DEL, FD_OUT, 0),
	REFUSED("epoll_ctl: a file", epoll_ctl, FD_OUTER, EPOLL_CTL_ADD, FD_RW, WITH(event)),
	REFUSED("epoll_ctl: a ring", epoll_ctl, FD_INNER, EPOLL_CTL_ADD, FD_OUTER, WITH(event)),
	/* memory */
	REFUSED("mmap where something is", mmap, DATA, PAGE, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, MINUS(1), 0),
	REFUSED("mmap to write a file open to read", mmap, 0, PAGE, RW, MAP_SHARED, FD_RDONLY, 0),
	REFUSED("mmap to write a sealed file", mmap, 0, PAGE, RW, MAP_SHARED, FD_SEALED, 0),
	REFUSED("mmap of a pipe", mmap, 0, PAGE, PROT_READ, MAP_SHARED, FD_IN, 0),
	REFUSED("mmap of all memory", mmap, 0, 1ul << 45, RW, MAP_PRIVATE | MAP_ANONYMOUS, MINUS(1),
		0),
	REFUSED("mremap without room", mremap, DATA, PAGE, 2 * PAGE, 0),
	REFUSED("mprotect of a file open to read", mprotect, MAPPED, PAGE, RW),
	REFUSED("mprotect of sealed memory", mprotect, SEALED, PAGE, RW),
	REFUSED("munmap of sealed memory", munmap, SEALED, PAGE),
	REFUSED("msync of locked memory", msync, LOCKED, PAGE, MS_SYNC | MS_INVALIDATE),
	REFUSED("mincore of a hole", mincore, HOLE, PAGE, DATA),
	REFUSED("mlock of a hole", mlock, HOLE, PAGE),
	REFUSED("madvise of a hole", madvise, HOLE, PAGE, MADV_WILLNEED),
	REFUSED("process_vm_readv of nobody", process_vm_readv, NO_PID, WITH(pieces), 2,
		WITH(elsewhere), 1, 0),
	BY_USER(process_vm_writev, 1, WITH(pieces), 2, WITH(elsewhere), 1, 0),
	/* processes and time */
	REFUSED("wait4 of no child", wait4, 1, DATA, 0, DATA),
	REFUSED("waitid of no child", waitid, P_PID, 1, DATA, WEXITED, DATA),
	REFUSED("kill of nobody", kill, NO_PID, 0),
	REFUSED("pidfd_open of nobody", pidfd_open, NO_PID, 0),
	OF(itself, "ptrace of itself", ptrace, PTRACE_ATTACH, 0, 0, 0),
	REFUSED("rt_sigtimedwait", rt_sigtimedwait, WITH(usr2), 0, WITH(no_time), 8),
	REFUSED("futex: another value", futex, WITH(word_of_1), FUTEX_WAIT_PRIVATE, 2, 0),
	REFUSED("futex: no time left", futex, WITH(word_of_1), FUTEX_WAIT_PRIVATE, 1,
		WITH(no_time)),
	REFUSED("futex of shared memory", futex, SHARED, FUTEX_WAIT, 2, 0),
	REFUSED("futex: a requeue of another value", futex, SHARED, FUTEX_CMP_REQUEUE, 1, 1,
		SHARED + 4, 2),
	BY_USER(kill, 1, SIGTERM),
	BY_USER(setuid, 0),
	BY_USER(setgid, 0),
	BY_USER(setresuid, 0, 0, 0),
	BY_USER(setgroups, 3, WITH(groups)),
	BY_USER(sethostname, PATH("other"), 5),
	BY_USER(setdomainname, PATH("other"), 5),
	BY_USER(setpriority, PRIO_PROCESS, 0, MINUS(5)),
	BY_USER(sched_setscheduler, 0, SCHED_FIFO, WITH(real_time)),
	BY_USER(prlimit64, 0, RLIMIT_RTPRIO, WITH(no_limit), 0),
	BY_USER(prlimit64, 1, RLIMIT_NOFILE, 0, DATA),
	BY_USER(settimeofday, WITH(a_time), 0),
	BY_USER(clock_settime, CLOCK_REALTIME, WITH(a_moment)),
	BY_USER(adjtimex, WITH(frequency)),
	BY_USER(ptrace, PTRACE_ATTACH, 1, 0, 0),
	BY_USER(swapon, PATH("file"), 0),
	BY_USER(syslog, 5, 0, 0),
	/* System V IPC */
	REFUSED("msgget of one that is there", msgget, KEY, IPC_CREAT | IPC_EXCL | 0600),
	REFUSED("msgget of none", msgget, KEY + 1, 0),
	OF(queue, "msgrcv of none", msgrcv, 0, DATA, 100, 0, IPC_NOWAIT),
	OF(queue, "msgsnd without room", msgsnd, 0, WITH(message), 12, IPC_NOWAIT),
	REFUSED("semget of one that is there", semget, KEY, 1, IPC_CREAT | IPC_EXCL | 0600),
	OF(set, "semop", semop, 0, WITH(takes), 2),
	OF(set, "semop too high", semop, 0, WITH(adds_much), 3),
	OF(set, "semtimedop", semtimedop, 0, WITH(takes_later), 1, WITH(no_time)),
	REFUSED("shmget of one that is there", shmget, KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600),
	OF(segment, "shmat where something is", shmat, 0, DATA, 0),
	BY_USER_OF(queue, msgsnd, 0, WITH(message), 4, IPC_NOWAIT),
	BY_USER_OF(queue, msgrcv, 0, DATA, 100, 0, IPC_NOWAIT),
	BY_USER_OF(queue, msgctl, 0, IPC_RMID, 0),
	BY_USER_OF(set, semop, 0, WITH(takes), 2),
	BY_USER_OF(set, semctl, 0, 0, IPC_RMID, 0),
	BY_USER_OF(segment, shmat, 0, 0, 0),
	/* POSIX queues */
	REFUSED("mq_open of one that is there", mq_open, PATH("full"), O_CREAT | O_EXCL | O_RDWR,
		0600, WITH(small_queue)),
	REFUSED("mq_open of none", mq_open, PATH("none"), O_RDWR, 0, 0),
	REFUSED("mq_timedreceive of none", mq_timedreceive, FD_EMPTY, DATA, 100, 0, 0),
	REFUSED("mq_timedsend without room", mq_timedsend, FD_QUEUE, DATA, 50, 0, 0),
	REFUSED("mq_timedsend of too much", mq_timedsend, FD_EMPTY, DATA, 101, 0, 0),
	REFUSED("mq_notify for another", mq_notify, FD_EMPTY, WITH(no_event)),
	REFUSED("mq_unlink of none", mq_unlink, PATH("none")),
	BY_USER(mq_open, PATH("full"), O_RDWR, 0, 0),
	BY_USER(mq_unlink, PATH("full")),
};

const struct group refused_group = { .name = "refused",
				     .rows = rows,
				     .count = sizeof(rows) / sizeof(rows[0]),
				     .set_up = make_all,
				     .tear_down = remove_all,
				     .clear = tidy };
