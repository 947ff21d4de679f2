/* ipmibench SECONDS: Get Device ID through the kernel's IPMI device, one request after the other. Prints the number of
 * requests, the requests per second, and the 50th and 99th percentile of the latency in microseconds. */
#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

#define MOST 200000

static double latency[MOST];

static double microseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Waits for the response; what is none (an event) is passed over. */
static int answered(int device, unsigned char *data, unsigned short size)
{
	for (;;) {
		struct pollfd ready = { .fd = device, .events = POLLIN };
		unsigned char address[64];
		struct ipmi_recv got = { .addr = address, .addr_len = sizeof address, .msg = { .data = data, .data_len = size } };
		if (poll(&ready, 1, 5000) != 1 || ioctl(device, IPMICTL_RECEIVE_MSG_TRUNC, &got) < 0)
			return 0;
		if (got.recv_type == IPMI_RESPONSE_RECV_TYPE)
			return 1;
	}
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 1;
	struct ipmi_system_interface_addr bmc = { .addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL };
	struct ipmi_req request = { .addr = (unsigned char *)&bmc, .addr_len = sizeof bmc, .msg = { .netfn = 6, .cmd = 1 } };
	int device = open("/dev/ipmi0", O_RDWR), count = 0;
	if (device < 0) {
		perror("/dev/ipmi0");
		return 1;
	}
	double start = microseconds(), now = start;
	while (count < MOST && now - start < seconds * 1e6) {
		unsigned char data[300];
		double sent = microseconds();
		request.msgid = count;
		if (ioctl(device, IPMICTL_SEND_COMMAND, &request) < 0 || !answered(device, data, sizeof data) || data[0] != 0) {
			fprintf(stderr, "request %d failed\n", count);
			return 1;
		}
		now = microseconds();
		latency[count++] = now - sent;
	}
	qsort(latency, count, sizeof *latency, by_size);
	printf("%d %.1f %.0f %.0f\n", count, count / ((now - start) / 1e6), latency[count / 2], latency[count * 99 / 100]);
	return 0;
}
