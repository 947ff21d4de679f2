import { Placement } from '../../fleet/placement.ts';
import type { Daemon } from '../../control/daemon.ts';
import { problemOf } from '../errors.ts';
import {
  SHARD,
  type Answered,
  type FromShard,
  type ToShard,
  type Work,
  type ShardReady,
} from './messages.ts';

/** What a process knows that serves some of the BMCs of a file. */
export interface ShardSide {
  readonly index: number;
  /** A BMC of that name is this shard's. */
  owns(name: string): boolean;
  /** Resolves when the one who started it is gone: nobody would end it. */
  readonly orphaned: Promise<void>;
  /** It is ready, or something of that has changed. */
  announce(ready: ShardReady): void;
  /** Nothing more is to be heard: what listens would keep the process. */
  end(): void;
  /** From now on BMCs come and go. */
  serve(daemon: Daemon): void;
}

/** Undefined: this process is nobody's shard. */
export async function shardSide(): Promise<ShardSide | undefined> {
  const [, index] = /^(\d+)\/\d+$/.exec(process.env[SHARD] ?? '') ?? [];
  if (index === undefined || process.send === undefined) return undefined;
  const own = Number(index);
  let placement = new Placement(1);
  let daemon: Daemon | undefined;
  const say = (message: FromShard): void => void process.send?.(message);
  const orphaned = new Promise<void>((resolve) => process.once('disconnect', () => resolve()));
  await new Promise<void>((resolve) => {
    process.on('message', (message: ToShard) => {
      if ('placement' in message) {
        placement = new Placement(message.placement.of, message.placement.moved);
        return resolve();
      }
      void answered(daemon, message.work).then((answer) => say({ id: message.id, ...answer }));
    });
    process.once('disconnect', () => resolve());
  });
  return {
    index: own,
    owns: (name) => placement.shardOf(name) === own,
    orphaned,
    end: () => process.disconnect?.(),
    announce: (ready) => say({ ready }),
    serve: (served) => void (daemon = served),
  };
}

async function answered(daemon: Daemon | undefined, work: Work): Promise<Omit<Answered, 'id'>> {
  try {
    if (daemon === undefined) return { problem: 'it is not ready' };
    if (work.what === 'leave') return { traveller: await daemon.leave(work.bmc) };
    if (work.what === 'arrive') await daemon.arrive(work.bmc, work.traveller);
    else if (work.what === 'forget') await daemon.forget(work.bmc);
    else {
      const { problems } = await daemon.settle();
      if (problems.length > 0) return { problem: problems.join('\n') };
    }
    return {};
  } catch (error) {
    return { problem: problemOf(error) };
  }
}
