/* SPDX-License-Identifier: MIT */
/* Races of files, endpoints and drivers: use against close, look against change, call against reply and death (R140 to R145). */
#include "abi/errno.h"
#include "abi/eventfd.h"
#include "abi/fcntl.h"
#include "abi/mman.h"
#include "abi/poll.h"
#include "abi/signal.h"
#include "abi/stat.h"
#include "abi/uio_device.h"
#include "arch/timer.h"
#include "base/uio_device.h"
#include "desc/epoll.h"
#include "desc/fdtable.h"
#include "desc/file.h"
#include "desc/pipe.h"
#include "linux/fs/file/eventfd.h"
#include "linux/fs/file/pipe_size.h"
#include "desc/poll.h"
#include "ipc/endpoint.h"
#include "ipc/uio.h"
#include "ipc/uio_session.h"
#include "lib/bits.h"
#include "linux/fs/file/linux_file.h"
#include "linux/fs/file/lock_ranges.h"
#include "linux/fs/notify/inotify.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/vfs/namei.h"
#include "linux/fs/vfs/open.h"
#include "linux/signal/kill.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/relieve.h"
#include "proc/mutex.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "tests/kernel/race.h"

#define BUFFER 0x40000000ul
#define OFTEN  150u

/* ---- descriptors ---- */

#define FD 3

static unsigned nopen; /* files that have not been released */

static void note_release(struct file *file)
{
	(void)file;
	atomic_add(&nopen, -1u);
}

static const struct file_ops note_ops = { .name = "noted", .release = note_release };
static struct fdtable *table;

static struct file *open_noted(void)
{
	struct file *file = file_create(&note_ops, O_RDWR, &nopen);

	EXPECT_TRUE(file);
	atomic_add(&nopen, 1);
	return file;
}

static void make_table(void)
{
	nopen = 0;
	table = fdtable_create();
	EXPECT_TRUE(table && fdtable_install(table, open_noted(), FD, false) == FD);
}

static void use_descriptor(void)
{
	for (unsigned i = 0; i < 8; i++) {
		struct file *file = fdtable_get(table, FD);

		if (i % 4 == 3)
			(void)fdtable_close(table, FD);
		if (!file)
			continue;
		EXPECT_TRUE(file->node == &nopen && atomic_load(&nopen) > 0);
		file_put(file);
	}
}

static void close_descriptor(void)
{
	for (unsigned i = 0; i < 4; i++)
		(void)fdtable_close(table, FD);
}

static void replace_descriptor(void)
{
	for (unsigned i = 0; i < 4; i++) {
		struct file *file = open_noted();

		EXPECT_EQ(FD, fdtable_install_at(table, file, FD, false));
	}
}

static void drop_table(void)
{
	fdtable_put(table);
	EXPECT_EQ(0, nopen);
}

RACE(race_descriptor_is_closed_while_used, .rounds = 60, .begin = make_table,
     .sides = { use_descriptor, close_descriptor, replace_descriptor }, .end = drop_table)

/* ---- pipes ---- */

static struct file *pipe_reader, *pipe_writer;

static void write_packet(void)
{
	uint8_t byte = 0;
	struct user_iter iter = user_iter_kernel(&byte, 1);

	EXPECT_EQ(1, pipe_writer->ops->write(pipe_writer, &iter, NULL));
}

static void read_packet(void)
{
	uint8_t byte;
	struct user_iter iter = user_iter_kernel(&byte, 1);

	EXPECT_EQ(1, pipe_reader->ops->read(pipe_reader, &iter, NULL));
}

static void make_pipe(void)
{
	EXPECT_EQ(0, pipe_create(O_DIRECT, &pipe_reader, &pipe_writer));
	write_packet();
}

/* A packet stays in it, another one comes and goes. */
static void use_and_resize_pipe(void)
{
	for (unsigned i = 0; i < OFTEN; i++) {
		write_packet();
		read_packet();
		EXPECT_TRUE(pipe_set_size(pipe_writer, 1ul << (15 + i % 2), true) > 0);
	}
}

