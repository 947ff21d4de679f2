// `npm run bench -- NAME`: one benchmark; without a name, which there are.
const benches: Record<string, () => Promise<{ run(args: readonly string[]): void | Promise<void> }>> = {
  cluster: () => import('./cluster.ts'),
  capture: () => import('./capture.ts'),
  control: () => import('./control.ts'),
  faults: () => import('./faults.ts'),
  route: () => import('./route.ts'),
  sel: () => import('./sel.ts'),
  fleet: () => import('./fleet.ts'),
  memory: () => import('./memory.ts'),
  host: () => import('./host.ts'),
  lan: () => import('./lan.ts'),
  soak: () => import('./soak.ts'),
  'log-ins': () => import('./log-ins.ts'),
};

const [which, ...args] = process.argv.slice(2);
const bench = which === undefined ? undefined : benches[which];
if (bench) {
  try {
    await (await bench()).run(args);
  } catch (error) {
    // What the command line or the machine lacks is one line; the stack helps whoever mends a benchmark.
    console.error(process.env.DEBUG ? error : `bench ${which}: ${(error as Error).message}`);
    process.exitCode = 2;
  }
} else console.log(`say which: ${Object.keys(benches).join(', ')}. For example: npm run bench -- route`);
