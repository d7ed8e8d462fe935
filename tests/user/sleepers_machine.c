/* SPDX-License-Identifier: MIT */
/* R153: who sleeps on a terminal or until a time, and what is done to that, or to limits: is it woken, and with which result? */
#include "mq.h"
#include "sleepers.h"
#include "terminal.h"

#include <linux/futex.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/time.h>
#include <sys/timerfd.h>

/* ---- a terminal ---- */

/* Without echo: what is typed does not come to the output. */
static long set_modes(int how, tcflag_t canonical, cc_t min, cc_t time)
{
	struct termios modes;

	tcgetattr(fd[0], &modes);
	modes.c_iflag = IXON;
	modes.c_oflag = 0;
	modes.c_lflag = ISIG | IEXTEN | canonical;
	modes.c_cc[VMIN] = min;
	modes.c_cc[VTIME] = time;
	return tcsetattr(fd[0], how, &modes);
}

static long type(const char *text)
{
	for (; *text; text++)
		if (ioctl(fd[0], TIOCSTI, text) != 0)
			return -1;
	return 0;
}

static long set_window(unsigned short rows)
{
	const struct winsize size = { .ws_row = rows, .ws_col = 9 };

	return ioctl(fd[0], TIOCSWINSZ, &size);
}

static long use_start_keys(tcflag_t ixon, cc_t start)
{
	struct termios modes;

	tcgetattr(fd[0], &modes);
	modes.c_iflag = ixon;
	modes.c_cc[VSTART] = start;
	return tcsetattr(fd[0], TCSANOW, &modes);
}

static int tty; /* the controlling one of both, who are in the foreground */

static void make_terminal(void)
{
	fd[0] = dup(tty);
	fd[1] = dup(tty);
	fcntl(tty, F_SETFL, O_RDWR);
	use_start_keys(IXON, 021);
	set_window(7);
}

static pid_t other; /* leads another group */

/* From now on both are in the background. */
static void put_other_in_front(void)
{
	other = fork();
	if (other == 0) {
		pause();
		_exit(0);
	}
	setpgid(other, other);
	tcsetpgrp(tty, other);
}

/* Nothing is typed, or left stopped, for the next one. */
static void end_terminal(void)
{
	if (other) {
		tcsetpgrp(tty, getpgrp());
		kill(other, SIGKILL);
		waitpid(other, NULL, 0);
		other = 0;
	}
	tcflow(fd[0], TCOON);
	ioctl(fd[0], TIOCNXCL);
	use_start_keys(0, 021);
	tcflush(fd[0], TCIFLUSH);
	set_modes(TCSANOW, ICANON, 1, 0);
	close_all();
}

/* Only the parent may do all in the background. */
static void stop_if_behind(void)
{
	signal(SIGTTOU, SIG_DFL);
}

static void make_line(void)
{
	make_terminal();
	set_modes(TCSANOW, ICANON, 1, 0);
	type("ab");
}

static void make_raw(cc_t min, cc_t time)
{
	make_terminal();
	set_modes(TCSANOW, 0, min, time);
	if (min)
		type("a");
}

static void make_raw_3(void)
{
	make_raw(3, 0);
}

static void make_raw_timed(void)
{
	make_raw(3, 255);
}

static void make_raw_0(void)
{
	make_raw(0, 255);
}

static void make_held_off(void)
{
	make_line();
	tcflow(fd[0], TCOOFF);
}

static void make_stopped(void)
{
	make_line();
	type("\23");
}

/* One reads, and the next one sleeps behind it. */
static pid_t reader;

static void make_reader(void)
{
	make_terminal();
	set_modes(TCSANOW, ICANON, 1, 0);
	reader = fork();
	if (reader == 0) {
		read_8();
		_exit(0);
	}
	until_it_sleeps(reader);
}

static long end_of_reader(void)
{
	kill(reader, SIGKILL);
	return waitpid(reader, NULL, 0) < 0 ? -1 : 0;
}

