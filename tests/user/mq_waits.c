/* SPDX-License-Identifier: MIT */
/* POSIX message queues: who waits, in which order it is served, and what else ends a wait. */
#include "thread.h"

#include "mq.h"

#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>

static struct timespec after(long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += ms % 1000 * MS;
	t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* A child that receives, once it waits. Its status: the message's first byte, or the errno. */
static pid_t receiver(int fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		char text[100];
		ssize_t n = mq_receive(fd, text, sizeof(text), NULL);

		_exit(n < 0 ? errno : text[0]);
	}
	until_it_sleeps(pid);
	return pid;
}

/* A child that sends one byte, once it waits. Its status: 'S', or the errno. */
static pid_t sender(int fd, char byte, unsigned prio)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(mq_send(fd, &byte, 1, prio) ? errno : 'S');
	until_it_sleeps(pid);
	return pid;
}

static void collect(const char *what, pid_t pid)
{
	int how;

	waitpid(pid, &how, 0);
	if (!WIFEXITED(how))
		ended(what, how);
	else if (WEXITSTATUS(how) >= ' ' && WEXITSTATUS(how) != EMSGSIZE &&
		 WEXITSTATUS(how) != ETIMEDOUT)
		say("%s: %c\n", what, WEXITSTATUS(how));
	else
		say("%s: %s\n", what, strerrorname_np(WEXITSTATUS(how)));
}

