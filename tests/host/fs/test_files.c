/* SPDX-License-Identifier: MIT */
/* What is in files: bytes, directories' entries, descriptors. */
#include <stdio.h>
#include <string.h>

#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "desc/fdtable.h"
#include "proc/process.h"
#include "fake.h"
#include "fake_proc.h"
#include "desc/pipe.h"
#include "desc/poll.h"
#include "linux/fs/tmpfs/memfd.h"
#include "linux/mem/quota.h"
#include "mm/phys/kmalloc.h"
#include "linux/fs/tmpfs/seals.h"
#include "linux/process/limits.h"
#include "mm/check/alloc_fail.h"
#include "mm/host.h"
#include "mm/object/object.h"
#include "mm/phys/page_alloc.h"
#include "tests/host/mm/user_memory.h"
#include "tree.h"
#include "linux/fs/file/descriptors.h"

TEST(bytes_and_positions)
{
	struct file *file;
	char bytes[16];

	tree_start();
	file = tree_open("f", O_CREAT | O_RDWR);
	assert_int_equal(5, tree_write(file, "hello", 5));
	assert_int_equal(10000, file->ops->seek(file, 10000, SEEK_SET));
	assert_int_equal(1, tree_write(file, "x", 1));
	assert_int_equal(9995, file->ops->seek(file, -6, SEEK_END));
	assert_int_equal(6, tree_read(file, bytes, 16));
	assert_memory_equal("\0\0\0\0\0x", bytes, 6);
	assert_int_equal(0, tree_read(file, bytes, 16));
	assert_int_equal(-EINVAL, file->ops->seek(file, -1, SEEK_SET));
	assert_int_equal(-EINVAL, file->ops->seek(file, INT64_MAX, SEEK_CUR));
	assert_int_equal(-ENXIO, file->ops->seek(file, 10001, SEEK_DATA));
	assert_int_equal(-ENXIO, file->ops->seek(file, 10001, SEEK_HOLE));
	assert_int_equal(10000, file->ops->seek(file, 10000, SEEK_DATA));
	assert_int_equal(10001, file->ops->seek(file, 10000, SEEK_HOLE));
	assert_int_equal(0, file->ops->seek(file, 0, SEEK_DATA));
	assert_int_equal(PAGE_SIZE, file->ops->seek(file, 0, SEEK_HOLE));
	assert_int_equal(-ENXIO, file->ops->seek(file, -1, SEEK_DATA));
	assert_int_equal(-ENXIO, file->ops->seek(file, -1, SEEK_HOLE));
	assert_int_equal(0, file->ops->truncate(file, 3));
	assert_int_equal(0, file->ops->truncate(file, 8));
	file->pos = 0;
	assert_int_equal(8, tree_read(file, bytes, 16));
	assert_memory_equal("hel\0\0\0\0\0", bytes, 8);
	assert_int_equal(-EFBIG, file->ops->truncate(file, 1ull << 63));
	file_put(file);
	fs_unlink(NULL, "f");
	tree_end();
}

TEST(append_and_cut)
{
	struct file *file, *other;
	char bytes[16];

	tree_start();
	file = tree_open("f", O_CREAT | O_WRONLY | O_APPEND);
	other = tree_open("f", O_RDWR);
	assert_int_equal(5, tree_write(other, "12345", 5));
	assert_int_equal(2, tree_write(file, "67", 2));
	assert_int_equal(7, file->pos);
	assert_int_equal(0, tree_open_error("f", O_RDONLY | O_TRUNC));
	other->pos = 0;
	assert_int_equal(0, tree_read(other, bytes, 16));
	file_put(file);
	file_put(other);
	fs_unlink(NULL, "f");
	tree_end();
}

static void write_up_to(struct file *file, uint64_t most)
{
	static char bytes[10 * PAGE_SIZE];
	ssize_t put;

	do {
		put = tree_write(file, bytes, sizeof(bytes));
	} while (put > 0);
	assert_int_equal(-ENOSPC, put);
	assert_int_equal(most, file->pos);
}

