/* SPDX-License-Identifier: MIT */
/* Archives that anybody may have made: the tree that cpiofs makes of them against the list of their members. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cpiofs.h"
#include "fuzz.h"
#include "lib/cpio.h"

#define MEMBERS 64u
#define PATH	512u
#define DEPTH	32u

static struct cpiofs *fs;
static const uint8_t *archive;
static size_t archive_size;

/* The archive's members that are served, with their names without "." and needless '/'. */
static struct {
	char path[PATH];
	struct cpio_entry entry;
} members[MEMBERS];
static unsigned nmembers, nleft_out;
static bool too_much; /* for these arrays */

static void normalize(const char *name, char *to)
{
	size_t used = 0;

	while (*name) {
		size_t n = strcspn(name, "/");

		if (n > 0 && !(n == 1 && *name == '.')) {
			if (used + n + 2 > PATH) {
				too_much = true;
				break;
			}
			if (used)
				to[used++] = '/';
			memcpy(to + used, name, n);
			used += n;
		}
		name += n + (name[n] == '/');
	}
	to[used] = '\0';
}

static void read_members(void)
{
	struct cpio_entry entry;
	struct cpio cpio;

	nmembers = nleft_out = 0;
	too_much = false;
	cpio_init(&cpio, archive, archive_size);
	while (cpio_next(&cpio, &entry) == 1) {
		if (!S_ISREG(entry.mode) && !S_ISDIR(entry.mode) && !S_ISLNK(entry.mode)) {
			nleft_out++;
			continue;
		}
		if (nmembers == MEMBERS) {
			too_much = true;
			return;
		}
		members[nmembers].entry = entry;
		normalize(entry.name, members[nmembers++].path);
	}
}

static struct file_attr attr_of(uint64_t file)
{
	struct file_attr attr = { 0 };

	fuzz_equal(cpiofs_ops.getattr(fs, file, &attr), 0);
	return attr;
}

/* Goes along a path that must be there. */
static uint64_t find(const char *path)
{
	uint64_t file = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		fuzz_check(S_ISDIR(attr_of(file).mode));
		fuzz_equal(cpiofs_ops.walk(fs, file, (struct p9_string){ path, n }, &file), 0);
		path += n + (path[n] == '/');
	}
	return file;
}

/* Is another name of the same file anywhere? Then mode and contents may be those that it has brought. */
static bool is_linked(unsigned i)
{
	return S_ISREG(members[i].entry.mode) && members[i].entry.nlink > 1;
}

static void check_member(unsigned i)
{
	const struct cpio_entry *entry = &members[i].entry;
	struct file_attr attr = attr_of(find(members[i].path));

	for (unsigned later = i + 1; later < nmembers; later++)
		if (strcmp(members[later].path, members[i].path) == 0)
			return;
	fuzz_check((attr.mode & S_IFMT) == (entry->mode & S_IFMT));
	if (is_linked(i))
		return;
	fuzz_equal(attr.mode, entry->mode & (S_IFMT | 07777));
	fuzz_equal(attr.uid, entry->uid);
	fuzz_equal(attr.gid, entry->gid);
	fuzz_equal(attr.mtime, entry->mtime);
	if (!S_ISDIR(entry->mode))
		fuzz_equal(attr.size, entry->size);
}

/* A file's bytes are the archive's, all of them, and the end is the end. */
static void check_file(uint64_t file, const struct file_attr *attr)
{
	const void *data = NULL;
	struct p9_string target;
	volatile uint8_t sum = 0;
	ssize_t n;

	if (S_ISLNK(attr->mode)) {
		fuzz_equal(cpiofs_ops.readlink(fs, file, &target), 0);
		fuzz_check(target.len == attr->size && target.len > 0 &&
			   !memchr(target.data, 0, target.len));
		return;
	}
	fuzz_check(S_ISREG(attr->mode));
	n = cpiofs_ops.read(fs, file, 0, NULL, SIZE_MAX / 2, &data);
	fuzz_equal(n, attr->size);
	for (ssize_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + ((const uint8_t *)data)[i]);
	fuzz_equal(cpiofs_ops.read(fs, file, attr->size, NULL, 100, &data), 0);
	if (n > 1)
		fuzz_equal(cpiofs_ops.read(fs, file, attr->size - 1, NULL, 100, &data), 1);
}

/* Checks a directory and all below it. Returns how many names of `wanted` are there. */
static unsigned check_dir(uint64_t dir, uint64_t parent, uint64_t wanted, unsigned depth)
{
	struct file_entry entry = { .next = 0 };
	unsigned found = 0, ndirs = 0;
	uint64_t at;

	fuzz_equal(cpiofs_ops.walk(fs, dir, p9_string(".."), &at), 0);
	fuzz_equal(at, parent);
	for (at = 0; cpiofs_ops.readdir(fs, dir, at, &entry) == 1; at = entry.next) {
		struct file_attr attr = attr_of(entry.file);
		uint64_t again;

		fuzz_check(entry.name.len >= 1 && entry.name.len <= 255 &&
			   !memchr(entry.name.data, '/', entry.name.len));
		fuzz_check(!p9_string_is(entry.name, ".") && !p9_string_is(entry.name, ".."));
		fuzz_equal(cpiofs_ops.walk(fs, dir, entry.name, &again), 0);
		fuzz_equal(again, entry.file);
		found += entry.file == wanted;
		if (!S_ISDIR(attr.mode)) {
			check_file(entry.file, &attr);
			continue;
		}
		ndirs++;
		if (depth < DEPTH)
			found += check_dir(entry.file, dir, wanted, depth + 1);
	}
	if (wanted == UINT64_MAX)
		fuzz_equal(attr_of(dir).nlink, 2 + ndirs);
	return found;
}

static void check_tree(void)
{
	fuzz_equal(cpiofs_left_out(fs), nleft_out);
	check_dir(0, 0, UINT64_MAX, 0);
	if (too_much)
		return;
	for (unsigned i = 0; i < nmembers; i++) {
		uint64_t file = find(members[i].path);

		check_member(i);
		if (!S_ISDIR(members[i].entry.mode))
			fuzz_equal(check_dir(0, 0, file, 0), attr_of(file).nlink);
	}
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	size_t at = 0;
	int err;

	archive = data;
	archive_size = size;
	err = cpiofs_create(data, size, 1, &fs, &why, &at);
	if (err) {
		fuzz_check(err == -EINVAL && why && at <= size);
		return false;
	}
	read_members();
	check_tree();
	cpiofs_destroy(fs);
	return true;
}
