/* SPDX-License-Identifier: MIT */
/* Two threads wait, one thing comes, and one of the two leaves by a signal: the other one gets it (hardened build). */
#include "abi/errno.h"
#include "abi/eventfd.h"
#include "abi/fcntl.h"
#include "abi/futex.h"
#include "abi/mman.h"
#include "abi/resource.h"
#include "abi/signal.h"
#include "abi/signalfd.h"
#include "abi/sysvipc.h"
#include "abi/time.h"
#include "arch/frame.h"
#include "base/clock.h"
#include "base/hart.h"
#include "desc/epoll.h"
#include "desc/fdtable.h"
#include "desc/pipe.h"
#include "linux/fs/file/eventfd.h"
#include "linux/fs/file/pipe_size.h"
#include "desc/turn.h"
#include "ipc/endpoint.h"
#include "linux/fs/file/linux_file.h"
#include "linux/fs/file/lock_ranges.h"
#include "linux/fs/file/signalfd.h"
#include "linux/fs/vfs/namei.h"
#include "linux/fs/vfs/open.h"
#include "linux/mqueue/mqueue.h"
#include "linux/process/linux_process.h"
#include "linux/process/reap.h"
#include "linux/signal/action.h"
#include "linux/signal/kill.h"
#include "linux/signal/send.h"
#include "linux/signal/wait.h"
#include "linux/sys/calls.h"
#include "linux/sysv/msg.h"
#include "linux/sysv/sem.h"
#include "mm/fault/user_copy.h"
#include "mm/verbs.h"
#include "proc/futex.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

#ifdef FAULTLINE_HARDENED

#define PAGE_AT 0x40000ul

/* What is waited for. */
struct kind {
	const char *name;
	bool (*begin)(void); /* there is nothing to take */
	long (*take)(
		void); /* waits for it. Returns a negative errno, or anything else: it is taken */
	void (*happen)(void); /* there is something for one */
	void (*end)(void);
};

static const struct kind *kind;
static bool
	threads; /* those who wait are threads of one process, which begins the kind; else processes */

/* ---- pipes ---- */

static struct file *files[4];

static void put_files(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		if (files[i])
			file_put(files[i]);
		files[i] = NULL;
	}
}

static uint64_t buffer[PAGE_SIZE / sizeof(uint64_t)];

static long file_read(struct file *file, size_t n)
{
	struct user_iter iter = user_iter_kernel(buffer, n);

	return file->ops->read(file, &iter, NULL);
}

static long file_write(struct file *file, size_t n)
{
	struct user_iter iter = user_iter_kernel(buffer, n);

	return file->ops->write(file, &iter, NULL);
}

static bool begin_empty_pipe(void)
{
	return pipe_create(0, &files[0], &files[1]) == 0;
}

static long read_byte(void)
{
	return file_read(files[0], 1);
}

static void write_byte(void)
{
	EXPECT_EQ(1, file_write(files[1], 1));
}

static bool begin_full_pipe(void)
{
	if (!begin_empty_pipe() || pipe_set_size(files[1], PAGE_SIZE, true) != PAGE_SIZE)
		return false;
	return file_write(files[1], PAGE_SIZE) == PAGE_SIZE;
}

static long write_page(void)
{
	return file_write(files[1], PAGE_SIZE);
}

static void read_page(void)
{
	EXPECT_EQ(PAGE_SIZE, file_read(files[0], PAGE_SIZE));
}

/* ---- event counters ---- */

static bool begin_counter(uint64_t count, unsigned flags)
{
	buffer[0] = 1;
	return eventfd_create(count, EFD_SEMAPHORE | flags, &files[0]) == 0;
}

static bool begin_zero(void)
{
	return begin_counter(0, 0);
}

static long count_down(void)
{
	uint64_t n;
	struct user_iter iter = user_iter_kernel(&n, sizeof(n));

	return files[0]->ops->read(files[0], &iter, NULL);
}

