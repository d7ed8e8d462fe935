/* SPDX-License-Identifier: MIT */
/* The device of docs/servers.md: what is written to it comes back with each letter 13 places further on. */
#include "lib/serve.h"

static char rotate(char c)
{
	char low = (char)(c | 32);

	return low < 'a' || low > 'z' ? c : (char)(low < 'n' ? c + 13 : c - 13);
}

static ssize_t rot13_write(struct serve_file *file, struct serve_request *request)
{
	char text[SERVE_QUEUE_BYTES];
	size_t n = serve_take(request, text, sizeof(text));

	for (size_t i = 0; i < n; i++)
		text[i] = rotate(text[i]);
	return serve_queue_put(file->data, request, text, n);
}

static ssize_t rot13_read(struct serve_file *file, struct serve_request *request)
{
	return serve_queue_get(file->data, request);
}

static unsigned rot13_events(struct serve_file *file)
{
	return serve_queue_events(file->data);
}

int main(int argc, char **argv)
{
	static const struct serve_ops ops = {
		.data_size = sizeof(struct serve_queue),
		.read = rot13_read,
		.write = rot13_write,
		.events = rot13_events,
	};

	return serve_main(argc, argv, &ops);
}
