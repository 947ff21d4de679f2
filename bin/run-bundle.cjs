// The program as one file, run with what V8 had compiled of it when it was made (scripts/bundle.mjs): `bin/ipmi-bmc`
// and the binary begin with this. It starts in a third of the time that its modules take.
'use strict';
const { dirname } = require('node:path');
const { Script } = require('node:vm');

/**
 * Runs the bundle in `source`, a Buffer of ASCII, as a CommonJS module called `filename`, which gets `require`. V8
 * passes over a `cache` of another version or with other flags than this process has. Returns the module and its script.
 */
exports.runBundle = ({ source, cache, filename, require }) => {
  const text = `(function (exports, require, module, __filename, __dirname) {${source.latin1Slice()}\n})`;
  const script = new Script(text, { filename, cachedData: cache });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, filename, dirname(filename));
  return { module, script };
};
