/* session.c - log-ins: RMCP+ (Open Session, RAKP 1-4) and IPMI v1.5 (challenge, activation). */
#include <string.h>
#include <time.h>

#include "loadgen.h"

static void send_hs(struct sess *s, enum state next)
{
    s->st = next;
    s->tries = 0;
    s->deadline = now + (uint64_t)(o.timeout * 1e9);
    tx_copy(s, s->hs, s->hslen);
}

void start_session(struct sess *s)
{
    uint8_t b[40] = {0};

    if (o.fresh && s->gen && s->st != S_CAP && nsock == o.sessions) {
        net_renew(s->sk);
    }
    s->gen++;
    s->tag++;
    s->walk = 0;
    s->nextseq = 0;
    s->inflight = 0;
    memset(s->slots, 0, sizeof s->slots);
    s->sec.v15 = o.v15;
    s->sec.v15_auth = o.v15 ? o.v15 - 1 : 0;
    s->sec.rx_sid = (s->gen % 0xffe + 1) << SID_BITS | (uint32_t)s->idx;
    s->sec.tx_seq = 1;
    s->cycle0 = clk(CLOCK_MONOTONIC);
    if (o.cycle_cap && s->st != S_CAP) {
        uint8_t m[32], d[2] = { 0x8e, o.priv };
        size_t n = msg_build(m, 6, s->tag & 63, 0x38, d, 2);
        s->hslen = pkt_plain15(s->hs, m, n);
        send_hs(s, S_CAP);
        return;
    }
    if (o.v15) {
        uint8_t m[40], d[17] = {0};
        d[0] = s->sec.v15_auth;
        memcpy(d + 1, o.user, strnlen(o.user, 16));
        s->hslen = pkt_plain15(s->hs, m, msg_build(m, 6, s->tag & 63, 0x39, d, 17));
        send_hs(s, S_CHAL);
        return;
    }
    b[0] = s->tag;
    b[1] = o.priv;
    put32(b + 4, s->sec.rx_sid);
    b[8] = 0; b[11] = 8; b[12] = su->auth;
    b[16] = 1; b[19] = 8; b[20] = su->integ;
    b[24] = 2; b[27] = 8; b[28] = su->conf;
    s->hslen = pkt_plain20(s->hs, PL_OPEN_REQ, b, 32);
    send_hs(s, S_OPEN);
}

void fail_session(struct sess *s, int status)
{
    st.failed++;
    st.fail_status[status & 255]++;
    s->st = S_FAILED;
    if (o.mode == M_SETUP && phase < P_DRAIN) start_session(s);
}

enum mac_alg auth_mac(void)
{
    return su->auth == 1 ? MAC_SHA1 : su->auth == 3 ? MAC_SHA256 : MAC_NONE;
}

static void session_keys(struct sess *s, const uint8_t *sik)
{
    uint8_t c[20], k[32] = {0};
    enum mac_alg a = auth_mac();

    mac_key_init(&s->ksik, a, sik, mac_len(a));
    memset(c, 1, 20);
    mac_once(&s->ksik, c, 20, k);
    s->sec.integ_len = su->integ == 1 ? 12 : su->integ == 4 ? 16 : 0;
    if (s->sec.integ_len) mac_key_init(&s->sec.k1, a, k, mac_len(a));
    memset(c, 2, 20);
    mac_once(&s->ksik, c, 20, k);
    s->sec.conf = su->conf;
    if (su->conf) aes128_init(&s->sec.aes, k);
}

