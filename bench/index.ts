// `npm run bench -- NAME`: one benchmark; without a name, which there are.
const benches: Record<string, () => Promise<{ run(): void | Promise<void> }>> = {
  route: () => import('./route.ts'),
  sel: () => import('./sel.ts'),
  fleet: () => import('./fleet.ts'),
  memory: () => import('./memory.ts'),
  host: () => import('./host.ts'),
};

const [name] = process.argv.slice(2);
const bench = name === undefined ? undefined : benches[name];
if (bench) await (await bench()).run();
else console.log(`say which: ${Object.keys(benches).join(', ')}. For example: npm run bench -- route`);
