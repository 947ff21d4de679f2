import type { Bmc } from '../../bmc.ts';
import type { Traveller } from '../../control/traveller.ts';
import type { Moved } from '../../fleet/placement.ts';

/** What a shard says when everything listens, and after each change. */
export interface ShardReady {
  readonly engine: string | undefined;
  readonly interfaces: readonly ReadyInterface[];
}

/** As the ready line has it. */
export type ReadyInterface = Bmc['interfaces'][number];

/** Who has which BMC; the first message to a shard. */
export interface PlacementTold {
  readonly placement: { readonly of: number; readonly moved: Moved };
}

/** What a shard does for the one who moves a BMC. */
export type Work =
  | { readonly what: 'leave'; readonly bmc: string }
  | { readonly what: 'arrive'; readonly bmc: string; readonly traveller: Traveller }
  | { readonly what: 'settle' }
  | { readonly what: 'forget'; readonly bmc: string };

export interface Asked {
  readonly id: number;
  readonly work: Work;
}

export interface Answered {
  readonly id: number;
  /** Of `leave`. */
  readonly traveller?: Traveller;
  /** It could not be done, and why. */
  readonly problem?: string;
}

export type ToShard = PlacementTold | Asked;
export type FromShard = { readonly ready: ShardReady } | Answered;

/** Which shard a process is, and of how many: `1/4`. Only who starts shards sets it. */
export const SHARD = 'IPMI_BMC_SHARD';
