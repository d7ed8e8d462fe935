/* SPDX-License-Identifier: MIT */
/* Read-ahead: knows the streams of reads, and finds the one that an index belongs to. */
#include "mm/fault/readahead.h"

#include "lib/bits.h"
#include "sync/atomic.h"

/* Is the index in what the stream has read last, or not more than `margin` indices away? */
static bool is_near(const struct readahead_stream *stream, uint64_t index, unsigned margin)
{
	return index + margin >= stream->first && index < stream->first + stream->window + margin;
}

/* Returns the stream whose last read had the index, or NULL. */
static struct readahead_stream *find_read(struct readahead *ahead, uint64_t index)
{
	for (unsigned i = 0; i < READAHEAD_STREAMS; i++)
		if (is_near(&ahead->streams[i], index, 0))
			return &ahead->streams[i];
	return NULL;
}

/* Returns the stream that goes on at the index; if none does, the one that was read least recently. */
static struct readahead_stream *find_stream(struct readahead *ahead, uint64_t index,
					    bool *goes_on_ret)
{
	struct readahead_stream *stream = ahead->streams, *oldest = stream;

	for (; stream < ahead->streams + READAHEAD_STREAMS; stream++) {
		*goes_on_ret = is_near(stream, index, stream->window);
		if (*goes_on_ret)
			return stream;
		if (stream->turn < oldest->turn)
			oldest = stream;
	}
	return oldest;
}

/* Returns the window of the read after the stream's last one. */
static unsigned readahead_next_window(const struct readahead_stream *stream, bool goes_on)
{
	bool grow = stream->brought ? stream->used * 2 >= stream->brought : goes_on;
	unsigned window = MAX(stream->window, 1u);

	return grow ? MIN(window * 2, READAHEAD_MAX) : MAX(window / 2, 1u);
}

unsigned readahead_next(struct readahead *ahead, uint64_t index)
{
	const struct readahead_stream *last = &ahead->streams[ahead->last];
	bool goes_on = false;
	struct readahead_stream *stream = find_stream(ahead, index, &goes_on);
	unsigned window = readahead_next_window(goes_on ? stream : last, goes_on);

	*stream = (struct readahead_stream){ .first = ALIGN_DOWN(index, window),
					     .window = window,
					     .turn = last->turn + 1 };
	ahead->last = (unsigned)(stream - ahead->streams);
	return window;
}

void readahead_brought(struct readahead *ahead, uint64_t index, unsigned npages)
{
	struct readahead_stream *stream = find_read(ahead, index);

	if (stream)
		stream->brought += npages;
}

void readahead_used(struct readahead *ahead, uint64_t index)
{
	struct readahead_stream *stream = find_read(ahead, index);

	if (stream)
		stream->used++;
}

bool readahead_is_wide(const struct readahead *ahead)
{
	return atomic_load_relaxed(&ahead->streams[atomic_load_relaxed(&ahead->last)].window) > 1;
}
