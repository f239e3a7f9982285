import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  Cipher,
  currentActor,
  Database,
  defineList,
  Events,
  newId,
  Problem,
  Records,
} from '#kernel';
import type { Page, Subject } from '#kernel';
import { AlertIntakeService } from '../alert/alert-intake.service.js';
import { DirectNoticeService } from '../spool/direct-notice.service.js';
import { OperatorService } from '../alert/operator.service.js';
import { SECRET_PURPOSE } from './notification.service.js';
import { refusalOf } from './outside-http.js';
import { CHANNELS, Subscription } from './subscription.entity.js';
import type { Channel } from './subscription.entity.js';
import { SubscriptionChanged, SubscriptionCreated } from './notification.events.js';
import type { CreateSubscription, EditSubscription } from './subscription.input.js';
import { SubscriptionRefused, TooManySubscriptions } from './subscription.problems.js';

const MAX_SUBSCRIPTIONS = 50;
const MAX_RECIPIENTS = 10;
const E_MAIL = /^[^\s@,<>"]{1,64}@[^\s@,<>"]{1,255}$/;
const WEBHOOK_SECRET = /^whsec_[A-Za-z0-9+/]{32,172}={0,2}$/;

const DEFAULTS = {
  language: 'es' as const,
  leastSeverity: 'warning' as const,
  groupWaitSeconds: 30,
  repeatMinutes: 240,
  quietFrom: null,
  quietUntil: null,
  quietBelow: 'critical' as const,
  afterUnacknowledgedMinutes: 0,
};

/** What clients may ask of the subscriptions. */
export const subscriptionList = defineList({
  entity: Subscription,
  filters: { channel: CHANNELS, active: 'boolean', name: 'text' },
  sorts: ['name', 'createdAt'],
  sort: 'name',
});

/** Who is told of what. */
@Injectable()
export class SubscriptionService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly cipher: Cipher,
    private readonly operator: OperatorService,
    private readonly intake: AlertIntakeService,
    private readonly direct: DirectNoticeService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Subscription>> {
    return this.database.transaction(() => this.records.page(subscriptionList, query));
  }

  async show(id: string): Promise<Subscription> {
    return this.database.transaction(() => this.records.get(Subscription, id));
  }

  /**
   * @returns the subscription, and the secret when it was made here, this once
   * @throws Problem SubscriptionRefused, SubscriptionNameTaken, TooManySubscriptions, UnknownAlertType
   */
  async create(
    input: CreateSubscription,
  ): Promise<{ subscription: Subscription; secret: string | null }> {
    const { secret: given, ...rest } = input;
    const made = given === undefined && input.channel === 'webhook' ? newSecret() : null;
    const wanted = { ...DEFAULTS, ...rest, types: this.knownTypes(input.types ?? []) };
    await this.demandSound({ ...wanted, secret: given ?? made });
    const created = await this.database.transaction(async () => {
      await this.demandRoom();
      const id = newId();
      const secret = given ?? made;
      const subscription = await this.records.insert(Subscription, {
        ...{ ...wanted, id, active: true, lastSentAt: null },
        sealedSecret: secret === null ? null : this.cipher.seal(SECRET_PURPOSE, id, secret),
      });
      const payload = { subscriptionId: id };
      const subject = subjectOf(subscription);
      await this.events.publish(SubscriptionCreated, { subject, payload });
      return { subscription, secret: made };
    });
    this.direct.refreshSoon();
    return created;
  }

  /** @throws Problem SubscriptionRefused, SubscriptionNameTaken, UnknownAlertType, Stale */
  async edit(id: string, input: EditSubscription, version: number): Promise<Subscription> {
    const { secret, ...wishes } = input;
    const edited = await this.database.transaction(async () => {
      const subscription = await this.records.get(Subscription, id, 'update');
      this.records.matchVersion(subscription, version);
      const types = wishes.types ? { types: this.knownTypes(wishes.types) } : {};
      this.demandSecretFor(subscription, input);
      Object.assign(subscription, wishes, types);
      await this.demandSound({ ...subscription, secret: secret ?? null });
      if (secret !== undefined) {
        subscription.sealedSecret = this.cipher.seal(SECRET_PURPOSE, id, secret);
      }
      const changes = await this.records.store(subscription, ['address', 'sealedSecret']);
      if (Object.keys(changes).length === 0) return subscription;
      const payload = { subscriptionId: id };
      const subject = subjectOf(subscription);
      await this.events.publish(SubscriptionChanged, { subject, payload, changes });
      return subscription;
    });
    this.direct.refreshSoon();
    return edited;
  }

  /** A bearer token is handed to whatever the address is: a new one gets none that was meant for another. */
  private demandSecretFor(known: Subscription, { address, secret }: EditSubscription): void {
    const isMoved = address !== undefined && address !== known.address;
    const isSent = known.channel === 'alertmanager' && known.sealedSecret !== null;
    if (isMoved && isSent && secret === undefined) {
      throw refused(
        'con otra dirección dé otra vez el secreto',
        'with another address give the secret again',
      );
    }
  }

  private async demandSound(wanted: {
    readonly channel: Channel;
    readonly address: string;
    readonly quietFrom: string | null;
    readonly quietUntil: string | null;
    readonly secret: string | null;
  }): Promise<void> {
    const { channel, address, quietFrom, quietUntil, secret } = wanted;
    if ((quietFrom === null) !== (quietUntil === null) || (quietFrom && quietFrom === quietUntil)) {
      throw refused('las horas de silencio tienen dos extremos', 'quiet hours have two ends');
    }
    if (channel === 'webhook' && secret !== null && !WEBHOOK_SECRET.test(secret)) {
      throw refused(
        'el secreto debe ser whsec_ y 24 a 128 bytes en base64',
        'the secret must be whsec_ and 24 to 128 bytes in base64',
      );
    }
    const fault = channel === 'email' ? mailFault(address) : await this.urlFault(address);
    if (fault) throw refused(`la dirección no sirve: ${fault}`, `the address is no use: ${fault}`);
  }

  private async urlFault(address: string): Promise<string | null> {
    const url = URL.canParse(address) ? new URL(address) : null;
    if (!url) return 'no URL';
    return refusalOf(url, await this.operator.privateHosts(currentActor().companyId ?? ''));
  }

  private knownTypes(types: readonly string[]): string[] {
    for (const type of types) this.intake.definitionOf(type);
    return [...new Set(types)].sort();
  }

  private async demandRoom(): Promise<void> {
    await this.database.lockName(`operational-alerts.subscriptions ${this.database.companyId}`);
    const known = await this.records.allBeyondRules(Subscription, {});
    if (known.length >= MAX_SUBSCRIPTIONS) throw new Problem(TooManySubscriptions);
  }
}

function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

function mailFault(address: string): string | null {
  const recipients = address.split(',').map((each) => each.trim());
  if (recipients.length > MAX_RECIPIENTS) return `more than ${MAX_RECIPIENTS} e-mail addresses`;
  return recipients.every((each) => E_MAIL.test(each)) ? null : 'no e-mail addresses';
}

function refused(es: string, en: string): Problem {
  return new Problem(SubscriptionRefused, { detail: { es, en } });
}

function subjectOf({ id, name }: Subscription): Subject {
  return { type: 'operational-alerts.subscription', id, label: name };
}
