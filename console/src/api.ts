// The control API, as a page with a session asks it.

export interface Me {
  readonly name: string;
  readonly role: 'read' | 'operate' | 'admin';
  /** The one BMC that may be seen. */
  readonly bmc?: string;
  readonly csrf: string;
  readonly version: string;
}

const RANKS = ['read', 'operate', 'admin'] as const;
export const may = (me: Me, role: Me['role']): boolean => RANKS.indexOf(me.role) >= RANKS.indexOf(role);

/** A refusal, in the server's words. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

export class Api {
  readonly me: Me;

  constructor(me: Me) {
    this.me = me;
  }

  /** Who has logged in; elsewhere leads to the page where that is done. */
  static async open(): Promise<Api> {
    const response = await fetch('/session');
    if (response.status === 401) toLogIn();
    return new Api((await response.json()) as Me);
  }

  get<T>(path: string, options: { readonly inBackground?: boolean } = {}): Promise<T> {
    return this.#ask<T>('GET', path, undefined, options.inBackground);
  }

  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
    return this.#ask<T>(method, path, body);
  }

  /** A stream of bytes, until it is aborted. */
  async bytes(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await fetch(path, { signal });
    if (!response.ok || response.body === null) throw await refusalOf(response);
    return response.body;
  }

  async logOut(): Promise<void> {
    await this.#ask('POST', '/logout', undefined);
    location.assign('/login');
  }

  async #ask<T>(method: string, path: string, body?: unknown, inBackground = false): Promise<T> {
    const response = await fetch(path, {
      method,
      headers: {
        ...(method !== 'GET' && { 'x-csrf-token': this.me.csrf }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(inBackground && { 'x-background': '1' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (response.status === 401) toLogIn();
    if (!response.ok) throw await refusalOf(response);
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return (isJson ? await response.json() : await response.text()) as T;
  }
}

export const pathOf = (bmc: string, rest = ''): string => `/v1/bmcs/${encodeURIComponent(bmc)}${rest}`;

export function toLogIn(): void {
  location.assign(`/login${location.hash}`);
}

async function refusalOf(response: Response): Promise<Refusal> {
  try {
    const { detail, next } = (await response.json()) as { detail?: string; next?: string };
    return new Refusal(response.status, `${detail ?? response.statusText}${next ? ` (${next})` : ''}`);
  } catch {
    return new Refusal(response.status, response.statusText);
  }
}

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
