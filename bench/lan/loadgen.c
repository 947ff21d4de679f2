/* loadgen.c - IPMI-over-LAN load generator: one thread, a fixed window of requests outstanding in each
 * of many sessions ("closed loop"), every answer checked. See `loadgen --help` and README.md. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "loadgen.h"

const char *const mode_names[M_COUNT] = { "cmd", "setup", "ping", "authcap", "sol" };

struct bmc *bmcs;
int nbmc;
struct sess *ss;
static struct sock *socks;
int nsock;
enum phase phase;
uint64_t now, t_begin;
const struct suite *su;
struct counts st;

void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(2);
}

static void open_next(void)
{
    static int next;            /* sessions are started in order, setup_par at a time */
    int busy = 0;

    for (int i = 0; i < next; i++)
        busy += ss[i].st > S_IDLE && ss[i].st < S_RUN;
    for (; next < o.sessions && busy < o.setup_par; busy++)
        start_session(&ss[next++]);
}

/* n requests, cycles or characters are done; the wait for them began at t0. */
void completed(struct sess *s, uint64_t t0, uint64_t n)
{
    if (phase != P_RUN) return;
    st.done += n;
    s->bmc->done += n;
    hist_add(now - t0);
}

static struct sess *by_index(uint32_t idx, const struct sockaddr_in *from)
{
    struct sess *s;

    if (idx >= (uint32_t)o.sessions) return NULL;
    s = &ss[idx];
    if (from->sin_port != s->bmc->addr.sin_port || from->sin_addr.s_addr != s->bmc->addr.sin_addr.s_addr)
        return NULL;
    return s;
}

static void received(struct sock *k, uint8_t *p, size_t n, const struct sockaddr_in *from)
{
    struct sess *s = NULL;
    struct ipmi_rsp r;
    enum bad e;
    uint32_t sid;
    uint8_t pl;

    if (nsock == o.sessions) s = &ss[k - socks];        /* one socket per session */
    if (o.mode == M_PING || o.mode == M_AUTHCAP) {
        sessionless_rx(s, p, n);
        return;
    }
    if (n < 14 || p[3] != 7) { st.bad[BAD_RMCP]++; return; }
    if (p[4] == 6 && !(sid = pkt_sid(p, n))) {
        const uint8_t *b;
        size_t bn;
        if ((e = rsp_plain20(p, n, &pl, &b, &bn))) { st.bad[e]++; return; }
        if (bn >= 8) s = by_index(get32(b + 4) & ((1u << SID_BITS) - 1), from);
        if (!s && nsock == o.sessions) s = &ss[k - socks];  /* failures may omit the id */
        if (s) handshake20(s, pl, b, bn);
        else st.stray++;
        return;
    }
    if (p[4] == 6) s = by_index(sid & ((1u << SID_BITS) - 1), from);
    if (!s) { st.stray++; return; }
    if (p[4] != 6 && s->st < S_PRIV) { handshake15(s, p, n); return; }
    if ((e = rsp_secure(&s->sec, p, n, &pl, &r))) { st.bad[e]++; return; }
    if (pl == PL_SOL) sol_rx(s, r.data, r.len);
    else answered(s, &r);
}

static void expire(void)
{
    uint64_t to = (uint64_t)(o.timeout * 1e9);

    for (int i = 0; i < o.sessions; i++) {
        struct sess *s = &ss[i];
        int lim = o.mode == M_PING ? 255 : SEQS;
        if (s->st > S_IDLE && s->st < S_PRIV) {
            if (now < s->deadline) continue;
            st.timeouts++;
            if (s->tries++ >= o.retries) { fail_session(s, 0xfe); continue; }
            st.retries++;
            s->deadline = now + to;
            tx_copy(s, s->hs, s->hslen);
            continue;
        }
        if (!s->inflight) continue;
        for (int q = 0; q < lim; q++) {
            struct slot *sl = &s->slots[q];
            uint8_t netfn, cmd, d[64];
            size_t n;
            if (!sl->busy || now - sl->tlast < to) continue;
            st.timeouts++;
            if (phase >= P_DRAIN || sl->tries++ >= o.retries) {
                sl->busy = 0;
                s->inflight--;
                if (s->st == S_RUN) { st.failed++; fill_window(s); }
                else if (s->st == S_CLOSE && phase >= P_DRAIN) s->st = S_CLOSED;
                else fail_session(s, 0xfe);
                continue;
            }
            st.retries++;
            sl->tlast = now;
            if (o.mode != M_PING && o.mode != M_AUTHCAP) {
                n = current_request(s, &netfn, &cmd, d);
                put_cmd(s, q, netfn, cmd, d, n);
            } else {
                send_sessionless(s, q);
            }
        }
    }
}

static bool logs_in(void)
{
    return o.mode == M_CMD || o.mode == M_SOL;
}

