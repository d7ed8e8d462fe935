/* SPDX-License-Identifier: MIT */
/* The log's own: records in a ring, addressed by positions that only grow. */
#pragma once

#include "base/log.h"

/* A record: this, then text_len bytes, padded to 8. */
struct log_record {
	uint64_t time_ns;
	uint16_t text_len;
	uint8_t level;
	uint8_t unused[5];
};

struct log_ring {
	/* under the log's lock */
	uint64_t oldest; /* position of the first record kept */
	uint64_t newest; /* behind the last */
	_Alignas(8) uint8_t bytes[LOG_RING_BYTES];
};

/* Appends; overwrites the oldest as need be. => len is at most LOG_TEXT_MAX */
void log_ring_append(struct log_ring *ring, enum log_level level, uint64_t time_ns,
		     const char *text, size_t len);

/*
 * Reads the record at *pos, which moves behind it; text must have room for LOG_TEXT_MAX bytes.
 * => false: none there yet. => pos is a record's position, not overwritten
 */
bool log_ring_read(const struct log_ring *ring, uint64_t *pos, struct log_record *ret, char *text);
