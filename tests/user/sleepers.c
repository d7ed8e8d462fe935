/* SPDX-License-Identifier: MIT */
/* R153: who sleeps on something, and what is done to that meanwhile: is it woken, and with which result? Each with each. */
#include "mq.h"
#include "sleepers.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

CALL(epoll_edge, set_events_of(EPOLLIN | EPOLLET))
CALL(read_much, read(fd[0], bytes, PAGE))
CALL(nonblock_1, set_nonblock(fd[1]))
CALL(close_0, close(fd[0]))
CALL(close_1, close(fd[1]))
CALL(cover_0, dup2(fd[7], fd[0]))
CALL(cover_1, dup2(fd[7], fd[1]))

/* ---- pipes ---- */

static void make_pipes(void)
{
	if (pipe(fd) != 0 || fcntl(fd[1], F_SETPIPE_SZ, PAGE) != (int)PAGE || pipe(fd + 2) != 0)
		exit(94);
	write(fd[3], bytes, 1);
	fd[4] = open("file", O_RDWR | O_CREAT, 0600);
	pwrite(fd[4], bytes, PAGE, 0);
	fd[5] = fd[6] = -1;
}

static void make_full_pipe(void)
{
	make_pipes();
	write(fd[1], bytes, PAGE);
}

static const struct iovec byte = { bytes, 1 };

CALL(write_1, write(fd[1], bytes, 1))
CALL(write_more, write(fd[1], bytes, 2 * PAGE))
CALL(splice_in, splice(fd[2], NULL, fd[1], NULL, 1, 0))
CALL(tee_in, tee(fd[2], fd[1], 1, 0))
CALL(vmsplice_in, vmsplice(fd[1], &byte, 1, 0))
CALL(sendfile_in, sendfile(fd[1], fd[4], NULL, 1))
CALL(grow, fcntl(fd[1], F_SETPIPE_SZ, 2 * PAGE))
CALL(same_size, fcntl(fd[1], F_SETPIPE_SZ, PAGE))
CALL(read_1, read(fd[0], bytes, 1))
CALL(splice_away, splice(fd[0], NULL, fd[7], NULL, PAGE, 0))
CALL(chmod_1, fchmod(fd[1], 0))

/* A writer waits for a free page of the pipe: a read of a whole page or a larger pipe frees one, a read of a byte does not. */
static const struct call full_sleeps[] = { { "write", write_1 },
					   { "write of two pages", write_more },
					   { "poll", poll_out },
					   { "epoll", epoll_out },
					   { "splice", splice_in },
					   { "tee", tee_in },
					   { "vmsplice", vmsplice_in },
					   { "sendfile", sendfile_in },
					   { NULL, NULL } };
/* The end of the last reader wakes a writer with EPIPE; O_NONBLOCK counts for later calls only. */
static const struct call full_changes[] = { { "F_SETPIPE_SZ", grow },
					    { "F_SETPIPE_SZ as it is", same_size },
					    { "read of a byte", read_1 },
					    { "read of all", read_much },
					    { "splice of all", splice_away },
					    { "close of the reader", close_0 },
					    { "dup2 over the reader", cover_0 },
					    { "dup2 over the writer", cover_1 },
					    { "O_NONBLOCK", nonblock_1 },
					    { "fchmod", chmod_1 },
					    { NULL, NULL } };

CALL(splice_out, splice(fd[0], NULL, fd[7], NULL, 1, 0))
CALL(tee_out, tee(fd[0], fd[3], 1, 0))
CALL(write_none, write(fd[1], bytes, 0))

/* Bytes that come by any way wake a reader, and so does the end of the last writer; a write of no bytes does not. */
static const struct call empty_sleeps[] = { { "read", read_8 },
					    { "poll", poll_in },
					    { "epoll", epoll_in },
					    { "epoll edge", epoll_edge },
					    { "splice", splice_out },
					    { "tee", tee_out },
					    { NULL, NULL } };
static const struct call empty_changes[] = { { "write", write_1 },
					     { "write of nothing", write_none },
					     { "splice", splice_in },
					     { "tee", tee_in },
					     { "vmsplice", vmsplice_in },
					     { "sendfile", sendfile_in },
					     { "F_SETPIPE_SZ", grow },
					     { "close of the writer", close_1 },
					     { "dup2 over the writer", cover_1 },
					     { "dup2 over the reader", cover_0 },
					     { "O_NONBLOCK", nonblock_0 },
					     { NULL, NULL } };

