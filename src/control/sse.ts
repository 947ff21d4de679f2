/** One event of a stream: its name, its id if it has one, its data. */
export interface SentEvent {
  readonly id: string | undefined;
  readonly name: string;
  readonly data: string;
}

/** Longest event that is taken, in characters. */
const LONGEST = 1 << 20;

/** The events in a stream of them (`text/event-stream`), as they come. Rejects as the stream does. */
export async function* eventsIn(stream: AsyncIterable<Uint8Array>): AsyncGenerator<SentEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    if (text.length > LONGEST) throw new RangeError(`an event of more than ${LONGEST} characters`);
    for (const block of blocks) {
      const event = eventIn(block);
      if (event) yield event;
    }
  }
}

/** Undefined: it has no data, as a sign of life. */
function eventIn(block: string): SentEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const [, name, value] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const before = fields.get(name);
    fields.set(name, name === 'data' && before !== undefined ? `${before}\n${value}` : value);
  }
  const data = fields.get('data');
  return data === undefined
    ? undefined
    : { id: fields.get('id'), name: fields.get('event') ?? 'message', data };
}
