/* SPDX-License-Identifier: MIT */
/* Servers of open files that process 1 starts, from the table /etc/servers. */
/*
 * A line of the table is a server:
 *
 *   NAME PROGRAM uid=UID [gid=GID] [recovery=BYTES[k|m]] [start=lazy] [file=PATH[:MODE]]...
 *
 * Process 1 keeps the endpoint, a memfd that outlives the server, and the program. So a server that ends, in whatever way, is
 * started again, and its files stay open. One that does not answer is killed for that. No server runs as root, and none has another
 * descriptor than these and a standard error. With start=lazy the first process is started when somebody uses a file.
 */
#include "init_services.h"

#include "abi/mman.h"
#include "abi/wait.h"
#include "init_servers.h"
#include "lib/complain.h"
#include "lib/ipc.h"
#include "lib/slurp.h"
#include "lib/sys.h"
#include "lib/text.h"

#define TABLE	   "/etc/servers"
#define TABLE_SIZE 8192
#define STATUS	   "/run/servers"
#define LINE_MOST  400
#define FILES_MAX  8 /* of a server */
#define WORDS_MAX  (FILES_MAX + 8)

#define RECOVERY_USUAL (1ul << 20)
#define RECOVERY_MOST  (64ul << 20)

static struct service {
	const char *name, *program;
	unsigned uid, gid;
	unsigned long recovery_size;
	struct {
		const char *path;
		unsigned mode;
	} file[FILES_MAX];
	unsigned nfiles;
	int executable, keeper, recovery;
	long pid;	/* 0: to be started at `since` */
	uint64_t since; /* or when it was started */
	unsigned nends; /* in sequence, each soon after its start */
	unsigned nstarts;
	bool killed;	      /* because it did not answer */
	bool lazy;	      /* and no process has been started yet */
} services[SERVICES_MAX + 1]; /* the last one for lines that are too many */
static unsigned nservices;

/* ---- the table ---- */

static void services_complain(unsigned line, const char *what, const char *word)
{
	char digits[DECIMAL_SIZE];

	complain_say("init: " TABLE ":");
	complain_say(decimal(line, digits));
	complain_say(": ");
	complain_say(what);
	complain_say(word);
	complain_say("\n");
}

/* Reads a number up to `most`, with the digits of that base. Returns where it ends, or NULL. */
static const char *read_number(const char *text, unsigned base, unsigned long most,
			       unsigned long *ret)
{
	const char *at = text;
	unsigned long n = 0;

	for (; *at >= '0' && *at < (char)('0' + base); at++) {
		n = n * base + (unsigned long)(*at - '0');
		if (n > most)
			return 0;
	}
	*ret = n;
	return at == text ? 0 : at;
}

static bool read_id(const char *text, unsigned *id)
{
	unsigned long n = 0;
	const char *end = read_number(text, 10, 0xfffffffe, &n);

	*id = (unsigned)n;
	return end && *end == '\0' && n != 0;
}

static bool read_size(const char *text, unsigned long *size)
{
	const char *end = read_number(text, 10, RECOVERY_MOST, size);

	if (end && *end == 'k')
		*size <<= 10;
	else if (end && *end == 'm')
		*size <<= 20;
	if (end && (*end == 'k' || *end == 'm'))
		end++;
	return end && *end == '\0' && *size != 0 && *size <= RECOVERY_MOST;
}

/* A path, and the permissions of its name behind a colon. */
static bool read_file(char *text, struct service *service)
{
	unsigned long mode = 0600;
	const char *end = "";
	char *colon = text;

	if (service->nfiles == FILES_MAX || text[0] != '/')
		return false;
	while (*colon && *colon != ':')
		colon++;
	if (*colon)
		end = read_number(colon + 1, 8, 0777, &mode);
	*colon = '\0';
	service->file[service->nfiles].path = text;
	service->file[service->nfiles++].mode = (unsigned)mode;
	return end && *end == '\0';
}

/* Returns what follows the word and a '=', or NULL. */
static char *value_of(char *text, const char *word)
{
	while (*word && *text == *word) {
		text++;
		word++;
	}
	return *word == '\0' && *text == '=' ? text + 1 : 0;
}

static bool read_value(char *text, struct service *service)
{
	char *value;

	if ((value = value_of(text, "uid")))
		return read_id(value, &service->uid);
	if ((value = value_of(text, "gid")))
		return read_id(value, &service->gid);
	if ((value = value_of(text, "recovery")))
		return read_size(value, &service->recovery_size);
	if ((value = value_of(text, "file")))
		return read_file(value, service);
	if ((value = value_of(text, "start")))
		return service->lazy = text_is_same(value, "lazy");
	return false;
}

/* Splits a line at its blanks, up to a '#'. Returns how many words there are, at most `most`. */
static unsigned split(char *line, char **word, unsigned most)
{
	unsigned n = 0;

	for (;;) {
		while (*line == ' ' || *line == '\t')
			*line++ = '\0';
		if (*line == '\0' || *line == '#' || n == most)
			break;
		word[n++] = line;
		while (*line && *line != ' ' && *line != '\t')
			line++;
	}
	*line = '\0';
	return n;
}

