import { messageKey } from '../world/content.ts';
import { evidenceChecker } from './evidence-checker.ts';
import { subscriberStories, titleOf } from './subscriber-story.ts';

/**
 * No application gets a message twice, whether under the same number or, published again after a fork, under another
 * one; one that an application published twice comes twice. What a durable subscription had not acknowledged when its node went down, or its disk did not take its place, may come again.
 */
export const noDuplicate = evidenceChecker('no duplicate to an application', function* (evidence) {
  for (const story of subscriberStories(evidence)) {
    let numbers = new Set<string>();
    let contents = new Map<string, string[]>();
    for (const event of story.events) {
      // An application that keeps no place begins anew with its node, and any other one's place is gone with the disk.
      const forgets = event.event === 'start' && story.subscription.options.durable === undefined;
      if (forgets || event.event === 'wipe' || event.event === 'restore') {
        numbers = new Set();
        contents = new Map();
      }
      if (event.event !== 'delivery') continue;
      const { author = '', channel, epoch, seq } = event;
      const place = `${seq} of ${author} in ${channel}, epoch ${epoch}`;
      const places = contents.get(messageKey(event)) ?? [];
      // It may stand for a gap that was not acknowledged: then it comes for the first time.
      if (event.again === true && places.length > 0) {
        numbers.add(place);
        continue;
      }
      if (numbers.has(place)) yield [story.node.name, `${titleOf(story)} got ${place} twice`];
      numbers.add(place);
      contents.set(messageKey(event), [...places, place]);
      const times = evidence.attempted.get(messageKey(event)) ?? 1;
      if (places.length >= times)
        yield [story.node.name, `${titleOf(story)} got what it had as ${places[0]} again as ${place}`];
    }
  }
});