/* An RMCP+ payload outside a session: open session response, RAKP 2, RAKP 4. */
void handshake20(struct sess *s, uint8_t pl, const uint8_t *b, size_t n)
{
    enum mac_alg a = auth_mac();
    size_t ml = mac_len(a), ul = strnlen(o.user, 16);
    uint8_t role = o.priv | 0x10, m[128], mac[32];
    struct mac_ctx c;

    if (n < 2 || b[0] != s->tag) { st.stray++; return; }
    if (b[1] && s->st >= S_OPEN && s->st <= S_RAKP3) { fail_session(s, b[1]); return; }
    if (n < 8) { st.bad[BAD_FORMAT]++; return; }    /* only error answers may be short */
    if (pl == PL_OPEN_RSP && s->st == S_OPEN) {
        if (n < 36) { st.bad[BAD_FORMAT]++; return; }
        if (b[16] != su->auth || b[24] != su->integ || b[32] != su->conf) { fail_session(s, 0x11); return; }
        s->sec.tx_sid = get32(b + 8);
        prng_fill(s->rm, 16);
        memset(m, 0, sizeof m);
        m[0] = ++s->tag;
        put32(m + 4, s->sec.tx_sid);
        memcpy(m + 8, s->rm, 16);
        m[24] = role;
        m[27] = ul;
        memcpy(m + 28, o.user, ul);
        s->hslen = pkt_plain20(s->hs, PL_RAKP1, m, 28 + ul);
        send_hs(s, S_RAKP1);
    } else if (pl == PL_RAKP2 && s->st == S_RAKP1) {
        uint8_t sik[32], sids[8], tail[2] = { role, ul };
        if (n < 40 + ml) { st.bad[BAD_FORMAT]++; return; }
        memcpy(s->rc, b + 8, 16);
        put32(sids, s->sec.rx_sid);
        put32(sids + 4, s->sec.tx_sid);
        if (a) {
            mac_begin(&c, &s->kuid);
            mac_add(&c, sids, 8);
            mac_add(&c, s->rm, 16);
            mac_add(&c, b + 8, 32);             /* Rc, GUID */
            mac_add(&c, tail, 2);
            mac_add(&c, o.user, ul);
            mac_end(&c, mac);
            if (memcmp(mac, b + 40, ml)) { st.bad[BAD_MAC]++; fail_session(s, 0xff); return; }
            mac_begin(&c, &s->kuid);            /* Kg = Kuid: no BMC key set */
            mac_add(&c, s->rm, 16);
            mac_add(&c, s->rc, 16);
            mac_add(&c, tail, 2);
            mac_add(&c, o.user, ul);
            mac_end(&c, sik);
        }
        memset(m, 0, 8);
        m[0] = ++s->tag;
        put32(m + 4, s->sec.tx_sid);
        if (a) {
            mac_begin(&c, &s->kuid);
            mac_add(&c, s->rc, 16);
            mac_add(&c, sids, 4);
            mac_add(&c, tail, 2);
            mac_add(&c, o.user, ul);
            mac_end(&c, m + 8);
            session_keys(s, sik);
            mac_begin(&c, &s->ksik);            /* what RAKP 4 must carry */
            mac_add(&c, s->rm, 16);
            mac_add(&c, sids + 4, 4);
            mac_add(&c, b + 24, 16);
            mac_end(&c, s->icv);
        } else {
            s->sec.integ_len = s->sec.conf = 0;
        }
        s->hslen = pkt_plain20(s->hs, PL_RAKP3, m, 8 + ml);
        send_hs(s, S_RAKP3);
    } else if (pl == PL_RAKP4 && s->st == S_RAKP3) {
        size_t il = a == MAC_SHA1 ? 12 : a == MAC_SHA256 ? 16 : 0;
        uint8_t d[1] = { o.priv };
        if (n < 8 + il) { st.bad[BAD_FORMAT]++; return; }
        if (memcmp(b + 8, s->icv, il)) { st.bad[BAD_MAC]++; fail_session(s, 0xff); return; }
        s->st = S_PRIV;
        send_cmd(s, 6, 0x3b, d, 1);
    } else {
        st.stray++;
    }
}

/* IPMI v1.5 challenge and activation answers. */
void handshake15(struct sess *s, uint8_t *p, size_t n)
{
    struct ipmi_rsp r;
    uint8_t m[64], d[22], pl;
    enum bad e;

    if (s->st == S_CAP) {
        if ((e = rsp_plain15(p, n, &r))) { st.bad[e]++; return; }
        if (r.cmd != 0x38) { st.stray++; return; }
        if (r.cc) { fail_session(s, r.cc); return; }
        uint64_t t = s->cycle0;
        start_session(s);           /* state is S_CAP: goes on to the next step */
        s->cycle0 = t;
        return;
    }
    if (s->st == S_CHAL) {
        if ((e = rsp_plain15(p, n, &r))) { st.bad[e]++; return; }
        if (r.cmd != 0x39) { st.stray++; return; }
        if (r.cc || r.len < 20) { fail_session(s, r.cc); return; }
        s->sec.tx_sid = get32(r.data);
        s->sec.tx_seq = 0;
        d[0] = s->sec.v15_auth;
        d[1] = o.priv;
        memcpy(d + 2, r.data + 4, 16);
        put32(d + 18, 1);           /* first outbound sequence number we ask for */
        s->hslen = pkt_secure(&s->sec, s->hs, PL_IPMI, m, msg_build(m, 6, ++s->tag & 63, 0x3a, d, 22));
        send_hs(s, S_ACT);
    } else if (s->st == S_ACT) {
        s->sec.rx_sid = get32(p + 9);   /* the id may change here: check the rest */
        if ((e = rsp_secure(&s->sec, p, n, &pl, &r))) { st.bad[e]++; return; }
        if (r.cmd != 0x3a) { st.stray++; return; }
        if (r.cc || r.len < 10) { fail_session(s, r.cc); return; }
        s->sec.v15_auth = r.data[0] & 0xf;
        s->sec.tx_sid = s->sec.rx_sid = get32(r.data + 1);
        s->sec.tx_seq = get32(r.data + 5);
        s->st = S_PRIV;
        d[0] = o.priv;
        send_cmd(s, 6, 0x3b, d, 1);
    } else {
        st.stray++;
    }
}

