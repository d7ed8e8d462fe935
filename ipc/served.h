/* SPDX-License-Identifier: MIT */
/* Open files that a program serves: each use of one is a call at an endpoint (abi/served.h). */
#pragma once

#include "abi/served.h"
#include "desc/file.h"

/*
 * Makes file->data a served file of the endpoint of `send`, and asks the server to open it for a process and its ids (word 2 of
 * SERVED_OPEN). Returns 0; what the server has answered; -EIO if it answers
 * otherwise than abi/served.h says, or not at all; -ENXIO if no server can come any more; -EINTR, -EAGAIN, -ENFILE or -ENOMEM. If it fails, file->data stays NULL. Call
 * with no lock held, before anything else uses the file.
 */
int served_open(struct file *file, struct file *send, uint32_t pid, uint64_t id);

/* Slots of struct file_ops. */
ssize_t served_read(struct file *file, struct user_iter *to, uint64_t *pos);
ssize_t served_write(struct file *file, struct user_iter *from, uint64_t *pos);
unsigned served_poll(struct file *file, struct poller *poller);
void served_release(struct file *file);
void served_holds(struct file *file);

/*
 * SERVED_CTL. The server may read n bytes at `arg` with VM_PROT_READ in `access`, and write them with VM_PROT_WRITE. Returns what the
 * server has answered, or an errno as served_open() does; -EFAULT.
 */
int served_ctl(struct file *file, uint64_t request, vaddr_t arg, size_t n, unsigned access);

/*
 * The state of the file with that cookie is a new one. One of an older generation than is known changes nothing. `receive` is the
 * endpoint's receive end. Returns 0; -ENOENT if there is no such file; -EINVAL. Does not wait.
 */
int served_post(struct file *receive, uint64_t cookie, uint64_t state);

/* What the kernel knows of the first file whose cookie is at least that one. Returns as served_post() does. */
int served_describe(struct file *receive, uint64_t cookie, struct served_file *to);