static bool runs(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

static long messages_in(int fd)
{
	struct mq_attr attr = { 0 };

	mq_getattr(fd, &attr);
	return attr.mq_curmsgs;
}

/* ---- in which order ---- */

/* A message goes to the receiver that has waited longest. */
static void receivers(void)
{
	int fd = queue_new(3, 100), other;
	pid_t a, b;

	a = receiver(fd);
	TRY(put(fd, "A", 0));
	collect("it waited", a);
	say("left: %ld\n", messages_in(fd));
	a = receiver(fd);
	b = receiver(fd);
	TRY(put(fd, "1", 0));
	collect("the first", a);
	say("other: %d\n", runs(b));
	/* Who does not wait finds nothing, although it is there first. */
	other = queue_open("mq.a", O_RDWR | O_CREAT | O_NONBLOCK, 0600, 2, 100);
	get("nothing", other);
	TRY(close(other));
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	TRY(put(fd, "2", 9));
	collect("the second", b);
	say("left: %ld\n", messages_in(fd));
	TRY(close(fd));
}

/* A place goes to the sender that has waited longest, whatever the priorities of the messages. */
static void senders(void)
{
	int fd = queue_new(2, 100);
	pid_t a, b, c;

	TRY(put(fd, "1", 1));
	TRY(put(fd, "2", 2));
	a = sender(fd, 'a', 5);
	b = sender(fd, 'b', 6);
	c = sender(fd, 'c', 0);
	say("full: %ld\n", messages_in(fd));
	/* The oldest is let in, whatever the priorities of messages. */
	get("of 2", fd);
	collect("sender", a);
	say("others: %d %d\n", runs(b), runs(c));
	get("of 5", fd);
	collect("sender", b);
	get("of 6", fd);
	collect("sender", c);
	get("of 1", fd);
	get("of 0", fd);
	say("left: %ld\n", messages_in(fd));
	TRY(close(fd));
}

static void become(int nice, int rt)
{
	struct sched_param param = { .sched_priority = rt };

	MUST(setpriority(PRIO_PROCESS, 0, nice));
	MUST(sched_setscheduler(0, rt ? SCHED_FIFO : SCHED_OTHER, &param));
}

/* By the priority of threads, and then by age. */
static void by_urgency(void)
{
	static const struct {
		int nice, rt;
	} kinds[] = { { 5, 0 }, { 0, 3 }, { -4, 0 }, { 0, 0 },
		      { 0, 9 }, { 5, 0 }, { 0, 3 },  { 0, 0 } };
	pid_t pids[8];
	char byte[2] = "1";
	int fd = queue_new(1, 100);

	for (int i = 0; i < 8; i++) {
		become(kinds[i].nice, kinds[i].rt); /* the child inherits it */
		pids[i] = receiver(fd);
	}
	become(0, 0);
	for (int i = 0; i < 8; i++, byte[0]++)
		if (put(fd, byte, 0) != 0)
			say("not sent: %s\n", strerrorname_np(errno));
	for (int i = 0; i < 8; i++)
		collect("receiver", pids[i]);
	TRY(put(fd, "x", 0));
	for (int i = 0; i < 8; i++) {
		become(kinds[i].nice, kinds[i].rt);
		pids[i] = sender(fd, (char)('1' + i), 0);
	}
	become(0, 0);
	for (int i = 0; i < 9; i++)
		get("by urgency", fd);
	for (int i = 0; i < 8; i++)
		collect("sender", pids[i]);
	TRY(close(fd));
}

/* ---- times ---- */

/* A time that is past matters only to a call that must wait; a bad one is EINVAL always. */
static void times(void)
{
	struct timespec past = { 1, 0 }, t, bad[] = { { 5, -1 }, { 5, 1000000000 }, { -1, 0 } };
	int fd = queue_new(1, 100);
	char text[100];

	TRY(mq_timedreceive(fd, text, 100, NULL, &past));
	for (size_t i = 0; i < 3; i++)
		TRY(mq_timedreceive(fd, text, 100, NULL, &bad[i]));
	TRY(syscall(SYS_mq_timedreceive, fd, text, 100, NULL, 8));
	TRY(mq_timedreceive(-1, text, 100, NULL, &bad[0]));
	TRY(mq_timedreceive(-1, text, 100, NULL, &past));
	t = after(30);
	TRY(mq_timedreceive(fd, text, 100, NULL, &t));
	say("early: %d\n", !has_come(CLOCK_REALTIME, t));
	TRY(mq_timedsend(fd, "x", 1, 0, &past)); /* it need not wait */
	TRY(mq_timedsend(fd, "x", 1, 0, &past));
	for (size_t i = 0; i < 3; i++)
		TRY(mq_timedsend(fd, "x", 1, 0, &bad[i]));
	TRY(syscall(SYS_mq_timedsend, fd, "x", 1, 0, 8));
	TRY(mq_timedsend(fd, "x", 1, 40000, &past));
	TRY(mq_timedsend(fd, "x", 1, 40000, &bad[0]));
	t = after(30);
	TRY(mq_timedsend(fd, "x", 1, 0, &t));
	say("early: %d\n", !has_come(CLOCK_REALTIME, t));
	say("left: %ld\n", messages_in(fd));
	TRY(mq_timedreceive(fd, text, 100, NULL, &bad[1]));
	TRY(mq_timedreceive(fd, text, 100, NULL, &past));
	/* Before its time is over. */
	t = after(NEVER_SECONDS * 1000l);
	if (fork() == 0) {
		until_parent_sleeps();
		_exit(put(fd, "in time", 0));
	}
	TRY(mq_timedreceive(fd, text, 100, NULL, &t));
	wait(NULL);
	t.tv_sec = INT64_MAX;
	TRY(put(fd, "x", 0));
	TRY(mq_timedreceive(fd, text, 100, NULL, &t));
	TRY(close(fd));
}

/* ---- signals ---- */

static volatile sig_atomic_t handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static void handle(int flags)
{
	MUST(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = handler, .sa_flags = flags },
		       NULL));
}