/* A string takes as many records as its memory is large, in full. */
TEST(records_of_strings)
{
	const size_t record = PAGE_SIZE / QUOTA_RECORDS_PER_FRAME;

	assert_int_equal(1, quota_records_of(1));
	assert_int_equal(1, quota_records_of(record));
	assert_int_equal(kmalloc_size(record + 1) / record, quota_records_of(record + 1));
	assert_int_equal(QUOTA_RECORDS_PER_FRAME, quota_records_of(PAGE_SIZE));
}

/* A program cannot fill memory with the targets of links. */
TEST(targets_of_links_count_as_memory_of_files) // R171
{
	static char target[PAGE_SIZE];
	char name[8];
	uint64_t before;

	tree_start();
	memset(target, 'x', sizeof(target) - 1);
	before = quota_left();
	for (unsigned i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		assert_int_equal(0, fs_symlink(target, NULL, name));
		assert_true(quota_left() <= before - (i + 1));
	}
	for (unsigned i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		assert_int_equal(0, fs_unlink(NULL, name));
	}
	assert_int_equal(before, quota_left());
	tree_end();
}

/* What could never be had is refused before a frame is taken. */
TEST(too_much_room_is_refused_at_once)
{
	struct file *file, *memfd;
	uint64_t before;

	tree_start();
	file = tree_open("f", O_CREAT | O_RDWR);
	memfd = memfd_file_create();
	before = alloc_count;
	assert_int_equal(-ENOSPC, file->ops->allocate(file, 0, 0, (quota_most() + 1) * PAGE_SIZE));
	assert_int_equal(-ENOSPC, file->ops->allocate(file, 0, PAGE_SIZE - 1,
						      (quota_most() + 1) * PAGE_SIZE - 1));
	assert_int_equal(-ENOSPC, file->ops->allocate(file, 0, 0, INT64_MAX));
	assert_int_equal(-ENOSPC, memfd->ops->allocate(memfd, 0, 0,
						       (page_alloc_total_count() + 1) * PAGE_SIZE));
	assert_int_equal(before, alloc_count);
	/* Holes need no room. */
	assert_int_equal(0, file->ops->allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
						INT64_MAX));
	file_put(memfd);
	file_put(file);
	fs_unlink(NULL, "f");
	tree_end();
}

/* A file may take half of the memory; what it has can still be written, and cutting it gives back. */
TEST(files_leave_memory)
{
	char bytes[8] = "";
	uint64_t most;
	struct file *file;

	tree_start();
	most = page_alloc_total_count() / 2 * PAGE_SIZE;
	file = tree_open("f", O_CREAT | O_RDWR);
	write_up_to(file, most);
	file->pos = most - 4;
	assert_int_equal(4, tree_write(file, bytes, 8));
	assert_int_equal(0, file->ops->truncate(file, PAGE_SIZE));
	file->pos = 2 * PAGE_SIZE;
	assert_int_equal(8, tree_write(file, bytes, 8));
	file_put(file);
	fs_unlink(NULL, "f");
	file = tree_open("g", O_CREAT | O_RDWR);
	write_up_to(file, most); /* nothing counts for "f" any more */
	file_put(file);
	fs_unlink(NULL, "g");
	tree_end();
}

TEST(running_text_is_not_written)
{
	struct file *file;

	tree_start();
	file = tree_open("f", O_CREAT | O_RDONLY);
	assert_int_equal(0, object_deny_write(file->ops->object(file)));
	assert_int_equal(-ETXTBSY, tree_open_error("f", O_WRONLY));
	assert_int_equal(-ETXTBSY, tree_open_error("f", O_RDONLY | O_TRUNC));
	assert_int_equal(0, tree_open_error("f", O_RDONLY));
	object_allow_write(file->ops->object(file));
	assert_int_equal(0, tree_open_error("f", O_RDWR));
	assert_int_equal(0, object_deny_write(file->ops->object(file)));
	object_allow_write(file->ops->object(file));
	file_put(file);
	fs_unlink(NULL, "f");
	tree_end();
}

