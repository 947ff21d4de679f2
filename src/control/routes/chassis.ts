import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { BootParameter } from '../../commands/parameters/boot.ts';
import { BOOT_DEVICES, bootDeviceNumber } from '../../state/parameters/boot-options.ts';
import { bmcRoute } from '../bmc-route.ts';
import { refusal } from '../problem.ts';

const DEVICES = Object.values(BOOT_DEVICES);
const boot = z
  .strictObject({
    device: z.enum(DEVICES),
    persistent: z.boolean(),
    efi: z.boolean(),
    valid: z.boolean().openapi({ description: 'False: the next boot is an ordinary one.' }),
  })
  .openapi('Boot');
export type BootState = z.infer<typeof boot>;

function bootOf({ bootOptions }: Bmc): BootState {
  const next = bootOptions.next();
  const { device = 'none', persistent = false, efi = false } = next ?? {};
  return { device, persistent, efi, valid: next !== undefined };
}

const BUTTONS = ['power', 'reset', 'nmi', 'sleep'] as const;
const IDENTIFY = ['off', 'timed', 'on'] as const;

const watchdog = z
  .strictObject({
    running: z.boolean(),
    use: z.int().openapi({
      description: 'Timer use (IPMI 2.0 §27.6): 1 BIOS FRB2, 2 BIOS/POST, 3 OS load, 4 SMS/OS, 5 OEM.',
    }),
    action: z.enum(['none', 'reset', 'power-down', 'power-cycle', 'unknown']),
    initialCountdown: z.number().openapi({ description: 'Seconds.' }),
    presentCountdown: z.number().openapi({ description: 'Seconds.' }),
    preTimeout: z.int().openapi({ description: 'Seconds.' }),
    expired: z.array(z.int()).openapi({ description: 'Timer uses in which it ran out.' }),
  })
  .openapi('Watchdog');
export type WatchdogState = z.infer<typeof watchdog>;
const ACTIONS = ['none', 'reset', 'power-down', 'power-cycle'] as const;

export const chassisRoutes = [
  bmcRoute({
    method: 'post',
    path: '/reset',
    role: 'operate',
    tag: 'Chassis',
    summary: 'Resets the BMC itself, `cold` or `warm`, as the commands do.',
    body: z.strictObject({ kind: z.enum(['cold', 'warm']).default('cold') }),
    status: 204,
    example: { path: '/v1/bmcs/node-1/reset', body: { kind: 'warm' } },
    handle: (bmc, { body: { kind } }) => bmc.reset(kind),
  }),
  bmcRoute({
    method: 'post',
    path: '/identify',
    role: 'operate',
    tag: 'Chassis',
    summary: 'Lights the identify lamp for some seconds, 0 turns it off; `force` until it is turned off.',
    body: z.strictObject({ seconds: z.int().min(0).max(255).default(15), force: z.boolean().default(false) }),
    answer: z.strictObject({ identify: z.enum(IDENTIFY) }),
    example: { path: '/v1/bmcs/node-1/identify', body: { seconds: 30 } },
    handle({ frontPanel }, { body: { seconds, force } }) {
      frontPanel.identify(seconds, force);
      return { identify: IDENTIFY[frontPanel.identifyState] };
    },
  }),
  bmcRoute({
    method: 'post',
    path: '/press',
    role: 'operate',
    tag: 'Chassis',
    summary: 'Presses a button of the front panel; refused if it is disabled or means nothing now.',
    body: z.strictObject({ button: z.enum(BUTTONS) }),
    status: 204,
    example: { path: '/v1/bmcs/node-1/press', body: { button: 'reset' } },
    handle({ frontPanel }, { body: { button } }) {
      if (!frontPanel.pressNamed(button))
        throw refusal('conflict', `the ${button} button is disabled, or means nothing now`);
    },
  }),
  bmcRoute({
    method: 'get',
    path: '/boot',
    role: 'read',
    tag: 'Chassis',
    summary: 'What the next boot is to be.',
    answer: boot,
    example: { path: '/v1/bmcs/node-1/boot' },
    handle: bootOf,
  }),
  bmcRoute({
    method: 'put',
    path: '/boot',
    role: 'operate',
    tag: 'Chassis',
    summary: 'Chooses what the next boot is to be, or with `persistent` all boots; `none` takes it back.',
    body: z.strictObject({
      device: z.enum(DEVICES),
      persistent: z.boolean().default(false),
      efi: z.boolean().default(false),
    }),
    answer: boot,
    example: { path: '/v1/bmcs/node-1/boot', body: { device: 'pxe', efi: true } },
    async handle(bmc, { body: { device, persistent, efi }, caller }) {
      const { selector, layout } = BootParameter.BootFlags;
      const { bootOptions } = bmc;
      const valid = device !== 'none';
      const flags = { ...layout.decode(new Uint8Array(layout.max)), valid, persistent, efi };
      await bootOptions.set(selector, layout.encode({ ...flags, device: bootDeviceNumber(device) }), caller);
      return bootOf(bmc);
    },
  }),
  bmcRoute({
    method: 'get',
    path: '/watchdog',
    role: 'read',
    tag: 'Chassis',
    summary: 'The watchdog timer of the system software.',
    answer: watchdog,
    example: { path: '/v1/bmcs/node-1/watchdog' },
    handle({ watchdog: timer }) {
      const { use, action, initialCountdown, preTimeout } = timer.settings;
      return {
        running: timer.running,
        use,
        action: ACTIONS[action] ?? 'unknown',
        initialCountdown: initialCountdown / 10,
        presentCountdown: timer.presentCountdown / 10,
        preTimeout,
        expired: [1, 2, 3, 4, 5].filter((use) => (timer.expirations & (1 << use)) !== 0),
      };
    },
  }),
  bmcRoute({
    method: 'delete',
    path: '/watchdog',
    role: 'operate',
    tag: 'Chassis',
    summary: 'Stops the watchdog timer.',
    status: 204,
    example: { path: '/v1/bmcs/node-1/watchdog' },
    handle: ({ watchdog: timer }) => timer.halt(),
  }),
];