static bool service_is_named(const char *name)
{
	for (unsigned i = 0; i < nservices; i++)
		if (text_is_same(services[i].name, name))
			return true;
	return false;
}

/* Returns false, and says why, if the line is wrong. */
static bool read_line(char *text, unsigned line, struct service *service)
{
	char *word[WORDS_MAX];
	unsigned n = split(text, word, WORDS_MAX);

	service->recovery_size = RECOVERY_USUAL;
	service->uid = service->gid = service->nfiles = 0;
	service->lazy = false;
	if (n == 0)
		return false;
	service->name = word[0];
	service->program = n > 1 ? word[1] : "";
	for (unsigned i = 2; i < n; i++)
		if (!read_value(word[i], service)) {
			services_complain(line, "what is meant by ", word[i]);
			return false;
		}
	if (service->program[0] != '/')
		services_complain(line, "no path of a program for ", service->name);
	else if (service->uid == 0)
		services_complain(line, "no uid= for ", service->name);
	else if (service_is_named(service->name))
		services_complain(line, "there is another server ", service->name);
	else if (nservices == SERVICES_MAX)
		services_complain(line, "too many servers for ", service->name);
	else
		return true;
	return false;
}

/* ---- processes ---- */

/* In the new process. All other descriptors are closed by exec. */
_Noreturn static void service_become(const struct service *service, int receive, uint64_t pause_ns)
{
	char endpoint[DECIMAL_SIZE], recovery[DECIMAL_SIZE];
	char *argv[] = { (char *)service->program,
			 (char *)"--endpoint",
			 (char *)decimal((unsigned)receive, endpoint),
			 (char *)"--recovery",
			 (char *)decimal((unsigned)service->recovery, recovery),
			 0 };
	char *envp[] = { 0 };
	long err;

	sys_setsid();
	server_open_streams();
	sys_fcntl(receive, F_SETFD, 0);
	sys_fcntl(service->recovery, F_SETFD, 0);
	if (pause_ns)
		sys_sleep(pause_ns);
	err = sys_call(SYS_setgroups, 0, 0, 0, 0, 0, 0);
	if (err == 0)
		err = sys_call(SYS_setresgid, service->gid, service->gid, service->gid, 0, 0, 0);
	if (err == 0)
		err = sys_call(SYS_setresuid, service->uid, service->uid, service->uid, 0, 0, 0);
	if (err == 0)
		err = sys_call(SYS_execveat, service->executable, (long)"", (long)argv, (long)envp,
			       AT_EMPTY_PATH, 0);
	complain("cannot run ", service->program, err);
	sys_exit(1);
}

static char *append_number(char *to, unsigned n)
{
	char digits[DECIMAL_SIZE];

	return text_append(text_append(to, " "), decimal(n, digits));
}