static long count_up(void)
{
	return file_write(files[0], sizeof(uint64_t));
}

static void happen_up(void)
{
	EXPECT_EQ(sizeof(uint64_t), count_up());
}

static bool begin_most(void)
{
	return begin_counter(UINT64_MAX - 1, 0);
}

static void happen_down(void)
{
	EXPECT_EQ(sizeof(uint64_t), count_down());
}

/* ---- sets of epoll that watch one ---- */

static bool begin_sets(unsigned nsets, unsigned events)
{
	const struct abi_epoll_event event = { .events = POLLIN | events };

	if (!begin_counter(0, EFD_NONBLOCK))
		return false;
	for (unsigned i = 1; i <= nsets; i++)
		if (epoll_create(&files[i]) || epoll_add(files[i], 1, files[0], &event))
			return false;
	return true;
}

static bool begin_level(void)
{
	return begin_sets(1, 0);
}

static bool begin_edge(void)
{
	return begin_sets(1, EPOLLET);
}

static bool begin_exclusive(void)
{
	return begin_sets(2, EPOLLEXCLUSIVE);
}

/* A set that watches a set. */
static bool begin_nested(void)
{
	const struct abi_epoll_event event = { .events = POLLIN };

	return begin_sets(1, 0) && epoll_create(&files[2]) == 0 &&
	       epoll_add(files[2], 1, files[1], &event) == 0;
}

static long wait_and_count_down(struct file *set, uint64_t deadline)
{
	for (;;) {
		long n = epoll_wait(set, PAGE_AT, 1, deadline);

		if (n < 0)
			return n;
		n = count_down();
		if (n != -EAGAIN)
			return n;
	}
}

static long take_by_set(void)
{
	return wait_and_count_down(files[1], UINT64_MAX);
}

static long take_in_time(void)
{
	return wait_and_count_down(files[1], arch_time() + clock_ns_to_ticks(600 * NSEC_PER_SEC));
}

static long take_by_outer_set(void)
{
	return wait_and_count_down(files[2], UINT64_MAX);
}

static unsigned waiter_number(void);

static long take_by_own_set(void)
{
	return wait_and_count_down(files[1 + waiter_number()], UINT64_MAX);
}

/* ---- poll ---- */

/* The signal comes after the event: a poll that ends by it has looked once more, and another has taken the event. */
static bool event_is_first;

#define TIME_AT (PAGE_AT + 16)

/* The second counter stays as it is: when it is looked at, the first one has been. */
static bool begin_polled(void)
{
	return begin_counter(0, EFD_NONBLOCK) && eventfd_create(0, 0, &files[1]) == 0;
}

static long poll_and_count_down(const struct abi_timespec *time)
{
	struct trap_frame *frame = arch_thread_frame(&current_thread()->arch);
	struct abi_pollfd asks[2] = { { .events = POLLIN }, { .events = POLLIN } };

	for (unsigned i = 0; i < 2; i++) {
		file_get(files[i]);
		asks[i].fd = fdtable_install(current_thread()->fdtable, files[i], 0, false);
	}
	if (user_copy_out(PAGE_AT, asks, sizeof(asks)) ||
	    (time && user_copy_out(TIME_AT, time, sizeof(*time))))
		return 0;
	for (;;) {
		long n;

		frame->orig_a0 = PAGE_AT;
		*frame_arg_at(frame, 1) = ARRAY_SIZE(asks);
		*frame_arg_at(frame, 2) = time ? TIME_AT : 0;
		*frame_arg_at(frame, 3) = 0;
		n = sys_ppoll(frame);
		if (n == -EINTR && event_is_first)
			EXPECT_EQ(0, files[0]->ops->poll(files[0], NULL) & POLLIN);
		if (n >= 0)
			n = count_down();
		if (n != -EAGAIN)
			return n;
	}
}

static long take_by_poll(void)
{
	return poll_and_count_down(NULL);
}

