import { RMSNormError, show } from '@rmsnorm/core';

/**
 * Which cases: a part of the id (`llama`), a pattern of the whole id with `*` for anything (`forward/values:*float16*`),
 * or a predicate on ids.
 */
export type Filter = string | ((id: string) => boolean);

/** The predicate that `filter` stands for; undefined and the empty string stand for every case. */
export function toPredicate(filter: Filter | undefined): (id: string) => boolean {
  if (filter === undefined || filter === '') return () => true;
  if (typeof filter === 'function') return filter;
  if (typeof filter !== 'string') {
    throw new RMSNormError('INVALID_OPTION', `filter must be a string or a predicate, got ${show(filter)}`);
  }
  if (!filter.includes('*')) return (id) => id.includes(filter);
  const pattern = new RegExp(`^${filter.split('*').map(escapeRegExp).join('.*')}$`);
  return (id) => pattern.test(id);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}
