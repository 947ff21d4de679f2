// The thread that reads YAML for a process that serves: `yamlBeside` begins it.
import { workerData } from 'node:worker_threads';
import { SettingsDocument } from '../config/document.ts';
import type { ThreadData, ThreadPiece } from './yaml-beside.ts';

/** Entries in one piece: as many as are unpacked in a millisecond. */
const IN_A_PIECE = 25;

const { text, name, port } = workerData as ThreadData;
const plain = new SettingsDocument(text, name).plain();
const { bmcs, ...rest } = (plain.value ?? {}) as { readonly bmcs?: unknown };
const isList = Array.isArray(bmcs);
const say = (piece: ThreadPiece): void => port.postMessage(piece);
for (let at = 0; isList && at < bmcs.length; at += IN_A_PIECE) say({ bmcs: bmcs.slice(at, at + IN_A_PIECE) });
say({ isList, plain: isList ? { ...plain, value: rest } : plain });
port.close();