/* A child whose handler has such flags waits, gets a signal, and then, if it waits again, a message or room. */
static void interrupted(const char *what, int flags, bool sends)
{
	int fd = queue_new(1, 100), status;
	struct timespec t = after(NEVER_SECONDS * 1000l);
	char text[100];
	pid_t pid;

	if (sends)
		put(fd, "full", 0);
	pid = fork();
	if (pid == 0) {
		ssize_t n;

		handle(flags);
		n = sends ? mq_timedsend(fd, "from the child", 14, 1, &t)
			  : mq_timedreceive(fd, text, 100, NULL, &t);
		say("%s, %s: %s\n", sends ? "mq_timedsend" : "mq_timedreceive", what,
		    n < 0 ? strerrorname_np(errno) : "done");
		say("handled %d\n", handled);
		_exit(0);
	}
	until_it_sleeps(pid);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	until_it_sleeps(pid);
	if (!(flags & SA_RESTART)) {
		kill(pid, SIGUSR1);
	} else {
		wake_by_signal(pid, SIGUSR1);
		if (sends)
			MUST(mq_receive(fd, text, 100, NULL) != 4);
		else
			MUST(put(fd, "at last", 0));
	}
	waitpid(pid, &status, 0);
	ended(what, status);
	say("left: %ld\n", messages_in(fd));
	TRY(close(fd));
}

/* SA_RESTART makes the wait go on, else it is EINTR; who is killed leaves the place to the next. */
static void signals(void)
{
	int fd = queue_new(1, 100);
	pid_t a, b;

	interrupted("receives, SA_RESTART", SA_RESTART, false);
	interrupted("receives", 0, false);
	interrupted("sends, SA_RESTART", SA_RESTART, true);
	interrupted("sends", 0, true);
	/* Who is killed leaves its place to the next. */
	a = receiver(fd);
	b = receiver(fd);
	kill(a, SIGKILL);
	collect("killed", a);
	TRY(put(fd, "for the other", 0));
	collect("the other", b);
	TRY(put(fd, "full", 0));
	a = sender(fd, 'a', 0);
	b = sender(fd, 'b', 0);
	kill(a, SIGKILL);
	collect("killed", a);
	get("full", fd);
	collect("the other", b);
	get("of the other", fd);
	TRY(close(fd));
}

/* ---- names and descriptors ---- */

/* Who waits is found by the queue, which needs no name. */
static void unlinked(void)
{
	int fd = queue_open("mq.a", O_RDWR | O_CREAT, 0600, 1, 100);
	pid_t pid = receiver(fd);

	TRY(syscall(SYS_mq_unlink, "mq.a"));
	TRY(put(fd, "U", 0));
	collect("without a name", pid);
	TRY(close(fd));
}

static void *receives(void *arg)
{
	char text[100];

	return (void *)(mq_receive((int)(long)arg, text, 100, NULL) < 0 ? (long)errno : text[0]);
}

/* A descriptor that another thread closes: the call goes on. */
static void closed(void)
{
	int fd = queue_open("mq.a", O_RDWR | O_CREAT, 0600, 1, 100), other;
	pthread_t thread = start(receives, (void *)(long)fd);

	until_others_wait(1);
	other = queue_open("mq.a", O_RDWR, 0, 0, 0);
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	TRY(close(fd));
	TRY(put(other, "C", 0));
	say("the thread: %c\n", (char)(long)join(thread));
	TRY(close(other));
}

/* ---- poll ---- */

static void look(const char *what, int fd)
{
	struct pollfd p = { .fd = fd, .events = ~0 };
	int n = poll(&p, 1, 0);

	say("%s: %d %#x\n", what, n, p.revents);
}

