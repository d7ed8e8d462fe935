/* SPDX-License-Identifier: MIT */
/* A terminal on a device of the test's own: its input to the end, and what ioctl asks of it. */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/signal.h"
#include "arch/irqflags.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "desc/poll.h"
#include "lib/string.h"
#include "linux/fs/dev/port.h"
#include "lib/tty/ldisc.h"
#include "linux/fs/tty/tty_private.h"
#include "linux/fs/vfs/inode.h"
#include "linux/process/reap.h"
#include "linux/signal/action.h"
#include "linux/signal/kill.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/late_event.h"
#include "tests/kernel/latency.h"

#define BUFFER 0x40000ul

#define UNLIMITED SIZE_MAX

static const char *keys;
static size_t nkeys, typed, echoed;
static bool full;	/* what ready() says of room */
static bool ends_never; /* the input stays open */
static size_t refusals; /* so many writes find the device full first */
static bool ends_late;	/* the input ends after the last echo */
static char screen[64]; /* the end of what came */

static size_t keyboard_read(struct chardev *dev, void *to, size_t n)
{
	size_t got = MIN(n, nkeys - typed);

	memcpy(to, keys + typed, got);
	typed += got;
	return got;
}

static bool keyboard_ended(struct chardev *dev)
{
	return !ends_never && typed == nkeys && (!ends_late || refusals == 0);
}

