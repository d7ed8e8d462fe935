/* SPDX-License-Identifier: MIT */
/* POSIX message queues: who asks to be told that a message has come, how it is told, and what ends that. */
#include "thread.h"

#include "mq.h"

#include <poll.h>
#include <sys/signalfd.h>

#define SOMEONE 1000

static int notify(int fd, int how, int sig)
{
	struct sigevent event = { .sigev_notify = how, .sigev_signo = sig };

	event.sigev_value.sival_ptr = (void *)0x123456789abcdef0;
	return (int)syscall(SYS_mq_notify, fd, &event);
}
#define NOTIFY(...) result("mq_notify", notify(__VA_ARGS__))

/* The blocked SIGUSR1 or SIGRTMIN that is pending, by whoever sent it. */
static void take(const char *what, pid_t sender)
{
	struct timespec now = { 0, 0 };
	siginfo_t info = { 0 };
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sig = sigtimedwait(&set, &info, &now);
	if (sig < 0) {
		say("%s: no signal\n", what);
		return;
	}
	say("%s: %s code %d errno %d, value %p, from %s of %u\n", what,
	    sig == SIGUSR1 ? "SIGUSR1" : "SIGRTMIN", info.si_code, info.si_errno,
	    info.si_value.sival_ptr,
	    info.si_pid == getpid() ? "us"
	    : info.si_pid == sender ? "the sender"
				    : "somebody",
	    info.si_uid);
}

/* A child of another user sends. */
static pid_t by_another(int fd, const char *text)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(setresuid(SOMEONE, SOMEONE, SOMEONE) ?: put(fd, text, 0));
	waitpid(pid, NULL, 0);
	return pid;
}

/* A message notifies once, if the queue was empty and nobody waited to receive it. */
static void told(void)
{
	int fd = queue_new(3, 100), other;
	pid_t pid;

	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	status("asked", fd);
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	NOTIFY(fd, SIGEV_NONE, 0);
	take("nothing yet", 0);
	pid = by_another(fd, "one");
	take("a message", pid);
	status("told once", fd);
	TRY(put(fd, "two", 0));
	take("not asked", 0);
	/* Only a message that comes to the empty queue. */
	NOTIFY(fd, SIGEV_SIGNAL, SIGRTMIN);
	TRY(put(fd, "three", 0));
	take("it was not empty", 0);
	get("one", fd);
	get("two", fd);
	TRY(put(fd, "four", 0));
	take("nor now", 0);
	get("three", fd);
	get("four", fd);
	status("still asked", fd);
	TRY(put(fd, "five", 0));
	take("now", 0);
	get("five", fd);
	/* Not a message that somebody waits for. */
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	pid = fork();
	if (pid == 0)
		_exit(mq_receive(fd, (char[100]){ 0 }, 100, NULL) == 3 ? 0 : errno);
	until_it_sleeps(pid);
	TRY(put(fd, "six", 0));
	waitpid(pid, NULL, 0);
	take("somebody waited", 0);
	status("still asked", fd);
	TRY(put(fd, "seven", 0));
	take("nobody waits", 0);
	get("seven", fd);
	/* Poll is no such wait. */
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	pid = fork();
	if (pid == 0)
		_exit(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1) == 1 ? 0 : 1);
	until_it_sleeps(pid);
	TRY(put(fd, "eight", 0));
	waitpid(pid, NULL, 0);
	take("somebody polls", 0);
	get("eight", fd);
	/* Nothing is sent. */
	NOTIFY(fd, SIGEV_NONE, 77);
	status("SIGEV_NONE", fd);
	TRY(put(fd, "nine", 0));
	take("SIGEV_NONE", 0);
	status("told", fd);
	get("nine", fd);
	NOTIFY(fd, SIGEV_SIGNAL, 0);
	status("signal 0", fd);
	TRY(put(fd, "ten", 0));
	take("signal 0", 0);
	get("ten", fd);
	/* In the place of a sender that waited. */
	other = queue_new(1, 100);
	TRY(put(other, "1", 0));
	pid = fork();
	if (pid == 0)
		_exit(put(other, "2", 0));
	until_it_sleeps(pid);
	NOTIFY(other, SIGEV_SIGNAL, SIGUSR1);
	get("the first", other);
	waitpid(pid, NULL, 0);
	take("the sender that waited", 0);
	status("still asked", other);
	get("the second", other);
	TRY(close(other));
	TRY(close(fd));
}

