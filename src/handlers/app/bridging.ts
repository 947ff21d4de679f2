import { CC, IpmiError } from '../../codec/index.ts';
import { MasterWriteRead, SendMessage, Tracking } from '../../commands/app/bridging.ts';
import { OutboundRequest } from '../../commands/bridge/icmb.ts';
import { Privilege, type CommandKey } from '../../commands/command.ts';
import { Context, partyOf, type Handler } from '../../router/index.ts';
import type { Session } from '../../state/app/sessions.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { BusOutlet, SessionOutlet } from '../../services/bridging/bridge.ts';
import { checkWritten } from '../../services/bridging/requester.ts';
import {
  BMC_ADDRESS,
  buildMessage,
  FRAME_MIN,
  parseFrame,
  parseMessage,
  type IpmiMessage,
} from '../../wire/index.ts';
import { handle } from '../handle.ts';

const SYSTEM_INTERFACE = 0x0f;
const PRIMARY_IPMB = 0;
const SYSTEM_SOFTWARE_LUN = 2;
const INVALID_SESSION_HANDLE = 0x80;
type Asked = Context<BmcState>;
type Sent = { readonly message: Uint8Array };

/** What Send Message asks for. */
interface Outgoing {
  readonly channel: number;
  readonly tracking: number;
  readonly message: Uint8Array;
}

export const bridgingHandlers: readonly Handler<BmcState>[] = [
  handle(SendMessage, ({ tracking, channel, message }, context) => {
    const { bmc } = context;
    const number = bmc.channels.resolve(channel, context);
    if (tracking > Tracking.Raw) throw new IpmiError(CC.InvalidDataField, `tracking ${tracking}`);
    if (number === SYSTEM_INTERFACE) return toSystemSoftware(message, context);
    if (context.channel.medium !== 'system-interface' && context.privilege < Privilege.Operator)
      throw new IpmiError(CC.InsufficientPrivilege);
    const outlet = bmc.bridge.outlet(number);
    const own =
      outlet === undefined && tracking === Tracking.Track && number === PRIMARY_IPMB
        ? requestToItself(message)
        : undefined;
    if (own) return toItself(own, context);
    if (!outlet) throw new IpmiError(CC.DestinationUnavailable, `nothing carries channel ${number}`);
    const out = { channel: number, tracking, message: message.slice() };
    if (outlet.kind === 'icmb') return toIcmb(out, context);
    return outlet.kind === 'bus' ? toBus(outlet, out, context) : toSession(outlet, out, context);
  }),

  handle(MasterWriteRead, async ({ channel, bus, privateBus, slaveAddress, readCount, data }, context) => {
    const { bmc } = context;
    if (slaveAddress % 2 === 1)
      throw new IpmiError(CC.InvalidDataField, `slave address ${slaveAddress.toString(16)}h`);
    if (readCount > context.channel.maxAnswer - 1)
      throw new IpmiError(CC.CannotReturnBytes, `${readCount} bytes`);
    const number = privateBus ? undefined : bmc.channels.resolve(channel, context);
    if (!privateBus && bus !== 0) throw new IpmiError(CC.InvalidDataField, `public bus ${bus}`);
    const device = bmc.i2c.find(number, bus, slaveAddress);
    if (device) {
      refuseDisabled(device.sameAs?.(data, readCount) ?? [], context);
      const written = device.write(data);
      if (written) await written;
      return { data: device.read(readCount) };
    }
    if (number === undefined) {
      bmc.i2c.checkPrivate(bus);
      throw MasterWriteRead.refuse('noAcknowledge', `no device at ${slaveAddress.toString(16)}h`);
    }
    const outlet = bmc.bridge.outlet(number);
    if (outlet?.kind !== 'bus') throw new IpmiError(CC.InvalidDataField, `channel ${number} is no bus`);
    if (data.length + 1 > outlet.frameLimit)
      throw new IpmiError(CC.RequestLengthExceeded, `${data.length} bytes`);
    checkWritten(await outlet.write(Uint8Array.of(slaveAddress, ...data), context));
    // Controllers are written to, never read from: they are masters themselves.
    if (readCount > 0)
      throw MasterWriteRead.refuse('noAcknowledge', 'a controller does not answer to a read');
    return { data: new Uint8Array(0) };
  }),
];

