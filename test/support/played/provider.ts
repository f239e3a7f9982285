import type { PlayedNameServer } from './name-server.js';

interface Mark {
  readonly epoch: number;
  readonly site: string;
}

interface Change {
  readonly addresses: readonly string[];
  readonly mark: Mark;
  readonly ttlSeconds: number;
}

interface Held {
  readonly addresses: readonly string[];
  readonly mark: Mark | null;
  readonly text: string | null;
  readonly hidden: boolean;
}

/** Nobody listens there. */
const NOWHERE = { host: '127.0.0.1', port: 1 };

/** Compares and sets as a provider of DNS does, and shows at every name server what was written. */
export class PlayedProvider {
  mark: Mark = { epoch: 7, site: 'a' };
  readonly written: Change[] = [];
  /** Who comes between a look and the change that is made over it. */
  between: (() => void) | null = null;
  /** What it does not do. */
  fails: 'nothing' | 'to read' | 'to write' = 'nothing';
  /** How often it was asked what it holds, and how often it was looked for where it takes connections. */
  readonly count = { read: 0, at: 0 };
  listensAt: { readonly host: string; readonly port: number } = NOWHERE;

  constructor(
    private readonly record: string,
    private readonly addresses: Readonly<Record<string, string>>,
    private readonly servers: readonly PlayedNameServer[],
  ) {
    this.show(this.mark);
  }

  get at(): { readonly host: string; readonly port: number } {
    this.count.at += 1;
    return this.listensAt;
  }

  async read(): Promise<Held> {
    this.count.read += 1;
    if (this.fails === 'to read') throw new Error('out of reach');
    const { mark } = this;
    return { addresses: [this.addressOf(mark)], mark, text: textOf(mark), hidden: false };
  }

  async replace(
    from: { readonly text: string | null },
    change: Change,
  ): Promise<'written' | 'refused'> {
    this.between?.();
    this.between = null;
    if (this.fails === 'to write') throw new Error('REFUSED');
    if (from.text !== textOf(this.mark)) return 'refused';
    this.written.push(change);
    this.show(change.mark);
    return 'written';
  }

  show(mark: Mark): void {
    this.mark = mark;
    for (const server of this.servers) server.say(this.record, this.addressOf(mark), textOf(mark));
  }

  private addressOf({ site }: Mark): string {
    return this.addresses[site] ?? '';
  }
}

function textOf({ epoch, site }: Mark): string {
  return `ofitec-failover epoch=${epoch} site=${site}`;
}