static void look_at_pipe(void)
{
	do {
		EXPECT_EQ(POLLIN | POLLRDNORM, pipe_reader->ops->poll(pipe_reader, NULL));
	} while (!race_others_are_done());
}

static void drop_pipe(void)
{
	file_put(pipe_reader);
	file_put(pipe_writer);
}

RACE(race_pipe_gets_another_size_while_looked_at, .rounds = 10, .begin = make_pipe,
     .sides = { use_and_resize_pipe, look_at_pipe }, .end = drop_pipe)

/* ---- references ---- */

static struct file *counted_file;
static struct object *counted_object;
static struct page *counted_page;

static void make_counted(void)
{
	counted_file = open_noted();
	counted_object = object_create_anon(PAGE_SIZE);
	counted_page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	EXPECT_TRUE(counted_object && counted_page);
}

static void take_and_drop(void)
{
	for (unsigned i = 0; i < OFTEN; i++) {
		file_get(counted_file);
		uspace_get(race_space);
		object_get(counted_object);
		page_get(counted_page);
		page_put(counted_page);
		object_put(counted_object);
		uspace_put(race_space);
		file_put(counted_file);
	}
}

static void one_reference_is_left(void)
{
	EXPECT_EQ(1, refcount_read(&counted_file->refs));
	EXPECT_EQ(1, refcount_read(&counted_object->refs));
	EXPECT_EQ(PAGE_ONE_REF, counted_page->counts);
	file_put(counted_file);
	object_put(counted_object);
	page_put(counted_page);
}

RACE(race_references, .rounds = 20, .shares_space = true, .begin = make_counted,
     .sides = { take_and_drop, take_and_drop, take_and_drop }, .end = one_reference_is_left)

/* ---- pipes ---- */

#define CHUNK  1500u
#define CHUNKS 4u

static struct file *reader, *writer;
static unsigned nread;

static void open_pipe(void)
{
	nread = 0;
	EXPECT_EQ(0, pipe_create(0, &reader, &writer));
}

static void write_and_close(void)
{
	static uint8_t bytes[CHUNK];

	for (unsigned i = 0; i < CHUNKS; i++) {
		struct user_iter iter = user_iter_kernel(bytes, CHUNK);

		EXPECT_EQ(CHUNK, writer->ops->write(writer, &iter, NULL));
	}
	file_put(writer);
}

static void read_to_the_end(void)
{
	uint8_t bytes[64];
	ssize_t n;

	do {
		struct user_iter iter = user_iter_kernel(bytes, sizeof(bytes));

		n = reader->ops->read(reader, &iter, NULL);
		EXPECT_TRUE(n >= 0 || n == -EINTR);
		atomic_add(&nread, n > 0 ? (unsigned)n : 0);
	} while (n > 0);
}

static void close_pipe(void)
{
	EXPECT_EQ(CHUNK * CHUNKS, nread);
	file_put(reader);
}

RACE(race_pipe_is_read_and_closed, .rounds = 8, .begin = open_pipe,
     .sides = { write_and_close, read_to_the_end, read_to_the_end }, .end = close_pipe)

/* ---- epoll ---- */

#define EVENTS 5u
static struct file *set, *counter;
static const struct abi_epoll_event by_edge = { .events = POLLIN | EPOLLET },
				    by_level = { .events = POLLIN };

static void watch_counter(void)
{
	EXPECT_TRUE(race_map(BUFFER, PAGE_SIZE, MAP_PRIVATE, NULL));
	EXPECT_EQ(0, eventfd_create(0, EFD_NONBLOCK, &counter));
	EXPECT_EQ(0, epoll_create(&set));
	EXPECT_EQ(0, epoll_add(set, 1, counter, &by_edge));
}

/* Each event is seen, sooner or later. */
static void see_events(void)
{
	for (unsigned seen = 0; seen < EVENTS;) {
		uint64_t sum = 0;
		struct user_iter iter = user_iter_kernel(&sum, sizeof(sum));

		if (epoll_wait(set, BUFFER, 4, UINT64_MAX) != 1)
			return;
		(void)counter->ops->read(counter, &iter, NULL);
		seen += (unsigned)sum;
	}
}

