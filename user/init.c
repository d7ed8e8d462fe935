/* SPDX-License-Identifier: MIT */
/* Process 1: opens the standard streams, starts servers, runs one program, reaps orphans, exits with its status. */
#include "abi/wait.h"
#include "init_devices.h"
#include "init_root.h"
#include "init_servers.h"
#include "init_services.h"
#include "init_user.h"
#include "init_waits.h"
#include "lib/complain.h"
#include "lib/slurp.h"
#include "lib/sys.h"
#include "lib/window.h"

#define ARGV_FILE	"/run/argv"
#define ENV_FILE	"/run/env"
#define CWD_FILE	"/run/cwd"
#define SWAP_FILE	"/run/swap"
#define DEFAULT_PROGRAM "/bin/tour"

#define EXIT_SETUP	 125 /* the machine was not set up correctly */
#define EXIT_CANNOT_EXEC 126
#define EXIT_NOT_FOUND	 127

static struct strings args, env;
static char cwd[4097];
static const char *root; /* where the program's root is mounted; NULL: it is that of process 1 */

/* Opens the port, or else the console, as descriptor fd. All lower descriptors must be open. */
static void open_stream(int fd, const char *port, int port_flags)
{
	long got;

	sys_close(fd);
	got = sys_open(port, port_flags);
	if (got < 0)
		got = sys_open("/dev/console", O_RDWR);
	if (got < 0)
		got = sys_open("/dev/null", O_RDWR);
	if (got < 0)
		complain("cannot open ", port, got);
}

static void default_args(void)
{
	args.at[0] = DEFAULT_PROGRAM;
	args.at[1] = DEFAULT_PROGRAM;
	args.at[2] = 0;
}

static void default_env(void)
{
	env.at[0] = "HOME=/";
	env.at[1] = "TERM=dumb";
	env.at[2] = "PATH=/bin:/usr/bin";
	env.at[3] = 0;
}

_Noreturn static void init_fail(const char *doing, const char *what, long err)
{
	complain(doing, what, err);
	sys_exit(EXIT_SETUP);
}

/*
 * Reads the program, its arguments, environment and working directory from the runner's files. Each
 * file that is missing has a default.
 */
static void read_orders(void)
{
	long n = read_strings(ARGV_FILE, &args);

	if (n == -ENOENT || n == 0)
		default_args();
	else if (n < 0)
		init_fail("cannot read ", ARGV_FILE, n);
	else if (n == 1)
		init_fail("no argv[0] in ", ARGV_FILE, -EINVAL);

	n = read_strings(ENV_FILE, &env);
	if (n == -ENOENT)
		default_env();
	else if (n < 0)
		init_fail("cannot read ", ENV_FILE, n);

	n = slurp(CWD_FILE, cwd, sizeof(cwd) - 1);
	if (n < 0 && n != -ENOENT)
		init_fail("cannot read ", CWD_FILE, n);
	if (n > 0) {
		n = sys_chdir(cwd);
		if (n < 0)
			init_fail("cannot change to ", cwd, n);
	}
}

/* Without its swap disk the program runs all the same; the kernel's log says what is wrong. */
static void start_swap(void)
{
	static char path[256];
	long n = slurp(SWAP_FILE, path, sizeof(path) - 1);

	if (n == -ENOENT)
		return;
	if (n < 0) {
		complain("cannot read ", SWAP_FILE, n);
		return;
	}
	n = sys_swapon(path, 0);
	if (n < 0)
		complain("cannot use for swap: ", path, n);
}

/* Makes the program a session leader. A terminal among its streams becomes the controlling one. */
static void begin_session(void)
{
	sys_setsid();
	for (int fd = 0; fd < 3; fd++)
		if (sys_ioctl(fd, TIOCSCTTY, 0) == 0)
			return;
}

_Noreturn static void init_become(const char *path)
{
	long err = 0;

	begin_session();
	err = devices_become();
	if (err < 0)
		init_fail("cannot give its devices to ", args.at[0], err);
	if (root)
		err = root_become(&path);
	if (err < 0)
		init_fail("cannot change the root to ", root, err);
	err = user_become();
	if (err < 0)
		init_fail("cannot become the user of ", args.at[0], err);
	err = sys_execve(path, args.at + 1, env.at);

	complain("cannot run ", args.at[0], err);
	sys_exit(err == -ENOENT || err == -ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC);
}

/* The signal only has to end the wait. */
static void child_ended(int sig)
{
	(void)sig;
}

/* Blocks SIGCHLD except in wait_for_event(). Returns 0 or -ERRNO. */
static long ports_begin(void)
{
	const struct abi_sigaction action = { .handler = (uint64_t)(uintptr_t)child_ended };
	const uint64_t sigchld = 1ul << (SIGCHLD - 1);
	long err = sys_sigprocmask(SIG_BLOCK, &sigchld);

	return err ? err : sys_sigaction(SIGCHLD, &action);
}

