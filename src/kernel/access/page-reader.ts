import type { CompanyRow } from '../database/entity.js';
import type { Selection } from '../database/rows.js';
import { Problem } from '../http/problem.js';
import type { FieldFault } from '../http/problem.js';
import { Malformed } from '../http/problems.js';
import { isDay, isInstant } from '../values/business-day.js';
import { isId } from '../values/id.js';
import { DEFAULT_LIMIT, isOrdered, MAX_CURSOR, MAX_LIMIT } from './list.js';
import type { FilterKind, ListDefinition, Page } from './list.js';

const OPERATORS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;
type Operator = keyof typeof OPERATORS;

type Condition = NonNullable<Selection<CompanyRow>['compare']>[number];

/** What a client asks of a list. */
export interface PageRequest {
  readonly limit: number;
  readonly order: { readonly property: string; readonly descending: boolean };
  readonly from: { readonly property: string; readonly value: unknown; readonly id: string } | null;
  readonly compare: readonly Condition[];
}

/** The page that these rows are; one row beyond the limit says that there is a next. */
export function pageOf<E extends CompanyRow>(request: PageRequest, rows: readonly E[]): Page<E> {
  const { limit, order } = request;
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last ? cursorOf(order, last) : null };
}

/** @throws Problem Malformed for a filter, sort or cursor the list does not know */
export function readRequest<E extends CompanyRow>(
  list: ListDefinition<E>,
  query: Readonly<Record<string, unknown>>,
): PageRequest {
  const faults: FieldFault[] = [];
  const conditions: Condition[] = [];
  for (const [name, raw] of Object.entries(query)) {
    if (['limit', 'sort', 'after'].includes(name)) continue;
    const read = typeof raw === 'string' ? readCondition(list, name, raw) : null;
    if (read === null) faults.push(unknown(name));
    else if ('field' in read) faults.push(read);
    else conditions.push(read);
  }
  const limit = limitOf(query['limit']);
  if (limit < 1 || limit > MAX_LIMIT) {
    faults.push({
      field: 'limit',
      es: `va de 1 a ${MAX_LIMIT}`,
      en: `goes from 1 to ${MAX_LIMIT}`,
    });
  }
  const asked = query['sort'] ?? list.sort;
  const sort = typeof asked === 'string' ? asked : '';
  if (!(list.sorts as readonly string[]).includes(sort.replace(/^-/, ''))) {
    faults.push({ field: 'sort', es: 'no se puede ordenar así', en: 'cannot be sorted so' });
  }
  const after = query['after'] === undefined ? null : readCursor(sort, query['after']);
  if (after === undefined) {
    faults.push({
      field: 'after',
      es: 'no es un cursor de esta lista',
      en: 'is no cursor of this list',
    });
  }
  if (faults.length > 0) throw new Problem(Malformed, { faults });
  const order = { property: sort.replace('-', ''), descending: sort.startsWith('-') };
  return {
    limit,
    order,
    from: after ? { property: order.property, ...after } : null,
    compare: conditions,
  };
}

/** @returns 0 for what is no number, which no limit may be */
function limitOf(raw: unknown): number {
  if (raw === undefined) return DEFAULT_LIMIT;
  return typeof raw === 'string' && /^\d{1,3}$/.test(raw) ? Number(raw) : 0;
}

function readCondition<E extends CompanyRow>(
  list: ListDefinition<E>,
  name: string,
  raw: string,
): Condition | FieldFault | null {
  const [property = '', suffix = 'eq', ...rest] = name.split('.');
  const kind = Object.hasOwn(list.filters, property)
    ? list.filters[property as keyof E & string]
    : undefined;
  if (!kind || rest.length > 0 || !Object.hasOwn(OPERATORS, suffix)) return null;
  if (suffix !== 'eq' && !isOrdered(kind)) return null;
  const value = readValue(kind, raw);
  return value === undefined
    ? { field: name, ...(MISFITS[String(kind)] ?? MISFIT) }
    : { property, comparison: OPERATORS[suffix as Operator], value };
}

const MISFIT = { es: 'tiene un valor que no corresponde', en: 'has a value that does not fit' };

const MISFITS: Readonly<Record<string, typeof MISFIT>> = {
  day: {
    es: 'debe ser un día que exista, AAAA-MM-DD',
    en: 'must be a day that exists, YYYY-MM-DD',
  },
  instant: {
    es: 'debe ser un instante que exista, AAAA-MM-DDThh:mm:ss con zona',
    en: 'must be an instant that exists, YYYY-MM-DDThh:mm:ss with offset',
  },
};

function readValue(kind: FilterKind, raw: string): unknown {
  if (Array.isArray(kind)) return (kind as readonly string[]).includes(raw) ? raw : undefined;
  switch (kind) {
    case 'id':
      return isId(raw.toLowerCase()) ? raw : undefined;
    case 'boolean':
      return raw === 'true' ? true : raw === 'false' ? false : undefined;
    case 'integer':
      return /^-?\d{1,15}$/.test(raw) ? Number(raw) : undefined;
    case 'day':
      return isDay(raw) ? raw : undefined;
    case 'instant':
      return isInstant(raw) ? new Date(raw) : undefined;
    default:
      return raw.length <= 200 ? raw : undefined;
  }
}

function unknown(name: string): FieldFault {
  return { field: name, es: 'parámetro desconocido', en: 'unknown parameter' };
}

function cursorOf({ property, descending }: PageRequest['order'], row: CompanyRow): string {
  const value = row[property as keyof CompanyRow];
  const sort = descending ? `-${property}` : property;
  return Buffer.from(JSON.stringify([sort, value, row.id])).toString('base64url');
}

/** @returns undefined when the text is not a cursor of a list sorted so */
function readCursor(sort: string, raw: unknown): { value: unknown; id: string } | undefined {
  if (typeof raw !== 'string' || raw.length > MAX_CURSOR) return undefined;
  try {
    const read = JSON.parse(Buffer.from(raw, 'base64url').toString('utf8')) as unknown;
    if (!Array.isArray(read) || read.length !== 3 || read[0] !== sort || !isId(read[2])) {
      return undefined;
    }
    const value: unknown = read[1];
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed()))
      return undefined;
    return { value, id: read[2] };
  } catch {
    return undefined;
  }
}
