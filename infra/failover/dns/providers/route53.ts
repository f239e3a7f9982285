import {
  ChangeResourceRecordSetsCommand,
  InvalidChangeBatch,
  ListResourceRecordSetsCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import type { ResourceRecordSet, RRType } from '@aws-sdk/client-route-53';
import { markName, writeMark } from '../epoch.js';
import { addressType } from '../wire/message.js';
import { serverOf } from '../wire/exchange.js';
import type { Server } from '../wire/exchange.js';
import type { Family } from '../wire/message.js';
import { readText } from './provider.js';
import type { Change, Provider, Published } from './provider.js';

export interface Route53Options {
  readonly zoneId: string;
  readonly record: string;
  readonly families: readonly Family[];
  readonly timeoutMs: number;
  /** Another address of the API, for a test. */
  readonly endpoint?: string;
}

/** The one entrance of the whole service, in the partition of the region below. */
const ENTRANCE = 'https://route53.amazonaws.com';

interface Seen extends Published {
  readonly sets: readonly ResourceRecordSet[];
}

/**
 * Amazon Route 53. A batch of changes is done whole or not at all, and a DELETE must repeat the record
 * set as it is; so deleting what was read and creating the new compares and sets. Credentials come the
 * ways that the SDK knows (instance role, AWS_*).
 */
export class Route53 implements Provider {
  private readonly client: Route53Client;

  constructor(private readonly options: Route53Options) {
    const { endpoint, timeoutMs } = options;
    this.client = new Route53Client({
      region: 'us-east-1',
      // The actuator itself tries again, after it has read what stands.
      maxAttempts: 1,
      requestHandler: { requestTimeout: timeoutMs, connectionTimeout: timeoutMs },
      ...(endpoint ? { endpoint } : {}),
    });
  }

  get at(): Server {
    return serverOf(this.options.endpoint ?? ENTRANCE);
  }

  async read(): Promise<Seen> {
    const { record, families } = this.options;
    const text = await this.find(markName(record), 'TXT');
    const found: (ResourceRecordSet | null)[] = [];
    for (const family of families) found.push(await this.find(record, family));
    const texts = valuesOf(text).map((value) => value.replaceAll(/^"|"$/g, ''));
    return {
      addresses: found.flatMap(valuesOf),
      ...readText(texts, markName(record)),
      hidden: false,
      sets: [...found, text].filter((each) => each !== null),
    };
  }

  async replace(from: Published, change: Change): Promise<'written' | 'refused'> {
    const { zoneId, record } = this.options;
    const { sets } = from as Seen;
    const create = (name: string, type: RRType, value: string): ResourceRecordSet => ({
      ...{ Name: name, Type: type, TTL: change.ttlSeconds },
      ResourceRecords: [{ Value: value }],
    });
    const made = [
      ...change.addresses.map((each) => create(record, addressType(each), each)),
      create(markName(record), 'TXT', `"${writeMark(change.mark)}"`),
    ];
    try {
      await this.client.send(
        new ChangeResourceRecordSetsCommand({
          HostedZoneId: zoneId,
          ChangeBatch: {
            Changes: [
              ...sets.map((set) => ({ Action: 'DELETE' as const, ResourceRecordSet: set })),
              ...made.map((set) => ({ Action: 'CREATE' as const, ResourceRecordSet: set })),
            ],
          },
        }),
      );
      return 'written';
    } catch (error) {
      if (error instanceof InvalidChangeBatch) return 'refused';
      throw error;
    }
  }

  /** @throws Error when the set is an alias or one of several, which a flip would destroy */
  private async find(name: string, type: RRType): Promise<ResourceRecordSet | null> {
    const { ResourceRecordSets } = await this.client.send(
      new ListResourceRecordSetsCommand({
        HostedZoneId: this.options.zoneId,
        StartRecordName: name,
        StartRecordType: type,
        MaxItems: 2,
      }),
    );
    const found = (ResourceRecordSets ?? []).filter(
      (set) => set.Type === type && set.Name?.replace(/\.$/, '').toLowerCase() === name,
    );
    const [set] = found;
    if (set?.AliasTarget || set?.SetIdentifier || found.length > 1) {
      throw new Error(`${name} is an alias or has a routing policy; make it a simple record.`);
    }
    return set ?? null;
  }
}

function valuesOf(set: ResourceRecordSet | null): string[] {
  return (set?.ResourceRecords ?? []).flatMap(({ Value }) => Value ?? []).sort();
}
