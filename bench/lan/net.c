/* net.c - sockets: epoll, recvmmsg, sendmmsg. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>

#include "loadgen.h"

static int ep = -1;

uint64_t clk(int id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}

void net_flush(struct sock *k)
{
    int off = 0;

    if (!k->queued) return;
    now = clk(CLOCK_MONOTONIC);
    for (int i = 0; i < k->queued; i++)
        if (k->slot[i]) {
            if (!k->slot[i]->t0) k->slot[i]->t0 = now;
            k->slot[i]->tlast = now;
        }
    while (off < k->queued) {
        int r = sendmmsg(k->fd, k->mh + off, k->queued - off, 0);
        st.txcalls++;
        if (r > 0) { off += r; continue; }
        if (errno == ECONNREFUSED) continue;    /* pending ICMP error: consumed, retry */
        if (errno == EAGAIN || errno == ENOBUFS) { usleep(50); continue; }
        if (errno == EINTR) continue;
        die("sendmmsg: %s", strerror(errno));
    }
    st.sent += k->queued;
    k->queued = 0;
}

/* Reserves a datagram buffer to bmc on socket k; the caller sets its length. */
uint8_t *tx_slot(struct sock *k, struct bmc *b, struct slot *s)
{
    if (k->queued == BATCH) net_flush(k);
    k->mh[k->queued].msg_hdr.msg_name = &b->addr;
    k->mh[k->queued].msg_hdr.msg_namelen = sizeof b->addr;
    k->slot[k->queued] = s;
    return k->buf[k->queued];
}

void tx_commit(struct sock *k, size_t n)
{
    k->iov[k->queued].iov_len = n;
    k->queued++;
}

void tx_copy(struct sess *s, const uint8_t *p, size_t n)
{
    memcpy(tx_slot(s->sk, s->bmc, NULL), p, n);
    tx_commit(s->sk, n);
}

void net_open(struct sock *k)
{
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = k };
    struct sockaddr_in me = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    static uint32_t fresh;
    int big = 1 << 20;

    if (ep < 0) ep = epoll_create1(0);
    for (int i = 0; i < BATCH; i++) {
        k->iov[i].iov_base = k->buf[i];
        k->mh[i].msg_hdr.msg_iov = &k->iov[i];
        k->mh[i].msg_hdr.msg_iovlen = 1;
    }
    int is_here = ntohl(bmcs[0].addr.sin_addr.s_addr) >> 24 == 127;
    if (!is_here) me.sin_addr.s_addr = htonl(INADDR_ANY);
    /* A new source address as well: some BMCs never forget an address and port. */
    if (o.fresh && is_here) me.sin_addr.s_addr = htonl(0x7fc80000u | (++fresh * 40503u & 0xffff));
    if ((k->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) < 0) die("socket: %s", strerror(errno));
    setsockopt(k->fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
    if (bind(k->fd, (struct sockaddr *)&me, sizeof me)) die("bind: %s", strerror(errno));
    epoll_ctl(ep, EPOLL_CTL_ADD, k->fd, &ev);
}

void net_read(struct sock *k, void (*received)(struct sock *, uint8_t *, size_t, const struct sockaddr_in *))
{
    static struct mmsghdr mh[BATCH];
    static struct iovec iov[BATCH];
    static uint8_t buf[BATCH][PKT_MAX];
    static struct sockaddr_in from[BATCH];
    int r;

    for (int i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){ buf[i], PKT_MAX };
        mh[i].msg_hdr = (struct msghdr){ .msg_name = &from[i], .msg_namelen = sizeof from[i],
                                         .msg_iov = &iov[i], .msg_iovlen = 1 };
    }
    r = recvmmsg(k->fd, mh, BATCH, MSG_DONTWAIT, NULL);
    st.rxcalls++;
    if (r <= 0) return;
    now = clk(CLOCK_MONOTONIC);
    for (int i = 0; i < r; i++) received(k, buf[i], mh[i].msg_len, &from[i]);
}

void net_renew(struct sock *k)
{
    net_flush(k);
    close(k->fd);
    net_open(k);
}

/* Reads what came, for 5 ms at most. */
int net_wait(void (*readable)(struct sock *k))
{
    static struct epoll_event ev[256];
    int n = epoll_wait(ep, ev, 256, 5);

    for (int i = 0; i < n; i++) readable(ev[i].data.ptr);
    return n;
}
