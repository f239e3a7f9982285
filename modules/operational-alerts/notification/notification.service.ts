import { Injectable } from '@nestjs/common';
import { Cipher, Clock, Database, defineList, OnEventOutside, Records } from '#kernel';
import type { Page, StoredEvent } from '#kernel';
import { Notification, NOTIFICATION_STATES } from './notification.entity.js';
import { NotificationRequested } from './notification.events.js';
import { SenderService } from './sender.service.js';
import type { Destination } from './sender.service.js';
import { Subscription } from './subscription.entity.js';

const MAX_ERROR = 300;

/** What a webhook's secret is sealed for; see `Cipher`. */
export const SECRET_PURPOSE = 'operational-alerts.subscription';

/** What clients may ask of the messages. */
export const notificationList = defineList({
  entity: Notification,
  filters: { subscriptionId: 'id', state: NOTIFICATION_STATES, createdAt: 'instant' },
  sorts: ['createdAt'],
  sort: '-createdAt',
});

/** Messages on their way: sent from the queue, again and again until they are taken. */
@Injectable()
export class NotificationService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly clock: Clock,
    private readonly cipher: Cipher,
    private readonly sender: SenderService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Notification>> {
    return this.database.transaction(() => this.records.page(notificationList, query));
  }

  /** Sends one message. It may be sent twice, with one id, if the process dies in between. */
  @OnEventOutside(NotificationRequested)
  async send({ payload }: StoredEvent<{ notificationId: string }>): Promise<void> {
    const { notification, subscription } = await this.database.transaction(async () => {
      const found = await this.records.get(Notification, payload.notificationId);
      const to = await this.records.get(Subscription, found.subscriptionId);
      return { notification: found, subscription: to };
    });
    if (['sent', 'dropped'].includes(notification.state)) return;
    if (!subscription.active) return this.note(notification.id, { state: 'dropped' }, 0);
    const { id, createdAt: at, items, more } = notification;
    const { repeatMinutes } = subscription;
    try {
      await this.sender.send(this.destinationOf(subscription), {
        ...{ id, at, items, more, repeatMinutes },
      });
    } catch (error) {
      const lastError = (error instanceof Error ? error.message : String(error)).slice(
        0,
        MAX_ERROR,
      );
      await this.note(id, { state: 'failing', lastError });
      throw error;
    }
    await this.note(id, { state: 'sent', sentAt: this.clock.now(), lastError: null });
  }

  /** The subscription with its secret opened. */
  destinationOf(subscription: Subscription): Destination {
    const { id, companyId, channel, address, language, sealedSecret } = subscription;
    const secret = sealedSecret && this.cipher.open(SECRET_PURPOSE, id, sealedSecret);
    return { companyId, channel, address, language, secret };
  }

  private async note(id: string, changes: Partial<Notification>, attempted = 1): Promise<void> {
    await this.database.transaction(async () => {
      const notification = await this.records.get(Notification, id, 'update');
      const attempts = notification.attempts + attempted;
      await this.records.store(Object.assign(notification, changes, { attempts }));
    });
  }
}
