/* SPDX-License-Identifier: MIT */
/* Byte-stream devices as files, without a line discipline. */
#pragma once

#include "desc/file.h"

/* node: a struct port. */
extern const struct file_ops port_ops;

struct chardev;
/* Creates the node for a device. NULL: out of memory. Call at boot. */
struct port *port_create(struct chardev *dev);