static long take_by_poll_in_time(void)
{
	static const struct abi_timespec time = { .sec = 600 };

	return poll_and_count_down(&time);
}

/* ---- a semaphore made of a futex ---- */

static struct object *page;
static const struct futex_word word = { .at = PAGE_AT, .shared = true };
static unsigned units;

static bool begin_futex(void)
{
	page = object_create_anon(PAGE_SIZE);
	units = 0;
	return page != NULL;
}

static void map_futex(void)
{
	struct map_request request = { .addr = PAGE_AT,
				       .len = PAGE_SIZE,
				       .prot = READ_WRITE,
				       .max_prot = READ_WRITE,
				       .flags = MAP_SHARED | MAP_FIXED,
				       .object = page };
	struct uspace *us = current_process()->uspace;
	vaddr_t at;

	uspace_lock(us);
	EXPECT_EQ(0, vm_map(&us->space, &request, &at));
	uspace_unlock(us);
}

static uint32_t load_word(void)
{
	uint32_t value = 0;

	EXPECT_EQ(0, user_load_word(&value, PAGE_AT));
	return value;
}

static long wait_for_unit_until(const struct deadline *deadline)
{
	map_futex();
	for (;;) {
		uint32_t before = load_word();
		unsigned n = atomic_load(&units);
		int err;

		if (n != 0 && atomic_cas(&units, n, n - 1))
			return 0;
		err = futex_wait(word, before, FUTEX_BITSET_MATCH_ANY, deadline);
		if (err && err != -EAGAIN)
			return err;
	}
}

static long wait_for_unit(void)
{
	return wait_for_unit_until(NULL);
}

static long wait_for_unit_in_time(void)
{
	const struct deadline deadline = { .at = arch_time() +
						 clock_ns_to_ticks(600 * NSEC_PER_SEC) };

	return wait_for_unit_until(&deadline);
}

static void wake_for_unit(void)
{
	uint32_t value;

	map_futex();
	value = load_word() + 1;
	(void)atomic_add(&units, 1);
	EXPECT_EQ(0, user_copy_out(PAGE_AT, &value, sizeof(value)));
	(void)futex_wake(word, 1, FUTEX_BITSET_MATCH_ANY);
}

static void end_futex(void)
{
	object_put(page);
}

/* ---- semaphores and queues of System V ---- */

static int id;

static bool begin_sem(void)
{
	id = sysv_sem_get(IPC_PRIVATE, 1, 0600);
	return id >= 0;
}

static long sem_down(void)
{
	const struct abi_sembuf down = { .op = -1 };

	return sysv_sem_operate(id, &down, 1, UINT64_MAX);
}

static void sem_up(void)
{
	const struct abi_sembuf up = { .op = 1 };

	EXPECT_EQ(0, sysv_sem_operate(id, &up, 1, UINT64_MAX));
}

static void end_sem(void)
{
	EXPECT_EQ(0, sysv_sem_remove(id));
}

static bool begin_msg(void)
{
	id = sysv_msg_get(IPC_PRIVATE, 0600);
	return id >= 0;
}

#define HALF 8192 /* of a queue */

static long msg_put(size_t size)
{
	struct msg_msg *msg = sysv_msg_alloc(size);
	int err;

	if (!msg)
		return 0; /* which counts as taken */
	msg->type = 1;
	err = sysv_msg_send(id, msg, 0);
	if (err)
		sysv_msg_free(msg);
	return err;
}

static long msg_get_one(void)
{
	struct msg_msg *msg;
	int n = sysv_msg_receive(id, 0, HALF, 0, &msg);

	if (n >= 0)
		sysv_msg_free(msg);
	return n;
}

static bool begin_full_msg(void)
{
	return begin_msg() && msg_put(HALF) == 0 && msg_put(HALF) == 0;
}

static long put_half(void)
{
	return msg_put(HALF);
}

static void happen_put(void)
{
	EXPECT_EQ(0, msg_put(1));
}

