import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';

/** Search attributes that a workflow is started with, so that it can be filtered for in lists; those without a value are left out. */
export function attributes(
  values: Partial<Record<keyof typeof SEARCH_ATTRIBUTES, string>>,
): SearchAttributePair[] {
  return (Object.keys(values) as (keyof typeof SEARCH_ATTRIBUTES)[]).flatMap((name) => {
    const value = values[name];
    return value ? [{ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES[name], 'KEYWORD'), value }] : [];
  });
}