static void setup(void)
{
    struct rlimit rl = { 1 << 16, 1 << 16 };
    bool shareable = o.mode != M_PING && o.mode != M_AUTHCAP && !o.v15 && !o.cycle_cap;

    o.sessions *= nbmc;
    nsock = o.socks > 0 && o.socks < o.sessions && shareable ? o.socks : o.sessions;
    setrlimit(RLIMIT_NOFILE, &rl);
    socks = calloc(nsock, sizeof *socks);
    ss = aligned_alloc(64, (o.sessions * sizeof *ss + 63) & ~63ul);
    if (!socks || !ss) die("out of memory");
    memset(ss, 0, o.sessions * sizeof *ss);
    for (int i = 0; i < nsock; i++) net_open(&socks[i]);
    for (int i = 0; i < o.sessions; i++) {
        struct sess *s = &ss[i];
        uint8_t key[20] = {0};
        s->idx = i;
        s->sk = &socks[i % nsock];
        s->bmc = &bmcs[i % nbmc];
        memcpy(key, o.pass, strnlen(o.pass, 20));
        mac_key_init(&s->kuid, auth_mac(), key, 20);
        memcpy(s->sec.pw, o.pass, strnlen(o.pass, 16));
        if (logs_in() || o.mode == M_SETUP) continue;
        s->st = S_RUN;
        s->bmc->up++;
    }
}

static void flush_all(void)
{
    for (int i = 0; i < nsock; i++)
        if (socks[i].queued) net_flush(&socks[i]);
}

static void readable(struct sock *k)
{
    net_read(k, received);
    net_flush(k);
}

/* Nothing but log-ins so far: are all of them there? */
static bool all_up(void)
{
    if (o.mode == M_SETUP) for (int i = 0; i < o.sessions; i++) start_session(&ss[i]);
    if (!logs_in()) return true;
    open_next();
    for (int i = 0; i < o.sessions; i++) if (ss[i].st < S_RUN) return false;
    return true;
}

/* What the console has written already has to be carried, or it would wait there for the next session. */
static bool anything_open(void)
{
    for (int i = 0; i < o.sessions; i++)
        if (o.mode == M_SOL && ss[i].st == S_RUN && ss[i].sol_got < ss[i].sol_due) return true;
    for (int i = 0; i < o.sessions; i++)
        if (ss[i].inflight || (ss[i].st > S_IDLE && ss[i].st < S_RUN)) return true;
    return false;
}

static void close_all(void)
{
    for (int i = 0; i < o.sessions && logs_in(); i++) {
        if (ss[i].st == S_RUN) close_session(&ss[i]);
        if (i % 64 != 63) continue;     /* gently: 64 closes in flight */
        flush_all();
        usleep(5000);
        for (int j = 0; j < nsock; j++) net_read(&socks[j], received);
    }
}

static bool anything_closing(void)
{
    for (int i = 0; i < o.sessions; i++) if (ss[i].st == S_CLOSE) return true;
    return false;
}

static volatile sig_atomic_t stop;
static void on_signal(int sig) { (void)sig; stop = 1; }

int main(int argc, char **argv)
{
    uint64_t last_expire = 0, t_phase = 0, measured = 0;
    struct cpu from = { 0 }, to = { 0 };
    uint64_t patience;

    options(argc, argv);
    patience = (uint64_t)(2 * o.timeout * 1e9);
    prng_seed();
    setup();
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    t_begin = now = clk(CLOCK_MONOTONIC);
    phase = P_SETUP;
    while (phase != P_DONE) {
        enum phase was = phase;
        switch (phase) {
        case P_SETUP:
            if (stop) { phase = P_CLOSE; break; }
            if (!all_up()) break;
            phase = P_WARM;
            for (int i = 0; i < o.sessions; i++) fill_window(&ss[i]);
            break;
        case P_WARM:
            if (now - t_phase < (uint64_t)(o.warm * 1e9) && !stop) break;
            phase = P_RUN;
            memset(&st.cc, 0, sizeof st.cc);
            from = cpu_now();
            st.wakeups = st.rxcalls = st.txcalls = st.sent = 0;
            break;
        case P_RUN:
            if (now - t_phase < (uint64_t)(o.secs * 1e9) && !stop) break;
            measured = now - t_phase;
            to = cpu_now();
            phase = P_DRAIN;
            for (int i = 0; i < o.sessions && o.mode == M_SOL; i++)
                if (ss[i].st == S_RUN) sol_type(&ss[i], XOFF);
            break;
        case P_DRAIN:
            if (anything_open() && now - t_phase < patience) break;
            phase = P_CLOSE;
            close_all();
            break;
        case P_CLOSE:
            if (!anything_closing() || now - t_phase > patience) phase = P_DONE;
            break;
        case P_DONE:
            break;
        }
        if (phase != was) t_phase = now;
        flush_all();
        if (phase == P_DONE) break;
        net_wait(readable);
        st.wakeups++;
        now = clk(CLOCK_MONOTONIC);
        if (now - last_expire > 10000000) { last_expire = now; expire(); }
    }
    report((measured ? measured : now - t_begin) / 1e9, from, to);
    return 0;
}
