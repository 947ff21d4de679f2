import { z } from 'zod';

const words = z.array(z.string()).min(1);
const line = z.union([z.string().min(1), words]);
const seconds = z.number().positive().max(3600).optional();

/** `chassis.backend`, by its `type`. */
export const backendSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('simulated') }),
  z.strictObject({ type: z.literal('vm-protocol'), start: line.optional() }),
  z.strictObject({ type: z.literal('qemu'), command: line, qmp: z.string().min(1).max(107) }),
  z.strictObject({
    type: z.literal('libvirt'),
    domain: z.string().min(1),
    connect: z.string().optional(),
    virsh: z.string().optional(),
    timeout: seconds,
    interval: seconds,
  }),
  z.strictObject({
    type: z.literal('command'),
    on: line,
    off: line,
    reset: line.optional(),
    cycle: line.optional(),
    soft: line.optional(),
    diag: line.optional(),
    status: line.optional(),
    timeout: seconds,
    interval: seconds,
  }),
  z.strictObject({
    type: z.literal('http'),
    url: z.string().regex(/^https?:\/\/\S+$/, 'expected an http or https URL'),
    headers: z.record(z.string(), z.string()).optional(),
    timeout: seconds,
    interval: z.number().min(0).max(3600).optional(),
  }),
]);
