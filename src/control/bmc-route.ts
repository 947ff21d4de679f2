import { z } from '@hono/zod-openapi';
import type { Bmc } from '../bmc.ts';
import type { Daemon } from './daemon.ts';
import type { Input, Route } from './route.ts';

type Shape = z.ZodObject;
type Whatever = z.ZodType;

/** A route of one BMC: its path goes on behind `/v1/bmcs/{bmc}`. Of none by that name: 404. */
export interface BmcRoute<
  P extends Shape,
  Q extends Shape,
  B extends Whatever,
  A extends Whatever,
> extends Omit<Route<P, Q, B, A>, 'handle'> {
  handle(
    bmc: Bmc,
    input: Input<z.infer<P>, z.infer<Q>, z.infer<B>>,
    daemon: Daemon,
  ): z.input<A> | Response | Promise<z.input<A> | Response>;
}

/** The parameter of a path that names a BMC. */
export const bmcName = z.object({ bmc: z.string().min(1).openapi({ description: 'Name of the BMC.' }) });

export const bmcRoute = <P extends Shape, Q extends Shape, B extends Whatever, A extends Whatever>(
  declared: BmcRoute<P, Q, B, A>,
): Route => ({
  ...declared,
  scope: 'bmc',
  path: `/v1/bmcs/{bmc}${declared.path}`,
  params: bmcName.extend(declared.params?.shape ?? {}),
  handle(daemon, input) {
    const checked = input as Input<z.infer<P> & z.infer<typeof bmcName>, z.infer<Q>, z.infer<B>>;
    return declared.handle(daemon.bmc(checked.params.bmc), checked, daemon);
  },
});
