/* options.c - the command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "loadgen.h"

struct options o = { .mode = M_CMD, .sessions = 1, .window = 1, .suite = 3, .retries = 3, .setup_par = 16,
                     .priv = 4, .secs = 5, .warm = 0.5, .timeout = 1.0, .user = "admin",
                     .pass = "password", .netfn = 6, .cmd = 1 };

static int span(const char **p, int *lo, int *hi, int max)
{
    char *e;

    *lo = strtol(*p, &e, 10);
    if (e == *p) return -1;
    *hi = *lo;
    *p = e;
    if (**p == '-') {
        *hi = strtol(*p + 1, &e, 10);
        *p = e;
    }
    return *lo < 0 || *hi > max || *lo > *hi ? -1 : 0;
}

/* "127.0.1-4.1-50:9000-9003" adds every combination; commas separate items. */
static void add_targets(const char *p)
{
    while (*p) {
        int lo[5], hi[5];
        lo[4] = hi[4] = 623;
        for (int i = 0; i < 4; i++) {
            if (span(&p, &lo[i], &hi[i], 255)) die("bad target");
            if (i < 3 && *p++ != '.') die("bad target");
        }
        if (*p == ':') { p++; if (span(&p, &lo[4], &hi[4], 65535)) die("bad port"); }
        /* Nobody else's machines: this one, or networks that are for benchmarks (RFC 2544). */
        if ((lo[0] != 127 || hi[0] != 127) && (lo[0] != 198 || hi[0] != 198 || lo[1] < 18 || hi[1] > 19))
            die("loopback (127.x.x.x) or benchmark (198.18.0.0/15) targets only");
        for (int b = lo[1]; b <= hi[1]; b++)
        for (int c = lo[2]; c <= hi[2]; c++)
        for (int d = lo[3]; d <= hi[3]; d++)
        for (int q = lo[4]; q <= hi[4]; q++) {
            if (!(nbmc & (nbmc - 1))) bmcs = realloc(bmcs, (nbmc ? 2 * nbmc : 1) * sizeof *bmcs);
            bmcs[nbmc] = (struct bmc){ .addr = { .sin_family = AF_INET, .sin_port = htons(q) } };
            bmcs[nbmc++].addr.sin_addr.s_addr = htonl((uint32_t)lo[0] << 24 | b << 16 | c << 8 | d);
        }
        if (*p == ',') p++;
        else if (*p) die("bad target near '%s'", p);
    }
}

static size_t hexbytes(const char *s, uint8_t *out, size_t max)
{
    size_t n = 0;

    for (; s[0] && s[1]; s += 2) {
        unsigned v;
        if (n == max || sscanf(s, "%2x", &v) != 1) die("bad hex data");
        out[n++] = v;
    }
    return n;
}
static const char help[] =
"loadgen - IPMI LAN load generator (loopback targets only); prints one line of JSON\n"
"  -t, --target LIST      127.0.0.1:9623, 127.0.1.1-200:623, 127.0.0.1:9000-9199, comma separated\n"
"  -m, --mode MODE        cmd (default) | setup | ping | authcap | sol\n"
"  -n, --sessions N       sessions per BMC (ping, authcap: independent clients)\n"
"  -w, --window W         outstanding requests per session (1..63)\n"
"  -d, --secs T           measured seconds (default 5); --warmup T (default 0.5)\n"
"  -c, --suite N          0 1 2 3 15 16 17 (default 3)\n"
"  -1, --v15 none|md5     IPMI v1.5 session instead\n"
"  -U, --user, -P, --pass, --priv N\n"
"  -r, --raw N:C[:HEX]    request netfn, command, data (hex)\n"
"      --preset NAME      devid | sdr (Get SDR walk) | sel (Get SEL Entry walk)\n"
"      --bytes N          bytes asked for in Get SDR (default 255)\n"
"      --accept-cc        count a nonzero completion code as an answer\n"
"      --socks N          sockets (default one per session; shared needs RMCP+)\n"
"      --timeout S        (1.0)   --retries N (3)   --setup-par N (16)\n"
"      --with-authcap     session cycles begin with Get Channel Authentication Capabilities\n"
"      --fresh-port       each session cycle (setup mode) uses a new source address, port\n"
"      --pid P[,P|@FILE]  charge these processes' CPU time to the server\n";