function refuseDisabled(commands: readonly CommandKey[], context: Asked): void {
  for (const { netFn, cmd } of commands) {
    const cc = context.bmc.router.check({ netFn, cmd, lun: 0, data: new Uint8Array(0) }, context);
    if (cc !== CC.Ok) throw new IpmiError(cc, 'a command that does the same is refused');
  }
}

/** From another channel into the Receive Message Queue, as if it had been sent to LUN 10b. */
function toSystemSoftware(message: Uint8Array, context: Asked): Sent {
  const { bmc, channel, session, privilege, requester } = context;
  if (channel.medium === 'system-interface')
    throw new IpmiError(CC.InvalidDataField, 'system software has its own messages already');
  if (message.length < FRAME_MIN)
    throw new IpmiError(CC.RequestLengthInvalid, `${message.length} bytes are no message`);
  const data = session ? Uint8Array.of(session.handle, ...message) : message.slice(1);
  bmc.messages.deliver(
    { channel: channel.number, privilege: session ? privilege : Privilege.None, data },
    partyOf(context) ?? requester,
    context.actor,
  );
  return { message: new Uint8Array(0) };
}

/**
 * A request to the BMC's own address. What goes on from there, or to system software, is a bus's or a queue's
 * to carry.
 */
function requestToItself(frame: Uint8Array): IpmiMessage | undefined {
  const message = parseFrame(frame)?.message;
  if (message?.to !== BMC_ADDRESS || message.netFn % 2 === 1 || message.toLun === SYSTEM_SOFTWARE_LUN)
    return undefined;
  return message.netFn === SendMessage.netFn && message.cmd === SendMessage.cmd ? undefined : message;
}

/**
 * Where there is no bus, the BMC answers for its own address there: FreeIPMI reads sensors of LUNs 1 and 3 by
 * it alone. It is the same request with the rights that it came with. (A bus does not deliver a frame to its
 * own master.)
 */
function toItself(request: IpmiMessage, context: Asked): Sent | Promise<Sent> {
  const { bmc, channel, privilege, session, requester } = context;
  const inner = new Context<BmcState>(bmc, channel, privilege, request.toLun, session, requester, context);
  const { netFn, toLun: lun, cmd, data } = request;
  return forwarded(
    request,
    Promise.resolve(bmc.router.enterBy({ netFn, lun, cmd, data: data.slice() }, inner)),
    PRIMARY_IPMB,
    context,
  );
}

async function toBus(
  outlet: BusOutlet,
  { channel, tracking, message: frame }: Outgoing,
  context: Asked,
): Promise<Sent> {
  if (frame.length > outlet.frameLimit)
    throw new IpmiError(CC.RequestLengthExceeded, `${frame.length} bytes`);
  if (tracking !== Tracking.Track) {
    // Without tracking, every byte is the sender's own business (§7.3).
    if (tracking === Tracking.None && frame.length < FRAME_MIN)
      throw new IpmiError(CC.RequestLengthInvalid, `${frame.length} bytes are no message`);
    checkWritten(await outlet.write(frame, context));
    return { message: new Uint8Array(0) };
  }
  const parsed = requestIn(frame, parseFrame(frame)?.message);
  const { to, toLun, netFn, cmd, data } = parsed;
  const patience = netFn === SendMessage.netFn && cmd === SendMessage.cmd ? 4 : 1;
  const { answer } = await outlet.requester.begin({ to, toLun, netFn, cmd, data, patience, cause: context });
  return forwarded(parsed, answer, channel, context);
}

/**
 * What one session has sent to another one is a request, and says so: anything else could be taken there for
 * the BMC's answer, or for system software's. D4h.
 */
function refuseForged(to: Session, message: IpmiMessage | undefined, { origin }: Asked): void {
  if (origin.session === undefined || origin.session === to) return;
  if (message === undefined || message.netFn % 2 === 1)
    throw new IpmiError(CC.InsufficientPrivilege, 'only requests go to other sessions');
}