static void happen_get(void)
{
	EXPECT_EQ(HALF, msg_get_one());
}

static void end_msg(void)
{
	EXPECT_EQ(0, sysv_msg_remove(id));
}

/* ---- POSIX message queues ---- */

static bool begin_mq(void)
{
	const struct abi_mq_attr sizes = { .maxmsg = 1, .msgsize = 8 };

	current_linux_process()->rlimits[RLIMIT_MSGQUEUE].cur = RLIM_INFINITY;
	return mqueue_open("three", O_RDWR | O_CREAT | O_EXCL, 0600, &sizes, &files[0]) == 0 &&
	       mqueue_unlink("three") == 0;
}

static long mq_put(void)
{
	struct msg_msg *msg = sysv_msg_alloc(1);
	int err;

	if (!msg)
		return 0;
	msg->type = 1;
	err = mqueue_send(files[0], msg, NULL);
	if (err)
		sysv_msg_free(msg);
	return err;
}

static long mq_get(void)
{
	struct msg_msg *msg;
	int err = mqueue_receive(files[0], NULL, &msg);

	if (!err)
		sysv_msg_free(msg);
	return err;
}

static bool begin_full_mq(void)
{
	return begin_mq() && mq_put() == 0;
}

static void happen_mq_put(void)
{
	EXPECT_EQ(0, mq_put());
}

static void happen_mq_get(void)
{
	EXPECT_EQ(0, mq_get());
}

/* ---- turns and locks of files ---- */

static struct turn a_turn;

static bool begin_turn(void)
{
	turn_init(&a_turn);
	return turn_take(&a_turn, true) == 0;
}

static long take_turn(void)
{
	return turn_take(&a_turn, false);
}

static void give_turn(void)
{
	turn_give(&a_turn);
}

static int set_lock(unsigned i, unsigned type)
{
	const struct file_lock lock = { .kind = FILE_LOCK_WHOLE,
					.type = type,
					.end = LOCK_RANGE_END,
					.owner = &linux_file(files[i])->locks,
					.pid = current_process()->pid };

	return file_lock_set(files[i], &lock, true);
}

static bool begin_locked(void)
{
	for (unsigned i = 0; i < 3; i++)
		if (fs_open(NULL, "three", O_RDWR | O_CREAT, 0600, &files[i]))
			return false;
	return fs_unlink(NULL, "three") == 0 && set_lock(2, F_WRLCK) == 0;
}

static long take_lock(void)
{
	return set_lock(waiter_number(), F_WRLCK);
}

static void unlock(void)
{
	EXPECT_EQ(0, set_lock(2, F_UNLCK));
}

/* ---- endpoints ---- */

static bool begin_endpoint(void)
{
	files[0] = endpoint_create();
	return files[0] && endpoint_badge(files[0], 1, false, &files[1]) == 0;
}

static long receive_pulse(void)
{
	struct ipc_words words;
	uint64_t badge;

	return endpoint_receive(files[0], &words, &badge, UINT64_MAX);
}

static void send_pulse(void)
{
	EXPECT_EQ(0, endpoint_notify(files[1], 1));
}

/* ---- children; those who wait are threads of their parent ---- */

static int children[2];
static struct waitq never_woken = WAITQ_INIT(never_woken);

static int be_child(void *status)
{
	while (thread_wait(&never_woken, waitq_sample(&never_woken)) == 0)
		;
	return (int)(uintptr_t)status;
}

static bool begin_children(void)
{
	for (unsigned i = 0; i < 2; i++)
		children[i] = ktest_spawn(be_child, (void *)(uintptr_t)(7 + i));
	return children[0] > 0 && children[1] > 0;
}

static bool is_there(int pid)
{
	bool is;

	spin_lock(&process_tree_lock);
	is = process_find(pid) != NULL;
	spin_unlock(&process_tree_lock);
	return is;
}

