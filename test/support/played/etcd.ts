import { createServer } from 'node:http';
import { bodyOf, Listening } from './listening.js';

interface Kept {
  value: string;
  created: number;
  changed: number;
  lease: string | null;
}

interface RawPut {
  key: string;
  value: string;
  lease?: string;
}

interface Request {
  key?: string;
  range_end?: string;
  TTL?: string;
  ID?: string;
  compare?: { key: string; create_revision: string }[];
  success?: { request_put?: RawPut; request_delete_range?: { key: string } }[];
}

const decode = (text = ''): string => Buffer.from(text, 'base64').toString('utf8');
const encode = (text: string): string => Buffer.from(text).toString('base64');

/**
 * etcd's JSON gateway as far as the failover asks it, with a store of its own: for tests of what a program decides.
 * Leases end when a test ends them, so that no test waits. What etcd itself does is tried with a real one, in test/ops.
 */
export class PlayedEtcd {
  /** `silent`: takes connections and never answers. `lost`: has no majority. */
  mode: 'well' | 'silent' | 'lost' = 'well';
  /** Each lease with the seconds that were asked for. */
  readonly leases = new Map<string, number>();
  /** Called once, before the next transaction is looked at: who comes between. */
  beforeTransaction: (() => void) | null = null;
  /** Called with every path that is asked. */
  onAsked: (path: string) => void = () => undefined;
  /** Every path that was asked, in order. */
  readonly asked: string[] = [];
  private readonly store = new Map<string, Kept>();
  private revision = 100;
  private last = 0;

  private constructor(private readonly server: Listening) {}

  static async open(): Promise<PlayedEtcd> {
    const server = await Listening.open(
      createServer((request, response) => {
        void bodyOf<Request>(request).then((body) => {
          const path = (request.url ?? '').replace('/v3/', '');
          etcd.asked.push(path);
          etcd.onAsked(path);
          if (etcd.mode === 'silent') return;
          if (etcd.mode === 'lost') response.writeHead(503).end('etcdserver: request timed out');
          else response.end(JSON.stringify(etcd.answer(path, body)));
        });
      }),
    );
    const etcd = new PlayedEtcd(server);
    return etcd;
  }

  get url(): string {
    return this.server.url;
  }

  get(key: string): string | null {
    return this.store.get(key)?.value ?? null;
  }

  put(key: string, value: string, lease: string | null = null): void {
    this.revision += 1;
    const created = this.store.get(key)?.created ?? this.revision;
    this.store.set(key, { value, created, changed: this.revision, lease });
  }

  delete(key: string): void {
    this.revision += 1;
    this.store.delete(key);
  }

  /** How many seconds a key was to live when it was written; null: for ever. */
  secondsOf(key: string): number | null {
    const lease = this.store.get(key)?.lease ?? null;
    return lease === null ? null : (this.leases.get(lease) ?? 0);
  }

  /** The time of the lease that a key hangs on is over. */
  expire(key: string): void {
    const lease = this.store.get(key)?.lease;
    if (lease) this.revoke(lease);
  }

  async close(): Promise<void> {
    await this.server.close();
  }

  private revoke(lease: string): void {
    this.leases.delete(lease);
    for (const [key, kept] of this.store) if (kept.lease === lease) this.delete(key);
  }

  private answer(path: string, body: Request): object {
    const header = { revision: String(this.revision) };
    if (path === 'kv/range') return { header, kvs: this.range(decode(body.key), decode(body.range_end)) }; // prettier-ignore
    if (path === 'kv/put') this.putRaw(body as unknown as RawPut);
    if (path === 'kv/deleterange') this.delete(decode(body.key));
    if (path === 'kv/txn') return this.transact(body);
    if (path === 'lease/grant') {
      this.last += 1;
      this.leases.set(String(this.last), Number(body.TTL));
      return { header, ID: String(this.last) };
    }
    if (path === 'lease/keepalive') return { result: { TTL: String(this.leases.get(body.ID ?? '') ?? 0) } }; // prettier-ignore
    if (path === 'lease/revoke') this.revoke(body.ID ?? '');
    return { header: { revision: String(this.revision) } };
  }

  private transact({ compare = [], success = [] }: Request): object {
    this.beforeTransaction?.();
    this.beforeTransaction = null;
    const holds = compare.every(({ key, create_revision }) => (this.store.get(decode(key))?.created ?? 0) === Number(create_revision)); // prettier-ignore
    for (const { request_put, request_delete_range } of holds ? success : []) {
      if (request_put) this.putRaw(request_put);
      if (request_delete_range) this.delete(decode(request_delete_range.key));
    }
    return { header: { revision: String(this.revision) }, succeeded: holds };
  }

  private putRaw({ key, value, lease }: RawPut): void {
    this.put(decode(key), decode(value), lease ?? null);
  }

  private range(key: string, end: string): object[] {
    const found = [...this.store].filter(([each]) => end === '' ? each === key : each >= key && each < end); // prettier-ignore
    return found.map(([each, { value, created, changed }]) => ({
      ...{ key: encode(each), value: encode(value) },
      ...{ create_revision: String(created), mod_revision: String(changed) },
    }));
  }
}
