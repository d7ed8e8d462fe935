/* SPDX-License-Identifier: MIT */
/* The devices that programs drive: process 1 has a descriptor of each, and hands out sessions. */
#ifndef USER_INIT_DEVICES_H
#define USER_INIT_DEVICES_H

#include <stdint.h>

/*
 * Finds the virtio device of that kind whose configuration has that tag, and which was not found
 * before. Returns its descriptor, which stays with process 1, or -ENODEV.
 */
long device_find(uint32_t id, const char *tag);

/*
 * Finds the devices that the runner wants the program to have. Returns 0, or an error that it has
 * explained. Call after device_find(): what a server has is not for the program.
 */
long devices_for_program(void);

/*
 * In the process of the program: the devices become its descriptors UIO_FIRST_FD and those that follow,
 * and stay open at exec. Returns 0 or -ERRNO.
 */
long devices_become(void);

/* Begins a session with the device; the one before it ends. Returns its descriptor, or -ERRNO. */
long device_session(int device);

#endif
