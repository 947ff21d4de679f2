import type { FleetApplied, FleetStatus } from '../answers.ts';

/** What several processes say of themselves, as if they were one. */
export function mergedStatus(all: readonly FleetStatus[], pid: number): Omit<FleetStatus, 'state'> {
  const sum = (key: 'bmcs' | 'stopped' | 'sessions'): number => all.reduce((n, status) => n + status[key], 0);
  const [{ version, file }] = all;
  return {
    version,
    pid,
    started: all.map(({ started }) => started).sort()[0],
    ready: all.every(({ ready }) => ready),
    file,
    bmcs: sum('bmcs'),
    stopped: sum('stopped'),
    removed: all.flatMap(({ removed }) => removed),
    sessions: sum('sessions'),
  };
}

/** Plans of parts of a fleet, as one of the whole. */
export function mergedPlans(all: readonly FleetApplied[]): FleetApplied {
  return {
    applied: all.every(({ applied }) => applied),
    plan: {
      added: all.flatMap(({ plan }) => plan.added),
      removed: all.flatMap(({ plan }) => plan.removed),
      changed: all.flatMap(({ plan }) => plan.changed),
      unchanged: all.reduce((sum, { plan }) => sum + plan.unchanged, 0),
    },
    problems: all.flatMap(({ problems }) => problems),
  };
}

/**
 * Numbers for Prometheus of several processes: each family once, with all their samples. Those of a process
 * have its number (`shard`).
 */
export function mergedMetrics(texts: readonly string[]): string {
  const families = new Map<string, { readonly head: string[]; readonly samples: string[] }>();
  let family = '';
  const of = (name: string) => {
    const known = families.get(name) ?? { head: [], samples: [] };
    families.set(name, known);
    return known;
  };
  for (const [shard, text] of texts.entries()) {
    for (const line of text.split('\n')) {
      const [, name] = /^# (?:HELP|TYPE|UNIT) (\S+)/.exec(line) ?? [];
      if (name !== undefined) {
        family = name;
        const { head } = of(name);
        if (!head.includes(line)) head.push(line);
      } else if (line !== '' && !line.startsWith('#')) of(family).samples.push(labelled(line, shard));
    }
  }
  const lines = [...families.values()].flatMap(({ head, samples }) => [...head, ...samples]);
  return `${lines.join('\n')}\n`;
}

function labelled(sample: string, shard: number): string {
  const [, name, labels, rest] = /^([^\s{]+)(?:\{(.*)\})?( .*)$/.exec(sample) ?? [];
  if (name === undefined) return sample;
  return `${name}{${labels === undefined || labels === '' ? '' : `${labels},`}shard="${shard}"}${rest}`;
}
