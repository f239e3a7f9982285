import { randomInt } from 'node:crypto';
import { markName, writeMark } from '../epoch.js';
import { exchange } from '../wire/exchange.js';
import type { Server } from '../wire/exchange.js';
import {
  addressData,
  addressType,
  CLASSES,
  rcodeOf,
  resource,
  textData,
  TYPES,
  updateMessage,
} from '../wire/message.js';
import { queryAuthority } from '../wire/query.js';
import type { Family } from '../wire/message.js';
import { sign, verify } from '../wire/tsig.js';
import type { TsigKey } from '../wire/tsig.js';
import { readText } from './provider.js';
import type { Change, Provider, Published } from './provider.js';

export interface Rfc2136Options {
  /** The primary that takes updates; it must outlive every site that it may leave. */
  readonly server: Server;
  readonly zone: string;
  readonly record: string;
  readonly families: readonly Family[];
  readonly key: TsigKey;
  readonly timeoutMs: number;
}

/**
 * A name server that takes dynamic updates (RFC 2136): BIND, Knot, PowerDNS. Prerequisites and changes
 * travel in one message, so the server itself compares and sets.
 */
export class Rfc2136 implements Provider {
  constructor(private readonly options: Rfc2136Options) {}

  get at(): Server {
    return this.options.server;
  }

  async read(): Promise<Published> {
    const { server, record, families, timeoutMs } = this.options;
    // The mark first: if the name moves in between, the mark is what the change will not find.
    const texts = await queryAuthority(server, markName(record), 'TXT', timeoutMs);
    const sets = await Promise.all(
      families.map(async (family) => queryAuthority(server, record, family, timeoutMs)),
    );
    const mark = readText(texts.values, markName(record));
    return { addresses: sets.flatMap(({ values }) => values), ...mark, hidden: false };
  }

  async replace(from: Published, change: Change): Promise<'written' | 'refused'> {
    const { server, key, timeoutMs } = this.options;
    const { message, mac } = sign(this.message(from, change), key, secondsNow());
    const answer = await exchange(server, message, timeoutMs);
    verify(answer, key, mac, secondsNow());
    const rcode = rcodeOf(answer);
    if (rcode === 'NOERROR') return 'written';
    // A prerequisite did not hold (RFC 2136, section 3.2.5).
    if (['NXRRSET', 'YXRRSET', 'NXDOMAIN', 'YXDOMAIN'].includes(rcode)) return 'refused';
    throw new Error(`The name server answers ${rcode} to the update.`);
  }

  private message(from: Published, { addresses, mark, ttlSeconds }: Change): Buffer {
    const { zone, record, families } = this.options;
    const [name, marks] = [record, markName(record)];
    const sets = families.map((family) => {
      const of = (all: readonly string[]): Buffer[] =>
        all.filter((each) => addressType(each) === family).map(addressData);
      return {
        set: { name, type: TYPES[family] },
        were: of(from.addresses),
        become: of(addresses),
      };
    });
    if (sets.some(({ become }) => become.length !== 1) || addresses.length !== families.length) {
      throw new Error(
        `${addresses.join(' and ')} are not one ${families.join(' and one ')} record.`,
      );
    }
    const txt = { name: marks, type: TYPES.TXT };
    const { IN, ANY } = CLASSES;
    return updateMessage({
      id: randomInt(0x10000),
      zone,
      prerequisites: [
        ...sets.flatMap(({ set, were }) => is(set, were)),
        ...is(txt, from.text === null ? [] : [textData(from.text)]),
      ],
      changes: [
        ...sets.flatMap(({ set, become }) => [
          resource({ ...set, class: ANY }),
          ...become.map((data) => resource({ ...set, class: IN, ttl: ttlSeconds, data })),
        ]),
        resource({ ...txt, class: ANY }),
        resource({ ...txt, class: IN, ttl: ttlSeconds, data: textData(writeMark(mark)) }),
      ],
    });
  }
}

/** The prerequisite that a set holds exactly these values (RFC 2136, sections 2.4.2 and 2.4.3). */
function is(set: { name: string; type: number }, values: readonly Buffer[]): Buffer[] {
  if (values.length === 0) return [resource({ ...set, class: CLASSES.NONE })];
  return values.map((data) => resource({ ...set, class: CLASSES.IN, data }));
}

/** TSIG wants the time of day; a clock that is wrong is refused by the server. */
function secondsNow(): number {
  return Math.floor(Date.now() / 1_000);
}
