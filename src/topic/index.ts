export { type CheckTopicOptions, checkTopic } from './check-topic.ts';
export { TopicFilter } from './topic-filter.ts';
export { TOPIC_BYTES_MAX, TOPIC_LEVELS_MAX } from './topic-limits.ts';