static void make_fifo(void)
{
	mkfifo("fifo", 0600);
}

static void end_fifo(void)
{
	unlink("fifo");
	unlink("moved");
	close_all();
}

CALL(open_reader, open("fifo", O_RDONLY))
CALL(open_writer, open("fifo", O_WRONLY))
CALL(open_reader_now, fd[0] = open("fifo", O_RDONLY | O_NONBLOCK))
CALL(open_writer_now, fd[1] = open("fifo", O_WRONLY | O_NONBLOCK))
CALL(open_both, fd[2] = open("fifo", O_RDWR))
CALL(open_path, fd[3] = open("fifo", O_PATH))
CALL(unlink_fifo, unlink("fifo"))
CALL(rename_fifo, rename("fifo", "moved"))
CALL(chmod_fifo, chmod("fifo", 0))

/* The open of a FIFO waits for the other side; an open for both counts as that, O_PATH and changes of the name do not. */
static const struct call fifo_sleeps[] = { { "open to read", open_reader },
					   { "open to write", open_writer },
					   { NULL, NULL } };
static const struct call fifo_changes[] = { { "open to read", open_reader_now },
					    { "open to write", open_writer_now },
					    { "open for both", open_both },
					    { "open O_PATH", open_path },
					    { "unlink", unlink_fifo },
					    { "rename", rename_fifo },
					    { "chmod", chmod_fifo },
					    { NULL, NULL } };

/* ---- counters, timers, signals, names ---- */

static void make_zero(void)
{
	fd[0] = eventfd(0, 0);
	fd[1] = dup(fd[0]);
}

static void make_most(void)
{
	uint64_t most = UINT64_MAX - 1;

	make_zero();
	write(fd[1], &most, 8);
}

static long count(uint64_t n)
{
	return write(fd[1], &n, 8);
}

CALL(count_1, count(1))
CALL(count_0, count(0))

static const struct call in_sleeps[] = {
	{ "read", read_8 }, { "poll", poll_in }, { "epoll", epoll_in }, { NULL, NULL }
};
/* A write of 0 to an eventfd succeeds, but it wakes no reader. */
static const struct call zero_changes[] = { { "write of 1", count_1 },	  { "write of 0", count_0 },
					    { "close", close_1 },	  { "dup2", cover_1 },
					    { "O_NONBLOCK", nonblock_0 }, { NULL, NULL } };
/* A write that would overflow an eventfd waits until somebody reads the counter. */
static const struct call most_sleeps[] = {
	{ "write", count_1 }, { "poll", poll_out }, { "epoll", epoll_out }, { NULL, NULL }
};
static const struct call most_changes[] = {
	{ "read", read_8 }, { "write of 0", count_0 }, { "O_NONBLOCK", nonblock_1 }, { NULL, NULL }
};

static void make_timer(void)
{
	fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
}

static long arm(int flags, time_t sec, long nsec)
{
	const struct itimerspec spec = { .it_value = { sec, nsec } };

	return timerfd_settime(fd[0], flags, &spec, NULL);
}

CALL(arm_soon, arm(0, 0, 1))
CALL(arm_past, arm(TFD_TIMER_ABSTIME, 0, 1))
CALL(arm_far, arm(0, FAR, 0))
CALL(disarm, arm(0, 0, 0))

/* A timerfd wakes its reader when the time that was set last is over, at once if it is past; a disarmed one does not. */
static const struct call timer_changes[] = { { "soon", arm_soon },	   { "past", arm_past },
					     { "far", arm_far },	   { "disarmed", disarm },
					     { "O_NONBLOCK", nonblock_0 }, { NULL, NULL } };

static sigset_t set_of(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return set;
}

static const struct call signalfd_sleeps[] = {
	{ "read", read_much }, { "poll", poll_in }, { "epoll", epoll_in }, { NULL, NULL }
};

static void make_signalfd(void)
{
	const sigset_t set = set_of(SIGALRM);

	fd[0] = signalfd(-1, &set, 0);
}

