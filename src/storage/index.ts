export { inspect, exportLines, importLines, type FileReport, type Inspection, type StoredValue } from './inspect.ts';
export { fileNameOf } from './file-name.ts';
export { Storage, type StorageOptions } from './storage.ts';
export { StorageError } from './journal-head.ts';
