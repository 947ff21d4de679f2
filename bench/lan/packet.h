/* packet.h - building and checking IPMI-over-LAN datagrams (IPMI v2.0 ch. 13). */
#ifndef LOADGEN_PACKET_H
#define LOADGEN_PACKET_H

#include "crypto.h"

#define PKT_MAX 512

enum payload {
    PL_IPMI = 0x00, PL_SOL = 0x01, PL_OPEN_REQ = 0x10, PL_OPEN_RSP = 0x11, PL_RAKP1 = 0x12,
    PL_RAKP2 = 0x13, PL_RAKP3 = 0x14, PL_RAKP4 = 0x15
};

/* One cipher suite as its three algorithm numbers (IPMI table 22-20). */
struct suite { int id; uint8_t auth, integ, conf; };
const struct suite *suite_find(int id);

/* Keys and numbers of one live session, either IPMI version. */
struct secure {
    int v15;                    /* 1: IPMI v1.5 session header */
    uint8_t v15_auth;           /* 0 none, 2 MD5 */
    uint8_t pw[16];
    int integ_len;              /* 0 (no integrity), 12 or 16 */
    int conf;                   /* 1: AES-CBC-128 */
    uint32_t tx_sid, rx_sid;    /* session id in requests / expected in responses */
    uint32_t tx_seq;
    struct mac_key k1;
    struct aes128 aes;
};

/* Why a datagram was refused. */
enum bad {
    OK = 0, BAD_RMCP, BAD_FORMAT, BAD_SID, BAD_FLAGS, BAD_MAC, BAD_PAD,
    BAD_CKSUM, BAD_ADDR, BAD_MAX
};
extern const char *const bad_name[BAD_MAX];

/* A checked IPMI response. data points into the caller's buffer. */
struct ipmi_rsp {
    uint8_t netfn, cmd, seq, cc;
    const uint8_t *data;
    size_t len;
    uint32_t session_seq;
};

static inline uint32_t get32(const uint8_t *p)
{ return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }
static inline void put32(uint8_t *p, uint32_t v)
{ p[0] = v; p[1] = v >> 8; p[2] = v >> 16; p[3] = v >> 24; }

/* IPMI request message (addresses, checksums) into p; returns its length. */
size_t msg_build(uint8_t *p, uint8_t netfn, uint8_t seq, uint8_t cmd,
                 const uint8_t *data, size_t n);
/* Complete datagram carrying a payload (an IPMI message, SOL) in session s (bumps tx_seq). */
size_t pkt_secure(struct secure *s, uint8_t *out, uint8_t payload, const uint8_t *msg, size_t n);
/* RMCP+ datagram outside a session (open session and RAKP payloads). */
size_t pkt_plain20(uint8_t *out, uint8_t payload, const uint8_t *msg, size_t n);
/* IPMI v1.5 datagram outside a session. */
size_t pkt_plain15(uint8_t *out, const uint8_t *msg, size_t n);
/* RMCP presence ping. */
size_t pkt_ping(uint8_t *out, uint8_t tag);

/* Checks a datagram of session s; decrypts in place. Of a SOL packet, r has data and len only. */
enum bad rsp_secure(struct secure *s, uint8_t *p, size_t n, uint8_t *payload, struct ipmi_rsp *r);
/* Checks an IPMI v1.5 sessionless response. */
enum bad rsp_plain15(const uint8_t *p, size_t n, struct ipmi_rsp *r);
/* Checks an RMCP+ sessionless payload; returns its body through b, bn. */
enum bad rsp_plain20(const uint8_t *p, size_t n, uint8_t *payload,
                     const uint8_t **b, size_t *bn);
/* The session id field of a datagram of an RMCP+ session (0: none there). */
uint32_t pkt_sid(const uint8_t *p, size_t n);

#endif
