import { describe, expect, test } from 'vitest';
import { sessionContext } from '../../../test/support/bmc.ts';
import { bytes, HPM, target, upload, word, type Target } from '../../../test/support/hpm-rig.ts';
import { Privilege } from '../../commands/command.ts';
import type { Context } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';

describe('V13: no sequence of commands activates what is not a verified image', () => {
  const begun = async (one: Target): Promise<void> => expect(await one.hpm(HPM.initiate, 2, 2)).toEqual([0]);
  const steps: Record<string, (one: Target) => Promise<unknown>> = {
    nothing: async () => undefined,
    'nothing, begun': begun,
    'nothing, finished': async (one) => {
      await begun(one);
      expect(await one.hpm(HPM.finish, 1, ...word(0))).toEqual([0x81]);
    },
    'fewer bytes than were counted': async (one) => {
      await begun(one);
      await one.hpm(HPM.block, 0, ...bytes(100));
      expect(await one.hpm(HPM.finish, 1, ...word(101))).toEqual([0x81]);
    },
    'half uploaded': async (one) => {
      await begun(one);
      await one.hpm(HPM.block, 0, ...bytes(100));
    },
    'finished as another component': async (one) => {
      await begun(one);
      await one.hpm(HPM.block, 0, ...bytes(100));
      expect(await one.hpm(HPM.finish, 0, ...word(100))).toEqual([0xcc]);
    },
    compared: async (one) => {
      expect(await one.hpm(HPM.initiate, 2, 3)).toEqual([0]);
      await one.hpm(HPM.block, 0, ...bytes(100));
      await one.hpm(HPM.finish, 1, ...word(100));
    },
    'prepared only': async (one) => expect(await one.hpm(HPM.initiate, 2, 1)).toEqual([0]),
    aborted: async (one) => {
      await upload(one, 2, bytes(100));
      expect(await one.hpm(HPM.abort)).toEqual([0]);
    },
    'begun anew after a verified one': async (one) => {
      await upload(one, 2, bytes(100));
      await begun(one);
      await one.hpm(HPM.block, 0, ...bytes(10));
      await one.hpm(HPM.abort);
    },
  };

  test.each(Object.entries(steps))('%s', async (_what, step) => {
    const one = await target();
    await step(one);
    expect((await one.hpm(HPM.activate))[0]).toBe(0xd5);
    expect(one.bmc.update!.component(1).activeSlot).toBe('a');
  });

  test('already used', async () => {
    const one = await target();
    await upload(one, 4, bytes(100));
    await one.hpm(HPM.activate);
    await one.world.run(10_000);
    const { activeSlot } = one.bmc.update!.component(2);
    expect((await one.hpm(HPM.activate))[0]).toBe(0xd5);
    await one.world.run(10_000);
    expect(one.bmc.update!.component(2).activeSlot).toBe(activeSlot);
  });
});

describe('V13: what only asks is for users, what changes firmware is not', () => {
  test('by level', async () => {
    const { bmc, world } = await target();
    const codes = async (privilege: number) => {
      const context = sessionContext(bmc, privilege);
      const asked: Record<string, number> = {};
      for (const [name, cmd] of Object.entries(HPM)) {
        const data = Uint8Array.of(
          0,
          ...(name === 'property'
            ? [0, 0]
            : name === 'initiate'
              ? [2, 1]
              : name === 'finish'
                ? [1, 0, 0, 0, 0]
                : []),
        );
        asked[name] = (
          await world.until(Promise.resolve(bmc.router.dispatch({ netFn: 0x2c, cmd, lun: 0, data }, context)))
        )[0];
      }
      return Object.keys(asked).filter((name) => asked[name] !== 0xd4);
    };
    const queries = ['caps', 'property', 'status', 'selfTest', 'rollbackStatus'];
    expect(await codes(Privilege.Callback)).toEqual([]);
    expect(await codes(Privilege.User)).toEqual(queries);
    expect(await codes(Privilege.Operator)).toEqual(queries);
    expect(await codes(Privilege.Administrator)).toEqual(Object.keys(HPM));
  });
});

