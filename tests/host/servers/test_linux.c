/* SPDX-License-Identifier: MIT */
/* The servers, asked by requests, against what a real Linux has read from them through a mount. */

/*
 * usage: test-servers-linux-X FIXTURE
 * tools/record-servers has recorded the fixture; tree.cpio is beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "listing.h"

#define FID 7

int madeup_main(int argc, char **argv);
int cpiofs_main(int argc, char **argv);

/* A server has a path of any length; a message has 16 names. */
static int walk(const char *path)
{
	char part[LISTING_PATH];
	int err = client_walk(FID, "");

	while (!err && *path) {
		size_t n = strcspn(path, "/");
		union p9_any m = { .twalk = { FID, FID, 1, { { part, n } } } };

		memcpy(part, path, n);
		path += n + (path[n] == '/');
		if (n != 1 || part[0] != '.')
			err = client_call(P9_TWALK, &m);
	}
	return err;
}

static int get_stat(const char *path, struct stat *ret)
{
	struct p9_rgetattr r;
	int err = walk(path);

	if (!err)
		err = client_getattr(FID, &r);
	client_clunk(FID);
	if (err)
		return err;
	*ret = (struct stat){ 0 };
	ret->st_mode = r.mode;
	ret->st_nlink = r.nlink;
	ret->st_uid = r.uid;
	ret->st_gid = r.gid;
	ret->st_size = (off_t)r.size;
	ret->st_blocks = (blkcnt_t)r.blocks;
	ret->st_mtim.tv_sec = (time_t)r.mtime_sec;
	ret->st_ino = r.qid.path + 2; /* as Linux makes it */
	return 0;
}

static int get_names(const char *path, struct listing_name *ret)
{
	struct p9_dirent entry = { .offset = 0 };
	const void *data;
	ssize_t bytes;
	int n = 0;

	assert_int_equal(0, walk(path));
	assert_int_equal(0, client_open(FID, 0));
	while ((bytes = client_readdir(FID, entry.offset, 700, &data)) > 0)
		for (size_t pos = 0; p9_next_dirent(data, (size_t)bytes, &pos, &entry) == 1; n++) {
			memcpy(ret[n].name, entry.name.data, entry.name.len);
			ret[n].name[entry.name.len] = '\0';
			ret[n].type = entry.type;
		}
	assert_int_equal(0, bytes);
	client_clunk(FID);
	return n;
}

static ssize_t get_target(const char *path, char *to, size_t size)
{
	assert_int_equal(0, walk(path));
	assert_int_equal(0, client_readlink(FID, to, size));
	client_clunk(FID);
	return (ssize_t)strlen(to);
}

static ssize_t get_bytes(const char *path, void *to, size_t n, off_t offset)
{
	const void *data;
	ssize_t got, done = 0;

	assert_int_equal(0, walk(path));
	assert_int_equal(0, client_open(FID, 0));
	while ((got = client_read(FID, (uint64_t)(offset + done), (uint32_t)n - (uint32_t)done,
				  &data)) > 0) {
		memcpy((char *)to + done, data, (size_t)got);
		done += got;
	}
	assert_int_equal(0, got);
	client_clunk(FID);
	return done;
}

static int try_write(const char *path)
{
	int err;

	assert_int_equal(0, walk(path));
	err = client_open(FID, O_WRONLY);
	client_clunk(FID);
	return err;
}

static const struct listing_ops ops = { get_stat, get_names, get_target, get_bytes, try_write };

static void print_statfs(FILE *out)
{
	union p9_any m = { .tstatfs = { 0 } };

	assert_int_equal(0, client_call(P9_TSTATFS, &m));
	fprintf(out, "statfs: type %x, block %u, blocks %ju, files %ju, name %u\n", m.rstatfs.type,
		m.rstatfs.bsize, (uintmax_t)m.rstatfs.blocks, (uintmax_t)m.rstatfs.files,
		m.rstatfs.namelen);
}

static void begin(void)
{
	char archive[LISTING_PATH];
	char *words[] = { "server", archive, "--socket", "0", NULL };

	if (strstr(test_argument, "madeup")) {
		assert_int_equal(0, madeup_main(4, words));
	} else {
		int n = (int)(strrchr(test_argument, '/') - test_argument);

		snprintf(archive, sizeof(archive), "%.*s/tree.cpio", n, test_argument);
		assert_int_equal(0, cpiofs_main(4, words));
	}
	client_begin(served.ops, served.tree, 8192);
}

TEST(all_that_linux_has_read)
{
	size_t n, ours_size, nlines = 0;
	char *theirs = test_read_file(test_argument, &n), *ours, *line, *our_line, *at, *our_at;
	FILE *out = open_memstream(&ours, &ours_size);

	theirs = realloc(theirs, n + 1);
	theirs[n] = '\0';
	begin();
	listing_print(&ops, out);
	fprintf(out, "mkdir, symlink, chmod, create: errors %d %d %d %d\n", EROFS, EROFS, EROFS,
		EROFS);
	print_statfs(out);
	fclose(out);
	at = theirs;
	our_at = ours;
	while ((line = strsep(&at, "\n")) != NULL) {
		if (line[0] == '#')
			continue;
		our_line = strsep(&our_at, "\n");
		assert_non_null(our_line);
		assert_string_equal(line, our_line);
		nlines++;
	}
	assert_null(our_at);
	assert_true(nlines > 40);
	free(ours);
	free(theirs);
}
