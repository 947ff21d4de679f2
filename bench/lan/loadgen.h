/* loadgen.h - what the parts of the load generator share: sessions, options, counts. */
#ifndef LOADGEN_H
#define LOADGEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "packet.h"

#define BATCH     64
#define SEQS      64            /* rqSeq is six bits */
#define XON       0x11          /* typed to the console (console-feed.ts): write, ... */
#define XOFF      0x13          /* ... stop, ... */
#define ACK       0x06          /* ... and SOL_CHUNK characters have come */
#define SOL_CHUNK 16384
#define SOL_AHEAD 2             /* chunks that it writes before the first ACK */
#define SID_BITS  20            /* low bits of our session id: the session's index */

enum mode { M_CMD, M_SETUP, M_PING, M_AUTHCAP, M_SOL, M_COUNT };
extern const char *const mode_names[M_COUNT];

/* In the order of a log-in; S_SOL is Activate Payload. */
enum state { S_IDLE, S_CAP, S_OPEN, S_RAKP1, S_RAKP3, S_CHAL, S_ACT, S_PRIV, S_SOL, S_RUN, S_CLOSE,
             S_CLOSED, S_FAILED };

enum phase { P_SETUP, P_WARM, P_RUN, P_DRAIN, P_CLOSE, P_DONE };

struct slot { uint64_t t0, tlast; uint8_t busy, tries; };

struct bmc {
    struct sockaddr_in addr;
    uint64_t done;              /* answers (cycles, SOL characters) in the measured interval */
    int up;                     /* sessions established */
};

struct sock {
    int fd;
    int queued;
    struct mmsghdr mh[BATCH];
    struct iovec iov[BATCH];
    uint8_t buf[BATCH][PKT_MAX];
    struct slot *slot[BATCH];   /* whose send time to stamp at flush */
};

struct sess {
    int idx;
    struct sock *sk;
    struct bmc *bmc;
    enum state st;
    struct secure sec;
    struct mac_key kuid, ksik;
    uint8_t rm[16], rc[16], icv[32];
    uint8_t tag, nextseq;
    int inflight;
    uint32_t gen;
    uint64_t cycle0, deadline;
    int tries;
    uint16_t walk;
    uint8_t sol_last;           /* sequence number of the last SOL packet with characters */
    uint8_t sol_seq;            /* of the last one that we sent */
    uint64_t sol_at;            /* when theirs came */
    uint64_t sol_got, sol_due;  /* characters that came, and that the console has been asked for */
    uint8_t hs[256];            /* last handshake datagram, for retransmission */
    size_t hslen;
    struct slot slots[256];     /* rqSeq uses 64, ping tags 255 */
};

struct options {
    enum mode mode;
    int sessions, window, socks, suite, v15, retries, setup_par, priv;
    int cycle_cap, fresh;
    double secs, warm, timeout;
    const char *user, *pass;
    uint8_t netfn, cmd, data[64];
    size_t dlen;
    int walk;                   /* follow next record ids: Get SDR, Get SEL Entry */
    int accept_cc;              /* a nonzero completion code is an answer, not an error */
};

struct counts {
    uint64_t done, sent, timeouts, retries, stray, cc_nonzero, failed;
    uint64_t bad[BAD_MAX];
    uint64_t cc[256];
    uint64_t wakeups, rxcalls, txcalls;
    uint64_t setup_ns;
    int fail_status[256];
};

/* Nanoseconds at the two ends of the measured interval. */
struct cpu { uint64_t self, server, machine; };

extern struct options o;
extern struct counts st;
extern struct bmc *bmcs;
extern int nbmc;
extern struct sess *ss;
extern int nsock;
extern enum phase phase;
extern uint64_t now, t_begin;
extern const struct suite *su;

/* loadgen.c */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void completed(struct sess *s, uint64_t t0, uint64_t n);

/* options.c */
void options(int argc, char **argv);

/* net.c: datagrams are gathered per socket and leave together. */
uint64_t clk(int clock_id);
void net_open(struct sock *k);
void net_renew(struct sock *k);                 /* a new source address and port */
void net_flush(struct sock *k);
uint8_t *tx_slot(struct sock *k, struct bmc *b, struct slot *s);
void tx_commit(struct sock *k, size_t n);
void tx_copy(struct sess *s, const uint8_t *p, size_t n);
int net_wait(void (*readable)(struct sock *k));
void net_read(struct sock *k, void (*received)(struct sock *, uint8_t *, size_t, const struct sockaddr_in *));

/* session.c: log-ins of both IPMI versions. */
enum mac_alg auth_mac(void);
void start_session(struct sess *s);
void fail_session(struct sess *s, int status);
void handshake20(struct sess *s, uint8_t pl, const uint8_t *b, size_t n);
void handshake15(struct sess *s, uint8_t *p, size_t n);

/* request.c: what a session asks, and what it does with the answer. */
size_t current_request(struct sess *s, uint8_t *netfn, uint8_t *cmd, uint8_t *d);
void put_cmd(struct sess *s, uint8_t seq, uint8_t netfn, uint8_t cmd, const uint8_t *d, size_t n);
void send_cmd(struct sess *s, uint8_t netfn, uint8_t cmd, const uint8_t *d, size_t n);
void send_sessionless(struct sess *s, uint8_t tag);
void sessionless_rx(struct sess *s, uint8_t *p, size_t n);
void answered(struct sess *s, struct ipmi_rsp *r);
void sol_type(struct sess *s, uint8_t character);
void sol_rx(struct sess *s, const uint8_t *p, size_t n);
void fill_window(struct sess *s);
void close_session(struct sess *s);

/* report.c */
void hist_add(uint64_t ns);
void charge(const char *list);                  /* --pid: whose CPU time is the server's */
struct cpu cpu_now(void);
void report(double secs, struct cpu from, struct cpu to);

#endif