describe('C2: an upload belongs to its session', () => {
  const asked = (one: Target) => {
    const as =
      (context: Context<BmcState>) =>
      async (cmd: number, ...data: number[]) => {
        const message = { netFn: 0x2c, cmd, lun: 0, data: Uint8Array.of(0, ...data) };
        return (await one.world.until(Promise.resolve(one.bmc.router.dispatch(message, context))))[0];
      };
    return as;
  };

  test('to other sessions it is not there, whoever they are of', async () => {
    const one = await target();
    const as = asked(one);
    const admin = as(sessionContext(one.bmc, Privilege.Administrator, 2));
    expect([await admin(HPM.initiate, 2, 2), await admin(HPM.block, 0, ...bytes(50))]).toEqual([0, 0]);
    for (const userId of [2, 3]) {
      const other = as(sessionContext(one.bmc, Privilege.Administrator, userId));
      expect(
        [await other(HPM.block, 1, 1), await other(HPM.finish, 1, ...word(50))],
        `user ${userId}`,
      ).toEqual([0xd5, 0xd5]);
    }
    // What they were refused is not what the owner hears of its own command.
    expect((await one.hpm(HPM.status)).slice(1, 2)).toEqual([HPM.block]);
    expect(await admin(HPM.finish, 1, ...word(50))).toBe(0);
  });

  test('the same user goes on when the session is over or silent; a revocation ends it', async () => {
    const one = await target();
    const as = asked(one);
    const first = sessionContext(one.bmc, Privilege.Administrator, 2);
    await as(first)(HPM.initiate, 2, 2);
    await as(first)(HPM.block, 0, ...bytes(50));
    const second = sessionContext(one.bmc, Privilege.Administrator, 2);
    await one.world.run(10_000);
    one.bmc.sessions.heard(second.session);
    expect(await as(second)(HPM.block, 1, ...bytes(50))).toBe(0);
    // It is the second one's now.
    expect(await as(first)(HPM.block, 2, ...bytes(50))).toBe(0xd5);
    one.bmc.sessions.close(second.session, 'user-changed');
    expect(one.bmc.update!.info).toBeUndefined();
  });

  test('I2: what a session has left is not for whoever has the slot after its password or name was changed', async () => {
    for (const change of [
      ({ users }: Target['bmc']) => users.setPassword(2, new TextEncoder().encode('another-password')),
      ({ users }: Target['bmc']) => users.setName(2, 'somebody'),
      ({ users }: Target['bmc']) => users.setEnabled(2, false),
    ]) {
      const one = await target();
      const as = asked(one);
      const gone = sessionContext(one.bmc, Privilege.Administrator, 2);
      await as(gone)(HPM.initiate, 2, 2);
      one.bmc.sessions.close(gone.session, 'timeout');
      expect(one.bmc.update!.info).toBeDefined();
      await one.world.until(Promise.resolve(change(one.bmc)));
      expect(one.bmc.update!.info).toBeUndefined();
      expect(await as(sessionContext(one.bmc, Privilege.Administrator, 2))(HPM.block, 0, ...bytes(50))).toBe(
        0xd5,
      );
    }
  });

  test('below Administrator nobody aborts for others', async () => {
    const one = await target({ privilege: 'operator' });
    const as = asked(one);
    await as(sessionContext(one.bmc, Privilege.Administrator, 2))(HPM.initiate, 2, 2);
    expect(await as(sessionContext(one.bmc, Privilege.Operator, 3))(HPM.abort)).toBe(0xd5);
    expect(one.bmc.update!.info).toBeDefined();
    expect(await as(sessionContext(one.bmc, Privilege.Administrator, 4))(HPM.abort)).toBe(0);
  });
});