static void choose_preset(const char *p)
{
    static const uint8_t z[6] = { 0, 0, 0, 0, 0, 0xff };

    memcpy(o.data, z, 6);
    o.dlen = 6;
    o.netfn = 0x0a;
    o.walk = !strcmp(p, "sdr") || !strcmp(p, "sel");
    if (!strcmp(p, "devid")) { o.netfn = 6; o.cmd = 1; o.dlen = 0; }
    else if (!strcmp(p, "sdr")) o.cmd = 0x23;
    else if (!strcmp(p, "sel")) o.cmd = 0x43;
    else die("unknown preset %s", p);
}

void options(int argc, char **argv)
{
    enum { O_WARM = 256, O_PRIV, O_PRESET, O_BYTES, O_ACC, O_SOCKS, O_TO, O_RETRY, O_PAR, O_CAP,
           O_PID, O_FRESH };
    static const struct option lo[] = {
        { "target", 1, 0, 't' }, { "mode", 1, 0, 'm' }, { "sessions", 1, 0, 'n' },
        { "window", 1, 0, 'w' }, { "secs", 1, 0, 'd' }, { "suite", 1, 0, 'c' },
        { "v15", 1, 0, '1' }, { "user", 1, 0, 'U' }, { "pass", 1, 0, 'P' }, { "raw", 1, 0, 'r' },
        { "help", 0, 0, 'h' }, { "warmup", 1, 0, O_WARM }, { "priv", 1, 0, O_PRIV },
        { "preset", 1, 0, O_PRESET }, { "bytes", 1, 0, O_BYTES }, { "accept-cc", 0, 0, O_ACC },
        { "socks", 1, 0, O_SOCKS }, { "timeout", 1, 0, O_TO }, { "retries", 1, 0, O_RETRY },
        { "setup-par", 1, 0, O_PAR }, { "with-authcap", 0, 0, O_CAP },
        { "pid", 1, 0, O_PID }, { "fresh-port", 0, 0, O_FRESH }, { 0 } };
    int c, n, used;
    unsigned nf, cm;

    while ((c = getopt_long(argc, argv, "t:m:n:w:d:c:1:U:P:r:h", lo, NULL)) != -1) {
        switch (c) {
        case 't': add_targets(optarg); break;
        case 'm':
            for (n = 0; n < M_COUNT && strcmp(optarg, mode_names[n]); n++);
            if (n == M_COUNT) die("unknown mode %s", optarg);
            o.mode = n;
            break;
        case 'n': o.sessions = atoi(optarg); break;
        case 'w': o.window = atoi(optarg); break;
        case 'd': o.secs = atof(optarg); break;
        case 'c': o.suite = atoi(optarg); break;
        case '1': o.v15 = !strcmp(optarg, "md5") ? 3 : !strcmp(optarg, "none") ? 1 : 0;
            if (!o.v15) die("--v15 none|md5");
            break;
        case 'U': o.user = optarg; break;
        case 'P': o.pass = optarg; break;
        case 'r':
            if (sscanf(optarg, "%i:%i%n", (int *)&nf, (int *)&cm, &used) < 2) die("bad --raw");
            o.netfn = nf; o.cmd = cm; o.walk = 0;
            o.dlen = optarg[used] == ':' ? hexbytes(optarg + used + 1, o.data, sizeof o.data) : 0;
            break;
        case O_WARM: o.warm = atof(optarg); break;
        case O_PRIV: o.priv = atoi(optarg); break;
        case O_PRESET: choose_preset(optarg); break;
        case O_BYTES: o.data[5] = atoi(optarg); break;
        case O_ACC: o.accept_cc = 1; break;
        case O_SOCKS: o.socks = atoi(optarg); break;
        case O_TO: o.timeout = atof(optarg); break;
        case O_RETRY: o.retries = atoi(optarg); break;
        case O_PAR: o.setup_par = atoi(optarg); break;
        case O_CAP: o.cycle_cap = 1; break;
        case O_FRESH: o.fresh = 1; break;
        case O_PID: charge(optarg); break;
        case 'h': fputs(help, stdout); exit(0);
        default: exit(2);
        }
    }
    if (!nbmc) die("no --target (try --help)");
    if (o.window < 1 || o.window > 63) die("window is 1..63");
    if (!(su = suite_find(o.suite))) die("suite not supported");
    if (o.mode == M_CMD && o.walk && o.window > 1) die("record walks need --window 1");
    if (o.mode == M_SOL && (o.v15 || o.sessions != 1)) die("SOL is one RMCP+ session per BMC");
    if (o.sessions < 1 || (long)o.sessions * nbmc >= 1 << SID_BITS) die("bad session count");
}
