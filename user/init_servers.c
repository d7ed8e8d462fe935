/* SPDX-License-Identifier: MIT */
/* The servers that process 1 starts, mounts and watches. */
/*
 * A server gets the descriptors that its row of the table names, and no others. What it has no
 * descriptor of is out of its reach: that is all that gives rights to a server.
 *
 * A server that ends, in whatever way, is started again, and takes the place of the old one at the
 * mount. The mount waits for that no longer than for any answer. A server that ends again at once is
 * started later each time, and so is one for which there is no process. Only when nothing is mounted
 * any more where the server's files were is it over. The device stays with process 1.
 */
#include "init_servers.h"

#include "abi/mount.h"
#include "abi/wait.h"
#include "init_devices.h"
#include "init_programs.h"
#include "init_user.h"
#include "lib/complain.h"
#include "lib/ipc.h"
#include "lib/slurp.h"
#include "lib/sys.h"
#include "lib/text.h"
#include "lib/virtio_regs.h"

#define PATH_SIZE    4097
#define RUNS_MAX     8
#define OPTIONS_SIZE 128 /* of "fd=", and four ids with their names */

/*
 * Each server drives a virtio device and serves files. `orders` is a file of the runner's: for each
 * instance the tag of its device, the directory where its files are to be, and "ro", "rw" or "rw,setid", and then perhaps
 * ",exclusive".
 */
static const struct server {
	const char *program;
	const char *orders;
	uint32_t device_id;
	unsigned long mount_flags;
} table[] = {
	{ "/bin/hostfs", "/run/share", VIRTIO_ID_9P, MS_NOSUID | MS_NODEV },
};

/* What one instance is to serve. */
struct order {
	const char *tag, *where;
	unsigned long mount_flags;
	bool setid, exclusive;
};

/* The servers that run. */
static struct run {
	const struct server *server;
	struct order order;
	int device;
	enum { RUNS, WAITING, OVER } state; /* WAITING: to be started; OVER: it is no more */
	long pid;			    /* 0: it has ended */
	long attacher;	  /* the process that attaches the mount to it again, or 0 */
	uint64_t since;	  /* when it was started; WAITING: when it will be */
	unsigned nends;	  /* in sequence, each soon after its start */
	int send;	  /* the endpoint's; -1: it is mounted */
	const char *root; /* from which `where` is seen; NULL: that of process 1 */
	bool failed;	  /* it could not be attached */
	bool silent;	  /* it has ended with 0, which is not logged at once */
	bool explained;	  /* why it does not start */
} runs[RUNS_MAX];
static unsigned nruns;

static int devices = -1, processes = -1; /* /dev and /proc, once a server was started */

/* A server that has run for so long did not end at once. */
#define SOON_NS NS_PER_SEC

/* The pause before a start after n ends: none, 20 ms, and twice that each time, up to 1.28 s. */
#define PAUSE_DOUBLES 7

/* After so many ends nobody who is about to leave waits for the server any more. */
#define HOPELESS 4

#define WORDS 3

/* What one server is made of; -1: not there yet. */
struct start {
	int session, receive, send;
	bool setid, exclusive;
};

/* ---- the process ---- */

/* Opens a folder if it is not open yet. */
static int folder_open_once(int *fd, const char *path)
{
	if (*fd < 0)
		*fd = (int)sys_open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd;
}

/* With another root for the program, the paths of both folders lead through a server that may have ended. */
long server_folders(void)
{
	(void)folder_open_once(&processes, "/proc"); /* without it a server runs, but has no mark */
	return folder_open_once(&devices, "/dev");
}

/*
 * Programs need their server when memory runs out, so it is killed after them. The kernel knows a server by this write of
 * process 1.
 */
void server_spare(const char *program, long pid)
{
	static const char lowest[] = "-1000";
	char path[DECIMAL_SIZE + sizeof("/oom_score_adj")], digits[DECIMAL_SIZE];
	long err;
	int fd;

	text_append(text_append(path, decimal((unsigned)pid, digits)), "/oom_score_adj");
	fd = (int)sys_openat(processes, path, O_WRONLY | O_CLOEXEC);
	err = fd < 0 ? fd : sys_write(fd, lowest, sizeof(lowest) - 1);
	if (fd >= 0)
		sys_close(fd);
	if (err < 0)
		complain("cannot spare ", program, err);
}

/* Standard error for writing only: a terminal's descriptor would let a server read what is typed. */
void server_open_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		sys_close(fd);
	sys_openat(devices, "null", O_RDONLY);
	sys_openat(devices, "null", O_WRONLY);
	if (sys_openat(devices, "port/stderr", O_WRONLY) < 0)
		sys_openat(devices, "console", O_WRONLY | O_NOCTTY);
}