static void count_up(void)
{
	uint64_t one = 1;
	struct user_iter iter = user_iter_kernel(&one, sizeof(one));

	EXPECT_EQ(sizeof(one), counter->ops->write(counter, &iter, NULL));
}

static void cause_events(void)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		for (unsigned n = race_lot(2000); n > 0; n--)
			spin_pause();
		count_up();
	}
}

static void change_watch(void)
{
	for (unsigned i = 0; i < 3; i++) {
		EXPECT_EQ(0, epoll_modify(set, 1, counter, &by_level));
		if (race_lot(2))
			continue;
		EXPECT_EQ(0, epoll_remove(set, 1, counter));
		EXPECT_EQ(0, epoll_add(set, 1, counter, &by_level));
	}
}

static void close_watched(void)
{
	file_put(counter);
	file_put(set);
}

RACE(race_epoll_event_is_seen, .rounds = 24, .shares_space = true, .begin = watch_counter,
     .sides = { see_events, cause_events, change_watch }, .end = close_watched)

/* Two are watched. Both, and the set, end at the same time. */
static struct file *other_counter;

static void get_counters(void)
{
	watch_counter();
	EXPECT_EQ(0, eventfd_create(1, 0, &other_counter));
	EXPECT_EQ(0, epoll_add(set, 2, other_counter, &by_level));
	file_get(set);
	file_get(set);
}

static void count_and_close(void)
{
	for (unsigned i = 0; i < EVENTS; i++)
		count_up();
	file_put(counter);
	file_put(set);
}

static void close_other_counter(void)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		EXPECT_EQ(0, epoll_remove(set, 2, other_counter));
		EXPECT_EQ(0, epoll_add(set, 2, other_counter, &by_level));
	}
	file_put(other_counter);
	file_put(set);
}

static void look_and_close_set(void)
{
	EXPECT_TRUE(epoll_wait(set, BUFFER, 4, 0) >= 0);
	file_put(set);
}

RACE(race_epoll_ends_of_files_and_sets, .rounds = 12, .shares_space = true, .begin = get_counters,
     .sides = { count_and_close, close_other_counter, look_and_close_set })

/* ---- counters ---- */

#define COUNTS 6u

static void make_counter(void)
{
	EXPECT_EQ(0, eventfd_create(0, 0, &counter));
}

static void count_often(void)
{
	for (unsigned i = 0; i < COUNTS; i++)
		count_up();
}

static void all_is_counted(void)
{
	uint64_t sum = 0;
	struct user_iter iter = user_iter_kernel(&sum, sizeof(sum));

	EXPECT_EQ(sizeof(sum), counter->ops->read(counter, &iter, NULL));
	EXPECT_EQ(RACE_SIDES * COUNTS, sum);
	file_put(counter);
}

RACE(race_counter_adds_up, .rounds = 30, .begin = make_counter,
     .sides = { count_often, count_often, count_often }, .end = all_is_counted)

/* ---- names ---- */

static void create(const char *path)
{
	struct file *file;
	int err = fs_open(NULL, path, O_CREAT | O_RDWR, 0600, &file);

	EXPECT_TRUE(!err);
	if (!err)
		file_put(file);
}

static void create_names(void)
{
	for (unsigned i = 0; i < 4; i++)
		create("/race_a");
}

static void move_names(void)
{
	for (unsigned i = 0; i < 4; i++) {
		int err = race_lot(2) ? fs_rename(NULL, "/race_a", NULL, "/race_b", 0)
				      : fs_link(NULL, "/race_a", false, NULL, "/race_b");

		EXPECT_TRUE(err == 0 || err == -ENOENT || err == -EEXIST);
	}
}

static void remove_names(void)
{
	struct abi_stat st;

	for (unsigned i = 0; i < 4; i++) {
		int err = fs_unlink(NULL, i % 2 ? "/race_a" : "/race_b");

		EXPECT_TRUE(err == 0 || err == -ENOENT);
		if (fs_stat(NULL, "/race_b", false, &st) == 0)
			EXPECT_TRUE(st.nlink <= 2);
	}
}

