/* SPDX-License-Identifier: MIT */
/* Makes threads, wakes them and waits for events: threadbench.py counts the kernel's instructions. */

/*
 * Each row does an operation again and again, in SAMPLES samples. The instruction "slti x0, x0, N" tells the plugin
 * (count.c) where a sample begins and ends. In most rows a second thread does its part of each operation, and sleeps
 * at a sample's begin and end. The kernels are asked by bare system calls, where the C library would make others too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLES	 9
#define ROUNDS	 32 /* in a sample */
#define WATCHED	 1000
#define OPEN	 200 /* of these in a process: its descriptors may be 256 */
#define PARTIES	 8
#define START_US 3000000 /* the start-up work of Linux goes on for a while */

#define MARK(n) __asm__ volatile("slti x0, x0, %0" : : "i"(n) : "memory")

#define MEASURE(row, operation)                                    \
	do {                                                       \
		for (int sample = 0; sample < SAMPLES; sample++) { \
			MARK(256 + (row));                         \
			for (int i = 0; i < ROUNDS; i++)           \
				operation;                         \
			MARK(512 + (row));                         \
		}                                                  \
	} while (0)

static atomic_int stop; /* the other threads of a row end */

static void check(int good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

static pthread_t start(void *(*body)(void *))
{
	pthread_t thread;

	check(pthread_create(&thread, NULL, body, NULL) == 0, "pthread_create");
	return thread;
}

static void join(pthread_t thread)
{
	check(pthread_join(thread, NULL) == 0, "pthread_join");
}

/* ---- threads ---- */

static void *nothing(void *unused)
{
	return unused;
}

static void create_join(void)
{
	MEASURE(0, join(start(nothing)));
}

/* ---- futexes ---- */

static _Atomic uint32_t ping, pong;

static void futex(_Atomic uint32_t *word, int command, uint32_t value)
{
	(void)syscall(SYS_futex, word, command | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void pass(_Atomic uint32_t *word)
{
	atomic_store(word, 1);
	futex(word, FUTEX_WAKE, 1);
}

static void take(_Atomic uint32_t *word)
{
	while (!atomic_load(word))
		futex(word, FUTEX_WAIT, 0);
	atomic_store(word, 0);
}

static void *futex_partner(void *unused)
{
	for (;;) {
		take(&ping);
		if (stop)
			return unused;
		pass(&pong);
	}
}

static void futex_round(void)
{
	pass(&ping);
	take(&pong);
}

static void futex_round_trip(void)
{
	pthread_t partner = start(futex_partner);

	MEASURE(1, futex_round());
	stop = 1;
	pass(&ping);
	join(partner);
}

static void futex_wake_none(void)
{
	MEASURE(2, futex(&ping, FUTEX_WAKE, 1));
}

static pthread_barrier_t barrier;

static void *barrier_partner(void *unused)
{
	for (int i = 0; i < SAMPLES * ROUNDS; i++)
		pthread_barrier_wait(&barrier);
	return unused;
}

/* All sleep in the barrier but the last, which wakes them. */
static void barrier_round(void)
{
	pthread_t partners[PARTIES - 1];

	check(pthread_barrier_init(&barrier, NULL, PARTIES) == 0, "pthread_barrier_init");
	for (int i = 0; i < PARTIES - 1; i++)
		partners[i] = start(barrier_partner);
	MEASURE(3, pthread_barrier_wait(&barrier));
	for (int i = 0; i < PARTIES - 1; i++)
		join(partners[i]);
}

/* ---- switches ---- */

static atomic_long yields; /* of the other thread */

static void *yield_partner(void *unused)
{
	while (!stop) {
		yields++;
		sched_yield();
	}
	return unused;
}

/* Two switches: to the other thread and back. */
static void yield_round_trip(void)
{
	pthread_t partner = start(yield_partner);

	MEASURE(4, sched_yield());
	printf("yields %ld\n", (long)yields);
	stop = 1;
	join(partner);
}

/* ---- events ---- */

static int add(int fd)
{
	uint64_t one = 1;

	return write(fd, &one, sizeof(one)) == sizeof(one);
}

static int get(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n);
}

static int wait_in(int set)
{
	struct epoll_event events[16];

	return epoll_wait(set, events, 16, -1) == 1;
}

/* An event comes, is found and is taken. */
static int event_round(int set, int fd)
{
	return add(fd) && wait_in(set) && get(fd);
}

/* Watches some more event counters, in descriptors that are open in this process. */
static void watch_some(int set, int *fds)
{
	for (int i = 0; i < OPEN; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = i };

		fds[i] = eventfd(0, 0);
		check(fds[i] >= 0, "eventfd");
		check(epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &event) == 0, "epoll_ctl");
	}
}

static void close_some(const int *fds)
{
	for (int i = 0; i < OPEN; i++)
		close(fds[i]);
}

/* A process that keeps open what is open now. */
static pid_t start_keeper(void)
{
	pid_t pid = fork();

	check(pid >= 0, "fork");
	while (pid == 0)
		pause();
	return pid;
}

static void watches(void)
{
	pid_t keepers[WATCHED / OPEN - 1];
	int set = epoll_create1(0), fds[OPEN];

	check(set >= 0, "epoll_create1");
	for (int i = 0; i < WATCHED / OPEN - 1; i++) {
		watch_some(set, fds);
		keepers[i] = start_keeper();
		close_some(fds);
	}
	watch_some(set, fds);
	MEASURE(5, check(event_round(set, fds[i]), "epoll"));
	check(add(fds[OPEN / 2]), "write");
	MEASURE(6, check(wait_in(set), "epoll_wait"));
	close_some(fds);
	close(set);
	for (int i = 0; i < WATCHED / OPEN - 1; i++) {
		kill(keepers[i], SIGKILL);
		check(waitpid(keepers[i], NULL, 0) == keepers[i], "waitpid");
	}
}