static long wait_for_other(void)
{
	const sigset_t set = set_of(SIGUSR2);

	return signalfd(fd[0], &set, 0);
}

static long tell(void)
{
	const union sigval value = { .sival_int = 1 };

	return sigqueue(child, SIGALRM, value);
}

CALL(alarm_child, kill(child, SIGALRM))

/* A signal of the set wakes the reader of a signalfd; a new set that nothing pending is in does not. */
static const struct call signalfd_changes[] = { { "the signal", alarm_child },
						{ "sigqueue", tell },
						{ "another set", wait_for_other },
						{ "O_NONBLOCK", nonblock_0 },
						{ NULL, NULL } };

static int watch;

static void make_inotify(void)
{
	mkdir("dir", 0700);
	fd[0] = inotify_init1(0);
	watch = inotify_add_watch(fd[0], "dir", IN_CREATE | IN_DELETE_SELF);
}

static void end_inotify(void)
{
	unlink("dir/name");
	rmdir("dir");
	close(fd[0]);
}

/* Some of several events may come when it has read the first. */
CALL(read_events, read(fd[0], bytes, PAGE) < 0 ? -1 : 1)
CALL(make_name, close(open("dir/name", O_CREAT | O_WRONLY, 0600)))
CALL(chmod_dir, chmod("dir", 0755))
CALL(remove_dir, rmdir("dir"))
CALL(remove_watch, inotify_rm_watch(fd[0], watch))
CALL(add_watch, inotify_add_watch(fd[0], "/", IN_CREATE))

static const struct call inotify_sleeps[] = {
	{ "read", read_events }, { "poll", poll_in }, { "epoll", epoll_in }, { NULL, NULL }
};
/* An event of the watch's mask wakes a reader, and so does the watch's end (IN_IGNORED). */
static const struct call inotify_changes[] = { { "a new name", make_name },
					       { "chmod", chmod_dir },
					       { "rmdir", remove_dir },
					       { "inotify_rm_watch", remove_watch },
					       { "inotify_add_watch", add_watch },
					       { "O_NONBLOCK", nonblock_0 },
					       { NULL, NULL } };

/* ---- epoll's own sets ---- */

static int set_fd;

static void make_set(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT };

	make_zero();
	set_fd = epoll_create1(0);
	epoll_ctl(set_fd, EPOLL_CTL_ADD, fd[0], &event);
	count(1);
	epoll_wait(set_fd, &event, 1, 0); /* its one shot: the counter stays ready */
	fd[2] = eventfd(1, 0);
}

static void end_set(void)
{
	close(set_fd);
	close_all();
}

static long control(int how, int of, unsigned events)
{
	struct epoll_event event = { .events = events };

	return epoll_ctl(set_fd, how, of, &event);
}

static long wait_for_set(void)
{
	struct epoll_event event;
	int n = epoll_wait(set_fd, &event, 1, -1);

	return n == 1 ? (long)event.events : n;
}

static long poll_set(void)
{
	struct pollfd ask = { .fd = set_fd, .events = POLLIN };
	int n = poll(&ask, 1, -1);

	return n == 1 ? ask.revents : n;
}

CALL(rearm, control(EPOLL_CTL_MOD, fd[0], EPOLLIN | EPOLLONESHOT))
CALL(rearm_out, control(EPOLL_CTL_MOD, fd[0], EPOLLOUT))
CALL(rearm_none, control(EPOLL_CTL_MOD, fd[0], 0))
CALL(add_ready, control(EPOLL_CTL_ADD, fd[2], EPOLLIN))
CALL(delete, control(EPOLL_CTL_DEL, fd[0], 0))
CALL(close_set, close(set_fd))

static const struct call set_sleeps[] = { { "epoll_wait", wait_for_set },
					  { "poll", poll_set },
					  { NULL, NULL } };
/* A watch that has fired its one shot reports nothing, whatever comes, until EPOLL_CTL_MOD arms it again. */
static const struct call set_changes[] = {
	{ "EPOLL_CTL_MOD", rearm },	   { "EPOLL_CTL_MOD EPOLLOUT", rearm_out },
	{ "EPOLL_CTL_MOD 0", rearm_none }, { "EPOLL_CTL_ADD", add_ready },
	{ "EPOLL_CTL_DEL", delete },	   { "write", count_1 },
	{ "close of the set", close_set }, { NULL, NULL }
};

