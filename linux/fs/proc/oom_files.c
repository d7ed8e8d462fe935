/* SPDX-License-Identifier: MIT */
/* /proc/PID/oom_score and oom_score_adj: how likely the process is the one that is killed for its memory. */
#include "abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/file/text_file.h"
#include "linux/fs/proc/node.h"
#include "linux/fs/proc/seq.h"
#include "linux/process/oom.h"

static int score_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;
	unsigned score;
	int adj, err = oom_score(&node->id, &adj, &score);

	(void)walk;
	if (err == 0)
		err = seq_once(cursor);
	if (err == 0)
		seq_put(seq, "%u\n", score);
	return err;
}

const struct seq_ops proc_oom_score_seq = { .record = score_record };

/* "-1000", a newline and a NUL fit; so do some blanks, as on Linux. */
#define ADJ_TEXT 13u

static ssize_t adj_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	char text[ADJ_TEXT];
	unsigned score;
	int adj, err = oom_score(&to_proc(file_inode(file))->id, &adj, &score);

	if (err)
		return err;
	return user_iter_copy_text(to, pos, text,
				   (size_t)ksnprintf(text, sizeof(text), "%d\n", adj));
}

static int parse_adj(const char *text, size_t n, int *adj_ret)
{
	uint64_t value;
	bool negative;

	text = str_trim(text, &n);
	negative = n != 0 && *text == '-';
	if (negative || (n != 0 && *text == '+'))
		text++, n--;
	if (str_to_u64(text, n, &value) != 0 || value > OOM_SCORE_ADJ_MAX)
		return -EINVAL;
	*adj_ret = negative ? -(int)value : (int)value;
	return 0;
}

/* As on Linux, the position does not count, and stays. */
static ssize_t adj_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	char text[ADJ_TEXT] = { 0 };
	size_t all = from->left, n = MIN(all, sizeof(text) - 1);
	int adj, err;

	(void)pos;
	if (user_iter_copy_in(from, text, n) != n)
		return -EFAULT;
	err = parse_adj(text, strlen(text), &adj);
	if (err == 0)
		err = oom_set_score_adj(&to_proc(file_inode(file))->id, adj);
	return err ? err : (ssize_t)n;
}

const struct file_ops proc_oom_adj_file_ops = {
	.name = "weight of a process",
	.read = adj_read,
	.write = adj_write,
	.empty_writes = true,
	.seek = file_seek_in_nothing,
	.release = inode_file_release,
	PROCESS_FILE_SLOTS,
};
