import { logIdOf, type Message } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { CarriedChannels } from './carried-channels.ts';

/** See `Mesh.publishedBy`. */
export async function publishedBy(
  producer: string,
  options: { readonly from: number; readonly max: number },
  { self, channels }: { readonly self: NodeId; readonly channels: CarriedChannels },
): Promise<Message[]> {
  const found: Message[] = [];
  for (const journal of channels.journals.values()) {
    for (const { epoch, seq } of await journal.publishesOf(producer, options)) {
      const record = await journal.entryCovering(logIdOf({ author: self, epoch }), seq);
      const message = record === null ? undefined : channels.decode(record)?.messages?.[seq - record.seq];
      if (message?.publishId?.producer === producer) found.push(message);
    }
  }
  return found.sort((a, b) => a.publishId!.n - b.publishId!.n).slice(-options.max);
}