/* ---- System V ---- */

static int id;

static struct {
	long type;
	char text[32];
} message = { 1, "" };

static void make_queue(void)
{
	id = msgget(IPC_PRIVATE, 0666);
}

static long change_queue(size_t bytes_, unsigned mode)
{
	struct msqid_ds ds;

	msgctl(id, IPC_STAT, &ds);
	ds.msg_qbytes = bytes_ ? bytes_ : ds.msg_qbytes;
	ds.msg_perm.mode = mode;
	return msgctl(id, IPC_SET, &ds);
}

static void make_full_queue(void)
{
	make_queue();
	change_queue(16, 0600);
	msgsnd(id, &message, 16, 0);
}

static void end_queue(void)
{
	msgctl(id, IPC_RMID, NULL);
}

static long send(long type, size_t size)
{
	message.type = type;
	return msgsnd(id, &message, size, 0);
}

CALL(send_8, send(1, 8))
CALL(send_24, send(1, 24))
CALL(send_type_5, send(5, 8))
CALL(receive_any, msgrcv(id, &message, 32, 0, 0))
CALL(receive_5, msgrcv(id, &message, 32, 5, 0))
CALL(receive_to_3, msgrcv(id, &message, 32, -3, 0))
CALL(receive_other, msgrcv(id, &message, 32, 1, MSG_EXCEPT))
CALL(receive_small, msgrcv(id, &message, 4, 0, 0))
CALL(receive_as_other, setuid(1000) ? -1 : msgrcv(id, &message, 32, 0, 0))
CALL(qbytes_more, change_queue(64, 0666))
CALL(qbytes_less, change_queue(8, 0600))
CALL(queue_mode, change_queue(0, 0))
CALL(queue_end, msgctl(id, IPC_RMID, NULL))

static const struct call msgsnd_sleeps[] = { { "msgsnd", send_8 },
					     { "msgsnd of more", send_24 },
					     { NULL, NULL } };
/* A message that is taken or a larger msg_qbytes makes room for a sender, and IPC_RMID ends its wait with EIDRM. */
static const struct call msgsnd_changes[] = {
	{ "msgrcv", receive_any },	    { "msg_qbytes more", qbytes_more },
	{ "msg_qbytes less", qbytes_less }, { "a mode", queue_mode },
	{ "IPC_RMID", queue_end },	    { NULL, NULL }
};
static const struct call msgrcv_sleeps[] = { { "msgrcv", receive_any },
					     { "msgrcv of type 5", receive_5 },
					     { "msgrcv to type 3", receive_to_3 },
					     { "msgrcv except type 1", receive_other },
					     { "msgrcv of 4 bytes", receive_small },
					     { "msgrcv of another user", receive_as_other },
					     { NULL, NULL } };
/* A change of the mode ends the wait of a receiver that may not read the queue any more: EACCES. */
static const struct call msgrcv_changes[] = {
	{ "type 1", send_8 },	  { "type 5", send_type_5 }, { "msg_qbytes", qbytes_more },
	{ "a mode", queue_mode }, { "IPC_RMID", queue_end }, { NULL, NULL }
};

union semun {
	int val;
	struct semid_ds *ds;
	unsigned short *array;
};

static long set_value(int num, int value)
{
	return semctl(id, num, SETVAL, (union semun){ .val = value });
}

static long set_all(unsigned short first, unsigned short second)
{
	unsigned short values[] = { first, second };

	return semctl(id, 0, SETALL, (union semun){ .array = values });
}

static void make_sem(void)
{
	id = semget(IPC_PRIVATE, 2, 0600);
	set_all(0, 1);
}

static void end_sem(void)
{
	semctl(id, 0, IPC_RMID);
}

static long set_mode(void)
{
	struct semid_ds ds;

	semctl(id, 0, IPC_STAT, (union semun){ .ds = &ds });
	ds.sem_perm.mode = 0;
	return semctl(id, 0, IPC_SET, (union semun){ .ds = &ds });
}