static bool has_ended(int pid)
{
	const struct process *process;
	bool has;

	spin_lock(&process_tree_lock);
	process = process_find(pid);
	has = !process || process->state == PROCESS_ZOMBIE;
	spin_unlock(&process_tree_lock);
	return has;
}

static long wait_for_child(int pid)
{
	struct usage usage;
	int status = 0;
	long found = process_wait(pid, 0, &status, &usage);

	if (found > 0)
		EXPECT_EQ(EXITED(found == children[0] ? 7 : 8), status);
	return found;
}

/* Who leaves has looked once more. */
static long expect_none_ended(long result)
{
	if (result == -EINTR && event_is_first)
		EXPECT_TRUE(!is_there(children[0]));
	return result;
}

static long take_any_child(void)
{
	return expect_none_ended(wait_for_child(-1));
}

/* Whom the other one has forestalled waits on for the second. */
static long take_child(void)
{
	long found = expect_none_ended(wait_for_child(children[0]));

	return found == -ECHILD ? take_any_child() : found;
}

static long take_own_child(void)
{
	return wait_for_child(children[waiter_number()]);
}

static void end_child(int pid)
{
	EXPECT_EQ(0, process_kill(pid, SIGKILL));
	while (!has_ended(pid))
		sched_yield();
}

static void end_first(void)
{
	end_child(children[0]);
}

static unsigned child_that_ends(void);

/* Not that of the one who leaves. */
static void end_one(void)
{
	end_child(children[child_that_ends()]);
}

static void end_children(void)
{
	for (unsigned i = 0; i < 2; i++)
		(void)process_kill(children[i], SIGKILL);
	ktest_settle(); /* process 1 reaps them */
}

/* ---- signals for the process, which its threads block ---- */

#define AWAITED SIGUSR2

static const uint64_t awaited = SIGNAL_BIT(AWAITED);
static int host; /* pid of that process */

static bool begin_signal(void)
{
	return signalfd_create(awaited, 0, &files[0]) == 0;
}

/* Who leaves has looked once more. */
static long expect_none_pending(long result)
{
	if (result == -EINTR && event_is_first)
		EXPECT_EQ(0, atomic_load(&current_linux_process()->signals.shared.set) & awaited);
	return result;
}

static long take_signal(void)
{
	struct signal_info info = { 0 };
	int taken = signal_wait(awaited, UINT64_MAX, &info);

	EXPECT_EQ(taken > 0 ? AWAITED : 0, info.sig);
	return expect_none_pending(taken);
}

static long read_signal(void)
{
	return expect_none_pending(file_read(files[0], sizeof(struct abi_signalfd_siginfo)));
}

static long take_or_read_signal(void)
{
	return waiter_number() ? read_signal() : take_signal();
}

static long read_or_take_signal(void)
{
	return waiter_number() ? take_signal() : read_signal();
}

static void send_signal(void)
{
	EXPECT_EQ(0, process_kill(host, AWAITED));
}

static const struct kind kinds[] = {
	{ "read of a pipe", begin_empty_pipe, read_byte, write_byte, put_files },
	{ "write of a pipe", begin_full_pipe, write_page, read_page, put_files },
	{ "read of a counter", begin_zero, count_down, happen_up, put_files },
	{ "write of a counter", begin_most, count_up, happen_down, put_files },
	{ "epoll, levels", begin_level, take_by_set, happen_up, put_files },
	{ "epoll, edges", begin_edge, take_by_set, happen_up, put_files },
	{ "epoll, exclusive", begin_exclusive, take_by_own_set, happen_up, put_files },
	{ "epoll, with a time", begin_edge, take_in_time, happen_up, put_files },
	{ "epoll of a set", begin_nested, take_by_outer_set, happen_up, put_files },
	{ "poll", begin_polled, take_by_poll, happen_up, put_files },
	{ "poll, with a time", begin_polled, take_by_poll_in_time, happen_up, put_files },
	{ "futex", begin_futex, wait_for_unit, wake_for_unit, end_futex },
	{ "futex, with a time", begin_futex, wait_for_unit_in_time, wake_for_unit, end_futex },
	{ "semop", begin_sem, sem_down, sem_up, end_sem },
	{ "msgrcv", begin_msg, msg_get_one, happen_put, end_msg },
	{ "msgsnd", begin_full_msg, put_half, happen_get, end_msg },
	{ "mq_receive", begin_mq, mq_get, happen_mq_put, put_files },
	{ "mq_send", begin_full_mq, mq_put, happen_mq_get, put_files },
	{ "turn", begin_turn, take_turn, give_turn, NULL },
	{ "flock", begin_locked, take_lock, unlock, put_files },
	{ "pulse of an endpoint", begin_endpoint, receive_pulse, send_pulse, put_files },
};

