/* SPDX-License-Identifier: MIT */
/* A walk through a tree. The random offsets are the same in every run. */
#include "listing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE  (1 << 20)
#define PIECES 12
#define PIECE  20000
#define SEED   20261122
#define DEPTH  40u

struct listing {
	const struct listing_ops *ops;
	FILE *out;
	uint64_t random;
};

static uint64_t below(struct listing *l, uint64_t n)
{
	l->random = l->random * 6364136223846793005u + 1442695040888963407u;
	return (l->random >> 20) % n;
}

/* FNV-1a. */
static uint64_t hash_of(const uint8_t *bytes, size_t n)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

static void print_bytes(struct listing *l, const char *path, off_t offset, size_t n)
{
	uint8_t *bytes = malloc(n);
	ssize_t got = l->ops->get_bytes(path, bytes, n, offset);

	fprintf(l->out, "  %zu at %jd: ", n, (intmax_t)offset);
	if (got < 0)
		fprintf(l->out, "error %zd\n", -got);
	else
		fprintf(l->out, "%zd, %016" PRIx64 "\n", got, hash_of(bytes, (size_t)got));
	free(bytes);
}

static void print_file(struct listing *l, const char *path, off_t size)
{
	if (size <= WHOLE)
		print_bytes(l, path, 0, WHOLE + 1);
	for (unsigned i = 0; size > 0 && i < PIECES; i++) {
		off_t offset = (off_t)below(l, (uint64_t)size + 10);

		print_bytes(l, path, offset, 1 + (size_t)below(l, PIECE));
	}
	fprintf(l->out, "  to write: error %d\n", -l->ops->try_write(path));
}

static void print_link(struct listing *l, const char *path)
{
	char target[LISTING_PATH];
	ssize_t n = l->ops->get_target(path, target, sizeof(target));

	fprintf(l->out, "  -> %.*s\n", n < 0 ? 0 : (int)n, target);
}

static void print_tree(struct listing *l, const char *path, unsigned depth);

static void print_dir(struct listing *l, const char *path, unsigned depth)
{
	struct listing_name *names = calloc(LISTING_NAMES, sizeof(*names));
	int n = l->ops->get_names(path, names);

	if (n < 0)
		fprintf(l->out, "  error %d\n", -n);
	for (int i = 0; i < n; i++)
		fprintf(l->out, "  %u %s\n", names[i].type, names[i].name);
	for (int i = 0; i < n && depth < DEPTH; i++) {
		char below_it[LISTING_PATH];

		if (strcmp(names[i].name, ".") == 0 || strcmp(names[i].name, "..") == 0)
			continue;
		snprintf(below_it, sizeof(below_it), "%s/%s", path, names[i].name);
		print_tree(l, below_it, depth + 1);
	}
	free(names);
}

static void print_tree(struct listing *l, const char *path, unsigned depth)
{
	struct stat st;
	int err = l->ops->get_stat(path, &st);

	if (err) {
		fprintf(l->out, "%s: error %d\n", path, -err);
		return;
	}
	fprintf(l->out,
		"%s: mode %o, links %ju, owner %u:%u, bytes %jd, blocks %jd, time %jd, file %ju\n",
		path, st.st_mode, (uintmax_t)st.st_nlink, st.st_uid, st.st_gid,
		(intmax_t)st.st_size, (intmax_t)st.st_blocks, (intmax_t)st.st_mtim.tv_sec,
		(uintmax_t)st.st_ino);
	if (S_ISDIR(st.st_mode))
		print_dir(l, path, depth);
	else if (S_ISLNK(st.st_mode))
		print_link(l, path);
	else
		print_file(l, path, st.st_size);
}

void listing_print(const struct listing_ops *ops, FILE *out)
{
	struct listing l = { ops, out, SEED };

	fprintf(out, "seed %d\n", SEED);
	print_tree(&l, ".", 0);
	print_tree(&l, "./no-such-name", 0);
}