static long operate(short first, int with_second)
{
	struct sembuf ops[] = { { 0, first, 0 }, { 1, 0, 0 } };
	const struct timespec far = { FAR, 0 };

	return semtimedop(id, ops, with_second ? 2 : 1, &far);
}

static long wait_for_zero(void)
{
	struct sembuf op = { 1, 0, 0 };

	return semop(id, &op, 1);
}

CALL(down_1, operate(-1, 0))
CALL(down_2, operate(-2, 0))
CALL(down_and_zero, operate(-1, 1))
CALL(up_1, operate(1, 0))
CALL(value_1, set_value(0, 1))
CALL(value_0, set_value(0, 0))
CALL(other_0, set_value(1, 0))
CALL(all_2_0, set_all(2, 0))
CALL(sem_end, semctl(id, 0, IPC_RMID))

static const struct call sem_sleeps[] = { { "semop -1", down_1 },
					  { "semop -2", down_2 },
					  { "semop 0", wait_for_zero },
					  { "semop -1, and 0", down_and_zero },
					  { NULL, NULL } };
/* Each change of a value lets a waiter go on if all its operations can be done now; SETVAL and SETALL count like semop. */
static const struct call sem_changes[] = {
	{ "semop 1", up_1 },	 { "SETVAL 1", value_1 },
	{ "SETVAL 0", value_0 }, { "SETVAL 0 of the other", other_0 },
	{ "SETALL", all_2_0 },	 { "a mode", set_mode },
	{ "IPC_RMID", sem_end }, { NULL, NULL }
};

/* ---- POSIX message queues ---- */

static void make_mq(void)
{
	fd[0] = queue_new(1, 8);
	fd[1] = dup(fd[0]);
}

static void make_full_mq(void)
{
	make_mq();
	put(fd[1], "m", 1);
}

static long mq_nonblock(void)
{
	struct mq_attr attr = { .mq_flags = O_NONBLOCK };

	return mq_setattr(fd[0], &attr, NULL);
}

static long notify(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };

	return mq_notify(fd[0], &event);
}

CALL(mq_put, put(fd[1], "n", 2))
CALL(mq_get, mq_receive(fd[0], bytes, 8, NULL))

static const struct call mq_put_sleeps[] = {
	{ "mq_send", mq_put }, { "poll", poll_out }, { "epoll", epoll_out }, { NULL, NULL }
};
/* Only a message that is taken makes room: O_NONBLOCK, mq_notify and a close of another descriptor wake no sender. */
static const struct call mq_put_changes[] = { { "mq_receive", mq_get },
					      { "mq_setattr", mq_nonblock },
					      { "mq_notify", notify },
					      { "close", close_1 },
					      { NULL, NULL } };
static const struct call mq_get_sleeps[] = {
	{ "mq_receive", mq_get }, { "poll", poll_in }, { "epoll", epoll_in }, { NULL, NULL }
};
/* Only a message wakes a receiver. */
static const struct call mq_get_changes[] = { { "mq_send", mq_put },
					      { "mq_setattr", mq_nonblock },
					      { "mq_notify", notify },
					      { "close", close_1 },
					      { NULL, NULL } };

/* ---- locks of files ---- */

static void open_file(void)
{
	fd[0] = open("file", O_RDWR | O_CREAT, 0600);
	fd[1] = open("file", O_RDWR);
	fd[2] = dup(fd[0]);
	fd[3] = fd[4] = fd[5] = fd[6] = -1;
}

static void make_flock(void)
{
	open_file();
	flock(fd[0], LOCK_EX);
}

static long lock(int of, int command, short type, off_t start, off_t len)
{
	struct flock range = { .l_type = type, .l_start = start, .l_len = len };

	return fcntl(of, command, &range);
}

static void make_record(void)
{
	open_file();
	lock(fd[0], F_SETLK, F_WRLCK, 0, 100);
}

static void make_ofd(void)
{
	open_file();
	lock(fd[0], F_OFD_SETLK, F_WRLCK, 0, 100);
}

