// The program as one file, run with what V8 had compiled of it when it was made (scripts/bundle.mjs): `bin/ipmi-bmc`
// and the binary begin with this. It starts in a third of the time that its modules take.
'use strict';
const { dirname } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

/** Milliseconds: by then it has started. */
const STARTED = 1000;

/**
 * Runs the bundle in `source`, a Buffer of ASCII, as a CommonJS module called `filename`, which gets
 * `require`. V8 passes over a `cache` of another version or with other flags than this process has. Returns
 * the module, its script, and what puts V8's flags back before their time.
 */
exports.runBundle = ({ source, cache, filename, require }) => {
  const text = `(function (exports, require, module, __filename, __dirname) {${source.latin1Slice()}\n})`;
  const script = new Script(text, { filename, cachedData: cache });
  const flagsBack = spareCollections();
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, filename, dirname(filename));
  return { module, script, flagsBack };
};

/**
 * A start makes 15 MB that nearly all stay, of which V8 copies each half MB, each MB ... as if it were
 * garbage, and with threads that one core has to share: a sixth of all. The young generation grows in one
 * step instead. After the script, because a cache is of one set of flags.
 */
function spareCollections() {
  const [growth, threads] = ['--semi-space-growth-factor=', '--parallel-scavenge'];
  setFlagsFromString(`${growth}16`);
  setFlagsFromString(threads.replace('--', '--no-'));
  const back = () => {
    setFlagsFromString(`${growth}2`);
    setFlagsFromString(threads);
  };
  setTimeout(back, STARTED).unref();
  return back;
}
