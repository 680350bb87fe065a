import { messageKey } from '../world/content.ts';
import { evidenceChecker } from './evidence-checker.ts';
import { ledgerOf } from './log-ledger.ts';

/**
 * What is delivered under a node's name was handed to that node by an application, on that topic; what is delivered under the name of
 * a host that runs no sedge lies on a disk with that host's signature, and the realm gave it a place. Nobody else is heard.
 */
export const nothingUnauthorised = evidenceChecker('nothing unauthorised delivered', function* (evidence) {
  const ledger = ledgerOf(evidence);
  const nodes = new Set(evidence.nodes.map(({ name }) => name));
  const hosts = new Map(
    evidence.events.flatMap(({ event, node, detail }) =>
      event === 'hostile' ? [[node, detail] as const] : [],
    ),
  );
  for (const {
    event,
    node,
    author = '',
    channel = '',
    epoch = '',
    seq = 0,
    topic = '',
    content = '',
  } of evidence.events) {
    if (event !== 'delivery') continue;
    const place = `${seq} of ${author} in ${channel} (${topic})`;
    if (nodes.has(author)) {
      if (!evidence.attempted.has(messageKey({ author, topic, content })))
        yield [node, `${node} delivered ${place}, which no application gave to ${author}`];
    } else if (hosts.get(author) !== 'member') {
      yield [node, `${node} delivered ${place}, whose author has no place in the realm`];
    }
    const log = ledger.logNamed({ channel, author, epoch });
    const signed = log === undefined ? [] : ledger.messagesAt(log.key, seq);
    // What lost in a fork, or what retention let go everywhere, may not be there to be looked up any more.
    if (log !== undefined && seq >= log.end) continue;
    if (
      signed.length > 0 &&
      !signed.some((message) => message.content === content && message.topic === topic)
    )
      yield [node, `${node} delivered ${place}, and its author signed something else there`];
  }
});