CALL(flock_ex, flock(fd[1], LOCK_EX))
CALL(flock_sh, flock(fd[1], LOCK_SH))
CALL(flock_none, flock(fd[0], LOCK_UN))
CALL(flock_weaken, flock(fd[0], LOCK_SH))
CALL(close_dup, close(fd[2]))
CALL(close_other, close(fd[1]))
CALL(unlink_file, unlink("file"))
CALL(truncate_file, ftruncate(fd[0], 0))
CALL(lock_start, lock(fd[1], F_SETLKW, F_WRLCK, 0, 10))
CALL(lock_end, lock(fd[1], F_SETLKW, F_RDLCK, 50, 10))
CALL(lock_ofd, lock(fd[1], F_OFD_SETLKW, F_WRLCK, 0, 10))
CALL(unlock_start, lock(fd[0], F_SETLK, F_UNLCK, 0, 20))
CALL(unlock_all, lock(fd[0], F_SETLK, F_UNLCK, 0, 0))
CALL(weaken_all, lock(fd[0], F_SETLK, F_RDLCK, 0, 100))
CALL(unlock_ofd, lock(fd[0], F_OFD_SETLK, F_UNLCK, 0, 0))
CALL(weaken_ofd, lock(fd[0], F_OFD_SETLK, F_RDLCK, 0, 100))

static void close_both(void)
{
	close(fd[0]);
	close(fd[2]);
}

static const struct call flock_sleeps[] = { { "LOCK_EX", flock_ex },
					    { "LOCK_SH", flock_sh },
					    { NULL, NULL } };
/* A lock of the whole file that is weakened lets waiting readers in; one descriptor that is closed of two frees nothing. */
static const struct call flock_changes[] = { { "LOCK_UN", flock_none },
					     { "LOCK_SH", flock_weaken },
					     { "close of one", close_dup },
					     { "dup2 over one", cover_0 },
					     { "unlink", unlink_file },
					     { "ftruncate", truncate_file },
					     { NULL, NULL } };
static const struct call record_sleeps[] = { { "F_SETLKW", lock_start },
					     { "F_SETLKW to read", lock_end },
					     { "F_OFD_SETLKW", lock_ofd },
					     { NULL, NULL } };
/* A process loses its record locks with the first descriptor of the file that it closes. */
static const struct call record_changes[] = { { "F_UNLCK of the start", unlock_start },
					      { "F_UNLCK", unlock_all },
					      { "F_RDLCK", weaken_all },
					      { "close of another open file", close_other },
					      { "dup2 over one", cover_0 },
					      { "unlink", unlink_file },
					      { NULL, NULL } };
/* A lock of an open file stays while a descriptor of that open file is left. */
static const struct call ofd_changes[] = { { "F_UNLCK", unlock_ofd },
					   { "F_RDLCK", weaken_ofd },
					   { "close of another open file", close_other },
					   { "close of one", close_dup },
					   { NULL, NULL } };

/* ---- futexes ---- */

static void make_words(void)
{
	both->words[0] = both->words[1] = 0;
}

static long futex(int which, int op, uint32_t value, const void *time, uint32_t more)
{
	return syscall(SYS_futex, &both->words[which], op, value, time, &both->words[1 - which],
		       more);
}

static long waitv(void)
{
	struct {
		uint64_t val, uaddr;
		uint32_t flags, reserved;
	} words[2] = { { .uaddr = (uintptr_t)&both->words[0], .flags = 2 },
		       { .uaddr = (uintptr_t)&both->words[1], .flags = 2 } };

	return syscall(449 /* futex_waitv */, words, 2, 0, NULL, 0);
}

static long wait_in_time(void)
{
	const struct timespec far = { FAR, 0 };

	return futex(0, FUTEX_WAIT, 0, &far, 0);
}

static long store(void)
{
	both->words[0] = 1;
	return 0;
}

CALL(wait_word, futex(0, FUTEX_WAIT, 0, NULL, 0))
CALL(wait_bit, futex(0, FUTEX_WAIT_BITSET, 0, NULL, 1))
CALL(wake, futex(0, FUTEX_WAKE, 1, NULL, 0))
CALL(wake_none, futex(0, FUTEX_WAKE_PRIVATE, 1, NULL, 0))
CALL(wake_other, futex(1, FUTEX_WAKE, 1, NULL, 0))
CALL(wake_bit_2, futex(0, FUTEX_WAKE_BITSET, 1, NULL, 2))
CALL(requeue, futex(0, FUTEX_REQUEUE, 0, (void *)1, 0))
CALL(requeue_wake, futex(0, FUTEX_CMP_REQUEUE, 1, (void *)1, 0))
CALL(wake_op, futex(1, FUTEX_WAKE_OP, 1, (void *)1, FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)))

