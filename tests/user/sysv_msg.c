/* SPDX-License-Identifier: MIT */
/* System V message queues: types, sizes, waiting both ways, and who may. */
#include "sysv.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif

#define KEY	0x46431000
#define SOMEONE 1000

static int id; /* the queue at hand */

static struct message {
	long type;
	char text[10000];
} message;

/* Sends a text; the size is that of the text unless one is given. */
static int put(long type, const char *text, size_t size, int flags)
{
	message.type = type;
	memset(message.text, 0, sizeof(message.text));
	strcpy(message.text, text);
	return msgsnd(id, &message, size ? size : strlen(text), flags);
}

#define SEND(...) result("msgsnd", put(__VA_ARGS__))

/* Receives, and says what came. */
static void get(const char *what, size_t size, long type, int flags)
{
	ssize_t n;

	memset(&message, 0, sizeof(message));
	n = msgrcv(id, &message, size, type, flags);
	if (n < 0)
		say("msgrcv, %s: %s\n", what, strerrorname_np(errno));
	else
		say("msgrcv, %s: %zd bytes, type %ld, %.20s\n", what, n, message.type,
		    message.text);
}

static void tell(const char *what)
{
	struct msqid_ds ds;

	if (msgctl(id, IPC_STAT, &ds) != 0) {
		say("%s: %s\n", what, strerrorname_np(errno));
		return;
	}
	say("%s: key %x mode %o, %lu messages, %lu bytes of %lu, owner %u %u, creator %u %u\n",
	    what, ds.msg_perm.__key, ds.msg_perm.mode, ds.msg_qnum, ds.__msg_cbytes, ds.msg_qbytes,
	    ds.msg_perm.uid, ds.msg_perm.gid, ds.msg_perm.cuid, ds.msg_perm.cgid);
	say("  sent by %s, received by %s; times %d %d %d\n",
	    ds.msg_lspid == getpid() ? "us"
	    : ds.msg_lspid	     ? "others"
				     : "nobody",
	    ds.msg_lrpid == getpid() ? "us"
	    : ds.msg_lrpid	     ? "others"
				     : "nobody",
	    ds.msg_stime != 0, ds.msg_rtime != 0, ds.msg_ctime != 0);
}

static void make(void)
{
	id = msgget(IPC_PRIVATE, 0600);
	if (id < 0)
		say("no queue: %s\n", strerrorname_np(errno));
}

static void drop(void)
{
	TRY(msgctl(id, IPC_RMID, NULL));
}

/* A key finds its queue until that is removed; IPC_EXCL refuses one that is there (EEXIST). */
static void keys(void)
{
	TRY(msgget(KEY, 0600));
	id = msgget(KEY, IPC_CREAT | IPC_EXCL | 0640);
	say("made: %d\n", id >= 0);
	tell("fresh");
	TRY(msgget(KEY, IPC_CREAT | IPC_EXCL | 0640));
	TRY(msgget(KEY, IPC_CREAT) == id);
	TRY(msgget(KEY, 0) == id);
	drop();
	drop();
	TRY(msgget(KEY, 0));
}

