/* packet.c - see packet.h. */
#include "packet.h"
#include <string.h>

const char *const bad_name[BAD_MAX] = {
    "ok", "rmcp", "format", "session_id", "flags", "authcode", "padding",
    "checksum", "address"
};

static const struct suite suites[] = {
    { 0, 0, 0, 0 }, { 1, 1, 0, 0 }, { 2, 1, 1, 0 }, { 3, 1, 1, 1 },
    { 15, 3, 0, 0 }, { 16, 3, 4, 0 }, { 17, 3, 4, 1 },
};

const struct suite *suite_find(int id)
{
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (suites[i].id == id) return &suites[i];
    return NULL;
}

static uint8_t cksum(const uint8_t *p, size_t n)
{
    uint8_t s = 0;

    while (n--) s += *p++;
    return -s;
}

static size_t rmcp(uint8_t *p, uint8_t cls)
{
    p[0] = 6; p[1] = 0; p[2] = 0xff; p[3] = cls;
    return 4;
}

size_t msg_build(uint8_t *p, uint8_t netfn, uint8_t seq, uint8_t cmd,
                 const uint8_t *data, size_t n)
{
    p[0] = 0x20;
    p[1] = netfn << 2;
    p[2] = cksum(p, 2);
    p[3] = 0x81;
    p[4] = seq << 2;
    p[5] = cmd;
    if (n) memcpy(p + 6, data, n);
    p[6 + n] = cksum(p + 3, 3 + n);
    return 7 + n;
}

size_t pkt_plain20(uint8_t *out, uint8_t payload, const uint8_t *msg, size_t n)
{
    rmcp(out, 7);
    out[4] = 6;
    out[5] = payload;
    memset(out + 6, 0, 8);
    out[14] = n; out[15] = n >> 8;
    memcpy(out + 16, msg, n);
    return 16 + n;
}

size_t pkt_plain15(uint8_t *out, const uint8_t *msg, size_t n)
{
    rmcp(out, 7);
    memset(out + 4, 0, 9);
    out[13] = n;
    memcpy(out + 14, msg, n);
    return 14 + n;
}

size_t pkt_ping(uint8_t *out, uint8_t tag)
{
    static const uint8_t body[8] = { 0x00, 0x00, 0x11, 0xbe, 0x80, 0, 0, 0 };

    rmcp(out, 6);
    memcpy(out + 4, body, 8);
    out[9] = tag;
    return 12;
}

static size_t secure15(struct secure *s, uint8_t *out, const uint8_t *msg, size_t n)
{
    uint8_t *p = out + rmcp(out, 7);

    p[0] = s->v15_auth;
    put32(p + 1, s->tx_seq);
    put32(p + 5, s->tx_sid);
    if (s->tx_seq) s->tx_seq++;
    if (s->v15_auth == 2) {
        md5_v15(s->pw, p + 5, p + 1, msg, n, p + 9);
        p += 16;
    }
    p[9] = n;
    memcpy(p + 10, msg, n);
    p += 10 + n;
    /* legacy PAD: datagram lengths some old network controllers dropped */
    size_t len = p - out;
    if (len == 56 || len == 84 || len == 112 || len == 128 || len == 156) *p++ = 0;
    return p - out;
}

size_t pkt_secure(struct secure *s, uint8_t *out, uint8_t payload, const uint8_t *msg, size_t n)
{
    uint8_t *p;
    size_t len;

    if (s->v15) return secure15(s, out, msg, n);
    rmcp(out, 7);
    out[4] = 6;
    out[5] = payload | (s->conf ? 0x80 : 0) | (s->integ_len ? 0x40 : 0);
    put32(out + 6, s->tx_sid);
    put32(out + 10, s->tx_seq++);
    if (!s->tx_seq) s->tx_seq = 1;
    p = out + 16;
    if (s->conf) {
        size_t pad = (16 - (n + 1) % 16) % 16;
        prng_fill(p, 16);
        memcpy(p + 16, msg, n);
        for (size_t i = 0; i < pad; i++) p[16 + n + i] = i + 1;
        p[16 + n + pad] = pad;
        len = n + pad + 1;
        aes128_cbc_enc(&s->aes, p, p + 16, p + 16, len);
        len += 16;
    } else {
        memcpy(p, msg, n);
        len = n;
    }
    out[14] = len; out[15] = len >> 8;
    p += len;
    if (s->integ_len) {
        uint8_t mac[32];
        size_t covered = (p - out) - 4 + 2;
        uint8_t pad = (4 - covered % 4) % 4;
        for (int i = 0; i < pad; i++) *p++ = 0xff;
        *p++ = pad;
        *p++ = 7;
        mac_once(&s->k1, out + 4, p - out - 4, mac);
        memcpy(p, mac, s->integ_len);
        p += s->integ_len;
    }
    return p - out;
}

