// Who may do what on the bus, on a real nats-server: users of examples/cluster/nats.conf, TLS, NKeys, JWT; and the line that
// says what to do where somebody is not let in.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from '@nats-io/nats-core';
import { connect as connectNats } from '@nats-io/transport-node';
import { afterAll, expect, test } from 'vitest';
import { Worker } from '../src/client/index.ts';
import type { Bus } from '../src/cluster/bus.ts';
import { HandlerStream } from '../src/cluster/handler-stream.ts';
import { natsBus, type NatsOptions } from '../src/cluster/nats-bus.ts';
import { viewOf } from '../src/cluster/view.ts';
import { clusterToReach, connectCluster } from '../src/cli/cluster-place.ts';
import { handleRaw } from '../src/router/index.ts';
import { nodeWorld } from '../src/world/index.ts';
import { bin, firstLine, root, stopped } from './support/cli.ts';
import { PASSWORD } from './support/daemon.ts';
import { hasNats, startNats, type NatsCluster } from './support/nats.ts';
import { runTool, shortPort, toolTest } from './support/tools.ts';

const world = nodeWorld();
const folder = mkdtempSync(join(tmpdir(), 'cluster-rights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Connects as a host and as a command with this section of a file do, and looks; what is said where it is not let in. */
async function seen(nats: NatsCluster, section: string): Promise<string> {
  const asHost = await seenBy(nats, section, new Promise(() => undefined));
  const asCommand = await seenBy(nats, section);
  expect(asHost).toBe(asCommand);
  return asCommand;
}
/** `until`: a host waits for what comes by itself until then. */
async function seenBy({ urls }: NatsCluster, section: string, until?: Promise<unknown>): Promise<string> {
  const file = join(folder, 'cluster.yaml');
  writeFileSync(file, `cluster: { servers: ['${urls[0]}'], ${section} }\n`);
  try {
    const bus = await connectCluster(clusterToReach({ config: file }), {
      file,
      world,
      name: 'x',
      until,
      warn: () => undefined,
    });
    await viewOf(bus);
    await bus.close();
    return SEEN;
  } catch (error) {
    return (error as Error).message;
  }
}
const SEEN = 'let in';
/** A line and no more. */
const refused = (text: string): unknown =>
  expect.stringMatching(new RegExp(`^nats://[\\d.:]+: [^\n]*${text}[^\n]*$`));
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

async function withNats(extra: string, work: (nats: NatsCluster) => Promise<void>): Promise<void> {
  const nats = await startNats(1, extra);
  try {
    await work(nats);
  } finally {
    await nats.stop();
  }
}

if (hasNats) {
  toolTest(
    '23.7: each user of examples/cluster/nats.conf may do what it is for, and nothing else',
    ['ipmitool'],
    async () => {
      const conf = readFileSync(join(root, 'examples/cluster/nats.conf'), 'utf8');
      const users = conf.slice(conf.indexOf('authorization')).replaceAll('$2a$11$REPLACE', 'secret');
      write('password', 'secret\n');
      await withNats(users, async (nats) => {
        const buses: Bus[] = [];
        const warned: string[] = [];
        const connect = async (user: string, more: Partial<NatsOptions> = {}): Promise<Bus> => {
          const warn = (line: string): void => void warned.push(line);
          const { clock } = world;
          const bus = await natsBus({
            clock,
            servers: nats.urls,
            name: user,
            user,
            password: 'secret',
            warn,
            ...more,
          });
          buses.push(bus);
          return bus;
        };
        const section = `cluster: { servers: ['${nats.urls[0]}'], host: a, user: host, passwordFile: password }\n`;
        const file = join(folder, write('host.yaml', section));
        const child = spawn(process.execPath, [bin, 'run', file, '--json', '--no-control'], {
          env: { ...process.env, IPMI_BMC_RUNTIME_DIRECTORY: folder },
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        try {
          await firstLine(child);
          const port = await shortPort();
          const fleet = `bmcs: [{ name: node, interfaces: [{ type: lan, listen: '127.0.0.1:${port}' }], users: [{ id: 2, name: admin, password: ${PASSWORD} }] }]\n`;
          const cli = (...args: string[]) => runTool(process.execPath, [bin, 'cluster', ...args]);
          expect(
            await cli('apply', join(folder, write('fleet.yaml', fleet)), '--config', file),
          ).toMatchObject({ code: 0 });
          // A handler: its owner's claims, and nobody else's.
          const plain = { isPlain: true, inbox: 'ipmi.handler.acme-fans.inbox' };
          const fans = await connect('acme-fans', plain);
          const worker = new Worker(new HandlerStream(fans, world, { from: 'a test' }), world.clock);
          const claim = handleRaw<undefined>({ netFn: 0x30, cmd: 2 }, () => Uint8Array.of(0, 7));
          const device = handleRaw<undefined>(
            { netFn: 6, cmd: 4 },
            (message, context, next) => next(message, context),
            { override: 'standard' },
          );
          await worker.register({ owner: 'acme-fans', handlers: [claim, device] });
          const raw = async (bytes: string) => {
            const at = `-I lanplus -H 127.0.0.1 -p ${port} -U admin -P ${PASSWORD} raw ${bytes}`;
            return (await runTool('ipmitool', at.split(' '))).out.trim();
          };
          await expect.poll(() => raw('0x30 2')).toBe('07');
          expect(await raw('6 4')).toBe('55 00');
          const asked = { timeout: 1000 };
          const none = new Uint8Array(0);
          const denied = /permissions violation/i;
          for (const subject of ['handlers.register.other', 'control.a', 'drain.a'])
            await expect(fans.request(subject, none, asked)).rejects.toThrow(denied);
          await expect(connect('acme-fans', { inbox: plain.inbox })).rejects.toThrow(denied);
          // Who looks.
          const watcher = { user: 'watcher', inbox: '_INBOX_watcher' };
          const looking = `user: watcher, passwordFile: password, inbox: _INBOX_watcher`;
          const looks = (command: string) =>
            cli(
              command,
              '--json',
              '--config',
              join(folder, write('watcher.yaml', `cluster: { servers: ['${nats.urls[0]}'], ${looking} }\n`)),
            );
          expect(JSON.parse((await looks('hosts')).out)).toMatchObject([{ host: 'a', bmcs: 1 }]);
          expect(JSON.parse((await looks('list')).out)).toEqual([{ bmc: 'node', host: 'a' }]);
          expect(JSON.parse((await looks('status')).out)).toEqual({
            hosts: 1,
            bmcs: 1,
            served: 1,
            stopped: [],
            unserved: [],
            problems: [],
          });
          expect(JSON.parse((await looks('handlers')).out)).toMatchObject([{ owner: 'acme-fans', bmcs: 1 }]);
          const bus = await connect('watcher', { inbox: watcher.inbox });
          const events: string[] = [];
          bus.serve('event.>', ({ subject }) => void events.push(subject));
          for (const subject of ['control.a', 'drain.a', 'handlers.register.acme-fans'])
            await expect(bus.request(subject, none, asked)).rejects.toThrow(denied);
          await expect(bus.entries('desired')).rejects.toThrow(denied);
          const told = await cli('drain', 'a', '--config', join(folder, 'watcher.yaml'));
          expect([told.code, told.out]).toEqual([
            1,
            expect.stringMatching(
              /^ipmi-bmc: nats.*"ipmi\.drain\.a"; this user needs the permissions of examples\/cluster\/nats\.conf.*\n$/,
            ),
          ]);
          // Images are the hosts': nobody else writes, reads, or removes one.
          const hosts = await connect('host');
          const image = Uint8Array.of(1, 2, 3);
          await (await hosts.objects('images')).put('node/1/a/1', [image]);
          for (const one of [watcher, { user: 'acme-fans', inbox: plain.inbox }]) {
            const open = { servers: [...nats.urls], user: one.user, pass: 'secret', inboxPrefix: one.inbox };
            const connection = await connectNats(open);
            for (const subject of [
              '$O.ipmi_images.C.x',
              '$O.ipmi_images.M.x',
              '$JS.API.STREAM.MSG.GET.OBJ_ipmi_images',
              '$JS.API.DIRECT.GET.OBJ_ipmi_images',
              '$JS.API.CONSUMER.CREATE.OBJ_ipmi_images',
              '$JS.API.STREAM.PURGE.OBJ_ipmi_images',
              '$JS.API.STREAM.DELETE.OBJ_ipmi_images',
              '$JS.API.STREAM.UPDATE.OBJ_ipmi_images',
            ])
              await expect(connection.request(subject, none, asked)).rejects.toThrow(denied);
            await connection.close();
          }
          expect(await (await hosts.objects('images')).get('node/1/a/1')).toEqual(image);
          bus.serve('audit.>', () => undefined);
          await raw('0 2 1');
          await expect.poll(() => events.length).toBeGreaterThan(0);
          expect(warned.some((line) => line.includes('Subscription to "ipmi.audit.>"'))).toBe(true);
        } finally {
          await Promise.all(buses.map((bus) => bus.close()));
          await stopped(child);
        }
      });
    },
    40_000,
  );

  test('23.7: user and password of a file; who is not let in is told what to do', async () => {
    write('password', 'secret\n');
    write('wrong', 'wrong\n');
    await withNats(
      'authorization { users: [{ user: a, password: secret }, { user: b, password: secret, permissions: { publish: ["x"], subscribe: ["_INBOX.>", "ipmi.inbox.>"] } }] }',
      async (nats) => {
        expect(await seen(nats, 'user: a, passwordFile: password')).toEqual(SEEN);
        expect(await seen(nats, 'user: a, passwordFile: wrong')).toEqual(
          refused("user 'a' is not let in with the password in wrong"),
        );
        expect(await seen(nats, 'host: x')).toEqual(
          refused('it wants a user: name one in the cluster section'),
        );
        expect(await seen(nats, 'user: b, passwordFile: password')).toEqual(
          refused('this user needs the permissions of examples/cluster/nats.conf'),
        );
        expect(await seen(nats, 'user: a, passwordFile: none')).toMatch(/none: no such file$/);
      },
    );
    await withNats('', async (nats) => {
      expect(await seen(nats, 'tls: { ca: password }')).toEqual(refused('leave cluster.tls out'));
    });
  }, 40_000);

  test('23.7: an NKey, and a JWT with its seed, from files', async () => {
    const text = (value: Uint8Array): string => new TextDecoder().decode(value);
    const [user, stranger] = [nkeys.createUser(), nkeys.createUser()];
    write('good.nk', `${text(user.getSeed())}\n`);
    write('other.nk', `${text(stranger.getSeed())}\n`);
    write('no.nk', 'no seed\n');
    await withNats(`authorization { users: [{ nkey: ${user.getPublicKey()} }] }`, async (nats) => {
      expect(await seen(nats, 'nkeyFile: good.nk')).toEqual(SEEN);
      expect(await seen(nats, 'nkeyFile: other.nk')).toEqual(
        refused('the NKey in other.nk is not among its users'),
      );
      expect(await seen(nats, 'nkeyFile: no.nk')).toEqual(refused('expected the seed of an NKey'));
    });
    // As nsc makes them: an operator, an account of the system, one of ours, a user of it and one of nobody.
    const [operator, system, account, nobody] = [
      nkeys.createOperator(),
      ...[1, 2, 3].map(() => nkeys.createAccount()),
    ];
    const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url');
    const jwt = (issuer: typeof operator, subject: typeof operator, nats: object): string => {
      const claims = {
        jti: 'x',
        iat: 1_700_000_000,
        iss: issuer.getPublicKey(),
        sub: subject.getPublicKey(),
        name: 'x',
        nats: { version: 2, ...nats },
      };
      const body = `${base64('{"typ":"JWT","alg":"ed25519-nkey"}')}.${base64(JSON.stringify(claims))}`;
      return `${body}.${base64(issuer.sign(new TextEncoder().encode(body)))}`;
    };
    const all = { subs: -1, data: -1, payload: -1 };
    const limits = { ...all, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
    const store = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
    const creds = (name: string, issuer: typeof operator): void => {
      const token = jwt(issuer, user, { type: 'user', ...all });
      write(
        name,
        `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${text(user.getSeed())}\n------END USER NKEY SEED------\n`,
      );
    };
    creds('good.creds', account);
    creds('other.creds', nobody);
    write('no.creds', 'nothing\n');
    const preload = [
      [system, { type: 'account', limits }],
      [account, { type: 'account', limits: { ...limits, ...store } }],
    ] as const;
    const extra = `operator: ${jwt(operator, operator, { type: 'operator' })}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: { ${preload.map(([key, nats]) => `${key.getPublicKey()}: ${jwt(operator, key, nats)}`).join('\n')} }`;
    await withNats(extra, async (nats) => {
      expect(await seen(nats, 'credentialsFile: good.creds')).toEqual(SEEN);
      expect(await seen(nats, 'credentialsFile: other.creds')).toEqual(
        refused('the user in other.creds is not one of its account'),
      );
      expect(await seen(nats, 'credentialsFile: no.creds')).toEqual(refused('expected what nsc writes'));
    });
  }, 40_000);

  toolTest(
    '23.7: TLS, with certificates on both sides',
    ['openssl'],
    async () => {
      const openssl = (line: string): void => {
        const { status, stderr } = spawnSync('openssl', line.split(' '), { cwd: folder, encoding: 'utf8' });
        if (status !== 0) throw new Error(stderr);
      };
      const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
      for (const ca of ['ca', 'other'])
        openssl(`req -x509 ${key} -keyout ${ca}.key -out ${ca}.pem -days 30 -subj /CN=${ca}`);
      write('names', 'subjectAltName=IP:127.0.0.1,DNS:localhost');
      for (const name of ['server', 'client']) {
        openssl(`req ${key} -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`);
        openssl(
          `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out ${name}.pem -days 30 -extfile names`,
        );
      }
      const tls = `tls { cert_file: "${folder}/server.pem", key_file: "${folder}/server.key", ca_file: "${folder}/ca.pem", verify: true }`;
      await withNats(tls, async (nats) => {
        const ours = 'certificate: client.pem, key: client.key';
        expect(await seen(nats, `tls: { ca: ca.pem, ${ours} }`)).toEqual(SEEN);
        expect(await seen(nats, `tls: { ca: other.pem, ${ours} }`)).toEqual(
          refused('other.pem .cluster.tls.ca. is not of who signed its certificate'),
        );
        expect(await seen(nats, 'host: x')).toEqual(
          refused('name the file of who signed its certificate in cluster.tls.ca'),
        );
        expect(await seen(nats, 'tls: { ca: ca.pem }')).toEqual(
          refused('if it wants a certificate of its clients, name one in cluster.tls.certificate and key'),
        );
      });
    },
    60_000,
  );
}