/* Type 0 takes the first message, a positive one the first of that type, a negative one the lowest up to that. */
static void messages(void)
{
	make();
	SEND(0, "x", 0, 0);
	SEND(-1, "x", 0, 0);
	SEND(1, "x", 8193, 0);
	SEND(1, "x", -1ul, 0);
	TRY(msgsnd(id, (void *)8, 1, 0));
	TRY(msgsnd(id, (void *)8, 9000, 0));
	SEND(3, "three", 0, 0);
	SEND(1, "one", 0, 0);
	SEND(2, "two", 0, 0);
	SEND(1, "another one", 0, 0);
	SEND(5, "", 0, 0);
	tell("five");
	get("too small", 2, 0, 0);
	get("any", 100, 0, 0);
	get("type 2", 100, 2, 0);
	get("type 2 again", 100, 2, IPC_NOWAIT);
	get("lowest up to 4", 100, -4, 0);
	SEND(LONG_MAX, "last", 0, 0);
	SEND(2, "two", 0, 0);
	SEND(4, "four", 0, 0);
	get("lowest up to 3", 100, -3, 0);
	get("lowest up to 3", 100, -3, 0);
	get("lowest up to 3", 100, -3, IPC_NOWAIT);
	get("not 5", 100, 5, MSG_EXCEPT);
	get("lowest of all", 100, LONG_MIN, 0);
	get("any but none of that type", 100, 7, IPC_NOWAIT | MSG_EXCEPT);
	get("nothing", 100, 0, IPC_NOWAIT);
	get("negative size", -1ul, 0, IPC_NOWAIT);
	SEND(1, "a long text that is cut", 0, 0);
	SEND(2, "b", 0, 0);
	/* A message that is too long stays (E2BIG), unless MSG_NOERROR lets it be cut. */
	get("too long", 6, 1, 0);
	get("cut", 6, 1, MSG_NOERROR);
	get("nothing of it", 0, 2, 0);
	get("nothing of it", 0, 2, MSG_NOERROR);
	tell("empty");
	SEND(1, "lost", 0, 0);
	TRY(msgrcv(id, (void *)8, 100, 0, 0));
	tell("lost");
	get("lost", 100, 0, IPC_NOWAIT);
	drop();
	SEND(1, "x", 0, 0);
	get("removed", 1, 0, 0);
}

/* A look at a message by its number, which stays. */
static void copies(void)
{
	make();
	SEND(3, "first", 0, 0);
	SEND(1, "second", 0, 0);
	get("copy of 0", 100, 0, MSG_COPY | IPC_NOWAIT);
	get("copy of 1", 100, 1, MSG_COPY | IPC_NOWAIT);
	get("copy of 2", 100, 2, MSG_COPY | IPC_NOWAIT);
	get("copy of -1", 100, -1, MSG_COPY | IPC_NOWAIT);
	get("copy that waits", 100, 0, MSG_COPY);
	get("copy of all but", 100, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT);
	get("copy of just its size", 5, 0, MSG_COPY | IPC_NOWAIT);
	get("copy of one less", 4, 0, MSG_COPY | IPC_NOWAIT);
	get("copy that is cut", 2, 0, MSG_COPY | IPC_NOWAIT);
	get("copy that may be cut", 2, 0, MSG_COPY | IPC_NOWAIT | MSG_NOERROR);
	tell("all stay");
	drop();
}

/* ---- waiting ---- */

static pid_t sender(long type, size_t size)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(put(type, "from a child", size, 0) ? errno : 0);
	until_it_sleeps(pid);
	return pid;
}

static pid_t receiver(long type, size_t size, int flags)
{
	pid_t pid = fork();

	if (pid == 0) {
		ssize_t n = msgrcv(id, &message, size, type, flags);

		_exit(n < 0 ? errno : 200 + (int)message.type);
	}
	until_it_sleeps(pid);
	return pid;
}

/* Status 200 and more: a message of that type. */
static void collect(const char *what, pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	if (!WIFEXITED(status))
		ended(what, status);
	else if (WEXITSTATUS(status) >= 200)
		say("%s: type %d\n", what, WEXITSTATUS(status) - 200);
	else
		say("%s: %s\n", what,
		    WEXITSTATUS(status) ? strerrorname_np(WEXITSTATUS(status)) : "done");
}