static void end_reader(void)
{
	end_of_reader();
	end_terminal();
}

static long read_with_handler(void)
{
	const struct sigaction action = { .sa_handler = handle };

	sigaction(SIGWINCH, &action, NULL);
	return read_8();
}

static long line_then(const char *text)
{
	set_modes(TCSANOW, ICANON, 1, 0);
	return type(text);
}

/* Whom the modes wake does not get the text. */
static long raw_then(cc_t min, const char *text)
{
	set_modes(TCSANOW, 0, min, 0);
	return sleeps_on() ? type(text) : 0;
}

static long background_then(const char *text)
{
	put_other_in_front();
	return type(text);
}

CALL(read_some, read_8() < 0 ? -1 : 1)
CALL(write_1, write(fd[1], "\r", 1))
CALL(line_mode, set_modes(TCSANOW, ICANON, 1, 0))
CALL(line_flushed, set_modes(TCSAFLUSH, ICANON, 1, 0))
CALL(raw_3, set_modes(TCSANOW, 0, 3, 0))
CALL(raw_1, set_modes(TCSANOW, 0, 1, 0))
CALL(raw_1_drained, set_modes(TCSADRAIN, 0, 1, 0))
CALL(raw_0, set_modes(TCSANOW, 0, 0, 0))
CALL(raw_flushed, set_modes(TCSAFLUSH, 0, 1, 0))
CALL(line_and_newline, line_then("\n"))
CALL(line_and_eof, line_then("\4"))
CALL(line_and_more, line_then("cd\n"))
CALL(raw_and_more, raw_then(1, "c"))
CALL(raw_3_and_more, raw_then(3, "c"))
CALL(type_c, type("c"))
CALL(type_cd, type("cd"))
CALL(type_newline, type("\n"))
CALL(background, background_then(""))
CALL(background_and_line, background_then("c\n"))
CALL(type_eof, type("\4"))
CALL(type_interrupt, type("\3"))
CALL(type_stop, type("\23"))
CALL(type_start, type("\21"))
CALL(flush_input, tcflush(fd[0], TCIFLUSH))
CALL(flush_output, tcflush(fd[0], TCOFLUSH))
CALL(flush_both, tcflush(fd[0], TCIOFLUSH))
CALL(new_window, set_window(8))
CALL(same_window, set_window(7))
CALL(flow_off, tcflow(fd[0], TCOOFF))
CALL(flow_on, tcflow(fd[0], TCOON))
CALL(no_keys, use_start_keys(0, 021))
CALL(other_key, use_start_keys(IXON, 'q'))
CALL(exclusive, ioctl(fd[0], TIOCEXCL))
CALL(close_1, close(fd[1]))

static long flow_off_and_on(void)
{
	flow_off();
	return flow_on();
}

/* Who is woken sees the flag as it is, but ^Q wakes nobody where TCOOFF has stopped. */
static long nonblock_and_start(void)
{
	set_nonblock(fd[0]);
	return type("\21");
}

static long nonblock_and_modes(void)
{
	set_nonblock(fd[0]);
	return use_start_keys(IXON, 021);
}

static long other_key_is_typed(void)
{
	other_key();
	return type("q");
}

/* Output from the background stops who writes it, but not who has begun. */
static long stop_background_then_on(void)
{
	struct termios modes;

	tcgetattr(fd[0], &modes);
	modes.c_lflag |= TOSTOP;
	tcsetattr(fd[0], TCSANOW, &modes);
	put_other_in_front();
	type("\21");
	return flow_on();
}

static const struct call tty_sleeps[] = { { "read", read_8 },
					  { "read with a handler", read_with_handler },
					  { "poll", poll_in },
					  { "epoll", epoll_in },
					  { NULL, NULL } };