TEST(file_without_a_name)
{
	struct abi_stat st;
	struct file *file;

	tree_start();
	file = memfd_file_create();
	assert_non_null(file);
	assert_int_equal(3, tree_write(file, "abc", 3));
	assert_int_equal(0, file->ops->stat(file, &st));
	assert_int_equal(0, st.nlink);
	assert_int_equal(3, st.size);
	assert_int_equal(8, st.blocks);
	file_put(file);
	tree_end();
}

/* A write over the end of a file that may not grow: as much as is in whole chunks of 2 MiB, or nothing. */
TEST(seal_cuts_a_write_over_the_end)
{
	const uint64_t mib = 1ul << 20;
	struct inode *inode;
	struct file *file;

	tree_start();
	file = memfd_file_create_with("x", 0666, 0);
	inode = file_inode(file);
	assert_int_equal(0, file->ops->truncate(file, 5 * mib));
	assert_int_equal(9 * mib, seals_check_write(inode, mib, 9 * mib));
	assert_int_equal(0, seals_add(file, F_SEAL_GROW));
	assert_int_equal(4 * mib, seals_check_write(inode, mib, 4 * mib));
	assert_int_equal(3 * mib, seals_check_write(inode, mib, 4 * mib + 1));
	assert_int_equal(1, seals_check_write(inode, 4 * mib - 1, 9 * mib));
	assert_int_equal(mib, seals_check_write(inode, 4 * mib, mib));
	assert_int_equal(-EPERM, seals_check_write(inode, 4 * mib, mib + 1));
	assert_int_equal(-EPERM, seals_check_write(inode, 5 * mib, 1));
	assert_int_equal(-EPERM, seals_check_write(inode, 6 * mib, 1));
	file_put(file);
	tree_end();
}

/* Names of one getdents of n bytes, each with a blank behind, into `to`. */
static ssize_t list_some(struct file *dir, size_t n, char *to)
{
	ssize_t got = dir->ops->getdents(dir, USER_START, n);

	*to = '\0';
	for (ssize_t at = 0; at < got;) {
		const struct linux_dirent64 *entry =
			(const struct linux_dirent64 *)(void *)user_memory_at(USER_START +
									      (vaddr_t)at);

		strcat(strcat(to, entry->d_name), " ");
		at += entry->d_reclen;
	}
	return got;
}

TEST(listing)
{
	char names[256];
	struct file *dir;

	tree_start();
	tree_touch("one");
	fs_mkdir(NULL, "two", 0700);
	dir = fs_open_root();
	assert_int_equal(24 * 4, list_some(dir, 1024, names));
	assert_string_equal(". .. one two ", names);
	assert_int_equal(0, list_some(dir, 1024, names));
	assert_int_equal(0, dir->ops->seek(dir, 0, SEEK_SET));
	assert_int_equal(-EINVAL, list_some(dir, 23, names));
	assert_int_equal(24 * 3, list_some(dir, 24 * 3 + 5, names));
	assert_string_equal(". .. one ", names);
	file_put(dir);
	fs_unlink(NULL, "one");
	fs_rmdir(NULL, "two");
	tree_end();
}

static unsigned pauses;

static int count_pause(struct vm_wait *wait)
{
	(void)wait;
	pauses++;
	return 0;
}

#define MANY_PIPES 60