static bool runs(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

/* A message goes to the receiver that it suits and that has waited longest; the others sleep on. */
static void waits(void)
{
	pid_t a, b, c;

	make();
	a = receiver(0, 100, 0);
	SEND(7, "x", 0, 0);
	collect("any", a);
	a = receiver(2, 100, 0);
	b = receiver(1, 100, 0);
	SEND(1, "x", 0, 0);
	collect("the one of that type", b);
	say("other: %d\n", runs(a));
	b = receiver(2, 100, 0);
	SEND(2, "x", 0, 0);
	collect("the first", a);
	say("other: %d\n", runs(b));
	SEND(2, "x", 0, 0);
	collect("the second", b);
	a = receiver(-3, 100, 0);
	b = receiver(3, 100, MSG_EXCEPT);
	SEND(3, "x", 0, 0);
	collect("up to 3", a);
	SEND(9, "x", 0, 0);
	collect("not 3", b);
	a = receiver(0, 2, 0);
	b = receiver(0, 100, 0);
	SEND(1, "too long", 0, 0);
	collect("msgrcv, too small", a);
	collect("the next gets it", b);
	a = receiver(0, 2, MSG_NOERROR);
	SEND(1, "too long", 0, 0);
	collect("cut", a);
	tell("empty");

	/* A full queue. */
	SEND(1, "x", 8192, 0);
	SEND(2, "x", 8000, 0);
	SEND(3, "x", 193, IPC_NOWAIT);
	SEND(3, "x", 192, IPC_NOWAIT);
	tell("full");
	a = sender(4, 500);
	b = sender(5, 100);
	/* A sender whose message fits passes one that waits for more room. */
	get("some room", 10000, 3, 0);
	collect("who fits", b);
	say("other: %d\n", runs(a));
	get("much room", 10000, 1, 0);
	collect("who did not", a);
	tell("then");
	c = sender(6, 8192);
	get("not enough", 10000, 5, 0);
	say("waits: %d\n", runs(c));
	get("enough", 10000, 2, 0);
	collect("at last", c);
	get("in order", 10000, 0, 0);
	get("in order", 10000, 0, 0);
	tell("empty");

	/* Empty messages count, too. */
	{
		struct msqid_ds ds;

		TRY(msgctl(id, IPC_STAT, &ds));
		ds.msg_qbytes = 3;
		TRY(msgctl(id, IPC_SET, &ds));
		SEND(1, "", 0, IPC_NOWAIT);
		SEND(1, "ab", 0, IPC_NOWAIT);
		SEND(1, "ab", 0, IPC_NOWAIT);
		SEND(1, "", 0, IPC_NOWAIT);
		SEND(1, "", 0, IPC_NOWAIT);
		tell("three");
		a = sender(2, 1);
		ds.msg_qbytes = 4;
		TRY(msgctl(id, IPC_SET, &ds));
		collect("room by a larger queue", a);
		a = sender(2, 1);
	}
	b = fork();
	if (b == 0)
		_exit(msgrcv(id, &message, 100, 9, 0) < 0 ? errno : 0);
	until_it_sleeps(b);
	drop();
	collect("msgsnd, removed", a);
	collect("msgrcv, removed", b);
}

static void handler(int sig)
{
	(void)sig;
}

/* A handler ends the wait with EINTR in spite of SA_RESTART, but a stop does not. */
static int interrupted(void *arg)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	(void)arg;
	sigaction(SIGUSR1, &action, NULL);
	get("with a handler", 100, 1, 0);
	get("stopped", 100, 2, 0);
	SEND(1, "x", 0, 0);
	return 0;
}

static void endings(void)
{
	int status, sent;
	pid_t pid;

	make();
	SEND(9, "x", 8192, 0);
	SEND(9, "x", 8192, 0);
	pid = fork();
	if (pid == 0)
		_exit(interrupted(NULL));
	until_it_sleeps(pid);
	wake_by_signal(pid, SIGUSR1);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	kill(pid, SIGCONT);
	until_it_sleeps(pid);
	get("room", 10000, 9, 0);
	sent = put(2, "it goes on", 0, 0); /* told when the child tells nothing more */
	waitpid(pid, &status, 0);
	result("msgsnd", sent);
	ended("the child", status);
	get("what it sent", 10000, 1, 0);
	SEND(9, "x", 8192, 0);
	pid = sender(1, 100);
	kill(pid, SIGKILL);
	collect("killed", pid);
	pid = fork();
	if (pid == 0) {
		sigaction(SIGUSR1,
			  &(struct sigaction){ .sa_handler = handler, .sa_flags = SA_RESTART },
			  NULL);
		SEND(1, "x", 100, 0);
		_exit(0);
	}
	until_it_sleeps(pid);
	kill(pid, SIGUSR1);
	collect("a sender with a handler", pid);
	drop();
}

/* ---- who may, files and limits ---- */

/* To send needs the right to write, to receive that to read; IPC_SET and IPC_RMID are the owner's and creator's. */
static int as_another(void *arg)
{
	struct msqid_ds ds;

	(void)arg;
	TRY(setresgid(SOMEONE, SOMEONE, SOMEONE));
	TRY(setresuid(SOMEONE, SOMEONE, SOMEONE));
	TRY(msgget(KEY, 0600));
	TRY(msgget(KEY, 0004) == id);
	SEND(1, "x", 0, 0);
	get("of another", 100, 1, IPC_NOWAIT);
	get("a copy", 100, 0, IPC_NOWAIT | MSG_COPY);
	TRY(msgctl(id, IPC_STAT, &ds));
	TRY(msgctl(id, IPC_SET, &ds));
	TRY(msgctl(id, IPC_RMID, NULL));
	return 0;
}