static enum bad rsp_msg(const uint8_t *p, size_t n, struct ipmi_rsp *r)
{
    if (n < 8) return BAD_FORMAT;
    if (cksum(p, 3) || cksum(p + 3, n - 3)) return BAD_CKSUM;
    if (p[0] != 0x81 || p[3] != 0x20) return BAD_ADDR;
    r->netfn = p[1] >> 2;
    r->seq = p[4] >> 2;
    r->cmd = p[5];
    r->cc = p[6];
    r->data = p + 7;
    r->len = n - 8;
    return OK;
}

static enum bad rsp15(struct secure *s, const uint8_t *p, size_t n, struct ipmi_rsp *r)
{
    size_t h = 14;
    uint8_t auth, mac[16];

    if (n < h || p[0] != 6 || p[3] != 7) return BAD_RMCP;
    auth = p[4];
    if (auth == 6) return BAD_FORMAT;
    r->session_seq = get32(p + 5);
    if (auth) h += 16;
    if (n < h || n < h + p[h - 1]) return BAD_FORMAT;
    if (s) {
        if (get32(p + 9) != s->rx_sid) return BAD_SID;
        if (auth == 2) {
            md5_v15(s->pw, p + 9, p + 5, p + h, p[h - 1], mac);
            if (memcmp(mac, p + 13, 16)) return BAD_MAC;
        } else if (auth != s->v15_auth && auth != 0) {
            return BAD_FLAGS;   /* auth 0 is legal: per-message auth disabled */
        }
    }
    return rsp_msg(p + h, p[h - 1], r);
}

enum bad rsp_plain15(const uint8_t *p, size_t n, struct ipmi_rsp *r)
{
    return rsp15(NULL, p, n, r);
}

/* What lies in a checked and decrypted RMCP+ payload. */
static enum bad rsp_payload(uint8_t payload, const uint8_t *p, size_t n, struct ipmi_rsp *r)
{
    if (payload == PL_IPMI) return rsp_msg(p, n, r);
    r->data = p;
    r->len = n;
    return OK;
}

enum bad rsp_secure(struct secure *s, uint8_t *p, size_t n, uint8_t *payload, struct ipmi_rsp *r)
{
    size_t len, m;
    uint8_t want;

    *payload = PL_IPMI;
    if (s->v15) return rsp15(s, p, n, r);
    if (n < 16 || p[0] != 6 || p[3] != 7) return BAD_RMCP;
    if (p[4] != 6) return BAD_FORMAT;
    want = (s->conf ? 0x80 : 0) | (s->integ_len ? 0x40 : 0);
    *payload = p[5] & 0x3f;
    if ((p[5] & 0xc0) != want || *payload > PL_SOL) return BAD_FLAGS;
    if (get32(p + 6) != s->rx_sid) return BAD_SID;
    r->session_seq = get32(p + 10);
    len = p[14] | p[15] << 8;
    if (16 + len > n) return BAD_FORMAT;
    if (s->integ_len) {
        uint8_t mac[32];
        if (n < 16 + len + 2 + s->integ_len) return BAD_FORMAT;
        m = n - s->integ_len;           /* end of the covered range */
        if (p[m - 1] != 7 || 16 + len + p[m - 2] + 2 != m) return BAD_FORMAT;
        mac_once(&s->k1, p + 4, m - 4, mac);
        if (memcmp(mac, p + m, s->integ_len)) return BAD_MAC;
    }
    p += 16;
    if (s->conf) {
        size_t pad;
        if (len < 32 || len % 16) return BAD_PAD;
        aes128_cbc_dec(&s->aes, p, p + 16, p + 16, len - 16);
        pad = p[len - 1];
        if (pad > 15 || 16 + pad + 1 > len) return BAD_PAD;
        for (size_t i = 0; i < pad; i++)
            if (p[len - 1 - pad + i] != i + 1) return BAD_PAD;
        return rsp_payload(*payload, p + 16, len - 16 - 1 - pad, r);
    }
    return rsp_payload(*payload, p, len, r);
}

enum bad rsp_plain20(const uint8_t *p, size_t n, uint8_t *payload,
                     const uint8_t **b, size_t *bn)
{
    if (n < 16 || p[0] != 6 || p[3] != 7) return BAD_RMCP;
    if (p[4] != 6 || get32(p + 6)) return BAD_FORMAT;
    *payload = p[5] & 0x3f;
    *bn = p[14] | p[15] << 8;
    *b = p + 16;
    return 16 + *bn > n ? BAD_FORMAT : OK;
}

uint32_t pkt_sid(const uint8_t *p, size_t n)
{
    return n >= 16 && p[3] == 7 && p[4] == 6 ? get32(p + 6) : 0;
}