/* All pipes together take an eighth of the memory, and then a page each; what is in them still comes out. */
TEST(pipes_share_what_there_is)
{
	static char bytes[2 * PAGE_SIZE];
	struct file *end[MANY_PIPES][2];
	size_t before, limit, written = 0;
	struct poller poller;
	struct poll_entry entry;
	ssize_t went;

	tree_start();
	before = page_alloc_free_count();
	limit = page_alloc_total_count() / 8 + 2 * MANY_PIPES;
	for (unsigned i = 0; i < MANY_PIPES; i++) {
		assert_int_equal(0, pipe_create(O_NONBLOCK, &end[i][0], &end[i][1]));
		while ((went = tree_write(end[i][1], bytes, sizeof(bytes))) > 0)
			written += (size_t)went;
		assert_int_equal(-EAGAIN, went);
		assert_int_equal(0, end[i][1]->ops->poll(end[i][1], NULL));
	}
	assert_true(before - page_alloc_free_count() <= limit);
	assert_true(written >= page_alloc_total_count() / 8 * PAGE_SIZE);
	/* One that is full, and one that has got no page: who polls them is woken by a reader. */
	for (unsigned i = 0; i < MANY_PIPES; i += MANY_PIPES - 1) {
		poller_init(&poller);
		entry = (struct poll_entry){ .ask.events = POLLOUT,
					     .always = POLLERR | POLLHUP,
					     .file = end[i][1] };
		poll_look(&poller, &entry);
		assert_int_equal(0, entry.ask.revents);
		assert_int_equal(PAGE_SIZE, tree_read(end[i][0], bytes, PAGE_SIZE));
		assert_int_equal(1, waitq_sample(&poller.woken));
		poll_forget(&entry);
		assert_int_equal(PAGE_SIZE, tree_write(end[i][1], bytes, PAGE_SIZE));
	}
	for (unsigned i = 0; i < MANY_PIPES; i++) {
		assert_int_equal(PAGE_SIZE, tree_read(end[i][0], bytes, PAGE_SIZE));
		assert_int_equal(PAGE_SIZE, tree_write(end[i][1], bytes, PAGE_SIZE));
		if (i == 0)
			assert_int_equal(-EAGAIN, tree_write(end[i][1], bytes, 1));
		while ((went = tree_read(end[i][0], bytes, sizeof(bytes))) > 0)
			written -= (size_t)went;
		file_put(end[i][0]);
		file_put(end[i][1]);
	}
	assert_int_equal(0, written);
	tree_end();
}

/* What poll says of both ends, and what is left of a pipe when the other end is gone. */
TEST(ends_of_pipes_are_polled)
{
	const unsigned in = POLLIN | POLLRDNORM, out = POLLOUT | POLLWRNORM;
	struct file *reader, *writer;
	char bytes[4];

	tree_start();
	assert_int_equal(0, pipe_create(O_NONBLOCK, &reader, &writer));
	assert_true(file_readable(reader) && !file_writable(reader));
	assert_true(file_writable(writer) && !file_readable(writer));
	assert_int_equal(0, reader->ops->poll(reader, NULL));
	assert_int_equal(out, writer->ops->poll(writer, NULL));
	assert_int_equal(-EAGAIN, tree_read(reader, bytes, 4));
	assert_int_equal(3, tree_write(writer, "abc", 3));
	assert_int_equal(in, reader->ops->poll(reader, NULL));
	file_put(writer);
	assert_int_equal(in | POLLHUP, reader->ops->poll(reader, NULL));
	assert_int_equal(3, tree_read(reader, bytes, 4));
	assert_int_equal(POLLHUP, reader->ops->poll(reader, NULL));
	assert_int_equal(0, tree_read(reader, bytes, 4));
	file_put(reader);
	assert_int_equal(0, pipe_create(O_NONBLOCK, &reader, &writer));
	file_put(reader);
	assert_int_equal(out | POLLERR, writer->ops->poll(writer, NULL));
	file_put(writer);
	tree_end();
}

/* A packet is read by itself, and what does not fit into the buffer is lost. */
TEST(packets_stay_apart)
{
	struct file *reader, *writer;
	char bytes[8];

	tree_start();
	assert_int_equal(0, pipe_create(O_NONBLOCK | O_DIRECT, &reader, &writer));
	assert_int_equal(3, tree_write(writer, "abc", 3));
	assert_int_equal(4, tree_write(writer, "defg", 4));
	assert_int_equal(1, tree_write(writer, "h", 1));
	assert_int_equal(3, tree_read(reader, bytes, 8));
	assert_memory_equal("abc", bytes, 3);
	assert_int_equal(2, tree_read(reader, bytes, 2));
	assert_memory_equal("de", bytes, 2);
	assert_int_equal(1, tree_read(reader, bytes, 8));
	assert_int_equal('h', bytes[0]);
	file_put(reader);
	file_put(writer);
	tree_end();
}