/* The mode holds for the owner, too (EACCES), who may change and remove the queue whatever it says. */
static int as_owner(void *arg)
{
	struct msqid_ds ds = { .msg_perm = { .uid = SOMEONE }, .msg_qbytes = 100 };

	(void)arg;
	TRY(setresuid(SOMEONE, SOMEONE, SOMEONE));
	SEND(1, "x", 0, 0);
	get("without a permission", 100, 0, IPC_NOWAIT);
	get("a copy without a permission", 100, 0, IPC_NOWAIT | MSG_COPY);
	TRY(msgctl(id, IPC_STAT, &ds));
	/* To make a queue larger than msgmnb needs CAP_SYS_RESOURCE. */
	ds.msg_qbytes = 16385;
	TRY(msgctl(id, IPC_SET, &ds));
	ds.msg_qbytes = 100;
	TRY(msgctl(id, IPC_SET, &ds));
	TRY(msgctl(id, IPC_RMID, NULL));
	return 0;
}

/* A receiver loses the permission while it waits. */
static int waits_without(void *arg)
{
	int err;

	(void)arg;
	if (setresgid(SOMEONE, SOMEONE, SOMEONE) != 0 || setresuid(SOMEONE, SOMEONE, SOMEONE) != 0)
		return 99;
	err = msgrcv(id, &message, 100, 1, 0) < 0 ? errno : 0;
	until_parent_sleeps(); /* it has told what it did */
	say("msgrcv, the permission is taken: %s\n", strerrorname_np(err));
	return 0;
}

/* A sender loses it while there is no room; then there is. */
static int sends_without(void *arg)
{
	int err;

	(void)arg;
	if (setresgid(SOMEONE, SOMEONE, SOMEONE) != 0 || setresuid(SOMEONE, SOMEONE, SOMEONE) != 0)
		return 99;
	message.type = 1;
	err = msgsnd(id, &message, 10, 0) < 0 ? errno : 0;
	until_parent_sleeps();
	say("msgsnd, the permission is taken: %s\n", strerrorname_np(err));
	return 0;
}

/* A sender that waits is asked for its rights again when there is room: EACCES. */
static void permission_to_send(void)
{
	struct msqid_ds ds;
	pid_t pid;

	id = msgget(KEY, IPC_CREAT | 0606);
	TRY(msgctl(id, IPC_STAT, &ds));
	ds.msg_qbytes = 5;
	TRY(msgctl(id, IPC_SET, &ds));
	pid = fork();
	if (pid == 0)
		_exit(sends_without(NULL));
	until_it_sleeps(pid);
	ds.msg_perm.mode = 0604;
	ds.msg_qbytes = 1000;
	TRY(msgctl(id, IPC_SET, &ds));
	waitpid(pid, NULL, 0);
	tell("nothing was sent");
	TRY(msgctl(id, IPC_RMID, NULL));
}

static void permissions(void)
{
	struct msqid_ds ds;
	pid_t pid;

	id = msgget(KEY, IPC_CREAT | 0604);
	in_child("another user", as_another, NULL);
	pid = fork();
	if (pid == 0)
		_exit(waits_without(NULL));
	until_it_sleeps(pid);
	TRY(msgctl(id, IPC_STAT, &ds));
	ds.msg_perm.uid = SOMEONE;
	ds.msg_perm.mode = 07200;
	ds.msg_qbytes = 20000;
	TRY(msgctl(id, IPC_SET, &ds));
	waitpid(pid, NULL, 0);
	tell("given away");
	ds.msg_perm.gid = -1;
	TRY(msgctl(id, IPC_SET, &ds));
	in_child("the owner", as_owner, NULL);
	tell("gone");
}

