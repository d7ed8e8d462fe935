/* SPDX-License-Identifier: MIT */
/* The file system of processes, which is mounted on /proc. Its files are made when they are used. */
#pragma once

#include "linux/fs/vfs/mount.h"
#include "linux/process/thread_id.h"

struct block_device;
struct file;
struct seq;
struct thread_id;

/* Any number of mounts may exist; they show the same. It has no options. */
extern const struct fs_type proc_type;

/* What /proc/diskstats says of a disk: the line behind its name. */
void proc_put_disk_figures(struct seq *seq, const struct block_device *disk);
/* What /proc/meminfo says, as the file `meminfo` of a node below /sys has it. */
void proc_put_node_memory(struct seq *seq);

/* Returns whose directory /proc/PID the open file is, or NULL if it is none. Valid as long as the file is. */
const struct thread_id *proc_dir_id(const struct file *file);