static const struct kind kinds_of_threads[] = {
	{ "wait4 of a child", begin_children, take_child, end_first, end_children },
	{ "wait4 of any", begin_children, take_any_child, end_first, end_children },
	{ "wait4 of its own", begin_children, take_own_child, end_one, end_children },
	{ "sigtimedwait", begin_signal, take_signal, send_signal, put_files },
	{ "signalfd", begin_signal, read_signal, send_signal, put_files },
	{ "sigtimedwait first", begin_signal, take_or_read_signal, send_signal, put_files },
	{ "signalfd first", begin_signal, read_or_take_signal, send_signal, put_files },
};

/* ---- the three ---- */

/* What the third one does, in this order. */
enum deed { NOTHING, EVENT_AND_SIGNAL, SIGNAL_AND_EVENT, SIGNAL, EVENT, THE_END };

static struct {
	struct thread *leaver; /* the one that gets the signal, at one of its points */
	unsigned points_left;
	unsigned rounds; /* how often the others run before that one goes on */
	enum deed deed;
	bool happened;
} plan;

static struct {
	int pid, tid;
	const struct thread *thread;
	bool over;
	long result;
} waiters[2];
static unsigned leaver; /* number of the waiter that is to leave */

static struct waitq go = WAITQ_INIT(go);
static enum deed asked;
static int sig, nevents, nsignals;

static unsigned waiter_number(void)
{
	return waiters[1].thread == current_thread();
}

static unsigned child_that_ends(void)
{
	return !leaver;
}

static void send_leaver(void)
{
	const struct signal_info info = { .sig = sig };

	nsignals += thread_signal(waiters[leaver].pid, waiters[leaver].tid, &info) == 0;
}

/* The third one is another thread, since it may have to wait for locks that the first one holds. */
static int be_third(void *arg)
{
	(void)arg;
	EXPECT_TRUE(current_map(PAGE_AT, PAGE_SIZE));
	for (;;) {
		uint64_t seq = waitq_sample(&go);
		enum deed deed = atomic_load(&asked);

		if (deed == THE_END)
			return 0;
		if (deed == NOTHING) {
			thread_wait_always(&go, seq);
			continue;
		}
		atomic_store(&asked, NOTHING);
		if (deed == EVENT_AND_SIGNAL || deed == EVENT)
			kind->happen();
		if (deed != EVENT)
			send_leaver();
		if (deed == SIGNAL_AND_EVENT)
			kind->happen();
		nevents += deed != SIGNAL;
	}
}

static void ask(enum deed deed)
{
	atomic_store(&asked, deed);
	waitq_wake_all(&go);
}

/* Interrupts may be off for a lock alone: as far as the third one goes, this is before it or after. */
static void at_point(enum interleave_kind at, enum lock_class class, void *what)
{
	bool enable;

	(void)what;
	if (at > INTERLEAVE_MUTEX || hart_this()->in_interrupt || class >= LOCK_RUNQ ||
	    lockorder_this_hart()->depth != 0 || current_thread() != plan.leaver ||
	    plan.points_left-- != 0)
		return;
	interleave_hook = NULL;
	atomic_store(&plan.happened, true);
	enable = !arch_irq_enabled();
	if (enable)
		irq_enable();
	ask(plan.deed);
	for (unsigned i = 0; i < plan.rounds; i++) {
		sched_yield_soon();
		preempt_point();
	}
	if (enable)
		irq_disable();
}