/* IPC_INFO and MSG_INFO return the highest index in use, MSG_STAT takes an index and returns the identifier. */
static void control(void)
{
	struct msginfo info;
	struct msqid_ds ds;
	int index;

	make();
	SEND(1, "abc", 0, 0);
	TRY(msgctl(id, 99, &ds));
	TRY(msgctl(-1, IPC_STAT, &ds));
	index = msgctl(0, IPC_INFO, (struct msqid_ds *)&info);
	say("pool %d map %d max %d mnb %d mni %d ssz %d tql %d seg %u\n", info.msgpool, info.msgmap,
	    info.msgmax, info.msgmnb, info.msgmni, info.msgssz, info.msgtql, info.msgseg);
	TRY(msgctl(0, MSG_INFO, (struct msqid_ds *)&info) == index);
	say("%d queues, %d messages, %d bytes\n", info.msgpool, info.msgmap, info.msgtql);
	TRY(msgctl(index, MSG_STAT, &ds) == id);
	TRY(msgctl(index, MSG_STAT_ANY, &ds) == id);
	TRY(msgctl(index + 1, MSG_STAT, &ds));
	TRY(msgctl(id, IPC_STAT, (void *)8));
	TRY(msgctl(id, IPC_SET, (void *)8));
	TRY(msgctl(id, IPC_INFO, (void *)8));
	drop();
}

static void lists(void)
{
	int ids[3];

	for (int i = 0; i < 3; i++)
		ids[i] = msgget(IPC_PRIVATE, 0600);
	tell_lines_of("/proc/sysvipc/msg", ids);
	for (int i = 0; i < 3; i++)
		msgctl(ids[i], IPC_RMID, NULL);
}

static void files(void)
{
	FILE *file = fopen("/proc/sysvipc/msg", "r");
	char line[512];

	id = msgget(KEY, IPC_CREAT | 0640);
	put(1, "abc", 0, 0);
	while (fgets(line, sizeof(line), file)) {
		int key = 0, found = 0, mode, bytes, num, uid, gid, cuid, cgid;
		int n = sscanf(line, "%d %d %o %d %d %*d %*d %d %d %d %d", &key, &found, &mode,
			       &bytes, &num, &uid, &gid, &cuid, &cgid);

		if (n == 0)
			say("%s", line);
		else if (found == id)
			say("%x %o %d %d %d %d %d %d, %zu bytes\n", key, mode, bytes, num, uid, gid,
			    cuid, cgid, strlen(line));
	}
	fclose(file);
	limit("msgmax", "3");
	SEND(1, "abcd", 0, 0);
	SEND(1, "abc", 0, 0);
	limit("msgmax", "8192");
	limit("msgmni", "1");
	TRY(msgget(IPC_PRIVATE, 0600));
	limit("msgmni", "32000");
	drop();
	/* msgmnb is for queues that are made later. */
	limit("msgmnb", "5");
	make();
	SEND(1, "abcdef", 0, IPC_NOWAIT);
	SEND(1, "abcde", 0, IPC_NOWAIT);
	limit("msgmnb", "16384");
	drop();
}

/* Many that send and receive at a time: nothing is lost, and nothing comes twice. */
static void storm(void)
{
	enum { SENDERS = 4, EACH = 300 };
	int sum = 0, n = 0, status;

	make();
	for (int i = 0; i < SENDERS; i++) {
		if (fork() != 0)
			continue;
		for (int k = 1; k <= EACH; k++) {
			message.type = i + 1;
			memcpy(message.text, &k, sizeof(k));
			if (msgsnd(id, &message, sizeof(k) + (size_t)k % 900, 0) != 0)
				_exit(errno);
		}
		_exit(0);
	}
	while (n < SENDERS * EACH) {
		int k;

		if (msgrcv(id, &message, sizeof(message.text), n % 3 ? 0 : -SENDERS, 0) < 0)
			break;
		memcpy(&k, message.text, sizeof(k));
		sum += k;
		n++;
	}
	say("%d messages, sum %d\n", n, sum);
	for (int i = 0; i < SENDERS; i++) {
		wait(&status);
		ended("sender", status);
	}
	tell("empty");
	drop();
}

int main(void)
{
	alarm(100); /* a wait that nobody ends */
	keys();
	messages();
	copies();
	waits();
	endings();
	permissions();
	permission_to_send();
	control();
	lists();
	files();
	storm();
	return 0;
}