static void remove_all_names(void)
{
	(void)fs_unlink(NULL, "/race_a");
	(void)fs_unlink(NULL, "/race_b");
}

RACE(race_names, .rounds = 12, .sides = { create_names, move_names, remove_names },
     .end = remove_all_names)

/* Two directories move into one another: one of them does. */
static int moved[2];

static void make_directories(void)
{
	EXPECT_EQ(0, fs_mkdir(NULL, "/race_c", 0700));
	EXPECT_EQ(0, fs_mkdir(NULL, "/race_d", 0700));
}

static void move_one(void)
{
	moved[0] = fs_rename(NULL, "/race_c", NULL, "/race_d/c", 0);
}

static void move_other(void)
{
	moved[1] = fs_rename(NULL, "/race_d", NULL, "/race_c/d", 0);
}

static void one_has_moved(void)
{
	EXPECT_EQ(1, (moved[0] == 0) + (moved[1] == 0));
	EXPECT_EQ(0, fs_rmdir(NULL, moved[0] == 0 ? "/race_d/c" : "/race_c/d"));
	EXPECT_EQ(0, fs_rmdir(NULL, moved[0] == 0 ? "/race_d" : "/race_c"));
}

RACE(race_directories_move_into_one_another, .rounds = 20, .begin = make_directories,
     .sides = { move_one, move_other }, .end = one_has_moved)

/* ---- inotify ---- */

static struct file *instance;
static unsigned nwatched; /* events that were read */

static void make_instance(void)
{
	nwatched = 0;
	EXPECT_EQ(0, fs_mkdir(NULL, "/race_c", 0700));
	EXPECT_EQ(0, inotify_create(O_NONBLOCK, &instance));
}

/* Names come and go in a directory that is watched now and then. */
static void change_directory(void)
{
	for (unsigned i = 0; i < 8; i++) {
		create("/race_c/x");
		EXPECT_EQ(0, fs_rename(NULL, "/race_c/x", NULL, "/race_c/y", 0));
		EXPECT_EQ(0, fs_unlink(NULL, "/race_c/y"));
	}
}

static void watch_now_and_then(void)
{
	for (unsigned i = 0; i < 12; i++) {
		uint32_t mask = IN_ALL_EVENTS | (race_lot(3) == 0 ? IN_ONESHOT : 0);
		int wd = inotify_watch_path(instance, NULL, "/race_c", mask), err;
		int on_file = inotify_watch_path(instance, NULL, "/race_c/y", IN_ALL_EVENTS);

		EXPECT_TRUE(wd > 0);
		EXPECT_TRUE(on_file > 0 || on_file == -ENOENT);
		for (unsigned n = race_lot(1000); n > 0; n--)
			spin_pause();
		err = inotify_unwatch(instance, wd);
		EXPECT_TRUE(err == 0 || err == -EINVAL);
		if (on_file > 0 && race_lot(2))
			(void)inotify_unwatch(instance, on_file);
	}
}

/* Whole events are read, each of a watch that there was. */
static void read_events(void)
{
	static __attribute__((aligned(8))) uint8_t bytes[1024];
	unsigned after = 0;

	while (!after) {
		struct user_iter iter = user_iter_kernel(bytes, sizeof(bytes));
		ssize_t n;

		after = race_others_are_done();
		n = instance->ops->read(instance, &iter, NULL);
		EXPECT_TRUE(n > 0 || n == -EAGAIN);
		for (ssize_t at = 0; at < n;) {
			const struct abi_inotify_event *event = (const void *)(bytes + at);

			EXPECT_TRUE(event->wd > 0 && event->len % sizeof(*event) == 0);
			at += (ssize_t)(sizeof(*event) + event->len);
			EXPECT_TRUE(at <= n);
			nwatched++;
		}
		if (n < 0)
			sched_yield();
	}
}

