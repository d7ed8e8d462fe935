/* SPDX-License-Identifier: MIT */
/* What splice, tee and vmsplice do with pipes. */
#pragma once

#include "desc/pipe.h"

/* Are they of one pipe? */
bool pipe_is_same(const struct file *a, const struct file *b);

/*
 * pipe_take() waits for bytes and tells where the oldest are. Returns 1; 0 at the end; or -EAGAIN or -EINTR. After
 * a 1, the pipe has nothing to read for other readers until pipe_give_back() says how many of these bytes were used; the
 * others stay the oldest. It returns whether that made room for a page: then pipe_tell_room() is to be called at the end.
 */
int pipe_take(struct file *file, struct pipe_slot *slot, bool nonblock);
bool pipe_give_back(struct file *file, size_t n);
void pipe_tell_room(struct file *file);

/*
 * read(2) or write(2) of bytes that are no packets, with or without O_NONBLOCK, whatever the file says. pipe_vmsplice() is one of both, as the file was opened
 * for; it waits for room, and then writes what there is room for.
 */
ssize_t pipe_transfer(struct file *file, struct user_iter *iter, bool nonblock, bool write);
ssize_t pipe_vmsplice(struct file *file, struct user_iter *iter, bool nonblock);

/* Waits for room for a page. Returns 0, -EAGAIN, -EINTR, or -EPIPE after os_layer.pipe_broken(). */
int pipe_await_room(struct file *file, bool nonblock);

/*
 * Moves up to n bytes from a pipe to another one, or copies them if `keep` is set. Waits until there is one and room for it,
 * unless `nonblock`. Returns how many, 0 at the end, -ENOMEM, or an error of pipe_await_room().
 */
ssize_t pipe_to_pipe(struct file *in, struct file *out, size_t n, bool nonblock, bool keep);
