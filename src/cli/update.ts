import { killUpdate, updateStatus } from '../client/index.ts';
import { withBmc, type BmcAddress } from './bmc-address.ts';
import { bold, dim } from './colors.ts';

/** What of a running BMC can be updated, and by whom it is. */
export const listUpdates = (flags: BmcAddress & { json?: boolean }): Promise<number> =>
  withBmc(flags, async (client) => {
    const components = await updateStatus(client);
    if (flags.json) process.stdout.write(`${JSON.stringify({ components })}\n`);
    else {
      for (const { component, name, active, rollback, deferred, digest, upload } of components) {
        const others = [rollback && `before it ${rollback}`, deferred && `${deferred} waits for activation`]
          .filter(Boolean)
          .join(', ');
        process.stdout.write(
          `${component} ${name.padEnd(12)} ${bold(active)}${others && `, ${others}`}${digest ? dim(`  SHA-256 ${digest}`) : ''}\n`,
        );
        if (upload) {
          const { stage, owner, received, expiresIn } = upload;
          process.stdout.write(
            `  ${stage}${owner && ` by ${owner}`}: ${received} bytes${expiresIn > 0 ? `, given up in ${expiresIn} s if nothing comes` : ''}\n`,
          );
        }
      }
    }
    return 0;
  });

/** Ends the upload that is under way. */
export const killUpdates = (flags: BmcAddress & { json?: boolean }): Promise<number> =>
  withBmc(flags, async (client) => {
    const under = (await updateStatus(client)).filter(({ upload, deferred }) => upload || deferred);
    await killUpdate(client);
    if (flags.json) {
      process.stdout.write(
        `${JSON.stringify({ givenUp: under.map(({ component, name, upload, deferred }) => ({ component, name, upload, deferred })) })}\n`,
      );
      return 0;
    }
    for (const { name, upload } of under)
      process.stdout.write(
        `${name}: ${upload ? `the upload${upload.owner && ` by ${upload.owner}`}` : 'the image that waited for activation'} is given up\n`,
      );
    if (under.length === 0) process.stdout.write('nothing was under way\n');
    return 0;
  });
