/** Which BMCs are elsewhere than their names say, by name. */
export type Moved = Readonly<Record<string, number>>;

/**
 * Which of several processes has a BMC: by its name alone, so that every process knows it, and one more
 * process takes its part from all others and moves no other BMC; less those that somebody moved.
 */
export class Placement {
  /** How many processes there are; they count from 0. */
  readonly of: number;
  readonly moved: Moved;

  constructor(of: number, moved: Moved = {}) {
    this.of = of;
    this.moved = Object.fromEntries(
      Object.entries(moved).filter(([name, shard]) => shard !== homeOf(name, of)),
    );
  }

  shardOf(name: string): number {
    return (Object.hasOwn(this.moved, name) ? this.moved[name] : undefined) ?? homeOf(name, this.of);
  }

  /** The same with one BMC there. */
  with(name: string, shard: number): Placement {
    return new Placement(this.of, { ...this.moved, [name]: shard });
  }
}

/** The process that draws the highest number for this name (rendezvous hashing). */
function homeOf(name: string, of: number): number {
  const own = hashOf(name);
  let home = 0;
  let highest = -1;
  for (let shard = 0; shard < of; shard++) {
    const drawn = mixed(own ^ Math.imul(shard + 1, 0x9e3779b1));
    if (drawn > highest) [home, highest] = [shard, drawn];
  }
  return home;
}

/** FNV-1a over the characters. */
function hashOf(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}

/** Each bit depends on all of them. */
function mixed(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
