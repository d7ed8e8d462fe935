/* SPDX-License-Identifier: MIT */
/* Arguments of system calls on endpoints. */
#pragma once

#include "abi/ipc.h"
#include "base/clock.h"
#include "ipc/endpoint.h"
#include "trap/arg_file.h"

/* Converts a deadline of CLOCK_MONOTONIC to ticks. */
static inline uint64_t deadline_of(uint64_t ns)
{
	return likely(ns == IPC_NEVER) || ns == IPC_NOW ? ns : clock_deadline(ns);
}

/*
 * The words of arguments `first` and those after it, where they are: words go from the frame of one
 * side to that of the other one.
 */
static inline struct ipc_words *words_at(struct trap_frame *frame, unsigned first)
{
	return (struct ipc_words *)frame_arg_at(frame, first);
}
