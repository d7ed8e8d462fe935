/* SPDX-License-Identifier: MIT */
/* SCHED_FIFO and SCHED_RR on one hart: who may have them, who inherits them, and who runs before whom. */
#include "thread.h"

#include <grp.h>

#define RESET_ON_FORK 0x40000000

/* As in linux/sched/types.h, which does not go with the C library's names. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static const char *program;

#define PRIORITY(n) (&(struct sched_param){ n })

/* Field 18 of stat is the priority, then nice; 40 is rt_priority, then policy. */
static void tell_stat(void)
{
	char text[1024], *word, *rest;
	int fd = open("/proc/thread-self/stat", O_RDONLY), n = 2;
	ssize_t bytes = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[bytes > 0 ? bytes : 0] = '\0';
	for (rest = strrchr(text, ')') + 1; (word = strsep(&rest, " ")) != NULL; n++)
		if (n == 18 || n == 19 || n == 40 || n == 41)
			say("%s%s", word, n == 41 ? "\n" : " ");
}

static void tell(const char *who)
{
	struct attributes a = { 0 };
	struct sched_param param;
	struct timespec slice;

	MUST(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0));
	MUST(sched_getparam(0, &param));
	MUST(sched_rr_get_interval(0, &slice));
	say("%s: policy %#x, %d; %u, flags %lu, nice %d, priority %u; ", who, sched_getscheduler(0),
	    param.sched_priority, a.policy, a.flags, a.nice, a.priority);
	if (a.priority)
		say("slice %ld.%09ld; ", slice.tv_sec, slice.tv_nsec);
	tell_stat();
}

/* ---- what is set, and who inherits it ---- */

static int tell_in_child(void *who)
{
	tell(who);
	return 0;
}

static int tell_after_exec(void *unused)
{
	char *const words[] = { "realtime", "tell", NULL };

	(void)unused;
	execv(program, words);
	return 1;
}

static void *tell_in_thread(void *who)
{
	tell(who);
	return NULL;
}

static void set_attributes(struct attributes a)
{
	TRY(syscall(SYS_sched_setattr, 0, &a, 0));
	tell("now");
}

/* Children, threads and exec inherit the policy and the priority, unless SCHED_RESET_ON_FORK is set. */
static int values(void *unused)
{
	(void)unused;
	TRY(sched_setscheduler(0, SCHED_FIFO, PRIORITY(10)));
	tell("fifo");
	TRY(sched_setscheduler(0, SCHED_RR, PRIORITY(99)));
	tell("rr");
	TRY(setpriority(PRIO_PROCESS, 0, 5));
	tell("nice 5");
	in_child("its child", tell_in_child, "a child");
	join(start(tell_in_thread, "a thread"));
	in_child("exec", tell_after_exec, NULL);
	TRY(sched_setparam(0, PRIORITY(1)));
	tell("less");
	TRY(sched_setparam(0, PRIORITY(0)));
	TRY(sched_setparam(0, PRIORITY(100)));
	TRY(sched_setscheduler(0, SCHED_FIFO, PRIORITY(0)));
	TRY(sched_setscheduler(0, SCHED_FIFO, PRIORITY(100)));
	TRY(sched_setscheduler(0, SCHED_FIFO, PRIORITY(-1)));
	TRY(sched_setscheduler(0, SCHED_FIFO | RESET_ON_FORK, PRIORITY(3)));
	tell("reset on fork");
	in_child("its child", tell_in_child, "a child");
	join(start(tell_in_thread, "a thread"));
	TRY(sched_setscheduler(0, SCHED_OTHER | RESET_ON_FORK, PRIORITY(0)));
	TRY(setpriority(PRIO_PROCESS, 0, -5));
	in_child("its child", tell_in_child, "a child");
	TRY(setpriority(PRIO_PROCESS, 0, 7));
	in_child("its child", tell_in_child, "a child");
	set_attributes(
		(struct attributes){ .size = 48, .policy = SCHED_FIFO, .priority = 5, .nice = 9 });
	set_attributes((struct attributes){ .size = 48, .policy = SCHED_FIFO, .nice = 9 });
	/* keep the policy; keep the parameters; both */
	set_attributes((struct attributes){ .size = 48, .priority = 6, .flags = 8 });
	set_attributes((struct attributes){ .size = 48, .flags = 8 });
	set_attributes((struct attributes){ .size = 48, .priority = 7, .flags = 16 });
	set_attributes(
		(struct attributes){ .size = 48, .policy = SCHED_RR, .priority = 7, .flags = 16 });
	set_attributes((struct attributes){ .size = 48, .priority = 8, .flags = 24 });
	set_attributes((struct attributes){ .size = 48, .flags = 25 });
	set_attributes((struct attributes){ .size = 48, .nice = -3 });
	set_attributes(
		(struct attributes){ .size = 48, .policy = SCHED_RR, .priority = 7, .flags = 16 });
	return 0;
}

/* ---- who may ---- */

static void become_user(void)
{
	setgroups(0, NULL);
	MUST(setresgid(1000, 1000, 1000));
	MUST(setresuid(1000, 1000, 1000));
}

