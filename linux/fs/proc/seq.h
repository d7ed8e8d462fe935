/* SPDX-License-Identifier: MIT */
/* Files whose text is made when they are read, record by record. */
#pragma once

#include "desc/file.h"

/* Text that is being appended to a buffer. What does not fit is left out, and `full` set. */
struct seq {
	char *buf;
	size_t size, len;
	bool full;
};

void seq_put(struct seq *seq, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * For what is listed many times, these do without a format. A number has `width` places at least, 24 at most: zeros, or blanks,
 * come first. text_hex() and text_dec() write it to a place with room for that, and return the end.
 */
char *text_hex(char *to, uint64_t value, unsigned width);
char *text_dec(char *to, uint64_t value, unsigned width);
void seq_put_bytes(struct seq *seq, const char *bytes, size_t n);
void seq_put_text(struct seq *seq, const char *text);
void seq_put_hex(struct seq *seq, uint64_t value, unsigned width);
void seq_put_dec(struct seq *seq, uint64_t value, unsigned width);
/* Appends text; the bytes that are in `special`, a string, become \ and three octal digits. */
void seq_put_escaped(struct seq *seq, const char *text, const char *special);

/*
 * Where the text comes from. All slots may sleep; the caller holds no spinning lock, but a mutex of
 * class LOCK_INODE. They return 0 or a negative errno, which the read returns; -ENODATA is the end
 * of the file.
 */
struct seq_ops {
	/* Called once for each read, before records are made; sets *walk_ret. NULL: not needed. */
	int (*begin)(void *source, void **walk_ret);
	void (*end)(void *walk);
	/*
	 * Appends one record, and moves *cursor to the next. The cursor is 0 at the first; what else
	 * it is only this function knows. A record that did not fit is asked for again.
	 */
	int (*record)(void *source, void *walk, uint64_t *cursor, struct seq *seq);
};

/* For files of one record: moves the cursor behind it. Returns 0, or -ENODATA if it was there. */
int seq_once(uint64_t *cursor);

struct seq_file;

/* The most memory for text that one open file has at a time. */
#define SEQ_BYTES_MOST (8 * (ssize_t)PAGE_SIZE)

/* Creates the state of one open file. `source` must outlive it. Returns NULL if memory runs out. */
struct seq_file *seq_create(const struct seq_ops *ops, void *source);
void seq_destroy(struct seq_file *file);
void *seq_source(struct seq_file *file);
/* A word of the open file's that belongs to the kind of file; 0 at first. */
uint64_t *seq_mark(struct seq_file *file);

/*
 * Reads from *pos on and advances it. As on Linux, one read returns no more than a buffer of whole
 * records, or what is left of one. The bytes at a position are those that a walk from the start
 * finds there now, unless the last read ended there: then it goes on with what it found next.
 * Returns the number of bytes, 0 at the end, or a negative errno: -EFAULT, -ENOMEM, -EINTR for a
 * killed thread, or that of the ops. The caller holds no spinning lock.
 */
ssize_t seq_read(struct seq_file *file, struct user_iter *to, uint64_t *pos);