/* In the new process. All descriptors but the streams are closed by exec, unless that is cleared here. */
_Noreturn static void become_server(const struct server *server, const struct start *start,
				    uint64_t pause_ns)
{
	char session[DECIMAL_SIZE], endpoint[DECIMAL_SIZE];
	char *argv[] = { (char *)server->program,
			 (char *)"--device",
			 (char *)decimal((unsigned)start->session, session),
			 (char *)"--endpoint",
			 (char *)decimal((unsigned)start->receive, endpoint),
			 0,
			 0,
			 0 };
	char *envp[] = { 0 }, **more = argv + 5;
	long err;

	if (start->setid)
		*more++ = (char *)"--setid";
	if (start->exclusive)
		*more++ = (char *)"--exclusive";
	sys_setsid();
	server_open_streams();
	sys_fcntl(start->session, F_SETFD, 0);
	sys_fcntl(start->receive, F_SETFD, 0);
	if (pause_ns)
		sys_sleep(pause_ns);
	err = program_execute(server->program, argv, envp);
	complain("cannot run ", server->program, err);
	sys_exit(1);
}

static void close_all(struct start *start)
{
	const int fds[] = { start->session, start->receive, start->send };

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			sys_close(fds[i]);
}

/* Makes the server's descriptors and its process. Returns its pid, and the send end in *start. */
static long start_process(const struct server *server, int device, struct start *start,
			  uint64_t pause_ns)
{
	long pid = server_folders();

	if (pid < 0)
		return pid;
	start->session = (int)device_session(device);
	if (start->session < 0)
		return start->session;
	start->receive = ipc_create(IPC_CLOEXEC);
	if (start->receive < 0)
		return start->receive;
	start->send = ipc_badge(start->receive, 1, IPC_TELL_CLOSE | IPC_CLOEXEC);
	if (start->send < 0)
		return start->send;
	pid = sys_fork();
	if (pid == 0)
		become_server(server, start, pause_ns);
	if (pid > 0)
		server_spare(server->program, pid);
	sys_close(start->receive); /* the server's must be the last one */
	sys_close(start->session);
	start->receive = start->session = -1;
	return pid;
}

/* ---- the mount ---- */

/* Makes the directory of that path, and those above it. Those that are there are fine. */
static void servers_make_directories(const char *path)
{
	char above[PATH_SIZE];
	unsigned n;

	for (n = 0; n < sizeof(above) - 1 && path[n]; n++) {
		above[n] = path[n];
		above[n + 1] = '\0';
		if (path[n + 1] == '/' || !path[n + 1])
			sys_mkdir(above, 0755);
	}
}

/*
 * The mount keeps the send end; when that ends, the server is asked to end, too. With MS_REMOUNT, the
 * mount that is there gets it.
 */
static long mount_by(const struct run *run, int send, unsigned long action)
{
	const struct order *order = &run->order;
	char options[OPTIONS_SIZE], digits[DECIMAL_SIZE];

	char *end = text_append(text_append(options, "fd="), decimal((unsigned)send, digits));

	if (!(action & MS_REMOUNT))
		user_options(end);
	return sys_mount(order->tag, order->where, "9p",
			 action | run->server->mount_flags | order->mount_flags, options);
}

static long mount_server(struct run *run)
{
	long err;

	servers_make_directories(run->order.where);
	err = mount_by(run, run->send, 0);
	sys_close(run->send);
	run->send = -1;
	return err;
}

static long explained(const struct order *order, long err)
{
	if (err < 0)
		complain("cannot mount a folder of the host's at ", order->where, err);
	return err < 0 ? err : 0;
}

static long servers_start_one(const struct server *server, const struct order *order)
{
	struct start start = { -1, -1, -1, order->setid, order->exclusive };
	long pid, device;

	if (nruns == RUNS_MAX)
		return -EAGAIN;
	device = device_find(server->device_id, order->tag);
	if (device < 0)
		return device;
	pid = program_keep(server->program);
	if (pid < 0) {
		complain("cannot run ", server->program, pid);
		return pid;
	}
	pid = start_process(server, (int)device, &start, 0);
	if (pid > 0) {
		runs[nruns++] = (struct run){ .server = server,
					      .order = *order,
					      .device = (int)device,
					      .pid = pid,
					      .since = sys_now(),
					      .send = start.send };
		start.send = -1;
	}
	close_all(&start);
	return pid;
}

/* ---- starting again ---- */

uint64_t server_pause(unsigned nends)
{
	unsigned n = nends < PAUSE_DOUBLES ? nends : PAUSE_DOUBLES;

	return n ? SERVER_PAUSE_NS << n : 0;
}

bool server_ended_soon(uint64_t since)
{
	return sys_now() < since + SOON_NS;
}

/* How the process that attaches a mount ends. */
enum { ATTACHED, FAILED, UNMOUNTED };

/*
 * Waits for the server, which process 1 cannot do. Its end closes the send end if the mount has not
 * taken it over, and then the server ends, too.
 */
_Noreturn static void attach_again(const struct run *run, int send)
{
	long err = run->root ? sys_chroot(run->root) : 0;

	if (err == 0)
		err = mount_by(run, send, MS_REMOUNT);
	if (err && err != -EINVAL && !run->explained)
		complain("cannot attach again to the server of ", run->order.where, err);
	sys_exit(err == 0 ? ATTACHED : err == -EINVAL ? UNMOUNTED : FAILED);
}

static void say_failure(struct run *run, long err)
{
	if (!run->explained)
		complain("cannot start again the server of ", run->order.where, err);
	run->explained = true;
}

