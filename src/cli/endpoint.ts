import { InvalidArgumentError } from 'commander';
import { ENDPOINT, meantEndpoint } from '../world/endpoint-forms.ts';
import { parseEndpoint } from '../world/world.ts';

/** `host:port` of an option. Throws InvalidArgumentError, which shows the form that was meant. */
export function endpoint(value: string): string {
  if (ENDPOINT.test(value) && parseEndpoint(value)) return value;
  throw new InvalidArgumentError(`expected host:port, like ${meantEndpoint(value)}`);
}