/** §22.7 table 22-10: session handle, then the message with software ids for addresses. */
async function toSession(
  outlet: SessionOutlet,
  { channel, tracking, message }: Outgoing,
  context: Asked,
): Promise<Sent> {
  const session = context.bmc.sessions.byHandle(message[0]);
  if (!session?.active || session.channel.number !== channel)
    throw new IpmiError(INVALID_SESSION_HANDLE, `session handle ${message[0]}`);
  const inner = message.subarray(1);
  refuseForged(session, parseMessage(inner), context);
  if (tracking !== Tracking.Track) {
    if (tracking === Tracking.None && inner.length < FRAME_MIN)
      throw new IpmiError(CC.RequestLengthInvalid, `${inner.length} bytes are no message`);
    if (!outlet.send(session, inner))
      throw new IpmiError(INVALID_SESSION_HANDLE, `session handle ${message[0]}`);
    return { message: new Uint8Array(0) };
  }
  const parsed = requestIn(inner, parseMessage(inner));
  const { to, toLun, netFn, cmd, data } = parsed;
  const { answer } = await outlet.requester.begin({
    to,
    toLun,
    netFn,
    cmd,
    data,
    responder: session.handle,
    cause: context,
  });
  return forwarded(parsed, answer, channel, context);
}

/**
 * §8.2: from system software a sequence number, then what BridgeRequest has; the response goes to the queue
 * under that number. From elsewhere without the number, and the response is in the answer: it has no
 * addresses of its own.
 */
async function toIcmb({ channel, tracking, message }: Outgoing, context: Asked): Promise<Sent> {
  if (tracking === Tracking.Raw) throw new IpmiError(CC.InvalidDataField, 'an ICMB takes no raw messages');
  const { bmc } = context;
  const fromSystem = context.channel.medium === 'system-interface';
  const request = fromSystem ? message.subarray(1) : message;
  const { remoteAddress, remoteCommand, data } = OutboundRequest.decode(request);
  const answer = bmc.icmb.out().request(remoteAddress, remoteCommand, data, context);
  if (!fromSystem) return { message: await answer };
  const later = (response: Uint8Array): void =>
    void bmc.messages.receive({
      channel,
      privilege: Privilege.None,
      data: Uint8Array.of(message[0], ...response),
    });
  void answer.then(later, (error: unknown) =>
    later(Uint8Array.of(error instanceof IpmiError ? error.cc : CC.Unspecified)),
  );
  return { message: new Uint8Array(0) };
}

/**
 * Brings the response to where the request came from: later as a message of its own, in the answer (IPMB), or
 * to the queue.
 */
function forwarded(
  request: IpmiMessage,
  answer: Promise<Uint8Array>,
  via: number,
  context: Asked,
): Sent | Promise<Sent> {
  const { bmc, channel } = context;
  const response = answer.then((data) => bridgedResponse(request, data));
  if (bmc.channels.hasSessions(channel.number)) {
    context.followUp = response;
    return { message: new Uint8Array(0) };
  }
  if (channel.medium === 'system-interface') {
    void response.then((message) =>
      bmc.messages.receive({ channel: via, privilege: Privilege.None, data: message.subarray(1) }),
    );
    return { message: new Uint8Array(0) };
  }
  return response.then((message) => ({ message }));
}

/** With the addresses, LUNs and the sequence number of the request as its sender wrote it. */
const bridgedResponse = (
  { from, fromLun, netFn, to, toLun, seq, cmd }: IpmiMessage,
  data: Uint8Array,
): Uint8Array =>
  buildMessage({ to: from, toLun: fromLun, netFn: netFn | 1, from: to, fromLun: toLun, seq, cmd, data });

/** Only a request has a response to track; the BMC has to read it, so its checksums have to be right. */
function requestIn(bytes: Uint8Array, message: IpmiMessage | undefined): IpmiMessage {
  if (bytes.length < FRAME_MIN)
    throw new IpmiError(CC.RequestLengthInvalid, `${bytes.length} bytes are no message`);
  if (!message) throw new IpmiError(CC.InvalidDataField, 'a checksum of the message is wrong');
  if (message.netFn % 2 === 1) throw new IpmiError(CC.InvalidDataField, 'a response cannot be tracked');
  return message;
}