static int ping_fd, pong_fd;

static void *eventfd_partner(void *unused)
{
	while (get(ping_fd) && !stop)
		check(add(pong_fd), "write");
	return unused;
}

static void eventfd_round_trip(void)
{
	pthread_t partner;

	ping_fd = eventfd(0, 0);
	pong_fd = eventfd(0, 0);
	check(ping_fd >= 0 && pong_fd >= 0, "eventfd");
	partner = start(eventfd_partner);
	MEASURE(7, check(add(ping_fd) && get(pong_fd), "eventfd"));
	stop = 1;
	check(add(ping_fd), "write");
	join(partner);
	close(ping_fd);
	close(pong_fd);
}

static int timer_round(int fd)
{
	const struct itimerspec soon = { .it_value.tv_nsec = 1 };

	return timerfd_settime(fd, 0, &soon, NULL) == 0 && get(fd);
}

static void timerfd_set_read(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	check(fd >= 0, "timerfd_create");
	MEASURE(8, check(timer_round(fd), "timerfd"));
	close(fd);
}

/* ---- signals ---- */

static sigset_t old_mask;
static atomic_int main_tid, partner_tid;
static _Thread_local volatile sig_atomic_t came;

static void handler(int sig)
{
	(void)sig;
	came = 1;
}

/* The signal is blocked but here. */
static void take_signal(void)
{
	while (!came)
		sigsuspend(&old_mask);
	came = 0;
}

static void send(int tid)
{
	check(syscall(SYS_tgkill, getpid(), tid, SIGUSR1) == 0, "tgkill");
}

static void *signal_partner(void *unused)
{
	partner_tid = gettid();
	pass(&ping);
	for (;;) {
		take_signal();
		if (stop)
			return unused;
		send(main_tid);
	}
}

static void signal_round(void)
{
	send(partner_tid);
	take_signal();
}

static void signal_round_trip(void)
{
	struct sigaction action = { .sa_handler = handler };
	sigset_t set;
	pthread_t partner;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	check(pthread_sigmask(SIG_BLOCK, &set, &old_mask) == 0, "pthread_sigmask");
	check(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
	main_tid = gettid();
	partner = start(signal_partner);
	take(&ping);
	MEASURE(9, signal_round());
	stop = 1;
	send(partner_tid);
	join(partner);
}

/* ---- pages that the program makes ---- */

#define PAGE  4096ul
#define PAGES ((size_t)SAMPLES * ROUNDS)

static char *paged; /* memory of PAGES pages, and the next that is touched */
static size_t next_page;
static char ready[PAGE]; /* the bytes of each */
static int faultfd;

static void paged_begin(int prot)
{
	paged = mmap(NULL, PAGES * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(paged != MAP_FAILED, "mmap");
	memset(ready, 'x', sizeof(ready));
	next_page = 0;
}

static void touch_next(void)
{
	check(((volatile char *)paged)[next_page++ * PAGE] == 'x', "a page");
}

/* Gives each page that somebody touches. */
static void *page_giver(void *unused)
{
	struct uffd_msg msg;

	for (size_t i = 0; i < PAGES; i++) {
		struct uffdio_copy copy = { .src = (uintptr_t)ready, .len = PAGE };

		check(read(faultfd, &msg, sizeof(msg)) == sizeof(msg), "read");
		copy.dst = msg.arg.pagefault.address & -PAGE;
		check(ioctl(faultfd, UFFDIO_COPY, &copy) == 0, "UFFDIO_COPY");
	}
	return unused;
}

static void uffd_fault(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register wish = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t giver;

	paged_begin(PROT_READ | PROT_WRITE);
	faultfd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	wish.range = (struct uffdio_range){ (uintptr_t)paged, PAGES * PAGE };
	check(faultfd >= 0 && ioctl(faultfd, UFFDIO_API, &api) == 0, "userfaultfd");
	check(ioctl(faultfd, UFFDIO_REGISTER, &wish) == 0, "UFFDIO_REGISTER");
	giver = start(page_giver);
	MEASURE(10, touch_next());
	join(giver);
	close(faultfd);
	munmap(paged, PAGES * PAGE);
}

/* Makes the page and its bytes, as page_giver() does. */
static void give_by_signal(int sig, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & -PAGE);

	(void)sig, (void)context;
	if (mprotect(page, PAGE, PROT_READ | PROT_WRITE) != 0)
		_exit(1);
	memcpy(page, ready, PAGE);
}

static void segv_fault(void)
{
	struct sigaction action = { .sa_sigaction = give_by_signal, .sa_flags = SA_SIGINFO };

	paged_begin(PROT_NONE);
	check(sigaction(SIGSEGV, &action, NULL) == 0, "sigaction");
	MEASURE(11, touch_next());
	signal(SIGSEGV, SIG_DFL);
	munmap(paged, PAGES * PAGE);
}

int main(void)
{
	static void (*const rows[])(
		void) = { create_join,	     futex_round_trip, futex_wake_none,	   barrier_round,
			  yield_round_trip,  watches,	       eventfd_round_trip, timerfd_set_read,
			  signal_round_trip, uffd_fault,       segv_fault };

	usleep(START_US);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		stop = 0;
		rows[i]();
	}
	puts("done");
	return 0;
}