static long requeue_and_wake_here(void)
{
	requeue();
	return wake();
}

static long requeue_and_wake_there(void)
{
	requeue();
	return wake_other();
}

static const struct call futex_sleeps[] = { { "FUTEX_WAIT", wait_word },
					    { "FUTEX_WAIT, with a time", wait_in_time },
					    { "FUTEX_WAIT_BITSET 1", wait_bit },
					    { "futex_waitv", waitv },
					    { NULL, NULL } };
/* A wake reaches a waiter of the same word, kind (private or shared) and bits; one that was requeued waits at its new word. */
static const struct call futex_changes[] = {
	{ "a store", store },
	{ "FUTEX_WAKE", wake },
	{ "FUTEX_WAKE_PRIVATE", wake_none },
	{ "FUTEX_WAKE of the other", wake_other },
	{ "FUTEX_WAKE_BITSET 2", wake_bit_2 },
	{ "FUTEX_WAKE_OP", wake_op },
	{ "FUTEX_REQUEUE", requeue },
	{ "FUTEX_CMP_REQUEUE", requeue_wake },
	{ "FUTEX_REQUEUE, and a wake here", requeue_and_wake_here },
	{ "FUTEX_REQUEUE, and a wake there", requeue_and_wake_there },
	{ NULL, NULL }
};

/* ---- children ---- */

static void leave_group(int sig)
{
	(void)sig;
	setpgid(0, 0);
}

/* A grandchild, which leaves its group at SIGALRM. */
static void bear(void)
{
	pid_t pid = fork();
	const sigset_t all = set_of(SIGALRM);

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGALRM, leave_group);
		sigprocmask(SIG_UNBLOCK, &all, NULL);
		for (;;)
			pause();
	}
	until_it_sleeps(pid);
	both->grandchild = pid;
}

static long wait_by_id(int how)
{
	siginfo_t info = { .si_code = 0 };

	return waitid(P_PID, (id_t)both->grandchild, &info, how) ? -1 : info.si_code;
}

static long poll_grandchild(void)
{
	fd[0] = (int)syscall(SYS_pidfd_open, both->grandchild, 0);
	return events_of(POLLIN);
}

/* Sends it a signal. Returns when it has ended or stopped, and the child that was woken for that has run. */
static long end_or_stop(int sig)
{
	char letter;

	kill(both->grandchild, sig);
	do
		letter = letter_of(both->grandchild);
	while (letter == 'S' || letter == 'R');
	while (letter_of(child) == 'R')
		nap(1);
	return 0;
}

CALL(grandchild_ends, end_or_stop(SIGKILL))
CALL(grandchild_stops, end_or_stop(SIGSTOP))

static long grandchild_goes_on(void)
{
	grandchild_stops();
	kill(both->grandchild, SIGCONT); /* it ends with a parent that was woken */
	return 0;
}

static long leave(void)
{
	pid_t before = getpgid(both->grandchild);

	kill(both->grandchild, SIGALRM);
	while (getpgid(both->grandchild) == before)
		sched_yield();
	until_it_sleeps(both->grandchild);
	return 0;
}

CALL(wait_any, waitpid(-1, NULL, 0) == -1 ? -1 : 1)
CALL(wait_group, waitpid(0, NULL, 0) == -1 ? -1 : 1)
CALL(wait_end, wait_by_id(WEXITED))
CALL(wait_stop, wait_by_id(WSTOPPED))
CALL(wait_continue, wait_by_id(WCONTINUED))

static void end_grandchild(void)
{
	if (both->grandchild)
		kill(both->grandchild, SIGKILL);
	both->grandchild = 0;
	close_all();
}

static const struct call child_sleeps[] = { { "waitpid", wait_any },
					    { "waitpid of the group", wait_group },
					    { "waitid WEXITED", wait_end },
					    { "waitid WSTOPPED", wait_stop },
					    { "waitid WCONTINUED", wait_continue },
					    { "poll of a pidfd", poll_grandchild },
					    { NULL, NULL } };