/* A user may lower its priority, but not raise it, and may not take back SCHED_RESET_ON_FORK. */
static int users(void *unused)
{
	struct rlimit limit = { 10, 20 };
	pid_t own = getpid();

	(void)unused;
	MUST(sched_setscheduler(0, SCHED_RR, PRIORITY(30)));
	become_user();
	tell("a user who has it");
	TRY(sched_setscheduler(0, SCHED_RR, PRIORITY(30)));
	TRY(sched_setscheduler(0, SCHED_RR, PRIORITY(31)));
	TRY(sched_setparam(0, PRIORITY(31)));
	TRY(sched_setscheduler(0, SCHED_FIFO, PRIORITY(30)));
	TRY(sched_setscheduler(0, SCHED_RR | RESET_ON_FORK, PRIORITY(29)));
	TRY(sched_setscheduler(0, SCHED_RR, PRIORITY(29)));
	TRY(sched_setscheduler(getppid(), SCHED_RR, PRIORITY(29)));
	TRY(sched_setscheduler(getppid(), SCHED_OTHER, PRIORITY(0)));
	TRY(sched_setscheduler(0, SCHED_OTHER | RESET_ON_FORK, PRIORITY(0)));
	TRY(sched_setscheduler(0, SCHED_RR | RESET_ON_FORK, PRIORITY(1)));
	TRY(sched_setscheduler(0, SCHED_OTHER, PRIORITY(1)));
	set_attributes((struct attributes){ .size = 48,
					    .policy = 6,
					    .runtime = 1000000,
					    .deadline = 2000000,
					    .period = 2000000,
					    .flags = 1 });
	TRY(sched_setscheduler(0, SCHED_IDLE | RESET_ON_FORK, PRIORITY(0)));
	TRY(sched_setscheduler(0, SCHED_IDLE | RESET_ON_FORK, PRIORITY(0)));
	TRY(sched_setscheduler(0, SCHED_BATCH | RESET_ON_FORK, PRIORITY(0)));
	TRY(sched_setscheduler(0, SCHED_FIFO | RESET_ON_FORK, PRIORITY(1)));
	set_attributes(
		(struct attributes){ .size = 48, .policy = SCHED_IDLE, .nice = -5, .flags = 1 });
	TRY(setpriority(PRIO_PROCESS, 0, -1));
	TRY(setpriority(PRIO_PROCESS, 0, 1));
	TRY(setpriority(PRIO_PROCESS, 0, 0));
	TRY(setpriority(PRIO_PROCESS, (id_t)getppid(), 5));
	TRY(setrlimit(RLIMIT_RTPRIO, &limit));
	if (fork() == 0) {
		TRY(sched_setscheduler(own, SCHED_FIFO, PRIORITY(1)));
		_exit(0);
	}
	wait(NULL);
	return 0;
}

/* RLIMIT_RTPRIO allows a user priorities up to it, and RLIMIT_NICE nice values. */
static int limited(void *unused)
{
	(void)unused;
	MUST(setrlimit(RLIMIT_RTPRIO, &(struct rlimit){ 10, 20 }));
	MUST(setrlimit(RLIMIT_NICE, &(struct rlimit){ 22, 22 }));
	become_user();
	TRY(sched_setscheduler(0, SCHED_FIFO, PRIORITY(11)));
	TRY(sched_setscheduler(0, SCHED_FIFO, PRIORITY(10)));
	TRY(sched_setscheduler(0, SCHED_RR, PRIORITY(10)));
	TRY(sched_setscheduler(0, SCHED_RR, PRIORITY(11)));
	MUST(setrlimit(RLIMIT_RTPRIO, &(struct rlimit){ 0, 20 }));
	TRY(sched_setscheduler(0, SCHED_RR, PRIORITY(10)));
	TRY(sched_setscheduler(0, SCHED_RR, PRIORITY(9)));
	TRY(sched_setscheduler(0, SCHED_RR, PRIORITY(10)));
	TRY(sched_setscheduler(0, SCHED_FIFO, PRIORITY(9)));
	TRY(sched_setscheduler(0, SCHED_OTHER, PRIORITY(0)));
	TRY(sched_setscheduler(0, SCHED_RR, PRIORITY(9)));
	TRY(setpriority(PRIO_PROCESS, 0, -2));
	TRY(setpriority(PRIO_PROCESS, 0, -3));
	TRY(setpriority(PRIO_PROCESS, 0, 15));
	TRY(sched_setscheduler(0, SCHED_IDLE, PRIORITY(0)));
	TRY(sched_setscheduler(0, SCHED_OTHER, PRIORITY(0)));
	set_attributes((struct attributes){ .size = 48, .nice = -2 });
	set_attributes((struct attributes){ .size = 48, .nice = -3 });
	MUST(setrlimit(RLIMIT_NICE, &(struct rlimit){ 21, 21 }));
	TRY(sched_setscheduler(0, SCHED_IDLE, PRIORITY(0)));
	TRY(sched_setscheduler(0, SCHED_BATCH, PRIORITY(0)));
	return 0;
}

