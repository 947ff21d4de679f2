/** A file of the web console as it is served. */
export interface Asset {
  readonly bytes: Uint8Array;
  /** The same by gzip, where that is shorter. */
  readonly packed?: Uint8Array;
}

/** The built files of the web console, by their paths below its folder: `index.html`, `assets/x.js`. */
export interface Assets {
  /** Undefined: it is none of those that there were at the start. */
  file(path: string): Asset | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  md: 'text/plain; charset=utf-8',
};

/** Of names of files by their endings. */
export const typeOf = (path: string): string =>
  TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