static void close_instance(void)
{
	EXPECT_TRUE(nwatched > 0);
	file_put(instance);
	EXPECT_EQ(0, fs_rmdir(NULL, "/race_c"));
	EXPECT_EQ(0, notify_nwatches);
}

RACE(race_inotify_watches_end_as_events_come, .rounds = 12, .begin = make_instance,
     .sides = { change_directory, watch_now_and_then, read_events }, .end = close_instance)

/* The last close of an instance, of what it watches, and of a file below that, at the same time. */
static struct file *watched_file;

static void make_watched(void)
{
	make_instance();
	EXPECT_EQ(0, fs_open(NULL, "/race_c/x", O_CREAT | O_RDWR, 0600, &watched_file));
	EXPECT_TRUE(inotify_watch_path(instance, NULL, "/race_c", IN_ALL_EVENTS) > 0);
	EXPECT_TRUE(inotify_watch_path(instance, NULL, "/race_c/x", IN_ALL_EVENTS) > 0);
}

static void close_watching(void)
{
	for (unsigned n = race_lot(2000); n > 0; n--)
		spin_pause();
	file_put(instance);
}

static void close_watched_file(void)
{
	for (unsigned n = race_lot(500); n > 0; n--)
		spin_pause();
	file_put(watched_file);
}

static void remove_watched(void)
{
	EXPECT_EQ(0, fs_unlink(NULL, "/race_c/x"));
	EXPECT_EQ(0, fs_rmdir(NULL, "/race_c"));
}

static void no_watch_is_left(void)
{
	EXPECT_EQ(0, notify_nwatches);
}

RACE(race_inotify_ends_with_what_it_watches, .rounds = 16, .begin = make_watched,
     .sides = { close_watching, close_watched_file, remove_watched }, .end = no_watch_is_left)

/* ---- named pipes ---- */

#define FIFO "/race_a"

static void make_fifo(void)
{
	EXPECT_EQ(0, fs_mknod(NULL, FIFO, S_IFIFO | 0600, 0));
}

static void open_and_close(unsigned flags)
{
	struct file *file;
	int err = fs_open(NULL, FIFO, flags, 0, &file);

	EXPECT_EQ(0, err);
	if (!err)
		file_put(file);
}

static void open_to_read(void)
{
	for (unsigned i = 0; i < 6; i++)
		open_and_close(O_RDONLY);
}

static void open_to_write(void)
{
	for (unsigned i = 0; i < 6; i++)
		open_and_close(O_WRONLY);
}

/* Whoever waits for a partner goes on by this one, if by no other: it never waits, and is often the last to close. */
static void open_for_both(void)
{
	do {
		open_and_close(O_RDONLY | O_NONBLOCK);
		open_and_close(O_RDWR);
		sched_yield();
	} while (!race_others_are_done());
}

RACE(race_fifo_is_opened_and_closed, .rounds = 8, .begin = make_fifo,
     .sides = { open_to_read, open_to_write, open_for_both }, .end = remove_all_names)

/* ---- poll of many ---- */

#define POLLED 24u

static struct poll_entry polled[POLLED];
static unsigned npolled; /* events that were seen */
static struct waitq event_seen = WAITQ_INIT(event_seen);

static void open_polled(void)
{
	memset(polled, 0, sizeof(polled));
	npolled = 0;
	for (unsigned i = 0; i < POLLED; i++) {
		polled[i].ask = (struct abi_pollfd){ .fd = (int)i, .events = POLLIN };
		EXPECT_EQ(0, eventfd_create(0, EFD_NONBLOCK, &polled[i].file));
	}
}

/* Returns one that is ready, or NULL. */
static struct poll_entry *look_at_all(struct poller *poller)
{
	struct poll_entry *ready = NULL;

	for (unsigned i = 0; i < POLLED; i++) {
		poll_look(poller, &polled[i]);
		if (polled[i].ask.revents)
			ready = &polled[i];
	}
	return ready;
}

static void forget_all(void)
{
	for (unsigned i = 0; i < POLLED; i++)
		poll_forget(&polled[i]);
}

