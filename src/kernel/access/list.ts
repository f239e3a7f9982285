import type { Type } from '@nestjs/common';
import type { CompanyRow } from '../database/entity.js';

/** How a filter's text is read and compared; ordered kinds also take `.gt .gte .lt .lte`. */
export type FilterKind =
  'id' | 'text' | 'boolean' | 'integer' | 'instant' | 'day' | readonly string[];

/** What clients may filter and sort a list by: an allow-list, by property name. */
export interface ListDefinition<E extends CompanyRow> {
  readonly entity: Type<E>;
  readonly filters: Readonly<Partial<Record<keyof E & string, FilterKind>>>;
  readonly sorts: readonly (keyof E & string)[];
  /** The order when the client names none: `-createdAt` is newest first. */
  readonly sort: string;
}

/** Declares a list. */
export function defineList<E extends CompanyRow>(list: ListDefinition<E>): ListDefinition<E> {
  return list;
}

/** One page: its items and the cursor of the next, null at the end. */
export interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
}

/** The page with each item seen through a view. */
export function mapPage<T, V>(page: Page<T>, view: (item: T) => V): Page<V> {
  return { items: page.items.map(view), next: page.next };
}

export const MAX_LIMIT = 200;
export const DEFAULT_LIMIT = 50;
/** Characters of a cursor: it may hold the longest name that a list is sorted by. */
export const MAX_CURSOR = 2_000;

/** Whether values of the kind have an order that `.gte` and its kin can use. */
export function isOrdered(kind: FilterKind): boolean {
  return kind === 'integer' || kind === 'instant' || kind === 'day';
}