static void catch_signal(void)
{
	static const struct abi_sigaction action = { .handler = PAGE_AT };

	EXPECT_TRUE(current_map(PAGE_AT, PAGE_SIZE));
	EXPECT_EQ(0, signal_action(SIGUSR1, &action, NULL));
}

/* The process whose threads wait: it is ready when they do. */
static struct waitq host_waitq = WAITQ_INIT(host_waitq);
static bool host_is_ready, host_may_end;

static void wait_until(const bool *done)
{
	for (;;) {
		uint64_t seq = waitq_sample(&host_waitq);

		if (atomic_load(done))
			return;
		thread_wait_always(&host_waitq, seq);
	}
}

static void say(bool *done)
{
	atomic_store(done, true);
	waitq_wake_all(&host_waitq);
}

static int be_waiter(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;
	long result;

	if (!threads)
		catch_signal();
	waiters[me].thread = current_thread();
	if (me == leaver) {
		plan.leaver = current_thread();
		interleave_hook = at_point;
	}
	result = kind->take();
	if (me == leaver && interleave_hook)
		interleave_hook = NULL;
	waiters[me].result = result;
	atomic_store(&waiters[me].over, true);
	if (threads)
		wait_until(&host_may_end); /* a thread that ends hands on its signals once more */
	return 0;
}

static int be_host(void *arg)
{
	uint64_t old;

	(void)arg;
	catch_signal();
	EXPECT_EQ(0, signal_mask(SIG_BLOCK, &awaited, &old));
	EXPECT_TRUE(kind->begin());
	for (uintptr_t i = 0; i < 2; i++) {
		waiters[i].pid = current_process()->pid;
		waiters[i].tid = ktest_spawn_thread(be_waiter, (void *)i);
		EXPECT_TRUE(waiters[i].tid > 0);
		ktest_settle();
	}
	say(&host_is_ready);
	wait_until(&host_may_end);
	return 0;
}

static void spawn_host(void)
{
	host_is_ready = host_may_end = false;
	host = ktest_spawn(be_host, NULL);
	EXPECT_TRUE(host > 0);
	if (host > 0)
		wait_until(&host_is_ready);
}

static void spawn_waiters(void)
{
	for (uintptr_t i = 0; i < 2; i++) {
		waiters[i].pid = waiters[i].tid = ktest_spawn(be_waiter, (void *)i);
		EXPECT_TRUE(waiters[i].pid > 0);
		ktest_settle();
	}
}

static void reap(int pid)
{
	struct usage usage;
	int status;

	EXPECT_EQ(pid, process_wait(pid, 0, &status, &usage));
}

/* It ends those of its threads that still wait. */
static void end_host(void)
{
	say(&host_may_end);
	reap(host);
}

static void end_waiter(unsigned i)
{
	if (!atomic_load(&waiters[i].over))
		(void)process_kill(waiters[i].pid, SIGKILL);
	reap(waiters[i].pid);
}

/* One has taken it, and who was sent the signal has left. */
static void expect_taken_once(void)
{
	bool taken = false, again = false;

	for (unsigned i = 0; i < 2; i++) {
		bool took = waiters[i].over && waiters[i].result >= 0;

		again = again || (took && taken);
		taken = taken || took;
		if (waiters[i].over && !took)
			EXPECT_EQ(-EINTR, waiters[i].result);
	}
	EXPECT_TRUE(taken);
	EXPECT_TRUE(!again);
	EXPECT_EQ(1, nevents);
	EXPECT_TRUE(nsignals == 0 || waiters[leaver].over);
	if (!taken || again)
		ktest_note("%s, %s, %s one leaves", kind->name,
			   sig == SIGKILL ? "killed" : "a handler", leaver ? "second" : "first");
}

