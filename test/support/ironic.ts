import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * A Python that has OpenStack Ironic: the one that `IRONIC_PYTHON` names, or that `npm test` has made
 * (scripts/setup.mjs).
 */
export const ironicPython =
  process.env.IRONIC_PYTHON ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ipmi-bmc/ironic/bin/python');

/** It is 300 MB from PyPI: where that cannot be had, `npm test` says so and does without. */
export const hasIronic = existsSync(ironicPython);