static const struct call timed_sleeps[] = { { "read", read_8 }, { NULL, NULL } };
/* It returns with the first byte, or with two if both have come. */
static const struct call byte_sleeps[] = { { "read", read_some }, { NULL, NULL } };
/*
 * What a read waits for, it has seen in the modes when it began, but whether there is input it asks by the modes as they are:
 * without ICANON an unfinished line is input. It goes on in the background. A new window sends SIGWINCH, but the same size
 * again sends nothing.
 */
static const struct call tty_changes[] = { { "a line, as it is", line_mode },
					   { "a line, TCSETSF", line_flushed },
					   { "a line, and a newline", line_and_newline },
					   { "a line, and ^D", line_and_eof },
					   { "a line, and more", line_and_more },
					   { "MIN 3", raw_3 },
					   { "MIN 3, and more", raw_3_and_more },
					   { "MIN 1", raw_1 },
					   { "MIN 1, TCSETSW", raw_1_drained },
					   { "MIN 1, TCSETSF", raw_flushed },
					   { "MIN 1, and more", raw_and_more },
					   { "MIN 0", raw_0 },
					   { "a byte", type_c },
					   { "two bytes", type_cd },
					   { "a newline", type_newline },
					   { "^D", type_eof },
					   { "^C", type_interrupt },
					   { "tcflush", flush_input },
					   { "TCOOFF", flow_off },
					   { "the background", background },
					   { "the background, and a line", background_and_line },
					   { "a new window", new_window },
					   { "the same window", same_window },
					   { "TIOCEXCL", exclusive },
					   { "O_NONBLOCK", nonblock_0 },
					   { "O_NONBLOCK, and modes", nonblock_and_modes },
					   { NULL, NULL } };
static const struct call tty_out_sleeps[] = {
	{ "write", write_1 }, { "poll", poll_out }, { "epoll", epoll_out }, { NULL, NULL }
};
/* What TCOOFF has stopped only TCOON resumes; what ^S has stopped, also ^Q, ^C, and tcsetattr without IXON. */
static const struct call tty_out_changes[] = {
	{ "TCOON", flow_on },
	{ "TCOOFF", flow_off },
	{ "TCOOFF, TCOON", flow_off_and_on },
	{ "TOSTOP, and on in the background", stop_background_then_on },
	{ "^Q", type_start },
	{ "^S", type_stop },
	{ "^C", type_interrupt },
	{ "no IXON", no_keys },
	{ "another VSTART", other_key },
	{ "another VSTART, which is typed", other_key_is_typed },
	{ "MIN 1", raw_1 },
	{ "tcflush of output", flush_output },
	{ "tcflush of both", flush_both },
	{ "a new window", new_window },
	{ "TIOCEXCL", exclusive },
	{ "close of another", close_1 },
	{ "O_NONBLOCK", nonblock_0 },
	{ "O_NONBLOCK, and ^Q", nonblock_and_start },
	{ "O_NONBLOCK, and modes", nonblock_and_modes },
	{ NULL, NULL }
};

static long end_and_raw(cc_t min)
{
	set_modes(TCSANOW, 0, min, 0);
	end_of_reader();
	return sleeps_on() ? type("a") : 0;
}

static long nonblock_and_end(void)
{
	nonblock_0();
	return end_of_reader();
}

CALL(end_and_raw_0, end_and_raw(0))
CALL(end_and_raw_1, end_and_raw(1))
CALL(end_and_raw_2, end_and_raw(2))

static const struct call behind_sleeps[] = { { "read", read_8 }, { NULL, NULL } };
/* It begins with the modes of the moment when its turn comes. */
static const struct call behind_changes[] = { { "the first one's end", end_of_reader },
					      { "MIN 0, and its end", end_and_raw_0 },
					      { "MIN 1, its end, and a byte", end_and_raw_1 },
					      { "MIN 2, its end, and a byte", end_and_raw_2 },
					      { "O_NONBLOCK, and its end", nonblock_and_end },
					      { NULL, NULL } };