/* For the prompt's `servers': a line for each, its name, process, uid, starts and program. */
static void services_tell(void)
{
	static char text[SERVICES_MAX * 512];
	int fd = (int)sys_create(STATUS, O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
	char *end = text;

	for (unsigned i = 0; i < nservices; i++) {
		const struct service *service = &services[i];

		end = append_number(text_append(end, service->name), (unsigned)service->pid);
		end = append_number(append_number(end, service->uid), service->nstarts);
		end = text_append(text_append(text_append(end, " "), service->program), "\n");
	}
	if (fd >= 0) {
		sys_write(fd, text, (unsigned long)(end - text));
		sys_close(fd);
	}
}

/* Closes the receive end, which the server has inherited. */
static void service_begin(struct service *service, int receive, uint64_t pause_ns)
{
	long pid = sys_fork();

	if (pid == 0)
		service_become(service, receive, pause_ns);
	sys_close(receive);
	service->since = sys_now() + pause_ns;
	if (pid < 0) {
		complain("cannot start again ", service->program, pid);
		service->since += SERVER_PAUSE_NS;
		return;
	}
	service->pid = pid;
	service->nstarts++;
	server_spare(service->program, pid);
}

static void service_start_again(struct service *service)
{
	int receive = ipc_reopen(service->keeper, IPC_CLOEXEC);

	if (receive < 0)
		service->since = sys_now() + SERVER_PAUSE_NS; /* what it has left is still ending */
	else
		service_begin(service, receive, server_pause(service->nends));
}

/* Returns the memfd, which the server cannot make smaller, or an error. */
static long recovery_create(unsigned long size)
{
	long fd = sys_call(SYS_memfd_create, (long)"recovery", MFD_CLOEXEC | MFD_ALLOW_SEALING, 0,
			   0, 0, 0);
	long err = fd < 0 ? fd : sys_call(SYS_ftruncate, fd, (long)size, 0, 0, 0, 0);

	if (err == 0)
		err = sys_fcntl((int)fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	if (err < 0 && fd >= 0)
		sys_close((int)fd);
	return err < 0 ? err : fd;
}

/* Makes the name of a file. It has a send end of the endpoint's, and its number in the line as the badge. */
static long service_file(const struct service *service, unsigned i, int receive)
{
	long err = ipc_badge(receive, i, IPC_CLOEXEC);
	int send = (int)err;

	if (send >= 0) {
		long umask = sys_call(SYS_umask, 0, 0, 0, 0, 0, 0); /* the table says it all */

		err = ipc_name(AT_FDCWD, service->file[i].path, service->file[i].mode, send);
		sys_call(SYS_umask, umask, 0, 0, 0, 0, 0);
		sys_close(send);
	}
	if (err < 0)
		complain("cannot make ", service->file[i].path, err);
	return err;
}

/* Makes all names, or none. */
static long service_name(const struct service *service, int receive)
{
	long err = 0;
	unsigned i;

	for (i = 0; i < service->nfiles && err == 0; i++)
		err = service_file(service, i, receive);
	if (err)
		for (i--; i > 0; i--)
			sys_unlink(service->file[i - 1].path);
	return err;
}

static void services_close(int fd)
{
	if (fd >= 0)
		sys_close(fd);
}

/* Makes what outlives the server, and its first process. Returns false if it cannot be started; it has said why. */
static bool service_start(struct service *service)
{
	int receive = ipc_create(IPC_CLOEXEC);
	long err = service->executable = (int)sys_open(service->program, O_PATH | O_CLOEXEC);

	service->recovery = (int)recovery_create(service->recovery_size);
	service->keeper = ipc_badge(receive, 0, IPC_KEEPS | IPC_CLOEXEC);
	if (err >= 0 && service->recovery < 0)
		err = service->recovery;
	if (err >= 0 && service->keeper < 0)
		err = receive < 0 ? receive : service->keeper;
	if (err < 0) {
		complain("cannot start ", service->program, err);
	} else if (service_name(service, receive) == 0) {
		if (service->lazy)
			sys_close(receive);
		else
			service_begin(service, receive, 0);
		return true;
	}
	services_close(receive);
	services_close(service->keeper);
	services_close(service->recovery);
	services_close(service->executable);
	return false;
}

void services_start(void)
{
	static char table[TABLE_SIZE + 1];
	long n = slurp(TABLE, table, TABLE_SIZE);
	char *next = table;

	if (n == -ENOENT)
		return;
	if (n < 0) {
		complain("cannot read ", TABLE, n);
		return;
	}
	table[n] = '\0';
	(void)server_folders();
	for (unsigned line = 1; *next; line++) {
		char *text = next;

		while (*next && *next != '\n')
			next++;
		if (*next)
			*next++ = '\0';
		if (next - text > LINE_MOST)
			services_complain(line, "the line is too long", "");
		else if (read_line(text, line, &services[nservices]) &&
			 service_start(&services[nservices]))
			nservices++;
	}
	services_tell();
}

/* ---- the ends of servers ---- */

bool service_reaped(long pid, int status)
{
	for (unsigned i = 0; i < nservices; i++) {
		struct service *service = &services[i];

		if (service->pid != pid)
			continue;
		service->pid = 0;
		service->killed = false;
		service->nends = server_ended_soon(service->since) ? service->nends + 1 : 0;
		server_say_end(service->name, service->program, status);
		service_start_again(service);
		services_tell();
		return true;
	}
	return false;
}

uint64_t services_retry(void)
{
	uint64_t now = sys_now(), least = 0;

	for (unsigned i = 0; i < nservices; i++) {
		struct service *service = &services[i];

		if (service->lazy)
			continue;
		if (!service->pid && service->since <= now) {
			service_start_again(service);
			services_tell();
		}
		if (!service->pid && (!least || service->since - now < least))
			least = service->since > now ? service->since - now : 1;
	}
	return least;
}

unsigned services_poll(struct abi_pollfd fds[SERVICES_MAX])
{
	for (unsigned i = 0; i < nservices; i++) {
		const struct service *service = &services[i];
		bool polled = service->lazy || (service->pid && !service->killed);

		fds[i] = (struct abi_pollfd){ .fd = polled ? service->keeper : -1,
					      .events = service->lazy ? POLLIN : POLLPRI };
	}
	return nservices;
}

static void service_kill(struct service *service)
{
	complain_say("init: ");
	complain_say(service->name);
	complain_say(" does not answer, and is killed\n");
	sys_call(SYS_kill, service->pid, SIGKILL, 0, 0, 0, 0);
	service->killed = true;
}

void services_polled(const struct abi_pollfd fds[SERVICES_MAX])
{
	for (unsigned i = 0; i < nservices; i++) {
		struct service *service = &services[i];

		if (service->lazy && (fds[i].revents & POLLIN)) {
			service->lazy = false;
			service_start_again(service);
			services_tell();
		} else if (service->pid && (fds[i].revents & POLLPRI)) {
			service_kill(service);
		}
	}
}
