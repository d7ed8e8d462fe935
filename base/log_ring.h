/* SPDX-License-Identifier: MIT */
/* The ring of log records, private to the log. Records have positions that only grow. */
#pragma once

#include "base/log.h"

/* A record is this header and text_len bytes, padded to a multiple of 8 bytes. */
struct log_record {
	uint64_t time_ns;
	uint16_t text_len;
	uint8_t level;
	uint8_t unused[5];
};

struct log_ring {
	/* guarded by log_lock: */
	uint64_t oldest; /* position of the oldest record */
	uint64_t newest; /* position behind the newest record */
	_Alignas(8) uint8_t bytes[LOG_RING_BYTES];
};

/* Appends a record and overwrites the oldest ones if necessary. len is at most LOG_TEXT_MAX. */
void log_ring_append(struct log_ring *ring, enum log_level level, uint64_t time_ns,
		     const char *text, size_t len);

/*
 * Reads the record at *pos and moves *pos behind it. text must have room for LOG_TEXT_MAX bytes.
 * Returns false if no record is there yet. *pos must be the position of a record that has not been
 * overwritten.
 */
bool log_ring_read(const struct log_ring *ring, uint64_t *pos, struct log_record *ret, char *text);