/* ---- the clock ---- */

#define HOUR 3600l

static struct timespec clock_at_first, since;

static void clock_remember(void)
{
	clock_gettime(CLOCK_REALTIME, &clock_at_first);
	clock_gettime(CLOCK_MONOTONIC, &since);
}

/* To so many seconds from what it would show if nobody had set it. */
static struct timespec from_right(long seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now.tv_sec += clock_at_first.tv_sec - since.tv_sec + seconds;
	return now;
}

/* Returns when a moment of the clock has passed, by the clock as it is then. */
static long jump_to(long seconds)
{
	struct timespec t = from_right(seconds);
	int err = clock_settime(CLOCK_REALTIME, &t);

	t.tv_nsec = t.tv_nsec < 999000000 ? t.tv_nsec + 1000000 : 999999999;
	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL);
	return err;
}

static long set_time_of_day(long seconds)
{
	struct timespec t = from_right(seconds);
	struct timeval tv = { t.tv_sec, t.tv_nsec / 1000 };

	return settimeofday(&tv, NULL);
}

static struct timespec deadline;

static void make_deadline(void)
{
	clock_remember();
	deadline = from_right(HOUR);
	fd[0] = queue_new(1, 8);
	fd[1] = queue_new(1, 8);
	put(fd[1], "m", 1);
	fd[2] = fd[3] = fd[4] = fd[5] = fd[6] = -1;
	both->words[0] = 0;
}

static void end_deadline(void)
{
	jump_to(0);
	close_all();
}

static long or_errno(int err)
{
	errno = err;
	return err ? -1 : 0;
}

static const struct timespec far = { HOUR, 0 };

static long futex_until(int op, const struct timespec *t)
{
	return syscall(SYS_futex, &both->words[0], op, 0, t, NULL, FUTEX_BITSET_MATCH_ANY);
}

static long waitv_until(clockid_t clock)
{
	const struct {
		uint64_t val, uaddr;
		uint32_t flags, reserved;
	} word = { .uaddr = (uintptr_t)&both->words[0], .flags = 2 };
	struct timespec t = deadline;

	if (clock == CLOCK_MONOTONIC) {
		clock_gettime(clock, &t);
		t.tv_sec += HOUR;
	}
	return syscall(449 /* futex_waitv */, &word, 1, 0, &t, clock);
}

static long arm_timerfd(clockid_t clock, int flags)
{
	const struct itimerspec spec = { .it_value = flags ? deadline : far };

	fd[0] = timerfd_create(clock, 0);
	return timerfd_settime(fd[0], flags, &spec, NULL);
}

static long read_timerfd(clockid_t clock, int flags)
{
	return arm_timerfd(clock, flags) ? -1 : read_8();
}

static long poll_timerfd(int flags)
{
	return arm_timerfd(CLOCK_REALTIME, flags) ? -1 : poll_in();
}

static long epoll_timerfd(int flags)
{
	return arm_timerfd(CLOCK_REALTIME, flags) ? -1 : epoll_in();
}

#define TOLD (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)

/* Its signal is SIGUSR1. */
static long pause_with_timer(clockid_t clock, int flags)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	const struct itimerspec spec = { .it_value = flags ? deadline : far };
	timer_t id;

	if (timer_create(clock, &event, &id) != 0 || timer_settime(id, flags, &spec, NULL) != 0)
		return -2;
	return pause();
}

static long pause_with_itimer(void)
{
	const struct itimerval spec = { .it_value = { HOUR, 0 } };
	sigset_t none;

	setitimer(ITIMER_REAL, &spec, NULL);
	sigemptyset(&none);
	return sigsuspend(&none);
}

static long sem_until(void)
{
	struct sembuf op = { .sem_op = -1 };

	return semtimedop(semget(IPC_PRIVATE, 1, 0600), &op, 1, &far);
}

static long signal_until(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	return sigtimedwait(&set, NULL, &far);
}

