/**
 * Keeps a BMC's state in a directory: an append-only journal for each BMC, with group commit
 * (docs/durability.md).
 *
 *   const storage = await Storage.open(nodeWorld().files, '/var/lib/bmc', { warn });
 *   const bmc = new Bmc(options, { journal: storage.journal('node-1') });
 */
export {
  inspect,
  exportLines,
  importLines,
  type FileReport,
  type Inspection,
  type StoredValue,
} from './inspect.ts';
export { fileNameOf } from './file-name.ts';
export { Storage, type StorageOptions } from './storage.ts';
export { StorageError } from './journal-head.ts';
