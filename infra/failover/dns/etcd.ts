import { ask, Unanswered } from './ask.js';
import type { Tls } from './ask.js';

/** A key as etcd keeps it; revisions count all changes of the cluster. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
}

/** A condition of a transaction. */
export type Condition =
  /** Nobody has it. */
  | { readonly absent: string }
  /** It is still the one that was created then. */
  | { readonly key: string; readonly created: number };

export interface Put {
  readonly key: string;
  readonly value: string;
  /** The key goes when this lease ends. */
  readonly lease?: string;
}

export interface EtcdOptions {
  readonly endpoints: readonly string[];
  readonly timeoutMs: number;
  readonly tls?: Tls;
}

interface RawEntry {
  key: string;
  value?: string;
  create_revision: string;
  mod_revision: string;
}

interface RawAnswer {
  header?: { revision?: string };
  kvs?: RawEntry[];
  succeeded?: boolean;
  ID?: string;
  TTL?: string;
  result?: { TTL?: string };
  error?: unknown;
}

/**
 * What the failover needs of etcd 3.4 or newer, over its JSON gateway. Every read is linearizable: a
 * member that lost its cluster fails instead of telling what was.
 */
export class Etcd {
  constructor(private readonly options: EtcdOptions) {}

  /** @throws Error when no member answers for the cluster */
  async get(key: string): Promise<Entry | null> {
    const { kvs } = await this.call('kv/range', { key: encode(key) });
    return kvs?.[0] ? toEntry(kvs[0]) : null;
  }

  /** All keys that begin so, at most a thousand. */
  async list(prefix: string): Promise<Entry[]> {
    const end = Buffer.from(prefix);
    end[end.length - 1] = (end.at(-1) ?? 0) + 1;
    const range = { key: encode(prefix), range_end: end.toString('base64'), limit: '1000' };
    const { kvs } = await this.call('kv/range', range);
    return (kvs ?? []).map(toEntry);
  }

  async put(put: Put): Promise<number> {
    return revisionOf(await this.call('kv/put', toPut(put)));
  }

  async delete(key: string): Promise<void> {
    await this.call('kv/deleterange', { key: encode(key) });
  }

  /**
   * Writes all or nothing, if every condition holds.
   *
   * @returns the revision of the change, null when a condition did not hold
   * @throws Error when nobody answered: the outcome is unknown
   */
  async transact(
    conditions: readonly Condition[],
    puts: readonly Put[],
    deletes: readonly string[] = [],
  ): Promise<number | null> {
    const answer = await this.call('kv/txn', {
      compare: conditions.map(toCompare),
      success: [
        ...puts.map((put) => ({ request_put: toPut(put) })),
        ...deletes.map((key) => ({ request_delete_range: { key: encode(key) } })),
      ],
    });
    return answer.succeeded ? revisionOf(answer) : null;
  }

  /** A new lease of so many seconds. */
  async grant(seconds: number): Promise<string> {
    const { ID } = await this.call('lease/grant', { TTL: String(seconds) });
    if (!ID) throw new Error('etcd granted no lease.');
    return ID;
  }

  /** Prolongs a lease. @returns the seconds that it has now; 0 when it had ended */
  async keepAlive(lease: string): Promise<number> {
    const { result } = await this.call('lease/keepalive', { ID: lease });
    return Number(result?.TTL ?? 0);
  }

  /** Ends a lease and the keys that hang on it. */
  async revoke(lease: string): Promise<void> {
    await this.call('lease/revoke', { ID: lease });
  }

  /**
   * Asks one member after another. A request that a member may have got is not sent again: a
   * transaction done twice would look refused.
   */
  private async call(path: string, body: object): Promise<RawAnswer> {
    const { endpoints, timeoutMs, tls } = this.options;
    const readOnly = path === 'kv/range' || path === 'lease/keepalive';
    let last: unknown = new Error('No endpoint of etcd is configured.');
    for (const endpoint of endpoints) {
      try {
        const answer = await ask(new URL(`/v3/${path}`, endpoint).href, {
          ...{ method: 'POST', body: JSON.stringify(body), timeoutMs },
          ...(tls ? { tls } : {}),
        });
        if (answer.status === 200) return JSON.parse(answer.body) as RawAnswer;
        last = new Error(`etcd ${endpoint}: ${answer.status} ${answer.body.slice(0, 200)}`);
        if (!readOnly && answer.status !== 503) break;
      } catch (error) {
        last = error;
        if (!readOnly && (!(error instanceof Unanswered) || error.connected)) break;
      }
    }
    throw last;
  }
}

function toCompare(condition: Condition): object {
  if ('absent' in condition) {
    return { key: encode(condition.absent), target: 'CREATE', create_revision: '0' };
  }
  const { key, created } = condition;
  return { key: encode(key), target: 'CREATE', create_revision: String(created) };
}

function toPut({ key, value, lease }: Put): object {
  return { key: encode(key), value: encode(value), ...(lease ? { lease } : {}) };
}

function toEntry({ key, value, create_revision, mod_revision }: RawEntry): Entry {
  return {
    key: decode(key),
    value: decode(value ?? ''),
    createRevision: Number(create_revision),
    modRevision: Number(mod_revision),
  };
}

function revisionOf({ header }: RawAnswer): number {
  const revision = Number(header?.revision);
  if (!(revision > 0)) throw new Error('etcd told no revision.');
  return revision;
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