CALL(sleep_until, or_errno(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &deadline, NULL)))
CALL(sleep_for, or_errno(clock_nanosleep(CLOCK_REALTIME, 0, &far, NULL)))
CALL(sleep_boot, or_errno(clock_nanosleep(CLOCK_BOOTTIME, 0, &far, NULL)))
CALL(futex_wall, futex_until(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, &deadline))
CALL(futex_for, futex_until(FUTEX_WAIT, &far))
CALL(waitv_wall, waitv_until(CLOCK_REALTIME))
CALL(waitv_monotonic, waitv_until(CLOCK_MONOTONIC))
CALL(mq_get_until, mq_timedreceive(fd[0], bytes, 8, NULL, &deadline))
CALL(mq_put_until, mq_timedsend(fd[1], "n", 1, 0, &deadline))
CALL(timerfd_until, read_timerfd(CLOCK_REALTIME, TFD_TIMER_ABSTIME))
CALL(timerfd_told, read_timerfd(CLOCK_REALTIME, TOLD))
CALL(timerfd_for, read_timerfd(CLOCK_REALTIME, 0))
CALL(timerfd_monotonic, read_timerfd(CLOCK_MONOTONIC, 0))
CALL(timerfd_poll, poll_timerfd(TFD_TIMER_ABSTIME))
CALL(timerfd_poll_told, poll_timerfd(TOLD))
CALL(timerfd_epoll_told, epoll_timerfd(TOLD))
CALL(timer_until, pause_with_timer(CLOCK_REALTIME, TIMER_ABSTIME))
CALL(timer_for, pause_with_timer(CLOCK_REALTIME, 0))
CALL(poll_for, poll(NULL, 0, HOUR * 1000))

static const struct call time_sleeps[] = { { "nanosleep until", sleep_until },
					   { "nanosleep", sleep_for },
					   { "nanosleep BOOTTIME", sleep_boot },
					   { "futex until", futex_wall },
					   { "futex", futex_for },
					   { "futex_waitv until", waitv_wall },
					   { "futex_waitv MONOTONIC", waitv_monotonic },
					   { "mq_timedreceive", mq_get_until },
					   { "mq_timedsend", mq_put_until },
					   { "timerfd until", timerfd_until },
					   { "timerfd CANCEL_ON_SET", timerfd_told },
					   { "timerfd", timerfd_for },
					   { "timerfd MONOTONIC", timerfd_monotonic },
					   { "poll of a timerfd until", timerfd_poll },
					   { "poll, CANCEL_ON_SET", timerfd_poll_told },
					   { "epoll, CANCEL_ON_SET", timerfd_epoll_told },
					   { "pause, a timer until", timer_until },
					   { "pause, a timer", timer_for },
					   { "sigsuspend, an itimer", pause_with_itimer },
					   { "poll", poll_for },
					   { "semtimedop", sem_until },
					   { "sigtimedwait", signal_until },
					   { NULL, NULL } };

CALL(jump_over, jump_to(2 * HOUR))
CALL(jump_near, jump_to(HOUR / 2))
CALL(jump_back, jump_to(-HOUR))
CALL(day_over, set_time_of_day(2 * HOUR))

static long back_and_over(void)
{
	jump_to(-HOUR);
	return jump_to(2 * HOUR);
}

/* A jump over the time until which one sleeps ends that; CANCEL_ON_SET tells of each jump; all else goes on. */
static const struct call time_changes[] = { { "over it", jump_over },
					    { "near it", jump_near },
					    { "back", jump_back },
					    { "back, then over it", back_and_over },
					    { "settimeofday over it", day_over },
					    { NULL, NULL } };

/* ---- limits ---- */

static char value_path[60], value_before[60];