static int (*serve)(vaddr_t va, unsigned access);
static unsigned served;

static int serve_without_locks(vaddr_t va, unsigned access)
{
	assert_int_equal(0, fake_mutexes_held);
	served++;
	return serve(va, access);
}

/* Who is to give memory back may need the pipe, to end. */
TEST(pipes_are_free_while_memory_is_waited_for)
{
	const vaddr_t from = USER_MEMORY_START, to = USER_MEMORY_START + 8 * PAGE_SIZE;
	struct file *reader, *writer;
	struct user_iter iter;

	tree_start();
	user_memory_end();
	user_memory_start(USER_MEMORY_START, 16);
	serve = fake_fault;
	fake_fault = serve_without_locks;
	assert_int_equal(0, pipe_create(O_NONBLOCK, &reader, &writer));
	iter = user_iter_one(from + 100, 3 * PAGE_SIZE);
	assert_int_equal(3 * PAGE_SIZE, writer->ops->write(writer, &iter, NULL));
	assert_int_equal(4, served);
	*user_memory_at(to) = 1; /* there already: no fault for its first bytes */
	served = 0;
	iter = user_iter_one(to + 100, 3 * PAGE_SIZE);
	assert_int_equal(3 * PAGE_SIZE, reader->ops->read(reader, &iter, NULL));
	assert_int_equal(3, served);
	/* Nothing that is not there is touched for bytes that do not come. */
	iter = user_iter_one(from, 6);
	assert_int_equal(6, writer->ops->write(writer, &iter, NULL));
	iter = user_iter_one(USER_MEMORY_START + 16 * PAGE_SIZE - 6, 100);
	assert_int_equal(6, reader->ops->read(reader, &iter, NULL));
	iter = user_iter_one(USER_MEMORY_START + 16 * PAGE_SIZE - 6, 100);
	assert_int_equal(-EFAULT, writer->ops->write(writer, &iter, NULL));
	file_put(reader);
	file_put(writer);
	fake_fault = serve;
	for (unsigned i = 0; i < 16; i++)
		(void)user_memory_at(USER_MEMORY_START + i * PAGE_SIZE);
	tree_end();
}

/* Others may run between two names, however long the list. */
TEST(listing_lets_others_run)
{
	char names[256];
	struct file *dir;

	tree_start();
	tree_touch("one");
	tree_touch("two");
	dir = fs_open_root();
	mm_host.pause = count_pause;
	assert_int_equal(24 * 4, list_some(dir, 1024, names));
	assert_true(pauses >= 4);
	file_put(dir);
	fs_unlink(NULL, "one");
	fs_unlink(NULL, "two");
	tree_end();
}

/* Whatever comes and goes between two calls, what stays is listed once. */
TEST(listing_while_names_change)
{
	char names[256], name[8];
	struct file *dir;
	unsigned seen = 0;

	tree_start();
	for (unsigned i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%s%02u", i % 2 ? "go" : "st", i);
		tree_touch(name);
	}
	dir = fs_open_root();
	for (unsigned i = 0; list_some(dir, 48, names) > 0; i++) {
		for (const char *at = strstr(names, "st"); at; at = strstr(at + 1, "st"))
			seen++;
		snprintf(name, sizeof(name), "go%02u", 49 - 2 * (i % 25));
		fs_unlink(NULL, name);
	}
	assert_int_equal(25, seen);
	file_put(dir);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%s%02u", i % 2 ? "go" : "st", i);
		fs_unlink(NULL, name);
	}
	tree_end();
}

TEST(listing_of_a_removed_directory)
{
	char names[64];
	struct file *dir;

	tree_start();
	fs_mkdir(NULL, "d", 0700);
	dir = tree_open("d", O_RDONLY);
	fs_rmdir(NULL, "d");
	assert_int_equal(-ENOENT, list_some(dir, 1024, names));
	file_put(dir);
	tree_end();
}

/* ---- descriptors ---- */