static size_t screen_write(struct chardev *dev, const void *from, size_t n)
{
	if (refusals != 0) {
		refusals -= refusals != UNLIMITED;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		screen[echoed++ % sizeof(screen)] = ((const char *)from)[i];
	return n;
}

static unsigned screen_ready(struct chardev *dev)
{
	return full ? 0 : CHARDEV_WRITABLE;
}

static const struct chardev_ops device_ops = {
	.read = keyboard_read,
	.ended = keyboard_ended,
	.write = screen_write,
	.ready = screen_ready,
};

static struct chardev device = { .name = "test", .ops = &device_ops };
static struct tty tty;

static void begin(const char *text, size_t n)
{
	keys = text;
	nkeys = n;
	typed = echoed = 0;
	memset(&tty, 0, sizeof(tty));
	waitq_init(&device.readable);
	waitq_init(&device.writable);
	tty.dev = &device;
	turn_init(&tty.input);
	turn_init(&tty.output);
	spin_init(&tty.lock, LOCK_FS);
	ldisc_init(&tty.ldisc, false);
	waitq_init(&tty.readable);
	waitq_init(&tty.resumed);
	async_queue_init(&tty.async, &tty.jobs);
}

/* All of it is typed, and the device ends. */
static void type(const char *text)
{
	begin(text, strlen(text));
	tty_input_main(&tty);
}

static void type_all(void)
{
	type("ab\n");
}

KTEST(terminal_hangs_up_where_its_device_ends)
{
	type_all();
	EXPECT_TRUE(tty.hung_up);
	EXPECT_EQ(sizeof("ab\r\n") - 1, echoed);
	EXPECT_EQ(3, ldisc_available(&tty.ldisc));
}

static size_t available_now(void)
{
	return ldisc_available(&tty.ldisc);
}

static int available(void)
{
	int32_t n = -1;

	EXPECT_EQ(0, tty_ioctl_request(&tty, FIONREAD, BUFFER));
	EXPECT_EQ(0, user_copy_in(&n, BUFFER, sizeof(n)));
	return n;
}

static int asks(void *unused)
{
	struct abi_winsize winsize = { .rows = 7, .cols = 9 };
	struct uspace *us = current_process()->uspace;
	long at;

	uspace_lock(us);
	at = space_map(us, BUFFER, PAGE_SIZE, READ_WRITE, 0);
	uspace_unlock(us);
	if (at < 0 || user_copy_out(BUFFER, &winsize, sizeof(winsize)))
		return 99;
	EXPECT_EQ(0, tty_ioctl_request(&tty, TIOCSWINSZ, BUFFER));
	EXPECT_EQ(7, tty.winsize.rows);
	EXPECT_EQ(0, tty_ioctl_request(&tty, TIOCGWINSZ, BUFFER));
	EXPECT_EQ(3, available());
	EXPECT_EQ(0, tty_ioctl_request(&tty, TCGETS, BUFFER));
	EXPECT_EQ(0, tty_ioctl_request(&tty, TCSETS, BUFFER));
	EXPECT_EQ(3, available());
	EXPECT_EQ(0, tty_ioctl_request(&tty, TCFLSH, TCIFLUSH));
	EXPECT_EQ(0, available());
	echoed = 0;
	EXPECT_EQ(0, tty_ioctl_request(&tty, TCXONC, TCIOFF));
	EXPECT_EQ(0, tty_ioctl_request(&tty, TCXONC, TCION));
	tty.ldisc.termios.c_cc[VSTOP] = 0;
	EXPECT_EQ(0, tty_ioctl_request(&tty, TCXONC, TCIOFF));
	EXPECT_EQ(2, echoed); /* ^S and ^Q */
	EXPECT_EQ(023, screen[0]);
	EXPECT_EQ(021, screen[1]);
	return 0;
}

KTEST(terminal_tells_what_it_is_asked)
{
	type_all();
	EXPECT_EQ(EXITED(0), ktest_run(asks, NULL));
}

/* A screen that has stopped for good keeps no ^C from what it is for. */
KTEST(terminal_takes_control_characters_while_its_output_is_stalled)
{
	refusals = UNLIMITED;
	type("ab\n\003");
	refusals = 0;
	EXPECT_EQ(4, typed);
	EXPECT_EQ(0, echoed);
	EXPECT_EQ(0, available_now());
}

KTEST(terminal_echoes_late_where_its_output_was_stalled)
{
	refusals = 3;
	ends_late = true;
	type("abc\n");
	ends_late = false;
	EXPECT_EQ(sizeof("abc\r\n") - 1, echoed);
	EXPECT_EQ(0, memcmp(screen, "abc\r\n", echoed));
}

/* What is more than the queue holds is dropped, echo by echo, and the rest is in order. */
KTEST(terminal_drops_echoes_behind_a_long_stall)
{
	static char many[3 * LDISC_ECHO_MAX + 1];

	memset(many, 'x', sizeof(many) - 1);
	refusals = UNLIMITED;
	type(many);
	EXPECT_EQ(2 * LDISC_ECHO_MAX, tty.echoes.n);
	refusals = 0;
}

/* ---- files on it ---- */

#define MUCH	 (256ul << 20) /* half a minute's output, if nobody ends it */
#define LINE_LEN 1000

static struct file *tty_file, *port_file;

static struct stream *port;
static struct inode tty_inode, port_inode;
static struct file_ops tty_file_ops, port_file_ops;

static void release_nothing(struct file *file)
{
	(void)file;
}

static struct file *open_device(struct file_ops *own, const struct file_ops *ops,
				struct inode *inode, void *node)
{
	*own = *ops;
	own->release = release_nothing;
	inode->device = node;
	return file_create(own, O_RDWR, inode);
}

static bool open_files(void)
{
	port = port_create(&device);
	if (!port)
		return false;
	tty_file = open_device(&tty_file_ops, &tty_ops, &tty_inode, &tty);
	port_file = open_device(&port_file_ops, &port_ops, &port_inode, port);
	return tty_file && port_file;
}

static void close_files(void)
{
	file_put(tty_file);
	file_put(port_file);
	kfree(port);
}

static int write_much(void *arg)
{
	struct file *file = arg;
	struct user_iter iter = user_iter_one(BUFFER, MUCH);

	if (!current_map(BUFFER, MUCH))
		return 99;
	(void)file->ops->write(file, &iter, NULL);
	return 4;
}

static int kill_a_writer(void *arg)
{
	struct waitq never = WAITQ_INIT(never);
	struct usage usage;
	int pid = ktest_spawn(write_much, arg);
	int status = -1;

	thread_wait_until(&never, waitq_sample(&never),
			  arch_time() + clock_ns_to_ticks(NSEC_PER_SEC / 50));
	EXPECT_EQ(0, process_kill(pid, SIGKILL));
	EXPECT_EQ(pid, process_wait(pid, 0, &status, &usage));
	EXPECT_TRUE(echoed > 0);
	EXPECT_TRUE(echoed < MUCH);
	return 0;
}

static void kill_writer_of(struct file **file)
{
	begin("", 0);
	ends_never = true;
	ASSERT_TRUE(open_files());
	EXPECT_EQ(EXITED(0), ktest_run(kill_a_writer, *file));
	close_files();
	ends_never = false;
}

/* Where the device takes all that it is given, the writer never sleeps; others run all the same. */
KTEST(terminal_long_write_ends_by_a_kill)
{
	kill_writer_of(&tty_file);
}

KTEST(port_long_write_ends_by_a_kill)
{
	kill_writer_of(&port_file);
}

/* There is a handler, and another one writes. */
static int set_after_output(void *request)
{
	static const struct abi_sigaction action = { .handler = BUFFER };
	struct abi_termios2 modes = { .termios = tty.ldisc.termios };

	modes.termios.c_cc[VMIN] = 9;
	EXPECT_EQ(0, signal_action(SIGUSR1, &action, NULL));
	if (!current_map(BUFFER, PAGE_SIZE) || user_copy_out(BUFFER, &modes, sizeof(modes)) != 0)
		return 99;
	return -tty_ioctl_request(&tty, (uintptr_t)request, BUFFER);
}

/* Neither the modes nor what was typed have changed. */
KTEST(terminal_modes_that_wait_for_output_are_interrupted)
{
	static const unsigned long requests[] = { TCSETSW, TCSETSF, TCSETSW2, TCSETSF2 };

	type_all();
	EXPECT_EQ(0, turn_take(&tty.output, true));
	for (unsigned i = 0; i < ARRAY_SIZE(requests); i++) {
		int pid = ktest_spawn(set_after_output, (void *)requests[i]);

		ktest_settle();
		EXPECT_EQ(0, process_kill(pid, SIGUSR1));
		EXPECT_EQ(EXITED(EINTR), ktest_reap(pid));
		EXPECT_EQ(1, tty.ldisc.termios.c_cc[VMIN]);
		EXPECT_EQ(3, available_now());
	}
	turn_give(&tty.output);
}

static int write_x(void *arg)
{
	struct user_iter iter = user_iter_one(BUFFER, 1);

	(void)arg;
	if (!current_map(BUFFER, PAGE_SIZE) || user_copy_out(BUFFER, "x", 1) != 0)
		return 99;
	return (int)tty_file->ops->write(tty_file, &iter, NULL);
}

/* The screen takes bytes again when the echo of a line and a program's answer wait for it. */
KTEST(terminal_output_does_not_overtake_the_echo)
{
	refusals = UNLIMITED;
	type("ab\n");
	refusals = 0;
	EXPECT_EQ(0, echoed);
	ASSERT_TRUE(open_files());
	EXPECT_EQ(EXITED(1), ktest_run(write_x, NULL));
	close_files();
	EXPECT_EQ(sizeof("ab\r\nx") - 1, echoed);
	EXPECT_EQ(0, memcmp(screen, "ab\r\nx", echoed));
}

/* ---- more input than there is room for ---- */

#define ROW_LEN 50
#define ROWS	(3 * LDISC_ROOM / ROW_LEN) /* what is held back is full too */

static char rows[ROWS * ROW_LEN + 1];

/* Lines that differ, each of ROW_LEN bytes. */
static void make_rows(void)
{
	for (size_t i = 0; i < ROWS; i++) {
		memset(rows + i * ROW_LEN, (int)('a' + i % 26), ROW_LEN - 1);
		rows[i * ROW_LEN] = (char)('0' + i % 10);
		rows[(i + 1) * ROW_LEN - 1] = '\n';
	}
}

static int read_all(void *arg)
{
	static char piece[ROW_LEN];
	size_t done = 0;
	ssize_t n;

	(void)arg;
	if (!current_map(BUFFER, PAGE_SIZE))
		return 99;
	do {
		struct user_iter iter = user_iter_one(BUFFER, ROW_LEN);

		n = tty_file->ops->read(tty_file, &iter, NULL);
		if (n > 0 && (user_copy_in(piece, BUFFER, (size_t)n) != 0 ||
			      memcmp(piece, rows + done, (size_t)n) != 0))
			return 98;
		done += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	EXPECT_EQ(0, n);
	EXPECT_EQ(ROWS * ROW_LEN, done);
	return 0;
}

static int type_for_a_reader(void *arg)
{
	int pid = ktest_spawn(read_all, arg);
	struct usage usage;
	int status = -1;

	tty_input_main(&tty);
	EXPECT_EQ(pid, process_wait(pid, 0, &status, &usage));
	EXPECT_EQ(EXITED(0), status);
	return 0;
}

KTEST(terminal_loses_nothing_that_is_typed_ahead)
{
	make_rows();
	for (unsigned canonical = 0; canonical < 2; canonical++) {
		begin(rows, ROWS * ROW_LEN);
		if (!canonical)
			tty.ldisc.termios.c_lflag &= ~(unsigned)ICANON;
		ASSERT_TRUE(open_files());
		EXPECT_EQ(EXITED(0), ktest_run(type_for_a_reader, NULL));
		EXPECT_EQ(ROWS * ROW_LEN, typed);
		close_files();
	}
}

static void type_a_key_behind_rows(char key, bool stopped)
{
	size_t n = LDISC_ROOM + LDISC_HELD_MAX / 2;

	make_rows();
	rows[n] = key;
	begin(rows, n + 1);
	tty.ldisc.stopped = stopped;
	tty_input_main(&tty);
	EXPECT_EQ(n + 1, typed);
}

/* Nobody reads: the key for which that is to end does not wait behind what is held back. */
KTEST(terminal_takes_a_signal_before_what_is_held_back)
{
	type_a_key_behind_rows('\003', false);
	EXPECT_EQ(0, available_now());
	EXPECT_EQ(0, tty.held.n);
	EXPECT_EQ(0, memcmp(screen + (echoed - 2) % sizeof(screen), "^C", 2));
}

/* The reader may be one whose output ^S has stopped. A flush throws away what is held back, too. */
static int resumes_and_flushes(void *arg)
{
	struct waitq never = WAITQ_INIT(never);
	size_t taken;

	while (typed == 0 || typed < nkeys || !sched_is_asleep(arg))
		thread_wait_until(&never, waitq_sample(&never),
				  arch_time() + clock_ns_to_ticks(NSEC_PER_SEC / 1000));
	taken = tty.ldisc.write - tty.ldisc.read;
	EXPECT_TRUE(!tty.ldisc.stopped);
	EXPECT_TRUE(tty.held.n != 0);
	EXPECT_EQ(typed - 1, taken + tty.held.n); /* all but the key */
	EXPECT_EQ(0, memcmp(rows + taken, tty.held.bytes, tty.held.n));
	EXPECT_EQ(0, tty_ioctl_request(&tty, TCFLSH, TCIFLUSH));
	return 0;
}

static int type_start_behind_rows(void *arg)
{
	int pid = ktest_spawn(resumes_and_flushes, current_thread());
	struct usage usage;
	int status = -1;

	type_a_key_behind_rows('\021', true);
	EXPECT_EQ(0, tty.held.n);
	EXPECT_EQ(pid, process_wait(pid, 0, &status, &usage));
	return status;
}

KTEST(terminal_takes_start_before_what_is_held_back)
{
	typed = nkeys = 0;
	EXPECT_EQ(EXITED(0), ktest_run(type_start_behind_rows, NULL));
	EXPECT_TRUE(!tty.ldisc.stopped);
}

#ifdef FAULTLINE_HARDENED

static struct thread *readers[2];

/* Another thread comes between any two looks of a reader at the terminal. */
static void between_looks(enum interleave_kind kind, enum lock_class class, void *what)
{
	bool reads = current_thread() == readers[0] || current_thread() == readers[1];

	if (kind == INTERLEAVE_UNLOCK && class == LOCK_FS && reads && arch_irq_enabled() &&
	    lockorder_this_hart()->depth == 0)
		sched_yield();
}

static int read_a_line(void *arg)
{
	struct user_iter iter = user_iter_one(BUFFER, 2 * LINE_LEN);
	static char line[LINE_LEN];
	char first;

	if (!current_map(BUFFER, PAGE_SIZE))
		return 99;
	readers[(uintptr_t)arg] = current_thread();
	EXPECT_EQ(LINE_LEN, tty_file->ops->read(tty_file, &iter, NULL));
	readers[(uintptr_t)arg] = NULL;
	EXPECT_EQ(0, user_copy_in(line, BUFFER, LINE_LEN));
	first = line[0];
	for (size_t i = 0; i < LINE_LEN - 1; i++)
		EXPECT_EQ(first, line[i]);
	EXPECT_EQ('\n', line[LINE_LEN - 1]);
	return first;
}

static int two_read(void *unused)
{
	struct usage usage;
	int pids[2], status[2] = { 0 };

	for (uintptr_t i = 0; i < 2; i++)
		pids[i] = ktest_spawn(read_a_line, (void *)i);
	for (unsigned i = 0; i < 2; i++)
		EXPECT_EQ(pids[i], process_wait(pids[i], 0, &status[i], &usage));
	EXPECT_EQ(EXITED('a') + EXITED('b'), status[0] + status[1]);
	return 0;
}

KTEST_ALONE(terminal_gives_a_long_line_to_one_reader)
{
	static char lines[2 * LINE_LEN];

	memset(lines, 'a', LINE_LEN - 1);
	lines[LINE_LEN - 1] = '\n';
	memset(lines + LINE_LEN, 'b', LINE_LEN - 1);
	lines[2 * LINE_LEN - 1] = '\n';
	begin(lines, sizeof(lines));
	tty_input_main(&tty);
	ASSERT_TRUE(open_files());
	interleave_hook = between_looks;
	EXPECT_EQ(EXITED(0), ktest_run(two_read, NULL));
	interleave_hook = NULL;
	close_files();
}

#endif

/* ---- what can be done without waiting ---- */

#define IN  (POLLIN | POLLRDNORM)
#define OUT (POLLOUT | POLLWRNORM)

static void put_keys(const char *text)
{
	struct ldisc_echo echo;

	for (; *text; text++)
		ldisc_input(&tty.ldisc, (uint8_t)*text, &echo);
}

KTEST(terminal_is_polled_by_lines_or_by_vmin_bytes)
{
	type_all();
	tty.hung_up = false;
	EXPECT_EQ(IN | OUT, tty_poll_ready(&tty, NULL));
	ldisc_flush_input(&tty.ldisc);
	EXPECT_EQ(OUT, tty_poll_ready(&tty, NULL));
	put_keys("abc");
	EXPECT_EQ(OUT, tty_poll_ready(&tty, NULL));
	put_keys("\n");
	EXPECT_EQ(IN | OUT, tty_poll_ready(&tty, NULL));
	ldisc_flush_input(&tty.ldisc);
	tty.ldisc.termios.c_lflag &= ~(unsigned)ICANON;
	tty.ldisc.termios.c_cc[VMIN] = 3;
	tty.ldisc.termios.c_cc[VTIME] = 0;
	put_keys("ab");
	EXPECT_EQ(OUT, tty_poll_ready(&tty, NULL));
	tty.ldisc.termios.c_cc[VTIME] = 1;
	EXPECT_EQ(IN | OUT, tty_poll_ready(&tty, NULL));
	tty.ldisc.termios.c_cc[VTIME] = 0;
	put_keys("c");
	EXPECT_EQ(IN | OUT, tty_poll_ready(&tty, NULL));
	full = true;
	EXPECT_EQ(IN, tty_poll_ready(&tty, NULL));
	full = false;
	tty.ldisc.stopped = true;
	EXPECT_EQ(IN, tty_poll_ready(&tty, NULL));
	tty.ldisc.stopped = false;
	ldisc_flush_input(&tty.ldisc);
	tty.hung_up = true;
	EXPECT_EQ(IN | OUT | POLLHUP, tty_poll_ready(&tty, NULL));
}

/* Each of its queues wakes who polls it, and none does once it has forgotten them. */
KTEST(terminal_wakes_who_polls_it)
{
	struct waitq *queues[] = { &tty.readable, &tty.resumed, &device.writable };
	struct poll_entry entry = { .ask.events = POLLIN | POLLOUT };
	struct poller poller;

	type_all();
	poller_init(&poller);
	for (unsigned i = 0; i < ARRAY_SIZE(queues); i++) {
		uint64_t before = waitq_sample(&poller.woken);

		poller.entry = &entry;
		tty_poll_ready(&tty, &poller);
		EXPECT_EQ(3, entry.nwaiters);
		EXPECT_EQ(before, waitq_sample(&poller.woken));
		EXPECT_EQ(1, waitq_wake_all(queues[i]));
		EXPECT_EQ(before + 1, waitq_sample(&poller.woken));
		poll_forget(&entry);
		EXPECT_EQ(0, waitq_wake_all(queues[(i + 1) % ARRAY_SIZE(queues)]));
		EXPECT_EQ(before + 1, waitq_sample(&poller.woken));
	}
}

#ifdef FAULTLINE_HARDENED

static struct file *begin_tty(void)
{
	begin("ab\n", 3);
	return open_files() ? tty_file : NULL;
}

static void type_it(void)
{
	tty_input_main(&tty);
}

static struct file *begin_stopped(void)
{
	begin("", 0);
	tty.ldisc.stopped = true;
	return open_files() ? tty_file : NULL;
}

static void resume(void)
{
	spin_lock(&tty.lock);
	tty.ldisc.stopped = false;
	waitq_wake_all(&tty.resumed);
	spin_unlock(&tty.lock);
}

static struct file *begin_full(void)
{
	begin("", 0);
	full = true;
	return open_files() ? tty_file : NULL;
}

static struct file *begin_full_port(void)
{
	begin_full();
	return port_file;
}

static void make_room(void)
{
	full = false;
	waitq_wake_all(&device.writable);
}

static void end_files(void)
{
	full = false;
	close_files();
}

KTEST_ALONE(terminal_poll_misses_no_event)
{
	static const struct late_event events[] = {
		{ begin_tty, type_it, end_files, POLLIN },
		{ begin_stopped, resume, end_files, POLLOUT },
		{ begin_full, make_room, end_files, POLLOUT },
		{ begin_full_port, make_room, end_files, POLLOUT },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(events); i++)
		late_event_expect(&events[i]);
}

#endif

#ifdef FAULTLINE_LATENCY

/* R130. A terminal's lock is held while its line discipline takes a key. */
KTEST_ALONE(latency_of_an_erased_key_is_short_in_the_longest_line)
{
	static struct ldisc ldisc;
	static struct ldisc_echo echo;
	uint64_t took;

	if (!latency_clock_is_exact())
		return;
	ldisc_init(&ldisc, false);
	for (unsigned i = 0; i < LDISC_ROOM - 1; i++)
		(void)ldisc_input(&ldisc, 1, &echo); /* ^A */
	took = arch_instructions();
	(void)ldisc_input(&ldisc, 0x7f, &echo);
	took = arch_instructions() - took;
	EXPECT_TRUE(took < 100000);
}

#endif
