/* report.c - what was measured: latency histogram, CPU time of the server and of others, counts. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loadgen.h"

static int pids[4096], npid;

/* ----------------------------------------------------------------- histogram */
/* Log-linear: 64 sub-buckets per power of two, so under 1.6 % relative error. */

#define HB (58 * 64 + 64)
static uint32_t hist[HB];
static uint64_t hist_n, hist_max;

static unsigned hbucket(uint64_t v)
{
    unsigned e;

    if (v < 64) return v;
    e = 63 - __builtin_clzll(v);
    return (e - 5) * 64 + ((v >> (e - 6)) & 63);
}

static double hvalue(unsigned b)
{
    unsigned e = b / 64;

    if (!e) return b;
    return (double)((64ull + b % 64) << (e - 1)) + (double)(1ull << (e - 1)) / 2;
}

void hist_add(uint64_t v)
{
    hist[hbucket(v)]++;
    hist_n++;
    if (v > hist_max) hist_max = v;
}

static double hist_q(double q)
{
    uint64_t want = (uint64_t)(q * hist_n), c = 0;

    for (unsigned b = 0; b < HB; b++)
        if ((c += hist[b]) > want) return hvalue(b) / 1000.0;
    return hist_max / 1000.0;
}

/* ------------------------------------------------------------ server CPU time */

static uint64_t task_ns(int pid)
{
    char path[64], line[128];
    uint64_t sum = 0;
    struct dirent *e;
    DIR *d;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    if (!(d = opendir(path))) return 0;
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", pid, e->d_name);
        if (!(f = fopen(path, "r"))) continue;
        if (fgets(line, sizeof line, f)) sum += strtoull(line, NULL, 10);
        fclose(f);
    }
    closedir(d);
    return sum;
}

static uint64_t server_ns(void)
{
    uint64_t s = 0;

    for (int i = 0; i < npid; i++) s += task_ns(pids[i]);
    return s;
}

void charge(const char *p)
{
    char line[32];
    FILE *f;

    if (*p == '@') {
        if (!(f = fopen(p + 1, "r"))) die("%s: %s", p + 1, strerror(errno));
        while (fgets(line, sizeof line, f) && npid < 4096)
            if (atoi(line) > 0) pids[npid++] = atoi(line);
        fclose(f);
        return;
    }
    while (*p && npid < 4096) {
        pids[npid++] = strtol(p, (char **)&p, 10);
        if (*p == ',') p++;
    }
}

/* What all cores did, idle and waiting left out. */
static uint64_t machine_ns(void)
{
    unsigned long long user, nice, system, idle, wait, irq, soft, steal;
    FILE *f = fopen("/proc/stat", "r");
    int n;

    if (!f) return 0;
    n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu",
               &user, &nice, &system, &idle, &wait, &irq, &soft, &steal);
    fclose(f);
    return n == 8 ? (user + nice + system + irq + soft + steal) * (1000000000 / sysconf(_SC_CLK_TCK)) : 0;
}

struct cpu cpu_now(void)
{
    return (struct cpu){ clk(CLOCK_PROCESS_CPUTIME_ID), server_ns(), machine_ns() };
}

static int cmp_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

#define U(x) ((unsigned long long)(x))

void report(double secs, struct cpu from, struct cpu to)
{
    uint64_t bad = 0, *v = malloc(nbmc * sizeof *v), up = 0;
    double self = to.self - from.self, server = to.server - from.server, all = to.machine - from.machine;
    double other = all > self + server ? all - self - server : 0;

    if (!v) die("out of memory");
    for (int i = 1; i < BAD_MAX; i++) bad += st.bad[i];
    for (int i = 0; i < nbmc; i++) { v[i] = bmcs[i].done; up += bmcs[i].up; }
    qsort(v, nbmc, sizeof *v, cmp_u64);
    printf("{\"mode\":\"%s\",\"bmcs\":%d,\"sessions\":%d,\"up\":%llu,\"window\":%d,\"sockets\":%d,",
           mode_names[o.mode], nbmc, o.sessions, U(up), o.window, nsock);
    printf("\"seconds\":%.3f,\"done\":%llu,\"per_s\":%.1f,", secs, U(st.done), st.done / secs);
    printf("\"us\":{\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"p999\":%.2f,\"max\":%.2f},",
           hist_q(.5), hist_q(.9), hist_q(.99), hist_q(.999), hist_max / 1000.0);
    printf("\"bad\":%llu,\"cc_nonzero\":%llu,\"stray\":%llu,\"timeouts\":%llu,",
           U(bad), U(st.cc_nonzero), U(st.stray), U(st.timeouts));
    printf("\"retries\":%llu,\"failed\":%llu,\"bad_kinds\":{", U(st.retries), U(st.failed));
    for (int i = 1, c = 0; i < BAD_MAX; i++)
        if (st.bad[i]) printf("%s\"%s\":%llu", c++ ? "," : "", bad_name[i], U(st.bad[i]));
    printf("},\"codes\":{");
    for (int i = 0, c = 0; i < 256; i++)
        if (st.cc[i]) printf("%s\"%02x\":%llu", c++ ? "," : "", i, U(st.cc[i]));
    printf("},\"failures\":{");
    for (int i = 0, c = 0; i < 256; i++)
        if (st.fail_status[i]) printf("%s\"%02x\":%d", c++ ? "," : "", i, st.fail_status[i]);
    printf("},\"per_bmc\":{\"min\":%.1f,\"median\":%.1f,\"max\":%.1f},",
           v[0] / secs, v[nbmc / 2] / secs, v[nbmc - 1] / secs);
    printf("\"setup_ms\":%.1f,\"client_us_per_op\":%.4f,\"others_pct\":%.1f,",
           st.setup_ns / 1e6, st.done ? self / 1e3 / st.done : 0.0, other / secs / 1e7);
    if (npid) printf("\"server_cpu_pct\":%.1f,\"server_us_per_op\":%.4f,", server / secs / 1e7,
                     st.done ? server / 1e3 / st.done : 0.0);
    printf("\"sent\":%llu,\"wakeups\":%llu,\"rxcalls\":%llu,\"txcalls\":%llu}\n",
           U(st.sent), U(st.wakeups), U(st.rxcalls), U(st.txcalls));
    free(v);
}
