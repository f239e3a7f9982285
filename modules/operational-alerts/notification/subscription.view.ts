import {
  BooleanField,
  ChoiceField,
  IdField,
  InstantField,
  IntegerField,
  JsonField,
  pick,
  SEVERITIES,
  TextField,
  WordsField,
} from '#kernel';
import type { Language, Severity } from '#kernel';
import { NOTIFICATION_STATES } from './notification.entity.js';
import type { Notification, NotificationState } from './notification.entity.js';
import { CHANNELS } from './subscription.entity.js';
import type { Channel, Subscription } from './subscription.entity.js';

const MAX_INTEGER = 2_147_483_647;

export class SubscriptionView {
  @IdField()
  id!: string;

  @TextField({ max: 100 })
  name!: string;

  @BooleanField()
  active!: boolean;

  @ChoiceField(CHANNELS)
  channel!: Channel;

  @TextField({ max: 500 })
  address!: string;

  @BooleanField({ description: 'the secret itself is never shown again' })
  hasSecret!: boolean;

  @ChoiceField(['es', 'en'])
  language!: Language;

  @ChoiceField(SEVERITIES)
  leastSeverity!: Severity;

  @WordsField({ maxItems: 50, max: 100, description: 'all types when empty' })
  types!: string[];

  @IntegerField({ min: 0, max: 3_600 })
  groupWaitSeconds!: number;

  @IntegerField({ min: 1, max: 10_080 })
  repeatMinutes!: number;

  @TextField({ max: 5, nullable: true })
  quietFrom!: string | null;

  @TextField({ max: 5, nullable: true })
  quietUntil!: string | null;

  @ChoiceField(['warning', 'critical'], { nullable: true })
  quietBelow!: Severity | null;

  @IntegerField({ min: 0, max: 1_440 })
  afterUnacknowledgedMinutes!: number;

  @InstantField({ nullable: true })
  lastSentAt!: string | null;

  @IntegerField({ min: 1, max: MAX_INTEGER })
  version!: number;

  static of(this: void, subscription: Subscription): SubscriptionView {
    return {
      ...pick(
        subscription,
        ...(['id', 'name', 'active', 'channel', 'address', 'language', 'leastSeverity'] as const),
        ...(['types', 'groupWaitSeconds', 'repeatMinutes', 'quietFrom', 'quietUntil'] as const),
        ...(['quietBelow', 'afterUnacknowledgedMinutes', 'version'] as const),
      ),
      hasSecret: subscription.sealedSecret !== null,
      lastSentAt: subscription.lastSentAt?.toISOString() ?? null,
    };
  }
}

export class SubscriptionCreatedView extends SubscriptionView {
  @TextField({ max: 200, nullable: true, description: 'shown this once, when it was made here' })
  secret!: string | null;
}

export class NotificationView {
  @IdField()
  id!: string;

  @IdField()
  subscriptionId!: string;

  @ChoiceField(NOTIFICATION_STATES)
  state!: NotificationState;

  @JsonField({ description: 'the alerts as they stood when the message was made' })
  items!: unknown;

  @IntegerField({ min: 0, max: MAX_INTEGER, description: 'alerts that it only counts' })
  more!: number;

  @IntegerField({ min: 0, max: MAX_INTEGER })
  attempts!: number;

  @InstantField()
  createdAt!: string;

  @InstantField({ nullable: true })
  sentAt!: string | null;

  @TextField({ max: 300, nullable: true })
  lastError!: string | null;

  static of(this: void, notification: Notification): NotificationView {
    return {
      ...pick(
        notification,
        'id',
        'subscriptionId',
        'state',
        'items',
        'more',
        'attempts',
        'lastError',
      ),
      createdAt: notification.createdAt.toISOString(),
      sentAt: notification.sentAt?.toISOString() ?? null,
    };
  }
}
