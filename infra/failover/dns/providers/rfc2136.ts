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
import { sign, verify } from '../wire/tsig.js';
import type { TsigKey } from '../wire/tsig.js';
import { readText } from './provider.js';
import type { Change, Provider, Published } from './provider.js';

export interface Rfc2136Options {
  /** The primary that takes updates; it must outlive every site that it may leave. */
  readonly server: Server;
  readonly zone: string;
  readonly record: string;
  readonly family: 'A' | 'AAAA';
  readonly key: TsigKey;
  readonly timeoutMs: number;
}

/**
 * A name server that takes dynamic updates (RFC 2136): BIND, Knot, PowerDNS. Prerequisites and changes
 * travel in one message, so the server itself compares and sets.
 */
export class Rfc2136 implements Provider {
  constructor(private readonly options: Rfc2136Options) {}

  async read(): Promise<Published> {
    const { server, record, family, timeoutMs } = this.options;
    // The mark first: if the name moves in between, the mark is what the change will not find.
    const texts = await queryAuthority(server, markName(record), 'TXT', timeoutMs);
    const addresses = await queryAuthority(server, record, family, timeoutMs);
    const mark = readText(texts.values, markName(record));
    return { addresses: addresses.values, ...mark, hidden: false };
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

  private message(from: Published, { address, mark, ttlSeconds }: Change): Buffer {
    const { zone, record, family } = this.options;
    if (addressType(address) !== family) throw new Error(`${address} is no ${family} record.`);
    const [name, marks] = [record, markName(record)];
    const type = TYPES[family];
    const txt = { name: marks, type: TYPES.TXT };
    const { IN, ANY } = CLASSES;
    return updateMessage({
      id: randomInt(0x10000),
      zone,
      prerequisites: [
        ...is({ name, type }, from.addresses.map(addressData)),
        ...is(txt, from.text === null ? [] : [textData(from.text)]),
      ],
      changes: [
        resource({ name, type, class: ANY }),
        resource({ name, type, class: IN, ttl: ttlSeconds, data: addressData(address) }),
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
