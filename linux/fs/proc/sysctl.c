/* SPDX-License-Identifier: MIT */
/* Files of /proc/sys: reads and writes a value as text, as Linux does for its sysctls. */
#include "linux/fs/proc/sysctl.h"

#include "abi/errno.h"
#include "desc/poll.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/file/text_file.h"
#include "linux/fs/vfs/permission.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

static const struct sysctl *sysctl_of(const struct file *file)
{
	struct inode *inode = file->node;

	return container_of(to_proc(inode)->entry, const struct sysctl, entry);
}

/*
 * As on Linux, the mode binds at each use, and not only when the file is opened: by the effective ids, whatever capabilities there
 * are. What root has opened is of no use to a program that it becomes or starts as another user.
 */
static bool may_use(const struct file *file, unsigned mask)
{
	uint32_t mode = sysctl_of(file)->entry.mode;

	if (current_cred()->euid == 0)
		mode >>= 6;
	else if (in_egroup_p(0))
		mode >>= 3;
	return !(mask & ~mode);
}

static unsigned numbers_of(const struct sysctl *ctl)
{
	return MAX(ctl->count, 1u);
}

/* The text with its newline. Returns its length. */
static size_t show_value(const struct sysctl *ctl, char *text, size_t size)
{
	size_t len = 0;

	if (ctl->show) {
		ctl->show(text);
		len = strlen(text);
		kappendf(text, size, &len, "\n");
		return len;
	}
	for (unsigned i = 0; i < numbers_of(ctl); i++)
		kappendf(text, size, &len, "%lu%c", (unsigned long)ctl->get(i),
			 i + 1 == numbers_of(ctl) ? '\n' : '\t');
	return len;
}

/* As on Linux, numbers are read at once, from the start of the file. */
static ssize_t sysctl_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	const struct sysctl *ctl = sysctl_of(file);
	char text[SYSCTL_STRING_MAX + 1];

	if (!may_use(file, MAY_READ))
		return -EPERM;
	if (*pos != 0 && !ctl->show)
		return 0;
	return user_iter_copy_text(to, pos, text, show_value(ctl, text, sizeof(text)));
}

/* ---- writing ---- */

static bool sysctl_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *sysctl_skip_blanks(const char *at, const char *end)
{
	while (at < end && sysctl_is_blank(*at))
		at++;
	return at;
}

static int set_number(const struct sysctl *ctl, unsigned index, uint64_t value)
{
	if (value < ctl->least || (ctl->most && value > ctl->most))
		return -EINVAL;
	if (ctl->set)
		return ctl->set(index, value);
	return value == ctl->get(index) ? 0 : -EINVAL;
}

/*
 * Reads numbers between blanks until there are as many as the value has. Returns how many bytes that took, or
 * a negative errno if the first is none; the others stay as they are then.
 */
static ssize_t write_numbers(const struct sysctl *ctl, const char *text, size_t n)
{
	const char *at = text, *end = text + n, *word;
	uint64_t value;
	unsigned i;
	int err = 0;

	for (i = 0; i < numbers_of(ctl) && err == 0; i++) {
		word = at = sysctl_skip_blanks(at, end);
		while (at < end && *at != '\0' && !sysctl_is_blank(*at))
			at++;
		if (at == word)
			break;
		err = str_to_u64(word, (size_t)(at - word), &value) ? -EINVAL : 0;
		if (err == 0)
			err = set_number(ctl, i, value);
	}
	if (err || i == 0)
		return err ?: -EINVAL;
	return sysctl_skip_blanks(at, end) - text;
}

/* The bytes up to a newline or NUL take the place of what is behind the position. */
static ssize_t write_string(const struct sysctl *ctl, const char *text, size_t n, uint64_t pos)
{
	char value[SYSCTL_STRING_MAX];
	size_t len, i;
	int err;

	ctl->show(value);
	len = MIN(strlen(value), ctl->size - 1);
	if (pos > len)
		return (ssize_t)n;
	len = (size_t)pos;
	for (i = 0; i < n && len < ctl->size - 1 && text[i] != '\0' && text[i] != '\n'; i++)
		value[len++] = text[i];
	value[len] = '\0';
	err = ctl->store(value);
	return err ? err : (ssize_t)n;
}

/* A string that cannot be changed accepts what it has, too. */
static ssize_t write_fixed(const struct sysctl *ctl, const char *text, size_t n)
{
	char value[SYSCTL_STRING_MAX];
	size_t len;

	ctl->show(value);
	len = strlen(value);
	if (n < len || memcmp(text, value, len) != 0 || (n > len && text[len] != '\n'))
		return -EINVAL;
	return (ssize_t)n;
}

/* Numbers are written at the start of the file; elsewhere a write is accepted and does nothing. */
static ssize_t write_text(const struct sysctl *ctl, const char *text, size_t n, uint64_t pos)
{
	if (ctl->show)
		return ctl->store ? write_string(ctl, text, n, pos) : write_fixed(ctl, text, n);
	return pos ? (ssize_t)n : write_numbers(ctl, text, n);
}

static ssize_t sysctl_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	size_t all = from->left, n = MIN(all, PAGE_SIZE - 1);
	ssize_t done = -EFAULT;
	char *text;

	if (!may_use(file, MAY_WRITE))
		return -EPERM;
	text = mem_wait_kmalloc(PAGE_SIZE);
	if (!text)
		return -ENOMEM;
	if (user_iter_copy_in(from, text, n) == n)
		done = write_text(sysctl_of(file), text, n, *pos);
	kfree(text);
	/* Of what is longer than a page, only the start counts. */
	if (done == (ssize_t)n)
		done = (ssize_t)all;
	if (done > 0)
		*pos += (uint64_t)done;
	return done;
}

const struct file_ops proc_sysctl_file_ops = {
	.name = "value of /proc/sys",
	.read = sysctl_read,
	.write = sysctl_write,
	.seek = file_seek_in_nothing,
	.poll = poll_always,
	.release = inode_file_release,
	PROC_FILE_SLOTS,
};
