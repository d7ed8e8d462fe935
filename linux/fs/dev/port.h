/* SPDX-License-Identifier: MIT */
/* Byte-stream devices as files, without a line discipline. */
#pragma once

#include "desc/file.h"

/* The device is a struct stream. */
extern const struct file_ops port_ops;

struct chardev;
struct stream;

/* Creates the node for a device. NULL: out of memory. Call at boot. */
struct stream *port_create(struct chardev *dev);