/* A point that no thread comes to: it happens when both are asleep. */
#define ASLEEP (~0u)

/* Returns whether the leaver has passed a point of that number. */
static bool try_at(unsigned point, enum deed deed, unsigned rounds)
{
	bool has_happened;
	int third;

	plan.points_left = point;
	plan.rounds = rounds;
	plan.deed = deed;
	plan.happened = false;
	event_is_first = deed == EVENT_AND_SIGNAL;
	plan.leaver = NULL;
	asked = NOTHING;
	nevents = nsignals = 0;
	waiters[0].over = waiters[1].over = false;
	third = threads || kind->begin() ? ktest_spawn(be_third, NULL) : -1;
	EXPECT_TRUE(third > 0);
	if (third < 0)
		return false;
	ktest_settle();
	if (threads)
		spawn_host();
	else
		spawn_waiters();
	ktest_settle();
	if (nevents == 0 && point == ASLEEP) {
		ask(deed);
	} else if (nevents ==
		   0) { /* one comes now, the other at a point of a leaver that was woken */
		plan.deed = deed == EVENT_AND_SIGNAL ? SIGNAL : EVENT;
		ask(deed == EVENT_AND_SIGNAL ? EVENT : SIGNAL);
	}
	ktest_settle();
	has_happened = atomic_load(&plan.happened);
	interleave_hook = NULL;
	if (nevents == 0) { /* the leaver had no such point, and has left */
		ask(EVENT);
		ktest_settle();
	}
	expect_taken_once();
	ask(THE_END);
	reap(third);
	if (threads) {
		end_host();
	} else {
		end_waiter(0);
		end_waiter(1);
	}
	if (kind->end)
		kind->end();
	return has_happened;
}

static unsigned try_all_points(enum deed deed, unsigned rounds)
{
	unsigned n = 0;

	(void)try_at(ASLEEP, deed, rounds);
	while (try_at(n, deed, rounds))
		n++;
	return n;
}

/* What is woken at a point runs when the leaver goes on, and sleeps or ends; or before. */
static unsigned try_both(unsigned rounds)
{
	return try_all_points(EVENT_AND_SIGNAL, rounds) + try_all_points(SIGNAL_AND_EVENT, rounds);
}

#define UNTIL_ALL_HAVE_RUN 8 /* rounds */

static unsigned try_kinds(const struct kind *first, size_t n)
{
	unsigned points = 0;

	for (kind = first; kind < first + n; kind++)
		for (leaver = 0; leaver < 2; leaver++)
			points += try_both(1) + (threads ? try_both(UNTIL_ALL_HAVE_RUN) : 0);
	EXPECT_TRUE(points > 10 * n);
	return points;
}

/* (Who kills one of the threads kills the other, too.) */
static void try_all(int with)
{
	/* Only those lose the hart who sleep, or are to at a point. */
	uint64_t slice = sched_slice_set(clock_ns_to_ticks(600 * NSEC_PER_SEC));
	unsigned n;

	sig = with;
	threads = false;
	n = try_kinds(kinds, ARRAY_SIZE(kinds));
	threads = true;
	if (sig != SIGKILL)
		n += try_kinds(kinds_of_threads, ARRAY_SIZE(kinds_of_threads));
	ktest_note("%u points", n);
	(void)sched_slice_set(slice);
}

/* R140, R151, R153: whoever waits on gets what has come, and what was there before the signal is not lost with its thread. */
KTEST_IN_PROCESS_ALONE(three_a_handler_takes_nothing_from_the_other)
{
	try_all(SIGUSR1);
}

KTEST_IN_PROCESS_ALONE(three_a_kill_takes_nothing_from_the_other)
{
	try_all(SIGKILL);
}

#endif