/* Only the process that has asked can end that; to others it is EBUSY if they ask, and no error if they end it. */
static void refused(void)
{
	int fd = queue_new(1, 100);
	struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_signo = STDOUT_FILENO };
	char cookie[32] = "";
	pid_t pid;

	NOTIFY(fd, 3, 0);
	NOTIFY(fd, SIGEV_THREAD_ID, SIGUSR1);
	NOTIFY(fd, -1, 0);
	NOTIFY(fd, SIGEV_SIGNAL, 65);
	NOTIFY(fd, SIGEV_SIGNAL, -1);
	NOTIFY(-1, SIGEV_SIGNAL, 65);
	NOTIFY(-1, SIGEV_SIGNAL, 64);
	TRY(syscall(SYS_mq_notify, fd, 8));
	TRY(syscall(SYS_mq_notify, -1, 8));
	TRY(syscall(SYS_mq_notify, -1, NULL));
	TRY(syscall(SYS_mq_notify, fd, NULL)); /* nobody has asked */
	/* SIGEV_THREAD wants a socket, and a cookie for it. */
	event.sigev_value.sival_ptr = (void *)8;
	TRY(syscall(SYS_mq_notify, fd, &event));
	event.sigev_value.sival_ptr = cookie;
	TRY(syscall(SYS_mq_notify, fd, &event));
	event.sigev_signo = fd;
	TRY(syscall(SYS_mq_notify, fd, &event));
	event.sigev_signo = -1;
	TRY(syscall(SYS_mq_notify, fd, &event));
	TRY(syscall(SYS_mq_notify, -1, &event));
	/* What another has asked for. */
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	pid = fork();
	if (pid == 0) {
		status("of the parent", fd);
		NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
		TRY(syscall(SYS_mq_notify, fd, NULL));
		status("the child cannot end it", fd);
		_exit(close(fd));
	}
	waitpid(pid, NULL, 0);
	status("nor by its end", fd);
	TRY(syscall(SYS_mq_notify, fd, NULL));
	status("ended", fd);
	TRY(put(fd, "x", 0));
	take("ended", 0);
	TRY(close(fd));
}

/* ---- what else ends it ---- */

static void *closes(void *arg)
{
	MUST(close((int)(long)arg));
	return NULL;
}

/* A process is no longer told when it closes any descriptor of the queue, ends or executes a program. */
static void ends(void)
{
	int fd = queue_open("mq.a", O_RDWR | O_CREAT, 0600, 1, 100), other;
	char number[12], *const argv[] = { "mq_notify", number, NULL };
	int ready[2], how;
	pid_t pid;

	/* Whichever descriptor the process closes, and in whatever way. */
	other = queue_open("mq.a", O_RDONLY, 0, 0, 0);
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	TRY(close(other));
	status("another one is closed", fd);
	other = dup(fd);
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	TRY(close(other));
	status("a copy is closed", fd);
	other = open("/dev/null", O_RDONLY);
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	TRY(close(other));
	status("of another file", fd);
	other = queue_open("mq.a", O_PATH, 0, 0, 0);
	TRY(close(other));
	status("O_PATH", fd);
	other = dup(fd);
	TRY(dup2(STDOUT_FILENO, other) == other);
	status("replaced", fd);
	TRY(close(other));
	other = dup(fd);
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	TRY(syscall(SYS_close_range, other, other, 0));
	status("close_range", fd);
	other = dup(fd);
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	join(start(closes, (void *)(long)other));
	status("by another thread", fd);

	/* The end of the process, with a descriptor elsewhere. */
	MUST(pipe(ready));
	pid = fork();
	if (pid == 0) {
		char byte = 0;

		NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
		MUST(write(ready[1], &byte, 1) != 1);
		pause();
	}
	MUST(read(ready[0], number, 1) != 1);
	status("of the child", fd);
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	status("killed", fd);
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	TRY(syscall(SYS_mq_notify, fd, NULL));

	/* exec closes the descriptor; where it does not, the new image is not told. */
	for (int stays = 0; stays < 2; stays++) {
		pid = fork();
		if (pid == 0) {
			MUST(fcntl(fd, F_SETFD, stays ? 0 : FD_CLOEXEC));
			NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
			snprintf(number, sizeof(number), "%d", fd);
			execv("/proc/self/exe", argv);
			_exit(errno);
		}
		waitpid(pid, &how, 0);
		ended("the new image", how);
		status("then", fd);
	}
	TRY(syscall(SYS_mq_unlink, "mq.a"));
	TRY(close(fd));
}