/* A queue polls POLLIN if it has a message and POLLOUT if it has room; who waits in a call is served before poll sees it. */
static void polled(void)
{
	int fd = queue_new(2, 100), set = epoll_create1(0), in;
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	pid_t pid;

	look("empty", fd);
	TRY(put(fd, "1", 0));
	look("one", fd);
	TRY(put(fd, "2", 0));
	look("full", fd);
	in = queue_open("mq.a", O_RDONLY | O_CREAT, 0600, 1, 1);
	look("for reading", in);
	TRY(close(in));
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
	event.events = 0;
	TRY(epoll_wait(set, &event, 1, 0));
	say("%#x\n", event.events);
	TRY(epoll_wait(set, &event, 1, 0));
	get("one", fd);
	TRY(epoll_wait(set, &event, 1, 0));
	say("%#x\n", event.events);
	TRY(put(fd, "3", 0));
	TRY(epoll_wait(set, &event, 1, 0));
	say("%#x\n", event.events);
	/* A sender that waits makes no edge when it is let in. */
	pid = sender(fd, 'a', 0);
	get("one", fd);
	collect("sender", pid);
	TRY(epoll_wait(set, &event, 1, 0));
	get("one", fd);
	get("one", fd);
	TRY(epoll_wait(set, &event, 1, 0));
	say("%#x\n", event.events);
	/* A receiver that waits gets the message before poll sees it. */
	pid = receiver(fd);
	TRY(put(fd, "R", 0));
	collect("receiver", pid);
	TRY(epoll_wait(set, &event, 1, 0));
	if (fork() == 0) {
		until_parent_sleeps();
		_exit(put(fd, "P", 0));
	}
	{
		struct pollfd p = { .fd = fd, .events = POLLIN };

		TRY(poll(&p, 1, NEVER_SECONDS * 1000));
		say("%#x\n", p.revents);
	}
	wait(NULL);
	TRY(close(set));
	TRY(close(fd));
}

/* ---- all at once ---- */

#define SENDERS	  3
#define RECEIVERS 3
#define EACH	  200

static int crowded;
static long received[RECEIVERS];
static volatile int over;

static void *sends_many(void *arg)
{
	long who = (long)arg;

	for (long i = 0; i < EACH; i++) {
		long word = who * EACH + i;
		int err;

		do {
			struct timespec t = after(i % 7 == 0 ? 1 : NEVER_SECONDS * 1000l);

			err = mq_timedsend(crowded, (char *)&word, sizeof(word), (unsigned)(i % 3),
					   &t);
		} while (err != 0 && (errno == EINTR || errno == ETIMEDOUT));
		if (err != 0)
			say("not sent: %s\n", strerrorname_np(errno));
	}
	return NULL;
}

static void *receives_many(void *arg)
{
	long who = (long)arg, word;

	for (long n = 0;; n++) {
		struct timespec t = after(n % 5 == 0 ? 1 : NEVER_SECONDS * 1000l);

		if (mq_timedreceive(crowded, (char *)&word, sizeof(word), NULL, &t) < 0) {
			if (errno != EINTR && errno != ETIMEDOUT)
				say("not received: %s\n", strerrorname_np(errno));
			continue;
		}
		if (word < 0)
			return NULL;
		received[who] += word + 1;
	}
}

static void *disturbs(void *arg)
{
	const pthread_t *threads = arg;

	while (!over) {
		for (int i = 0; i < SENDERS + RECEIVERS; i++)
			pthread_kill(threads[i], SIGUSR1);
		nap(1);
	}
	return NULL;
}

/* Every message arrives once, whatever signals and deadlines come at the same moment. */
static void crowd(void)
{
	pthread_t threads[SENDERS + RECEIVERS], other;
	long all = 0, stop = -1;

	crowded = queue_new(2, sizeof(long));
	handle(0);
	start_all(threads, SENDERS, sends_many);
	start_all(threads + SENDERS, RECEIVERS, receives_many);
	other = start(disturbs, threads);
	for (int i = 0; i < SENDERS; i++)
		join(threads[i]);
	over = 1;
	join(other);
	for (int i = 0; i < RECEIVERS; i++)
		MUST(mq_send(crowded, (char *)&stop, sizeof(stop), 0));
	for (int i = 0; i < RECEIVERS; i++)
		join(threads[SENDERS + i]);
	for (int i = 0; i < RECEIVERS; i++)
		all += received[i];
	say("all came: %d, left: %ld\n", all == (long)SENDERS * EACH * (SENDERS * EACH + 1) / 2,
	    messages_in(crowded));
	TRY(close(crowded));
}

int main(void)
{
	receivers();
	senders();
	by_urgency();
	times();
	signals();
	unlinked();
	closed();
	polled();
	crowd();
	return 0;
}
