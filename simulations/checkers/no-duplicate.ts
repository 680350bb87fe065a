import { evidenceChecker } from './evidence-checker.ts';
import { subscriberStories, titleOf } from './subscriber-story.ts';

/**
 * No application gets a message twice, whether under the same number or, published again after a fork, under another
 * one. What a durable subscription got just before a crash and had not acknowledged may come again, once.
 */
export const noDuplicate = evidenceChecker('no duplicate to an application', function* (evidence) {
  for (const story of subscriberStories(evidence)) {
    let seen = new Map<string, string>();
    let repeated = new Set<string>();
    for (const event of story.events) {
      // The application's own notes are gone with the disk.
      if (event.event === 'wipe' || event.event === 'restore') seen = new Map();
      if (event.event === 'start') repeated = new Set();
      if (event.event !== 'delivery') continue;
      const { author, channel, epoch, seq, content = '' } = event;
      const place = `${seq} of ${author} in ${channel}, epoch ${epoch}`;
      for (const key of [content, place]) {
        const before = seen.get(key);
        if (before !== undefined && !(event.again === true && !repeated.has(key)))
          yield [story.node.name, `${titleOf(story)} got ${place} twice, first as ${before}`];
      }
      if (event.again === true) for (const key of [content, place]) repeated.add(key);
      for (const key of [content, place]) seen.set(key, place);
    }
  }
});