TEST(descriptors)
{
	struct fdtable *files, *copy;
	struct file *file;

	tree_start();
	files = fdtable_create();
	file = memfd_file_create();
	assert_int_equal(0, fdtable_install(files, file, 0, false));
	file_get(file);
	assert_int_equal(5, fdtable_install(files, file, 5, true));
	file_get(file);
	assert_int_equal(1, fdtable_install(files, file, 0, false));
	assert_int_equal(FD_CLOEXEC, fdtable_cloexec(files, 5));
	assert_int_equal(-EBADF, fdtable_cloexec(files, 2));
	for (unsigned i = 0; i < 4; i++) { /* each has a reference, for its user to put */
		assert_ptr_equal(file, i % 2 ? fdtable_get(files, 0) : fdtable_get_any(files, 5));
		file_put(file);
	}
	assert_int_equal(2, fdtable_reserve(files, 0, false));
	assert_null(fdtable_get(files, 2));
	assert_int_equal(-EBADF, fdtable_close(files, 2));
	copy = fdtable_copy(files);
	assert_null(fdtable_get(copy, 2));
	assert_int_equal(2, fdtable_reserve(copy, 0, false));
	fdtable_unreserve(copy, 2);
	fdtable_close_on_exec(copy);
	assert_null(fdtable_get(copy, 5));
	fdtable_put(copy);
	file_get(file);
	assert_int_equal(-EBUSY, fdtable_install_at(files, file, 2, false));
	fdtable_unreserve(files, 2);
	assert_int_equal(2, fdtable_install_at(files, file, 2, false));
	assert_int_equal(-EBADF, fdtable_install_at(files, file, NOFILE_DEFAULT, false));
	file_get(file);
	assert_int_equal(5, fdtable_install_at(files, file, 5, false)); /* what was there is put */
	assert_null(fdtable_get(files, -1));
	assert_null(fdtable_get(files, NOFILE_DEFAULT));
	fdtable_put(files);
	tree_end();
}

/* A file that another thread may close at any time is not used without a reference. */
TEST(no_file_of_a_shared_table_is_used_without_a_reference)
{
	struct fdtable *files;
	struct file *file;

	tree_start();
	files = fdtable_create();
	file = memfd_file_create();
	assert_int_equal(0, fdtable_install(files, file, 0, false));
	assert_ptr_equal(file, fdtable_look(files, 0));
	assert_null(fdtable_look(files, 1));
	assert_null(fdtable_look(files, -1));
	assert_ptr_equal(files, fdtable_share(files));
	assert_null(fdtable_look(files, 0));
	fdtable_put(files);
	assert_null(fdtable_look(files, 0));
	fdtable_become_only_user(files);
	assert_ptr_equal(file, fdtable_look(files, 0));
	fdtable_put(files);
	tree_end();
}

/* A table that has been large: fork copies no chunk of it that has become empty. */
TEST(empty_chunks_are_not_copied)
{
	struct fdtable *files, *copy;
	struct file *file;

	tree_start();
	files = fdtable_create();
	file = memfd_file_create();
	file_get(file);
	assert_int_equal(700, fdtable_install_at(files, file, 700, false));
	file_get(file);
	assert_int_equal(1000, fdtable_install_at(files, file, 1000, false));
	assert_int_equal(0, fdtable_close(files, 700));
	copy = fdtable_copy(files);
	assert_int_equal(2, files->nchunks);
	assert_int_equal(1, copy->nchunks);
	assert_null(fdtable_get(copy, 700));
	assert_int_equal(1000, fdtable_next(copy, 0));
	fdtable_put(copy);
	fdtable_put(files);
	file_put(file);
	tree_end();
}

TEST(full_table)
{
	struct fdtable *files;
	struct file *file;

	tree_start();
	files = fdtable_create();
	file = memfd_file_create();
	for (int i = 0; i < NOFILE_DEFAULT; i++) {
		file_get(file);
		assert_int_equal(i, fdtable_install(files, file, 0, false));
	}
	assert_int_equal(-EMFILE, fdtable_install(files, file, 0, false));
	assert_int_equal(0, fdtable_close(files, 77));
	assert_int_equal(77, fdtable_install(files, file, 0, false));
	fdtable_put(files);
	tree_end();
}
