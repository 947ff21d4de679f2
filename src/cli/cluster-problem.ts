import type { ClusterOptions } from '../config/options.ts';
import { problemOf } from './errors.ts';

/** A look at an error of NATS, and what to do about it. */
const CURES: readonly (readonly [RegExp, (options: ClusterOptions) => string])[] = [
  [/authorization violation|authentication/i, whoIsNotLetIn],
  [
    /permissions violation/i,
    () =>
      'this user needs the permissions of examples/cluster/nats.conf (and `inbox`, where it has one of its own)',
  ],
  [/^nkeys:/, ({ nkeyFile }) => `${nkeyFile}: expected the seed of an NKey, a line that begins with SU`],
  [
    /unable to parse credentials/,
    ({ credentialsFile }) => `${credentialsFile}: expected what nsc writes (.creds)`,
  ],
  [
    /unable to verify|self.signed|unable to get (local )?issuer/i,
    ({ tls }) =>
      tls?.ca === undefined
        ? 'name the file of who signed its certificate in cluster.tls.ca'
        : `${tls.ca} (cluster.tls.ca) is not of who signed its certificate`,
  ],
  [/altnames/i, () => 'name it in cluster.servers as its certificate does'],
  [/does not support 'tls'/, () => 'leave cluster.tls out, or give it a certificate'],
  [
    /^no connection without a certificate$/,
    () => 'if it wants a certificate of its clients, name one in cluster.tls.certificate and key',
  ],
  [/^timeout$/, () => 'does it run there, and is nothing in between?'],
  [
    /^JetStream (does not answer|has no leader)$/,
    () => 'its servers choose a leader first, for which most of them have to be there',
  ],
  [/jetstream is not enabled/i, () => 'start it with -js, or with jetstream {} in its file'],
];

/** What is wrong with NATS, and what to do about it, as a line. */
export function natsProblem(error: unknown, options: ClusterOptions): string {
  const problem = problemOf(error);
  const cure = CURES.find(([pattern]) => pattern.test(problem))?.[1](options);
  return `${options.servers.join(', ')}: ${problem}${cure === undefined ? '' : `; ${cure}`}`;
}

function whoIsNotLetIn({ user, passwordFile, nkeyFile, credentialsFile }: ClusterOptions): string {
  if (user !== undefined) return `user '${user}' is not let in with the password in ${passwordFile}`;
  if (nkeyFile !== undefined) return `the NKey in ${nkeyFile} is not among its users`;
  if (credentialsFile !== undefined) return `the user in ${credentialsFile} is not one of its account`;
  return 'it wants a user: name one in the cluster section of a file (user and passwordFile, nkeyFile or credentialsFile)';
}