static struct poll_entry *wait_for_one(struct poller *poller)
{
	struct poll_entry *ready = NULL;

	for (;;) {
		uint64_t seq = waitq_sample(&poller->woken);

		ready = look_at_all(poller);
		if (ready || thread_wait(&poller->woken, seq))
			break;
		forget_all();
	}
	forget_all();
	return ready;
}

/* As poll does it: it has a reference to each while it looks and waits. */
static void poll_many(void)
{
	struct poller poller;

	poller_init(&poller);
	for (unsigned i = 0; i < EVENTS; i++) {
		struct poll_entry *entry;
		uint64_t sum = 0;
		struct user_iter iter = user_iter_kernel(&sum, sizeof(sum));

		for (unsigned n = 0; n < POLLED; n++)
			file_get(polled[n].file);
		entry = wait_for_one(&poller);
		if (entry)
			(void)entry->file->ops->read(entry->file, &iter, NULL);
		EXPECT_EQ(1, sum);
		for (unsigned n = 0; n < POLLED; n++)
			file_put(polled[n].file);
		atomic_add(&npolled, 1);
		waitq_wake_all(&event_seen);
	}
}

/* One event at a time: if it is missed, nobody goes on. */
static void cause_one_by_one(void)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		uint64_t one = 1;
		struct user_iter iter = user_iter_kernel(&one, sizeof(one));
		struct file *file = polled[race_lot(POLLED)].file;

		for (;;) {
			uint64_t seq = waitq_sample(&event_seen);

			if (atomic_load(&npolled) >= i || thread_wait(&event_seen, seq))
				break;
		}
		EXPECT_EQ(sizeof(one), file->ops->write(file, &iter, NULL));
	}
}

/* Files come, are watched, and end meanwhile. */
static void close_others(void)
{
	for (unsigned i = 0; i < 4 * EVENTS; i++) {
		struct file *file = polled[race_lot(POLLED)].file;

		file_get(file);
		for (unsigned n = race_lot(500); n > 0; n--)
			spin_pause();
		file_put(file);
	}
}

static void close_polled(void)
{
	for (unsigned i = 0; i < POLLED; i++)
		file_put(polled[i].file);
}

RACE(race_poll_of_many_sees_each_event, .rounds = 6, .begin = open_polled,
     .sides = { poll_many, cause_one_by_one, close_others }, .end = close_polled)

/* ---- locks of files ---- */

static struct file *lockers[RACE_SIDES];
static unsigned holders;

static void open_for_locks(void)
{
	holders = 0;
	for (unsigned i = 0; i < RACE_SIDES; i++)
		EXPECT_EQ(0, fs_open(NULL, "/race_a", O_CREAT | O_RDWR, 0600, &lockers[i]));
}

static void lock_in_turn(void)
{
	struct file *file = lockers[race_side()];
	struct file_lock lock = { .kind = FILE_LOCK_WHOLE,
				  .end = LOCK_RANGE_END,
				  .owner = &linux_file(file)->locks };

	for (unsigned i = 0; i < 4; i++) {
		lock.type = F_WRLCK;
		EXPECT_EQ(0, file_lock_set(file, &lock, true));
		EXPECT_EQ(0, atomic_add(&holders, 1));
		atomic_add(&holders, -1u);
		lock.type = F_UNLCK;
		if (i < 3)
			EXPECT_EQ(0, file_lock_set(file, &lock, false));
	}
	file_put(file); /* with its lock */
}

RACE(race_file_locks, .rounds = 8, .begin = open_for_locks,
     .sides = { lock_in_turn, lock_in_turn, lock_in_turn }, .end = remove_all_names)

/* ---- pages of a file ---- */

#define FILE_PAGES 3u

static struct object *object;
static struct mutex file_lock;

static void make_object(void)
{
	mutex_init(&file_lock, LOCK_INODE);
	object = object_create_anon(FILE_PAGES * PAGE_SIZE);
	EXPECT_TRUE(object && race_map(BUFFER, FILE_PAGES * PAGE_SIZE, MAP_SHARED, object));
}