/* The new image, with the descriptor or without it. */
static int as_image(int fd)
{
	status("in the new image", fd);
	if (put(fd, "x", 0) == 0) {
		take("in the new image", 0);
		get("what it sent", fd);
	}
	status("after it", fd);
	return 0;
}

/* ---- other ways to take the signal ---- */

static volatile sig_atomic_t handled;
static siginfo_t seen;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	seen = *info;
	handled++;
}

/* The signal has the code SI_MESGQ, the value that was given, and the sender's ids; if it is ignored, it was sent all the same. */
static void handlers(void)
{
	int fd = queue_new(1, 100), sfd;
	struct signalfd_siginfo info;
	sigset_t set;

	MUST(sigaction(SIGUSR2,
		       &(struct sigaction){ .sa_sigaction = handler, .sa_flags = SA_SIGINFO },
		       NULL));
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR2);
	TRY(put(fd, "x", 0));
	say("handled %d: code %d, value %p, from us %d\n", handled, seen.si_code,
	    seen.si_value.sival_ptr, seen.si_pid == getpid());
	get("x", fd);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sfd = signalfd(-1, &set, SFD_NONBLOCK);
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR1);
	TRY(put(fd, "x", 0));
	TRY(read(sfd, &info, sizeof(info)) == sizeof(info));
	say("signo %u code %d int %x ptr %llx, from us %d of %u\n", info.ssi_signo, info.ssi_code,
	    info.ssi_int, (unsigned long long)info.ssi_ptr, info.ssi_pid == (unsigned)getpid(),
	    info.ssi_uid);
	TRY(close(sfd));
	get("x", fd);
	/* Ignored. */
	signal(SIGUSR2, SIG_IGN);
	NOTIFY(fd, SIGEV_SIGNAL, SIGUSR2);
	TRY(put(fd, "x", 0));
	status("ignored", fd);
	TRY(close(fd));
}

/* A process that is told as often as messages come, while others send. */
#define TURNS 200

static void *sends_turns(void *arg)
{
	for (int i = 0; i < TURNS; i++)
		MUST(put((int)(long)arg, "turn", 0));
	return NULL;
}

static void turns(void)
{
	int fd = queue_new(2, 100), n = 0, told_of = 0;
	char text[100];
	pthread_t threads[2];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	MUST(notify(fd, SIGEV_SIGNAL, SIGRTMIN));
	for (int i = 0; i < 2; i++)
		threads[i] = start(sends_turns, (void *)(long)fd);
	fcntl(fd, F_SETFL, 0);
	while (n < 2 * TURNS) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		siginfo_t info;

		poll(&p, 1, -1);
		if (sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }) == SIGRTMIN) {
			told_of++;
			MUST(info.si_code != SI_MESGQ);
			(void)notify(fd, SIGEV_SIGNAL, SIGRTMIN);
		}
		MUST(mq_receive(fd, text, sizeof(text), NULL) != 4);
		n++;
	}
	for (int i = 0; i < 2; i++)
		join(threads[i]);
	say("messages %d, told %d\n", n, told_of > 0);
	TRY(close(fd));
}

int main(int argc, char **argv)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (argc > 1)
		return as_image(atoi(argv[1]));
	told();
	refused();
	ends();
	handlers();
	turns();
	return 0;
}