/*
 * Starts the server, and a process that attaches the mount to it. Without that process the server
 * ends by itself, and is started again later. Without a server, servers_retry() tries again. A device
 * that does not answer its reset will not do so later.
 */
static void start_again(struct run *run)
{
	struct start start = { -1, -1, -1, run->order.setid, run->order.exclusive };
	uint64_t pause = server_pause(run->nends);
	long pid = start_process(run->server, run->device, &start, pause);

	run->since = sys_now() + pause;
	if (pid < 0) {
		say_failure(run, pid);
		run->state = pid == -EIO ? OVER : WAITING;
		run->since += SERVER_PAUSE_NS;
		close_all(&start);
		return;
	}
	run->state = RUNS;
	run->pid = pid;
	run->attacher = sys_fork();
	if (run->attacher == 0)
		attach_again(run, start.send);
	if (run->attacher < 0) {
		say_failure(run, run->attacher);
		run->attacher = 0;
		run->failed = true;
	}
	close_all(&start);
}

/* Is the word behind a comma there? No one of them is how another begins. */
static bool order_says(const char *how, const char *word)
{
	for (; *how; how++) {
		const char *a = how + 1, *b = word;

		while (*b && *a == *b)
			a++, b++;
		if (*how == ',' && !*b)
			return true;
	}
	return false;
}

static struct order servers_order_of(char *const *word)
{
	bool read_only = word[2][0] == 'r' && word[2][1] == 'o';

	return (struct order){ word[0], word[1], read_only ? MS_RDONLY : 0,
			       order_says(word[2], "setid"), order_says(word[2], "exclusive") };
}

long servers_start(void)
{
	static struct strings orders[sizeof(table) / sizeof(table[0])];

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		long n = read_strings(table[i].orders, &orders[i]);

		if (n == -ENOENT)
			continue;
		if (n < 0 || n % WORDS != 0) {
			n = n < 0 ? n : -EINVAL;
			complain("cannot read ", table[i].orders, n);
			return n;
		}
		for (long at = 0; at < n; at += WORDS) {
			const struct order order = servers_order_of(&orders[i].at[at]);
			long err = explained(&order, servers_start_one(&table[i], &order));

			if (err)
				return err;
		}
	}
	return 0;
}

long servers_mount(const char *where, const char *root)
{
	long err = 0;

	for (unsigned i = 0; i < nruns && err == 0; i++)
		if (runs[i].send >= 0 && (!where || text_is_same(runs[i].order.where, where))) {
			runs[i].root = root;
			err = explained(&runs[i].order, mount_server(&runs[i]));
		}
	return err;
}

void server_say_end(const char *what, const char *program, int status)
{
	char digits[DECIMAL_SIZE];

	complain_say("init: the server of ");
	complain_say(what);
	complain_say(" (");
	complain_say(program);
	complain_say(")");
	complain_say(WIFSIGNALED(status) ? " was killed by signal " : " has ended with status ");
	complain_say(decimal(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), digits));
	complain_say(" and is started again\n");
}

static void say_end(const struct run *run, int status)
{
	server_say_end(run->order.where, run->server->program, status);
}

/* A server that is asked to end when its mount has gone ends with 0: whether that is so is not known yet. */
static void server_reaped(struct run *run, int status)
{
	run->pid = 0;
	run->silent = status == 0 && !run->failed;
	if (status != 0 && run->state != OVER)
		say_end(run, status);
}

static void attacher_reaped(struct run *run, int status)
{
	run->attacher = 0;
	if (status == ABI_W_EXITCODE(UNMOUNTED)) {
		run->state = OVER;
	} else if (status != 0) {
		run->failed = run->explained = true;
	} else {
		if (run->silent)
			say_end(run, 0);
		run->silent = run->explained = false;
	}
}

static void reaped(struct run *run, bool is_server, int status)
{
	bool soon;

	if (is_server)
		server_reaped(run, status);
	else
		attacher_reaped(run, status);
	if (run->state == OVER || run->pid || run->attacher)
		return;
	soon = run->failed || server_ended_soon(run->since);
	run->nends = soon ? run->nends + 1 : 0;
	run->failed = false;
	start_again(run);
}

void servers_reaped(long pid, int status)
{
	for (unsigned i = 0; i < nruns; i++)
		if (runs[i].pid == pid || runs[i].attacher == pid)
			reaped(&runs[i], runs[i].pid == pid, status);
}

uint64_t servers_retry(void)
{
	uint64_t now = sys_now(), least = 0;

	for (unsigned i = 0; i < nruns; i++) {
		struct run *run = &runs[i];

		if (run->state == WAITING && run->since <= now) {
			run->nends++;
			start_again(run);
		}
		if (run->state == WAITING && (!least || run->since - now < least))
			least = run->since > now ? run->since - now : 1;
	}
	return least;
}

bool servers_are_missing(void)
{
	for (unsigned i = 0; i < nruns; i++)
		if ((runs[i].attacher || runs[i].state == WAITING) && runs[i].nends < HOPELESS)
			return true;
	return false;
}
