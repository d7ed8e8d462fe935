/* SPDX-License-Identifier: MIT */
/* The ring of log records. */
#include "base/log_ring.h"

#include "lib/bits.h"
#include "lib/string.h"

_Static_assert((LOG_RING_BYTES & (LOG_RING_BYTES - 1)) == 0, "positions are taken modulo it");

static void ring_put(struct log_ring *ring, uint64_t pos, const void *from, size_t n)
{
	size_t at = pos % LOG_RING_BYTES;
	size_t first = MIN(n, LOG_RING_BYTES - at);

	memcpy(ring->bytes + at, from, first);
	memcpy(ring->bytes, (const uint8_t *)from + first, n - first);
}

static void ring_get(const struct log_ring *ring, uint64_t pos, void *to, size_t n)
{
	size_t at = pos % LOG_RING_BYTES;
	size_t first = MIN(n, LOG_RING_BYTES - at);

	memcpy(to, ring->bytes + at, first);
	memcpy((uint8_t *)to + first, ring->bytes, n - first);
}

static size_t record_bytes(size_t text_len)
{
	return ALIGN_UP(sizeof(struct log_record) + text_len, 8);
}

void log_ring_append(struct log_ring *ring, enum log_level level, uint64_t time_ns,
		     const char *text, size_t len)
{
	struct log_record record = {
		.time_ns = time_ns,
		.text_len = (uint16_t)len,
		.level = (uint8_t)level,
	};
	struct log_record old;

	while (ring->newest + record_bytes(len) - ring->oldest > LOG_RING_BYTES) {
		ring_get(ring, ring->oldest, &old, sizeof(old));
		ring->oldest += record_bytes(old.text_len);
	}
	ring_put(ring, ring->newest, &record, sizeof(record));
	ring_put(ring, ring->newest + sizeof(record), text, len);
	ring->newest += record_bytes(len);
}

bool log_ring_read(const struct log_ring *ring, uint64_t *pos, struct log_record *ret, char *text)
{
	if (*pos >= ring->newest)
		return false;
	ring_get(ring, *pos, ret, sizeof(*ret));
	ring_get(ring, *pos + sizeof(*ret), text, ret->text_len);
	*pos += record_bytes(ret->text_len);
	return true;
}
