/* request.c - requests of sessions, requests outside of them, SOL packets; and the answers to each. */
#include <string.h>

#include "loadgen.h"

#define HELD      0xffff        /* walk finished marker of Get SDR / Get SEL Entry */

void put_cmd(struct sess *s, uint8_t seq, uint8_t netfn, uint8_t cmd,
                    const uint8_t *d, size_t n)
{
    uint8_t m[128], *b = tx_slot(s->sk, s->bmc, &s->slots[seq]);

    tx_commit(s->sk, pkt_secure(&s->sec, b, PL_IPMI, m, msg_build(m, netfn, seq, cmd, d, n)));
}

void send_cmd(struct sess *s, uint8_t netfn, uint8_t cmd, const uint8_t *d, size_t n)
{
    uint8_t seq;

    do seq = s->nextseq++ & (SEQS - 1); while (s->slots[seq].busy);
    s->slots[seq] = (struct slot){ .busy = 1, .tlast = now };
    s->inflight++;
    put_cmd(s, seq, netfn, cmd, d, n);
}

/* The request a session in its present state keeps sending. */
size_t current_request(struct sess *s, uint8_t *netfn, uint8_t *cmd, uint8_t *d)
{
    if (s->st == S_PRIV) { *netfn = 6; *cmd = 0x3b; d[0] = o.priv; return 1; }
    if (s->st == S_SOL) {       /* Activate Payload: type 1, instance 1, sealed as the session is */
        *netfn = 6;
        *cmd = 0x48;
        memset(d, 0, 6);
        d[0] = d[1] = 1;
        d[2] = (s->sec.conf ? 0x80 : 0) | (s->sec.integ_len ? 0x40 : 0);
        return 6;
    }
    if (s->st == S_CLOSE) { *netfn = 6; *cmd = 0x3c; put32(d, s->sec.tx_sid); return 4; }
    *netfn = o.netfn;
    *cmd = o.cmd;
    memcpy(d, o.data, o.dlen);
    if (o.walk) { d[2] = s->walk; d[3] = s->walk >> 8; }
    return o.dlen;
}

static void send_current(struct sess *s)
{
    uint8_t netfn, cmd, d[64];
    size_t n = current_request(s, &netfn, &cmd, d);

    send_cmd(s, netfn, cmd, d, n);
}

void close_session(struct sess *s)
{
    s->st = S_CLOSE;
    send_current(s);
}
void answered(struct sess *s, struct ipmi_rsp *r)
{
    struct slot *sl = &s->slots[r->seq];
    uint8_t netfn, cmd, d[64];
    uint64_t t0;

    current_request(s, &netfn, &cmd, d);
    if (!sl->busy) { st.stray++; return; }
    if (r->cmd != cmd || r->netfn != (netfn | 1)) { st.stray++; return; }
    t0 = sl->t0;
    sl->busy = 0;
    s->inflight--;
    switch (s->st) {
    case S_PRIV:
        if (r->cc) { fail_session(s, r->cc); return; }
        s->bmc->up++;
        s->st = o.mode == M_SOL ? S_SOL : S_RUN;
        if (o.mode == M_SETUP) close_session(s);
        else if (o.mode == M_SOL) send_current(s);
        if (phase == P_SETUP) st.setup_ns = now - t_begin;
        break;
    case S_SOL:
        if (r->cc) { fail_session(s, r->cc); return; }
        s->st = S_RUN;
        s->sol_at = now;
        s->sol_due = SOL_AHEAD * SOL_CHUNK;
        sol_type(s, XON);
        break;
    case S_CLOSE:
        s->st = S_CLOSED;
        if (o.mode == M_SETUP) {
            completed(s, s->cycle0, 1);
            s->bmc->up--;
            if (phase < P_DRAIN) start_session(s);
        }
        break;
    case S_RUN:
        if (r->cc) {
            st.cc[r->cc]++;
            if (!o.accept_cc) { st.cc_nonzero++; fill_window(s); return; }
        }
        if (o.walk) {
            s->walk = !r->cc && r->len >= 2 ? r->data[0] | r->data[1] << 8 : 0;
            if (s->walk == HELD) s->walk = 0;
        }
        completed(s, t0, 1);
        fill_window(s);
        break;
    default:
        break;
    }
}