/* Where the runner sends sizes of the window, and where it asks; servers follow. A negative descriptor is not looked at. */
enum { WINDOW, WAITS, PORTS };

/*
 * Waits for the end of a child, for a new size of the window, a question, or until a server is to be started
 * again. Closes a port on which nothing more will come.
 */
static void wait_for_event(struct abi_pollfd ports[PORTS + SERVICES_MAX], uint64_t pause_ns)
{
	static int (*const take[PORTS])(int) = { [WINDOW] = window_read, [WAITS] = waits_answer };
	unsigned n = PORTS + services_poll(&ports[PORTS]);
	const uint64_t none = 0;

	if (sys_ppoll(ports, n, pause_ns, &none) <= 0)
		return;
	services_polled(&ports[PORTS]);
	for (int i = 0; i < PORTS; i++)
		if (ports[i].revents && take[i](ports[i].fd) < 0) {
			sys_close(ports[i].fd);
			ports[i].fd = -1;
		}
}

/* Starts servers again for which it is time. Returns after how many nanoseconds the next one is to be; 0: none is. */
static uint64_t until_retry(void)
{
	uint64_t servers = servers_retry(), services = services_retry();

	return services && (!servers || services < servers) ? services : servers;
}

/*
 * Reaps processes, orphans included, until the child has ended, and sets the terminal's size meanwhile.
 * Returns the child's status as a shell gives it (128 + N if signal N killed it).
 */
static int reap_until(long child, struct abi_pollfd ports[PORTS + SERVICES_MAX])
{
	for (;;) {
		int status = 0;
		uint64_t pause = until_retry();
		long pid = sys_wait4(-1, &status, WNOHANG);

		if (pid < 0 && pid != -EINTR)
			init_fail("cannot wait for ", args.at[0], pid);
		if (pid == 0)
			wait_for_event(ports, pause);
		else if (pid == child)
			return status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
		else if (pid > 0 && !service_reaped(pid, status))
			servers_reaped(pid, status);
	}
}

/* What was written is to reach the server: one that is being started again is waited for. */
static void wait_for_servers(struct abi_pollfd ports[PORTS + SERVICES_MAX])
{
	for (;;) {
		int status = 0;
		uint64_t pause = until_retry();
		/* One may have ended just now. */
		long pid = sys_wait4(-1, &status, WNOHANG);

		if (pid > 0 && service_reaped(pid, status))
			continue;
		if (pid > 0)
			servers_reaped(pid, status);
		else if (!servers_are_missing() || (pid < 0 && !pause))
			break;
		else
			wait_for_event(ports, pause);
	}
}

static int init_follow(long child, struct abi_pollfd ports[PORTS + SERVICES_MAX])
{
	long err = ports_begin();
	int status;

	if (err)
		init_fail("cannot wait for ", args.at[0], err);
	status = reap_until(child, ports);
	wait_for_servers(ports);
	return status;
}

/* The files of the servers are mounted below the program's root. */
static long mount_all(void)
{
	long err = servers_start();

	if (err == 0)
		err = root_wanted(&root);
	if (err == 0 && root)
		err = servers_mount(root, 0);
	if (err == 0 && root)
		err = root_enter();
	if (err == 0)
		err = servers_mount(0, root);
	if (err == 0 && root)
		err = root_leave();
	return err;
}

int main(void)
{
	struct abi_pollfd ports[PORTS + SERVICES_MAX];
	long child;

	/* Another one would start the program of the run once more, and take the list of servers for its own. */
	if (sys_call(SYS_getpid, 0, 0, 0, 0, 0, 0) != 1)
		init_fail("cannot be another process than ", "1", -EPERM);
	sys_close(0);
	sys_close(1);
	sys_close(2);
	open_stream(0, "/dev/port/stdin", O_RDONLY);
	open_stream(1, "/dev/port/stdout", O_WRONLY);
	open_stream(2, "/dev/port/stderr", O_WRONLY);
	read_orders();
	start_swap();
	ports[WINDOW] = (struct abi_pollfd){ .fd = window_open(), .events = POLLIN };
	ports[WAITS] = (struct abi_pollfd){ .fd = waits_open(), .events = POLLIN };
	services_start();
	/* First: with another root for the program, /dev moves there. */
	if (user_read() != 0 || user_own() != 0 || mount_all() != 0 || devices_for_program() != 0)
		sys_exit(EXIT_SETUP);
	if (!root)
		sys_chdir(cwd); /* a server's files may have covered it */
	child = sys_fork();
	if (child < 0)
		init_fail("cannot fork for ", args.at[0], child);
	if (child == 0)
		init_become(args.at[0]);
	return init_follow(child, ports);
}