/* waitid without WEXITED fails with ECHILD when the last child that it waits for has ended. */
static const struct call child_changes[] = { { "its end", grandchild_ends },
					     { "its stop", grandchild_stops },
					     { "its stop and start", grandchild_goes_on },
					     { "setpgid", leave },
					     { NULL, NULL } };

/* ---- time and signals ---- */

static long sleep_long(int flags)
{
	const struct timespec far = { FAR, 0 };
	int err = clock_nanosleep(CLOCK_MONOTONIC, flags, &far, NULL);

	errno = err;
	return err ? -1 : 0;
}

static long suspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	return sigsuspend(&none);
}

static long await_signal(void)
{
	const sigset_t set = set_of(SIGALRM);

	return sigwaitinfo(&set, NULL);
}

CALL(sleep_relative, sleep_long(0))
CALL(sleep_absolute, sleep_long(TIMER_ABSTIME))
CALL(pause_, pause())
CALL(poll_nothing, poll(NULL, 0, FAR))
CALL(select_nothing, select(0, NULL, NULL, NULL, NULL))
CALL(continue_, kill(child, SIGCONT))
CALL(ignored, kill(child, SIGURG))

static const struct call signal_sleeps[] = { { "nanosleep", sleep_relative },
					     { "nanosleep until", sleep_absolute },
					     { "pause", pause_ },
					     { "sigsuspend", suspend },
					     { "sigwaitinfo", await_signal },
					     { "poll", poll_nothing },
					     { "select", select_nothing },
					     { NULL, NULL } };
/* A signal that is blocked or ignored interrupts no sleep, and neither does SIGCONT without a handler. */
static const struct call signal_changes[] = { { "SIGALRM, which is blocked", alarm_child },
					      { "sigqueue", tell },
					      { "SIGCONT", continue_ },
					      { "SIGURG, which is ignored", ignored },
					      { NULL, NULL } };

static void child_of_full(void)
{
	close(fd[0]);
}

static void child_of_empty(void)
{
	close(fd[1]);
}

static const struct thing things[] = {
	{ "full pipe", make_full_pipe, child_of_full, close_all, full_sleeps, full_changes },
	{ "empty pipe", make_pipes, child_of_empty, close_all, empty_sleeps, empty_changes },
	{ "fifo", make_fifo, nothing, end_fifo, fifo_sleeps, fifo_changes },
	{ "eventfd, zero", make_zero, nothing, close_all, in_sleeps, zero_changes },
	{ "eventfd, full", make_most, nothing, close_all, most_sleeps, most_changes },
	{ "timerfd", make_timer, nothing, close_all, in_sleeps, timer_changes },
	{ "signalfd", make_signalfd, nothing, close_all, signalfd_sleeps, signalfd_changes },
	{ "inotify", make_inotify, nothing, end_inotify, inotify_sleeps, inotify_changes },
	{ "set of epoll", make_set, nothing, end_set, set_sleeps, set_changes },
	{ "full queue", make_full_queue, nothing, end_queue, msgsnd_sleeps, msgsnd_changes },
	{ "empty queue", make_queue, nothing, end_queue, msgrcv_sleeps, msgrcv_changes },
	{ "semaphores", make_sem, nothing, end_sem, sem_sleeps, sem_changes },
	{ "full mq", make_full_mq, nothing, close_all, mq_put_sleeps, mq_put_changes },
	{ "empty mq", make_mq, nothing, close_all, mq_get_sleeps, mq_get_changes },
	{ "flock", make_flock, close_both, close_all, flock_sleeps, flock_changes },
	{ "record lock", make_record, close_both, close_all, record_sleeps, record_changes },
	{ "lock of an open file", make_ofd, close_both, close_all, record_sleeps, ofd_changes },
	{ "futex", make_words, nothing, nothing, futex_sleeps, futex_changes },
	{ "grandchild", nothing, bear, end_grandchild, child_sleeps, child_changes },
	{ "signals", nothing, nothing, nothing, signal_sleeps, signal_changes },
};

int main(void)
{
	begin();
	tell_things(things, sizeof(things) / sizeof(things[0]));
	return 0;
}