void send_sessionless(struct sess *s, uint8_t tag)
{
    uint8_t *b = tx_slot(s->sk, s->bmc, &s->slots[tag]);

    if (o.mode == M_PING) {
        tx_commit(s->sk, pkt_ping(b, tag));
    } else {
        uint8_t m[32], d[2] = { 0x8e, o.priv };
        tx_commit(s->sk, pkt_plain15(b, m, msg_build(m, 6, tag, 0x38, d, 2)));
    }
}

static void new_sessionless(struct sess *s)
{
    int lim = o.mode == M_PING ? 255 : SEQS;    /* tag 255 means "do not answer" */
    uint8_t tag;

    do tag = s->nextseq++ % lim; while (s->slots[tag].busy);
    s->slots[tag] = (struct slot){ .busy = 1, .tlast = now };
    s->inflight++;
    send_sessionless(s, tag);
}

void fill_window(struct sess *s)
{
    if (phase > P_RUN || s->st != S_RUN || o.mode == M_SOL) return;
    while (s->inflight < o.window) {
        if (o.mode == M_CMD) send_current(s);
        else new_sessionless(s);
    }
}

void sessionless_rx(struct sess *s, uint8_t *p, size_t n)
{
    uint8_t tag;

    if (o.mode == M_PING) {
        if (n < 28 || p[3] != 6 || p[8] != 0x40) { st.bad[BAD_FORMAT]++; return; }
        tag = p[9];
    } else {
        struct ipmi_rsp r;
        enum bad e = rsp_plain15(p, n, &r);
        if (e) { st.bad[e]++; return; }
        if (r.cmd != 0x38 || r.netfn != 7) { st.stray++; return; }
        if (r.cc) { st.cc[r.cc]++; st.cc_nonzero++; }
        tag = r.seq;
    }
    if (!s->slots[tag].busy) { st.stray++; return; }
    s->slots[tag].busy = 0;
    s->inflight--;
    completed(s, s->slots[tag].t0, 1);
    fill_window(s);
}

/* A character to the console, as if typed. It is sent once: loopback loses none of so few. */
void sol_type(struct sess *s, uint8_t character)
{
    uint8_t p[5] = { 0, 0, 0, 0, character };

    p[0] = s->sol_seq = s->sol_seq % 15 + 1;
    tx_commit(s->sk, pkt_secure(&s->sec, tx_slot(s->sk, s->bmc, NULL), PL_SOL, p, 5));
}

/* A SOL packet of the BMC (IPMI v2.0 table 15-2): characters are counted once and acknowledged each time. */
void sol_rx(struct sess *s, const uint8_t *p, size_t n)
{
    uint8_t ack[5] = { 0 }, seq;
    size_t len = 4;

    if (n < 4) { st.bad[BAD_FORMAT]++; return; }
    seq = p[0] & 15;
    if (!seq) return;           /* an acknowledgement or a status: nothing to answer */
    if (s->st < S_RUN) { st.stray++; return; }
    ack[1] = seq;
    ack[2] = n - 4;
    if (seq != s->sol_last) s->sol_got += n - 4;
    if (phase <= P_RUN && s->sol_due - s->sol_got <= (SOL_AHEAD - 1) * SOL_CHUNK) {
        s->sol_due += SOL_CHUNK;
        ack[0] = s->sol_seq = s->sol_seq % 15 + 1;
        ack[len++] = ACK;
    }
    tx_commit(s->sk, pkt_secure(&s->sec, tx_slot(s->sk, s->bmc, NULL), PL_SOL, ack, len));
    if (seq == s->sol_last) { st.retries++; return; }
    s->sol_last = seq;
    completed(s, s->sol_at, n - 4);
    s->sol_at = now;
}