/* ---- who runs before whom ---- */

static sem_t sems[4];
static int done, go;

static pthread_t with_priority(void *(*f)(void *), long i, int policy, int priority)
{
	struct sched_param param = { priority };
	pthread_attr_t attr;
	pthread_t thread;

	MUST(pthread_attr_init(&attr));
	MUST(pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED));
	MUST(pthread_attr_setschedpolicy(&attr, policy));
	MUST(pthread_attr_setschedparam(&attr, &param));
	MUST(pthread_create(&thread, &attr, f, (void *)i));
	return thread;
}

static void *say_twice(void *arg)
{
	say("thread %ld\n", (long)arg);
	sched_yield();
	say("thread %ld again\n", (long)arg);
	return NULL;
}

static void *wait_and_say(void *arg)
{
	sem_wait(&sems[(long)arg]);
	say("thread %ld is awake\n", (long)arg);
	return NULL;
}

/* Those that are ready when the first one of them has the hart run in the order of their priorities. */
static int order(void *unused)
{
	static const int priorities[] = { 10, 30, 20, 30 };
	pthread_t threads[4];

	(void)unused;
	MUST(sched_setscheduler(0, SCHED_FIFO, PRIORITY(50)));
	for (long i = 0; i < 4; i++)
		threads[i] = with_priority(say_twice, i, SCHED_FIFO, priorities[i]);
	say("all are ready\n");
	join_all(threads, 4);

	for (long i = 0; i < 4; i++) {
		MUST(sem_init(&sems[i], 0, 0));
		threads[i] = with_priority(wait_and_say, i, SCHED_FIFO, 40 + 10 * (int)i);
	}
	until_others_wait(4);
	/* Who is above runs at once. */
	for (int i = 0; i < 4; i++) {
		say("wake %d\n", i);
		sem_post(&sems[i]);
	}
	say("wait\n");
	join_all(threads, 4);
	return 0;
}

static void *spin(void *unused)
{
	raise_flag(&done);
	while (!flag_now(&go))
		;
	return unused;
}

/* Changes of one's own priority, and of others', take effect at once. */
static int changes(void *unused)
{
	struct sched_param param = { 60 };
	pthread_t threads[3];

	(void)unused;
	MUST(sched_setscheduler(0, SCHED_FIFO, PRIORITY(50)));
	for (long i = 0; i < 3; i++)
		threads[i] = with_priority(say_twice, i, SCHED_FIFO, 10);
	say("the last one goes first\n");
	MUST(pthread_setschedparam(threads[2], SCHED_FIFO, &param));
	say("then all\n");
	MUST(sched_setscheduler(0, SCHED_FIFO, PRIORITY(5)));
	say("after all\n");
	join_all(threads, 3);

	MUST(sched_setscheduler(0, SCHED_FIFO, PRIORITY(50)));
	threads[0] = with_priority(say_twice, 0, SCHED_OTHER, 0);
	threads[1] = with_priority(say_twice, 1, SCHED_FIFO, 49);
	sched_yield();
	say("to yield is for equals\n");
	MUST(sched_setscheduler(0, SCHED_FIFO, PRIORITY(49)));
	say("one who is lowered stays before these\n");
	sched_yield();
	say("the equal has run\n");
	join_all(threads, 2);
	return 0;
}

/* Two of SCHED_RR that compute both have their slices. */
static int slices(void *unused)
{
	pthread_t threads[2];

	(void)unused;
	done = go = 0;
	MUST(sched_setscheduler(0, SCHED_FIFO, PRIORITY(50)));
	for (long i = 0; i < 2; i++)
		threads[i] = with_priority(spin, i, SCHED_RR, 10);
	MUST(sched_setscheduler(0, SCHED_RR, PRIORITY(10)));
	while (flag_now(&done) < 2)
		;
	raise_flag(&go);
	join_all(threads, 2);
	say("both have run\n");
	return 0;
}

/* One that never sleeps does not keep the others from ending it. */
static int throttle(void *unused)
{
	pid_t pid = fork();
	int status;

	(void)unused;
	if (pid == 0) {
		MUST(sched_setscheduler(0, SCHED_FIFO, PRIORITY(99)));
		for (;;)
			;
	}
	do
		nap(1);
	while (sched_getscheduler(pid) != SCHED_FIFO);
	TRY(kill(pid, SIGKILL));
	waitpid(pid, &status, 0);
	ended("it", status);
	return 0;
}

int main(int argc, char **argv)
{
	cpu_set_t first;

	program = argv[0];
	if (argc > 1) {
		tell("after exec");
		return 0;
	}
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	MUST(sched_setaffinity(0, sizeof(first), &first));
	in_child("values", values, NULL);
	in_child("users", users, NULL);
	in_child("limited", limited, NULL);
	in_child("order", order, NULL);
	in_child("changes", changes, NULL);
	in_child("slices", slices, NULL);
	in_child("throttle", throttle, NULL);
	return 0;
}
