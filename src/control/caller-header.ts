import { ROLES, type Caller } from './caller.ts';

/** Who asks, as the process says that has asked them: believed of nobody else. */
export const CALLER = 'ipmi-bmc-caller';

/** Undefined: it says nothing, or nothing that makes sense. */
export function callerIn(headers: Headers): Caller | undefined {
  try {
    const value = JSON.parse(headers.get(CALLER) ?? 'null') as Partial<Caller> | null;
    const { name, role, peer } = value ?? {};
    return typeof name === 'string' && typeof peer === 'string' && ROLES.some((known) => known === role)
      ? (value as Caller)
      : undefined;
  } catch {
    return undefined;
  }
}