/* Until the thing ends. */
static long set_value(const char *path, const char *value)
{
	int file;
	ssize_t n;

	snprintf(value_path, sizeof(value_path), "/proc/sys/%s", path);
	file = open(value_path, O_RDWR);
	n = read(file, value_before, sizeof(value_before) - 1);
	value_before[n > 0 ? n : 0] = '\0';
	n = pwrite(file, value, strlen(value), 0);
	close(file);
	return n < 0 ? -1 : 0;
}

static void restore_value(void)
{
	int file = value_path[0] ? open(value_path, O_WRONLY) : -1;

	if (file >= 0 && write(file, value_before, strlen(value_before)) < 0)
		exit(94);
	close(file);
	value_path[0] = '\0';
}

static long set_limit(int which, rlim_t most)
{
	const struct rlimit64 limit = { most, most };

	return prlimit64(child, which, &limit, NULL);
}

static int id;
static struct {
	long type;
	char text[32];
} message = { 1, "" };

static void make_queue(void)
{
	struct msqid_ds ds;

	id = msgget(IPC_PRIVATE, 0600);
	msgctl(id, IPC_STAT, &ds);
	ds.msg_qbytes = 16;
	msgctl(id, IPC_SET, &ds);
	msgsnd(id, &message, 16, 0);
}

static void end_queue(void)
{
	restore_value();
	msgctl(id, IPC_RMID, NULL);
}

static long take_message(const char *path, const char *value)
{
	set_value(path, value);
	return msgrcv(id, &message, 32, 0, 0);
}

CALL(send_8, msgsnd(id, &message, 8, 0))
CALL(msgmnb_more, set_value("kernel/msgmnb", "65536"))
CALL(msgmnb_less, take_message("kernel/msgmnb", "4"))
CALL(msgmax_less, set_value("kernel/msgmax", "4"))
CALL(msgmax_less_and_room, take_message("kernel/msgmax", "4"))
CALL(msgmni_0, take_message("kernel/msgmni", "0"))

static const struct call queue_sleeps[] = { { "msgsnd", send_8 }, { NULL, NULL } };
/* These limits are for queues and calls that begin later. */
static const struct call queue_changes[] = {
	{ "msgmnb more", msgmnb_more },	    { "msgmnb less, and room", msgmnb_less },
	{ "msgmax less", msgmax_less },	    { "msgmax less, and room", msgmax_less_and_room },
	{ "msgmni 0, and room", msgmni_0 }, { NULL, NULL }
};

static void make_sem(void)
{
	id = semget(IPC_PRIVATE, 2, 0600);
}

static void end_sem(void)
{
	restore_value();
	semctl(id, 0, IPC_RMID);
}

static long down_both(void)
{
	struct sembuf ops[] = { { 0, -1, 0 }, { 1, -1, 0 } };

	return semop(id, ops, 2);
}

static long up_both(void)
{
	struct sembuf op = { 0, 1, 0 };

	semop(id, &op, 1);
	op.sem_num = 1;
	return semop(id, &op, 1);
}

static long one_operation(void)
{
	set_value("kernel/sem", "32000 1024000000 1 32000");
	return up_both();
}

static long one_semaphore(void)
{
	set_value("kernel/sem", "1 2 500 1");
	return up_both();
}

static const struct call sem_sleeps[] = { { "semop of two", down_both }, { NULL, NULL } };
static const struct call sem_changes[] = { { "SEMOPM 1, and semop", one_operation },
					   { "SEMMSL 1, and semop", one_semaphore },
					   { NULL, NULL } };

static void make_mq(void)
{
	fd[0] = queue_new(1, 8);
	fd[1] = dup(fd[0]);
	put(fd[1], "m", 1);
}

static void end_value(void)
{
	restore_value();
	close_all();
}

static long take_of_mq(const char *path, const char *value)
{
	set_value(path, value);
	return mq_receive(fd[0], bytes, 8, NULL);
}

static long mq_limit_0(void)
{
	set_limit(RLIMIT_MSGQUEUE, 0);
	return mq_receive(fd[0], bytes, 8, NULL);
}

