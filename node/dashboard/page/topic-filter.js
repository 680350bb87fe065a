/**
 * Whether a topic matches a filter by MQTT's rules. For what was asked of the server already: the filter is taken to be valid.
 * @param {string} filter
 * @param {string} topic
 */
export function topicMatches(filter, topic) {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && (wanted[0] === '#' || wanted[0] === '+')) return false;
  for (const [place, level] of wanted.entries()) {
    if (level === '#') return true;
    if (place >= levels.length) return false;
    if (level !== '+' && level !== levels[place]) return false;
  }
  return wanted.length === levels.length;
}

/**
 * Whether a text is a filter by MQTT's rules: `+` fills a level, `#` is the last one.
 * @param {string} text
 */
export function isTopicFilter(text) {
  if (text === '' || text.length > 1_024) return false;
  const levels = text.split('/');
  return levels.every((level, place) => {
    if (level === '#') return place === levels.length - 1;
    return level === '+' || !/[#+]/.test(level);
  });
}

/**
 * What a person typed into a search box for topics: a filter where it holds a wildcard, else a part of the topic.
 * @param {string} text
 * @returns {((topic: string) => boolean) | null} `null` for no wish
 */
export function topicSearch(text) {
  const wish = text.trim();
  if (wish === '') return null;
  if (/(^|\/)[+#](\/|$)/.test(wish)) return (topic) => topicMatches(wish, topic);
  const lower = wish.toLowerCase();
  return (topic) => topic.toLowerCase().includes(lower);
}