static uint64_t word_of(unsigned page)
{
	return 0xf11e00 + page;
}

static void check_page(unsigned page, uint64_t word)
{
	EXPECT_TRUE(word == 0 || word == word_of(page));
}

/* By read() and in the mapping. Of what was cut off there is nothing, or zeros. */
static void read_object(void)
{
	for (unsigned i = 0; i < 12; i++) {
		unsigned page = race_lot(FILE_PAGES);
		uint64_t word = 0;

		if (object_read_kernel(object, page * PAGE_SIZE, &word, sizeof(word)) > 0)
			check_page(page, word);
		if (race_load(BUFFER + page * PAGE_SIZE, &word))
			check_page(page, word);
	}
}

static void write_object(void)
{
	for (unsigned i = 0; i < 8; i++) {
		unsigned page = race_lot(FILE_PAGES);
		uint64_t word = word_of(page);

		(void)race_store(BUFFER + page * PAGE_SIZE, word);
		mutex_lock(&file_lock);
		EXPECT_EQ(sizeof(word),
			  object_write_kernel(object, page * PAGE_SIZE, &word, sizeof(word)));
		mutex_unlock(&file_lock);
	}
}

static void cut_object(void)
{
	for (unsigned i = 0; i < 4; i++) {
		mutex_lock(&file_lock);
		EXPECT_EQ(0, object_set_size(object, race_lot(FILE_PAGES) * PAGE_SIZE));
		EXPECT_EQ(0, object_set_size(object, FILE_PAGES * PAGE_SIZE));
		mutex_unlock(&file_lock);
		if (race_lot(2))
			(void)reclaim(2);
		else
			mm_trim();
	}
}

static void drop_object(void)
{
	object_put(object); /* the mapping, and the memory, have the last reference */
}

RACE(race_reads_writes_and_truncations, .rounds = 12, .shares_space = true, .begin = make_object,
     .sides = { read_object, write_object, cut_object }, .end = drop_object)

/* ---- endpoints ---- */

#define CALLS 4u

static struct file *receive_end, *send_end;

static void open_ends(void)
{
	receive_end = endpoint_create();
	EXPECT_TRUE(receive_end && endpoint_badge(receive_end, 77, false, &send_end) == 0);
}

static void close_ends(void)
{
	file_put(send_end);
	file_put(receive_end);
}

static void call(void)
{
	for (unsigned i = 0; i < CALLS; i++) {
		uint64_t word = race_side() * 100 + i;
		struct ipc_words words = { { word } };

		EXPECT_EQ(0, endpoint_call(send_end, &words, NULL, UINT64_MAX));
		EXPECT_EQ(~word, words.word[0]);
	}
}

static void answer(void)
{
	uint64_t rcvid = 0;
	struct ipc_words words, reply = { { 0 } };

	for (unsigned i = 0; i < 2 * CALLS; i++) {
		uint64_t badge;
		int64_t next = endpoint_reply_receive(receive_end, &rcvid, &reply, &words, &badge,
						      UINT64_MAX);

		EXPECT_TRUE(next > 0);
		if (next <= 0)
			return;
		rcvid = (uint64_t)next;
		reply.word[0] = ~words.word[0];
	}
	EXPECT_EQ(0, endpoint_reply(receive_end, rcvid, &reply, false));
}

RACE(race_calls_and_replies, .rounds = 24, .begin = open_ends, .sides = { answer, call, call },
     .end = close_ends)

static int caller;
static bool may_call;

static int call_once(void *arg)
{
	struct ipc_words words = { { 5 } };
	int64_t err;

	(void)arg;
	while (!atomic_load(&may_call))
		sched_yield();
	err = endpoint_call(send_end, &words, NULL, UINT64_MAX);
	if (err == 0)
		return words.word[0] == 6 ? 0 : 9;
	return err == -EPIPE ? 1 : err == -EINTR ? 2 : 9;
}

static void open_ends_and_call(void)
{
	open_ends();
	file_get(receive_end);
	may_call = false;
	caller = race_spawn(call_once, NULL);
}

