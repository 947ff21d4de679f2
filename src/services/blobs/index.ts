export * from './blobs.ts';
export * from './flash.ts';
export * from './handler.ts';
export * from './more.ts';
export * from './paths.ts';