CALL(mq_put, put(fd[1], "n", 2))
CALL(msg_max_more, set_value("fs/mqueue/msg_max", "100"))
CALL(msg_max_1, take_of_mq("fs/mqueue/msg_max", "1"))
CALL(queues_max_0, take_of_mq("fs/mqueue/queues_max", "0"))

static const struct call mq_sleeps[] = { { "mq_send", mq_put },
					 { "poll", poll_out },
					 { NULL, NULL } };
static const struct call mq_changes[] = { { "msg_max more", msg_max_more },
					  { "msg_max 1, and room", msg_max_1 },
					  { "queues_max 0, and room", queues_max_0 },
					  { "RLIMIT_MSGQUEUE 0, and room", mq_limit_0 },
					  { NULL, NULL } };

static void make_pipe(void)
{
	if (pipe(fd) != 0 || fcntl(fd[1], F_SETPIPE_SZ, PAGE) != (int)PAGE)
		exit(94);
	write(fd[1], bytes, PAGE);
}

static long room_below(rlim_t most)
{
	set_limit(RLIMIT_FSIZE, most);
	return read(fd[0], bytes, PAGE);
}

static long grow_above(void)
{
	set_value("fs/pipe-max-size", "4096");
	return fcntl(fd[1], F_SETPIPE_SZ, 2 * PAGE);
}

CALL(write_page, write(fd[1], bytes, PAGE))
CALL(pipe_size_less, set_value("fs/pipe-max-size", "4096"))
CALL(pipe_size_more, set_value("fs/pipe-max-size", "2097152"))
CALL(fsize_0, room_below(0))
CALL(nofile_0, set_limit(RLIMIT_NOFILE, 0))

static const struct call pipe_sleeps[] = { { "write", write_page },
					   { "poll", poll_out },
					   { NULL, NULL } };
/* pipe-max-size is for F_SETPIPE_SZ alone, and root may exceed it. */
static const struct call pipe_changes[] = { { "pipe-max-size less", pipe_size_less },
					    { "pipe-max-size more", pipe_size_more },
					    { "pipe-max-size less, and F_SETPIPE_SZ", grow_above },
					    { "RLIMIT_FSIZE 0, and room", fsize_0 },
					    { "RLIMIT_NOFILE 0", nofile_0 },
					    { NULL, NULL } };

static void make_fifo(void)
{
	mkfifo("fifo", 0600);
}

static void end_fifo(void)
{
	unlink("fifo");
	close_all();
}

static long open_without_limit(void)
{
	nofile_0();
	fd[1] = open("fifo", O_WRONLY | O_NONBLOCK);
	return fd[1] < 0 ? -1 : 0;
}

CALL(open_reader, open("fifo", O_RDONLY) < 0 ? -1 : 1)

static const struct call fifo_sleeps[] = { { "open", open_reader }, { NULL, NULL } };
/* The descriptor was reserved before. */
static const struct call fifo_changes[] = { { "RLIMIT_NOFILE 0", nofile_0 },
					    { "RLIMIT_NOFILE 0, and a writer", open_without_limit },
					    { NULL, NULL } };

static void make_inotify(void)
{
	mkdir("dir", 0700);
	fd[0] = inotify_init1(0);
	inotify_add_watch(fd[0], "dir", IN_CREATE);
}

static void end_inotify(void)
{
	unlink("dir/name");
	rmdir("dir");
	end_value();
}

static long name_with(const char *path)
{
	set_value(path, "0");
	return close(open("dir/name", O_CREAT | O_WRONLY, 0600));
}

CALL(read_events, read(fd[0], bytes, PAGE) < 0 ? -1 : 1)
CALL(no_events, name_with("fs/inotify/max_queued_events"))
CALL(no_watches, name_with("fs/inotify/max_user_watches"))
CALL(no_instances, name_with("fs/inotify/max_user_instances"))

