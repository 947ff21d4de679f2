import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * A Python that has OpenStack Ironic: the one that `IRONIC_PYTHON` names, or that `npm test` has made
 * (scripts/setup.mjs). Tests that need it name it as missing where it is not there.
 */
export const ironicPython =
  process.env.IRONIC_PYTHON ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ipmi-bmc/ironic/bin/python');
