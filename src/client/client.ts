import { CC, completionCodeName, IpmiError } from '../codec/index.ts';
import { bodyBytes } from '../commands/body.ts';
import type { Command } from '../commands/command.ts';
import { selectorsOf, type Parameter } from '../commands/parameters/parameter.ts';
import type { Context, Dispatch } from '../router/index.ts';
import { getRequest, setRequest, type ParameterPlace } from './parameters.ts';

/** A way to a BMC: the answer (completion code + data) to one request. */
export interface Carrier {
  request(netFn: number, cmd: number, data: Uint8Array, lun?: number): Promise<Uint8Array>;
}

/**
 * Sends declared commands: typed values out, typed values back, IpmiError where the completion code is not
 * 0.
 */
export class Client {
  readonly #carrier: Carrier;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  /**
   * Throws IpmiError with the completion code of a refusal, DecodeError for a response that does not fit its
   * layout.
   */
  async send<Q, R>(
    command: Command<Q, R>,
    ...[request]: Record<string, never> extends Q ? [request?: Q] : [request: Q]
  ): Promise<R> {
    const prefix = bodyBytes(command);
    const body = command.request.encode((request ?? {}) as Q);
    const data = new Uint8Array(prefix.length + body.length);
    data.set(prefix);
    data.set(body, prefix.length);
    const answer = await this.#carrier.request(command.netFn, command.cmd, data);
    const cc = answer[0] ?? CC.Unspecified;
    if (cc !== CC.Ok)
      throw new IpmiError(cc, `${command.name}: ${completionCodeName(cc, command.codes)}`, {
        data: answer.slice(1 + prefix.length),
      });
    return command.response.decode(answer, 1 + prefix.length);
  }

  /**
   * A configuration parameter as values: `client.get(LanParameter.Address, { channel: 1 })`. Throws
   * IpmiError: 80h for one that the BMC does not have, 83h for one that can only be written, C9h for a set
   * or block that there is not; DecodeError for data that do not fit its layout.
   */
  async get<V>(parameter: Parameter<V>, place: ParameterPlace = {}): Promise<V> {
    const [command, request] = getRequest(parameter, place);
    const { data } = (await this.send(command, request)) as { data: Uint8Array };
    return parameter.layout.decode(data, selectorsOf(parameter));
  }

  /**
   * Writes a whole one. Throws IpmiError: 80h, 81h while somebody else is writing, 82h for a read-only one,
   * C9h, CCh; EncodeError.
   */
  async set<V>(parameter: Parameter<V>, value: V, place: ParameterPlace = {}): Promise<void> {
    await this.send(...setRequest(parameter, value, place));
  }

  /** Bytes as they are: request data with its body or IANA, completion code + data back. */
  raw(netFn: number, cmd: number, data: Uint8Array = new Uint8Array(0), lun = 0): Promise<Uint8Array> {
    return this.#carrier.request(netFn, cmd, data, lun);
  }
}

/** The real thing, minus a wire: requests go straight into a dispatch. */
export function loopback<B>(dispatch: Dispatch<B>, context: Context<B>): Client {
  return new Client({
    request: async (netFn, cmd, data, lun = 0) => dispatch({ netFn, cmd, lun, data }, context),
  });
}