static const struct call inotify_sleeps[] = { { "read", read_events },
					      { "poll", poll_in },
					      { NULL, NULL } };
/* These are for instances and watches that are made later. */
static const struct call inotify_changes[] = { { "max_queued_events 0, and a name", no_events },
					       { "max_user_watches 0, and a name", no_watches },
					       { "max_user_instances 0, and a name", no_instances },
					       { NULL, NULL } };

static long await_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return sigwaitinfo(&set, NULL) < 0 ? -1 : 1;
}

static long queue_none(int sig)
{
	set_limit(RLIMIT_SIGPENDING, 0);
	return sigqueue(child, sig, (union sigval){ .sival_int = 1 });
}

static long kill_without_room(int sig)
{
	set_limit(RLIMIT_SIGPENDING, 0);
	return kill(child, sig);
}

CALL(queue_rt, queue_none(SIGRTMIN))
CALL(queue_alarm, queue_none(SIGALRM))
CALL(kill_rt, kill_without_room(SIGRTMIN))
CALL(cpu_limit, set_limit(RLIMIT_CPU, 1))
CALL(nproc_limit, set_limit(RLIMIT_NPROC, 0))

static const struct call signal_sleeps[] = { { "sigwaitinfo", await_signal }, { NULL, NULL } };
static const struct call signal_changes[] = { { "RLIMIT_SIGPENDING 0, and sigqueue", queue_rt },
					      { "RLIMIT_SIGPENDING 0, and sigqueue of SIGALRM",
						queue_alarm },
					      { "RLIMIT_SIGPENDING 0, and kill", kill_rt },
					      { "RLIMIT_CPU 1", cpu_limit },
					      { "RLIMIT_NPROC 0", nproc_limit },
					      { NULL, NULL } };

static const struct thing terminals[] = {
	{ "a line", make_line, stop_if_behind, end_terminal, tty_sleeps, tty_changes },
	{ "MIN 3", make_raw_3, stop_if_behind, end_terminal, tty_sleeps, tty_changes },
	{ "MIN 3 TIME", make_raw_timed, stop_if_behind, end_terminal, timed_sleeps, tty_changes },
	{ "TIME", make_raw_0, stop_if_behind, end_terminal, byte_sleeps, tty_changes },
	{ "one reads", make_reader, stop_if_behind, end_reader, behind_sleeps, behind_changes },
	{ "TCOOFF", make_held_off, stop_if_behind, end_terminal, tty_out_sleeps, tty_out_changes },
	{ "^S", make_stopped, stop_if_behind, end_terminal, tty_out_sleeps, tty_out_changes },
};

static const struct thing others[] = {
	{ "time", make_deadline, nothing, end_deadline, time_sleeps, time_changes },
	{ "full queue", make_queue, nothing, end_queue, queue_sleeps, queue_changes },
	{ "semaphores", make_sem, nothing, end_sem, sem_sleeps, sem_changes },
	{ "full mq", make_mq, nothing, end_value, mq_sleeps, mq_changes },
	{ "full pipe", make_pipe, nothing, end_value, pipe_sleeps, pipe_changes },
	{ "fifo", make_fifo, nothing, end_fifo, fifo_sleeps, fifo_changes },
	{ "inotify", make_inotify, nothing, end_inotify, inotify_sleeps, inotify_changes },
	{ "signals", nothing, nothing, nothing, signal_sleeps, signal_changes },
};

#define COUNT(things) (sizeof(things) / sizeof((things)[0]))

/* In a session of its own. */
static int on_terminals(void *unused)
{
	(void)unused;
	signal(SIGINT, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	setsid();
	tty = open_terminal();
	TRY(ioctl(tty, TIOCSCTTY, 1));
	tell_things(terminals, COUNT(terminals));
	return 0;
}

int main(void)
{
	begin();
	in_child("terminals", on_terminals, NULL);
	tell_things(others, COUNT(others));
	return 0;
}