static void answer_once(void)
{
	struct ipc_words words, reply = { { 6 } };
	uint64_t badge;
	int64_t rcvid;

	atomic_store(&may_call, true);
	rcvid = endpoint_receive(receive_end, &words, &badge, arch_time() + race_lot(300));
	if (rcvid > 0)
		(void)endpoint_reply(receive_end, (uint64_t)rcvid, &reply, race_lot(2));
	file_put(receive_end);
}

/* Until the call is about there. */
static void wait_a_moment(void)
{
	for (unsigned n = race_lot(8000); n > 0; n--)
		spin_pause();
}

static void kill_caller(void)
{
	wait_a_moment();
	EXPECT_EQ(0, process_kill(caller, SIGKILL));
}

static void close_receive_end(void)
{
	wait_a_moment();
	file_put(receive_end);
}

static void reap_caller(void)
{
	int status = race_reap_killed(caller);

	EXPECT_TRUE(status >= -1 && status <= 2);
	file_put(send_end);
}

RACE(race_call_is_answered_killed_and_closed, .rounds = 40, .begin = open_ends_and_call,
     .sides = { answer_once, kill_caller, close_receive_end }, .end = reap_caller)

/* ---- a driver ends ---- */

#define DMA_PAGES 3u

static unsigned nresets;

static int reset(struct uio_device *dev)
{
	(void)dev;
	atomic_add(&nresets, 1);
	return 0;
}

static void no_mask(struct uio_device *dev)
{
	(void)dev;
}

static const struct uio_device_ops device_ops = { .reset = reset,
						  .mask = no_mask,
						  .unmask = no_mask };
static struct uio_device device;
static struct uio uio;
static struct uio_session *session;
static struct process *driver;

static void drive(void)
{
	struct map_request request = { .addr = BUFFER,
				       .len = DMA_PAGES * PAGE_SIZE,
				       .prot = READ_WRITE,
				       .max_prot = READ_WRITE,
				       .flags = MAP_SHARED | MAP_FIXED };
	vaddr_t where;
	paddr_t addr;

	nresets = 0;
	driver = current_process();
	device = (struct uio_device){ .name = "race", .ops = &device_ops };
	uio_set_up(&uio, &device);
	EXPECT_EQ(0, uio_session_begin(&uio, &session));
	EXPECT_EQ(0, uio_session_alloc(session, request.len, &request.offset, &addr));
	EXPECT_EQ(0, uio_session_map(session, request.offset, request.len, &request.object));
	uspace_lock(race_space);
	EXPECT_EQ(0, vm_map(&race_space->space, &request, &where));
	uspace_unlock(race_space);
	object_put(request.object);
}

/* Another process has the mapping: once the device is reset, it has nothing there any more. */
static void use_device(void)
{
	for (unsigned i = 0; i < 8; i++) {
		vaddr_t at = BUFFER + race_lot(DMA_PAGES) * PAGE_SIZE;
		bool was_reset = atomic_load(&nresets) != 0;
		uint64_t word = 1;

		if (race_store(at, 1) && race_load(at, &word))
			EXPECT_TRUE(!was_reset);
		EXPECT_EQ(1, word);
	}
}

static void end_driver(void)
{
	uio_session_driver_ends(&uio, driver);
}

static void close_session(void)
{
	uio_session_close(session);
}

static void device_is_reset(void)
{
	uspace_lock(race_space);
	EXPECT_EQ(0, vm_unmap(&race_space->space, BUFFER, DMA_PAGES * PAGE_SIZE));
	uspace_unlock(race_space);
	EXPECT_EQ(1, nresets);
	EXPECT_TRUE(!uio.session);
}

RACE(race_driver_ends_while_its_pages_are_mapped, .rounds = 12, .shares_space = true,
     .begin = drive, .sides = { use_device, end_driver, close_session }, .end = device_is_reset)

RACE(race_driver_ends_once, .rounds = 12, .shares_space = true, .begin = drive,
     .sides = { end_driver, end_driver, close_session }, .end = device_is_reset)
