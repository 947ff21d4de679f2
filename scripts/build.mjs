// `npm run build`: the modules in `dist/`, and the program as one file.
import { build } from './setup.mjs';

if ((await build()) === undefined) process.exitCode = 1;
